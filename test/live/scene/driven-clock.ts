// A clock that is driven through hours in seconds: it stands while the daemon works, and goes to the next wake-up when
// every loop of the daemon sleeps.
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../../../src/io/clock.ts'
import { type Timestamp, millis, timestamp } from '../../../src/model/units.ts'

export interface DrivenClock extends Clock {
  /** Resolves when every loop has done its first round. */
  started(): Promise<void>
  /** Goes from wake-up to wake-up. */
  advance(until: Timestamp): Promise<void>
  /** Is at `at` at once, as after a suspended machine: who should have woken meanwhile wakes once. */
  jump(at: Timestamp): Promise<void>
}

/** Work that takes longer than this, in real time, goes on while time does: it may itself wait for the clock. */
const PATIENCE_MS = 250
const QUIET_TURNS = 50

/** `ending` is the signal of the daemon: what sleeps with it is one of its loops. */
export function drivenClock(start: Timestamp, ending: AbortSignal): DrivenClock {
  let now: number = start
  let loops = 0
  const began = performance.now()
  const sleepers = new Set<{ readonly at: number; readonly loop: boolean; readonly wake: () => void }>()
  const asleep = (): number => [...sleepers].filter(({ loop }) => loop).length

  const idle = async (): Promise<void> => {
    const late = performance.now() + PATIENCE_MS
    while (asleep() < loops && performance.now() < late && !ending.aborted) await setImmediate()
  }
  const wakeDue = async (): Promise<void> => {
    for (const sleeper of sleepers) if (sleeper.at <= now) sleeper.wake()
    await idle()
  }

  return {
    now: () => timestamp(now),
    // Lengths of work are real, so that they can be drawn.
    monotonic: () => millis(now - start + performance.now() - began),
    sleep(length, signal) {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve()
        const sleeper = {
          at: now + length,
          loop: signal === ending,
          wake: () => {
            sleepers.delete(sleeper)
            signal.removeEventListener('abort', sleeper.wake)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal.addEventListener('abort', sleeper.wake)
      })
    },
    async started() {
      for (let turns = 0, seen = 0; turns < QUIET_TURNS; turns++) {
        await setTimeout(2)
        if (asleep() !== seen) turns = 0
        seen = asleep()
      }
      loops = asleep()
    },
    async advance(until) {
      for (;;) {
        const next = Math.min(...[...sleepers].map(({ at }) => at))
        if (next > until) break
        now = Math.max(now, next)
        await wakeDue()
      }
      now = Math.max(now, until)
    },
    async jump(at) {
      now = at
      await wakeDue()
    },
  }
}
