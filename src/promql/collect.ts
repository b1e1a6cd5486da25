// A range query's result, collected from one or more runs of steps.
import type { Shape } from './block.ts'
import { settleNames } from './block.ts'
import type { ScalarOf, VectorOf } from './compiler.ts'
import { singleSeries } from './elementwise.ts'
import { onGrid, timeAt } from './frame.ts'
import type { Frame, Grid } from './frame.ts'
import type { Metric } from './labels.ts'
import type { Points } from './range.ts'
import { matrixOf, seriesOfBlock } from './result.ts'
import type { MatrixSeries } from './result.ts'

interface Run {
  readonly shape: Shape
  readonly points: readonly Points[]
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

  /** Evaluates the next steps, at most as many as are left. */
  advance(frame: Frame, atMost: number): void {
    const steps = Math.min(atMost, this.#grid.steps - this.#next)
    const grid = { start: timeAt(this.#grid, this.#next), step: this.#grid.step, steps }
    const times = Float64Array.from({ length: steps }, (_, i) => timeAt(grid, i))
    const here = onGrid(frame, grid)
    if (this.#vector === null)
      this.#runs.push({ shape: singleSeries, points: [{ times, values: this.#scalar!(here), starts: null }] })
    else {
      const block = settleNames(this.#vector(here), here)
      this.#runs.push({ shape: block.shape, points: seriesOfBlock(block, times) })
    }
    this.#next += steps
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
