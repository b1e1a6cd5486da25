// What rules ask: an expression at a time gives a vector. Our engine is one answer, a remote Prometheus another.
import { type Labels, LOOKBACK } from '../model/series.ts'
import { type Millis, type Timestamp, millis } from '../model/units.ts'
import {
  type Engine,
  type Expr,
  type InstantResult,
  type QueryOptions,
  type VectorSample,
  print,
} from '../promql/promql.ts'

export type Vector = readonly VectorSample[]
/** Throws (or rejects) where the expression cannot be evaluated. */
export type Query = (expr: string | Expr, at: Timestamp) => Vector | Promise<Vector>

/** An instant result as rules take it: a scalar is one sample without labels, texts and ranges are errors. */
function toVector(result: InstantResult): Vector {
  switch (result.type) {
    case 'vector':
      return result.samples
    case 'scalar':
      return [{ labels: {}, value: result.value, timestamp: result.at }]
    case 'string':
    case 'matrix':
      throw new Error('rule result is not a vector or scalar')
  }
}

export const instantVector = (
  engine: Engine,
  expr: string | Expr,
  at: Timestamp,
  options?: QueryOptions,
): Vector => toVector(engine.instant(expr, at, options))

export const engineQuery =
  (engine: Engine, options?: QueryOptions): Query =>
  (expr, at) =>
    instantVector(engine, expr, at, options)

/** A Query over something that understands text only, such as a remote Prometheus. */
export const textQuery =
  (ask: (expr: string, at: Timestamp) => Promise<Vector>): Query =>
  (expr, at) =>
    ask(typeof expr === 'string' ? expr : print(expr), at)

/** How many of its own intervals a series may be silent before it counts as gone. */
const PATIENCE = 2.5

/**
 * The lookback that fits a series: five minutes, or two and a half of its own intervals where that is longer.
 * `cadence` says how often a series gets a sample; null where that is not ours to know (strict 5 m).
 */
export const fittingLookback =
  (cadence: (labels: Labels) => Millis | null): ((labels: Labels) => Millis) =>
  (labels) => {
    const interval = cadence(labels)
    return interval === null ? LOOKBACK : millis(Math.max(LOOKBACK, interval * PATIENCE))
  }
