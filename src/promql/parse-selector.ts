// Selectors and what is written behind an expression: ranges, subqueries, offset, `@`, anchored.
import { compileLabelRegex } from '../model/label-regex.ts'
import type { Matcher, MatchOp } from '../model/series.ts'
import type { At, Expr, Span, VectorSelector } from './ast.ts'
import { NAME } from './ast.ts'
import type { Cursor } from './cursor.ts'
import { numberToken, offsetDuration, positiveDuration } from './parse-duration.ts'

/** `{a="b"}` after a name, or alone. */
export function selector(cursor: Cursor, name: string, start: number): VectorSelector {
  const matchers: Matcher[] = []
  if (cursor.take('{')) {
    while (!cursor.is('}')) {
      matchers.push(matcher(cursor))
      if (!cursor.take(',') && !cursor.is('}')) cursor.unexpected('label matching', '"," or "}"')
    }
    cursor.next()
  }
  const span: Span = { start, end: cursor.last().end }
  return { kind: 'selector', name, matchers, offset: 0, at: null, extended: null, span }
}

function matcher(cursor: Cursor): Matcher {
  const label = cursor.next()
  if (label.kind !== 'identifier' && label.kind !== 'string')
    return cursor.unexpected('label matching', 'identifier or "}"', label)
  if (label.kind === 'string' && (cursor.is(',') || cursor.is('}')))
    return { name: NAME, op: '=', value: label.text }
  const op = cursor.next()
  if (!['=', '!=', '=~', '!~'].includes(op.text) || op.kind !== 'punctuation')
    return cursor.unexpected('label matching', 'label matching operator', op)
  const value = cursor.next()
  if (value.kind !== 'string') return cursor.unexpected('label matching', 'string', value)
  if (op.text.endsWith('~')) {
    try {
      compileLabelRegex(value.text)
    } catch (error) {
      cursor.fail(`error parsing regexp: ${error instanceof Error ? error.message : String(error)}`, value)
    }
  }
  return { name: label.text, op: op.text as MatchOp, value: value.text }
}

/** `[5m]`, `[5m:1m]`, `offset 5m`, `@ start()`, `anchored`: any number, bound tighter than every operator. */
export function suffixes(cursor: Cursor, base: Expr): Expr {
  let expr = base
  for (;;) {
    if (cursor.is('[')) expr = brackets(cursor, expr)
    else if (cursor.takeKeyword('offset')) expr = withOffset(cursor, expr)
    else if (cursor.isKeyword('anchored', 'smoothed')) expr = withExtension(cursor, expr)
    else if (cursor.take('@')) expr = withAt(cursor, expr)
    else return expr
  }
}

function brackets(cursor: Cursor, expr: Expr): Expr {
  const open = cursor.next()
  const range = positiveDuration(cursor)
  if (cursor.take(':')) {
    const step = cursor.is(']') ? null : positiveDuration(cursor)
    const { end } = cursor.expect(']', 'subquery selector')
    const span = { start: expr.span.start, end }
    return { kind: 'subquery', expr, range, step, offset: 0, at: null, span }
  }
  if (!cursor.is(']')) cursor.unexpected('subquery or range', '":" or "]"')
  const where = { start: open.start, end: cursor.next().end }
  if (expr.kind !== 'selector') return cursor.fail('ranges only allowed for vector selectors', where)
  if (expr.offset !== 0) cursor.fail('no offset modifiers allowed before range', where)
  if (expr.at !== null) cursor.fail('no @ modifiers allowed before range', where)
  return { kind: 'matrix', selector: expr, range, span: { start: expr.span.start, end: where.end } }
}

/** Applies a change to whatever carries offset and `@`; the message says what was expected otherwise. */
function amend(
  cursor: Cursor,
  expr: Expr,
  what: string,
  change: (of: { offset: unknown; at: At | null }) => object,
): Expr {
  const span = (end: number) => ({ start: expr.span.start, end })
  switch (expr.kind) {
    case 'selector': {
      const changed = change(expr)
      return { ...expr, ...changed, span: span(cursor.last().end) }
    }
    case 'subquery': {
      const changed = change(expr)
      return { ...expr, ...changed, span: span(cursor.last().end) }
    }
    case 'matrix': {
      const changed = change(expr.selector)
      return { ...expr, selector: { ...expr.selector, ...changed }, span: span(cursor.last().end) }
    }
    default:
      return cursor.fail(
        `${what} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
        expr.span,
      )
  }
}

const withOffset = (cursor: Cursor, expr: Expr): Expr =>
  amend(cursor, expr, 'offset', (of) => {
    if (of.offset !== 0) cursor.fail('offset may not be set multiple times', expr.span)
    return { offset: offsetDuration(cursor) }
  })

const withAt = (cursor: Cursor, expr: Expr): Expr =>
  amend(cursor, expr, '@', (of) => {
    if (of.at !== null) cursor.fail('@ <timestamp> may not be set multiple times', expr.span)
    return { at: atTime(cursor) }
  })

function atTime(cursor: Cursor): At {
  if (cursor.isKeyword('start', 'end')) {
    const word = cursor.next().text.toLowerCase() as 'start' | 'end'
    cursor.expect('(', '@')
    cursor.expect(')', '@')
    return word
  }
  const sign = cursor.take('-') ? -1 : (cursor.take('+'), 1)
  const number = numberToken(cursor)
  if (number === null) return cursor.unexpected('@', 'timestamp')
  const ms = Math.round(sign * number.value * 1000)
  if (!Number.isSafeInteger(ms))
    cursor.fail(`timestamp out of bounds for @ modifier: ${number.value}`, number.span)
  return ms + 0
}

function withExtension(cursor: Cursor, expr: Expr): Expr {
  const word = cursor.next().text.toLowerCase() as 'anchored' | 'smoothed'
  const clash = (of: VectorSelector): VectorSelector => {
    if (of.extended !== null && of.extended !== word)
      cursor.fail('anchored and smoothed modifiers cannot be used together', expr.span)
    return { ...of, extended: word }
  }
  if (expr.kind === 'selector') return clash(expr)
  if (expr.kind === 'matrix') return { ...expr, selector: clash(expr.selector) }
  if (expr.kind === 'subquery')
    return cursor.fail(`${word} modifier is not supported for subqueries`, expr.span)
  return cursor.fail(`${word} modifier not implemented`, expr.span)
}
