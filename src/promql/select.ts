// Selectors: series of the reader, read once per evaluation and laid out by step.
import type { Labels, Matcher, Samples, SeriesHandle, SeriesReader } from '../model/series.ts'
import { timestamp } from '../model/units.ts'
import { allMatchers } from './ast.ts'
import type { At, Duration, VectorSelector } from './ast.ts'
import { emptyBlock } from './block.ts'
import type { Shape } from './block.ts'
import { resolveDuration } from './duration.ts'
import { lastTime } from './frame.ts'
import type { Frame } from './frame.ts'
import { metricOf } from './labels.ts'
import type { Leaf } from './leaf.ts'
import { rowKeeper } from './row-buffer.ts'

export interface Found {
  readonly handles: readonly SeriesHandle[]
  readonly shape: Shape
}

/**
 * Finds series, and looks again only when series came or went. Where those were others, the answer stays the very
 * same object: much hangs on it.
 */
export function finder(reader: SeriesReader, matchers: readonly Matcher[]): () => Found {
  let generation = Number.NaN
  let found: Found = { handles: [], shape: { metrics: [], drop: null } }
  return () => {
    if (reader.generation !== generation) {
      generation = reader.generation
      const handles = reader.find(matchers)
      if (equalLists(handles, found.handles)) return found
      found = { handles, shape: { metrics: handles.map(({ labels }) => metricOf(labels)), drop: null } }
    }
    return found
  }
}

function equalLists(a: readonly SeriesHandle[], b: readonly SeriesHandle[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The time that a selector looks from at each step: constant under `@`. */
export interface Reference {
  readonly first: number
  readonly last: number
  readonly step: number
}

export function referenceOf(frame: Frame, at: At | null, offset: Duration): Reference {
  const shift = resolveDuration(offset, frame.query, true)
  const { grid, query } = frame
  if (at === null) return { first: grid.start - shift, last: lastTime(grid) - shift, step: grid.step }
  const fixed = (at === 'start' ? query.start : at === 'end' ? query.end : at) - shift
  return { first: fixed, last: fixed, step: 0 }
}

export const lookbackOf = (frame: Frame, labels: Labels): number =>
  typeof frame.lookback === 'number' ? frame.lookback : frame.lookback(labels)

export const samplesIn = (handle: SeriesHandle, from: number, to: number): Samples =>
  handle.samples({ from: timestamp(from), to: timestamp(to) })

/** Fills one row: for each step the sample that speaks for it; returns how many steps have one. */
type Fill = (samples: Samples, found: Int32Array, values: Float64Array, row: number) => void

/** The value of the sample, its time, or its start time: what a selector shows of what it found. */
const SHOW: Readonly<Record<'value' | 'timestamp' | 'start', Fill>> = {
  value: ({ values: from }, found, values, row) => {
    for (let i = 0; i < found.length; i++) if (found[i]! >= 0) values[row + i] = from[found[i]!]!
  },
  timestamp: ({ timestamps }, found, values, row) => {
    for (let i = 0; i < found.length; i++) if (found[i]! >= 0) values[row + i] = timestamps[found[i]!]! / 1000
  },
  start: ({ starts }, found, values, row) => {
    for (let i = 0; i < found.length; i++)
      if (found[i]! >= 0) values[row + i] = (starts?.[found[i]!] ?? 0) / 1000
  },
}

/** An instant-vector selector. */
export function instantSelector(
  find: () => Found,
  { at, offset }: Pick<VectorSelector, 'at' | 'offset'>,
  show: keyof typeof SHOW = 'value',
): Leaf {
  const rows = rowKeeper()
  function* run(frame: Frame) {
    const { handles, shape } = find()
    if (handles.length === 0) return emptyBlock()
    const { steps } = frame.grid
    const reference = referenceOf(frame, at, offset)
    const out = rows.start(shape, steps, frame.budget)
    const found = new Int32Array(steps)
    for (let i = 0; i < handles.length; i++) {
      frame.budget.turn()
      if (frame.pace?.due() === true) yield
      const handle = handles[i]!
      const lookback = lookbackOf(frame, handle.labels)
      const samples = samplesIn(handle, reference.first - lookback + 1, reference.last)
      if (samples.timestamps.length === 0) continue
      const row = out.next()
      const count = locate(samples, reference, lookback, found, out.present, row)
      if (count === 0) continue
      SHOW[show](samples, found, out.values, row)
      out.keep(i, count)
    }
    return rows.finish(out, shape)
  }
  return { rows: () => find().handles.length, invariant: at !== null, run }
}

/** For each step the index of the newest sample in its lookback, -1 where it is stale or not there. */
function locate(
  { timestamps, stale }: Samples,
  reference: Reference,
  lookback: number,
  found: Int32Array,
  present: Uint8Array,
  row: number,
): number {
  const { length } = timestamps
  let next = 0
  let count = 0
  for (let i = 0, at = reference.first; i < found.length; i++, at += reference.step) {
    while (next < length && timestamps[next]! <= at) next++
    const there =
      next > 0 && timestamps[next - 1]! > at - lookback && (stale === null || stale[next - 1] === 0)
    found[i] = there ? next - 1 : -1
    present[row + i] = there ? 1 : 0
    if (there) count++
  }
  return count
}

export const selectorFinder = (reader: SeriesReader, selector: VectorSelector): (() => Found) =>
  finder(reader, allMatchers(selector))
