// A range query's result, collected from one or more runs of steps.
import type { Shape } from './block.ts'
import { settleNames } from './block.ts'
import type { ScalarOf, VectorOf } from './compiler.ts'
import { singleSeries } from './elementwise.ts'
import { onGrid, timeAt } from './frame.ts'
import type { Frame, Grid } from './frame.ts'
import type { Metric } from './labels.ts'
import { prepare } from './leaf.ts'
import type { Leaf } from './leaf.ts'
import type { Pace, Pausable } from './pausable.ts'
import type { Points } from './kernel.ts'
import { matrixOf, seriesOfBlock } from './result.ts'
import type { MatrixSeries } from './result.ts'
import { nextSlice } from './slices.ts'
import type { Slice } from './slices.ts'

interface Run {
  readonly shape: Shape
  readonly points: readonly Points[]
}

/** Cells that leaves may fill ahead, nine bytes each. */
const CELLS_AHEAD = 8_000_000

function stepsAtOnce(leaves: ReadonlySet<Leaf>): number {
  let rows = 0
  for (const leaf of leaves) rows += leaf.rows()
  return Math.max(1, Math.floor(CELLS_AHEAD / Math.max(1, rows)))
}

export class RangeCollector {
  readonly #grid: Grid
  readonly #vector: VectorOf | null
  readonly #scalar: ScalarOf | null
  readonly #runs: Run[] = []
  #next = 0

  constructor(grid: Grid, vector: VectorOf | null, scalar: ScalarOf | null) {
    this.#grid = grid
    this.#vector = vector
    this.#scalar = scalar
  }

  get done(): boolean {
    return this.#next >= this.#grid.steps
  }

  /** The next steps, at most as many as are left. */
  ahead(atMost: number): Grid {
    const steps = Math.min(atMost, this.#grid.steps - this.#next)
    return { start: timeAt(this.#grid, this.#next), step: this.#grid.step, steps }
  }

  /** Evaluates the next steps; returns how many those were. */
  advance(frame: Frame, atMost: number): number {
    const grid = this.ahead(atMost)
    const { steps } = grid
    const times = Float64Array.from({ length: steps }, (_, i) => timeAt(grid, i))
    const here = onGrid(frame, grid)
    if (this.#vector === null)
      this.#runs.push({ shape: singleSeries, points: [{ times, values: this.#scalar!(here), starts: null }] })
    else {
      const block = settleNames(this.#vector(here), here)
      this.#runs.push({ shape: block.shape, points: seriesOfBlock(block, times) })
    }
    this.#next += steps
    return steps
  }

  /**
   * Evaluates all steps with pauses. Leaves are run for many steps at once, since each run reads windows anew, and
   * pause between series; the rest follows in slices of steps.
   */
  *advanceAll(frame: Frame, leaves: ReadonlySet<Leaf>, pace: Pace, slice: number): Pausable<void> {
    let steps = 1
    let before: Slice | null = null
    while (!this.done) {
      const { held } = frame.budget
      const ready = yield* prepare(leaves, onGrid(frame, this.ahead(stepsAtOnce(leaves))))
      const prepared = frame.budget.held - held
      for (let left = ready.grid.steps; left > 0;) {
        const started = pace.now()
        const done = this.advance(ready, Math.min(steps, slice, left))
        const last = { steps: done, took: pace.now() - started }
        steps = nextSlice(before, last)
        before = last
        left -= done
        if (pace.due()) yield
      }
      frame.budget.held -= prepared
    }
  }

  series(): MatrixSeries[] {
    if (this.#runs.length === 1) return matrixOf(this.#runs[0]!.shape, this.#runs[0]!.points)
    const parts = new Map<string, { metric: Metric; points: Points[] }>()
    for (const { shape, points } of this.#runs)
      for (const [row, metric] of shape.metrics.entries()) {
        const part = parts.get(metric.key)
        if (part === undefined) parts.set(metric.key, { metric, points: [points[row]!] })
        else part.points.push(points[row]!)
      }
    const all = [...parts.values()]
    const shape = { metrics: all.map(({ metric }) => metric), drop: null }
    return matrixOf(
      shape,
      all.map(({ points }) => (points.length === 1 ? points[0]! : joinPoints(points))),
    )
  }
}

const joinPoints = (parts: readonly Points[]): Points => ({
  times: joined(parts.map(({ times }) => times)),
  values: joined(parts.map(({ values }) => values)),
  starts: null,
})

function joined(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}
