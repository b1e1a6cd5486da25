// A group at its tick: who is visible, what each integration is told and why, what remains. Pure.
import { createHash } from 'node:crypto'
import type { AlertFact, AlertGroupFact, Notification, NotifiedAlert, Told } from '../model/notice.ts'
import type { Labels } from '../model/series.ts'
import { type Millis, type Timestamp, MINUTE, plus } from '../model/units.ts'
import { isOver } from './intake.ts'
import { type CalendarMute, type Mute, isMuted } from './mute.ts'
import type { Route } from './route.ts'
import { type Decision, whyNotify } from './why.ts'

/** Alerts in one message; the rest is counted. Every message names this number where it is reached. */
const MAX_ALERTS = 500

export interface Tick {
  readonly group: AlertGroupFact
  /** Null for a group that no route leads to any more (the configuration changed): what it opened is closed, no more. */
  readonly route: Route | null
  readonly alerts: readonly AlertFact[]
  readonly mutes: ReadonlyMap<string, Mute>
  readonly calendar: CalendarMute | null
  readonly now: Timestamp
}

/** The part of an integration that decisions need. */
export interface Addressee {
  readonly key: string
  readonly sendResolved: boolean
  /** False when its queue is full: the decision is put off, nothing is forgotten. */
  readonly accepts: boolean
  /** True while an earlier notice of this group is not delivered: a repeat would add nothing. */
  readonly busy: boolean
}

export interface Verdict {
  readonly integration: string
  readonly decision:
    | Decision
    | {
        readonly notify: false
        readonly why: 'queue full' | 'still delivering' | 'no route'
        readonly until: null
      }
}

export interface Outcome {
  readonly verdicts: readonly Verdict[]
  /** What is to be sent, in order. */
  readonly notifications: ReadonlyArray<{ readonly integration: string; readonly notification: Notification }>
  /** Null when all its alerts are over and told. */
  readonly group: AlertGroupFact | null
}

/** Ticks stay on their grid; a tick that is late by more than an interval starts a new one. */
export function tickOf(group: AlertGroupFact, interval: Millis, now: Timestamp): Timestamp {
  return plus(group.nextFlush, interval) > now ? group.nextFlush : now
}

export function decide(tick: Tick, addressees: readonly Addressee[], externalUrl: string): Outcome {
  const { group, route, now } = tick
  const interval = route?.groupInterval ?? MINUTE
  const at = tickOf(group, interval, now)
  const verdicts: Verdict[] = []
  const notifications: { integration: string; notification: Notification }[] = []
  const told: Record<string, Told> = { ...group.told }
  let { sequence } = group

  for (const addressee of addressees) {
    const before = told[addressee.key]
    const view = visible(tick, before)
    const decision = refine(
      whyNotify({
        told: before,
        ...view,
        sendResolved: addressee.sendResolved,
        repeatInterval: route?.repeatInterval ?? interval,
        tick: at,
      }),
      addressee,
      route,
    )
    verdicts.push({ integration: addressee.key, decision })
    if (!decision.notify) continue
    told[addressee.key] = {
      at,
      reason: decision.why,
      firing: [...view.firing, ...view.held],
      resolved: view.resolved,
      flapping: view.flapping,
    }
    const shown = new Set(addressee.sendResolved ? [...view.firing, ...view.resolved] : view.firing)
    if (shown.size === 0) continue
    sequence += 1
    notifications.push({
      integration: addressee.key,
      notification: notificationOf(
        { ...tick, alerts: tick.alerts.filter(({ id }) => shown.has(id)) },
        decision.why,
        idOf(group, addressee.key, sequence, now),
        externalUrl,
      ),
    })
  }

  const open = new Set(addressees.flatMap(({ key }) => told[key]?.firing ?? []))
  const members = tick.alerts.filter((alert) => !isOver(alert) || open.has(alert.id)).map(({ id }) => id)
  if (members.length === 0) return { verdicts, notifications, group: null }
  return {
    verdicts,
    notifications,
    group: { ...group, members, told, sequence, nextFlush: plus(at, interval) },
  }
}

export interface View {
  readonly firing: readonly string[]
  readonly resolved: readonly string[]
  /** Told as firing, muted now, still firing: not shown, but not closed either. */
  readonly held: readonly string[]
  readonly flapping: readonly string[]
}

