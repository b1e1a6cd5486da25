// rate, increase, delta, irate, idelta: what a counter or gauge did in a window, extrapolated to its ends.
import type { Kernel, Points, RangeCall } from './kernel.ts'
import { startsAnew } from './over-time.ts'

/** A series counts as covering the window's end when its first sample is at most this much of a usual gap away. */
const EXTRAPOLATION = 1.1

export const rate = extrapolated(true, true)
export const increase = extrapolated(true, false)
export const delta = extrapolated(false, false)

function extrapolated(isCounter: boolean, isRate: boolean): Kernel {
  return (points, { lo, hi }, call, values, present, row) => {
    const { times, values: all } = points
    const starts = isCounter ? points.starts : null
    const resetAt = isCounter ? findResets(points, call) : []
    const { reference, range, steps } = call
    let nextReset = 0
    let count = 0
    for (let i = 0, end = reference.first; i < steps; i++, end += reference.step) {
      const [from, to] = [lo[i]!, hi[i]! - 1]
      if (to < from) continue
      const start = starts?.[from] ?? 0
      // A start time inside the window is a sample of zero: nothing needs to be guessed on that side.
      const startsInside = start !== 0 && start > end - range && start < times[from]!
      if (to === from && !startsInside) continue
      while (nextReset < resetAt.length && resetAt[nextReset]! <= from) nextReset++
      let grown = all[to]! - all[from]!
      for (let r = nextReset; r < resetAt.length && resetAt[r]! <= to; r++) grown += all[resetAt[r]! - 1]!
      const factor = startsInside
        ? fromStart(points, from, to, start, end)
        : bothEnds(points, from, to, end - range, end, isCounter ? grown : 0)
      if (startsInside) grown += all[from]!
      values[row + i] = grown * (isRate ? factor / (range / 1000) : factor)
      present[row + i] = 1
      count++
    }
    return count
  }
}

/** Indexes of samples at which the counter had started anew. */
function findResets(points: Points, call: RangeCall): number[] {
  const { times, values, starts } = points
  const found: number[] = []
  for (let i = 1; i < values.length; i++) {
    if (values[i]! < values[i - 1]! || (starts !== null && startsAnew(points, i))) found.push(i)
    if (starts === null) continue
    const start = starts[i]!
    if (start !== 0 && start < times[i - 1]! && start !== starts[i - 1]!)
      call.frame.notes.startTimeOverlap(call.name(), call.span)
  }
  return found
}

/** By how much the samples' growth is to be stretched to stand for the window; `grown` > 0 only for counters. */
function bothEnds(
  { times, values }: Points,
  from: number,
  to: number,
  start: number,
  end: number,
  grown: number,
): number {
  const sampled = (times[to]! - times[from]!) / 1000
  const gap = sampled / (to - from)
  const threshold = gap * EXTRAPOLATION
  let toStart = (times[from]! - start) / 1000
  let toEnd = (end - times[to]!) / 1000
  if (toStart >= threshold) toStart = gap / 2
  if (grown > 0 && values[from]! >= 0) {
    // Counters cannot have been negative: no further back than where the line meets zero.
    const toZero = sampled * (values[from]! / grown)
    if (toZero < toStart) toStart = toZero
  }
  if (toEnd >= threshold) toEnd = gap / 2
  return sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled
}

function fromStart({ times }: Points, from: number, to: number, start: number, end: number): number {
  const sampled = (times[to]! - start) / 1000
  const gap = to === from ? 0 : (times[to]! - times[from]!) / 1000 / (to - from)
  const toEnd = (end - times[to]!) / 1000
  return (sampled + (toEnd >= gap * EXTRAPOLATION ? gap / 2 : toEnd)) / sampled
}

/** The last two samples only. */
const lastTwo =
  (isRate: boolean): Kernel =>
  (points, { lo, hi }, { steps }, values, present, row) => {
    const { times, values: all } = points
    let count = 0
    for (let i = 0; i < steps; i++) {
      const last = hi[i]! - 1
      if (last <= lo[i]!) continue
      const interval = times[last]! - times[last - 1]!
      if (interval === 0) continue
      const anew =
        isRate && (all[last]! < all[last - 1]! || (points.starts !== null && startsAnew(points, last)))
      const grown = anew ? all[last]! : all[last]! - all[last - 1]!
      values[row + i] = isRate ? grown / (interval / 1000) : grown
      present[row + i] = 1
      count++
    }
    return count
  }

export const irate = lastTwo(true)
export const idelta = lastTwo(false)

const COUNTER_NAME = /_(total|sum|count|bucket)$/

/** rate and increase of something that does not look like a counter. */
export function annotateNonCounter(name: string, call: RangeCall): void {
  if (name !== '' && !COUNTER_NAME.test(name)) call.frame.notes.possibleNonCounter(name, call.span)
}
