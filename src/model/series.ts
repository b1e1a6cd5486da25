// Samples and series: what the right-hand side of the waist reads.
import type { Millis, Timestamp } from './units.ts'

/** A metric name and its labels; the name under `__name__`, as in Prometheus. */
export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly name: string
  /** Without `__name__`. */
  readonly labels: Labels
  readonly value: number
}

export type MetricType = 'gauge' | 'counter' | 'histogram'

/** What a metric is, said once in the catalogue; feeds /metrics, /api/v1/metadata, docs and rule checks. */
export interface MetricInfo {
  readonly name: string
  readonly help: string
  readonly type: MetricType
  /** UCUM-like unit in the words of OpenMetrics: `seconds`, `bytes`, `ratio`, or '' for plain counts. */
  readonly unit: string
  readonly labels: readonly string[]
}

export type MatchOp = '=' | '!=' | '=~' | '!~'
export interface Matcher {
  readonly name: string
  readonly op: MatchOp
  readonly value: string
}

/** Both ends inclusive. */
export interface Range {
  readonly from: Timestamp
  readonly to: Timestamp
}

/**
 * Samples of one series in time order. The arrays are views into the store: read them before the next append,
 * never write. `stale[i]` = 1 means the series ended at that time (Prometheus' staleness marker, kept as a bit
 * because JavaScript does not keep NaN payloads); its value is NaN. `stale` is null when no sample is stale.
 */
export interface Samples {
  readonly timestamps: Float64Array
  readonly values: Float64Array
  readonly stale: Uint8Array | null
  /** When each sample's counter started counting (0 = not known), where the writer knows: OpenTelemetry's start time. */
  readonly starts?: Float64Array
}

export interface SeriesHandle {
  /** With `__name__`. The same object for the life of the series. */
  readonly labels: Labels
  samples(range: Range): Samples
}

/** What PromQL evaluates over: our store, a test's memory, a worker's read-only copy. */
export interface SeriesReader {
  /** Changes when a series appears or disappears; a list found earlier stays right while it is the same. */
  readonly generation: number
  find(matchers: readonly Matcher[]): readonly SeriesHandle[]
}

/**
 * Appends what one writer knows at `at`. A series that the same scope wrote in its previous append and does not
 * write now ends: it gets a staleness marker at `at`. Scopes do not disturb each other. Nothing, from a scope that
 * had nothing, is no append.
 */
export interface SeriesWriter {
  append(scope: string, samples: readonly Sample[], at: Timestamp): void
}

/** How long a sample speaks for its series when nothing newer is there (Prometheus' default). */
export const LOOKBACK = 300_000 as Millis
