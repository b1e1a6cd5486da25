// Files whose ranges overlap in the columns that people filter by: cluster, Z-order or sort the table by them.
import type { Advice } from '../../model/advice.ts'
import type { Skipping } from '../../model/skipping.ts'
import { bytes, readableBytes, readableCount, readableUsd, usd } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { type CostDraft, NO_TARGET, finish, total } from '../draft.ts'
import {
  type Candidate,
  candidates,
  gainOf,
  isWorth,
  lacksStatistics,
  valuesOf,
} from './clustering-candidates.ts'
import { undoRewrite } from './compaction.ts'
import { keptDays, rewriteCosts, scanCosts } from './rewrite-cost.ts'
import { clusterBy } from './statements.ts'
import { LOOKBACK_DAYS, type TableView, seen, writeRate } from './table-view.ts'

/** A smaller table is read as a whole in one go, whatever its order. */
const LEAST_FILES = 32
const LEAST_OUTPUTS = 8
/** A MERGE reads and rewrites less only as far as the keys of a batch lie together: from not at all to all of it. */
const MERGE_GAIN = 0.5

interface Plan {
  readonly view: TableView
  readonly skipping: Skipping
  readonly chosen: readonly Candidate[]
  readonly after: 'sorted' | 'zOrdered'
}

export function clustering(view: TableView): Findings {
  const skipping = view.table.layout?.skipping
  if (skipping === undefined || view.table.bytes === null) return NOTHING
  if (skipping.of < LEAST_FILES || skipping.outputs < LEAST_OUTPUTS) return NOTHING
  const used = candidates(view)
  const needs = used.flatMap((candidate) => need(view, candidate, skipping))
  const worth = used
    .filter((one) => isWorth(one, 'sorted') && valuesOf(one, skipping.outputs) === 'enough')
    .toSorted((a, b) => weightOf(b) - weightOf(a) || (a.column.column < b.column.column ? -1 : 1))
  const [first, second] = worth
  if (first === undefined) return { advice: [], needs }
  const both =
    second !== undefined && isWorth(first, 'zOrdered') && isWorth(second, 'zOrdered') ? [first, second] : null
  const plan: Plan = { view, skipping, chosen: both ?? [first], after: both ? 'zOrdered' : 'sorted' }
  return { advice: [advice(plan)], needs }
}

/** A filter counts for more than a join, and a column that only tells time for less than one that is known to be used. */
const weightOf = (one: Candidate): number =>
  (one.statements > 0 || one.declared ? 1 : one.merges > 0 ? 0.7 : 0.5) * gainOf(one, 'sorted')

