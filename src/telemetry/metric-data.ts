// Current series → OpenTelemetry metric data. Pure; the shapes are those of the SDK's MetricProducer.
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import type { Labels, MetricInfo } from '../model/series.ts'

/** The newest sample of a series, with `__name__` among its labels. */
export interface Current {
  readonly labels: Labels
  readonly value: number
  /** Epoch milliseconds. */
  readonly at: number
}

type Describe = (name: string) => MetricInfo | undefined

/** Series that are not described are left out. */
export function metricData(series: Iterable<Current>, describe: Describe, startedAt: number): MetricData[] {
  const families = new Map<string, { info: MetricInfo; members: Current[] }>()
  for (const one of series) {
    const info = describe(one.labels['__name__'] ?? '')
    if (info === undefined) continue
    const family = families.get(info.name)
    if (family) family.members.push(one)
    else families.set(info.name, { info, members: [one] })
  }
  const start = hrTime(startedAt)
  return [...families.values()].map(({ info, members }): MetricData => {
    const base = {
      descriptor: { name: info.name, description: info.help, unit: info.unit, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    }
    if (info.type === 'histogram') {
      return {
        ...base,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: histograms(info.name, members, start),
      }
    }
    const dataPoints = members.map((one) => point(start, one, attributes(one.labels), one.value))
    return info.type === 'counter'
      ? { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
      : { ...base, dataPointType: DataPointType.GAUGE, dataPoints }
  })
}

/** Classic histogram series (cumulative `_bucket`, `_sum`, `_count`) put together again. */
function histograms(name: string, members: readonly Current[], start: HrTime): DataPoint<Histogram>[] {
  const groups = Map.groupBy(members, ({ labels }) =>
    JSON.stringify(Object.entries(labels).filter(([label]) => label !== 'le' && label !== '__name__')),
  )
  return [...groups.values()].flatMap((group) => {
    const buckets = group
      .filter(({ labels }) => labels['le'] !== undefined)
      .map((one) => ({
        bound: one.labels['le'] === '+Inf' ? Infinity : Number(one.labels['le']),
        total: one.value,
      }))
      .toSorted((a, b) => a.bound - b.bound)
    const sum = group.find(({ labels }) => labels['__name__'] === `${name}_sum`)
    const count = group.find(({ labels }) => labels['__name__'] === `${name}_count`)
    if (sum === undefined || count === undefined || buckets.at(-1)?.bound !== Infinity) return []
    const { le: _, ...labels } = count.labels
    const value: Histogram = {
      buckets: {
        boundaries: buckets.slice(0, -1).map(({ bound }) => bound),
        counts: buckets.map(({ total }, i) => total - (buckets[i - 1]?.total ?? 0)),
      },
      sum: sum.value,
      count: count.value,
    }
    return [point(start, count, attributes(labels), value)]
  })
}

const point = <T>(startTime: HrTime, one: Current, attrs: Attributes, value: T): DataPoint<T> => ({
  startTime,
  endTime: hrTime(one.at),
  attributes: attrs,
  value,
})

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)]

/**
 * The exporter turns every run of other characters of a label name into one `_` and does not look whether two names
 * meet there, nor at control characters in values: one such label would make the whole scrape invalid.
 */
export function attributes(labels: Labels): Attributes {
  const clean: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [label, value] of Object.entries(labels)) {
    // Names that begin with two underscores are Prometheus' own.
    if (label.startsWith('__')) continue
    const safe = label.replace(/[^a-zA-Z0-9]+/g, '_').replace(/^(\d)/, '_$1')
    let name = safe
    for (let i = 2; name in clean; i++) name = `${safe}_${i}`
    clean[name] = value.replace(/(?!\n)\p{Cc}/gu, '\uFFFD')
  }
  return { ...clean }
}
