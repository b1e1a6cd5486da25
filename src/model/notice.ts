// What notifications remember: alerts, their groups, silences, what is still to be sent and what was.
import type { Alert } from './alert.ts'
import type { Labels, Matcher } from './series.ts'
import type { Millis, Timestamp } from './units.ts'

/** An alert as notifications know it. Entity, one a label set; removed when it is over and was told. */
export interface AlertFact {
  readonly kind: 'alert'
  /** Fingerprint of its labels, as Alertmanager computes it. */
  readonly id: string
  /** What groups see. While it flaps this stays firing and `last` holds what was really said last. */
  readonly alert: Alert
  /** Where nobody confirms it until then it is over; null for alerts that our own rules confirm. */
  readonly expiresAt: Timestamp | null
  /** When it changed between firing and resolved; the newest ones only. */
  readonly flips: readonly Timestamp[]
  readonly flapping: { readonly since: Timestamp; readonly last: Alert } | null
}

/** An alert began or ended and the OTLP collector does not know it yet. Entity; removed when the collector has it. */
export interface AlertDueFact {
  readonly kind: 'alert-due'
  /** `<fingerprint>@<when it was learned>` */
  readonly id: string
  readonly fingerprint: string
  readonly alert: Alert
  readonly at: Timestamp
}

/** Mutes alerts by their labels. Entity; an expired one is kept for a while. */
export interface SilenceFact {
  readonly kind: 'silence'
  readonly id: string
  readonly matchers: readonly Matcher[]
  readonly startsAt: Timestamp
  readonly endsAt: Timestamp
  readonly createdBy: string
  readonly comment: string
  readonly updatedAt: Timestamp
  /** Names of time intervals: it mutes only inside one of them. Empty: all the time between start and end. */
  readonly during: readonly string[]
  /** Ends by itself when no alert that it matches fires any more. */
  readonly untilResolved: boolean
  /** True once it has muted something: only then can "no longer firing" end it. */
  readonly matched: boolean
  readonly annotations: Labels
}

/** What one integration of a receiver was last told about a group. */
export interface Told {
  readonly at: Timestamp
  readonly reason: string
  /** Fingerprints. */
  readonly firing: readonly string[]
  readonly resolved: readonly string[]
  readonly flapping: readonly string[]
}

/** Alerts that are told together, with their timers. Entity; removed when all its alerts are over and told. */
export interface AlertGroupFact {
  readonly kind: 'alert-group'
  /** `<receiver>|<key>` */
  readonly id: string
  /** Alertmanager's groupKey: the route's matchers and the group's labels. */
  readonly key: string
  readonly routeKey: string
  readonly receiver: string
  readonly labels: Labels
  readonly since: Timestamp
  readonly nextFlush: Timestamp
  /** Counts what was decided to be told; part of each notification's id. */
  readonly sequence: number
  /** Fingerprints. */
  readonly members: readonly string[]
  readonly told: Readonly<Record<string, Told>>
  /** What an integration wants to know again at its next message of this group: a Slack message's id. */
  readonly memos: Readonly<Record<string, string>>
}

export interface NotifiedAlert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Labels
  readonly annotations: Labels
  readonly startsAt: Timestamp
  readonly endsAt: Timestamp | null
  readonly generatorUrl: string
  readonly fingerprint: string
  readonly value: number | null
  readonly noData: boolean
}

/** One message to one integration, frozen when it was decided. */
export interface Notification {
  /** The same at every attempt: receivers that know it already may drop it. */
  readonly id: string
  readonly at: Timestamp
  readonly status: 'firing' | 'resolved'
  /** Why it is sent, as a sentence part: `first notification`, `new alerts`, … */
  readonly reason: string
  readonly receiver: string
  readonly groupKey: string
  readonly groupLabels: Labels
  readonly commonLabels: Labels
  readonly commonAnnotations: Labels
  readonly alerts: readonly NotifiedAlert[]
  readonly truncatedAlerts: number
  readonly externalUrl: string
}

/** A notification that was decided and is not delivered yet. Entity; removed when it is done with. */
export interface OutboxFact {
  readonly kind: 'outbox'
  /** The notification's id. */
  readonly id: string
  /** Total order in which notifications were decided. */
  readonly order: number
  readonly groupId: string
  readonly receiver: string
  readonly integration: string
  readonly attempts: number
  readonly nextAttempt: Timestamp
  /** What the integration said at its last message of this group. */
  readonly memo: string | null
  readonly notification: Notification
}

/** A notification was decided. Event. */
export interface NoticeFact {
  readonly kind: 'notice'
  readonly id: string
  readonly at: Timestamp
  readonly groupId: string
  readonly receiver: string
  readonly integration: string
  readonly status: 'firing' | 'resolved'
  readonly reason: string
  readonly title: string
  /** Alert names and what they are about (`table gold/orders`, or ''), each once, bounded. */
  readonly about: ReadonlyArray<{ readonly name: string; readonly subject: string }>
  /** Fingerprints, bounded. */
  readonly firing: readonly string[]
  readonly resolved: readonly string[]
}

export type DeliveryResult = 'delivered' | 'retry' | 'refused' | 'gone' | 'dropped'

/** One attempt to deliver a notification, with the receiver's answer. Event. */
export interface DeliveryFact {
  readonly kind: 'delivery'
  /** `<notification id>#<attempt>` */
  readonly id: string
  readonly at: Timestamp
  readonly notification: string
  readonly groupId: string
  readonly receiver: string
  readonly integration: string
  readonly attempt: number
  readonly result: DeliveryResult
  readonly answer: string
  readonly duration: Millis
}

/** An integration that asked never to be called again (410). Entity; holds while its configuration is the same. */
export interface DisabledReceiverFact {
  readonly kind: 'disabled-receiver'
  /** `<receiver>/<integration>` */
  readonly id: string
  readonly since: Timestamp
  readonly answer: string
  /** Hash of the configuration that was refused. */
  readonly config: string
}

export type NotifyFact =
  | AlertFact
  | AlertDueFact
  | SilenceFact
  | AlertGroupFact
  | OutboxFact
  | NoticeFact
  | DeliveryFact
  | DisabledReceiverFact
