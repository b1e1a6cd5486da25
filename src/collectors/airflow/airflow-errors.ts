// Why a task failed: the last exception in its log, asked for once per attempt and for a few tasks at a time.
import {
  type Json,
  type JsonObject as Row,
  arrayOf,
  numberOf,
  objectOf,
  stringOf,
} from '../../formats/json.ts'
import { isAbsent } from '../../io/json-api.ts'
import { SourceError } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'

/** Logs read in one poll: when everything fails at once, some errors say it all. */
const LOGS_AT_ONCE = 20
/** Attempts whose error is remembered. */
const REMEMBERED = 5_000
const TEXT = 2_000

/** The log of a task instance's newest attempt. */
type ReadLog = (task: Row, signal: AbortSignal) => Promise<Json>

export class TaskErrors {
  readonly #log: ReadLog
  readonly #known = new Map<string, Known<string>>()
  #left = LOGS_AT_ONCE

  constructor(log: ReadLog) {
    this.#log = log
  }

  /** A new poll may read logs again. */
  begin(): void {
    this.#left = LOGS_AT_ONCE
  }

  async of(row: Row, signal: AbortSignal): Promise<Known<string>> {
    if (row['state'] !== 'failed') return null
    const key = ['dag_id', 'dag_run_id', 'task_id', 'map_index', 'try_number']
      .map((name) => JSON.stringify(row[name]))
      .join()
    const known = this.#known.get(key)
    if (known !== undefined || this.#left <= 0) return known ?? null
    this.#left -= 1
    const error = await this.#read(row, signal)
    if (this.#known.size >= REMEMBERED) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(key, error)
    return error
  }

  async #read(row: Row, signal: AbortSignal): Promise<Known<string>> {
    try {
      return lastError(await this.#log(row, signal))
    } catch (error) {
      if (signal.aborted || !(error instanceof SourceError)) throw error
      // A log that cannot be had hides no failure; who may not read one may read none.
      if (isAbsent(error)) this.#left = 0
      return null
    }
  }
}

/** 3.x answers entries with the exception in pieces, 2.x a text. */
export function lastError(log: Json): Known<string> {
  const { content } = objectOf(log)
  const entries = arrayOf(content).map(objectOf).toReversed()
  for (const entry of entries) {
    const [detail] = arrayOf(entry['error_detail']).map(objectOf)
    if (detail === undefined) continue
    const parts = [stringOf(detail['exc_type']), stringOf(detail['exc_value'])].filter(
      (part) => part !== null && part !== '',
    )
    return parts.join(': ').slice(0, TEXT)
  }
  const text =
    stringOf(content) ??
    entries
      .map((entry) => stringOf(entry['event']) ?? '')
      .toReversed()
      .join('\n')
  // Lines of the 2.x answer may come with their line ends spelled out.
  const lines = text.replaceAll('\\n', '\n').split('\n')
  return (
    lines.findLast((line) => /^[\w.]+(Error|Exception|Exit|Timeout)\b/.test(line))?.slice(0, TEXT) ?? null
  )
}

/** Where the log of an attempt is, below the API's base. */
export function logPath(row: Row): { path: string; query: Record<string, string> } {
  const part = (name: string) => encodeURIComponent(stringOf(row[name]) ?? '')
  const attempt = Math.max(1, numberOf(row['try_number']) ?? 1)
  const index = numberOf(row['map_index']) ?? -1
  return {
    path: `/dags/${part('dag_id')}/dagRuns/${part('dag_run_id')}/taskInstances/${part('task_id')}/logs/${attempt}`,
    query: { full_content: 'false', ...(index < 0 ? {} : { map_index: String(index) }) },
  }
}
