// Timers are lengths of time: when somebody sets the clock they move with it, so nothing is early, late or doubled.
import type { Clock } from '../io/clock.ts'
import { type Millis, type Timestamp, SECOND, millis, plus } from '../model/units.ts'
import type { Memory } from './memory.ts'

/** A wall clock that differs from the monotonic one by more than this was stepped. */
const STEP = millis(5 * SECOND)

/** By how much the wall clock was set since it was last asked; null where it only went on. */
export function createClockSteps(clock: Pick<Clock, 'monotonic'>): (wall: Timestamp) => Millis | null {
  let seen: { readonly wall: Timestamp; readonly steady: Millis } | null = null
  return (wall) => {
    const steady = clock.monotonic()
    const step = seen === null ? 0 : wall - seen.wall - (steady - seen.steady)
    seen = { wall, steady }
    return Math.abs(step) < STEP ? null : millis(step)
  }
}

export function moveTimers(memory: Memory, by: Millis): void {
  for (const group of memory.groups.values()) {
    const told = Object.fromEntries(
      Object.entries(group.told).map(([key, one]) => [key, { ...one, at: plus(one.at, by) }]),
    )
    memory.put({ ...group, nextFlush: plus(group.nextFlush, by), told })
  }
  for (const fact of memory.alerts.values()) {
    memory.put({
      ...fact,
      expiresAt: fact.expiresAt === null ? null : plus(fact.expiresAt, by),
      flips: fact.flips.map((at) => plus(at, by)),
    })
  }
}
