// What an incoming alert makes of the one we know: fired, confirmed, resolved, or held because it flaps. Pure.
import type { Alert } from '../model/alert.ts'
import type { AlertFact } from '../model/notice.ts'
import { DAY, type Millis, type Timestamp, millis, plus, timestamp } from '../model/units.ts'

export interface Flapping {
  /** More changes than this… */
  readonly flips: number
  /** …in this time. Calm again is who did not change for half of it. */
  readonly within: Millis
}

/** An alert that says when it ends, in the future, is confirmed until then: whoever sent it must repeat itself. */
export function intake(
  known: AlertFact | undefined,
  id: string,
  incoming: Alert,
  now: Timestamp,
  flapping: Flapping | null,
): AlertFact | null {
  const over = incoming.endsAt !== null && incoming.endsAt <= now
  // Nobody was told of it, and nobody needs to be.
  if (known === undefined && over) return null
  const said = over ? incoming : { ...incoming, endsAt: null }
  const expiresAt = over ? null : incoming.endsAt
  if (known === undefined) return { kind: 'alert', id, alert: said, expiresAt, flips: [], flapping: null }

  const before = known.flapping?.last ?? known.alert
  const wasOver = before.endsAt !== null
  if (wasOver && over) return known
  const merged =
    wasOver || over ? said : { ...said, startsAt: timestamp(Math.min(before.startsAt, said.startsAt)) }
  const latest = over ? { ...merged, startsAt: before.startsAt } : merged
  const flips = wasOver === over ? known.flips : recent([...known.flips, now], flapping, now)
  const base = { ...known, expiresAt, flips }
  if (known.flapping !== null)
    return { ...base, alert: held(latest), flapping: { ...known.flapping, last: latest } }
  if (flapping !== null && flips.length > flapping.flips) {
    return { ...base, alert: held(latest), flapping: { since: now, last: latest } }
  }
  return { ...base, alert: latest }
}

/** A flapping alert stays firing for everyone downstream. */
const held = (alert: Alert): Alert => ({ ...alert, endsAt: null })

function recent(flips: readonly Timestamp[], flapping: Flapping | null, now: Timestamp): Timestamp[] {
  if (flapping === null) return []
  return flips.filter((at) => at > now - flapping.within).slice(-(flapping.flips + 1))
}

/** An alert of our own rules that no evaluation mentioned for this long: its rule is gone. */
const FORGOTTEN_AFTER = DAY

/**
 * What time alone changes: unconfirmed alerts end, flapping ones that are calm show their real state. `awakeSince` is
 * when we started: nobody could confirm anything before.
 */
export function aged(
  fact: AlertFact,
  now: Timestamp,
  flapping: Flapping | null,
  awakeSince: Timestamp,
): AlertFact {
  let next = fact
  const heardAt = timestamp(Math.max(fact.alert.updatedAt, awakeSince))
  if (!isOver(fact) && fact.expiresAt === null && plus(heardAt, FORGOTTEN_AFTER) <= now) {
    const note = { ended: 'no rule has mentioned it for a day' }
    const ended = { ...fact.alert, annotations: { ...fact.alert.annotations, ...note }, endsAt: now }
    next = { ...fact, alert: ended, flapping: null }
  }
  if (next.expiresAt !== null && next.expiresAt <= now) {
    const ended = { ...(next.flapping?.last ?? next.alert), endsAt: next.expiresAt }
    next = intake(next, next.id, ended, now, flapping) ?? next
  }
  if (next.flapping !== null) {
    const calm = flapping === null || next.flips.every((at) => plus(at, millis(flapping.within / 2)) <= now)
    if (calm) next = { ...next, alert: next.flapping.last, flapping: null }
  }
  return next
}

export const isOver = (fact: AlertFact): boolean => fact.alert.endsAt !== null

/** Whether it must still be remembered for its flips, though it is over and told. */
export const remembersFlips = (fact: AlertFact, flapping: Flapping | null, now: Timestamp): boolean =>
  recent(fact.flips, flapping, now).length > 0

/** Nothing a decision or a restart needs differs: values and texts come again with the next evaluation. */
export const sameState = (a: AlertFact, b: AlertFact): boolean =>
  a.alert.endsAt === b.alert.endsAt &&
  a.alert.startsAt === b.alert.startsAt &&
  (a.expiresAt === null) === (b.expiresAt === null) &&
  a.flips.length === b.flips.length &&
  a.flips.at(-1) === b.flips.at(-1) &&
  (a.flapping === null) === (b.flapping === null)
