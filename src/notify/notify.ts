// The door of notifications: alerts go in, what must be told goes out once, and every decision can be explained.
import { createEgress } from '../io/egress.ts'
import { createHttpClient } from '../io/http.ts'
import type { Alert } from '../model/alert.ts'
import type { AlertFact, AlertGroupFact, Notification, OutboxFact } from '../model/notice.ts'
import type { Labels, Sample } from '../model/series.ts'
import { type Timestamp, MINUTE, millis, plus } from '../model/units.ts'
import { createClockSteps, moveTimers } from './clock-steps.ts'
import type { NotifyConfig } from './config.ts'
import { type Plan, connect } from './connect.ts'
import { Delivery, QUEUE_LIMIT } from './deliver.ts'
import { type Background, type Explanation, explain } from './explain.ts'
import { type Figures, createFigures, stateSamples } from './figures.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type Tick, announcementOf, decide, newGroup } from './group.ts'
import { type Heartbeat, createHeartbeat } from './heartbeat.ts'
import { aged, intake, isOver, remembersFlips, sameState } from './intake.ts'
import { type Memory, type NotifyStore, openMemory } from './memory.ts'
import { type Mute, calendarMute, inhibitor } from './mute.ts'
import { aboutOf, headlineOf } from './receivers/wording.ts'
import type { AlertStatus, Announcement, Notifier, NotifierParts, ReceiverStatus } from './notifier.ts'
import { type Route, groupIdOf, groupKeyOf, groupLabelsOf, routesOf } from './route.ts'
import { type Silences, createSilences } from './silences.ts'
import { statusOf } from './status.ts'
import { createWording } from './wording.ts'

export { NotifyConfig } from './config.ts'
export type { AlertStatus, Notifier, NotifierParts } from './notifier.ts'
export { digestOf } from './digest.ts'
export { notifyMetrics } from './figures.ts'
export { matchesAll, parseMatchers, printMatcher } from './matcher.ts'
export { acknowledgement } from './silences.ts'

type Muting = (labels: Labels) => Mute

/** A notice that waits longer than this says that notifications do not work. */
const STUCK_AFTER = millis(10 * MINUTE)
/** Pushed alerts that nobody repeats are over after this. */
export const RESOLVE_TIMEOUT = millis(5 * MINUTE)
/** Alerts known at the same time; new ones beyond this are dropped and counted. */
const MAX_ALERTS = 100_000
/** Alerts that are over and kept only because they may flap. */
const MAX_LINGERING = 10_000

export function createNotifier(parts: NotifierParts): Notifier {
  return new Engine(parts)
}

class Engine implements Notifier {
  readonly config: NotifyConfig
  readonly silences: Silences
  readonly #clockStep: ReturnType<typeof createClockSteps>
  readonly #store: NotifyStore
  readonly #memory: Memory
  readonly #plan: Plan
  readonly #delivery: Delivery
  readonly #figures: Figures
  /** Routes that lead to a group now; a group without one is only closed. */
  readonly #routes = new Map<string, Route>()
  readonly #externalUrl: string
  readonly #background: (labels: Labels, now: Timestamp) => Background | null
  readonly #heartbeat: Heartbeat
  readonly #awakeSince: Timestamp
  #order: number

