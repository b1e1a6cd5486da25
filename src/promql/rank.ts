// topk, bottomk, limitk, limit_ratio and count_values: some of a group's series, or one series for each value.
import type { Aggregate } from './ast.ts'
import { NAME } from './ast.ts'
import { EMPTY_SHAPE, emptyBlock, newBlock, perShape } from './block.ts'
import type { Block } from './block.ts'
import { QueryError } from './errors.ts'
import type { Frame } from './frame.ts'
import { formatPlain, formatShort, isValidUtf8, quote } from './go.ts'
import { grouper, membersOfGroups } from './aggregate.ts'
import { hashRatio } from './hash.ts'
import { keepLabels, withLabels } from './labels.ts'
import type { Metric } from './labels.ts'

const INT64 = 2 ** 63

/** k of topk and the like for every step; -1 everywhere where no step asks for any. */
function checkedCounts(params: Float64Array): Float64Array | null {
  const max = params.reduce((a, b) => Math.max(a, Number.isNaN(b) ? a : b), Number.NEGATIVE_INFINITY)
  if (params.some(Number.isNaN)) throw new QueryError('execution', 'Parameter value is NaN')
  if (max < 1) return null
  for (const value of params) {
    if (value <= -INT64)
      throw new QueryError('execution', `Scalar value ${formatShort(value)} underflows int64`)
    if (value >= INT64)
      throw new QueryError('execution', `Scalar value ${formatShort(value)} overflows int64`)
  }
  return params
}

/** Keeps of each group and step the rows that `choose` marks; `ordered` (an instant's top level) sorts them. */
export function ranking(
  { op, grouping, without }: Aggregate,
  param: (frame: Frame) => Float64Array,
  inner: (frame: Frame) => Block,
  ordered: boolean,
): (frame: Frame) => Block {
  const groupsOf = grouper(grouping, without)
  const membersOf = perShape((shape) => membersOfGroups(groupsOf(shape)))
  return (frame) => {
    const counts = checkedCounts(param(frame))
    const input = inner(frame)
    if (counts === null) return emptyBlock()
    const { steps } = frame.grid
    const present = new Uint8Array(input.values.length)
    frame.budget.take(present.length)
    const order: number[] = []
    for (const rows of membersOf(input.shape)) {
      frame.budget.turn()
      const chosen = new Int32Array(rows.length)
      for (let step = 0; step < steps; step++) {
        const k = Math.min(Math.trunc(counts[step]!), rows.length)
        const found = k < 1 ? 0 : choose(op, input, rows, step, steps, k, chosen)
        for (let i = 0; i < found; i++) {
          present[chosen[i]! * steps + step] = 1
          if (ordered && steps === 1) order.push(chosen[i]!)
        }
      }
    }
    const kept = { ...input, present }
    return ordered && steps === 1 ? takeRows(kept, order) : kept
  }
}

/** Fills `chosen` with up to k rows, best first. */
function choose(
  op: string,
  { values, present }: Block,
  rows: Int32Array,
  step: number,
  steps: number,
  k: number,
  chosen: Int32Array,
): number {
  const sign = op === 'bottomk' ? -1 : 1
  let count = 0
  for (let r = 0; r < rows.length; r++) {
    const row = rows[r]!
    const i = row * steps + step
    if (present !== null && present[i] === 0) continue
    if (op === 'limitk') {
      chosen[count++] = row
      if (count === k) return count
      continue
    }
    // NaN ranks below everything.
    const value = Number.isNaN(values[i]!) ? Number.NEGATIVE_INFINITY : sign * values[i]!
    const rankOf = (other: number): number => {
      const theirs = values[other * steps + step]!
      return Number.isNaN(theirs) ? Number.NEGATIVE_INFINITY : sign * theirs
    }
    if (count === k && !(value > rankOf(chosen[k - 1]!))) continue
    if (count < k) count++
    let at = count - 1
    while (at > 0 && rankOf(chosen[at - 1]!) < value) {
      chosen[at] = chosen[at - 1]!
      at--
    }
    chosen[at] = row
  }
  return count
}

