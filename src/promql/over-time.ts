// The *_over_time family and its relatives: what a window holds, counted, summed, compared.
import { QueryError } from './errors.ts'
import { formatPlain } from './go.ts'
import type { Kernel, Points } from './kernel.ts'
import { quantileOfSorted, sortValues } from './quantile.ts'
import { overlaps, slidingExtreme, slidingSums } from './sliding.ts'

/** A kernel from a function of the window's samples `lo … hi-1`; windows without samples have no value. */
const each =
  (of: (points: Points, lo: number, hi: number) => number, least = 1): Kernel =>
  (points, { lo, hi }, { steps }, values, present, row) => {
    let count = 0
    for (let i = 0; i < steps; i++) {
      if (hi[i]! - lo[i]! < least) continue
      values[row + i] = of(points, lo[i]!, hi[i]!)
      present[row + i] = 1
      count++
    }
    return count
  }

export const countOverTime = each((_, lo, hi) => hi - lo)
export const presentOverTime = each(() => 1)
export const lastOverTime = each(({ values }, _, hi) => values[hi - 1]!)
export const firstOverTime = each(({ values }, lo) => values[lo]!)
export const tsOfLast = each(({ times }, _, hi) => times[hi - 1]! / 1000)
export const tsOfFirst = each(({ times }, lo) => times[lo]! / 1000)

/** Kahan's sum with Neumaier's improvement. */
function sum(values: Float64Array, lo: number, hi: number): number {
  let total = 0
  let c = 0
  for (let i = lo; i < hi; i++) {
    const value = values[i]!
    const t = total + value
    if (t === Number.POSITIVE_INFINITY || t === Number.NEGATIVE_INFINITY) c = 0
    else if (Math.abs(total) >= Math.abs(value)) c += total - t + value
    else c += value - t + total
    total = t
  }
  return Math.abs(total) === Number.POSITIVE_INFINITY ? total : total + c
}

/** The mean as sum / count while the sum does not overflow, as a running mean from there on. */
function average(values: Float64Array, lo: number, hi: number): number {
  let total = values[lo]!
  let c = 0
  let mean = 0
  let running = false
  for (let i = lo + 1; i < hi; i++) {
    const count = i - lo + 1
    const share = (count - 1) / count
    const add = running ? values[i]! / count : values[i]!
    const base = running ? share * mean : total
    const carry = running ? share * c : c
    const t = base + add
    const infinite = Math.abs(t) === Number.POSITIVE_INFINITY
    if (infinite && !running) {
      running = true
      mean = total / (count - 1)
      c /= count - 1
      i--
      continue
    }
    c = infinite ? 0 : carry + (Math.abs(base) >= Math.abs(add) ? base - t + add : add - t + base)
    if (running) mean = t
    else total = t
  }
  const count = hi - lo
  return running ? mean + c : total / count + c / count
}

const directSum = each(({ values }, lo, hi) => sum(values, lo, hi))
const directAverage = each(({ values }, lo, hi) => average(values, lo, hi))

export const sumOverTime: Kernel = (points, windows, call, values, present, row) =>
  overlaps(points, windows)
    ? slidingSums(points, windows, values, present, row, (total, c) =>
        Math.abs(total) === Number.POSITIVE_INFINITY ? total : total + c,
      )
    : directSum(points, windows, call, values, present, row)

export const avgOverTime: Kernel = (points, windows, call, values, present, row) =>
  overlaps(points, windows)
    ? slidingSums(points, windows, values, present, row, (total, c, lo, hi) =>
        Math.abs(total) === Number.POSITIVE_INFINITY
          ? average(points.values, lo, hi)
          : total / (hi - lo) + c / (hi - lo),
      )
    : directAverage(points, windows, call, values, present, row)

/** NaN counts only where there is nothing else. */
function extreme(values: Float64Array, lo: number, hi: number, sign: 1 | -1): number {
  let best = values[lo]!
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i]!
    if (sign * value > sign * best || Number.isNaN(best)) best = value
  }
  return best
}

const extremeOverTime =
  (sign: 1 | -1): Kernel =>
  (points, windows, call, values, present, row) =>
    overlaps(points, windows)
      ? slidingExtreme(points, windows, values, present, row, sign)
      : each((of, lo, hi) => extreme(of.values, lo, hi, sign))(points, windows, call, values, present, row)

export const maxOverTime = extremeOverTime(1)
export const minOverTime = extremeOverTime(-1)

/** The newest of equals. */
const tsOfExtreme = (sign: 1 | -1): Kernel =>
  each(({ times, values }, lo, hi) => {
    let best = values[lo]!
    let at = times[lo]!
    for (let i = lo; i < hi; i++) {
      const value = values[i]!
      if (!(sign * value >= sign * best || Number.isNaN(best))) continue
      best = value
      at = times[i]!
    }
    return at / 1000
  })