  constructor({ config, store, io, random, files, http, background }: NotifierParts) {
    const egress = createEgress(config.egress.allow)
    this.config = config
    this.#clockStep = createClockSteps(io.clock)
    this.#awakeSince = io.clock.now()
    this.#store = store
    this.#externalUrl = config.external_url ?? ''
    this.#background = background ?? (() => null)
    this.#memory = openMemory(store)
    this.#plan = connect(config, {
      http: http ?? createHttpClient(egress),
      egress,
      log: io.log,
      wording: createWording(config, files),
      readSecret: (file) => files.read(file),
    })
    this.#figures = createFigures(this.#plan.integrations.keys())
    this.#heartbeat = createHeartbeat(config.heartbeat, http ?? createHttpClient(egress), io.log)
    this.silences = createSilences(this.#memory, this.#plan.intervals)
    this.#order = [...this.#memory.outbox.values()].reduce((last, { order }) => Math.max(last, order), 0)
    this.#delivery = new Delivery([...this.#plan.integrations.values()].flat(), {
      memory: this.#memory,
      clock: io.clock,
      random,
      figures: this.#figures,
      log: io.log,
    })
    this.#adopt(io.clock.now())
  }

  /**
   * After a start: every alert finds its groups again. Groups keep their timers, new ones wait their group_wait. Who
   * must confirm an alert gets the time to do so: that nobody could while we were away means nothing.
   */
  #adopt(now: Timestamp): void {
    const grace = plus(now, this.config.global.resolve_timeout ?? RESOLVE_TIMEOUT)
    const firing = [...this.#memory.alerts.values()].filter((fact) => !isOver(fact))
    for (const fact of firing) {
      if (fact.expiresAt !== null && fact.expiresAt < grace) this.#memory.put({ ...fact, expiresAt: grace })
    }
    this.#join(firing, now)
    for (const group of this.#memory.groups.values()) {
      if (!this.#plan.integrations.has(group.receiver)) this.#memory.remove('alert-group', group.id)
    }
    this.#memory.save(now)
  }

  take(alerts: readonly Alert[], now: Timestamp): void {
    this.#figures.received(alerts.length)
    const fired: AlertFact[] = []
    for (const alert of alerts) {
      const id = fingerprintOf(alert.labels)
      const known = this.#memory.alerts.get(id)
      const next = intake(known, id, alert, now, this.config.flapping)
      if (next === null || next === known) continue
      if (known === undefined && this.#memory.alerts.size >= MAX_ALERTS) {
        this.#figures.dropped()
        continue
      }
      if (known !== undefined && sameState(known, next)) this.#memory.note(next)
      else {
        this.#memory.put(next)
        if (!isOver(next)) fired.push(next)
      }
    }
    this.#join(fired, now)
    this.#memory.save(now)
  }

  /** Puts alerts into the groups that their labels lead to. */
  #join(facts: readonly AlertFact[], now: Timestamp): void {
    const joining = new Map<string, { group: AlertGroupFact; members: Set<string> }>()
    for (const fact of facts) {
      for (const route of routesOf(this.#plan.root, fact.alert.labels)) {
        const labels = groupLabelsOf(route, fact.alert.labels)
        const key = groupKeyOf(route, labels)
        const id = groupIdOf(route.receiver, key)
        this.#routes.set(id, route)
        let joined = joining.get(id)
        if (joined === undefined) {
          const group = this.#memory.groups.get(id) ?? newGroup(id, key, route, labels, now)
          joining.set(id, (joined = { group, members: new Set(group.members) }))
        }
        joined.members.add(fact.id)
      }
    }
    for (const { group, members } of joining.values()) {
      if (members.size > group.members.length) this.#memory.put({ ...group, members: [...members] })
    }
  }

  flush(now: Timestamp, signal: AbortSignal): void {
    this.#followClock(now)
    this.#age(now)
    const due = [...this.#memory.groups.values()].filter((group) => group.nextFlush <= now)
    if (due.length > 0) {
      const mutes = this.#muting(now)
      for (const group of due) this.#tick(group, mutes, now)
      this.#forget(now)
    }
    this.silences.maintain(this.#firingLabels(), now)
    // Written before anything is sent: what was decided survives whatever happens next.
    this.#memory.save(now)
    this.#delivery.start(now, signal)
    this.#heartbeat.beat(now, signal, this.#trouble(now))
  }

  #tick(group: AlertGroupFact, mutes: Muting, now: Timestamp): void {
    const integrations = this.#plan.integrations.get(group.receiver) ?? []
    const outcome = decide(
      this.#view(group, mutes, now),
      integrations.map((integration) => ({
        key: integration.key,
        sendResolved: integration.sendResolved,
        accepts: this.#delivery.waiting(integration.id) < QUEUE_LIMIT,
        busy: this.#delivery.isWaiting(integration.id, group.id),
      })),
      this.#externalUrl,
    )
    for (const { decision } of outcome.verdicts) {
      if (!decision.notify && decision.why === 'queue full') this.#figures.deferred(group.receiver)
    }
    for (const { integration, notification } of outcome.notifications)
      this.#send(group, integration, notification, now)
    if (outcome.group === null) {
      this.#memory.remove('alert-group', group.id)
      this.#routes.delete(group.id)
    } else this.#memory.put(outcome.group)
  }

  #view(group: AlertGroupFact, mutes: Muting, now: Timestamp): Tick {
    const route = this.#routes.get(group.id) ?? null
    const alerts = group.members.flatMap((id) => this.#memory.alerts.get(id) ?? [])
    return {
      group,
      route,
      alerts,
      mutes: new Map(alerts.map((fact) => [fact.id, mutes(fact.alert.labels)])),
      calendar: route === null ? null : calendarMute(route, this.#plan.intervals, now),
      now,
    }
  }

  #send(group: AlertGroupFact, integration: string, notification: Notification, now: Timestamp): void {
    const order = (this.#order += 1)
    const { id, receiver, status, reason } = notification
    const fact: OutboxFact = {
      kind: 'outbox',
      id,
      order,
      groupId: group.id,
      receiver,
      integration,
      attempts: 0,
      nextAttempt: now,
      memo: group.memos[integration] ?? null,
      notification,
    }
    const ids = (wanted: 'firing' | 'resolved') =>
      notification.alerts.filter((alert) => alert.status === wanted).map(({ fingerprint }) => fingerprint)
    this.#memory.put(fact)
    this.#memory.happened({
      kind: 'notice',
      id,
      at: now,
      groupId: group.id,
      receiver,
      integration,
      status,
      reason,
      title: headlineOf(notification),
      about: aboutOf(notification),
      firing: ids('firing'),
      resolved: ids('resolved'),
    })
    this.#delivery.enqueue(fact)
  }

  announce({ receiver, id, title, text }: Announcement, now: Timestamp): void {
    const group: AlertGroupFact = newGroup(
      `${receiver}|announcement`,
      `announcement:${id}`,
      this.#plan.root,
      {},
      now,
    )
    for (const { key } of this.#plan.integrations.get(receiver) ?? []) {
      this.#send(
        group,
        key,
        announcementOf(receiver, `${id}-${key}`, title, text, this.#externalUrl, now),
        now,
      )
    }
    this.#memory.save(now)
  }

  /** What time alone ends. */
  #age(now: Timestamp): void {
    for (const fact of this.#memory.alerts.values()) {
      const next = aged(fact, now, this.config.flapping, this.#awakeSince)
      if (next !== fact) this.#memory.put(next)
    }
  }

  /** Alerts that are over, told everywhere, and not watched for flapping. */
  #forget(now: Timestamp): void {
    const members = new Set([...this.#memory.groups.values()].flatMap((group) => group.members))
    const over = [...this.#memory.alerts.values()].filter((fact) => isOver(fact) && !members.has(fact.id))
    for (const [i, fact] of over.entries()) {
      const lingers = i >= over.length - MAX_LINGERING && remembersFlips(fact, this.config.flapping, now)
      if (!lingers) this.#memory.remove('alert', fact.id)
    }
  }

  *#firing(): Iterable<{ fingerprint: string; labels: Labels }> {
    for (const fact of this.#memory.alerts.values())
      if (!isOver(fact)) yield { fingerprint: fact.id, labels: fact.alert.labels }
  }

  *#firingLabels(): Iterable<Labels> {
    for (const { labels } of this.#firing()) yield labels
  }

  #muting(now: Timestamp): Muting {
    const inhibitedBy = inhibitor(this.#plan.inhibitRules, this.#firing())
    return (labels) => ({ inhibitedBy: inhibitedBy(labels), silencedBy: this.silences.muting(labels, now) })
  }

  #followClock(wall: Timestamp): void {
    const by = this.#clockStep(wall)
    if (by === null) return
    this.#figures.clockStep()
    moveTimers(this.#memory, by)
    this.#delivery.shift(by)
    this.#heartbeat.shift(by)
  }

  /** Why all is not well with notifications themselves; the dead-man's switch is held back then. */
  #trouble(now: Timestamp): string | null {
    if (this.#memory.failing !== null) return this.#memory.failing
    const stuck = this.receivers().find(
      ({ oldest, disabled }) => disabled || (oldest !== null && plus(oldest, STUCK_AFTER) < now),
    )
    return stuck === undefined ? null : `${stuck.receiver}/${stuck.integration} does not take notifications`
  }

  alerts(now: Timestamp): readonly AlertStatus[] {
    const mutes = this.#muting(now)
    const groups = new Map<string, AlertGroupFact[]>()
    for (const group of this.#memory.groups.values()) {
      for (const id of group.members) groups.set(id, [...(groups.get(id) ?? []), group])
    }
    return [...this.#memory.alerts.values()].map((fact) => {
      const own = groups.get(fact.id) ?? []
      const mute = mutes(fact.alert.labels)
      const calendars = own.map((group) => this.#view(group, () => mute, now).calendar)
      return statusOf(fact, own, mute, calendars)
    })
  }

  groups(): readonly AlertGroupFact[] {
    return [...this.#memory.groups.values()]
  }

  get receiverNames(): readonly string[] {
    return [...this.#plan.integrations.keys()]
  }

  receivers(): readonly ReceiverStatus[] {
    return [...this.#plan.integrations.values()].flat().map(({ id, receiver, key }) => ({
      receiver,
      integration: key,
      waiting: this.#delivery.waiting(id),
      oldest: this.#delivery.oldest(id),
      pausedUntil: this.#delivery.pausedUntil(id),
      disabled: this.#delivery.isDisabled(id),
    }))
  }

  explain(alert: string, now: Timestamp): readonly Explanation[] {
    const mutes = this.#muting(now)
    return explain(alert, {
      now,
      memory: this.#memory,
      store: this.#store,
      root: this.#plan.root,
      integrations: this.#plan.integrations,
      background: this.#background,
      viewOf: (group) => this.#view(group, mutes, now),
      muteOf: mutes,
    })
  }

  idle(): Promise<void> {
    return this.#delivery.idle()
  }

  nextDue(): Timestamp | null {
    const times = [...this.#memory.groups.values()].map(({ nextFlush }) => nextFlush as number)
    const delivery = this.#delivery.nextDue()
    if (delivery !== null) times.push(delivery)
    return times.length === 0 ? null : (times.reduce((least, next) => Math.min(least, next)) as Timestamp)
  }

  get failing(): string | null {
    return this.#memory.failing
  }

  stats(now: Timestamp): readonly Sample[] {
    return [...this.#figures.samples(), ...stateSamples(this.#memory, this.receivers(), now)]
  }
}
