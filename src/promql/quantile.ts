// Quantiles: of samples, and of the buckets of a classic histogram.

/** Ascending, NaN first: Prometheus counts NaN as the smallest of all. */
export function sortValues(values: Float64Array): Float64Array {
  values.sort()
  let nans = 0
  for (let i = values.length - 1; i >= 0 && Number.isNaN(values[i]!); i--) nans++
  if (nans === 0 || nans === values.length) return values
  values.copyWithin(nans, 0, values.length - nans)
  values.fill(Number.NaN, 0, nans)
  return values
}

export function quantileOfSorted(q: number, sorted: Float64Array): number {
  const n = sorted.length
  if (n === 0 || Number.isNaN(q)) return Number.NaN
  if (q < 0) return Number.NEGATIVE_INFINITY
  if (q > 1) return Number.POSITIVE_INFINITY
  const rank = q * (n - 1)
  const lower = Math.max(0, Math.floor(rank))
  const upper = Math.min(n - 1, lower + 1)
  const weight = rank - Math.floor(rank)
  return sorted[lower]! * (1 - weight) + sorted[upper]! * weight
}

/** Cumulative buckets by ascending upper bound; reused from call to call. */
export interface Buckets {
  readonly bounds: Float64Array
  readonly counts: Float64Array
  length: number
}

export const newBuckets = (room: number): Buckets => ({
  bounds: new Float64Array(room),
  counts: new Float64Array(room),
  length: 0,
})

/** What had to be mended before a quantile could be read. */
export interface Mended {
  forced: boolean
  minBucket: number
  maxBucket: number
  maxDiff: number
}

/** Relative difference below which counts are equal but for rounding. */
const SMALL_DELTA = 1e-12
const MIN_NORMAL = 2.2250738585072014e-308

function almostEqual(a: number, b: number): boolean {
  if (a === b) return true
  const size = Math.abs(a) + Math.abs(b)
  const diff = Math.abs(a - b)
  if (a === 0 || b === 0 || size < MIN_NORMAL) return diff < SMALL_DELTA * MIN_NORMAL
  return diff / Math.min(size, Number.MAX_VALUE) < SMALL_DELTA
}

/** Adds a bucket; one of the same bound as the last is counted into it. */
export function addBucket(buckets: Buckets, bound: number, count: number): void {
  const last = buckets.length - 1
  if (last >= 0 && buckets.bounds[last] === bound) buckets.counts[last]! += count
  else {
    buckets.bounds[buckets.length] = bound
    buckets.counts[buckets.length] = count
    buckets.length += 1
  }
}

/** Counts must not fall from bucket to bucket: small falls are rounding, large ones are reported. */
function forceMonotonicity({ bounds, counts, length }: Buckets): Mended {
  const mended = {
    forced: false,
    minBucket: Number.POSITIVE_INFINITY,
    maxBucket: Number.NEGATIVE_INFINITY,
    maxDiff: 0,
  }
  let before = counts[0]!
  for (let i = 1; i < length; i++) {
    const count = counts[i]!
    if (count === before) continue
    if (almostEqual(before, count)) counts[i] = before
    else if (count < before) {
      counts[i] = before
      mended.forced = true
      mended.minBucket = Math.min(mended.minBucket, bounds[i]!)
      mended.maxBucket = Math.max(mended.maxBucket, bounds[i]!)
      mended.maxDiff = Math.max(mended.maxDiff, before - count)
    } else before = count
  }
  return mended
}

/** The quantile of a classic histogram, linear within a bucket; tells `report` where buckets had to be mended. */
export function bucketQuantile(q: number, buckets: Buckets, report: (mended: Mended) => void): number {
  if (Number.isNaN(q)) return Number.NaN
  if (q < 0) return Number.NEGATIVE_INFINITY
  if (q > 1) return Number.POSITIVE_INFINITY
  const { bounds, counts, length } = buckets
  if (bounds[length - 1] !== Number.POSITIVE_INFINITY) return Number.NaN
  const mended = forceMonotonicity(buckets)
  if (mended.forced) report(mended)
  const observations = counts[length - 1]!
  if (length < 2 || observations === 0) return Number.NaN
  let rank = q * observations
  let b = 0
  while (b < length - 1 && !(counts[b]! >= rank)) b++
  if (b === length - 1) return bounds[length - 2]!
  if (b === 0 && bounds[0]! <= 0) return bounds[0]!
  const start = b > 0 ? bounds[b - 1]! : 0
  const below = b > 0 ? counts[b - 1]! : 0
  rank -= below
  return start + (bounds[b]! - start) * (rank / (counts[b]! - below))
}

/** The share of observations between two values, linear within a bucket. */
export function bucketFraction(lower: number, upper: number, { bounds, counts, length }: Buckets): number {
  if (bounds[length - 1] !== Number.POSITIVE_INFINITY) return Number.NaN
  const total = counts[length - 1]!
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN
  if (lower >= upper) return 0
  /** How many observations are below a value; a bucket without an end tells nothing about its inside. */
  const below = (value: number): number => {
    let rank = 0
    for (let i = 0; i < length; i++) {
      const start = i > 0 ? bounds[i - 1]! : bounds[0]! <= 0 ? Number.NEGATIVE_INFINITY : 0
      if (start >= value) return rank
      if (bounds[i]! > value) {
        if (start === Number.NEGATIVE_INFINITY) return counts[i]!
        return rank + ((counts[i]! - rank) * (value - start)) / (bounds[i]! - start)
      }
      rank = counts[i]!
    }
    return total
  }
  return (Math.min(below(upper), total) - Math.min(below(lower), total)) / total
}
