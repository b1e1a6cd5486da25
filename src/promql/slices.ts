// How many steps of a large range query to evaluate at once.
import { SLICE } from './pausable.ts'

/** By how much a slice may be longer than the one before. */
const GROWTH = 4

export interface Slice {
  readonly steps: number
  /** Milliseconds. */
  readonly took: number
}

/**
 * A slice costs something before its first step (windows are read anew) and something for each. Its length is such
 * that steps make up the usual time of a slice, or as much as the start costs where that is more: else starting
 * would be most of the work.
 */
export function nextSlice(before: Slice | null, last: Slice): number {
  // One size tells nothing of the two costs: a second one has to be tried, at the beginning and while slices are short.
  if (before === null) return last.steps * GROWTH
  if (before.steps === last.steps) return last.took < SLICE ? last.steps * GROWTH : last.steps
  const perStep = Math.max(
    (last.took - before.took) / (last.steps - before.steps),
    last.took / last.steps / 100,
  )
  const start = Math.max(0, last.took - perStep * last.steps)
  const steps = Math.floor(Math.max(SLICE, start) / perStep)
  return Math.max(1, Math.min(steps, last.steps * GROWTH))
}
