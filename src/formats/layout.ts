// A table's files by partition, summed up for advice: what its own planner would rewrite, and where most of it is.
import type { Layout, PartitionLayout } from '../model/facts.ts'
import { bytes } from '../model/units.ts'
import { type Planner, planRewrite, smallFor } from './rewrite-plan.ts'

/** Partitions told one by one: those that the rewrite would rid of most files. */
const MAX_PARTITIONS = 20

export interface LayoutFiles {
  readonly sizes: Float64Array
  /** By file: its partition, below `partitions`. */
  readonly partitionOf: Uint32Array
  /** By file: physical rows, and rows that are marked deleted in it; NaN = unknown. */
  readonly rows: Float64Array
  readonly deleted: Float64Array | null
  readonly partitions: number
  nameOf(partition: number): string
}

export function layoutOf(files: LayoutFiles, planner: Planner, command: string): Layout {
  const smallBelow = smallFor(planner)
  const bounds = startsOf(files)
  const bySize = ordered(files, bounds)
  const found: PartitionLayout[] = []
  const sum = { partitions: 0, files: 0, bytes: 0, outputs: 0 }
  for (let partition = 0; partition < files.partitions; partition++) {
    const [from, to] = [bounds[partition]!, bounds[partition + 1]!]
    if (from === to) continue
    const sizes = bySize.subarray(from, to)
    const plan = planRewrite(sizes, planner)
    if (plan.files > plan.outputs) {
      sum.partitions += 1
      sum.files += plan.files
      sum.bytes += plan.bytes
      sum.outputs += plan.outputs
    }
    insert(found, {
      name: files.nameOf(partition),
      files: sizes.length,
      bytes: bytes(total(sizes)),
      ...smallOf(sizes, smallBelow),
      rewriteFiles: plan.files,
      rewriteBytes: bytes(plan.bytes),
      rewriteOutputs: plan.outputs,
      deletedRows: null,
      rows: null,
    })
  }
  return {
    planner: command,
    smallBelow: bytes(smallBelow),
    rewrite: { ...sum, bytes: bytes(sum.bytes) },
    partitions: withRows(found, files),
  }
}

const gain = (partition: PartitionLayout): number => partition.rewriteFiles - partition.rewriteOutputs

/** Keeps the first few by gain, then by size. */
function insert(found: PartitionLayout[], one: PartitionLayout): void {
  const before = (other: PartitionLayout): boolean =>
    gain(other) > gain(one) || (gain(other) === gain(one) && other.bytes >= one.bytes)
  const at = found.findLastIndex(before) + 1
  if (at >= MAX_PARTITIONS) return
  found.splice(at, 0, one)
  found.length = Math.min(found.length, MAX_PARTITIONS)
}

/** Where each partition's files start when files are ordered by partition. */
function startsOf({ partitionOf, partitions }: LayoutFiles): Uint32Array {
  const starts = new Uint32Array(partitions + 1)
  for (let i = 0; i < partitionOf.length; i++) starts[partitionOf[i]! + 1]! += 1
  for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!
  return starts
}

/** Sizes by partition, ascending within each. */
function ordered({ sizes, partitionOf, partitions }: LayoutFiles, starts: Uint32Array): Float64Array {
  const next = starts.slice()
  const placed = new Float64Array(sizes.length)
  for (let i = 0; i < sizes.length; i++) {
    const partition = partitionOf[i]!
    const at = next[partition]!
    placed[at] = sizes[i]!
    next[partition] = at + 1
  }
  for (let partition = 0; partition < partitions; partition++)
    placed.subarray(starts[partition], starts[partition + 1]).sort()
  return placed
}

function smallOf(sizes: Float64Array, below: number): Pick<PartitionLayout, 'smallFiles' | 'smallBytes'> {
  let count = 0
  let sum = 0
  // Ascending.
  while (count < sizes.length && sizes[count]! < below) sum += sizes[count++]!
  return { smallFiles: count, smallBytes: bytes(sum) }
}

/** Rows of the few partitions that are told: not worth an array over all of them. */
function withRows(found: readonly PartitionLayout[], files: LayoutFiles): PartitionLayout[] {
  const rows = new Map(found.map(({ name }) => [name, { rows: 0, deleted: 0 }]))
  const wanted = Array.from({ length: files.partitions }, (_, partition) => rows.get(files.nameOf(partition)))
  for (let i = 0; i < files.sizes.length; i++) {
    const sum = wanted[files.partitionOf[i]!]
    if (sum === undefined) continue
    sum.rows += files.rows[i]!
    sum.deleted += files.deleted === null ? Number.NaN : files.deleted[i]!
  }
  return found.map((one) => {
    const sum = rows.get(one.name)!
    return { ...one, rows: orNull(sum.rows), deletedRows: orNull(sum.deleted) }
  })
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

function total(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum
}
