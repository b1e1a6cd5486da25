// How a table's bytes spread over its partitions: count, median, largest, skew, share below 1 GiB.
import type { Partitions } from '../model/facts.ts'
import { GIB, bytes } from '../model/units.ts'
import { median } from './file-sizes.ts'

/**
 * One entry per partition that has live files. A table without partition columns has count 0:
 * it is known to have none, which is not the same as null.
 */
export function judgePartitions(
  columns: readonly string[],
  partitions: Iterable<{ readonly name: string; readonly bytes: number }>,
): Partitions {
  if (columns.length === 0) {
    return {
      columns,
      count: 0,
      medianBytes: bytes(0),
      largestBytes: bytes(0),
      largest: '',
      skew: 1,
      belowGib: 0,
    }
  }
  const sizes: number[] = []
  let largest = ''
  let largestBytes = 0
  let below = 0
  for (const partition of partitions) {
    sizes.push(partition.bytes)
    if (partition.bytes < GIB) below += 1
    if (partition.bytes > largestBytes || sizes.length === 1) {
      largest = partition.name
      largestBytes = partition.bytes
    }
  }
  const middle = median(sizes)
  return {
    columns,
    count: sizes.length,
    medianBytes: bytes(middle),
    largestBytes: bytes(largestBytes),
    largest,
    // A median of 0 bytes only comes from empty files: one byte keeps the quotient finite.
    skew: largestBytes === middle ? 1 : largestBytes / Math.max(middle, 1),
    belowGib: sizes.length === 0 ? 0 : below / sizes.length,
  }
}

/** Values of one partition as Hive spells them: `day=2026-08-01/region=eu`, null as `null`. */
export const partitionName = (columns: readonly string[], values: readonly (string | null)[]): string =>
  columns.map((column, i) => `${column}=${values[i] ?? 'null'}`).join('/')
