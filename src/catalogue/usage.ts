// Metrics of what hosts and services use, and of what was written to CloudWatch.
import type { Sample } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import { DAY, MINUTE, type Timestamp } from '../model/units.ts'
import type { UsageFact, UsageMeasure } from '../model/usage.ts'
import { counter, gauge } from './metric.ts'

const resource = ['source', 'service', 'resource'] as const

export const usageMetrics = {
  value: gauge(
    'tidemark_usage_value',
    "What a host or service uses, in the measure's own unit: its `latest` value, and percentiles and maximum of the last two weeks.",
    '',
    [...resource, 'measure', 'statistic'],
  ),
  at: gauge(
    'tidemark_usage_timestamp_seconds',
    'Newest value of any measure of a host or service.',
    'seconds',
    resource,
  ),
  info: gauge('tidemark_usage_info', 'A host or service that is watched: 1.', '', [
    ...resource,
    'region',
    'instance_type',
  ]),
  exported: counter(
    'tidemark_cloudwatch_export_runs_total',
    'Finished runs by what became of them: written to CloudWatch, or why not.',
    '',
    ['result'],
  ),
  waiting: gauge(
    'tidemark_cloudwatch_export_waiting_runs',
    'Finished runs that CloudWatch has not taken yet.',
    '',
    [],
  ),
  failures: counter(
    'tidemark_cloudwatch_export_failures_total',
    'Rounds of writing to CloudWatch that failed; what they had is written again.',
    '',
    [],
  ),
  exportedAt: gauge(
    'tidemark_cloudwatch_export_last_success_timestamp_seconds',
    'When CloudWatch last took a run.',
    'seconds',
    [],
  ),
}

const m = usageMetrics

/** A newest value speaks for so many of its periods, at least for a quarter of an hour. */
const PERIODS = 5
const LEAST = 15 * MINUTE
/** A profile is read once a day: after three it is old. */
const PROFILE = 3 * DAY

/** What was not measured for too long has no samples: a host that is gone, a function that is not called. */
export function usageSamples(known: FactReader, now: Timestamp): Sample[] {
  return [...known.facts('usage').flatMap((fact) => usageOf(fact, now)), ...exportSamples(known)]
}

function usageOf(fact: UsageFact, now: Timestamp): Sample[] {
  const labels = { source: fact.source, service: fact.service, resource: fact.resource }
  const values = Object.entries(fact.measures).flatMap(([measure, one]) =>
    statisticsOf(one, now).flatMap(([statistic, value]) => m.value({ ...labels, measure, statistic }, value)),
  )
  if (values.length === 0) return []
  const { region, instanceType } = fact
  return [
    ...values,
    ...m.at(labels, fact.asOf / 1_000),
    ...m.info({ ...labels, region, instance_type: instanceType ?? '' }, 1),
  ]
}

function statisticsOf(one: UsageMeasure, now: Timestamp): Array<readonly [string, number | null]> {
  const isFresh = one.at !== null && now - one.at <= Math.max(LEAST, PERIODS * one.period)
  const isProfiled = one.to !== null && now - one.to <= PROFILE
  return [
    ...(isFresh ? ([['latest', one.latest]] as const) : []),
    ...(isProfiled
      ? ([
          ['p50', one.p50],
          ['p90', one.p90],
          ['p95', one.p95],
          ['p99.5', one.p995],
          ['max', one.max],
        ] as const)
      : []),
  ]
}

function exportSamples(known: FactReader): Sample[] {
  const [fact] = known.facts('metric-export')
  const waiting = known.facts('metric-due').length
  if (fact === undefined) return waiting === 0 ? [] : m.waiting({}, waiting)
  return [
    ...m.exported({ result: 'written' }, fact.runs),
    ...Object.entries(fact.refused).flatMap(([result, runs]) => m.exported({ result }, runs)),
    ...m.waiting({}, waiting),
    ...m.failures({}, fact.failures),
    ...m.exportedAt({}, fact.exportedAt === null ? null : fact.exportedAt / 1_000),
  ]
}
