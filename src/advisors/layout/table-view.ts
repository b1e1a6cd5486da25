// What there is to know of one table when its layout is judged: its fact, its recent commits, how often it is read.
import type { Evidence, UnitCost } from '../../model/advice.ts'
import type { CommitFact, TableFact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { jobId } from '../../model/run-facts.ts'
import type { Reader } from '../../model/store.ts'
import { type Timestamp, DAY, timestamp } from '../../model/units.ts'
import type { Subject } from '../advisor.ts'
import type { Prices } from '../prices.ts'
import { type TableAccess, accessOf } from './table-access.ts'

/** How far back writes and reads are counted. */
export const LOOKBACK_DAYS = 30
const MAX_COMMITS = 5_000

export interface TableView {
  readonly table: TableFact
  readonly now: Timestamp
  readonly prices: Prices
  /** Of the look-back, newest first. */
  readonly commits: readonly CommitFact[]
  /** Runs a month of the pipelines that lineage says read it; null where no lineage tells. */
  readonly readsAMonth: Known<number>
  /** What access logs of its bucket tell of its data files; null where they do not tell, or not of it alone. */
  readonly access: Known<TableAccess>
  /** What is deleted stays as an old version, and no rule of its bucket ends those: deleting saves nothing yet. */
  readonly keepsVersions: boolean
  /** S3 bills requests and bytes; a folder on this machine does not. */
  readonly billed: boolean
}

/** Tables that are there and could be read. */
export function* tableViews(view: Reader, prices: Prices, now: Timestamp): Generator<Subject<TableView>> {
  const blind = new Set(
    view.facts('problem').flatMap(({ resolved, tableId }) => (resolved === null && tableId ? [tableId] : [])),
  )
  const reads = readCounter(view, now)
  const buckets = view.facts('bucket')
  const versioned = buckets
    .filter(({ versioning, lifecycle }) => {
      const ends = lifecycle?.some((rule) => rule.enabled && rule.noncurrentExpires !== null) ?? false
      return versioning === 'enabled' && !ends
    })
    .map(({ id }) => `${id}/`)
  for (const table of view.facts('table')) {
    if (table.vanished !== null || blind.has(table.id)) continue
    yield {
      name: table.table,
      view: () => ({
        table,
        now,
        prices,
        commits: view.facts('commit', {
          tableId: table.id,
          from: timestamp(now - LOOKBACK_DAYS * DAY),
          to: now,
          limit: MAX_COMMITS,
        }),
        readsAMonth: reads(table.id),
        access: accessOf(table, buckets),
        keepsVersions: versioned.some((bucket) => `${table.location}/`.startsWith(bucket)),
        billed: table.location.startsWith('s3'),
      }),
    }
  }
}

function readCounter(view: Reader, now: Timestamp): (tableId: string) => Known<number> {
  const edges = view.facts('edge').filter(({ lastSeen }) => now - lastSeen < LOOKBACK_DAYS * DAY)
  const readers = Map.groupBy(
    edges.filter(({ type }) => type === 'reads'),
    ({ from }) => from,
  )
  if (readers.size === 0) return () => null
  const parents = new Map(
    edges.filter(({ type }) => type === 'part-of').map(({ from, to }) => [from, to] as const),
  )
  const pipelines = new Map(view.facts('pipeline').map((one) => [jobId(one.namespace, one.name), one.id]))
  return (tableId) => {
    const jobs = readers.get(tableId)?.map(({ to }) => to) ?? []
    const known = new Set(
      jobs.flatMap((job) => pipelines.get(job) ?? pipelines.get(parents.get(job) ?? '') ?? []),
    )
    if (known.size === 0) return null
    let runs = 0
    for (const pipelineId of known) {
      runs += view
        .facts('run', { pipelineId, from: timestamp(now - LOOKBACK_DAYS * DAY), to: now, limit: MAX_COMMITS })
        .filter(({ state }) => state === 'success').length
    }
    return runs
  }
}

export interface WriteRate {
  /** Days of history that were seen, at most the look-back. */
  readonly days: number
  readonly commitsAnHour: number
  /** Small files that data commits add a day. */
  readonly smallFilesADay: number
  readonly bytesADay: number
  readonly commits: number
}

/** How fast small files come back; null where the history is too short to tell. */
export function writeRate({ commits, now }: TableView, smallBelow: number): Known<WriteRate> {
  const data = commits.filter(({ changesData, filesAdded, bytesAdded }) => {
    return changesData && filesAdded !== null && bytesAdded !== null && filesAdded > 0
  })
  const oldest = data.at(-1)
  if (oldest === undefined || data.length < 3) return null
  const days = Math.max((now - oldest.at) / DAY, 1 / 24)
  const small = data.filter((commit) => commit.bytesAdded! / commit.filesAdded! < smallBelow)
  const sum = (of: (commit: CommitFact) => number, list = data) => list.reduce((all, one) => all + of(one), 0)
  // Between the first commit and the last: a table that is no longer written is not made smaller by waiting.
  const span = Math.max((data[0]!.at - oldest.at) / DAY, 1 / 24)
  return {
    days,
    commits: data.length,
    commitsAnHour: data.length / span / 24,
    smallFilesADay: sum((commit) => commit.filesAdded!, small) / Math.max(days, span),
    bytesADay: sum((commit) => commit.bytesAdded!) / Math.max(days, span),
  }
}

/** An observation of the table as it is, reproducible by a query. */
export function seen(
  { table, now }: TableView,
  metric: string,
  value: number,
  unit: string,
  more: Partial<Evidence> = {},
): Evidence {
  const labels = `source=${JSON.stringify(table.source)},table=${JSON.stringify(table.table)}`
  return {
    metric,
    value,
    unit,
    statistic: 'last',
    window: 'now',
    n: 1,
    from: metric.startsWith('tidemark_')
      ? `${metric}{${labels}}`
      : `scan --json: ${metric} of ${table.table}`,
    asOf: table.lastCommit?.at ?? now,
    ...more,
  }
}

/** A metric of the table that the change should bring down. */
export const measured = ({ source, table }: TableFact, metric: string): UnitCost => ({
  cost: { metric, labels: { source, table } },
  per: null,
})
