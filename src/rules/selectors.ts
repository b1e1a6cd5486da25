// The series that an expression asks for.
import type { Expr } from '../promql/promql.ts'

export type Selector = Extract<Expr, { kind: 'selector' }>

/** The one metric name that a selector asks for, '' where it asks otherwise. */
export const nameOf = (selector: Selector): string =>
  selector.name || (selector.matchers.find(({ name, op }) => name === '__name__' && op === '=')?.value ?? '')

export function selectorsOf(expr: Expr): Selector[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return []
    case 'selector':
      return [expr]
    case 'matrix':
      return [expr.selector]
    case 'subquery':
    case 'unary':
    case 'paren':
      return selectorsOf(expr.expr)
    case 'call':
      return expr.args.flatMap(selectorsOf)
    case 'aggregate':
      return [...(expr.param === null ? [] : selectorsOf(expr.param)), ...selectorsOf(expr.expr)]
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)]
  }
}
