// The engine: holds plans between evaluations and turns what they compute into results.
import { LOOKBACK } from '../model/series.ts'
import type { Labels, SeriesReader } from '../model/series.ts'
import { millis } from '../model/units.ts'
import type { Millis, Timestamp } from '../model/units.ts'
import type { Expr, ValueType } from './ast.ts'
import { children, withoutParens } from './ast.ts'
import { settleNames } from './block.ts'
import { typeOf } from './check.ts'
import { QueryError } from './errors.ts'
import { Budget } from './frame.ts'
import type { Frame, Query } from './frame.ts'
import { Notes } from './notes.ts'
import { parse, sourceOf } from './parse.ts'
import { compiler } from './plan.ts'
import { rawMatrix } from './range.ts'
import type { Points } from './kernel.ts'
import { matrixOf, vectorOfBlock } from './result.ts'
import type { MatrixSeries, VectorSample } from './result.ts'
import { stringOf } from './compiler.ts'
import type { ScalarOf, VectorOf } from './compiler.ts'
import { RangeCollector } from './collect.ts'
import type { Shape } from './block.ts'
import { prepare } from './leaf.ts'
import type { Leaf } from './leaf.ts'
import type { Pausable } from './pausable.ts'
import { Pace, finish, paced } from './pausable.ts'

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
  /** The engine's own where that is shorter. */
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
  /** A monotonic clock in milliseconds, for the timeout. */
  readonly now: () => number
}

/** As Prometheus has them. */
const DEFAULT_LIMITS: Limits = {
  points: 11_000,
  samples: 50_000_000,
  timeout: millis(120_000),
  subqueryStep: millis(60_000),
  now: () => performance.now(),
}

/** Plans kept between evaluations. */
const MAX_PLANS = 4_000
export interface Engine {
  instant(expr: string | Expr, at: Timestamp, options?: QueryOptions): InstantResult
  range(expr: string | Expr, query: RangeQuery, options?: QueryOptions): RangeResult
  /** As instant and range, but they give way every few milliseconds, so that a large query does not delay a rule. */
  instantSliced(
    expr: string | Expr,
    at: Timestamp,
    yieldNow: () => Promise<void>,
    options?: QueryOptions,
  ): Promise<InstantResult>
  rangeSliced(
    expr: string | Expr,
    query: RangeQuery,
    yieldNow: () => Promise<void>,
    options?: QueryOptions,
  ): Promise<RangeResult>
}

type RawMatrix = (frame: Frame) => Pausable<{ readonly shape: Shape; readonly points: readonly Points[] }>

interface Plan {
  readonly text: string
  readonly type: ValueType
  /** What the type calls for; null for the others. */
  readonly vector: VectorOf | null
  readonly scalar: ScalarOf | null
  readonly matrix: RawMatrix | null
  readonly string: string | null
  readonly leaves: ReadonlySet<Leaf>
  /** Steps that are evaluated at once. */
  readonly slice: number
}

