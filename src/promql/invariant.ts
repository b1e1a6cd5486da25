// Expressions that are the same at every step of a range query, because everything in them is pinned by `@`.
import type { Expr } from './ast.ts'
import { withoutParens } from './ast.ts'

/** Functions whose result depends on the step even where their arguments do not. */
const OF_THE_STEP: ReadonlySet<string> = new Set([
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'days_in_month',
  'hour',
  'minute',
  'month',
  'year',
  'predict_linear',
  'time',
  'timestamp',
])

export function isStepInvariant(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return true
    case 'selector':
      return expr.at !== null
    case 'matrix':
      return expr.selector.at !== null
    case 'subquery':
      return expr.at !== null
    case 'paren':
    case 'unary':
      return isStepInvariant(expr.expr)
    case 'aggregate':
      return isStepInvariant(expr.expr) && (expr.param === null || isStepInvariant(expr.param))
    case 'binary':
      return isStepInvariant(expr.left) && isStepInvariant(expr.right)
    case 'call': {
      const [first] = expr.args
      const ofSelector = first !== undefined && withoutParens(first).kind === 'selector'
      // The time of a pinned sample is pinned too; of anything else it is the time of the step.
      if (expr.name === 'timestamp' && ofSelector) return isStepInvariant(first)
      return !OF_THE_STEP.has(expr.name) && expr.args.every(isStepInvariant)
    }
  }
}
