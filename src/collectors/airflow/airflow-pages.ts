// Lists of Airflow's API, page by page: by cursor where there is one, else by offset over a set that moves.
import { type Json, type JsonObject, arrayOf, numberOf, objectOf, stringOf } from '../../formats/json.ts'
import type { JsonApi } from '../../io/json-api.ts'
import { SourceError } from '../../model/errors.ts'

/** The most that servers give by default, whatever is asked for. */
const PAGE = 100
const PAGES = 2_000
/** Offset pages overlap: a row that moves to the end while we read shifts the others by one. */
const SHIFT = 10

interface Listing {
  readonly api: JsonApi
  readonly path: string
  /** Where the rows are in an answer. */
  readonly field: string
  readonly query: Readonly<Record<string, string>>
  readonly byCursor: boolean
  readonly signal: AbortSignal
}

export async function* readPages({
  api,
  path,
  field,
  query,
  byCursor,
  signal,
}: Listing): AsyncGenerator<JsonObject> {
  let seen = new Set<string>()
  let at: { cursor: string } | { offset: number } = byCursor ? { cursor: '' } : { offset: 0 }
  for (let page = 0; page < PAGES; page += 1) {
    const { value } = await api.get(path, { ...query, ...at, limit: PAGE }, signal)
    const answer = objectOf(value as Json)
    const rows = arrayOf(answer[field]).map(objectOf)
    const keys = rows.map(identity)
    const fresh = rows.filter((_, i) => !seen.has(keys[i]!))
    yield* fresh
    const next = nextPage(at, answer, rows.length)
    if (next === undefined) return
    if (fresh.length === 0) throw repeats(`${api.url}${path}`, page)
    at = next
    seen = new Set(keys)
  }
  const subject = `${api.url}${path}`
  throw new SourceError('too-large', `${subject}: more than ${PAGES} pages of ${PAGE}`, { subject })
}

type Place = { readonly cursor: string } | { readonly offset: number }

function nextPage(
  at: Place,
  answer: JsonObject,
  rows: number,
): { cursor: string } | { offset: number } | undefined {
  if ('cursor' in at) {
    const next = stringOf(answer['next_cursor'])
    return next === null || rows === 0 ? undefined : { cursor: next }
  }
  const total = numberOf(answer['total_entries'])
  const offset = at.offset + rows
  return rows < PAGE || (total !== null && offset >= total) ? undefined : { offset: offset - SHIFT }
}

const repeats = (subject: string, page: number): SourceError =>
  new SourceError('corrupt', `${subject}: page ${page + 1} repeats what was there before; given up`, {
    subject,
  })

const identity = (row: JsonObject): string =>
  ['dag_id', 'dag_run_id', 'task_id', 'map_index', 'import_error_id']
    .map((key) => String(row[key] as string))
    .join('\n')
