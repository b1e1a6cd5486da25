// Runs one eval command of a test script, with the re-runs that the format's own runner does.
import type { Labels } from '../../src/model/series.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import { matchersOf, parse, print } from '../../src/promql/promql.ts'
import type { Engine, Expr, InstantResult, RangeResult } from '../../src/promql/promql.ts'
import { children } from '../../src/promql/ast.ts'
import { compareMetrics, labelsKey, metricOf } from '../../src/promql/labels.ts'
import { labelsTest } from '../../src/promql/match.ts'
import type { EvalCommand, Expectation, NativeSeries } from './eval-command.ts'

export interface Outcome {
  /** 1-based line of the eval command. */
  readonly line: number
  readonly expr: string
  /** null: passed; otherwise what was different. */
  readonly failure: string | null
  /** Concerns native histograms, which are not supported. */
  readonly skipped: boolean
}

const TOLERANCE = 1e-6
const MIN_NORMAL = 2.2250738585072014e-308
const OPTIONS = { delayedNameRemoval: true }

export function runEval(engine: Engine, command: EvalCommand, native: readonly NativeSeries[]): Outcome {
  const { line, expr } = command
  const failure = attemptEval(engine, command)
  // Native histograms are not read. What comes out right without them counts; what does not is not ours to judge.
  const skipped = failure !== null && (command.native || concernsNative(expr, native))
  return { line, expr, failure: skipped ? null : failure, skipped }
}