export function createEngine(reader: SeriesReader, given: Partial<Limits> = {}): Engine {
  const limits = { ...DEFAULT_LIMITS, ...given }
  const plans = new Map<string, Plan>()

  const planOf = (expr: string | Expr, delayed: boolean): Plan => {
    const text = typeof expr === 'string' ? expr : sourceOf(expr)
    const key = `${delayed ? 'delayed' : 'plain'} ${text}`
    let plan = plans.get(key)
    if (plan === undefined) {
      plan = makePlan(reader, typeof expr === 'string' ? parse(expr) : expr, text, delayed)
      if (plans.size >= MAX_PLANS) plans.delete(plans.keys().next().value!)
    } else plans.delete(key) // and to the end again: the one longest unused goes first
    plans.set(key, plan)
    return plan
  }

  const frameOf = (query: Query, steps: number, options: QueryOptions): Frame => ({
    grid: { start: query.start, step: query.step === 0 ? 1 : query.step, steps },
    query,
    lookback: options.lookback ?? LOOKBACK,
    subqueryStep: limits.subqueryStep,
    notes: new Notes(),
    budget: new Budget({
      samples: limits.samples,
      timeout: Math.min(options.timeout ?? limits.timeout, limits.timeout),
      now: limits.now,
    }),
    pace: null,
    ready: null,
  })

  const startRange = (expr: string | Expr, query: RangeQuery, options: QueryOptions) => {
    const plan = planOf(expr, options.delayedNameRemoval ?? false)
    const steps = stepsOfQuery(query, limits.points)
    if (plan.vector === null && plan.scalar === null)
      throw new QueryError(
        'bad-query',
        `invalid expression type "${plan.type === 'matrix' ? 'range vector' : plan.type}" for range query, must be Scalar or instant Vector`,
      )
    const frame = frameOf(query, steps, options)
    return { plan, frame, collector: new RangeCollector(frame.grid, plan.vector, plan.scalar) }
  }

  const startInstant = (expr: string | Expr, at: Timestamp, options: QueryOptions) => {
    const plan = planOf(expr, options.delayedNameRemoval ?? false)
    return { plan, frame: frameOf({ start: at, end: at, step: 0 }, 1, options) }
  }

  return {
    instant(expr, at, options = {}) {
      const { plan, frame } = startInstant(expr, at, options)
      return { ...finish(evaluateInstant(plan, frame, at)), at, ...annotations(frame, plan) }
    },
    async instantSliced(expr, at, yieldNow, options = {}) {
      const { plan, frame } = startInstant(expr, at, options)
      const pace = new Pace(limits.now)
      const value = await paced(evaluateInstant(plan, { ...frame, pace }, at), pace, yieldNow)
      return { ...value, at, ...annotations(frame, plan) }
    },
    range(expr, query, options = {}) {
      const { plan, frame, collector } = startRange(expr, query, options)
      while (!collector.done) collector.advance(frame, plan.slice)
      return { type: 'matrix', series: collector.series(), ...annotations(frame, plan) }
    },
    async rangeSliced(expr, query, yieldNow, options = {}) {
      const { plan, frame, collector } = startRange(expr, query, options)
      const pace = new Pace(limits.now)
      const work = collector.advanceAll({ ...frame, pace }, plan.leaves, pace, plan.slice)
      await paced(work, pace, yieldNow)
      return { type: 'matrix', series: collector.series(), ...annotations(frame, plan) }
    },
  }
}

function makePlan(reader: SeriesReader, expr: Expr, text: string, delayed: boolean): Plan {
  const type = typeOf(expr)
  const compile = compiler(reader, delayed)
  const inner = withoutParens(expr)
  return {
    text,
    type,
    vector: type === 'vector' ? compile.vector(expr, true) : null,
    scalar: type === 'scalar' ? compile.scalar(expr) : null,
    matrix: type === 'matrix' ? rawMatrix(compile.source(inner)) : null,
    string: type === 'string' ? stringOf(inner) : null,
    leaves: compile.leaves,
    slice: countsValues(expr) ? COUNTING_SLICE : Number.POSITIVE_INFINITY,
  }
}

/** count_values may give a new series for each sample: over all steps at once that would be mostly gaps. */
const COUNTING_SLICE = 8
const countsValues = (expr: Expr): boolean =>
  (expr.kind === 'aggregate' && expr.op === 'count_values') || children(expr).some(countsValues)

function* evaluateInstant(plan: Plan, frame: Frame, at: Timestamp) {
  const { vector, scalar, string } = plan
  if (string !== null) return { type: 'string' as const, value: string }
  if (vector !== null) {
    const ready = yield* prepare(plan.leaves, frame)
    return { type: 'vector' as const, samples: vectorOfBlock(settleNames(vector(ready), ready), at) }
  }
  if (scalar !== null) {
    const ready = yield* prepare(plan.leaves, frame)
    return { type: 'scalar' as const, value: scalar(ready)[0]! }
  }
  const { shape, points } = yield* plan.matrix!(frame)
  return { type: 'matrix' as const, series: matrixOf(shape, points) }
}

const annotations = ({ notes }: Frame, { text }: Plan): Annotated => ({
  warnings: notes.read('warning', text),
  infos: notes.read('info', text),
})

function stepsOfQuery({ start, end, step }: RangeQuery, points: number): number {
  if (!(step > 0))
    throw new QueryError(
      'bad-query',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    )
  if (end < start) throw new QueryError('bad-query', 'end timestamp must not be before start time')
  if ((end - start) / step > points)
    throw new QueryError(
      'bad-query',
      `exceeded maximum resolution of ${points.toLocaleString('en-US')} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    )
  return Math.floor((end - start) / step) + 1
}
