// Repeats a task: never overlapping itself, spread by name, surviving whatever it throws.
import { createHash } from 'node:crypto'
import { explainError } from '../model/errors.ts'
import { type Millis, type Timestamp, millis } from '../model/units.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

/** A stable place within the interval, so that many tasks of one interval do not start together. */
export const phaseOf = (name: string, interval: Millis): Millis =>
  millis(createHash('sha256').update(name).digest().readUInt32BE(0) % interval)

export interface Repeat {
  readonly name: string
  readonly interval: Millis
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Runs `task` at once and then at each slot of the interval until the signal aborts. A run that takes longer than the
 * interval skips the slots it covers. Waits are monotonic: a step of the wall clock delays nothing by more than one interval.
 */
export async function every(repeat: Repeat, task: (now: Timestamp) => Promise<void> | void): Promise<void> {
  const { name, interval, clock, log, signal } = repeat
  const phase = phaseOf(name, interval)
  while (!signal.aborted) {
    const now = clock.now()
    try {
      await task(now)
    } catch (error) {
      if (!signal.aborted) log.error({ task: name, error: explainError(error) }, 'task failed')
    }
    const after = clock.now()
    const wait = interval - ((((after - phase) % interval) + interval) % interval)
    await clock.sleep(millis(wait), signal)
  }
}

/** A signal that aborts with `signal`, or after `length`; `done` ends the wait. */
export function deadline(
  clock: Clock,
  length: Millis,
  signal: AbortSignal,
): { signal: AbortSignal; done: () => void } {
  const over = new AbortController()
  const waiting = new AbortController()
  void clock.sleep(length, AbortSignal.any([signal, waiting.signal])).then(() => {
    if (!waiting.signal.aborted && !signal.aborted)
      over.abort(new Error(`the deadline of ${length} ms passed`))
  })
  return { signal: AbortSignal.any([signal, over.signal]), done: () => waiting.abort() }
}
