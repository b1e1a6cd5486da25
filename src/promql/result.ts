// Blocks as the results that callers see: plain labels, values and times.
import type { Labels } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import { perShape } from './block.ts'
import type { Block, Shape } from './block.ts'
import { compareMetrics, toLabels } from './labels.ts'
import type { Points } from './kernel.ts'

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
const labelOrder = perShape(({ metrics }) => {
  // Keys compare as labels do, but for characters beyond U+FFFF, which JavaScript keeps as two units.
  const plain = metrics.every(({ key }) => !/[\ud800-\udfff]/.test(key))
  const compare = plain
    ? (a: number, b: number) => (metrics[a]!.key < metrics[b]!.key ? -1 : 1)
    : (a: number, b: number) => compareMetrics(metrics[a]!, metrics[b]!)
  return Int32Array.from(metrics, (_, row) => row).sort(compare)
})

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
  if (present === null)
    return shape.metrics.map((_, row) => ({
      times,
      values: values.subarray(row * steps, (row + 1) * steps),
      starts: null,
    }))
  // One array for all the gapped rows together: many small ones would cost more than what is in them.
  let points = 0
  for (let i = 0; i < present.length; i++) points += present[i]!
  const keptTimes = new Float64Array(points)
  const keptValues = new Float64Array(points)
  let end = 0
  return shape.metrics.map((_, row) => {
    const first = row * steps
    const start = end
    for (let i = 0; i < steps; i++) {
      if (present[first + i] === 0) continue
      keptTimes[end] = times[i]!
      keptValues[end++] = values[first + i]!
    }
    return {
      times: end - start === steps ? times : keptTimes.subarray(start, end),
      values: keptValues.subarray(start, end),
      starts: null,
    }
  })
}