export const tsOfMax = tsOfExtreme(1)
export const tsOfMin = tsOfExtreme(-1)

function variance(values: Float64Array, lo: number, hi: number): number {
  let mean = 0
  let cMean = 0
  let aux = 0
  let cAux = 0
  for (let i = lo; i < hi; i++) {
    const value = values[i]!
    const add = (value - (mean + cMean)) / (i - lo + 1)
    const delta = value - (mean + cMean)
    const m = mean + add
    if (Math.abs(m) === Number.POSITIVE_INFINITY) cMean = 0
    else cMean += Math.abs(mean) >= Math.abs(add) ? mean - m + add : add - m + mean
    mean = m
    const square = delta * (value - (mean + cMean))
    const a = aux + square
    if (Math.abs(a) === Number.POSITIVE_INFINITY) cAux = 0
    else cAux += Math.abs(aux) >= Math.abs(square) ? aux - a + square : square - a + aux
    aux = a
  }
  return (aux + cAux) / (hi - lo)
}

export const stdvarOverTime = each(({ values }, lo, hi) => variance(values, lo, hi))
export const stddevOverTime = each(({ values }, lo, hi) => Math.sqrt(variance(values, lo, hi)))

/** Median of the distances from the median; NaN where a sample is NaN. */
export const madOverTime = each(({ values }, lo, hi) => {
  const window = values.slice(lo, hi)
  if (window.some(Number.isNaN)) return Number.NaN
  const median = quantileOfSorted(0.5, sortValues(window))
  return quantileOfSorted(0.5, sortValues(window.map((value) => Math.abs(value - median))))
})

export const quantileOverTime: Kernel = (points, { lo, hi }, call, values, present, row) => {
  let count = 0
  for (let i = 0; i < call.steps; i++) {
    if (hi[i]! === lo[i]!) continue
    const q = call.args[0]![i]!
    if (!(q >= 0 && q <= 1)) call.frame.notes.invalidQuantile(q, call.span)
    values[row + i] = quantileOfSorted(q, sortValues(points.values.slice(lo[i]!, hi[i]!)))
    present[row + i] = 1
    count++
  }
  return count
}

/** Prefix counts of what happens between a sample and the one before it. */
const between =
  (happens: (before: number, after: number, points: Points, i: number) => boolean): Kernel =>
  (points, { lo, hi }, { steps }, values, present, row) => {
    const { values: all } = points
    const until = new Int32Array(all.length)
    for (let i = 1; i < all.length; i++)
      until[i] = until[i - 1]! + (happens(all[i - 1]!, all[i]!, points, i) ? 1 : 0)
    let count = 0
    for (let i = 0; i < steps; i++) {
      if (hi[i]! === lo[i]!) continue
      values[row + i] = until[hi[i]! - 1]! - until[lo[i]!]!
      present[row + i] = 1
      count++
    }
    return count
  }

export const changed = (before: number, after: number): boolean =>
  after !== before && !(Number.isNaN(after) && Number.isNaN(before))

export const changes = between(changed)
export const resets = between(
  (before, after, points, i) => after < before || (points.starts !== null && startsAnew(points, i)),
)

/**
 * Whether sample i began a new count, by its start time: it started after the sample before it, or exactly there
 * and that one had a known start of its own (a delta, not a counter of unknown start).
 */
export function startsAnew({ times, starts }: Points, i: number): boolean {
  const start = starts![i]!
  const before = times[i - 1]!
  if (start === 0 || start >= times[i]! || start < before) return false
  if (start > before) return true
  const startBefore = starts![i - 1]!
  return startBefore <= before && startBefore !== 0 && startBefore !== before
}

export const doubleExponentialSmoothing: Kernel = (points, { lo, hi }, call, values, present, row) => {
  const { values: all } = points
  let count = 0
  for (let i = 0; i < call.steps; i++) {
    if (hi[i]! === lo[i]!) continue
    const [smoothing, trend] = [call.args[0]![i]!, call.args[1]![i]!]
    checkFactor('smoothing', 'sf', smoothing)
    checkFactor('trend', 'tf', trend)
    if (hi[i]! - lo[i]! < 2) continue
    let before = 0
    let level = all[lo[i]!]!
    let slope = all[lo[i]! + 1]! - all[lo[i]!]!
    for (let k = lo[i]! + 1; k < hi[i]!; k++) {
      const observed = smoothing * all[k]!
      if (k > lo[i]! + 1) slope = trend * (level - before) + (1 - trend) * slope
      const expected = (1 - smoothing) * (level + slope)
      before = level
      level = observed + expected
    }
    values[row + i] = level
    present[row + i] = 1
    count++
  }
  return count
}

function checkFactor(name: string, short: string, value: number): void {
  if (!(value > 0 && value < 1))
    throw new QueryError(
      'execution',
      `invalid ${name} factor. Expected: 0 < ${short} < 1, got: ${formatPlain(value)}`,
    )
}
