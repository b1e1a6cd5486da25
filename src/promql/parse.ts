// Tokens to a checked syntax tree: precedence climbing over Prometheus' grammar.
import type { AggregateOp, Binary, BinaryOp, Call, Expr, Matching } from './ast.ts'
import { checked } from './check.ts'
import { PromqlError } from './errors.ts'
import { FUNCTIONS } from './functions.ts'
import { isValidUtf8, quote } from './go.ts'
import { lex } from './lex.ts'
import { numberToken } from './parse-duration.ts'
import { selector, suffixes } from './parse-selector.ts'
import { Cursor } from './cursor.ts'
import { print } from './print.ts'

/** Longest query text, in characters. */
const MAX_TEXT = 200_000
/** Deepest nesting of a query. */
const MAX_DEPTH = 500

export const AGGREGATES: ReadonlySet<string> = new Set<AggregateOp>([
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
])
const WITH_PARAM: ReadonlySet<string> = new Set<AggregateOp>([
  'topk',
  'bottomk',
  'count_values',
  'quantile',
  'limitk',
  'limit_ratio',
])
/** Keywords that cannot be a metric name. */
export const RESERVED: ReadonlySet<string> = new Set([
  'bool',
  'group_left',
  'group_right',
  'ignoring',
  'on',
  'atan2',
])

/** Binding powers: each operator's left one; `^` is right associative. */
const POWER: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  '==': 3,
  '>=': 3,
  '>': 3,
  '<': 3,
  '<=': 3,
  '!=': 3,
  '</': 3,
  '>/': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  atan2: 5,
  '^': 6,
}
/** A sign binds like `*`: its operand takes only what binds tighter. */
const OPERAND_OF_SIGN = 6

const sources = new WeakMap<Expr, string>()

/** The text that an expression was parsed from; for one that was made otherwise, its printed form. */
export const sourceOf = (expr: Expr): string => sources.get(expr) ?? print(expr)

/** Parses and checks an expression; throws PromqlError and nothing else. */
export function parse(text: string): Expr {
  if (text.length > MAX_TEXT)
    throw new PromqlError(
      `the query has ${text.length} characters, the limit is ${MAX_TEXT}`,
      { start: 0, end: text.length },
      '',
    )
  const cursor = new Cursor(lex(text), text)
  if (cursor.peek().kind === 'end') cursor.fail('no expression found in input')
  const expr = expression(cursor, 0, 0)
  if (cursor.peek().kind !== 'end') cursor.unexpected('')
  const result = checked(expr, text)
  sources.set(result, text)
  return result
}

function expression(cursor: Cursor, minimum: number, depth: number): Expr {
  if (depth > MAX_DEPTH) cursor.fail(`the query is nested more than ${MAX_DEPTH} levels deep`)
  let left = operand(cursor, depth)
  for (let height = depth; ; height++) {
    const op = cursor.peekKeyword()
    const power = POWER[op]
    if (power === undefined || power < minimum) return left
    // A chain of operators nests to the left, so it counts as depth too.
    if (height > MAX_DEPTH) cursor.fail(`the query is nested more than ${MAX_DEPTH} levels deep`)
    cursor.next()
    const modifiers = binaryModifiers(cursor)
    const right = expression(cursor, op === '^' ? power : power + 1, depth + 1)
    const span = { start: left.span.start, end: right.span.end }
    left = { kind: 'binary', op: op as BinaryOp, left, right, ...modifiers, span } satisfies Binary
  }
}

function binaryModifiers(cursor: Cursor): { bool: boolean; matching: Matching } {
  const bool = cursor.takeKeyword('bool')
  let card: Matching['card'] = 'one-to-one'
  let on = false
  let labels: readonly string[] = []
  let include: readonly string[] = []
  if (cursor.isKeyword('on', 'ignoring')) {
    on = cursor.next().text.toLowerCase() === 'on'
    labels = groupingLabels(cursor)
    if (cursor.isKeyword('group_left', 'group_right')) {
      card = cursor.next().text.toLowerCase() === 'group_left' ? 'many-to-one' : 'one-to-many'
      if (cursor.is('(')) include = groupingLabels(cursor)
    }
  }
  let fillLeft: number | null = null
  let fillRight: number | null = null
  while (cursor.isKeyword('fill', 'fill_left', 'fill_right') && cursor.peek(1).text === '(') {
    const side = cursor.next().text.toLowerCase()
    const again = (side !== 'fill_right' && fillLeft !== null) || (side !== 'fill_left' && fillRight !== null)
    if (again) cursor.fail(`unexpected ${side}: this side has a fill value already`)
    const value = fillValue(cursor)
    if (side !== 'fill_right') fillLeft = value
    if (side !== 'fill_left') fillRight = value
  }
  return { bool, matching: { card, on, labels, include, fillLeft, fillRight } }
}

