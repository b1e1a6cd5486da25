// One series in pieces: a kernel that takes long is paused between some of its steps too.
import { onGrid, timeAt } from './frame.ts'
import { SLICE } from './pausable.ts'
import type { Pace, Pausable } from './pausable.ts'
import type { Kernel, Points, RangeCall, Windows } from './kernel.ts'

/** Steps of the first piece; what a step costs is not known before. */
const FIRST = 16
const GROWTH = 4

/** As the kernel. How many steps are done at once is learned from piece to piece, and from series to series. */
export function inPieces(kernel: Kernel, pace: Pace): (...args: Parameters<Kernel>) => Pausable<number> {
  let atOnce = FIRST
  return function* (points, windows, call, values, present, row) {
    const { steps } = call
    // Views into the store end with the next append, which may come in a pause.
    const own = atOnce < steps ? copyOf(points) : points
    let count = 0
    for (let first = 0; first < steps;) {
      if (first > 0 && pace.due()) yield
      const length = Math.min(atOnce, steps - first)
      const started = pace.now()
      count += kernel(
        own,
        windowsFrom(windows, first, length),
        callFrom(call, first, length),
        values,
        present,
        row + first,
      )
      const took = pace.now() - started
      if (took < SLICE / GROWTH) atOnce = Math.max(atOnce, length * GROWTH)
      else if (took > SLICE) atOnce = Math.max(1, length >> 1)
      first += length
    }
    return count
  }
}

const copyOf = ({ times, values, starts }: Points): Points => ({
  times: times.slice(),
  values: values.slice(),
  starts: starts?.slice() ?? null,
})

const windowsFrom = ({ lo, hi }: Windows, first: number, length: number): Windows => ({
  lo: lo.subarray(first, first + length),
  hi: hi.subarray(first, first + length),
})

function callFrom(call: RangeCall, first: number, steps: number): RangeCall {
  if (steps === call.steps) return call
  const { frame, reference, args } = call
  return {
    ...call,
    steps,
    frame: onGrid(frame, { ...frame.grid, start: timeAt(frame.grid, first), steps }),
    reference: { ...reference, first: reference.first + first * reference.step },
    args: args.map((values) => values.subarray(first, first + steps)),
  }
}
