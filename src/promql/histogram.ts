// histogram_quantile, histogram_quantiles and histogram_fraction over classic histograms (series with `le`).
import type { Span } from './ast.ts'
import { NAME } from './ast.ts'
import { emptyBlock, mergeDuplicates, nameDropper, newBlock, perShape } from './block.ts'
import type { Block, Shape } from './block.ts'
import { timeAt } from './frame.ts'
import type { Frame } from './frame.ts'
import { formatShort, isValidUtf8, parseNumber, quote } from './go.ts'
import { keepLabels, labelOf, withLabels } from './labels.ts'
import type { Metric } from './labels.ts'
import { addBucket, bucketFraction, bucketQuantile, newBuckets } from './quantile.ts'
import type { Buckets } from './quantile.ts'
import { QueryError } from './errors.ts'
import type { ScalarOf, VectorOf } from './compiler.ts'

const BUCKET = 'le'

interface Histogram {
  readonly metric: Metric
  /** Rows of its buckets by ascending bound. */
  readonly rows: Int32Array
  readonly bounds: Float64Array
}

interface Histograms {
  readonly all: readonly Histogram[]
  /** One row a histogram, names not dropped yet. */
  readonly shape: Shape
  /** Rows without a bound to read. */
  readonly bad: readonly { readonly row: number; readonly name: string; readonly le: string }[]
  readonly widest: number
}

const histogramsOf = perShape((shape): Histograms => {
  const groups = new Map<string, { metric: Metric; buckets: { row: number; bound: number }[] }>()
  const bad: { row: number; name: string; le: string }[] = []
  for (const [row, metric] of shape.metrics.entries()) {
    const le = labelOf(metric, BUCKET)
    const bound = parseNumber(le)
    if (bound === null) {
      bad.push({ row, name: labelOf(metric, NAME), le })
      continue
    }
    const rest = keepLabels(metric, (name) => name !== BUCKET)
    const group = groups.get(rest.key)
    if (group === undefined) groups.set(rest.key, { metric: rest, buckets: [{ row, bound }] })
    else group.buckets.push({ row, bound })
  }
  const all = [...groups.values()].map(({ metric, buckets }) => {
    buckets.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0))
    return {
      metric,
      rows: Int32Array.from(buckets, ({ row }) => row),
      bounds: Float64Array.from(buckets, ({ bound }) => bound),
    }
  })
  const widest = all.reduce((most, { rows }) => Math.max(most, rows.length), 0)
  return { all, shape: { metrics: all.map(({ metric }) => metric), drop: null }, bad, widest }
})

/** What is read from the buckets of one histogram at one step. */
type Read = (buckets: Buckets, step: number, metric: Metric, frame: Frame) => number

/** Fills one row a histogram of `out`, from row `first` on. */
function readBuckets(
  input: Block,
  { all, widest }: Histograms,
  read: Read,
  out: Block,
  first: number,
  frame: Frame,
): void {
  const { steps } = frame.grid
  const { values, present } = input
  const buckets = newBuckets(widest)
  for (const [index, { rows, bounds, metric }] of all.entries()) {
    frame.budget.turn()
    for (let step = 0; step < steps; step++) {
      buckets.length = 0
      for (let r = 0; r < rows.length; r++) {
        const i = rows[r]! * steps + step
        if (present === null || present[i] === 1) addBucket(buckets, bounds[r]!, values[i]!)
      }
      if (buckets.length === 0) continue
      const cell = (first + index) * steps + step
      out.values[cell] = read(buckets, step, metric, frame)
      out.present![cell] = 1
    }
  }
}

function reportBad(input: Block, { bad }: Histograms, frame: Frame, span: Span, delayed: boolean): void {
  const { steps } = frame.grid
  for (const { row, name, le } of bad) {
    const seen = input.present === null || input.present.subarray(row * steps, (row + 1) * steps).includes(1)
    if (seen) frame.notes.badBucketLabel(delayed ? name : '', le, span)
  }
}