function fillValue(cursor: Cursor): number {
  cursor.expect('(', 'fill value')
  const sign = cursor.take('-') ? -1 : (cursor.take('+'), 1)
  const value = numberToken(cursor)
  if (value === null) return cursor.unexpected('fill value', 'number')
  cursor.expect(')', 'fill value')
  return sign * value.value
}

function groupingLabels(cursor: Cursor): readonly string[] {
  cursor.expect('(', 'grouping opts')
  const labels: string[] = []
  while (!cursor.is(')')) {
    const token = cursor.next()
    if (token.kind !== 'identifier' && token.kind !== 'metric' && token.kind !== 'string')
      return cursor.unexpected('grouping opts', 'label', token)
    if (token.text === '' || !isValidUtf8(token.text))
      cursor.fail(`invalid label name for grouping: ${quote(token.text)}`, token)
    labels.push(token.text)
    if (!cursor.take(',') && !cursor.is(')')) cursor.unexpected('grouping opts', '"," or ")"')
  }
  cursor.next()
  return labels
}

function operand(cursor: Cursor, depth: number): Expr {
  const token = cursor.peek()
  if (token.kind === 'punctuation' && (token.text === '+' || token.text === '-')) {
    cursor.next()
    const inner = expression(cursor, OPERAND_OF_SIGN, depth + 1)
    const span = { start: token.start, end: inner.span.end }
    if (inner.kind === 'number')
      return { ...inner, value: token.text === '-' ? -inner.value : inner.value, span }
    return { kind: 'unary', op: token.text, expr: inner, span }
  }
  return suffixes(cursor, primary(cursor, depth))
}

function primary(cursor: Cursor, depth: number): Expr {
  const token = cursor.peek()
  const number = numberToken(cursor)
  if (number !== null) return number
  if (token.kind === 'string') {
    cursor.next()
    return { kind: 'string', value: token.text, span: { start: token.start, end: token.end } }
  }
  if (cursor.take('(')) {
    const expr = expression(cursor, 0, depth + 1)
    const end = cursor.expect(')', '').end
    return { kind: 'paren', expr, span: { start: token.start, end } }
  }
  if (cursor.is('{')) return selector(cursor, '', token.start)
  if (token.kind === 'metric') {
    cursor.next()
    return selector(cursor, token.text, token.start)
  }
  if (token.kind !== 'identifier') return cursor.unexpected('')
  const keyword = token.text.toLowerCase()
  const following = cursor.peek(1)
  const opens = following.kind === 'punctuation' && following.text === '('
  const groups = following.kind === 'identifier' && /^(by|without)$/i.test(following.text)
  if (AGGREGATES.has(keyword) && (opens || groups)) return aggregate(cursor, keyword as AggregateOp, depth)
  if (opens) return call(cursor, depth)
  if (RESERVED.has(keyword)) return cursor.unexpected('')
  cursor.next()
  return selector(cursor, token.text, token.start)
}

function args(cursor: Cursor, depth: number): { args: Expr[]; end: number } {
  cursor.expect('(', '')
  const list: Expr[] = []
  while (!cursor.is(')')) {
    list.push(expression(cursor, 0, depth + 1))
    if (cursor.is(')')) break
    const comma = cursor.peek()
    if (!cursor.take(',')) cursor.unexpected('function call', '"," or ")"')
    if (cursor.is(')')) cursor.fail('trailing commas not allowed in function call args', comma)
  }
  return { args: list, end: cursor.next().end }
}

function call(cursor: Cursor, depth: number): Call {
  const token = cursor.next()
  // start(), end() and the like are keywords and so may be written in any case.
  const name = /^(start|end|step|range|min_of|max_of)$/i.test(token.text)
    ? token.text.toLowerCase()
    : token.text
  if (!FUNCTIONS.has(name)) cursor.fail(`unknown function with name ${quote(token.text)}`, token)
  const { args: list, end } = args(cursor, depth)
  return { kind: 'call', name, args: list, span: { start: token.start, end } }
}

function aggregate(cursor: Cursor, op: AggregateOp, depth: number): Expr {
  const { start } = cursor.next()
  let grouping: readonly string[] | null = null
  let without = false
  const modifier = () => {
    if (grouping !== null || !cursor.isKeyword('by', 'without')) return
    without = cursor.next().text.toLowerCase() === 'without'
    grouping = groupingLabels(cursor)
  }
  modifier()
  if (!cursor.is('(')) cursor.unexpected('aggregation')
  const { args: list } = args(cursor, depth)
  modifier()
  const span = { start, end: cursor.last().end }
  const wanted = WITH_PARAM.has(op) ? 2 : 1
  if (list.length === 0) cursor.fail('no arguments for aggregate expression provided', span)
  if (list.length !== wanted)
    cursor.fail(
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${list.length}`,
      span,
    )
  const param = wanted === 2 ? list[0]! : null
  return { kind: 'aggregate', op, param, expr: list.at(-1)!, grouping: grouping ?? [], without, span }
}
