// topk, bottomk, limitk, limit_ratio and count_values: some of a group's series, or one series for each value.
import type { Aggregate } from './ast.ts'
import { NAME } from './ast.ts'
import { emptyBlock, newBlock, perShape } from './block.ts'
import type { Block } from './block.ts'
import { QueryError } from './errors.ts'
import type { Frame } from './frame.ts'
import { formatPlain, formatShort, isValidUtf8, quote } from './go.ts'
import { grouper, membersOfGroups } from './aggregate.ts'
import { hashRatio } from './hash.ts'
import { fromPairs, keepLabels, withLabels } from './labels.ts'
import type { Metric } from './labels.ts'

const INT64 = 2 ** 63

/** k of topk and the like for every step, null where no step asks for any. */
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
  if (op === 'limitk') return takeFirst(present, rows, step, steps, k, chosen)
  const sign = op === 'bottomk' ? -1 : 1
  let count = 0
  /** The value that the next row has to beat. */
  let worst = Number.NEGATIVE_INFINITY
  for (let r = 0; r < rows.length; r++) {
    const i = rows[r]! * steps + step
    if (present !== null && present[i] === 0) continue
    const value = rankOf(values[i]!, sign)
    if (count === k && !(value > worst)) continue
    if (count < k) count++
    let at = count - 1
    while (at > 0 && rankOf(values[chosen[at - 1]! * steps + step]!, sign) < value) {
      chosen[at] = chosen[at - 1]!
      at--
    }
    chosen[at] = rows[r]!
    worst = rankOf(values[chosen[count - 1]! * steps + step]!, sign)
  }
  return count
}

/** NaN ranks below everything. */
const rankOf = (value: number, sign: 1 | -1): number =>
  Number.isNaN(value) ? Number.NEGATIVE_INFINITY : sign * value

function takeFirst(
  present: Uint8Array | null,
  rows: Int32Array,
  step: number,
  steps: number,
  k: number,
  chosen: Int32Array,
): number {
  let count = 0
  for (let r = 0; r < rows.length && count < k; r++)
    if (present === null || present[rows[r]! * steps + step] === 1) chosen[count++] = rows[r]!
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
    const rowOf = new Map<string, Map<number | symbol, number>>()
    const metrics: Metric[] = []
    /** Per input cell the row that counts it. */
    const target = new Int32Array(values.length).fill(-1)
    for (let row = 0, i = 0; row < groups.length; row++) {
      frame.budget.turn()
      const group = groups[row]!
      let byValue = rowOf.get(group.key)
      if (byValue === undefined) rowOf.set(group.key, (byValue = new Map()))
      for (const end = i + steps; i < end; i++) {
        if (present !== null && present[i] === 0) continue
        // A Map takes 0 and -0 for one, the label does not.
        const value = Object.is(values[i], -0) ? MINUS_ZERO : values[i]!
        let counted = byValue.get(value)
        if (counted === undefined) {
          counted = metrics.length
          byValue.set(value, counted)
          metrics.push(labelled(group, label, formatPlain(values[i]!), names, without))
        }
        target[i] = counted
      }
    }
    const out = newBlock(
      { metrics, drop: null, distinct: !(without && names.has(label)) },
      steps,
      frame.budget,
      true,
    )
    for (let i = 0; i < target.length; i++) {
      if (target[i] === -1) continue
      const cell = target[i]! * steps + (i % steps)
      out.values[cell]! += 1
      out.present![cell] = 1
    }
    return out
  }
}

const MINUS_ZERO = Symbol('-0')

function labelled(
  group: Metric,
  label: string,
  value: string,
  names: ReadonlySet<string>,
  without: boolean,
): Metric {
  // `without (x)` removes the value's own label where it is x.
  if (without && names.has(label)) return group
  return group.pairs.length === 0 ? fromPairs([label, value]) : withLabels(group, [[label, value]])
}
