// sum, avg, count, min, max, group, stddev, stdvar, quantile: many series of a group become one.
import type { Aggregate } from './ast.ts'
import { NAME } from './ast.ts'
import { newBlock, perShape } from './block.ts'
import type { Block, Shape } from './block.ts'
import type { Frame } from './frame.ts'
import { EMPTY, keepLabels } from './labels.ts'
import type { Metric } from './labels.ts'
import { quantileOfSorted, sortValues } from './quantile.ts'

export interface Groups {
  /** Per input row its group. */
  readonly of: Int32Array
  /** One row a group. */
  readonly shape: Shape
}

/** Groups of a shape by the labels that `by` names, or all but those that `without` names. */
export function grouper(grouping: readonly string[], without: boolean): (shape: Shape) => Groups {
  const names = new Set(grouping)
  const groupOf = without
    ? (metric: Metric) => keepLabels(metric, (name) => name !== NAME && !names.has(name))
    : names.size === 0
      ? () => EMPTY
      : (metric: Metric) => keepLabels(metric, (name) => names.has(name))
  return perShape((shape) => {
    const numbers = new Map<string, number>()
    const of = new Int32Array(shape.metrics.length)
    const metrics: Metric[] = []
    const drop: boolean[] = []
    for (const [row, metric] of shape.metrics.entries()) {
      const group = groupOf(metric)
      let number = numbers.get(group.key)
      if (number === undefined) {
        number = metrics.length
        numbers.set(group.key, number)
        metrics.push(group)
        drop.push(false)
      }
      of[row] = number
      if (shape.drop?.[row]) drop[number] = true
    }
    return { of, shape: { metrics, drop: drop.includes(true) ? drop : null } }
  })
}

/** One aggregation over columns: all rows of the input are folded into the rows of their groups. */
type Fold = (input: Block, groups: Groups, out: Block, steps: number, frame: Frame) => void

const FOLDS: Readonly<Record<string, Fold>> = {
  sum: foldSum,
  avg: foldAverage,
  count: foldCount,
  group: foldGroup,
  min: (input, groups, out, steps) => foldExtreme(input, groups, out, steps, -1),
  max: (input, groups, out, steps) => foldExtreme(input, groups, out, steps, 1),
  stddev: (input, groups, out, steps) => foldVariance(input, groups, out, steps, Math.sqrt),
  stdvar: (input, groups, out, steps) => foldVariance(input, groups, out, steps, (variance) => variance),
}

export function aggregation(
  { op, grouping, without }: Aggregate,
  inner: (frame: Frame) => Block,
): (frame: Frame) => Block {
  const groupsOf = grouper(grouping, without)
  const fold = FOLDS[op]!
  return (frame) => {
    const input = inner(frame)
    const groups = groupsOf(input.shape)
    const { steps } = frame.grid
    const out = newBlock(groups.shape, steps, frame.budget, true)
    fold(input, groups, out, steps, frame)
    return out.present!.includes(0) ? out : { ...out, present: null }
  }
}

function foldSum({ values, present }: Block, { of }: Groups, out: Block, steps: number, frame: Frame): void {
  const [sums, seen] = [out.values, out.present!]
  const carry = new Float64Array(sums.length)
  for (let row = 0, i = 0; row < of.length; row++) {
    frame.budget.turn()
    for (let k = of[row]! * steps, end = k + steps; k < end; k++, i++) {
      if (present !== null && present[i] === 0) continue
      const value = values[i]!
      if (seen[k] === 0) {
        seen[k] = 1
        sums[k] = value
        continue
      }
      const sum = sums[k]!
      const t = sum + value
      if (t === Number.POSITIVE_INFINITY || t === Number.NEGATIVE_INFINITY) carry[k] = 0
      else carry[k]! += Math.abs(sum) >= Math.abs(value) ? sum - t + value : value - t + sum
      sums[k] = t
    }
  }
  for (let k = 0; k < sums.length; k++) sums[k]! += carry[k]!
}

