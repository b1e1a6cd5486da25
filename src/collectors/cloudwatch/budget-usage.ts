// What watching CloudWatch costs, as the use of a service like any other.
import { MINUTE, DAY, type Timestamp, timestamp } from '../../model/units.ts'
import type { UsageFact, UsageMeasure } from '../../model/usage.ts'
import { type Spent, costOf } from './budget.ts'
import { NO_PROFILE } from './profile.ts'

export function ownUsage(told: {
  readonly source: string
  readonly region: string
  readonly spent: Spent
  readonly perDay: number
  readonly now: Timestamp
}): UsageFact {
  const { source, region, spent, perDay, now } = told
  const minute = timestamp(now - (now % MINUTE))
  const measure = (unit: string, latest: number): UsageMeasure => ({
    ...NO_PROFILE,
    unit,
    statistic: 'Sum',
    period: DAY,
    latest,
    at: minute,
  })
  return {
    kind: 'usage',
    id: `${source}/cloudwatch/GetMetricData`,
    source,
    service: 'cloudwatch',
    resource: 'GetMetricData',
    region,
    instanceType: null,
    asOf: minute,
    measures: {
      MetricsRequestedToday: measure('count', spent.metrics),
      CostToday: measure('usd', costOf(spent.metrics)),
      BudgetPerDay: measure('count', perDay),
    },
    partial: [],
  }
}
