// Leaves of a plan: the parts that read samples, series by series. A query in slices runs them ahead of the rest, with pauses.
import { newBlock, rowsOf } from './block.ts'
import type { Block } from './block.ts'
import { onGrid } from './frame.ts'
import type { Frame, Grid } from './frame.ts'
import { finish } from './pausable.ts'
import type { Pausable } from './pausable.ts'

export interface Leaf {
  /** How many series it reads. */
  rows(): number
  /** The same at every step. */
  readonly invariant: boolean
  run(frame: Frame): Pausable<Block>
}

/** What a leaf gave for a grid. What it gives at a time depends on nothing but the time, so any part of it is good. */
interface Ready {
  readonly grid: Grid
  readonly block: Block
}

/** Runs leaves for the frame's grid; the frame that it returns has them ready, and no pauses any more. */
export function* prepare(leaves: Iterable<Leaf>, frame: Frame): Pausable<Frame> {
  if (frame.pace === null) return frame
  const ready = new Map<Leaf, Ready>()
  for (const leaf of leaves) {
    const grid = leaf.invariant ? { ...frame.grid, steps: 1 } : frame.grid
    const { held } = frame.budget
    const block = yield* leaf.run(onGrid(frame, grid))
    frame.budget.held = held + block.values.length
    ready.set(leaf, { grid, block })
  }
  return { ...frame, ready, pace: null }
}

/** A leaf as any part of a plan: what is ready, or what it gives now. */
export const leafVector =
  (leaf: Leaf) =>
  (frame: Frame): Block => {
    const ready = frame.ready?.get(leaf) as Ready | undefined
    return (ready && columnsOf(ready, leaf.invariant, frame)) ?? finish(leaf.run(frame))
  }

function columnsOf({ grid, block }: Ready, invariant: boolean, { grid: asked, budget }: Frame): Block | null {
  if (invariant) return asked.steps === 1 ? { ...block, shared: true } : null
  if (asked.steps > 1 && asked.step !== grid.step) return null
  const first = (asked.start - grid.start) / grid.step
  const { steps } = asked
  if (!Number.isInteger(first) || first < 0 || first + steps > grid.steps) return null
  if (steps === grid.steps) return { ...block, shared: true }
  const part = newBlock(block.shape, steps, budget, block.present !== null)
  for (let row = 0; row < rowsOf(block); row++) {
    const from = row * grid.steps + first
    copy(block.values, from, part.values, row * steps, steps)
    if (part.present !== null) copy(block.present!, from, part.present, row * steps, steps)
  }
  return part
}

/** Rows are short: views of them would cost more than what is in them. */
function copy<A extends Float64Array | Uint8Array>(from: A, at: number, to: A, start: number, count: number) {
  for (let i = 0; i < count; i++) to[start + i] = from[at + i]!
}
