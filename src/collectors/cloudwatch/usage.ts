// Metrics of hosts and services → usage facts: the newest value each period, and once a day what two weeks say.
import type { MetricAnswer, MetricQuery } from '../../io/cloudwatch.ts'
import { DAY, type Timestamp, millis, timestamp } from '../../model/units.ts'
import type { UsageFact, UsageMeasure } from '../../model/usage.ts'
import type { Watched } from './discovery.ts'
import { NO_PROFILE, profileOf } from './profile.ts'
import type { Question, Window } from './reading.ts'

/** What the newest values are found in: the last ones may still change. */
const NEWEST_PERIODS = 3
/** Points are complete about two periods after their end. */
export const SETTLED_PERIODS = 2
/** AWS Compute Optimizer's own lookback; 300 s are kept for 63 days, 60 s for 15. */
const LOOKBACK = millis(14 * DAY)

/** Aligned: CloudWatch would round otherwise. */
const settledEnd = (now: Timestamp, period: Watched['period']): Timestamp =>
  timestamp(now - (now % period) - SETTLED_PERIODS * period)

export function newestWindow(now: Timestamp, period: Watched['period']): Window {
  const to = settledEnd(now, period)
  return { from: timestamp(to - NEWEST_PERIODS * period), to, period }
}

export function profileWindow(now: Timestamp, period: Watched['period']): Window {
  const to = settledEnd(now, period)
  return { from: timestamp(to - Math.ceil(LOOKBACK / period) * period), to, period }
}

export const usageQuestion = (about: Watched): Question<Watched> => ({
  about,
  queries: [{ ...about.name, statistic: about.wanted.statistic, period: about.period } satisfies MetricQuery],
})

/** What an answer about one metric adds to what is known of it. Null: it has had no value at all. */
export function measureOf(
  { wanted, period }: Watched,
  { points, complete }: MetricAnswer,
  window: Window,
  before: UsageMeasure | undefined,
  isProfile: boolean,
): UsageMeasure | null {
  const last = points.at(-1)
  if (last === undefined && before === undefined) return null
  const fresh = last !== undefined && last.at >= (before?.at ?? -Infinity)
  const profile = isProfile && complete ? profileOf(points, window, wanted.statistic) : (before ?? NO_PROFILE)
  return {
    ...NO_PROFILE,
    ...profile,
    unit: wanted.unit,
    statistic: wanted.statistic,
    period,
    latest: fresh ? last.value : (before?.latest ?? null),
    at: fresh ? last.at : (before?.at ?? null),
  }
}

export interface Resource {
  readonly service: string
  readonly resource: string
  readonly instanceType: string | null
  readonly measures: Map<string, UsageMeasure>
}

export function usageOf(
  { service, resource, instanceType, measures }: Resource,
  { source, region, partial }: { source: string; region: string; partial: readonly string[] },
): UsageFact | null {
  const times = [...measures.values()].flatMap(({ at }) => at ?? [])
  if (times.length === 0) return null
  return {
    kind: 'usage',
    id: `${source}/${service}/${resource}`,
    source,
    service,
    resource,
    region,
    instanceType,
    asOf: times.reduce((newest, at) => (at > newest ? at : newest)),
    measures: Object.fromEntries([...measures].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    partial,
  }
}
