// Columns worth clustering by: somebody filters or joins by them, their bounds tell files badly apart, and would not after.
import type { ColumnSkipping } from '../../model/skipping.ts'
import { DAY } from '../../model/units.ts'
import { LOOKBACK_DAYS, type TableView } from './table-view.ts'

/** Files that overlap at a point: below it a table is clustered well enough (practitioners' cut-off for Snowflake). */
const LEAST_DEPTH = 3
/** A filter must read so much less of the table, and at most so much of what it reads now. */
const LEAST_GAIN = 0.1
const MOST_LEFT = 0.5
/** Of the files, without statistics of the column: what is known of the others says little. */
const MOST_UNBOUNDED = 0.1
/** Distinct values that are enough whatever the number of files. */
const ENOUGH_VALUES = 64
/** A shorter history than this is not stretched to a month as it is. */
const LEAST_DAYS = 7

export interface Candidate {
  readonly column: ColumnSkipping
  /** Statements a month whose predicate names it. */
  readonly merges: number
  readonly statements: number
  /** It is what the table is clustered, Z-ordered or sorted by. */
  readonly declared: boolean
  /** What a filter by it mostly asks for: one value, or a range of it. */
  readonly filter: 'equality' | 'range'
}

/** The columns that somebody uses. Query logs, which would tell all, are out of reach. */
export function candidates(view: TableView): readonly Candidate[] {
  const { table } = view
  const declared = [
    ...table.clustering,
    ...table.zOrder,
    ...table.sortOrder.map((field) => field.replace(/ desc$/, '')),
  ]
  const partitioned = table.partitions?.columns ?? []
  return (table.layout?.skipping?.columns ?? []).flatMap((column) => {
    const name = column.column
    const { merges, statements } = uses(view, name)
    const isDeclared = declared.includes(name)
    const isTime = table.eventTime?.column === name
    if (partitioned.includes(name) || (merges + statements === 0 && !isDeclared && !isTime)) return []
    // A batch that is merged, and a report of the last days, are ranges.
    const filter = statements > 0 || (isDeclared && !isTime) ? 'equality' : 'range'
    return [{ column, merges, statements, declared: isDeclared, filter }]
  })
}

function uses({ commits, now }: TableView, column: string): { merges: number; statements: number } {
  const oldest = commits.at(-1)?.at ?? now
  const days = Math.min(LOOKBACK_DAYS, Math.max(LEAST_DAYS, (now - oldest) / DAY))
  const named = commits.filter(({ filters }) => filters?.includes(column))
  const merges = named.filter(({ operation }) => operation === 'MERGE').length
  const aMonth = (count: number): number => (count * 30) / days
  return { merges: aMonth(merges), statements: aMonth(named.length - merges) }
}

/** How much less of the table a filter reads, 0..1. */
export const gainOf = ({ column, filter }: Candidate, after: 'sorted' | 'zOrdered'): number =>
  column.now[filter] - column[after][filter]

/** Readers of the table skip little by this column, and would skip much. */
export const isWorth = (candidate: Candidate, after: 'sorted' | 'zOrdered'): boolean => {
  const { column, filter } = candidate
  return (
    column.unbounded <= MOST_UNBOUNDED &&
    column.depth.average >= LEAST_DEPTH &&
    gainOf(candidate, after) >= LEAST_GAIN &&
    column[after][filter] <= column.now[filter] * MOST_LEFT
  )
}

/** Files without bounds hide how the others lie. */
export const lacksStatistics = ({ column }: Candidate): boolean => column.unbounded > MOST_UNBOUNDED

export type Values = 'enough' | 'too few' | 'unknown'

/** As many as the files that a rewrite leaves: a value that fills several files cannot be split. */
export function valuesOf({ column, merges }: Candidate, outputs: number): Values {
  const { atLeast, atMost } = column.distinct
  const wanted = Math.min(outputs, ENOUGH_VALUES)
  if (atMost !== null && atMost < wanted) return 'too few'
  // The key of a MERGE tells rows apart.
  return atLeast >= wanted || merges > 0 ? 'enough' : 'unknown'
}
