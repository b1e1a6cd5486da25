// What an alert's place is now, in Alertmanager's words.
import type { AlertFact, AlertGroupFact } from '../model/notice.ts'
import { isOver } from './intake.ts'
import { type CalendarMute, type Mute, isMuted } from './mute.ts'
import type { AlertStatus } from './notifier.ts'

/** `calendars`: of each of its groups; muted by them is what no group may tell now. */
export function statusOf(
  fact: AlertFact,
  groups: readonly AlertGroupFact[],
  mute: Mute,
  calendars: ReadonlyArray<CalendarMute | null>,
): AlertStatus {
  const mutedBy =
    calendars.length > 0 && calendars.every((calendar) => calendar !== null)
      ? calendars.map((calendar) => calendar.by)
      : []
  return {
    fact,
    state: isOver(fact) ? 'resolved' : isMuted(mute) || mutedBy.length > 0 ? 'suppressed' : 'active',
    mute,
    mutedBy,
    receivers: [...new Set(groups.map(({ receiver }) => receiver))],
    groups,
  }
}