function need(view: TableView, candidate: Candidate, { outputs }: Skipping): Findings['needs'] {
  const { table } = view
  const name = candidate.column.column
  const ask = (collect: string): Findings['needs'] => [{ advisor: 'layout', subject: table.table, collect }]
  if (lacksStatistics(candidate) && !(candidate.column.distinct.atLeast === 1)) {
    const how =
      table.format === 'delta'
        ? `ANALYZE TABLE … COMPUTE DELTA STATISTICS, after delta.dataSkippingStatsColumns names it`
        : `write.metadata.metrics.column.${name} = full, then a rewrite`
    return ask(`minimum and maximum of ${name} for the files that have none: ${how}`)
  }
  if (isWorth(candidate, 'sorted') && valuesOf(candidate, outputs) === 'unknown')
    return ask(
      `how many distinct values ${name} has (SELECT approx_count_distinct(${name}) …): clustering by it pays from about ${readableCount(outputs)}`,
    )
  return []
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.095 ? 1 : 0)} %`
const names = ({ chosen }: Plan): readonly string[] => chosen.map(({ column }) => column.column)
const shares = ({ column, filter }: Candidate, after: Plan['after']) => ({
  now: column.now[filter],
  later: Math.min(column.now[filter], column[after][filter]),
})

/** What the statements of a month that are known from the log read, and what new data costs to be clustered again. */
function costs(plan: Plan): CostDraft {
  const { view, skipping, chosen, after } = plan
  const [first] = chosen
  const { now, later } = shares(first!, after)
  const size = view.table.bytes!
  const reads = `a filter by ${first!.column.column} reads ${readableBytes(bytes(Math.round(size * later)))} instead of ${readableBytes(bytes(Math.round(size * now)))}`
  const unknown = { before: null, after: null, oneOff: null, breakEven: `each query with ${reads}` }
  if (!view.billed) return unknown
  const oneOff = rewriteCosts(view, { bytes: size, outputs: skipping.outputs }, keptDays(view))
  const written = (writeRate(view, 0)?.bytesADay ?? 0) * 30
  const again = rewriteCosts(
    view,
    { bytes: written, outputs: written / (size / skipping.outputs) },
    keptDays(view),
  )
  const scan = (share: number, times: number, files: number) =>
    times === 0 ? [] : scanCosts(view, { bytes: size * share * times, files: files * share * times })
  const one = { before: scan(now, 1, skipping.of), after: scan(later, 1, skipping.outputs) }
  if (oneOff === null || again === null || one.before === null || one.after === null) return unknown
  const each = total(one.before) - total(one.after)
  const upkeep = written > 0 ? total(again) : 0
  const queries = Math.ceil((total(oneOff) / 3 + upkeep) / each)
  const breakEven = `each query with ${reads}; the rewrite (${readableUsd(usd(total(oneOff)))}, then ${readableUsd(usd(upkeep))} a month for what is written) pays back within three months from ${readableCount(queries)} such queries a month`
  const { merges, statements } = first!
  if (merges + statements === 0) return { before: null, after: null, oneOff, breakEven }
  const gain = { statements: each * statements, merges: each * merges }
  const middle = gain.statements + gain.merges * MERGE_GAIN - upkeep
  const halfThen = now - (now - later) * MERGE_GAIN
  const files = skipping.outputs + (skipping.of - skipping.outputs) * (1 - MERGE_GAIN)
  const afterLines = [scan(later, statements, skipping.outputs), scan(halfThen, merges, files)]
  const beforeLines = scan(now, merges + statements, skipping.of)
  if (beforeLines === null || afterLines.includes(null)) return { ...unknown, oneOff, breakEven }
  const ends = [gain.statements * 0.5 - upkeep, gain.statements * 1.5 + gain.merges - upkeep]
  return {
    before: beforeLines,
    after: [...afterLines.flatMap((lines) => lines ?? []), ...(written > 0 ? again : [])],
    oneOff,
    ...(middle > 0 ? { spread: { low: ends[0]! / middle, high: ends[1]! / middle } } : {}),
    breakEven,
  }
}

function evidence({ view, skipping, chosen, after }: Plan): Advice['evidence'] {
  const from = `scan --json: layout.skipping of ${view.table.table}`
  const sample = { statistic: `of ${readableCount(skipping.files)} files`, n: skipping.files, from }
  return chosen.flatMap((candidate) => {
    const { column, merges, statements, filter } = candidate
    const { now, later } = shares(candidate, after)
    const name = column.column
    const asked = filter === 'equality' ? 'one value' : 'a hundredth'
    const window = `${LOOKBACK_DAYS}d`
    return [
      seen(view, `files that overlap at a value of ${name}`, round(column.depth.average), 'files', {
        ...sample,
        statistic: `mean of ${readableCount(skipping.files)} files, p90 ${readableCount(Math.round(column.depth.p90))}`,
      }),
      seen(view, `share of bytes read for ${asked} of ${name}`, round(now), 'ratio', sample),
      seen(view, 'the same after the rewrite', round(later), 'ratio', {
        ...sample,
        statistic: 'simulated',
      }),
      seen(view, `distinct values of ${name}, at least`, column.distinct.atLeast, 'values', sample),
      ...(merges > 0
        ? [
            seen(view, `MERGE statements by ${name}`, round(merges), 'statements/month', {
              window,
              from: 'commits',
            }),
          ]
        : []),
      ...(statements > 0
        ? [
            seen(view, `UPDATE and DELETE statements by ${name}`, round(statements), 'statements/month', {
              window,
              from: 'commits',
            }),
          ]
        : []),
    ]
  })
}

const round = (value: number): number => Math.round(value * 10_000) / 10_000

/** How it is known that somebody uses the column. */
function known({ column, merges, statements, declared }: Candidate): string {
  const told = [
    ...(merges > 0 ? [`MERGE joins by it ${readableCount(Math.round(merges))} times a month`] : []),
    ...(statements > 0
      ? [`UPDATE and DELETE filter by it ${readableCount(Math.round(statements))} times a month`]
      : []),
    ...(declared ? ['the table is meant to be ordered by it'] : []),
  ]
  return `${column.column}: ${told.length > 0 ? told.join(', ') : 'its event time, which reports filter by'}`
}

function advice(plan: Plan): Advice {
  const { view, skipping, chosen, after } = plan
  const { table } = view
  const columns = names(plan)
  const [first] = chosen
  const { now, later } = shares(first!, after)
  const statement = clusterBy(table, columns)
  const sure = chosen.some(({ merges, statements, declared }) => merges + statements > 0 || declared)
  return finish(
    {
      advisor: 'layout',
      topic: 'cluster',
      stage: 'layout',
      shape: columns.join(','),
      title: `Cluster ${table.table} by ${columns.join(' and ')}: a filter reads ${percent(later)} of it instead of ${percent(now)}`,
      why: `${readableCount(Math.round(first!.column.depth.average))} files overlap at a value of ${first!.column.column} on average, so their minima and maxima let readers skip little. ${chosen.map(known).join('; ')}. ${after === 'sorted' ? 'Sorted by it' : 'Interleaved by both'}, the table's ${readableCount(skipping.outputs)} files would hold a narrow range each.`,
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      evidence: evidence(plan),
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: [
        `how often queries filter by ${columns.join(' or ')}: query logs (SQL plans of Spark event logs, the query history of Athena, Trino or Databricks), counted by column`,
      ],
      cost: costs(plan),
      effects: [
        'filters and joins by these columns open few files; filters by others may open more than now',
        ...(first!.merges > 0
          ? ['a MERGE rewrites fewer files as far as the keys of a batch lie together']
          : []),
        'every file is rewritten once: that is a compaction too, do not run both',
        ...statement.upkeep,
      ],
      risk: {
        performance: 1,
        dataLoss: 'none',
        blastRadius: `${table.table}, and its writers while it runs`,
        reasons: [
          'it rewrites every file and may conflict with writers that update or merge meanwhile: run it off their hours',
          'rewritten files are new: storage classes and ages start over',
        ],
      },
      confidence: sure ? 0.6 : 0.35,
      effort: 'medium',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: statement.before,
        after: statement.sql,
        applyCommand: null,
        otherForms: statement.otherForms,
        preconditions: statement.preconditions,
        verifySteps: [
          `scan --json: layout.skipping of ${table.table}: the depth of ${first!.column.column} falls to about 1`,
          'tidemark_table_rows stays the same',
        ],
        rollback: [...statement.undo, undoRewrite(table)].join('\n'),
      },
      verification: {
        method:
          'the depth of the columns, and the duration of the runs that read or merge, against matched days',
        unitCost: null,
        baselineDays: 14,
        windowDays: 14,
      },
    },
    view.prices,
    view.now,
  )
}
