// An alert as rules hand it to notifications: Alertmanager's words.
import type { Labels } from './series.ts'
import type { Timestamp } from './units.ts'

export interface Alert {
  /** Identity: `alertname` and whatever the rule and its series carry. */
  readonly labels: Labels
  readonly annotations: Labels
  readonly startsAt: Timestamp
  /** When it resolved; null while it fires. */
  readonly endsAt: Timestamp | null
  /** When the rule last confirmed this state. */
  readonly updatedAt: Timestamp
  /** Where its expression can be looked at. */
  readonly generatorUrl: string
  /** The value the expression had; null where there is none (no data). */
  readonly value: number | null
  /** True while the rule's input is missing or blind: the alert is kept, neither confirmed nor resolved. */
  readonly noData: boolean
}