/** sum / count, and a running mean from where the sum would overflow. */
function foldAverage(
  { values, present }: Block,
  { of }: Groups,
  out: Block,
  steps: number,
  frame: Frame,
): void {
  const [means, seen] = [out.values, out.present!]
  const carry = new Float64Array(means.length)
  const counts = new Float64Array(means.length)
  const running = new Uint8Array(means.length)
  for (let row = 0, i = 0; row < of.length; row++) {
    frame.budget.turn()
    for (let k = of[row]! * steps, end = k + steps; k < end; k++, i++) {
      if (present !== null && present[i] === 0) continue
      const value = values[i]!
      const count = ++counts[k]!
      if (seen[k] === 0) {
        seen[k] = 1
        means[k] = value
        continue
      }
      const sum = means[k]!
      const t = sum + value
      if (running[k] === 0 && t !== Number.POSITIVE_INFINITY && t !== Number.NEGATIVE_INFINITY) {
        carry[k]! += Math.abs(sum) >= Math.abs(value) ? sum - t + value : value - t + sum
        means[k] = t
        continue
      }
      if (running[k] === 0) {
        running[k] = 1
        means[k]! /= count - 1
        carry[k]! /= count - 1
      }
      const share = (count - 1) / count
      const [base, add] = [share * means[k]!, value / count]
      const mean = base + add
      carry[k] =
        Math.abs(mean) === Number.POSITIVE_INFINITY
          ? 0
          : share * carry[k]! + (Math.abs(base) >= Math.abs(add) ? base - mean + add : add - mean + base)
      means[k] = mean
    }
  }
  for (let k = 0; k < means.length; k++)
    means[k] = running[k] === 1 ? means[k]! + carry[k]! : means[k]! / counts[k]! + carry[k]! / counts[k]!
}

function foldCount({ present }: Block, { of }: Groups, out: Block, steps: number): void {
  const [counts, seen] = [out.values, out.present!]
  for (let row = 0, i = 0; row < of.length; row++)
    for (let k = of[row]! * steps, end = k + steps; k < end; k++, i++) {
      if (present !== null && present[i] === 0) continue
      counts[k]! += 1
      seen[k] = 1
    }
}

function foldGroup(input: Block, groups: Groups, out: Block, steps: number): void {
  foldCount(input, groups, out, steps)
  out.values.fill(1)
}

/** NaN counts only where there is nothing else. */
function foldExtreme(
  { values, present }: Block,
  { of }: Groups,
  out: Block,
  steps: number,
  sign: 1 | -1,
): void {
  const [best, seen] = [out.values, out.present!]
  for (let row = 0, i = 0; row < of.length; row++)
    for (let k = of[row]! * steps, end = k + steps; k < end; k++, i++) {
      if (present !== null && present[i] === 0) continue
      const value = values[i]!
      if (seen[k] === 0 || sign * value > sign * best[k]! || Number.isNaN(best[k]!)) best[k] = value
      seen[k] = 1
    }
}

/** Welford's running variance. */
function foldVariance(
  { values, present }: Block,
  { of }: Groups,
  out: Block,
  steps: number,
  finish: (variance: number) => number,
): void {
  const [squares, seen] = [out.values, out.present!]
  const means = new Float64Array(squares.length)
  const counts = new Float64Array(squares.length)
  for (let row = 0, i = 0; row < of.length; row++)
    for (let k = of[row]! * steps, end = k + steps; k < end; k++, i++) {
      if (present !== null && present[i] === 0) continue
      const value = values[i]!
      const count = ++counts[k]!
      if (seen[k] === 0) {
        seen[k] = 1
        means[k] = value
        squares[k] = Number.isFinite(value) ? 0 : Number.NaN
        continue
      }
      const delta = value - means[k]!
      means[k]! += delta / count
      squares[k]! += delta * (value - means[k]!)
    }
  for (let k = 0; k < squares.length; k++) squares[k] = finish(squares[k]! / counts[k]!)
}

/** quantile by …(q, v): q may differ from step to step. */
export function quantileAggregation(
  { grouping, without, param }: Aggregate,
  q: (frame: Frame) => Float64Array,
  inner: (frame: Frame) => Block,
): (frame: Frame) => Block {
  const groupsOf = grouper(grouping, without)
  const membersOf = perShape((shape) => membersOfGroups(groupsOf(shape)))
  return (frame) => {
    const quantiles = q(frame)
    for (const value of quantiles)
      if (!(value >= 0 && value <= 1)) frame.notes.invalidQuantile(value, param!.span)
    const { shape, values, present } = inner(frame)
    const { steps } = frame.grid
    const members = membersOf(shape)
    const out = newBlock(groupsOf(shape).shape, steps, frame.budget, true)
    const gathered = new Float64Array(members.reduce((most, { length }) => Math.max(most, length), 0))
    for (const [group, rows] of members.entries())
      for (let step = 0; step < steps; step++) {
        let count = 0
        for (const row of rows) {
          const i = row * steps + step
          if (present === null || present[i] === 1) gathered[count++] = values[i]!
        }
        if (count === 0) continue
        const k = group * steps + step
        out.values[k] = quantileOfSorted(quantiles[step]!, sortValues(gathered.subarray(0, count)))
        out.present![k] = 1
      }
    return out
  }
}

/** The rows of each group, in order. */
export function membersOfGroups({ of, shape }: Groups): readonly Int32Array[] {
  const members = shape.metrics.map((): number[] => [])
  for (const [row, group] of of.entries()) members[group]!.push(row)
  return members.map((rows) => Int32Array.from(rows))
}
