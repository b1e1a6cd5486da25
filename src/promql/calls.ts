// Function calls that give an instant vector: which evaluator each name stands for.
import type { Call, Expr, MatrixSelector } from './ast.ts'
import { withoutParens } from './ast.ts'
import { LOOKBACK } from '../model/series.ts'
import { absent } from './absent.ts'
import { emptyBlock, mergeDuplicates, nameDropper } from './block.ts'
import { stringOf } from './compiler.ts'
import type { Compiler, ScalarOf, VectorOf } from './compiler.ts'
import {
  CALENDAR,
  clamp,
  constant,
  MATH,
  mapValues,
  mapWithScalars,
  roundTo,
  timeOf,
  vectorOf,
  writable,
} from './elementwise.ts'
import { QueryError } from './errors.ts'
import { extendedCount, extendedRate } from './extended.ts'
import { histogramFraction, histogramQuantile, histogramQuantiles } from './histogram.ts'
import { info } from './info.ts'
import { isStepInvariant } from './invariant.ts'
import { labelJoin, labelReplace } from './label-functions.ts'
import * as overTime from './over-time.ts'
import { rangeFunction } from './range.ts'
import type { RangeFunction } from './range.ts'
import { annotateNonCounter, delta, idelta, increase, irate, rate } from './rate.ts'
import { deriv, predictLinear } from './regression.ts'
import { instantSelector, selectorFinder } from './select.ts'
import { byLabels, byValue, sorted } from './sort.ts'

const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  absent_over_time: { kernel: overTime.presentOverTime },
  avg_over_time: { kernel: overTime.avgOverTime },
  changes: { kernel: overTime.changes },
  count_over_time: { kernel: overTime.countOverTime },
  delta: { kernel: delta },
  deriv: { kernel: deriv },
  double_exponential_smoothing: { kernel: overTime.doubleExponentialSmoothing },
  first_over_time: { kernel: overTime.firstOverTime, keepsName: true },
  idelta: { kernel: idelta },
  increase: { kernel: increase, annotate: annotateNonCounter },
  irate: { kernel: irate },
  last_over_time: { kernel: overTime.lastOverTime, keepsName: true },
  mad_over_time: { kernel: overTime.madOverTime },
  max_over_time: { kernel: overTime.maxOverTime },
  min_over_time: { kernel: overTime.minOverTime },
  predict_linear: { kernel: predictLinear },
  present_over_time: { kernel: overTime.presentOverTime },
  quantile_over_time: { kernel: overTime.quantileOverTime },
  rate: { kernel: rate, annotate: annotateNonCounter },
  resets: { kernel: overTime.resets },
  stddev_over_time: { kernel: overTime.stddevOverTime },
  stdvar_over_time: { kernel: overTime.stdvarOverTime },
  sum_over_time: { kernel: overTime.sumOverTime },
  ts_of_first_over_time: { kernel: overTime.tsOfFirst },
  ts_of_last_over_time: { kernel: overTime.tsOfLast },
  ts_of_max_over_time: { kernel: overTime.tsOfMax },
  ts_of_min_over_time: { kernel: overTime.tsOfMin },
}

/** rate and its kin of an anchored or smoothed selector. */
function extended(name: string, kind: 'anchored' | 'smoothed', lookback: number): RangeFunction {
  const reach = { before: lookback, after: kind === 'smoothed' ? lookback : 0 }
  const isCounter = name === 'rate' || name === 'increase'
  const kernel =
    name === 'changes'
      ? extendedCount(overTime.changed, lookback)
      : name === 'resets'
        ? extendedCount((before, after) => after < before, lookback)
        : extendedRate(kind, isCounter, name === 'rate', lookback)
  return { kernel, reach, ...(isCounter ? { annotate: annotateNonCounter } : {}) }
}

export function vectorCall(self: Compiler, expr: Call, ordered: boolean): VectorOf {
  const { name, args } = expr
  const math = MATH[name]
  if (math !== undefined) return mapValues(self.vector(args[0]!), math, self.delayed)
  const calendar = CALENDAR[name]
  if (calendar !== undefined) {
    const times = args[0] === undefined ? vectorOf(timeOf) : self.vector(args[0])
    return mapValues(times, calendar, self.delayed)
  }
  if (RANGE_FUNCTIONS[name] !== undefined) return rangeCall(self, expr)
  return CALLS[name]!(self, expr, ordered)
}

function rangeCall(self: Compiler, expr: Call): VectorOf {
  const { name, args } = expr
  const matrixAt = args.findIndex((arg) => ['matrix', 'subquery'].includes(withoutParens(arg).kind))
  const arg = withoutParens(args[matrixAt]!)
  const scalars = args.filter((_, i) => i !== matrixAt).map((scalar) => self.scalar(scalar))
  const kind = arg.kind === 'matrix' ? (arg as MatrixSelector).selector.extended : null
  // Annotations point at the first argument: for quantile_over_time that is the quantile.
  const { span } = args[0]!
  const source = self.source(arg)
  const evaluate = self.leaf({
    rows: () => source.rows(),
    invariant: isStepInvariant(expr),
    run: rangeFunction(
      source,
      kind === null ? RANGE_FUNCTIONS[name]! : extended(name, kind, LOOKBACK),
      scalars,
      span,
      self.delayed,
    ),
  })
  return name === 'absent_over_time' ? absent(arg, evaluate) : evaluate
}

