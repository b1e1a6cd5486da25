// Selectors: series of the reader, read once per evaluation and laid out by step.
import type { Labels, Matcher, Samples, SeriesHandle, SeriesReader } from '../model/series.ts'
import { timestamp } from '../model/units.ts'
import { allMatchers } from './ast.ts'
import type { At, Duration, VectorSelector } from './ast.ts'
import { emptyBlock, newBlock } from './block.ts'
import type { Block, Shape } from './block.ts'
import { resolveDuration } from './duration.ts'
import { lastTime } from './frame.ts'
import type { Frame } from './frame.ts'
import { metricOf } from './labels.ts'

export interface Found {
  readonly handles: readonly SeriesHandle[]
  readonly shape: Shape
}

/** Finds series, and finds them again only when series came or went. */
export function finder(reader: SeriesReader, matchers: readonly Matcher[]): () => Found {
  let generation = Number.NaN
  let found: Found = { handles: [], shape: { metrics: [], drop: null } }
  return () => {
    if (reader.generation !== generation) {
      generation = reader.generation
      const handles = reader.find(matchers)
      found = { handles, shape: { metrics: handles.map(({ labels }) => metricOf(labels)), drop: null } }
    }
    return found
  }
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

/** An instant-vector selector as a function of the frame. */
export function instantSelector(
  find: () => Found,
  { at, offset }: Pick<VectorSelector, 'at' | 'offset'>,
  show: keyof typeof SHOW = 'value',
): (frame: Frame) => Block {
  const compact = compactor()
  return (frame) => {
    const { handles, shape } = find()
    if (handles.length === 0) return emptyBlock()
    const { steps } = frame.grid
    const reference = referenceOf(frame, at, offset)
    const block = newBlock(shape, steps, frame.budget, true)
    if (steps === 1 && show === 'value')
      return compact(block, latest(handles, reference.first, block, frame), 1)
    const found = new Int32Array(steps)
    const kept: number[] = []
    let cells = 0
    for (const [i, handle] of handles.entries()) {
      frame.budget.turn()
      const lookback = lookbackOf(frame, handle.labels)
      const samples = samplesIn(handle, reference.first - lookback + 1, reference.last)
      const row = kept.length * steps
      const count = locate(samples, reference, lookback, found, block.present!, row)
      if (count === 0) continue
      SHOW[show](samples, found, block.values, row)
      kept.push(i)
      cells += count
    }
    return compact(block, { kept, full: cells === kept.length * steps }, steps)
  }
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

interface Rows {
  readonly kept: readonly number[]
  /** Every kept row has a value at every step. */
  readonly full: boolean
}

/** One step only: the last sample of each series. */
function latest(handles: readonly SeriesHandle[], at: number, block: Block, frame: Frame): Rows {
  const kept: number[] = []
  for (let i = 0; i < handles.length; i++) {
    frame.budget.turn()
    const handle = handles[i]!
    const { timestamps, values, stale } = samplesIn(handle, at - lookbackOf(frame, handle.labels) + 1, at)
    const last = timestamps.length - 1
    if (last < 0 || (stale !== null && stale[last] !== 0)) continue
    block.values[kept.length] = values[last]!
    kept.push(i)
  }
  return { kept, full: true }
}

/**
 * Leaves out rows without any value. The shape that remains is kept for the next evaluation, which mostly finds
 * the same rows, so that what hangs on the shape stays known.
 */
export function compactor(): (block: Block, rows: Rows, steps: number) => Block {
  let last: { readonly of: Shape; readonly kept: readonly number[]; readonly shape: Shape } | null = null
  return (block, { kept, full }, steps) => {
    const present = full ? null : block.present
    if (kept.length === block.shape.metrics.length) return { ...block, present }
    if (kept.length === 0) return emptyBlock()
    const { shape: of } = block
    if (last?.of !== of || !equalRows(last.kept, kept)) {
      const drop = of.drop === null ? null : kept.map((row) => of.drop![row]!)
      last = { of, kept, shape: { metrics: kept.map((row) => of.metrics[row]!), drop } }
    }
    const cells = kept.length * steps
    return {
      shape: last.shape,
      values: block.values.subarray(0, cells),
      present: present?.subarray(0, cells) ?? null,
      shared: false,
    }
  }
}

function equalRows(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export const selectorFinder = (reader: SeriesReader, selector: VectorSelector): (() => Found) =>
  finder(reader, allMatchers(selector))