/** The block's rows in another order, for an instant's result. */
export function takeRows({ shape, values, present }: Block, rows: readonly number[]): Block {
  return {
    shape: {
      metrics: rows.map((row) => shape.metrics[row]!),
      drop: shape.drop === null ? null : rows.map((row) => shape.drop![row]!),
    },
    values: Float64Array.from(rows, (row) => values[row]!),
    present: present === null ? null : Uint8Array.from(rows, (row) => present[row]!),
    shared: false,
  }
}

/** A share of the series, chosen by their labels: the same ones each time; -r chooses those that 1-r leaves. */
export function limitRatio(
  { param: paramExpr }: Aggregate,
  param: (frame: Frame) => Float64Array,
  inner: (frame: Frame) => Block,
): (frame: Frame) => Block {
  const placesOf = perShape((shape) => shape.metrics.map(hashRatio))
  return (frame) => {
    const ratios = param(frame)
    const input = inner(frame)
    if (ratios.every((ratio) => ratio === 0)) return emptyBlock()
    if (ratios.some(Number.isNaN)) throw new QueryError('execution', 'Ratio value is NaN')
    const [min, max] = [Math.min(...ratios), Math.max(...ratios)]
    if (max > 1) frame.notes.invalidRatio(max, 1, paramExpr!.span)
    if (min < -1) frame.notes.invalidRatio(min, -1, paramExpr!.span)
    const { steps } = frame.grid
    const present = input.present?.slice() ?? new Uint8Array(input.values.length).fill(1)
    for (const [row, place] of placesOf(input.shape).entries())
      for (let step = 0; step < steps; step++) {
        const ratio = Math.max(-1, Math.min(1, ratios[step]!))
        const taken = ratio > 0 ? place < ratio : ratio < 0 && place >= 1 + ratio
        if (!taken) present[row * steps + step] = 0
      }
    return { ...input, present }
  }
}

/** How often each value occurs in a group, the value as a label. */
export function countValues(
  { grouping, without }: Aggregate,
  label: string,
  inner: (frame: Frame) => Block,
): (frame: Frame) => Block {
  const names = new Set(grouping)
  const groupOf = without
    ? (metric: Metric) => keepLabels(metric, (name) => name !== NAME && !names.has(name))
    : (metric: Metric) => keepLabels(metric, (name) => names.has(name) && name !== label)
  const groupMetrics = perShape((shape) => shape.metrics.map(groupOf))
  return (frame) => {
    if (label === '' || !isValidUtf8(label))
      throw new QueryError('execution', `invalid label name ${quote(label)}`)
    const { shape, values, present } = inner(frame)
    const { steps } = frame.grid
    const groups = groupMetrics(shape)
    const rowOf = new Map<string, Map<number, number>>()
    const metrics: Metric[] = []
    const cells: number[] = []
    for (let row = 0, i = 0; row < groups.length; row++) {
      frame.budget.turn()
      const group = groups[row]!
      let byValue = rowOf.get(group.key)
      if (byValue === undefined) rowOf.set(group.key, (byValue = new Map()))
      for (let step = 0; step < steps; step++, i++) {
        if (present !== null && present[i] === 0) continue
        // A Map takes 0 and -0 for one, the label does not.
        const value = Object.is(values[i], -0) ? MINUS_ZERO : values[i]!
        let target = byValue.get(value)
        if (target === undefined) {
          target = metrics.length
          byValue.set(value, target)
          metrics.push(labelled(group, label, formatPlain(values[i]!), names, without))
          frame.budget.take(steps)
        }
        const cell = target * steps + step
        cells[cell] = (cells[cell] ?? 0) + 1
      }
    }
    if (metrics.length === 0) return { ...emptyBlock(), shape: EMPTY_SHAPE }
    const out = newBlock({ metrics, drop: null }, steps, frame.budget, true)
    for (let i = 0; i < out.values.length; i++) {
      if (cells[i] === undefined) continue
      out.values[i] = cells[i]!
      out.present![i] = 1
    }
    return out
  }
}

/** Stands for -0 as a Map key; no value that is counted beside it can be mistaken for it. */
const MINUS_ZERO = -5e-324 as number

function labelled(
  group: Metric,
  label: string,
  value: string,
  names: ReadonlySet<string>,
  without: boolean,
): Metric {
  // `without (x)` removes the value's own label where it is x.
  return without && names.has(label) ? group : withLabels(group, [[label, value]])
}
