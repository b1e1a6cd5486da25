// What changed about a table, from what its commits and schema tell: the short list to look at first.
import type { Timestamp } from '../model/units.ts'
import type { Commit, Table } from './answers.ts'
import type { Health } from './screen.ts'
import { count } from './words.ts'

export interface Change {
  readonly id: string
  readonly at: Timestamp
  readonly kind: 'schema' | 'volume' | 'engine' | 'operation'
  readonly what: string
  readonly health: Health
}

/** Volumes that are this many times the median, or this part of it, stand out. */
const FACTOR = 3
/** With fewer commits nothing is usual yet. */
const LEAST_COMMITS = 5

const BREAKING = new Set(['dropped', 'renamed', 'narrowed', 'retyped'])
const NEWS: Health = { state: 'ok', word: 'new' }

/** Newest first. */
export function changesOf(table: Table, commits: readonly Commit[]): readonly Change[] {
  const oldestFirst = commits.toSorted((a, b) => a.at - b.at)
  return [
    ...schema(table),
    ...volumes(oldestFirst),
    ...turns(oldestFirst, 'engine'),
    ...turns(oldestFirst, 'operation'),
  ].toSorted((a, b) => b.at - a.at)
}

const schema = ({ schemaChanges }: Table): Change[] =>
  schemaChanges.map(({ at, version, change, column, from, to }, i) => ({
    id: `schema ${version} ${i}`,
    at,
    kind: 'schema',
    what: `${change} ${column}${from === null && to === null ? '' : `: ${from ?? '–'} → ${to ?? '–'}`}`,
    health: BREAKING.has(change) ? { state: 'warn', word: 'breaks' } : NEWS,
  }))

function volumes(commits: readonly Commit[]): Change[] {
  const sized = commits.filter(({ changesData, rowsAdded }) => changesData && rowsAdded !== null)
  if (sized.length < LEAST_COMMITS) return []
  const sorted = sized.map(({ rowsAdded }) => rowsAdded!).toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)]!
  return sized.flatMap(({ at, version, operation, rowsAdded }) => {
    const rows = rowsAdded!
    if (median === 0 || (rows <= median * FACTOR && rows * FACTOR >= median)) return []
    return [
      {
        id: `volume ${version}`,
        at,
        kind: 'volume' as const,
        what: `${operation} added ${count(rows)} rows, the median is ${count(median)}`,
        health: { state: 'warn' as const, word: rows > median ? 'more' : 'less' },
      },
    ]
  })
}

/** Commits at which a field is another than before. */
function turns(commits: readonly Commit[], field: 'engine' | 'operation'): Change[] {
  const seen = new Set<string>()
  let before: string | null = null
  return commits.flatMap((commit) => {
    const value = commit[field]
    // An operation may alternate with others: only a new one is news. An engine that changes back is one again.
    const turned =
      value !== null && before !== null && value !== before && (field === 'engine' || !seen.has(value))
    const from = before
    if (value !== null) {
      before = value
      seen.add(value)
    }
    return turned
      ? [
          {
            id: `${field} ${commit.version}`,
            at: commit.at,
            kind: field,
            what: field === 'engine' ? `written by ${value}, before by ${from}` : `first ${value}`,
            health: NEWS,
          },
        ]
      : []
  })
}
