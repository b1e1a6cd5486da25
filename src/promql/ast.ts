// The syntax tree of a PromQL expression: plain values that parse() makes and print() writes.
import type { Matcher } from '../model/series.ts'

/** Offsets into the query text: `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string'

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2'
export type ComparisonOp = '==' | '!=' | '<' | '<=' | '>' | '>='
export type SetOp = 'and' | 'or' | 'unless'
/** `</` and `>/` trim native histograms; they parse, and say when evaluated that they are not supported. */
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | '</' | '>/'

export type AggregateOp =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile'
  | 'limitk'
  | 'limit_ratio'

/** A length of time that depends on the query: `[step() * 2]`. */
export type DurationExpr =
  | { readonly op: 'number'; readonly value: number; readonly duration: boolean }
  | { readonly op: 'step' | 'range' }
  | { readonly op: 'paren' | 'negate'; readonly of: DurationExpr }
  | {
      readonly op: '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of'
      readonly left: DurationExpr
      readonly right: DurationExpr
    }

/** Milliseconds where the text says them outright. */
export type Duration = number | DurationExpr

/** `@ 1609746000` (milliseconds here), `@ start()`, `@ end()`. */
export type At = number | 'start' | 'end'

export interface NumberLiteral {
  readonly kind: 'number'
  readonly value: number
  /** Written as a duration (`5m` is 300) and printed as one. */
  readonly duration: boolean
  readonly span: Span
}

export interface StringLiteral {
  readonly kind: 'string'
  readonly value: string
  readonly span: Span
}

export interface VectorSelector {
  readonly kind: 'selector'
  /** The name in front of the braces, '' where there is none. */
  readonly name: string
  /** What is inside the braces; a bare `"name"` is a matcher on `__name__`. */
  readonly matchers: readonly Matcher[]
  readonly offset: Duration
  readonly at: At | null
  readonly extended: 'anchored' | 'smoothed' | null
  readonly span: Span
}

export interface MatrixSelector {
  readonly kind: 'matrix'
  /** Carries the offset, `@` and `anchored` that are written behind the brackets. */
  readonly selector: VectorSelector
  readonly range: Duration
  readonly span: Span
}

export interface Subquery {
  readonly kind: 'subquery'
  readonly expr: Expr
  readonly range: Duration
  /** null: the engine's default step. */
  readonly step: Duration | null
  readonly offset: Duration
  readonly at: At | null
  readonly span: Span
}

export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly Expr[]
  readonly span: Span
}

export interface Aggregate {
  readonly kind: 'aggregate'
  readonly op: AggregateOp
  readonly param: Expr | null
  readonly expr: Expr
  readonly grouping: readonly string[]
  readonly without: boolean
  readonly span: Span
}

export interface Matching {
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many'
  readonly on: boolean
  readonly labels: readonly string[]
  /** Labels that group_left or group_right copies from the "one" side. */
  readonly include: readonly string[]
  readonly fillLeft: number | null
  readonly fillRight: number | null
}

export interface Binary {
  readonly kind: 'binary'
  readonly op: BinaryOp
  readonly left: Expr
  readonly right: Expr
  readonly bool: boolean
  /** null unless both sides are instant vectors. */
  readonly matching: Matching | null
  readonly span: Span
}

export interface Unary {
  readonly kind: 'unary'
  readonly op: '+' | '-'
  readonly expr: Expr
  readonly span: Span
}

export interface Paren {
  readonly kind: 'paren'
  readonly expr: Expr
  readonly span: Span
}

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregate
  | Binary
  | Unary
  | Paren

export const NAME = '__name__'

export const isComparison = (op: BinaryOp): op is ComparisonOp =>
  op === '==' || op === '!=' || op === '<' || op === '<=' || op === '>' || op === '>='
export const isSetOp = (op: BinaryOp): op is SetOp => op === 'and' || op === 'or' || op === 'unless'

export const withoutParens = (expr: Expr): Expr => {
  let inner = expr
  while (inner.kind === 'paren') inner = inner.expr
  return inner
}

/** The expressions directly below this one. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
      return []
    case 'matrix':
      return [expr.selector]
    case 'subquery':
    case 'unary':
    case 'paren':
      return [expr.expr]
    case 'call':
      return expr.args
    case 'aggregate':
      return expr.param === null ? [expr.expr] : [expr.param, expr.expr]
    case 'binary':
      return [expr.left, expr.right]
  }
}

/** Every selector of an expression with all its matchers, the name included: what rule checks look at. */
export function matchersOf(expr: Expr): ReadonlyArray<{
  readonly name: string
  readonly matchers: readonly Matcher[]
  readonly span: Span
}> {
  if (expr.kind === 'selector')
    return [{ name: selectedName(expr), matchers: allMatchers(expr), span: expr.span }]
  return children(expr).flatMap(matchersOf)
}

/** The one metric name that a selector asks for, '' where it asks otherwise. */
const selectedName = (selector: VectorSelector): string =>
  selector.name || (selector.matchers.find((m) => m.name === NAME && m.op === '=')?.value ?? '')

export const allMatchers = (selector: VectorSelector): readonly Matcher[] =>
  selector.name === ''
    ? selector.matchers
    : [...selector.matchers, { name: NAME, op: '=', value: selector.name }]
