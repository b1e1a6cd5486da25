// Functions over range vectors: one series at a time, with a window that slides from step to step.
import type { Samples } from '../model/series.ts'
import { NAME } from './ast.ts'
import type { MatrixSelector, Span, Subquery } from './ast.ts'
import { referenceOf, samplesIn } from './select.ts'
import type { Found, Reference } from './select.ts'
import { emptyBlock, mergeDuplicates, nameDropper } from './block.ts'
import type { Block, Shape } from './block.ts'
import { resolveDuration } from './duration.ts'
import { onGrid, timeAt } from './frame.ts'
import type { Frame, Grid } from './frame.ts'
import type { Kernel, Points, RangeCall } from './kernel.ts'
import { labelOf } from './labels.ts'
import { prepare } from './leaf.ts'
import type { Leaf } from './leaf.ts'
import type { Pausable } from './pausable.ts'
import { inPieces } from './pieces.ts'
import { rowKeeper } from './row-buffer.ts'

/** Where the samples come from: a selector, or a subquery's results. */
export interface RangeSource {
  readonly shape: Shape
  readonly reference: Reference
  readonly range: number
  /** Samples of row i from `before` milliseconds ahead of the first window to `after` behind the last. */
  points(i: number, before: number, after: number): Points
}

/** A range vector before its frame is known. */
export interface Source {
  /** How many series it reads. */
  rows(): number
  open(frame: Frame): Pausable<RangeSource>
}

export function matrixSource({ selector, range }: MatrixSelector, find: () => Found): Source {
  // oxlint-disable-next-line require-yield
  function* open(frame: Frame): Pausable<RangeSource> {
    const { handles, shape } = find()
    const reference = referenceOf(frame, selector.at, selector.offset)
    const length = resolveDuration(range, frame.query, false)
    return {
      shape,
      reference,
      range: length,
      points: (i, before, after) =>
        withoutStale(samplesIn(handles[i]!, reference.first - length - before + 1, reference.last + after)),
    }
  }
  return { rows: () => find().handles.length, open }
}

export function withoutStale({ timestamps: times, values, stale, ...rest }: Samples): Points {
  const starts = rest.starts ?? null
  if (stale === null || !stale.includes(1)) return { times, values, starts }
  const keep = (_: number, i: number): boolean => stale[i] === 0
  return { times: times.filter(keep), values: values.filter(keep), starts: starts?.filter(keep) ?? null }
}

/** The grid on which a subquery evaluates: multiples of its step, from the first window's start to the last one's end. */
export function subqueryGrid(
  expr: Subquery,
  frame: Frame,
): { grid: Grid; reference: Reference; range: number } {
  const reference = referenceOf(frame, expr.at, expr.offset)
  const range = resolveDuration(expr.range, frame.query, false)
  const step = expr.step === null ? frame.subqueryStep : resolveDuration(expr.step, frame.query, false)
  const start = step * (Math.floor((reference.first - range) / step) + 1)
  const steps = Math.max(0, Math.floor((reference.last - start) / step) + 1)
  return { grid: { start, step, steps }, reference, range }
}

export function subquerySource(
  expr: Subquery,
  inner: (frame: Frame) => Block,
  leaves: ReadonlySet<Leaf>,
): Source {
  function* open(frame: Frame): Pausable<RangeSource> {
    const { grid, reference, range } = subqueryGrid(expr, frame)
    const block = grid.steps === 0 ? emptyBlock() : inner(yield* prepare(leaves, onGrid(frame, grid)))
    const times = Float64Array.from({ length: grid.steps }, (_, i) => timeAt(grid, i))
    return {
      shape: block.shape,
      reference,
      range,
      points: (i) => rowPoints(block, i, times),
    }
  }
  return { rows: () => [...leaves].reduce((sum, leaf) => sum + leaf.rows(), 0), open }
}

