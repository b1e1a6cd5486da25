// How often, and in which pieces, what waits is offered to whoever is to take it.
import { reasonOf } from '../model/errors.ts'
import { MINUTE, SECOND, type Timestamp, millis, timestamp } from '../model/units.ts'

const LONGEST_WAIT = millis(10 * MINUTE)

/** Waits twice as long after each failure in a row. */
export function createBackoff() {
  let failures = 0
  let notBefore = timestamp(0)
  return {
    isWaiting: (now: Timestamp): boolean => now < notBefore,
    failed(now: Timestamp): void {
      failures += 1
      notBefore = timestamp(now + Math.min(LONGEST_WAIT, SECOND * 2 ** Math.min(failures, 20)))
    },
    succeeded(): void {
      failures = 0
    },
  }
}

export interface Offer<T> {
  /** Rejects where it was not taken; as 'unsupported' where it never will be. */
  readonly send: (batch: readonly T[]) => Promise<void>
  readonly taken: (batch: readonly T[]) => void
  readonly refused: (one: T, error: unknown) => void
}

/** A request is refused as a whole: which part of it is meant is found by halves. Rejects where it may be taken later. */
export async function offer<T>(batch: readonly T[], to: Offer<T>): Promise<void> {
  try {
    await to.send(batch)
  } catch (error) {
    if (reasonOf(error) !== 'unsupported') throw error
    const [only, ...others] = batch
    if (only !== undefined && others.length === 0) return to.refused(only, error)
    const half = Math.ceil(batch.length / 2)
    await offer(batch.slice(0, half), to)
    return offer(batch.slice(half), to)
  }
  to.taken(batch)
}
