// Why somebody was, or was not, told about an alert: the route taken, every verdict, every attempt.
import type {
  AlertFact,
  AlertGroupFact,
  DeliveryFact,
  NoticeFact,
  OutboxFact,
  Told,
} from '../model/notice.ts'
import type { Labels } from '../model/series.ts'
import type { Millis, Timestamp } from '../model/units.ts'
import type { Integration } from './deliver.ts'
import { type Tick, visible } from './group.ts'
import type { Memory, NotifyStore } from './memory.ts'
import type { Mute } from './mute.ts'
import { type Route, groupIdOf, groupKeyOf, groupLabelsOf, routesOf } from './route.ts'
import { verdictText } from './verdict.ts'
import { whyNotify } from './why.ts'

const MAX_ALERTS = 50
/** Events looked through, newest first. */
const HISTORY = 5_000

/** What the rule that made an alert knows of it; asked of whoever runs the rules. */
export interface Background {
  readonly expression: string
  readonly pendingSince: Timestamp | null
  readonly holdFor: Millis
  /** Values of the expression, oldest first. */
  readonly history: ReadonlyArray<readonly [Timestamp, number]>
}

export interface Explanation {
  readonly fingerprint: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly state: 'firing' | 'resolved' | 'flapping'
  readonly since: Timestamp
  readonly endedAt: Timestamp | null
  readonly value: number | null
  readonly noData: boolean
  /** When it changed between firing and resolved, lately. */
  readonly flips: readonly Timestamp[]
  readonly background: Background | null
  readonly mute: Mute
  readonly ways: readonly Way[]
  readonly notices: readonly NoticeStory[]
}

/** One leaf of the routing tree that the alert leads to. */
export interface Way {
  readonly receiver: string
  /** The matchers from the root down. */
  readonly route: string
  readonly groupKey: string
  readonly groupLabels: Labels
  /** When the group is looked at next; null before the alert joined it or after it is over. */
  readonly nextTick: Timestamp | null
  readonly integrations: ReadonlyArray<{
    readonly integration: string
    readonly told: Told | null
    /** What a tick right now would say, as a sentence. */
    readonly verdict: string
    readonly waiting: number
  }>
}

export interface NoticeStory {
  readonly notice: NoticeFact
  readonly state: 'waiting' | 'delivered' | 'dropped'
  readonly nextAttempt: Timestamp | null
  readonly attempts: readonly DeliveryFact[]
}

export interface Known {
  readonly now: Timestamp
  readonly memory: Memory
  readonly store: NotifyStore
  readonly root: Route
  readonly integrations: ReadonlyMap<string, readonly Integration[]>
  background(labels: Labels, now: Timestamp): Background | null
  viewOf(group: AlertGroupFact): Tick
  muteOf(labels: Labels): Mute
}

export function explain(asked: string, known: Known): Explanation[] {
  const found = [...known.memory.alerts.values()].filter(
    (fact) => fact.alert.labels['alertname'] === asked || (asked.length >= 4 && fact.id.startsWith(asked)),
  )
  const notices = known.store.facts('notice', { limit: HISTORY })
  const deliveries = Map.groupBy(
    known.store.facts('delivery', { limit: HISTORY }),
    ({ notification }) => notification,
  )
  return found.slice(0, MAX_ALERTS).map((fact) => ({
    fingerprint: fact.id,
    labels: fact.alert.labels,
    annotations: fact.alert.annotations,
    state: fact.flapping !== null ? 'flapping' : fact.alert.endsAt === null ? 'firing' : 'resolved',
    since: fact.alert.startsAt,
    endedAt: fact.alert.endsAt,
    value: fact.alert.value,
    noData: fact.alert.noData,
    flips: fact.flips,
    background: known.background(fact.alert.labels, known.now),
    mute: known.muteOf(fact.alert.labels),
    ways: routesOf(known.root, fact.alert.labels).map((route) => wayOf(fact, route, known)),
    notices: notices
      .filter(({ firing, resolved }) => firing.includes(fact.id) || resolved.includes(fact.id))
      .map((notice) => storyOf(notice, known.memory.outbox.get(notice.id), deliveries.get(notice.id) ?? [])),
  }))
}

function wayOf(fact: AlertFact, route: Route, known: Known): Way {
  const groupLabels = groupLabelsOf(route, fact.alert.labels)
  const groupKey = groupKeyOf(route, groupLabels)
  const group = known.memory.groups.get(groupIdOf(route.receiver, groupKey))
  const member = group?.members.includes(fact.id) === true ? group : undefined
  return {
    receiver: route.receiver,
    route: route.key,
    groupKey,
    groupLabels,
    nextTick: member?.nextFlush ?? null,
    integrations: (known.integrations.get(route.receiver) ?? []).map((integration) => ({
      integration: integration.key,
      told: member?.told[integration.key] ?? null,
      verdict: member === undefined ? 'not in this group now' : verdictNow(fact, member, integration, known),
      waiting: [...known.memory.outbox.values()].filter(
        (one) => one.groupId === group?.id && one.integration === integration.key,
      ).length,
    })),
  }
}

function verdictNow(fact: AlertFact, group: AlertGroupFact, integration: Integration, known: Known): string {
  const tick = known.viewOf(group)
  const told = group.told[integration.key]
  const decision = whyNotify({
    told,
    ...visible(tick, told),
    sendResolved: integration.sendResolved,
    repeatInterval: tick.route?.repeatInterval ?? (0 as never),
    tick: known.now,
  })
  return verdictText({
    fact,
    tick,
    told,
    decision,
    silences: known.memory.silences,
    alerts: known.memory.alerts,
  })
}

const storyOf = (
  notice: NoticeFact,
  waiting: OutboxFact | undefined,
  attempts: readonly DeliveryFact[],
): NoticeStory => ({
  notice,
  state:
    waiting !== undefined
      ? 'waiting'
      : attempts.some(({ result }) => result === 'delivered')
        ? 'delivered'
        : 'dropped',
  nextAttempt: waiting?.nextAttempt ?? null,
  attempts: attempts.toSorted((a, b) => a.attempt - b.attempt),
})