function rowPoints(block: Block, i: number, times: Float64Array): Points {
  const steps = times.length
  const values = block.values.subarray(i * steps, (i + 1) * steps)
  if (block.present === null) return { times, values, starts: null }
  const present = block.present.subarray(i * steps, (i + 1) * steps)
  const keep = (_: number, j: number): boolean => present[j] === 1
  return { times: times.filter(keep), values: values.filter(keep), starts: null }
}

export function windowsOf(
  { times }: Points,
  { first, step }: Reference,
  range: number,
  windows: { lo: Int32Array; hi: Int32Array },
): void {
  const { lo, hi } = windows
  const { length } = times
  let from = 0
  let to = 0
  for (let i = 0, end = first; i < lo.length; i++, end += step) {
    while (to < length && times[to]! <= end) to++
    while (from < to && times[from]! <= end - range) from++
    lo[i] = from
    hi[i] = to
  }
}

export interface RangeFunction {
  readonly kernel: Kernel
  /** Acts like an offset: the series stays the metric. */
  readonly keepsName?: boolean
  /** How far outside of the window samples matter (anchored and smoothed selectors). */
  readonly reach?: { readonly before: number; readonly after: number }
  /** Called for each series that gave a value. */
  readonly annotate?: (name: string, call: RangeCall) => void
}

const NO_REACH = { before: 0, after: 0 }

/** Applies a kernel to every series of a source. */
export function rangeFunction(
  source: Source,
  { kernel, keepsName = false, reach = NO_REACH, annotate }: RangeFunction,
  args: ReadonlyArray<(frame: Frame) => Float64Array>,
  span: Span,
  delayed: boolean,
): (frame: Frame) => Pausable<Block> {
  const dropName = nameDropper(delayed)
  const rows = rowKeeper()
  return function* (frame) {
    const { steps } = frame.grid
    const scalars = args.map((arg) => arg(frame))
    const input = yield* source.open(frame)
    const { shape, reference, range } = input
    if (shape.metrics.length === 0) return emptyBlock()
    const renamed = keepsName ? shape : dropName(shape)
    const out = rows.start(renamed, steps, frame.budget)
    const windows = { lo: new Int32Array(steps), hi: new Int32Array(steps) }
    let row = 0
    const name = (): string => labelOf(shape.metrics[row]!, NAME)
    const call: RangeCall = { frame, steps, reference, range, args: scalars, span, name }
    const pieces = frame.pace === null ? null : inPieces(kernel, frame.pace)
    for (; row < shape.metrics.length; row++) {
      frame.budget.turn()
      if (frame.pace?.due() === true) yield
      const series = input.points(row, reach.before, reach.after)
      if (series.times.length === 0) continue
      windowsOf(series, reference, range, windows)
      const at = out.next()
      const count =
        pieces === null
          ? kernel(series, windows, call, out.values, out.present, at)
          : yield* pieces(series, windows, call, out.values, out.present, at)
      if (count === 0) continue
      annotate?.(name(), call)
      out.keep(row, count)
    }
    return mergeDuplicates(rows.finish(out, renamed), frame)
  }
}

/** `foo[5m]` as the result of an instant query: the samples themselves. */
export function rawMatrix(source: Source) {
  return function* (frame: Frame): Pausable<{ shape: Shape; points: readonly Points[] }> {
    const input = yield* source.open(frame)
    const { shape, reference, range } = input
    const windows = { lo: new Int32Array(1), hi: new Int32Array(1) }
    const points: Points[] = []
    for (let row = 0; row < shape.metrics.length; row++) {
      if (frame.pace?.due() === true) yield
      const all = input.points(row, 0, 0)
      windowsOf(all, reference, range, windows)
      const [lo, hi] = [windows.lo[0]!, windows.hi[0]!]
      frame.budget.take(hi - lo)
      // A copy: views into the store end with the next append.
      points.push({ times: all.times.slice(lo, hi), values: all.values.slice(lo, hi), starts: null })
    }
    return { shape, points }
  }
}
