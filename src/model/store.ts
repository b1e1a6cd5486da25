// The waist: collectors' facts go in, everything else reads facts or series.
import type { Fact, FactOf, Kind, Recorded } from './facts.ts'
import type { SeriesReader, SeriesWriter } from './series.ts'
import type { Timestamp } from './units.ts'

export interface Where {
  readonly id?: string
  /** Facts whose `source` / `tableId` / `pipelineId` field is this. */
  readonly source?: string
  readonly tableId?: string
  readonly pipelineId?: string
  /** Events only: the event's own time (`at`), both ends inclusive. */
  readonly from?: Timestamp
  readonly to?: Timestamp
  /** Newest first when set, at most this many. */
  readonly limit?: number
}

/** Synchronous because node:sqlite is: an await would only pretend (docs/decisions). */
export interface FactReader {
  facts<K extends Kind>(kind: K, where?: Where): readonly FactOf<K>[]
  recorded<K extends Kind>(kind: K, where?: Where): readonly Recorded<FactOf<K>>[]
}

export interface Reader extends FactReader {
  readonly series: SeriesReader
}

/** An entity that is over and need not be kept: removed in the transaction that records what took its place. */
export interface Gone {
  readonly kind: Kind
  readonly id: string
}

export interface Store extends Reader, AsyncDisposable {
  readonly series: SeriesReader & SeriesWriter
  /** One transaction: all of it is durable when this returns, or none of it and it throws. */
  record(facts: readonly Fact[], at: Timestamp, gone?: readonly Gone[]): void
  /** Retention, compaction into daily blocks, checkpoints. Called by the agent, seconds at most, in slices. */
  maintain(now: Timestamp): Promise<void>
  readonly stats: StoreStats
}

export interface StoreStats {
  readonly series: number
  readonly headSamples: number
  readonly stateBytes: number
  readonly metricsBytes: number
  /** Writes that failed since start (disk full and the like), and the message while it lasts. */
  readonly writeErrors: number
  readonly failing: string | null
  /** Files put aside as corrupt at start. */
  readonly quarantined: readonly string[]
  /** Samples refused since start: the series limit was reached, or their labels are not allowed. */
  readonly seriesDropped: number
  /** Samples left out since start: their series had one at that time already. */
  readonly duplicates: number
}
