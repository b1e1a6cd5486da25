// Arithmetic and comparison between vectors: one-to-one, many-to-one, with filling in of what is missing.
import type { Binary, BinaryOp, Matching } from './ast.ts'
import { isComparison } from './ast.ts'
import { asArithmetic, COMPARISON } from './binary.ts'
import { emptyBlock, mergeDuplicates, newBlock, perShapes } from './block.ts'
import type { Block, Shape } from './block.ts'
import { QueryError } from './errors.ts'
import type { Frame } from './frame.ts'
import { quote } from './go.ts'
import type { Metric } from './labels.ts'
import { matchLabels, resultLabels, signaturesOf } from './matching.ts'
import type { VectorOf } from './compiler.ts'

/** Rows that meet at every step the same way: no side has two rows of a group. */
interface Pairing {
  readonly many: Int32Array
  readonly one: Int32Array
  readonly shape: Shape
}

interface Join {
  readonly op: BinaryOp
  readonly bool: boolean
  readonly matching: Matching
  /** The left operand is the "one" side. */
  readonly swapped: boolean
  readonly delayed: boolean
  readonly labels: (many: Metric, one: Metric) => Metric
}

export function joinVectors(expr: Binary, left: VectorOf, right: VectorOf, delayed: boolean): VectorOf {
  const matching = expr.matching!
  const { op, bool } = expr
  const swapped = matching.card === 'one-to-many'
  const signatures = signaturesOf(matching)
  const labels = resultLabels(matching, !isComparison(op) || (bool && !delayed))
  const join: Join = { op, bool, matching, swapped, delayed, labels }
  const pairing = perShapes((many: Shape, one: Shape) => {
    const { left: manySide, right: oneSide } = signatures(many, one)
    return pair(join, many, one, manySide, oneSide)
  })
  const fills = matching.fillLeft !== null || matching.fillRight !== null
  return (frame) => {
    const a = left(frame)
    const b = right(frame)
    const [many, one] = swapped ? [b, a] : [a, b]
    const nothing = many.shape.metrics.length === 0 || one.shape.metrics.length === 0
    if (nothing && !fills) return emptyBlock()
    const simple = fills ? null : pairing(many.shape, one.shape)
    if (simple !== null) return mergeDuplicates(combine(join, simple, many, one, frame), frame)
    const { left: manySide, right: oneSide, count } = signatures(many.shape, one.shape)
    return mergeDuplicates(stepwise(join, many, one, manySide, oneSide, count, frame), frame)
  }
}

/** null where a group has two rows on a side that may have one: then each step has to be looked at. */
function pair(
  { labels, matching, bool, delayed }: Join,
  many: Shape,
  one: Shape,
  manySide: Int32Array,
  oneSide: Int32Array,
): Pairing | null {
  const oneOf = new Map<number, number>()
  for (const [row, group] of oneSide.entries()) {
    if (oneOf.has(group)) return null
    oneOf.set(group, row)
  }
  const rows: { many: number; one: number }[] = []
  const taken = new Set<string>()
  for (const [row, group] of manySide.entries()) {
    const partner = oneOf.get(group)
    if (partner === undefined) continue
    rows.push({ many: row, one: partner })
    // A second result of a group may clash with the first: matching has to say so at the step where it does.
    const key =
      matching.card === 'one-to-one'
        ? String(group)
        : `${group} ${labels(many.metrics[row]!, one.metrics[partner]!).key}`
    if (taken.has(key)) return null
    taken.add(key)
  }
  return {
    many: Int32Array.from(rows, ({ many: row }) => row),
    one: Int32Array.from(rows, ({ one: row }) => row),
    shape: {
      metrics: rows.map((row) => labels(many.metrics[row.many]!, one.metrics[row.one]!)),
      drop: bool && delayed ? rows.map(() => true) : null,
    },
  }
}

function combine({ op, bool, swapped }: Join, rows: Pairing, many: Block, one: Block, frame: Frame): Block {
  const { steps } = frame.grid
  const filters = isComparison(op) && !bool
  const compute = asArithmetic(op)
  const masked = filters || many.present !== null || one.present !== null
  const out = newBlock(rows.shape, steps, frame.budget, masked)
  const { values, present } = out
  for (let row = 0, i = 0; row < rows.many.length; row++) {
    frame.budget.turn()
    let m = rows.many[row]! * steps
    let o = rows.one[row]! * steps
    for (let step = 0; step < steps; step++, i++, m++, o++) {
      if (masked && (many.present?.[m] === 0 || one.present?.[o] === 0)) continue
      const left = swapped ? one.values[o]! : many.values[m]!
      const right = swapped ? many.values[m]! : one.values[o]!
      const value = compute(left, right)
      if (filters && value === 0) continue
      values[i] = filters ? left : value
      if (masked) present![i] = 1
    }
  }
  return out
}

