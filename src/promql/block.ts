// What an instant-vector expression evaluates to: rows (series) × columns (steps) in one flat array.
import { QueryError } from './errors.ts'
import type { Budget, Frame } from './frame.ts'
import { withoutName } from './labels.ts'
import type { Metric } from './labels.ts'

/**
 * The series of a block. Its identity is what caches hang on: an operator that meets the same shape again
 * knows its groups and matches without looking at a label.
 */
export interface Shape {
  readonly metrics: readonly Metric[]
  /** Rows whose name is to go when the query is done (delayed name removal); null: none. */
  readonly drop: readonly boolean[] | null
  /** No two rows have the same labels: nothing needs to be looked for. */
  readonly distinct?: boolean
}

const EMPTY_SHAPE: Shape = { metrics: [], drop: null }

export interface Block {
  readonly shape: Shape
  /** values[row * steps + step] */
  readonly values: Float64Array
  /** 1 where the series has a value, null where all have one. */
  readonly present: Uint8Array | null
  /** Others look at this block too: its arrays may not be written. */
  shared: boolean
}

export const rowsOf = (block: Block): number => block.shape.metrics.length
/** A block to be filled; the budget pays for it. */
export function newBlock(shape: Shape, steps: number, budget: Budget, present: boolean): Block {
  const cells = shape.metrics.length * steps
  budget.take(cells)
  return {
    shape,
    values: new Float64Array(cells),
    present: present ? new Uint8Array(cells) : null,
    shared: false,
  }
}

export const emptyBlock = (): Block => ({
  shape: EMPTY_SHAPE,
  values: new Float64Array(0),
  present: null,
  shared: true,
})

/** A presence mask that may be written: 1s where there was none. */
export function maskOf(block: Block): Uint8Array {
  if (block.present !== null) return block.shared ? block.present.slice() : block.present
  return new Uint8Array(block.values.length).fill(1)
}

/** The same rows repeated for every step: what does not depend on the step was computed for one. */
export function broadcast(block: Block, steps: number, budget: Budget): Block {
  if (steps === 1) return block
  const rows = rowsOf(block)
  const wide = newBlock(block.shape, steps, budget, block.present !== null)
  for (let row = 0; row < rows; row++) {
    wide.values.fill(block.values[row]!, row * steps, (row + 1) * steps)
    if (wide.present !== null) wide.present.fill(block.present![row]!, row * steps, (row + 1) * steps)
  }
  return wide
}

/** Remembers what was derived from a shape for as long as the shape lives. */
export function perShape<T>(derive: (shape: Shape) => T): (shape: Shape) => T {
  const known = new WeakMap<Shape, { readonly derived: T }>()
  return (shape) => {
    let entry = known.get(shape)
    if (entry === undefined) {
      entry = { derived: derive(shape) }
      known.set(shape, entry)
    }
    return entry.derived
  }
}

/** The same for what is derived from two shapes. */
export function perShapes<T>(derive: (left: Shape, right: Shape) => T): (left: Shape, right: Shape) => T {
  const outer = perShape((left) => perShape((right) => derive(left, right)))
  return (left, right) => outer(left)(right)
}

/** Drops names: at once, or by a mark where that is delayed. */
export const nameDropper = (delayed: boolean): ((shape: Shape) => Shape) =>
  perShape((shape) =>
    delayed
      ? { metrics: shape.metrics, drop: shape.metrics.map(() => true) }
      : { metrics: shape.metrics.map(withoutName), drop: null },
  )

/** A block under another shape of as many rows. */
export const reshaped = (block: Block, shape: Shape): Block => ({ ...block, shape })

interface Merge {
  readonly shape: Shape
  /** Per row the row it goes to. */
  readonly target: Int32Array
}

const mergeOf = perShape((shape): Merge | null => {
  if (shape.distinct) return null
  const byKey = new Map<string, number>()
  const target = new Int32Array(shape.metrics.length)
  const metrics: Metric[] = []
  const drop: boolean[] = []
  for (const [row, metric] of shape.metrics.entries()) {
    let to = byKey.get(metric.key)
    if (to === undefined) {
      to = metrics.length
      byKey.set(metric.key, to)
      metrics.push(metric)
      drop.push(shape.drop?.[row] ?? false)
    }
    target[row] = to
  }
  return metrics.length === shape.metrics.length
    ? null
    : { shape: { metrics, drop: shape.drop === null ? null : drop }, target }
})

/**
 * Rows that came to have the same labels become one where they do not meet in time, and are an error where they do:
 * a vector cannot hold two values for one label set.
 */
export function mergeDuplicates(block: Block, frame: Frame): Block {
  const merge = mergeOf(block.shape)
  if (merge === null) return block
  const { steps } = frame.grid
  const merged = newBlock(merge.shape, steps, frame.budget, true)
  for (let row = 0; row < merge.target.length; row++) {
    const to = merge.target[row]! * steps
    for (let i = 0; i < steps; i++) {
      if (block.present !== null && block.present[row * steps + i] === 0) continue
      if (merged.present![to + i] === 1)
        throw new QueryError('execution', 'vector cannot contain metrics with the same labelset')
      merged.present![to + i] = 1
      merged.values[to + i] = block.values[row * steps + i]!
    }
  }
  return merged
}

/** What delayed name removal leaves to do at the end. */
const settled = perShape((shape): Shape => ({
  metrics: shape.metrics.map((metric, row) => (shape.drop?.[row] ? withoutName(metric) : metric)),
  drop: null,
}))

export const settleNames = (block: Block, frame: Frame): Block =>
  mergeDuplicates(block.shape.drop === null ? block : reshaped(block, settled(block.shape)), frame)
