// How files overlap in the values of a column, and what a filter by it reads: now, and after a simulated sort.
// Depth as Snowflake's SYSTEM$CLUSTERING_INFORMATION counts it; everything is done in ranks, so that texts, times and
// numbers are alike and a sentinel such as 9999-12-31 stretches nothing.
import type { ColumnSkipping, ScanShare, Skipping } from '../model/skipping.ts'
import { type Ranks, type SampledFile, ranksOf } from './bound-ranks.ts'

export interface SampledColumn {
  readonly name: string
  readonly type: string
  /** Counted by the table's own statistics; null: only bounds tell. */
  readonly distinct: number | null
}

export interface SkippingInput {
  /** A sample that knows nothing of the values, and how many live files it stands for. */
  readonly files: readonly SampledFile[]
  readonly of: number
  readonly columns: readonly SampledColumn[]
  readonly omitted: number
  /** Bytes of all live files, by partition. */
  readonly partitionBytes: Float64Array
  /** Size of the files that a rewrite makes. */
  readonly target: number
}

/** Fewer files than this are read at once anyway. */
export const LEAST_FILES = 16
/** Live files whose bounds are kept; above it a sample by hash. */
export const MAX_SAMPLED_FILES = 4_096
/** Columns looked at. */
export const MAX_COLUMNS = 8
/** Points at which the simulated sort is asked. */
const QUERIES = 32
/** A narrow range: this share of the data. */
const RANGE = 0.01

/** Null for a table of few files, and where no column has bounds. */
export function skippingOf(input: SkippingInput): Skipping | null {
  const { files, of, partitionBytes, target, omitted } = input
  if (of < LEAST_FILES || files.length === 0) return null
  const outputsOf = Float64Array.from(partitionBytes, (bytes) => Math.ceil(bytes / target))
  const columns = input.columns.flatMap((column, at) => columnSkipping(input, column, at, outputsOf) ?? [])
  if (columns.length === 0) return null
  const outputs = outputsOf.reduce((sum, count) => sum + count, 0)
  return { files: files.length, of, outputs, columns, omitted }
}

function columnSkipping(
  { files, of }: SkippingInput,
  { name, type, distinct }: SampledColumn,
  at: number,
  outputsOf: Float64Array,
): ColumnSkipping | null {
  const ranks = ranksOf(files, at)
  if (ranks.bounded.length === 0) return null
  const depths = depthsOf(files, ranks, files.length === 1 ? 1 : (of - 1) / (files.length - 1))
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  const asked = queriesOf(files, ranks)
  return {
    column: name,
    type,
    unbounded: 1 - ranks.bounded.length / files.length,
    depth: {
      average: depths.reduce((sum, depth) => sum + depth, 0) / depths.length,
      p90: depths[Math.ceil(depths.length * 0.9) - 1]!,
    },
    now: {
      equality: scanned(files, ranks, bytes, asked.points),
      range: scanned(files, ranks, bytes, asked.ranges),
    },
    ...simulated(files, ranks, bytes, asked, outputsOf),
    distinct: {
      atLeast: distinct ?? ranks.distinct,
      atMost:
        distinct ?? (INTEGRAL.test(type) ? ranks.span + 1 : type === 'date' ? ranks.span / DAY + 1 : null),
    },
  }
}

const INTEGRAL = /^(byte|short|integer|int|long)$/
/** Dates are compared as epoch milliseconds. */
const DAY = 86_400_000

/** By bounded file: how many of its partition hold its middle, itself included; ascending, scaled up from the sample. */
export function depthsOf(files: readonly SampledFile[], ranks: Ranks, scale: number): Float64Array {
  const partitions = Map.groupBy(files.keys(), (file) => files[file]!.partition)
  const depths = new Float64Array(ranks.bounded.length)
  let next = 0
  for (const members of partitions.values()) {
    const bounded = members.filter((file) => ranks.lower[file]! >= 0)
    const unbounded = members.length - bounded.length
    const starts = Int32Array.from(bounded, (file) => ranks.lower[file]!).sort()
    const ends = Int32Array.from(bounded, (file) => ranks.upper[file]!).sort()
    for (const file of bounded) {
      const middle = ranks.middle[file]!
      const others = countUpTo(starts, middle) - countBelow(ends, middle) + unbounded - 1
      depths[next++] = 1 + others * scale
    }
  }
  return depths.sort()
}

/** A filter, in ranks, and how much of the table's data it is asked for. */
export interface Query {
  readonly from: number
  readonly to: number
  readonly weight: number
}

interface Queries {
  readonly points: readonly Query[]
  readonly ranges: readonly Query[]
}

/** What is asked lies as the data does: at the middle of each file, by its bytes. */
function queriesOf(files: readonly SampledFile[], ranks: Ranks): Queries {
  const order = Array.from(ranks.bounded, (file) => ({ at: ranks.middle[file]!, size: files[file]!.size }))
  order.sort((a, b) => a.at - b.at)
  const width = order.reduce((sum, { size }) => sum + size, 0) * RANGE
  const ranges: Query[] = []
  let end = 0
  let inside = 0
  for (const { at, size } of order) {
    while (inside < width && end < order.length) inside += order[end++]!.size
    // Too little is left above: ranges at the upper end are those already asked.
    if (inside < width) break
    ranges.push({ from: at, to: order[end - 1]!.at, weight: size })
    inside -= size
  }
  return { points: order.map(({ at, size }) => ({ from: at, to: at, weight: size })), ranges }
}

