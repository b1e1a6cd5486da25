// The only reader of the wall clock. Everything else takes the time as an argument.
import { setTimeout as delay } from 'node:timers/promises'
import { type Millis, type Timestamp, millis, timestamp } from '../model/units.ts'

export interface Clock {
  now(): Timestamp
  /** Milliseconds that never step back; for measuring lengths. */
  monotonic(): Millis
  /** Resolves after `length`, or at once when `signal` aborts (it never rejects: check the signal). */
  sleep(length: Millis, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => timestamp(Date.now()),
  monotonic: () => millis(performance.now()),
  async sleep(length, signal) {
    try {
      await delay(length, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  },
}