type MakeCall = (self: Compiler, call: Call, ordered: boolean) => VectorOf

const lowest: ScalarOf = constant(Number.NEGATIVE_INFINITY)
const highest: ScalarOf = constant(Number.POSITIVE_INFINITY)

const nativeOnly: MakeCall = (_, { name }) => {
  throw new QueryError(
    'unsupported',
    `${name}() reads native histograms, which are not supported: use classic histograms (series with an "le" label)`,
  )
}

const CALLS: Readonly<Record<string, MakeCall>> = {
  absent: (self, { args }) => absent(withoutParens(args[0]!), self.vector(args[0]!)),
  clamp: (self, { args: [v, min, max] }) =>
    clamp(self.vector(v!), self.scalar(min!), self.scalar(max!), self.delayed),
  clamp_max: (self, { args: [v, max] }) => clamp(self.vector(v!), lowest, self.scalar(max!), self.delayed),
  clamp_min: (self, { args: [v, min] }) => clamp(self.vector(v!), self.scalar(min!), highest, self.delayed),
  round: (self, { args: [v, ...nearest] }) =>
    mapWithScalars(
      self.vector(v!),
      nearest.map((arg) => self.scalar(arg)),
      roundTo,
      self.delayed,
    ),
  vector: (self, { args }) => vectorOf(self.scalar(args[0]!)),
  timestamp: (self, { args }) => timestampOf(self, args[0]!),
  start_timestamp: (self, { args }) => startTimestampOf(self, args[0]!),
  label_replace: (self, { args: [v, ...texts] }) => {
    const [target, replacement, source, pattern] = texts.map(stringOf)
    return labelReplace(self.vector(v!), target!, replacement!, source!, pattern!)
  },
  label_join: (self, { args: [v, ...texts] }) => {
    const [target, separator, ...sources] = texts.map(stringOf)
    return labelJoin(self.vector(v!), target!, separator!, sources)
  },
  histogram_quantile: (self, { args: [q, v] }) =>
    histogramQuantile(self.scalar(q!), self.vector(v!), { q: q!.span, vector: v!.span }, self.delayed),
  histogram_fraction: (self, { args: [low, high, v] }) =>
    histogramFraction(self.scalar(low!), self.scalar(high!), self.vector(v!), v!.span, self.delayed),
  histogram_quantiles: (self, { args: [v, label, ...qs] }) =>
    histogramQuantiles(
      self.vector(v!),
      stringOf(label!),
      qs.map((q) => ({ q: self.scalar(q), span: q.span })),
      v!.span,
      self.delayed,
    ),
  histogram_avg: nativeOnly,
  histogram_count: nativeOnly,
  histogram_sum: nativeOnly,
  histogram_stddev: nativeOnly,
  histogram_stdvar: nativeOnly,
  info: (self, { args: [v, labels] }) =>
    info(self.reader, v!, self.vector(v!), labels?.kind === 'selector' ? labels.matchers : null),
  sort: (self, { args, span }, ordered) => sorted(self.vector(args[0]!), byValue(1), ordered, span),
  sort_desc: (self, { args, span }, ordered) => sorted(self.vector(args[0]!), byValue(-1), ordered, span),
  sort_by_label: (self, { args: [v, ...labels], span }, ordered) =>
    sorted(self.vector(v!), byLabels(labels.map(stringOf), 1), ordered, span),
  sort_by_label_desc: (self, { args: [v, ...labels], span }, ordered) =>
    sorted(self.vector(v!), byLabels(labels.map(stringOf), -1), ordered, span),
}

/** Of a selector the times of its samples, of anything else the time of the step. */
function timestampOf(self: Compiler, arg: Expr): VectorOf {
  const selector = withoutParens(arg)
  const dropName = nameDropper(self.delayed)
  if (selector.kind === 'selector') {
    const times = self.leaf(instantSelector(selectorFinder(self.reader, selector), selector, 'timestamp'))
    return (frame) => {
      const block = times(frame)
      return mergeDuplicates({ ...block, shape: dropName(block.shape) }, frame)
    }
  }
  const inner = self.vector(arg)
  return (frame) => {
    const block = inner(frame)
    const values = writable(block)
    const times = timeOf(frame)
    for (let i = 0; i < values.length; i += times.length) values.set(times, i)
    return mergeDuplicates({ ...block, shape: dropName(block.shape), values }, frame)
  }
}

/** Only samples of a selector have a start time. */
function startTimestampOf(self: Compiler, arg: Expr): VectorOf {
  const selector = withoutParens(arg)
  if (selector.kind !== 'selector') return emptyBlock
  const dropName = nameDropper(self.delayed)
  const starts = self.leaf(instantSelector(selectorFinder(self.reader, selector), selector, 'start'))
  return (frame) => {
    const block = starts(frame)
    return mergeDuplicates({ ...block, shape: dropName(block.shape) }, frame)
  }
}
