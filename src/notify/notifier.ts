// What the rest of the process sees of notifications.
import type { Clock } from '../io/clock.ts'
import type { LocalFiles } from '../io/files.ts'
import type { HttpClient } from '../io/http.ts'
import type { Log } from '../io/log.ts'
import type { Alert } from '../model/alert.ts'
import type { AlertFact, AlertGroupFact } from '../model/notice.ts'
import type { Labels, Sample } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import type { NotifyConfig } from './config.ts'
import type { Background, Explanation } from './explain.ts'
import type { NotifyStore } from './memory.ts'
import type { Mute } from './mute.ts'
import type { Silences } from './silences.ts'

export interface NotifierParts {
  readonly config: NotifyConfig
  readonly store: NotifyStore
  readonly io: { readonly clock: Clock; readonly log: Log }
  readonly random: () => number
  /** For template files and the `*_file` fields. */
  readonly files: LocalFiles
  /** What the rules know of an alert, for explanations. */
  readonly background?: (labels: Labels, now: Timestamp) => Background | null
  /** Only tests give their own. */
  readonly http?: HttpClient
}

/** What an alert's place in the pipeline is now, in Alertmanager's words. */
export interface AlertStatus {
  readonly fact: AlertFact
  readonly state: 'active' | 'suppressed' | 'resolved'
  readonly mute: Mute
  readonly mutedBy: readonly string[]
  readonly receivers: readonly string[]
  readonly groups: readonly AlertGroupFact[]
}

export interface ReceiverStatus {
  readonly receiver: string
  readonly integration: string
  readonly waiting: number
  readonly oldest: Timestamp | null
  readonly pausedUntil: Timestamp | null
  readonly disabled: boolean
}

export interface Notifier {
  /** Alerts as a rule group's evaluation (or a push) has them, resolved ones included. Durable when it returns. */
  take(alerts: readonly Alert[], now: Timestamp): void
  /** Decides what is due, writes it to the outbox, starts deliveries. Returns at once; call it each second. */
  flush(now: Timestamp, signal: AbortSignal): void
  /** Resolves when no delivery is under way: for tests and for a shutdown after its signal. */
  idle(): Promise<void>
  readonly silences: Silences
  alerts(now: Timestamp): readonly AlertStatus[]
  groups(): readonly AlertGroupFact[]
  receivers(): readonly ReceiverStatus[]
  /** Names of receivers in the order of the configuration. */
  readonly receiverNames: readonly string[]
  readonly config: NotifyConfig
  /** By fingerprint (or the start of one) or alert name; also for alerts that are over and remembered. */
  explain(alert: string, now: Timestamp): readonly Explanation[]
  /** Sends a message that is no alert (a digest) to one receiver, through the same outbox. */
  announce(message: Announcement, now: Timestamp): void
  /** When flush has something to do next; null while nothing waits. */
  nextDue(): Timestamp | null
  stats(now: Timestamp): readonly Sample[]
  /** Why notification state cannot be written, while it cannot. */
  readonly failing: string | null
}

export interface Announcement {
  readonly receiver: string
  /** Told once for each id. */
  readonly id: string
  readonly title: string
  readonly text: string
}
