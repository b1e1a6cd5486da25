// How long the event loop stands still while something runs.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'

export interface Stalls {
  readonly stallP99: number
  readonly stallMax: number
}

/** Runs the work; the event loop is watched meanwhile. Nothing in it may wait: being idle is no stall. */
export async function watchingStalls<T>(work: () => Promise<T>): Promise<readonly [T, Stalls]> {
  await turn()
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const result = await work()
  // The last stall is seen in the next turn only.
  await turn()
  await turn()
  histogram.disable()
  const stalls = {
    stallP99: rounded(histogram.percentile(99) / 1e6),
    stallMax: rounded(histogram.max / 1e6),
  }
  return [result, stalls]
}

/** Milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

export const rounded = (value: number): number => Number(value.toPrecision(3))
