// Lengths of time that depend on the query: `step() * 2`, `range()`, `min_of(1h, step())`.
import type { Duration, DurationExpr } from './ast.ts'
import { QueryError } from './errors.ts'
import type { Query } from './frame.ts'

/** In milliseconds; an offset may be negative, a window may not. */
export function resolveDuration(length: Duration, query: Query, mayBeNegative: boolean): number {
  if (typeof length === 'number') return length
  const seconds = evaluate(length, query)
  if (!Number.isFinite(seconds)) throw new QueryError('bad-query', 'duration is NaN or infinite')
  const ms = Math.trunc(seconds * 1000) + 0
  if (!mayBeNegative && ms <= 0) throw new QueryError('bad-query', 'duration must be greater than 0')
  if (!Number.isSafeInteger(ms)) throw new QueryError('bad-query', 'duration is out of range')
  return ms
}

function evaluate(expr: DurationExpr, query: Query): number {
  switch (expr.op) {
    case 'number':
      return expr.value
    case 'step':
      return query.step / 1000
    case 'range':
      return (query.end - query.start) / 1000
    case 'paren':
      return evaluate(expr.of, query)
    case 'negate':
      return -evaluate(expr.of, query)
    default:
      return combine(expr.op, evaluate(expr.left, query), evaluate(expr.right, query))
  }
}

function combine(
  op: '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of',
  left: number,
  right: number,
): number {
  if ((op === '/' || op === '%') && right === 0)
    throw new QueryError('bad-query', op === '/' ? 'division by zero' : 'modulo by zero')
  switch (op) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return left / right
    case '%':
      return left % right
    case '^':
      return left ** right
    case 'min_of':
      return Math.min(left, right)
    case 'max_of':
      return Math.max(left, right)
  }
}
