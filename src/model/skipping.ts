// How well readers can skip a table's files by their minima and maxima: what clustering is judged by.
import type { Known } from './known.ts'

/** Share of the table's bytes that a filter by one column reads, 0..1. */
export interface ScanShare {
  /** By one value. */
  readonly equality: number
  /** By a range that holds a hundredth of the data. */
  readonly range: number
}

export interface ColumnSkipping {
  readonly column: string
  /** In the format's own words. */
  readonly type: string
  /** Files without bounds for it (no statistics, or null throughout), over all that were looked at, 0..1. */
  readonly unbounded: number
  /** Files of one partition that overlap at a point, each file asked at its middle; 1: no two do. */
  readonly depth: { readonly average: number; readonly p90: number }
  readonly now: ScanShare
  /** As it would be after a rewrite that sorts each partition by this column alone, or interleaves it with one other. */
  readonly sorted: ScanShare
  readonly zOrdered: ScanShare
  /** Distinct values as far as bounds (or the format's own count) tell. */
  readonly distinct: { readonly atLeast: number; readonly atMost: Known<number> }
}

export interface Skipping {
  /** Live files whose bounds were looked at (a sample by hash above a limit), of how many. */
  readonly files: number
  readonly of: number
  /** Files that the rewrite would leave, over all partitions. */
  readonly outputs: number
  readonly columns: readonly ColumnSkipping[]
  /** Columns with bounds that were not looked at, for the limit. */
  readonly omitted: number
}
