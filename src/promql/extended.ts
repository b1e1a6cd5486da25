// Anchored and smoothed selectors: windows that reach for the samples just outside of them.
import type { Frame } from './frame.ts'
import { emptyBlock } from './block.ts'
import type { VectorSelector } from './ast.ts'
import { lookbackOf, referenceOf, samplesIn } from './select.ts'
import type { Found } from './select.ts'
import { withoutStale } from './range.ts'
import type { Kernel, Points } from './kernel.ts'
import type { Leaf } from './leaf.ts'
import { rowKeeper } from './row-buffer.ts'

/** Index of the first sample later than `time`, or as late. */
function firstAfter(times: Float64Array, from: number, to: number, time: number, orAt: boolean): number {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (orAt ? times[middle]! >= time : times[middle]! > time) high = middle
    else low = middle + 1
  }
  return low
}

/** The value at `time` on the line between samples i and i+1; a counter that was reset between them began at 0. */
function interpolate({ times, values }: Points, i: number, time: number, isCounter: boolean): number {
  const after = values[i + 1]!
  const before = isCounter && after < values[i]! ? 0 : values[i]!
  return before + ((after - before) * (time - times[i]!)) / (times[i + 1]! - times[i]!)
}

/** rate, increase and delta of an anchored or smoothed selector: from edge to edge, nothing extrapolated. */
export function extendedRate(
  kind: 'anchored' | 'smoothed',
  isCounter: boolean,
  isRate: boolean,
  reach: number,
): Kernel {
  const smoothed = kind === 'smoothed'
  return (points, _windows, call, values, present, row) => {
    const { times, values: all } = points
    let count = 0
    for (let i = 0, end = call.reference.first; i < call.steps; i++, end += call.reference.step) {
      const start = end - call.range
      const low = firstAfter(times, 0, times.length, start - reach, false)
      const high = firstAfter(times, low, times.length, smoothed ? end + reach : end, false)
      if (high === low) continue
      let first = Math.max(low, firstAfter(times, low, high - 1, start, false) - 1)
      let last = smoothed ? firstAfter(times, low, high - 1, end, true) : high - 1
      if (times[last]! <= start || (smoothed && times[first]! > end)) continue
      const left =
        smoothed && times[first]! < start ? interpolate(points, first, start, isCounter) : all[first]!
      const right =
        smoothed && last > low && times[last]! > end
          ? interpolate(points, last - 1, end, isCounter)
          : all[last]!
      let grown = right - left
      if (isCounter) {
        if (times[first]! <= start) first++
        if (times[last]! >= end) last--
        let before = left
        for (let k = first; k <= last; k++) {
          if (all[k]! < before) grown += before
          before = all[k]!
        }
        if (right < before) grown += before
      }
      values[row + i] = isRate ? grown / (call.range / 1000) : grown
      present[row + i] = 1
      count++
    }
    return count
  }
}

/** changes and resets of an anchored selector: the sample before the window counts as its first. */
export function extendedCount(happens: (before: number, after: number) => boolean, reach: number): Kernel {
  return (points, _windows, call, values, present, row) => {
    const { times, values: all } = points
    let count = 0
    for (let i = 0, end = call.reference.first; i < call.steps; i++, end += call.reference.step) {
      const start = end - call.range
      const low = firstAfter(times, 0, times.length, start - reach, false)
      const high = firstAfter(times, low, times.length, end, false)
      const inside = firstAfter(times, low, high, start, false)
      if (inside === high) continue
      let total = 0
      for (let k = Math.max(low, inside - 1) + 1; k < high; k++) if (happens(all[k - 1]!, all[k]!)) total++
      values[row + i] = total
      present[row + i] = 1
      count++
    }
    return count
  }
}

/** `foo smoothed`: the value at the very time, on the line between the samples around it. */
export function smoothedSelector(find: () => Found, { at, offset }: VectorSelector): Leaf {
  const rows = rowKeeper()
  function* run(frame: Frame) {
    const { handles, shape } = find()
    if (handles.length === 0) return emptyBlock()
    const { steps } = frame.grid
    const reference = referenceOf(frame, at, offset)
    const out = rows.start(shape, steps, frame.budget)
    for (const [i, handle] of handles.entries()) {
      frame.budget.turn()
      if (frame.pace?.due() === true) yield
      const reach = lookbackOf(frame, handle.labels)
      const points = withoutStale(samplesIn(handle, reference.first - reach + 1, reference.last + reach))
      const row = out.next()
      let count = 0
      for (let k = 0, time = reference.first; k < steps; k++, time += reference.step) {
        const value = smoothedAt(points, time, reach)
        if (value === null) continue
        out.values[row + k] = value
        out.present[row + k] = 1
        count++
      }
      if (count > 0) out.keep(i, count)
    }
    return rows.finish(out, shape)
  }
  return { rows: () => find().handles.length, invariant: at !== null, run }
}

function smoothedAt(points: Points, time: number, reach: number): number | null {
  const { times, values } = points
  const low = firstAfter(times, 0, times.length, time - reach, false)
  const high = firstAfter(times, low, times.length, time + reach, false)
  const next = firstAfter(times, low, high, time, true)
  if (next < high && times[next] === time) return values[next]!
  if (next === low) return null
  return next < high ? interpolate(points, next - 1, time, false) : values[next - 1]!
}
