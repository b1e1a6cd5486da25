// The form of an expression that means the same on a Prometheus with its lookback of five minutes.
import { type Labels, LOOKBACK } from '../model/series.ts'
import { type Millis, millis } from '../model/units.ts'
import { type Expr, print } from '../promql/promql.ts'
import { nameOf } from './selectors.ts'

/**
 * Wraps selectors of series that come less often than the lookback allows: `last_over_time(x[3h])`. null where the
 * expression is portable as it stands.
 */
export function portableForm(expr: Expr, lookback: (labels: Labels) => Millis): string | null {
  const portable = rewrite(expr, lookback)
  return portable === expr ? null : print(portable)
}

function rewrite(expr: Expr, lookback: (labels: Labels) => Millis): Expr {
  const below = <E extends Expr>(inner: E): Expr => rewrite(inner, lookback)
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'matrix':
      return expr
    case 'selector': {
      const labels = Object.fromEntries(
        expr.matchers.filter(({ op }) => op === '=').map(({ name, value }) => [name, value]),
      )
      const range = lookback({ ...labels, __name__: nameOf(expr) })
      if (range <= LOOKBACK) return expr
      const { span } = expr
      return {
        kind: 'call',
        name: 'last_over_time',
        args: [{ kind: 'matrix', selector: expr, range: millis(Math.ceil(range / 1000) * 1000), span }],
        span,
      }
    }
    case 'subquery':
    case 'unary':
    case 'paren': {
      const inner = below(expr.expr)
      return inner === expr.expr ? expr : { ...expr, expr: inner }
    }
    case 'call': {
      const args = expr.args.map(below)
      return args.every((arg, i) => arg === expr.args[i]) ? expr : { ...expr, args }
    }
    case 'aggregate': {
      const inner = below(expr.expr)
      return inner === expr.expr ? expr : { ...expr, expr: inner }
    }
    case 'binary': {
      const [left, right] = [below(expr.left), below(expr.right)]
      return left === expr.left && right === expr.right ? expr : { ...expr, left, right }
    }
  }
}
