// When a failed delivery is tried again. Pure: the jitter comes in as an argument.
import { type Millis, DAY, MINUTE, SECOND, millis } from '../model/units.ts'
import type { Failure } from './receivers/receiver.ts'

const FIRST_PAUSE = SECOND
/** Short enough that what waited is out within a minute after the receiver is back. */
const LONGEST_PAUSE = millis(30 * SECOND)
const REFUSED_PAUSE = millis(5 * MINUTE)
const REFUSED_ATTEMPTS = 5

/** A notice that nobody took for this long is given up; a group that still fires is told again at its repeat_interval. */
export const GIVE_UP_AFTER = DAY

/** Exponential from 1 s to 30 s, the upper half of it random. */
export function pauseAfter(failuresInARow: number, random: number, retryAfter: Millis | null): Millis {
  const full = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failuresInARow - 1, 10))
  return millis(Math.max(Math.round(full * (0.5 + random / 2)), retryAfter ?? 0))
}

export type Next = { readonly tryAgainIn: Millis } | { readonly giveUp: string }

/** What becomes of one notice after its failed attempt number `attempts`, decided `age` ago. */
export function nextTry(
  failure: Failure,
  attempts: number,
  age: Millis,
  random: number,
  retryAfter: Millis | null,
): Next {
  if (failure === 'gone') return { giveUp: 'the receiver asked not to be called again' }
  if (failure === 'refused') {
    return attempts >= REFUSED_ATTEMPTS
      ? { giveUp: `refused ${attempts} times` }
      : { tryAgainIn: REFUSED_PAUSE }
  }
  if (age >= GIVE_UP_AFTER) return { giveUp: `not taken for ${Math.round(age / (60 * MINUTE))} hours` }
  return { tryAgainIn: pauseAfter(attempts, random, retryAfter) }
}
