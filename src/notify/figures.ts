// What notifications count about themselves.
import type { DeliveryResult } from '../model/notice.ts'
import type { MetricInfo, Sample } from '../model/series.ts'
import { type Millis, type Timestamp, SECOND } from '../model/units.ts'
import { isOver } from './intake.ts'
import type { Memory } from './memory.ts'
import { silenceState } from './mute.ts'

const metric = (
  name: string,
  type: MetricInfo['type'],
  unit: string,
  labels: readonly string[],
  help: string,
): MetricInfo => ({
  name: `tidemark_${name}`,
  help,
  type,
  unit,
  labels,
})

/** Definitions for the catalogue. */
export const notifyMetrics: readonly MetricInfo[] = [
  metric(
    'notifications_total',
    'counter',
    '',
    ['receiver', 'result'],
    'Attempts to deliver a notification, by receiver and result (delivered, retry, refused, gone, dropped).',
  ),
  metric('notifications_lost_total', 'counter', '', ['receiver'], 'Notifications given up for good.'),
  metric(
    'notification_latency_seconds',
    'histogram',
    'seconds',
    ['receiver'],
    'From the decision to notify to the receiver taking it.',
  ),
  metric(
    'notification_queue_length',
    'gauge',
    '',
    ['receiver'],
    'Notifications decided and not delivered yet.',
  ),
  metric(
    'notification_queue_age_seconds',
    'gauge',
    'seconds',
    ['receiver'],
    'Age of the oldest notification not delivered yet; absent when none waits.',
  ),
  metric(
    'notifications_deferred_total',
    'counter',
    '',
    ['receiver'],
    'Decisions put off because the queue was full.',
  ),
  metric(
    'notify_alerts',
    'gauge',
    '',
    ['state'],
    'Alerts known to notifications: firing, resolved, flapping.',
  ),
  metric('notify_groups', 'gauge', '', [], 'Groups of alerts.'),
  metric('notify_silences', 'gauge', '', ['state'], 'Silences: pending, active, expired.'),
  metric('notify_alerts_received_total', 'counter', '', [], 'Alerts taken in, repeats included.'),
  metric(
    'notify_alerts_dropped_total',
    'counter',
    '',
    [],
    'New alerts that were not taken because too many are known.',
  ),
  metric(
    'notify_state_write_failing',
    'gauge',
    '',
    [],
    '1 while notification state cannot be written to disk.',
  ),
  metric(
    'notify_clock_steps_total',
    'counter',
    '',
    [],
    'Steps of the wall clock that timers were moved with.',
  ),
]

const BOUNDS = [1, 5, 15, 60, 300, 1_800, 3_600, 21_600]

export interface Figures {
  attempt(receiver: string, result: DeliveryResult): void
  delivered(receiver: string, after: Millis): void
  lost(receiver: string): void
  deferred(receiver: string): void
  received(count: number): void
  /** An alert that there was no room for. */
  dropped(): void
  clockStep(): void
  samples(): Sample[]
}

interface Waiting {
  readonly receiver: string
  readonly integration: string
  readonly waiting: number
  readonly oldest: Timestamp | null
}

/** What is so now, as samples. */
export function stateSamples(memory: Memory, receivers: readonly Waiting[], now: Timestamp): Sample[] {
  const gauge = (name: string, labels: Record<string, string>, value: number): Sample => ({
    name: `tidemark_${name}`,
    labels,
    value,
  })
  const alerts = { firing: 0, resolved: 0, flapping: 0 }
  for (const fact of memory.alerts.values())
    alerts[isOver(fact) ? 'resolved' : fact.flapping === null ? 'firing' : 'flapping'] += 1
  const silences = { pending: 0, active: 0, expired: 0 }
  for (const fact of memory.silences.values()) silences[silenceState(fact, now)] += 1
  const queues = Map.groupBy(receivers, ({ receiver }) => receiver)
  return [
    ...Object.entries(alerts).map(([state, count]) => gauge('notify_alerts', { state }, count)),
    ...Object.entries(silences).map(([state, count]) => gauge('notify_silences', { state }, count)),
    gauge('notify_groups', {}, memory.groups.size),
    gauge('notify_state_write_failing', {}, memory.failing === null ? 0 : 1),
    ...[...queues].flatMap(([receiver, all]) => {
      const oldest = Math.min(...all.map((one) => one.oldest ?? Infinity))
      return [
        gauge(
          'notification_queue_length',
          { receiver },
          all.reduce((sum, { waiting }) => sum + waiting, 0),
        ),
        ...(oldest === Infinity
          ? []
          : [gauge('notification_queue_age_seconds', { receiver }, (now - oldest) / SECOND)]),
      ]
    }),
  ]
}

const RESULTS: Readonly<Record<DeliveryResult, true>> = {
  delivered: true,
  retry: true,
  refused: true,
  gone: true,
  dropped: true,
}

/** Counts of the receivers begin at 0: a counter that first shows with 1 has not increased. */
export function createFigures(receivers: Iterable<string>): Figures {
  const counts = new Map<string, Sample>()
  const add = (name: string, labels: Record<string, string>, by: number) => {
    const key = `${name} ${JSON.stringify(labels)}`
    counts.set(key, { name: `tidemark_${name}`, labels, value: (counts.get(key)?.value ?? 0) + by })
  }
  for (const receiver of receivers) {
    for (const result of Object.keys(RESULTS)) add('notifications_total', { receiver, result }, 0)
    add('notifications_lost_total', { receiver }, 0)
    add('notifications_deferred_total', { receiver }, 0)
  }
  return {
    attempt: (receiver, result) => add('notifications_total', { receiver, result }, 1),
    lost: (receiver) => add('notifications_lost_total', { receiver }, 1),
    deferred: (receiver) => add('notifications_deferred_total', { receiver }, 1),
    received: (count) => add('notify_alerts_received_total', {}, count),
    dropped: () => add('notify_alerts_dropped_total', {}, 1),
    clockStep: () => add('notify_clock_steps_total', {}, 1),
    delivered(receiver, after) {
      const seconds = Math.max(0, after) / SECOND
      for (const bound of [...BOUNDS, Infinity]) {
        add(
          'notification_latency_seconds_bucket',
          { receiver, le: bound === Infinity ? '+Inf' : String(bound) },
          seconds <= bound ? 1 : 0,
        )
      }
      add('notification_latency_seconds_sum', { receiver }, seconds)
      add('notification_latency_seconds_count', { receiver }, 1)
    },
    samples: () => [...counts.values()],
  }
}
