// Whether an integration is told about its group now, and the reason either way. Pure.
import type { Told } from '../model/notice.ts'
import { type Millis, type Timestamp, plus } from '../model/units.ts'

export type Why =
  | 'first notification'
  | 'new alerts'
  | 'all alerts resolved'
  | 'some alerts resolved'
  | 'an alert is flapping'
  | 'repeat'

export type WhyNot =
  | 'nothing to tell' // no alert is visible: all muted, or none left
  | 'over before it was told' // fired and resolved before the first notification
  | 'already told' // nothing changed, and repeat_interval has not passed

export interface Facts {
  readonly told: Told | undefined
  /** Fingerprints of the visible alerts. */
  readonly firing: readonly string[]
  readonly resolved: readonly string[]
  readonly flapping: readonly string[]
  readonly sendResolved: boolean
  readonly repeatInterval: Millis
  /** The group's tick, not the moment at which the work got done: repeats stay on the grid. */
  readonly tick: Timestamp
}

export type Decision =
  | { readonly notify: true; readonly why: Why }
  | { readonly notify: false; readonly why: WhyNot; readonly until: Timestamp | null }

const yes = (why: Why): Decision => ({ notify: true, why })
const no = (why: WhyNot, until: Timestamp | null = null): Decision => ({ notify: false, why, until })

export function whyNotify(facts: Facts): Decision {
  const { told, firing, resolved, flapping } = facts
  if (firing.length === 0 && resolved.length === 0) return no('nothing to tell')
  if (told === undefined) return firing.length > 0 ? yes('first notification') : no('over before it was told')
  const toldFiring = new Set(told.firing)
  if (firing.some((id) => !toldFiring.has(id)))
    return yes(told.firing.length > 0 ? 'new alerts' : 'first notification')
  if (firing.length === 0) {
    // What was opened is closed, whether the receiver shows resolved alerts or not: the caller drops the message for
    // those that do not, and what was told is forgotten either way.
    return resolved.some((id) => toldFiring.has(id))
      ? yes('all alerts resolved')
      : no('over before it was told')
  }
  const toldResolved = new Set(told.resolved)
  if (facts.sendResolved && resolved.some((id) => toldFiring.has(id) && !toldResolved.has(id))) {
    return yes('some alerts resolved')
  }
  const toldFlapping = new Set(told.flapping)
  if (flapping.some((id) => !toldFlapping.has(id))) return yes('an alert is flapping')
  const repeatAt = plus(told.at, facts.repeatInterval)
  return repeatAt <= facts.tick ? yes('repeat') : no('already told', repeatAt)
}
