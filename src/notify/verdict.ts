// A verdict about one alert as a sentence a person understands. Pure.
import type { AlertFact, SilenceFact, Told } from '../model/notice.ts'
import { type Timestamp } from '../model/units.ts'
import type { Tick } from './group.ts'
import type { Decision } from './why.ts'

export interface Case {
  readonly fact: AlertFact
  readonly tick: Tick
  readonly told: Told | undefined
  readonly decision: Decision
  readonly silences: ReadonlyMap<string, SilenceFact>
  readonly alerts: ReadonlyMap<string, AlertFact>
}

export function verdictText({ fact, tick, told, decision, silences, alerts }: Case): string {
  const over = fact.alert.endsAt !== null
  const mute = tick.mutes.get(fact.id)
  if (!over && mute !== undefined && mute.inhibitedBy.length > 0) {
    return `inhibited by ${mute.inhibitedBy.map((id) => nameOf(alerts.get(id), id)).join(', ')}`
  }
  if (!over && mute !== undefined && mute.silencedBy.length > 0) {
    return `silenced by ${mute.silencedBy.map((id) => silenceText(silences.get(id), id)).join(', ')}`
  }
  if (!over && tick.calendar !== null) {
    return `muted by ${tick.calendar.by}${tick.calendar.until === null ? '' : ` until ${iso(tick.calendar.until)}`}`
  }
  const at = `at ${iso(tick.group.nextFlush)}`
  if (decision.notify) {
    if (decision.why === 'repeat') return `to be repeated ${at}`
    return told?.firing.includes(fact.id) === true && !over
      ? `already told at ${iso(told.at)}; its group is told again ${at}: ${decision.why}`
      : `to be told ${at}: ${decision.why}`
  }
  if (decision.why === 'already told') {
    return `already told at ${iso(told?.at ?? null)} (${told?.reason ?? ''})${decision.until === null ? '' : `; repeated after ${iso(decision.until)}`}`
  }
  return decision.why === 'over before it was told' ? 'over before anybody was told of it' : decision.why
}

const iso = (at: Timestamp | null): string => (at === null ? 'never' : new Date(at).toISOString())

const nameOf = (fact: AlertFact | undefined, id: string): string =>
  `${fact?.alert.labels['alertname'] ?? 'alert'} (${id})`

const silenceText = (silence: SilenceFact | undefined, id: string): string =>
  silence === undefined
    ? id
    : `${id} (${silence.createdBy}: ${silence.comment}; until ${silence.untilResolved ? 'resolved, at most ' : ''}${iso(silence.endsAt)})`
