// Numbers, durations and the arithmetic of durations: `[5m]`, `[step() * 2]`, `offset -(1h / 2)`.
import { parseDuration } from '../model/units.ts'
import type { Duration, DurationExpr } from './ast.ts'
import type { Cursor } from './cursor.ts'
import type { Token } from './lex.ts'

/** Go's time.Duration is 64 bits of nanoseconds. */
const MAX_SECONDS = 2 ** 63 / 1e9
const MAX_DEPTH = 100

/** The value of a number or duration token in seconds, null for any other token. */
function literalValue(cursor: Cursor, token: Token): number | null {
  if (token.kind === 'duration') {
    const length = parseDuration(token.text)
    if (length === undefined) return cursor.fail(`not a valid duration string: "${token.text}"`)
    if (length / 1000 > MAX_SECONDS) return cursor.fail('duration out of range')
    return length / 1000
  }
  if (token.kind === 'number') return numberValue(token.text)
  if (token.kind !== 'identifier' || !/^(inf|nan)$/i.test(token.text)) return null
  return token.text.toLowerCase() === 'inf' ? Number.POSITIVE_INFINITY : Number.NaN
}

function numberValue(text: string): number {
  const digits = text.replaceAll('_', '')
  // As in Go, a leading zero means octal where all digits allow it.
  if (/^0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
  return Number(digits)
}

/** Seconds to whole milliseconds, as Prometheus' conversion over nanoseconds does it. */
export const toMillis = (seconds: number): number => Math.trunc(Math.round(seconds * 1e9) / 1e6) + 0

/** What stands in [ ]. */
export function positiveDuration(cursor: Cursor): Duration {
  const { start } = cursor.peek()
  const expr = durationExpr(cursor, 0, 0)
  if (expr.op !== 'number') return expr
  const ms = toMillis(expr.value)
  if (!(ms > 0)) return cursor.fail('duration must be greater than 0', { start, end: cursor.last().end })
  return ms
}

/** What follows `offset`: one term, so that `foo offset 5m + 2` adds 2 to foo. */
export function offsetDuration(cursor: Cursor): Duration {
  const sign = cursor.take('-') ? '-' : cursor.take('+') ? '+' : ''
  const expr = term(cursor, 'offset', 0)
  if (expr.op !== 'number') return sign === '-' ? { op: 'negate', of: expr } : expr
  const ms = toMillis(sign === '-' ? -expr.value : expr.value)
  return Number.isFinite(ms) ? ms : cursor.fail('duration out of range')
}

const POWER: Readonly<Record<string, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2, '^': 3 }

function durationExpr(cursor: Cursor, minimum: number, depth: number): DurationExpr {
  checkDepth(cursor, depth)
  let left = signed(cursor, depth)
  for (let height = depth; ; height++) {
    checkDepth(cursor, height)
    const op = cursor.peek().kind === 'punctuation' ? cursor.peek().text : ''
    const power = POWER[op]
    if (power === undefined || power < minimum) return left
    const at = cursor.next()
    const right = durationExpr(cursor, op === '^' ? power : power + 1, depth + 1)
    if (right.op === 'number' && right.value === 0 && (op === '/' || op === '%'))
      cursor.fail(op === '/' ? 'division by zero' : 'modulo by zero', at)
    left = { op: op as '+' | '-' | '*' | '/' | '%' | '^', left, right }
  }
}

const checkDepth = (cursor: Cursor, depth: number): void => {
  if (depth > MAX_DEPTH) cursor.fail(`the duration is nested more than ${MAX_DEPTH} levels deep`)
}

function signed(cursor: Cursor, depth: number): DurationExpr {
  const sign = cursor.take('-') ? '-' : cursor.take('+') ? '+' : ''
  if (sign === '') return term(cursor, 'subquery or range selector', depth)
  const of = durationExpr(cursor, POWER['^']!, depth + 1)
  if (sign === '+') return of
  return of.op === 'number' ? { ...of, value: -of.value } : { op: 'negate', of }
}

function term(cursor: Cursor, context: string, depth: number): DurationExpr {
  const token = cursor.peek()
  const value = literalValue(cursor, token)
  if (value !== null) {
    cursor.next()
    if (!(Math.abs(value) <= MAX_SECONDS)) return cursor.fail('duration out of range', token)
    return { op: 'number', value, duration: token.kind === 'duration' }
  }
  if (cursor.take('(')) {
    const of = durationExpr(cursor, 0, depth + 1)
    cursor.expect(')', context)
    return { op: 'paren', of }
  }
  if (cursor.isKeyword('step', 'range')) {
    const op = cursor.next().text.toLowerCase() as 'step' | 'range'
    cursor.expect('(', context)
    cursor.expect(')', context)
    return { op }
  }
  if (cursor.isKeyword('min_of', 'max_of')) {
    const op = cursor.next().text.toLowerCase() as 'min_of' | 'max_of'
    cursor.expect('(', context)
    const left = durationExpr(cursor, 0, depth + 1)
    cursor.expect(',', context)
    const right = durationExpr(cursor, 0, depth + 1)
    cursor.expect(')', context)
    return { op, left, right }
  }
  return cursor.unexpected(context, 'number, duration, step(), or range()')
}

/** A number or a duration as a number of seconds; null (and nothing taken) where there is none. */
export function numberToken(cursor: Cursor) {
  const token = cursor.peek()
  const value = literalValue(cursor, token)
  if (value === null) return null
  cursor.next()
  return {
    kind: 'number' as const,
    value,
    duration: token.kind === 'duration',
    span: { start: token.start, end: token.end },
  }
}
