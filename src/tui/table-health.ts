// How a table is: what could not be read is unknown, what is past its due time is late.
import { type Timestamp, timestamp } from '../model/units.ts'
import { type TableRow, type Value, tableDues } from './answers.ts'
import type { Get } from './feed.ts'
import type { Health } from './screen.ts'

interface Due {
  readonly warn: Timestamp | null
  readonly error: Timestamp | null
}
const NO_DUE: Due = { warn: null, error: null }

const keyOf = (source: string, table: string): string => `${source}\n${table}`

/** The answer's own rows index once; the map goes when the answer does. */
const indexed = new WeakMap<readonly Value[], ReadonlyMap<string, Due>>()

function duesByTable(values: readonly Value[]): ReadonlyMap<string, Due> {
  const known = indexed.get(values)
  if (known !== undefined) return known
  const made = new Map<string, Due>()
  for (const { labels, value } of values) {
    const key = keyOf(labels['source'] ?? '', labels['table'] ?? '')
    const before = made.get(key) ?? NO_DUE
    const severity = labels['severity'] === 'warn' ? 'warn' : 'error'
    const at = timestamp(value * 1_000)
    // Declared and learned deadlines may both be there: the first one counts.
    if (before[severity] === null || at < before[severity]) made.set(key, { ...before, [severity]: at })
  }
  indexed.set(values, made)
  return made
}

export const dueOf = (get: Get, source: string, table: string): Due =>
  duesByTable(get(tableDues) ?? []).get(keyOf(source, table)) ?? NO_DUE

/** The first of its deadlines: what the list is sorted by. */
export const nextDue = ({ warn, error }: Due): Timestamp | null => warn ?? error

export function tableHealth(table: TableRow, due: Due, now: Timestamp): Health {
  if (table.vanished !== null) return { state: 'unknown', word: 'gone', stale: true }
  if (table.problem !== null) return { state: 'bad', word: 'blind', stale: true }
  if (due.error !== null && now > due.error) return { state: 'bad', word: 'late' }
  if (due.warn !== null && now > due.warn) return { state: 'warn', word: 'late' }
  return { state: 'ok', word: 'ok' }
}
