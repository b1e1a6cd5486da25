// The engine: holds plans between evaluations and turns what they compute into results.
import type { Labels, SeriesReader } from '../model/series.ts'
import type { Millis, Timestamp } from '../model/units.ts'
import type { Expr } from './ast.ts'
import { QueryError } from './errors.ts'

export interface VectorSample {
  readonly labels: Labels
  readonly value: number
  readonly timestamp: Timestamp
}

export interface MatrixSeries {
  readonly labels: Labels
  readonly timestamps: Float64Array
  readonly values: Float64Array
}

interface Annotated {
  /** As Prometheus words them: `PromQL warning: … (1:15)`. */
  readonly warnings: readonly string[]
  readonly infos: readonly string[]
}

export type InstantResult = Annotated & { readonly at: Timestamp } & (
    | { readonly type: 'scalar'; readonly value: number }
    | { readonly type: 'string'; readonly value: string }
    | { readonly type: 'vector'; readonly samples: readonly VectorSample[] }
    | { readonly type: 'matrix'; readonly series: readonly MatrixSeries[] }
  )

export interface RangeResult extends Annotated {
  readonly type: 'matrix'
  /** Sorted by labels. */
  readonly series: readonly MatrixSeries[]
}

export interface RangeQuery {
  readonly start: Timestamp
  readonly end: Timestamp
  readonly step: Millis
}

export interface QueryOptions {
  /** How long a sample speaks for its series; per series where that differs. */
  readonly lookback?: Millis | ((labels: Labels) => Millis)
  readonly timeout?: Millis
  /** Names are dropped from results at the end, not where an operator drops them (a Prometheus feature flag). */
  readonly delayedNameRemoval?: boolean
}

export interface Limits {
  /** Points per series of a range query. */
  readonly points: number
  /** Samples held at once by one query. */
  readonly samples: number
  readonly timeout: Millis
  /** Step of subqueries that name none. */
  readonly subqueryStep: Millis
  /** A monotonic clock for the timeout. */
  readonly now: () => number
}

export interface Engine {
  instant(expr: string | Expr, at: Timestamp, options?: QueryOptions): InstantResult
  range(expr: string | Expr, query: RangeQuery, options?: QueryOptions): RangeResult
  /** As range, but gives way every few milliseconds, so that a large query does not delay a rule. */
  rangeSliced(
    expr: string | Expr,
    query: RangeQuery,
    yieldNow: () => Promise<void>,
    options?: QueryOptions,
  ): Promise<RangeResult>
}

export function createEngine(_reader: SeriesReader, _limits: Partial<Limits> = {}): Engine {
  const unsupported = (): never => {
    throw new QueryError('unsupported', 'evaluation is not here yet')
  }
  return { instant: unsupported, range: unsupported, rangeSliced: async () => unsupported() }
}
