// deriv and predict_linear: a straight line through the window by least squares.
import type { Kernel, Points } from './kernel.ts'
import { timeAt } from './frame.ts'

interface Line {
  readonly slope: number
  /** The line's value at the reference time. */
  readonly intercept: number
}

/** Sums are compensated (Kahan, Neumaier): x and x² grow fast against their differences. */
class Sum {
  #total = 0
  #c = 0

  add(value: number): void {
    const t = this.#total + value
    if (Math.abs(t) === Number.POSITIVE_INFINITY) this.#c = 0
    else if (Math.abs(this.#total) >= Math.abs(value)) this.#c += this.#total - t + value
    else this.#c += value - t + this.#total
    this.#total = t
  }

  get value(): number {
    return this.#total + this.#c
  }
}

function fit({ times, values }: Points, lo: number, hi: number, at: number): Line {
  const [sumX, sumY, sumXY, sumX2] = [new Sum(), new Sum(), new Sum(), new Sum()]
  let constant = true
  for (let i = lo; i < hi; i++) {
    const x = (times[i]! - at) / 1000
    const y = values[i]!
    if (y !== values[lo]! && i > lo) constant = false
    sumX.add(x)
    sumY.add(y)
    sumXY.add(x * y)
    sumX2.add(x * x)
  }
  if (constant) {
    const y = values[lo]!
    return Math.abs(y) === Number.POSITIVE_INFINITY
      ? { slope: Number.NaN, intercept: Number.NaN }
      : { slope: 0, intercept: y }
  }
  const n = hi - lo
  const slope = (sumXY.value - (sumX.value * sumY.value) / n) / (sumX2.value - (sumX.value * sumX.value) / n)
  return { slope, intercept: sumY.value / n - (slope * sumX.value) / n }
}

export const deriv: Kernel = (points, { lo, hi }, { steps }, values, present, row) => {
  let count = 0
  for (let i = 0; i < steps; i++) {
    if (hi[i]! - lo[i]! < 2) continue
    values[row + i] = fit(points, lo[i]!, hi[i]!, points.times[lo[i]!]!).slope
    present[row + i] = 1
    count++
  }
  return count
}

export const predictLinear: Kernel = (points, { lo, hi }, { steps, frame, args }, values, present, row) => {
  let count = 0
  for (let i = 0; i < steps; i++) {
    if (hi[i]! - lo[i]! < 2) continue
    const { slope, intercept } = fit(points, lo[i]!, hi[i]!, timeAt(frame.grid, i))
    values[row + i] = slope * args[0]![i]! + intercept
    present[row + i] = 1
    count++
  }
  return count
}