/** What an integration gets to see. A mute hides what fires; it never hides the end of what was opened. */
export function visible(tick: Pick<Tick, 'alerts' | 'mutes' | 'calendar'>, told: Told | undefined): View {
  const open = new Set(told?.firing)
  const hidden = ({ id }: AlertFact) =>
    tick.calendar !== null || isMuted(tick.mutes.get(id) ?? { inhibitedBy: [], silencedBy: [] })
  const firing = tick.alerts.filter((alert) => !isOver(alert) && !hidden(alert))
  return {
    firing: firing.map(({ id }) => id),
    resolved: tick.alerts.filter((alert) => isOver(alert) && open.has(alert.id)).map(({ id }) => id),
    held: tick.alerts
      .filter((alert) => !isOver(alert) && hidden(alert) && open.has(alert.id))
      .map(({ id }) => id),
    flapping: firing.filter(({ flapping }) => flapping !== null).map(({ id }) => id),
  }
}

function refine(decision: Decision, addressee: Addressee, route: Route | null): Verdict['decision'] {
  if (!decision.notify) return decision
  if (!addressee.accepts) return { notify: false, why: 'queue full', until: null }
  if (decision.why === 'repeat' && addressee.busy)
    return { notify: false, why: 'still delivering', until: null }
  if (route === null && !decision.why.endsWith('resolved'))
    return { notify: false, why: 'no route', until: null }
  return decision
}

/**
 * The same at every attempt, because the outbox keeps it. The time of the decision belongs to it: what a full disk did
 * not take and a crash forgot must not give its id to something else, which a receiver would drop as known.
 */
const idOf = (group: AlertGroupFact, integration: string, sequence: number, now: Timestamp): string =>
  createHash('sha256')
    .update(JSON.stringify([group.id, group.since, integration, sequence, now]))
    .digest('hex')
    .slice(0, 32)

function notificationOf(tick: Tick, reason: string, id: string, externalUrl: string): Notification {
  const { group, now } = tick
  const all = tick.alerts
    .map(notified)
    .toSorted(
      (a, b) =>
        Number(a.status === 'resolved') - Number(b.status === 'resolved') ||
        a.startsAt - b.startsAt ||
        (a.fingerprint < b.fingerprint ? -1 : 1),
    )
  return {
    id,
    at: now,
    status: all.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    reason,
    receiver: group.receiver,
    groupKey: group.key,
    groupLabels: group.labels,
    commonLabels: common(all.map(({ labels }) => labels)),
    commonAnnotations: common(all.map(({ annotations }) => annotations)),
    alerts: all.slice(0, MAX_ALERTS),
    truncatedAlerts: Math.max(0, all.length - MAX_ALERTS),
    externalUrl,
  }
}

function notified(fact: AlertFact): NotifiedAlert {
  const { alert } = fact
  const flapping =
    fact.flapping === null
      ? {}
      : { flapping: `changed ${fact.flips.length} times lately; told once until it is calm` }
  return {
    status: isOver(fact) ? 'resolved' : 'firing',
    labels: alert.labels,
    annotations: { ...alert.annotations, ...flapping },
    startsAt: alert.startsAt,
    endsAt: alert.endsAt,
    generatorUrl: alert.generatorUrl,
    fingerprint: fact.id,
    value: alert.value,
    noData: alert.noData,
  }
}

/** What all of them have with the same value. */
function common(sets: readonly Labels[]): Labels {
  const [first, ...rest] = sets
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(([name, value]) => rest.every((set) => set[name] === value)),
  )
}

/** A message that is no alert, in the shape of one, so that every receiver can carry it. */
export const announcementOf = (
  receiver: string,
  id: string,
  title: string,
  text: string,
  externalUrl: string,
  now: Timestamp,
): Notification => {
  const labels = { alertname: title, severity: 'info' }
  const annotations = { summary: title, description: text }
  return {
    id,
    at: now,
    status: 'firing',
    reason: 'announcement',
    receiver,
    groupKey: `announcement:${id}`,
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: annotations,
    alerts: [
      {
        status: 'firing',
        labels,
        annotations,
        startsAt: now,
        endsAt: null,
        generatorUrl: externalUrl,
        fingerprint: id,
        value: null,
        noData: false,
      },
    ],
    truncatedAlerts: 0,
    externalUrl,
  }
}

/** Its first message waits for the route's group_wait. */
export const newGroup = (
  id: string,
  key: string,
  route: Route,
  labels: Labels,
  now: Timestamp,
): AlertGroupFact => ({
  kind: 'alert-group',
  id,
  key,
  routeKey: route.key,
  receiver: route.receiver,
  labels,
  since: now,
  nextFlush: plus(now, route.groupWait),
  sequence: 0,
  members: [],
  told: {},
  memos: {},
})
