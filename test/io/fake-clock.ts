// A clock that a test drives: sleepers wake when time is moved past them.
import type { Clock } from '../../src/io/clock.ts'
import { type Millis, type Timestamp, millis, timestamp } from '../../src/model/units.ts'

export interface FakeClock extends Clock {
  /** Moves time to each wake-up in turn, letting what woke run before the next, and then to the end. */
  advance(length: Millis): Promise<void>
}

export function fakeClock(start: Timestamp): FakeClock {
  let now: number = start
  const sleepers = new Set<{ at: number; wake: () => void }>()
  // Work that was woken may touch files before it sleeps again: give it real turns of the loop.
  const settle = async () => {
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return {
    now: () => timestamp(now),
    monotonic: () => millis(now - start),
    sleep(length, signal) {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve()
        const sleeper = {
          at: now + length,
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
    async advance(length) {
      const end = now + length
      await settle()
      for (;;) {
        const next = [...sleepers].toSorted((a, b) => a.at - b.at)[0]
        if (!next || next.at > end) break
        now = next.at
        const due = [...sleepers].filter((sleeper) => sleeper.at <= now)
        for (const sleeper of due) sleeper.wake()
        await settle()
      }
      now = end
    },
  }
}
