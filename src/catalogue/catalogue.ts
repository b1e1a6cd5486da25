// The only place that knows metric names: every definition, and what is known now as samples.
import type { Recorded, TableFact } from '../model/facts.ts'
import type { MetricInfo, Sample } from '../model/series.ts'
import type { FactReader, StoreStats } from '../model/store.ts'
import type { Millis, Timestamp } from '../model/units.ts'
import { adviceMetrics, adviceSamples } from './advice.ts'
import { applicationMetrics, applicationSamples } from './applications.ts'
import { billMetrics, billSamples } from './bills.ts'
import { bucketMetrics, bucketSamples } from './buckets.ts'
import { checkMetrics, checkSamples } from './checks.ts'
import { pipelineMetrics, pipelineSamples } from './pipelines.ts'
import { type ProcessHealth, pollSamples, selfMetrics, selfSamples } from './self.ts'
import { type GroupFigures, ruleMetrics, ruleSamples } from './rules.ts'
import { tableMetrics, tableSamples } from './tables.ts'
import { usageMetrics, usageSamples } from './usage.ts'

export type { ProcessHealth } from './self.ts'

const definitions: readonly MetricInfo[] = [
  ...Object.values(tableMetrics),
  ...Object.values(pipelineMetrics),
  ...Object.values(checkMetrics),
  ...Object.values(applicationMetrics),
  ...Object.values(selfMetrics),
  ...Object.values(ruleMetrics),
  ...Object.values(adviceMetrics),
  ...Object.values(bucketMetrics),
  ...Object.values(usageMetrics),
  ...Object.values(billMetrics),
].map(({ name, help, type, unit, labels }) => ({ name, help, type, unit, labels }))
const byName = new Map(definitions.map((metric) => [metric.name, metric]))

/** Every metric, by name. */
export const metrics: readonly MetricInfo[] = definitions.toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** The definition behind a series name; `_bucket`, `_sum` and `_count` lead to their histogram. */
export function describe(name: string): MetricInfo | undefined {
  const family = byName.get(name)
  if (family) return family
  const histogram = byName.get(name.replace(/_(bucket|sum|count)$/, ''))
  return histogram?.type === 'histogram' ? histogram : undefined
}

export interface View {
  readonly known: FactReader
  /** How long a table may go unconfirmed before it is unknown, by source. */
  readonly patience: (source: string) => Millis
  readonly store: StoreStats
  readonly health: ProcessHealth
  readonly groups: readonly GroupFigures[]
}

/**
 * What is known at `now`. A table that could not be read, or that nobody looked at for too long, has `up` 0 and no
 * other sample: its last values are not repeated as if they were fresh. A vanished table has none at all.
 */
export function samplesAt(view: View, now: Timestamp): Sample[] {
  const problems = view.known.facts('problem').filter((problem) => problem.resolved === null)
  const blind = new Set(problems.flatMap((problem) => problem.tableId ?? []))
  const present = view.known.recorded('table').filter(({ fact }) => fact.vanished === null)
  const problemsOf = Map.groupBy(problems, (problem) => problem.source)
  const tablesOf = Map.groupBy(present, ({ fact }) => fact.source)
  const unseen = ({ fact, observedAt }: Recorded<TableFact>): boolean =>
    blind.has(fact.id) || now - observedAt > view.patience(fact.source)
  const known = new Set(present.map(({ fact }) => fact.id))
  const neverRead = problems.filter(({ tableId }) => tableId !== null && !known.has(tableId))
  return [
    ...present.flatMap((table) => {
      const { fact } = table
      if (unseen(table)) return tableMetrics.up({ source: fact.source, table: fact.table }, 0)
      return tableSamples(fact, view.known.facts('tally', { id: fact.id })[0])
    }),
    ...neverRead.flatMap(({ source, subject }) => tableMetrics.up({ source, table: subject }, 0)),
    ...pipelineSamples(view, now),
    ...checkSamples(view.known),
    ...applicationSamples(view.known, now),
    ...view.known.facts('poll').flatMap((poll) =>
      pollSamples(poll, {
        problems: problemsOf.get(poll.id)?.length ?? 0,
        tables: tablesOf.get(poll.id)?.length ?? 0,
      }),
    ),
    ...selfSamples(view.store, view.health),
    ...ruleSamples(view.groups),
    ...adviceSamples(view.known),
    ...bucketSamples(view.known),
    ...usageSamples(view.known, now),
    ...billSamples(view.known, now),
  ]
}
