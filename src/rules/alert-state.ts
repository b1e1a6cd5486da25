// The life of one alert as a pure step: pending, firing, resolved. Plain values that survive a restart as JSON.
import { type Millis, type Timestamp, HOUR, MINUTE, millis, timestamp } from '../model/units.ts'

/** A resolved alert is kept, and reported as resolved, for this long: a receiver that was away still hears of it. */
const RESOLVED_KEPT: Millis = millis(15 * MINUTE)
/** A pending alert that nobody could look at for longer than this starts its `for` anew. */
const OUTAGE_TOLERATED: Millis = HOUR

interface Watched {
  /** When the condition became true, moved on by the time in which nobody could see whether it still was. */
  readonly since: Timestamp
  /** When the condition was last known to be true or false. */
  readonly knownAt: Timestamp
  /** Between `knownAt` and now its input was missing, or we did not run. */
  readonly blind: boolean
}

export type AlertState =
  | ({ readonly phase: 'pending' } & Watched)
  | ({
      readonly phase: 'firing'
      readonly firedAt: Timestamp
      /** Since when only keep_firing_for holds it up. */
      readonly keptSince: Timestamp | null
    } & Watched)
  | {
      readonly phase: 'resolved'
      readonly since: Timestamp
      readonly firedAt: Timestamp
      readonly resolvedAt: Timestamp
    }

/** What an evaluation sees of an alert: its condition holds, does not hold, or cannot be judged. */
export type Sight = 'active' | 'inactive' | 'no data'

export interface Patience {
  /** `for` */
  readonly hold: Millis
  /** `keep_firing_for` */
  readonly keepFiring: Millis
}

/** The state after `now`; undefined when there is nothing (more) to know of the alert. */
export function step(
  state: AlertState | undefined,
  sight: Sight,
  now: Timestamp,
  patience: Patience,
): AlertState | undefined {
  if (state === undefined || state.phase === 'resolved') {
    if (sight === 'active')
      return fireWhenHeld({ phase: 'pending', since: now, knownAt: now, blind: false }, now, patience)
    return state !== undefined && now - state.resolvedAt <= RESOLVED_KEPT ? state : undefined
  }
  if (sight === 'no data') return { ...state, blind: true }
  const known = caughtUp(state, now)
  if (sight === 'active') {
    return known.phase === 'pending' ? fireWhenHeld(known, now, patience) : { ...known, keptSince: null }
  }
  if (known.phase === 'pending') return undefined
  const keptSince = known.keptSince ?? now
  if (now - keptSince < patience.keepFiring) return { ...known, keptSince }
  return { phase: 'resolved', since: known.since, firedAt: known.firedAt, resolvedAt: now }
}

type Living = Exclude<AlertState, { phase: 'resolved' }>
type Pending = Extract<AlertState, { phase: 'pending' }>

function fireWhenHeld(state: Pending, now: Timestamp, { hold }: Patience): AlertState {
  return now - state.since >= hold ? { ...state, phase: 'firing', firedAt: now, keptSince: null } : state
}

/** Time in which nothing was known counts neither towards `for` nor towards keep_firing_for. */
function caughtUp(state: Living, now: Timestamp): Living {
  if (!state.blind) return { ...state, knownAt: now }
  const outage = now - state.knownAt
  const later = (at: Timestamp): Timestamp => timestamp(at + outage)
  if (state.phase === 'firing') {
    return {
      ...state,
      knownAt: now,
      blind: false,
      keptSince: state.keptSince === null ? null : later(state.keptSince),
    }
  }
  const since = outage > OUTAGE_TOLERATED ? now : later(state.since)
  return { ...state, since, knownAt: now, blind: false }
}

/** A state that was stored: the time until its next step is an outage. */
export const restored = (state: AlertState): AlertState =>
  state.phase === 'resolved' ? state : { ...state, blind: true }
