// Blocks as the results that callers see: plain labels, values and times.
import type { Labels } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import { perShape } from './block.ts'
import type { Block, Shape } from './block.ts'
import { compareMetrics, toLabels } from './labels.ts'
import type { Points } from './range.ts'

export interface VectorSample {
  readonly labels: Labels
  readonly value: number
  readonly timestamp: Timestamp
}

export interface MatrixSeries {
  readonly labels: Labels
  readonly timestamps: Float64Array
  readonly values: Float64Array
}

const labelsOf = perShape((shape) => shape.metrics.map(toLabels))

/** Row numbers in the order of labels. */
export const labelOrder = perShape((shape) =>
  Int32Array.from(shape.metrics, (_, row) => row).sort((a, b) =>
    compareMetrics(shape.metrics[a]!, shape.metrics[b]!),
  ),
)

export function vectorOfBlock({ shape, values, present }: Block, timestamp: Timestamp): VectorSample[] {
  const labels = labelsOf(shape)
  const samples: VectorSample[] = []
  for (let row = 0; row < labels.length; row++)
    if (present === null || present[row] === 1)
      samples.push({ labels: labels[row]!, value: values[row]!, timestamp })
  return samples
}

/** Series with the points that they have; those without any are left out. */
export function matrixOf(shape: Shape, points: readonly Points[]): MatrixSeries[] {
  const labels = labelsOf(shape)
  return Array.from(labelOrder(shape))
    .filter((row) => points[row]!.times.length > 0)
    .map((row) => ({
      labels: labels[row]!,
      timestamps: points[row]!.times,
      values: points[row]!.values,
    }))
}

/** Rows of a block over `times`; series that are there at every step share one array of times. */
export function seriesOfBlock({ shape, values, present }: Block, times: Float64Array): Points[] {
  const steps = times.length
  return shape.metrics.map((_, row) => {
    const of = values.subarray(row * steps, (row + 1) * steps)
    if (present === null) return { times, values: of, starts: null }
    const there = present.subarray(row * steps, (row + 1) * steps)
    if (!there.includes(0)) return { times, values: of, starts: null }
    const keep = (__: number, i: number): boolean => there[i] === 1
    return { times: times.filter(keep), values: of.filter(keep), starts: null }
  })
}
