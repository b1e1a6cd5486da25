// Functions that map each value of an instant vector, perhaps with scalars: abs, clamp, round, hour…
import { maskOf, mergeDuplicates, nameDropper, newBlock } from './block.ts'
import type { Block } from './block.ts'
import { timeAt } from './frame.ts'
import { EMPTY } from './labels.ts'
import type { ScalarOf, VectorOf } from './compiler.ts'

const degrees = 180 / Math.PI

export const MATH: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (value) => value * degrees,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  rad: (value) => (value * Math.PI) / 180,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
}

const utc = (seconds: number): Date => new Date(Math.trunc(seconds) * 1000)
const DAY = 86_400_000

/** Calendar functions of a time in seconds. Beyond JavaScript's calendar (year 275760) they are NaN. */
export const CALENDAR: Readonly<Record<string, (seconds: number) => number>> = {
  day_of_month: (seconds) => utc(seconds).getUTCDate(),
  day_of_week: (seconds) => utc(seconds).getUTCDay(),
  day_of_year: (seconds) => {
    const date = utc(seconds)
    return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY) + 1
  },
  days_in_month: (seconds) => {
    const date = utc(seconds)
    return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  },
  hour: (seconds) => utc(seconds).getUTCHours(),
  minute: (seconds) => utc(seconds).getUTCMinutes(),
  month: (seconds) => utc(seconds).getUTCMonth() + 1,
  year: (seconds) => utc(seconds).getUTCFullYear(),
}

/** The block's values where they may be written, else a copy. */
export const writable = (block: Block): Float64Array => (block.shared ? block.values.slice() : block.values)

/** Applies `of` to every value; the result is not the metric any more. */
export function mapValues(inner: VectorOf, of: (value: number) => number, delayed: boolean): VectorOf {
  const dropName = nameDropper(delayed)
  return (frame) => {
    const block = inner(frame)
    const values = writable(block)
    for (let i = 0; i < values.length; i++) values[i] = of(values[i]!)
    return mergeDuplicates({ ...block, shape: dropName(block.shape), values }, frame)
  }
}

/** The same with scalar arguments, one value of each a step. */
export function mapWithScalars(
  inner: VectorOf,
  args: readonly ScalarOf[],
  of: (value: number, args: readonly number[]) => number,
  delayed: boolean,
): VectorOf {
  const dropName = nameDropper(delayed)
  return (frame) => {
    const block = inner(frame)
    const { steps } = frame.grid
    const scalars = args.map((arg) => arg(frame))
    const values = writable(block)
    for (let step = 0; step < steps; step++) {
      const at = scalars.map((scalar) => scalar[step]!)
      for (let i = step; i < values.length; i += steps) values[i] = of(values[i]!, at)
    }
    return mergeDuplicates({ ...block, shape: dropName(block.shape), values }, frame)
  }
}

/** round: to the nearest multiple, ties up; by the inverse, which loses less. */
export const roundTo = (value: number, [nearest = 1]: readonly number[]): number => {
  const inverse = 1 / nearest
  return Math.floor(value * inverse + 0.5) / inverse
}

/** clamp leaves nothing where its bounds exclude each other. */
export function clamp(inner: VectorOf, low: ScalarOf, high: ScalarOf, delayed: boolean): VectorOf {
  const bounded = mapWithScalars(
    inner,
    [low, high],
    (value, [min, max]) => Math.max(min!, Math.min(max!, value)),
    delayed,
  )
  return (frame) => {
    const block = bounded(frame)
    const [min, max] = [low(frame), high(frame)]
    const { steps } = frame.grid
    if (!min.some((value, step) => max[step]! < value)) return block
    const present = maskOf(block)
    for (let i = 0; i < present.length; i++) if (max[i % steps]! < min[i % steps]!) present[i] = 0
    return { ...block, present }
  }
}

/** A vector of one series without labels. */
export const singleSeries = { metrics: [EMPTY], drop: null }

export const vectorOf =
  (scalar: ScalarOf): VectorOf =>
  (frame) => {
    const block = newBlock(singleSeries, frame.grid.steps, frame.budget, false)
    block.values.set(scalar(frame))
    return block
  }

/** The value of the only series, NaN where there is none or more than one. */
export const scalarOf =
  (inner: VectorOf): ScalarOf =>
  (frame) => {
    const { values, present } = inner(frame)
    const { steps } = frame.grid
    return Float64Array.from({ length: steps }, (_, step) => {
      let only = Number.NaN
      let seen = 0
      for (let i = step; i < values.length; i += steps) {
        if (present !== null && present[i] === 0) continue
        only = values[i]!
        seen++
      }
      return seen === 1 ? only : Number.NaN
    })
  }

export const constant =
  (value: number): ScalarOf =>
  (frame) =>
    new Float64Array(frame.grid.steps).fill(value)

export const timeOf: ScalarOf = ({ grid }) =>
  Float64Array.from({ length: grid.steps }, (_, step) => timeAt(grid, step) / 1000)
