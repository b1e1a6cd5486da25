// Rows filled one after the other, where many may turn out empty: series that had ended long before.
import { emptyBlock } from './block.ts'
import type { Block, Shape } from './block.ts'
import type { Budget } from './frame.ts'

const LEAST_ROOM = 16

/** Room for rows that grows with those that are kept. */
class RowBuffer {
  values: Float64Array
  /** 1 where a cell was filled. */
  present: Uint8Array
  readonly kept: number[] = []
  readonly steps: number
  readonly #budget: Budget
  readonly #most: number
  #cells = 0

  constructor(steps: number, room: number, most: number, budget: Budget) {
    this.steps = steps
    this.#most = most
    this.#budget = budget
    const cells = Math.min(room, most) * steps
    budget.take(cells)
    this.values = new Float64Array(cells)
    this.present = new Uint8Array(cells)
  }

  /** Where the next row begins; a row that was not kept is written over. */
  next(): number {
    const at = this.kept.length * this.steps
    if (at === this.values.length) this.#grow()
    return at
  }

  #grow(): void {
    const cells = Math.min(Math.max(2 * this.kept.length, LEAST_ROOM), this.#most) * this.steps
    this.#budget.take(cells - this.values.length)
    const [values, present] = [new Float64Array(cells), new Uint8Array(cells)]
    values.set(this.values)
    present.set(this.present)
    this.values = values
    this.present = present
  }

  /** Keeps the row just filled, of which `count` cells have a value, for row `source` of the shape. */
  keep(source: number, count: number): void {
    this.kept.push(source)
    this.#cells += count
  }

  get full(): boolean {
    return this.#cells === this.kept.length * this.steps
  }
}

/**
 * Starts buffers for one place in a plan. What rows remained the last time says how much room the next evaluation
 * needs, and when they are the same again, so is the shape, and what hangs on it stays known.
 */
export function rowKeeper() {
  let last: { readonly of: Shape; readonly kept: readonly number[]; readonly shape: Shape } | null = null
  return {
    start: (shape: Shape, steps: number, budget: Budget): RowBuffer =>
      new RowBuffer(steps, last?.of === shape ? last.kept.length : LEAST_ROOM, shape.metrics.length, budget),
    finish(buffer: RowBuffer, of: Shape): Block {
      const { kept, values, present } = buffer
      if (kept.length === 0) return emptyBlock()
      if (last?.of !== of || !equalRows(last.kept, kept)) last = { of, kept, shape: subshape(of, kept) }
      const cells = kept.length * buffer.steps
      return {
        shape: last.shape,
        values: values.subarray(0, cells),
        present: buffer.full ? null : present.subarray(0, cells),
        shared: false,
      }
    },
  }
}

const subshape = (of: Shape, kept: readonly number[]): Shape =>
  kept.length === of.metrics.length
    ? of
    : {
        metrics: kept.map((row) => of.metrics[row]!),
        drop: of.drop === null ? null : kept.map((row) => of.drop![row]!),
      }

function equalRows(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
