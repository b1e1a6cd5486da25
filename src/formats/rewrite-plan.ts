// What the engines' own planners would rewrite of one partition's files, by size alone: nothing is advised that the
// command then leaves undone.

export interface Plan {
  /** Files and bytes that go into the rewrite, and the files that come out of it. */
  readonly files: number
  readonly bytes: number
  readonly outputs: number
}

/** How a table's files are rewritten; sizes in bytes. */
export type Planner =
  /** Delta's OPTIMIZE: files below `min` are packed, smallest first, into bins of `max`; bins of one file are left. */
  | { readonly kind: 'delta'; readonly min: number; readonly max: number }
  /** Iceberg's rewrite_data_files with the bin-pack strategy and its defaults. */
  | { readonly kind: 'iceberg'; readonly target: number }

/** OPTIMIZE's default for both ends. Liquid clustering aside, optimized writes aim at 128 MB and OPTIMIZE at this. */
export const DELTA_OPTIMIZE_BYTES = 2 ** 30
/** Iceberg's SizeBasedFileRewritePlanner: files outside 0.75 … 1.8 of the target, in groups of at most 100 GB. */
const ICEBERG_MIN = 0.75
const ICEBERG_MAX = 1.8
const ICEBERG_GROUP = 100 * 2 ** 30
const ICEBERG_MIN_INPUT_FILES = 5

/** Files below this are what the planner would take for being small. */
export const smallFor = (planner: Planner): number =>
  planner.kind === 'delta' ? planner.min : planner.target * ICEBERG_MIN

/** `sizes` ascending. */
export const planRewrite = (sizes: ArrayLike<number>, planner: Planner): Plan =>
  planner.kind === 'delta' ? planDelta(sizes, planner) : planIceberg(sizes, planner.target)

interface Bin {
  files: number
  bytes: number
}

function planDelta(sizes: ArrayLike<number>, { min, max }: { min: number; max: number }): Plan {
  const plan = { files: 0, bytes: 0, outputs: 0 }
  let bin: Bin = { files: 0, bytes: 0 }
  const close = (): void => {
    if (bin.files > 1) {
      plan.files += bin.files
      plan.bytes += bin.bytes
      plan.outputs += 1
    }
    bin = { files: 0, bytes: 0 }
  }
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i]!
    // Ascending: all that follow are large enough.
    if (size >= min) break
    if (bin.bytes + size > max) close()
    bin.files += 1
    bin.bytes += size
  }
  close()
  return plan
}

function planIceberg(sizes: ArrayLike<number>, target: number): Plan {
  const plan = { files: 0, bytes: 0, outputs: 0 }
  let group: Bin = { files: 0, bytes: 0 }
  const close = (): void => {
    const { files, bytes } = group
    const enough = files >= ICEBERG_MIN_INPUT_FILES || bytes > target
    if ((files > 1 && enough) || bytes > target * ICEBERG_MAX) {
      plan.files += files
      plan.bytes += bytes
      plan.outputs += outputsOf(bytes, target)
    }
    group = { files: 0, bytes: 0 }
  }
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i]!
    if (size >= target * ICEBERG_MIN && size <= target * ICEBERG_MAX) continue
    if (group.files > 0 && group.bytes + size > ICEBERG_GROUP) close()
    group.files += 1
    group.bytes += size
  }
  close()
  return plan
}

/** A remainder below the minimum is spread over the other files, as long as none grows by more than a tenth. */
function outputsOf(bytes: number, target: number): number {
  if (bytes < target) return 1
  const up = Math.ceil(bytes / target)
  const down = Math.floor(bytes / target)
  if (bytes % target > target * ICEBERG_MIN) return up
  return bytes / down < target * 1.1 ? down : up
}