function attemptEval(engine: Engine, command: EvalCommand): string | null {
  try {
    return command.range ? runRange(engine, command) : runInstants(engine, command)
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

function concernsNative(text: string, native: readonly NativeSeries[]): boolean {
  let expr: Expr
  try {
    expr = parse(text)
  } catch {
    return false
  }
  if (/histogram_(count|sum|avg|stddev|stdvar)\(|<\/|>\//.test(text)) return true
  return matchersOf(expr).some(({ matchers }) => {
    const test = labelsTest(matchers)
    return native.some(({ labels }) => test(labels))
  })
}

/** Functions whose result depends on the evaluation time whatever `@` pins. */
const OF_THE_STEP =
  /^(days_in_month|day_of_month|day_of_week|day_of_year|end|hour|minute|month|year|predict_linear|range|start|step|time|timestamp)$/

function runInstants(engine: Engine, command: EvalCommand): string | null {
  const queries = [{ expr: command.expr, at: command.at }]
  let pinned: string | null = null
  try {
    pinned = pinnedExpr(command.expr, command.at)
  } catch {
    pinned = null
  }
  if (pinned !== null) {
    const t = command.at
    const times = t === 0 ? [-1000, 0, 1000] : [-10 * t, 0, Math.trunc(t / 5), t, 10 * t]
    queries.push(...times.map((at) => ({ expr: pinned, at })))
  }
  for (const query of queries) {
    const failure = runInstant(engine, command, query.expr, query.at)
    if (failure !== null) return `${query.expr} at ${query.at} ms: ${failure}`
  }
  return null
}

/** All selectors pinned to a time by `@`; null where a function depends on the step itself. */
function pinnedExpr(text: string, at: number): string | null {
  const expr = parse(text)
  const hasStepFunction = (of: Expr): boolean =>
    (of.kind === 'call' && OF_THE_STEP.test(of.name)) || children(of).some(hasStepFunction)
  return hasStepFunction(expr) ? null : print(pin(expr, at))
}

function pin(expr: Expr, at: number): Expr {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return expr
    case 'selector':
      return { ...expr, at: expr.at ?? at }
    case 'matrix':
      return { ...expr, selector: { ...expr.selector, at: expr.selector.at ?? at } }
    case 'subquery':
      // What is inside of a pinned subquery stays as it is.
      return { ...expr, at: expr.at ?? at }
    case 'unary':
    case 'paren':
      return { ...expr, expr: pin(expr.expr, at) }
    case 'call':
      return { ...expr, args: expr.args.map((arg) => pin(arg, at)) }
    case 'aggregate':
      return { ...expr, expr: pin(expr.expr, at), param: expr.param && pin(expr.param, at) }
    case 'binary':
      return { ...expr, left: pin(expr.left, at), right: pin(expr.right, at) }
  }
}

function attempt<T>(run: () => T): { value: T; error: null } | { value: null; error: Error } {
  try {
    return { value: run(), error: null }
  } catch (error) {
    return { value: null, error: error as Error }
  }
}

const expectsFailure = (command: EvalCommand): boolean =>
  command.expectations.some(({ kind }) => kind === 'fail')
const isOrdered = (command: EvalCommand): boolean =>
  command.expectations.some(({ kind }) => kind === 'ordered')

function checkFailure(command: EvalCommand, error: Error): string | null {
  if (!expectsFailure(command)) return `failed: ${error.message}`
  for (const { kind, message, regex } of command.expectations) {
    if (kind !== 'fail') continue
    if (message !== null && message !== error.message)
      return `expected the error "${message}", got "${error.message}"`
    if (regex !== null && !regex.test(error.message))
      return `expected an error like ${regex}, got "${error.message}"`
  }
  return null
}

function runInstant(engine: Engine, command: EvalCommand, expr: string, at: number): string | null {
  const { value: result, error } = attempt(() => engine.instant(expr, timestamp(at), OPTIONS))
  if (error !== null) return checkFailure(command, error)
  if (expectsFailure(command)) return 'expected an error, got a result'
  const failure = checkAnnotations(command, result) ?? compareInstant(command, result)
  if (failure !== null) return failure
  if (command.matrix || command.string !== null || /(start|end|range|step)\s*\(\s*\)/i.test(expr)) return null
  const { value: wide, error: wideError } = attempt(() =>
    engine.range(
      expr,
      { start: timestamp(at - 60_000), end: timestamp(at + 60_000), step: millis(60_000) },
      OPTIONS,
    ),
  )
  if (wideError !== null) return `as a range: ${wideError.message}`
  if (isOrdered(command)) return null
  const unsorted = checkSorted(wide)
  if (unsorted !== null) return unsorted
  const samples = wide.series.flatMap(({ labels, timestamps, values }) => {
    const i = timestamps.indexOf(at)
    return i < 0 ? [] : [{ labels, value: values[i]!, timestamp: timestamp(at) }]
  })
  const again =
    result.type === 'scalar'
      ? { ...result, value: samples[0]?.value ?? Number.NaN }
      : { ...result, type: 'vector' as const, samples }
  const difference = compareInstant(command, again)
  return difference === null ? null : `as a range: ${difference}`
}

function runRange(engine: Engine, command: EvalCommand): string | null {
  const { start, end, step, expr } = command
  const { value: result, error } = attempt(() =>
    engine.range(expr, { start: timestamp(start), end: timestamp(end), step: millis(step) }, OPTIONS),
  )
  if (error !== null) return checkFailure(command, error)
  if (expectsFailure(command)) return 'expected an error, got a result'
  return checkAnnotations(command, result) ?? checkSorted(result) ?? compareMatrix(command, result.series)
}

function checkSorted({ series }: RangeResult): string | null {
  for (let i = 1; i < series.length; i++)
    if (compareMetrics(metricOf(series[i - 1]!.labels), metricOf(series[i]!.labels)) > 0)
      return 'series are not sorted by labels'
  return null
}

function checkAnnotations(
  { expectations }: EvalCommand,
  { warnings, infos }: { warnings: readonly string[]; infos: readonly string[] },
): string | null {
  for (const [kind, found] of [
    ['warn', warnings],
    ['info', infos],
  ] as const) {
    const wanted = expectations.filter((expectation) => expectation.kind === kind)
    if (wanted.length > 0 && found.length === 0) return `expected ${kind} annotations, got none`
    const fits = ({ message, regex }: Expectation, text: string): boolean =>
      (message === null || message === text) && (regex === null || regex.test(text))
    for (const one of wanted)
      if (!found.some((text) => fits(one, text)))
        return `expected ${kind} ${one.message ?? String(one.regex)}, got ${JSON.stringify(found)}`
    for (const text of found)
      if (wanted.length > 0 && !wanted.some((one) => fits(one, text))) return `unexpected ${kind}: ${text}`
    if (expectations.some((expectation) => expectation.kind === `no_${kind}`) && found.length > 0)
      return `unexpected ${kind}: ${found.join('; ')}`
  }
  return null
}

function almostEqual(a: number, b: number): boolean {
  if (Object.is(a, b) || a === b) return true
  const [size, diff] = [Math.abs(a) + Math.abs(b), Math.abs(a - b)]
  if (a === 0 || b === 0 || size < MIN_NORMAL) return diff < TOLERANCE * MIN_NORMAL
  return diff / Math.min(size, Number.MAX_VALUE) < TOLERANCE
}

function compareInstant(command: EvalCommand, result: InstantResult): string | null {
  switch (result.type) {
    case 'scalar':
      if (command.scalar === null) return `expected a vector or matrix, got the scalar ${result.value}`
      return almostEqual(command.scalar, result.value)
        ? null
        : `expected the scalar ${command.scalar}, got ${result.value}`
    case 'string':
      return command.string === result.value ? null : `expected "${command.string}", got "${result.value}"`
    case 'matrix':
      return compareMatrix(command, result.series)
    case 'vector':
      break
  }
  if (command.scalar !== null) return 'expected a scalar, got a vector'
  const seen = new Set<string>()
  for (const [i, { labels, value }] of result.samples.entries()) {
    const key = labelsKey(labels)
    const wanted = command.series.get(key)
    if (wanted === undefined) return `unexpected ${JSON.stringify(labels)} ${value}`
    if (isOrdered(command) && wanted.place !== i + 1)
      return `expected ${JSON.stringify(labels)} at place ${wanted.place}, it is at ${i + 1}`
    if (!almostEqual(value, wanted.values[0] as number))
      return `expected ${String(wanted.values[0])} for ${JSON.stringify(labels)}, got ${value}`
    seen.add(key)
  }
  return missing(command, seen)
}

function missing({ series }: EvalCommand, seen: ReadonlySet<string>): string | null {
  for (const [key, { labels }] of series) if (!seen.has(key)) return `missing ${JSON.stringify(labels)}`
  return null
}

function compareMatrix(
  command: EvalCommand,
  series: ReadonlyArray<{ labels: Labels; timestamps: Float64Array; values: Float64Array }>,
): string | null {
  if (command.scalar !== null) return 'expected a scalar, got a matrix'
  const seen = new Set<string>()
  for (const { labels, timestamps, values } of series) {
    const key = labelsKey(labels)
    const wanted = command.series.get(key)
    const shown = Array.from(timestamps, (at, i) => `${values[i]}@${at}`).join(' ')
    if (wanted === undefined) return `unexpected ${JSON.stringify(labels)} ${shown}`
    seen.add(key)
    const points = wanted.values.flatMap((value, i) =>
      typeof value === 'number' ? [{ at: command.start + i * command.step, value }] : [],
    )
    if (points.length !== timestamps.length)
      return `expected ${points.length} points for ${JSON.stringify(labels)}, got ${shown}`
    for (const [i, { at, value }] of points.entries())
      if (timestamps[i] !== at || !almostEqual(values[i]!, value))
        return `expected ${value}@${at} for ${JSON.stringify(labels)}, got ${shown}`
  }
  return missing(command, seen)
}
