// A metric is a function: called with its labels and a value it gives samples; its definition feeds everything else.
import type { Known } from '../model/facts.ts'
import type { Labels, MetricInfo, MetricType, Sample } from '../model/series.ts'

export interface Metric<L extends string> extends MetricInfo {
  /** No sample at all for a value that is not known. */
  (labels: Readonly<Record<L, string>>, value: Known<number> | undefined): Sample[]
}

/** `counts[i]` observations at most `bounds[i]` and above `bounds[i - 1]`; the last bound is Infinity. */
interface Observed {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly sum: number
}

export interface HistogramMetric<L extends string> extends MetricInfo {
  (labels: Readonly<Record<L, string>>, observed: Observed): Sample[]
}

type Definition<L extends string> = readonly [
  name: `tidemark_${string}`,
  help: string,
  unit: string,
  labels: readonly L[],
]

const info = <L extends string>(type: MetricType, [name, help, unit, labels]: Definition<L>): MetricInfo => ({
  name,
  help,
  unit,
  type,
  labels,
})

function scalar<L extends string>(type: MetricType, definition: Definition<L>): Metric<L> {
  const metric = info(type, definition)
  const sample = (labels: Labels, value: Known<number> | undefined): Sample[] =>
    value === null || value === undefined || Number.isNaN(value) ? [] : [{ name: metric.name, labels, value }]
  return named(sample, metric)
}

export const gauge = <L extends string>(...definition: Definition<L>): Metric<L> =>
  scalar('gauge', definition)
export const counter = <L extends string>(...definition: Definition<L>): Metric<L> =>
  scalar('counter', definition)

export function histogram<L extends string>(...definition: Definition<L>): HistogramMetric<L> {
  const metric = info('histogram', definition)
  const samples = (labels: Labels, observed: Observed): Sample[] => {
    let total = 0
    const buckets = observed.bounds.map((bound, i) => {
      total += observed.counts[i] ?? 0
      return {
        name: `${metric.name}_bucket`,
        labels: { ...labels, le: Number.isFinite(bound) ? String(bound) : '+Inf' },
        value: total,
      }
    })
    return [
      ...buckets,
      { name: `${metric.name}_sum`, labels, value: observed.sum },
      { name: `${metric.name}_count`, labels, value: total },
    ]
  }
  return named(samples, metric)
}

/** A function's own `name` is not writable by assignment. */
function named<F extends (...args: never[]) => Sample[]>(call: F, metric: MetricInfo): F & MetricInfo {
  for (const [key, value] of Object.entries(metric))
    Object.defineProperty(call, key, { value, enumerable: true })
  return call as F & MetricInfo
}
