// What functions over range vectors are made of: one series' samples, its windows, and what to make of each.
import type { Span } from './ast.ts'
import type { Frame } from './frame.ts'
import type { Reference } from './select.ts'

/** Samples of one series without the stale ones. */
export interface Points {
  readonly times: Float64Array
  readonly values: Float64Array
  /** When each sample's counter started, where known. */
  readonly starts: Float64Array | null
}

/** Per step the samples lo … hi-1 that are in the window. */
export interface Windows {
  readonly lo: Int32Array
  readonly hi: Int32Array
}

/** What a kernel may need besides samples. */
export interface RangeCall {
  readonly frame: Frame
  readonly steps: number
  readonly reference: Reference
  /** Length of the window in milliseconds. */
  readonly range: number
  /** Scalar arguments, one value a step. */
  readonly args: readonly Float64Array[]
  /** Of the range-vector argument: what annotations point at. */
  readonly span: Span
  /** Looks up the metric name of the series at hand. */
  name(): string
}

/** Fills values and present from `row` on, one cell a step; returns how many it filled. */
export type Kernel = (
  points: Points,
  windows: Windows,
  call: RangeCall,
  values: Float64Array,
  present: Uint8Array,
  row: number,
) => number
