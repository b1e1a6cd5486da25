// A circuit breaker: stops asking an endpoint that keeps failing, and tries again with one request at a time.
import { type Millis, type Timestamp, MINUTE, SECOND, millis, plus } from '../model/units.ts'
import type { Clock } from './clock.ts'

/** Failures in a row that open it. */
const FAILURES_TO_OPEN = 5
const FIRST_PAUSE = SECOND
const LONGEST_PAUSE = millis(5 * MINUTE)

export interface Breaker {
  /** Why no request may be sent now, or undefined. A trial is given to one caller, who must report how it went. */
  refusal(): string | undefined
  succeeded(): void
  /** The endpoint's fault. */
  failed(why: string): void
  /** It ended without a verdict on the endpoint: the caller gave up, or asked for something it may not have. */
  abandoned(): void
}

type State =
  | { readonly is: 'closed'; readonly failures: number }
  | { readonly is: 'open'; readonly until: Timestamp; readonly pauses: number; readonly why: string }
  | { readonly is: 'trying'; readonly pauses: number; readonly why: string }

/** Full jitter, never below the first pause: 1 s, then anything up to 2 s, 4 s, … 5 min. */
const pauseOf = (pauses: number, random: () => number): Millis =>
  millis(Math.max(FIRST_PAUSE, Math.round(random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** pauses))))

export function createBreaker(clock: Clock, random: () => number): Breaker {
  let state: State = { is: 'closed', failures: 0 }
  const open = (pauses: number, why: string) => {
    state = { is: 'open', until: plus(clock.now(), pauseOf(pauses, random)), pauses, why }
  }
  return {
    refusal() {
      if (state.is === 'closed') return undefined
      const { why, pauses } = state
      if (state.is === 'trying') return `a trial request is under way (last failure: ${why})`
      if (clock.now() < state.until)
        return `next try at ${new Date(state.until).toISOString()} (last failure: ${why})`
      state = { is: 'trying', pauses, why }
      return undefined
    },
    succeeded() {
      state = { is: 'closed', failures: 0 }
    },
    failed(why) {
      if (state.is === 'trying') open(state.pauses + 1, why)
      else if (state.is === 'closed') {
        const failures = state.failures + 1
        if (failures >= FAILURES_TO_OPEN) open(0, why)
        else state = { is: 'closed', failures }
      }
    },
    abandoned() {
      if (state.is === 'trying') state = { ...state, is: 'open', until: clock.now() }
    },
  }
}
