// Windows that overlap from step to step, advanced by the samples that come and go instead of read anew.
import type { Points, Windows } from './kernel.ts'

/** Reading each window anew would read every sample about this often. */
const WORTH_SLIDING = 3

export function overlaps({ times }: Points, { lo, hi }: Windows): boolean {
  let reads = 0
  for (let i = 0; i < lo.length; i++) reads += hi[i]! - lo[i]!
  return reads > WORTH_SLIDING * times.length
}

/**
 * Compensated sums of sliding windows without ever subtracting: what leaves a window would take its rounding and
 * its infinities with it. A window is the tail of a front part, whose suffix sums are ready, and a back part that
 * grows; when the front is used up, the back becomes the front.
 */
export function slidingSums(
  { values: all }: Points,
  { lo, hi }: Windows,
  values: Float64Array,
  present: Uint8Array,
  row: number,
  finish: (sum: number, compensation: number, lo: number, hi: number) => number,
): number {
  const frontSums = new Float64Array(all.length + 1)
  const frontCs = new Float64Array(all.length + 1)
  let middle = 0
  let end = 0
  let back = 0
  let backC = 0
  let count = 0
  for (let i = 0; i < lo.length; i++) {
    const [from, to] = [lo[i]!, hi[i]!]
    if (to === from) continue
    if (from >= middle) {
      middle = to
      end = to
      back = 0
      backC = 0
      frontSums[to] = 0
      frontCs[to] = 0
      for (let k = to - 1; k >= from; k--) {
        frontSums[k] = frontSums[k + 1]! + all[k]!
        frontCs[k] = compensate(frontSums[k + 1]!, all[k]!, frontSums[k]!, frontCs[k + 1]!)
      }
    }
    for (; end < to; end++) {
      const t = back + all[end]!
      backC = compensate(back, all[end]!, t, backC)
      back = t
    }
    const total = frontSums[from]! + back
    const c = compensate(frontSums[from]!, back, total, frontCs[from]! + backC)
    values[row + i] = finish(total, c, from, to)
    present[row + i] = 1
    count++
  }
  return count
}

/** The compensation after a + b = t. */
function compensate(a: number, b: number, t: number, c: number): number {
  if (t === Number.POSITIVE_INFINITY || t === Number.NEGATIVE_INFINITY) return 0
  return c + (Math.abs(a) >= Math.abs(b) ? a - t + b : b - t + a)
}

/** Largest (sign 1) or smallest (-1) value of sliding windows: a queue of those that can still become it. */
export function slidingExtreme(
  { values: all }: Points,
  { lo, hi }: Windows,
  values: Float64Array,
  present: Uint8Array,
  row: number,
  sign: 1 | -1,
): number {
  const queue = new Int32Array(all.length)
  let head = 0
  let tail = 0
  let end = 0
  let count = 0
  for (let i = 0; i < lo.length; i++) {
    const [from, to] = [lo[i]!, hi[i]!]
    for (; end < to; end++) {
      const value = all[end]!
      if (Number.isNaN(value)) continue
      while (tail > head && sign * all[queue[tail - 1]!]! <= sign * value) tail--
      queue[tail++] = end
    }
    while (head < tail && queue[head]! < from) head++
    if (to === from) continue
    values[row + i] = head < tail ? all[queue[head]!]! : Number.NaN
    present[row + i] = 1
    count++
  }
  return count
}
