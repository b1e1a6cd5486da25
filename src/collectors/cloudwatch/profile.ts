// Values of two weeks → what is usual: percentiles, and each hour of the week.
import type { MetricPoint } from '../../io/cloudwatch.ts'
import type { Known } from '../../model/known.ts'
import type { Timestamp } from '../../model/units.ts'
import { type UsageMeasure, HOURS_A_WEEK, hourOfWeek } from '../../model/usage.ts'

export type Profile = Pick<
  UsageMeasure,
  'from' | 'to' | 'samples' | 'p50' | 'p90' | 'p95' | 'p995' | 'max' | 'byHourOfWeek'
>

export const NO_PROFILE: Profile = {
  from: null,
  to: null,
  samples: 0,
  p50: null,
  p90: null,
  p95: null,
  p995: null,
  max: null,
  byHourOfWeek: null,
}

/** `range`: what was asked for, so that a host which came yesterday does not pass for one that slept. */
export function profileOf(
  points: readonly MetricPoint[],
  range: { readonly from: Timestamp; readonly to: Timestamp },
  statistic: string,
): Profile {
  const [first] = points
  if (first === undefined) return { ...NO_PROFILE, ...range }
  const sorted = points.map(({ value }) => value).toSorted((a, b) => a - b)
  const quantile = (share: number): number => round(sorted[Math.ceil(share * sorted.length) - 1]!)
  return {
    from: first.at,
    to: range.to,
    samples: points.length,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p95: quantile(0.95),
    p995: quantile(0.995),
    max: quantile(1),
    byHourOfWeek: statistic === 'Maximum' ? peaks(points) : means(points),
  }
}

/** A job of five minutes hides in the mean of its hour. */
function peaks(points: readonly MetricPoint[]): readonly Known<number>[] {
  const found = Array.from({ length: HOURS_A_WEEK }, (): Known<number> => null)
  for (const { at, value } of points) {
    const hour = hourOfWeek(at)
    found[hour] = Math.max(found[hour] ?? -Infinity, round(value))
  }
  return found
}

function means(points: readonly MetricPoint[]): readonly Known<number>[] {
  const sums = new Float64Array(HOURS_A_WEEK)
  const counts = new Float64Array(HOURS_A_WEEK)
  for (const { at, value } of points) {
    const hour = hourOfWeek(at)
    sums[hour]! += value
    counts[hour]! += 1
  }
  return Array.from(sums, (sum, hour) => (counts[hour] === 0 ? null : round(sum / counts[hour]!)))
}

/** Six digits: the rest is noise, and is kept for every resource. */
const round = (value: number): number => Number(value.toPrecision(6))
