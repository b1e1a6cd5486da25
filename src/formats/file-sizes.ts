// How a table's file sizes are judged and drawn: against its own target where it has one, else our defaults.
import type { FileSizes } from '../model/facts.ts'
import { type Bytes, GIB, MIB, bytes } from '../model/units.ts'

/** What files are judged against when the table does not say: the middle of the range that is neither small nor large. */
const DEFAULT = {
  target: bytes(512 * MIB),
  from: 'default',
  smallBelow: bytes(128 * MIB),
  largeAbove: bytes(2 * GIB),
}
/** Iceberg's rewrite planner leaves files within 0.75 and 1.8 of the target alone; other planners agree. */
const SMALL_SHARE = 0.75
const LARGE_SHARE = 1.8

/** Upper bounds (inclusive) of the histogram's buckets; one more bucket is for what is above. */
const BOUNDS: readonly number[] = [1, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096].map(
  (mib) => mib * MIB,
)

/** `target` is the table's own file-size property and its name, null where it has none. */
export function judgeFileSizes(
  sizes: ArrayLike<number>,
  target: { readonly bytes: Bytes; readonly from: string } | null,
): FileSizes {
  const rule =
    target === null
      ? DEFAULT
      : {
          target: target.bytes,
          from: target.from,
          smallBelow: bytes(Math.round(target.bytes * SMALL_SHARE)),
          largeAbove: bytes(Math.round(target.bytes * LARGE_SHARE)),
        }
  const counts = Array<number>(BOUNDS.length + 1).fill(0)
  let small = 0
  let large = 0
  let smallBytes = 0
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i]!
    const within = BOUNDS.findIndex((bound) => size <= bound)
    const bucket = within === -1 ? BOUNDS.length : within
    counts[bucket] = (counts[bucket] ?? 0) + 1
    if (size < rule.smallBelow) {
      small += 1
      smallBytes += size
    } else if (size > rule.largeAbove) large += 1
  }
  return {
    target: rule.target,
    targetFrom: rule.from,
    smallBelow: rule.smallBelow,
    largeAbove: rule.largeAbove,
    small,
    inRange: sizes.length - small - large,
    large,
    smallBytes: bytes(smallBytes),
    bounds: BOUNDS,
    counts,
    median: sizes.length === 0 ? null : bytes(median(sizes)),
  }
}

/** The lower of the two middle values where the count is even; 0 of nothing. */
export function median(values: ArrayLike<number>): number {
  return new Float64Array(values).sort()[(values.length - 1) >> 1] ?? 0
}