/** Mean share of the bytes in files whose range a query meets; files without bounds are always read. */
export function scanned(
  files: readonly SampledFile[],
  ranks: Ranks,
  bytes: number,
  queries: readonly Query[],
): number {
  const starts = bytesBelow(files, ranks, ranks.lower)
  const ends = bytesBelow(files, ranks, ranks.upper)
  const always = bytes - starts[ranks.distinct]!
  let weights = 0
  let sum = 0
  for (const { from, to, weight } of queries) {
    const begun = starts[Math.min(ranks.distinct, Math.floor(to) + 1)]!
    const met = begun - ends[Math.min(ranks.distinct, Math.ceil(from))]!
    sum += weight * ((always + met) / bytes)
    weights += weight
  }
  return weights === 0 ? 1 : sum / weights
}

/** By rank: bytes of the files whose bound is below it; the last: of all that have bounds. */
function bytesBelow(files: readonly SampledFile[], ranks: Ranks, by: Int32Array): Float64Array {
  const sums = new Float64Array(ranks.distinct + 1)
  for (const file of ranks.bounded) sums[by[file]! + 1]! += files[file]!.size
  for (let rank = 1; rank < sums.length; rank++) sums[rank]! += sums[rank - 1]!
  return sums
}

/**
 * Sorted by the column, a partition of n files has n ranges that do not overlap: a value is in one of them, a share s
 * of its data in ceil(s·n) + 1. Interleaved with another column (Z-order), each of the two has √n ranges. A partition
 * is read only where its values reach.
 */
function simulated(
  files: readonly SampledFile[],
  ranks: Ranks,
  bytes: number,
  { points, ranges }: Queries,
  outputsOf: Float64Array,
): { readonly sorted: ScanShare; readonly zOrdered: ScanShare } {
  const partitions = reachesOf(files, ranks, outputsOf)
  const read = (queries: readonly Query[], share: number): { sorted: number; zOrdered: number } => {
    const step = Math.max(1, Math.floor(queries.length / QUERIES))
    const sum = { weights: 0, sorted: 0, zOrdered: 0 }
    for (let i = 0; i < queries.length; i += step) {
      const { weight, from, to } = queries[i]!
      const met = partitions.filter((one) => one.from <= to && one.to >= from)
      const metBytes = met.reduce((all, one) => all + one.bytes, 0)
      // A hundredth of the table is more than that of the partitions it lies in.
      const part = Math.min(1, (share * bytes) / metBytes)
      sum.weights += weight
      for (const one of met) {
        const weighed = (weight * one.bytes) / bytes
        sum.sorted += weighed * readOf(one.outputs, part)
        sum.zOrdered += weighed * readOf(Math.sqrt(one.outputs), part)
      }
    }
    if (sum.weights === 0) return { sorted: 1, zOrdered: 1 }
    return { sorted: sum.sorted / sum.weights, zOrdered: sum.zOrdered / sum.weights }
  }
  const [equality, range] = [read(points, 0), read(ranges, RANGE)]
  return {
    sorted: { equality: equality.sorted, range: range.sorted },
    zOrdered: { equality: equality.zOrdered, range: range.zOrdered },
  }
}

/** What part of so many ranges a filter reads that is for this share of the data; 0: for one value. */
const readOf = (slices: number, share: number): number =>
  Math.min(1, (share === 0 ? 1 : Math.ceil(share * slices) + 1) / slices)

/** A partition: the ranks from which to which it reaches, its bytes in the sample, the files that a rewrite makes of it. */
interface Reach {
  from: number
  to: number
  bytes: number
  readonly outputs: number
}

function reachesOf(
  files: readonly SampledFile[],
  { lower, upper }: Ranks,
  outputsOf: Float64Array,
): readonly Reach[] {
  const partitions = new Map<number, Reach>()
  for (const [i, { partition, size }] of files.entries()) {
    let reach = partitions.get(partition)
    if (reach === undefined) {
      reach = { from: Infinity, to: -Infinity, bytes: 0, outputs: Math.max(1, outputsOf[partition] ?? 1) }
      partitions.set(partition, reach)
    }
    reach.bytes += size
    if (lower[i]! < 0) continue
    reach.from = Math.min(reach.from, lower[i]!)
    reach.to = Math.max(reach.to, upper[i]!)
  }
  // A partition without any bounds may hold every value.
  return [...partitions.values()].map((one) =>
    one.from <= one.to ? one : { ...one, from: -Infinity, to: Infinity },
  )
}

/** How many of the ascending values are at most, or below, a value. */
const countUpTo = (values: Int32Array, value: number): number => countWhile(values, (one) => one <= value)
const countBelow = (values: Int32Array, value: number): number => countWhile(values, (one) => one < value)

function countWhile(values: Int32Array, holds: (value: number) => boolean): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(values[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}