const quantileReader =
  (quantiles: Float64Array, span: Span, delayed: boolean): Read =>
  (buckets, step, metric, frame) =>
    bucketQuantile(quantiles[step]!, buckets, (mended) => {
      const at = timeAt(frame.grid, step)
      frame.notes.forcedMonotonicity(
        delayed ? labelOf(metric, NAME) : '',
        { ...mended, from: at, to: at },
        span,
      )
    })

/** A function of the buckets: one result a histogram. */
function perHistogram(
  inner: VectorOf,
  span: Span,
  delayed: boolean,
  readerOf: (frame: Frame) => Read,
): VectorOf {
  const dropName = nameDropper(delayed)
  return (frame) => {
    const read = readerOf(frame)
    const input = inner(frame)
    const histograms = histogramsOf(input.shape)
    reportBad(input, histograms, frame, span, delayed)
    if (histograms.all.length === 0) return emptyBlock()
    const out = newBlock(dropName(histograms.shape), frame.grid.steps, frame.budget, true)
    readBuckets(input, histograms, read, out, 0, frame)
    return mergeDuplicates(out, frame)
  }
}

function checkQuantiles(quantiles: Float64Array, frame: Frame, span: Span): void {
  for (const q of quantiles) if (!(q >= 0 && q <= 1)) frame.notes.invalidQuantile(q, span)
}

export const histogramQuantile = (
  q: ScalarOf,
  inner: VectorOf,
  spans: { q: Span; vector: Span },
  delayed: boolean,
): VectorOf =>
  perHistogram(inner, spans.vector, delayed, (frame) => {
    const quantiles = q(frame)
    checkQuantiles(quantiles, frame, spans.q)
    return quantileReader(quantiles, spans.vector, delayed)
  })

export const histogramFraction = (
  lower: ScalarOf,
  upper: ScalarOf,
  inner: VectorOf,
  span: Span,
  delayed: boolean,
): VectorOf =>
  perHistogram(inner, span, delayed, (frame) => {
    const [low, high] = [lower(frame), upper(frame)]
    return (buckets, step) => bucketFraction(low[step]!, high[step]!, buckets)
  })

/** Several quantiles at once, each in its own series with the quantile as a label. */
export function histogramQuantiles(
  inner: VectorOf,
  label: string,
  quantiles: ReadonlyArray<{ readonly q: ScalarOf; readonly span: Span }>,
  span: Span,
  delayed: boolean,
): VectorOf {
  const dropName = nameDropper(delayed)
  return (frame) => {
    if (label === '' || !isValidUtf8(label))
      throw new QueryError('execution', `invalid label name ${quote(label)}`)
    const asked = quantiles.map(({ q, span: at }) => {
      const values = q(frame)
      checkQuantiles(values, frame, at)
      return values
    })
    const input = inner(frame)
    const histograms = histogramsOf(input.shape)
    reportBad(input, histograms, frame, span, delayed)
    if (histograms.all.length === 0) return emptyBlock()
    const { steps } = frame.grid
    const names = dropName(histograms.shape)
    const metrics = asked.flatMap((values) =>
      names.metrics.map((metric) => withLabels(metric, [[label, openMetricsNumber(values[0]!)]])),
    )
    const shape = { metrics, drop: delayed ? metrics.map(() => true) : null }
    const out = newBlock(shape, steps, frame.budget, true)
    for (const [i, values] of asked.entries())
      readBuckets(
        input,
        histograms,
        quantileReader(values, span, delayed),
        out,
        i * names.metrics.length,
        frame,
      )
    return mergeDuplicates(out, frame)
  }
}

/** Whole numbers with a decimal, as OpenMetrics writes quantile labels. */
function openMetricsNumber(value: number): string {
  const text = formatShort(value)
  return Number.isFinite(value) && !/[.e]/.test(text) ? `${text}.0` : text
}