/** Step by step, as the rules are written: for duplicates that may or may not meet in time, and for fill values. */
function stepwise(
  join: Join,
  many: Block,
  one: Block,
  manySide: Int32Array,
  oneSide: Int32Array,
  groups: number,
  frame: Frame,
): Block {
  const { matching, swapped } = join
  const { steps } = frame.grid
  const results = new Results(join, steps, frame)
  const part = matchLabels(matching)
  // The fill values do not change sides with group_right: the left one stands in for the "many" side, as in Prometheus.
  const { fillLeft: fillMany, fillRight: fillOne } = matching
  const oneRow = new Int32Array(groups)
  for (let step = 0; step < steps; step++) {
    frame.budget.turn()
    oneRow.fill(-1)
    for (const [row, group] of oneSide.entries()) {
      if (one.present?.[row * steps + step] === 0) continue
      if (oneRow[group] !== -1)
        throw duplicates(one.shape.metrics[row]!, one.shape.metrics[oneRow[group]!]!, part, swapped)
      oneRow[group] = row
    }
    results.nextStep(step)
    for (const [row, group] of manySide.entries()) {
      const i = row * steps + step
      if (many.present?.[i] === 0) continue
      const metric = many.shape.metrics[row]!
      const partner = oneRow[group]!
      if (partner >= 0)
        results.add(
          group,
          metric,
          many.values[i]!,
          one.shape.metrics[partner]!,
          one.values[partner * steps + step]!,
        )
      else if (fillOne !== null) results.add(group, metric, many.values[i]!, part(metric), fillOne)
    }
    if (fillMany === null) continue
    for (const [group, row] of oneRow.entries()) {
      if (row < 0 || results.hasMatched(group)) continue
      const metric = one.shape.metrics[row]!
      results.add(group, part(metric), fillMany, metric, one.values[row * steps + step]!)
    }
  }
  return results.block()
}

/** Result rows as they turn up, and the rule that matching must be unambiguous. */
class Results {
  readonly #join: Join
  readonly #steps: number
  readonly #frame: Frame
  readonly #rows = new Map<string, number>()
  readonly #metrics: Metric[] = []
  readonly #values: Float64Array[] = []
  readonly #present: Uint8Array[] = []
  readonly #labels = new Map<string, Metric>()
  #matched = new Map<number, Set<string>>()
  #step = 0

  constructor(join: Join, steps: number, frame: Frame) {
    this.#join = join
    this.#steps = steps
    this.#frame = frame
  }

  nextStep(step: number): void {
    this.#step = step
    this.#matched = new Map()
  }

  hasMatched(group: number): boolean {
    return this.#matched.has(group)
  }

  add(group: number, many: Metric, manyValue: number, one: Metric, oneValue: number): void {
    const { op, bool, matching, swapped } = this.#join
    const metric = this.#labelsOf(many, one)
    const seen = this.#matched.get(group)
    if (seen !== undefined && matching.card === 'one-to-one')
      throw new QueryError(
        'execution',
        'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
      )
    if (seen?.has(metric.key))
      throw new QueryError(
        'execution',
        'multiple matches for labels: grouping labels must ensure unique matches',
      )
    if (seen === undefined) this.#matched.set(group, new Set([metric.key]))
    else seen.add(metric.key)
    const [left, right] = swapped ? [oneValue, manyValue] : [manyValue, oneValue]
    if (isComparison(op) && !bool) {
      if (COMPARISON[op](left, right)) this.#put(metric, left)
    } else this.#put(metric, asArithmetic(op)(left, right))
  }

  #labelsOf(many: Metric, one: Metric): Metric {
    const key = `${many.key}\u0001${one.key}`
    let metric = this.#labels.get(key)
    if (metric === undefined) {
      metric = this.#join.labels(many, one)
      this.#labels.set(key, metric)
    }
    return metric
  }

  #put(metric: Metric, value: number): void {
    let row = this.#rows.get(metric.key)
    if (row === undefined) {
      row = this.#metrics.length
      this.#rows.set(metric.key, row)
      this.#metrics.push(metric)
      this.#frame.budget.take(this.#steps)
      this.#values.push(new Float64Array(this.#steps))
      this.#present.push(new Uint8Array(this.#steps))
    }
    const present = this.#present[row]!
    if (present[this.#step] === 1)
      throw new QueryError('execution', 'vector cannot contain metrics with the same labelset')
    present[this.#step] = 1
    this.#values[row]![this.#step] = value
  }

  block(): Block {
    const { bool, delayed } = this.#join
    const metrics = this.#metrics
    if (metrics.length === 0) return emptyBlock()
    const shape = { metrics, drop: bool && delayed ? metrics.map(() => true) : null }
    const block = newBlock(shape, this.#steps, this.#frame.budget, true)
    for (const [row, values] of this.#values.entries()) {
      block.values.set(values, row * this.#steps)
      block.present!.set(this.#present[row]!, row * this.#steps)
    }
    return block
  }
}

const printMetric = ({ pairs }: Metric): string => {
  const labels: string[] = []
  for (let i = 0; i < pairs.length; i += 2) labels.push(`${pairs[i]!}=${quote(pairs[i + 1]!)}`)
  return `{${labels.join(', ')}}`
}

function duplicates(a: Metric, b: Metric, part: (metric: Metric) => Metric, swapped: boolean): QueryError {
  const [first, second] = [printMetric(a), printMetric(b)].sort()
  return new QueryError(
    'execution',
    `found duplicate series for the match group ${printMetric(part(a))} on the ${swapped ? 'left' : 'right'} hand-side of the operation: [${first}, ${second}];many-to-many matching not allowed: matching labels must be unique on one side`,
  )
}
