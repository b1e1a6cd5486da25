// Thresholds held against stored history.
import { type Millis, type Timestamp, DAY, MINUTE, millis, printDuration } from '../model/units.ts'
import { type Expr, formatShort, print } from '../promql/promql.ts'
import type { Finding } from './finding.ts'
import type { Query } from './query.ts'
import type { AlertingRule } from './rule-file.ts'

/** Stored history up to `now`. */
export interface History {
  readonly query: Query
  readonly now: Timestamp
  readonly since: Millis
}

/** Steps in which history is looked through. */
const HISTORY_STEPS = 500

/** Comparisons with a number that nothing in the stored history ever reached. */
export async function thresholds(rule: AlertingRule, path: string, history: History): Promise<Finding[]> {
  const found: Finding[] = []
  for (const { side, limit, above, at } of comparisonsOf(rule.expr)) {
    const step = millis(Math.ceil(history.since / HISTORY_STEPS / MINUTE) * MINUTE)
    const fold = above ? 'max' : 'min'
    const expr = `${fold}(${fold}_over_time((${print(side)})[${printDuration(history.since)}:${printDuration(step)}]))`
    const [extreme] = await history.query(expr, history.now)
    if (
      extreme === undefined ||
      !Number.isFinite(extreme.value) ||
      (above ? extreme.value >= limit : extreme.value <= limit)
    )
      continue
    const days = Math.round(history.since / DAY)
    found.push({
      path,
      ...rule.exprPlace(at),
      severity: 'warning',
      check: 'threshold',
      message:
        `${rule.name}: ${print(side)} was never ${above ? 'above' : 'below'} ${formatShort(extreme.value)} ` +
        `in the last ${days} days; the threshold is ${formatShort(limit)}`,
    })
  }
  return found
}

interface Comparison {
  readonly side: Expr
  readonly limit: number
  /** The alert asks for values above the limit. */
  readonly above: boolean
  readonly at: number
}

function comparisonsOf(expr: Expr): Comparison[] {
  if (expr.kind === 'paren') return comparisonsOf(expr.expr)
  if (expr.kind !== 'binary') return []
  if (expr.op === 'and' || expr.op === 'or')
    return [...comparisonsOf(expr.left), ...comparisonsOf(expr.right)]
  if (expr.op === 'unless') return comparisonsOf(expr.left)
  const greater = expr.op === '>' || expr.op === '>='
  if (!greater && expr.op !== '<' && expr.op !== '<=') return []
  const [left, right] = [numberIn(expr.left), numberIn(expr.right)]
  if (right !== null && left === null)
    return [{ side: expr.left, limit: right, above: greater, at: expr.span.start }]
  if (left !== null && right === null)
    return [{ side: expr.right, limit: left, above: !greater, at: expr.span.start }]
  return []
}

function numberIn(expr: Expr): number | null {
  if (expr.kind === 'number') return expr.value
  if (expr.kind === 'paren') return numberIn(expr.expr)
  const inner = expr.kind === 'unary' ? numberIn(expr.expr) : null
  return inner === null ? null : expr.kind === 'unary' && expr.op === '-' ? -inner : inner
}
