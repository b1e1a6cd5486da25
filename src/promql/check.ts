// Types and the rules that the grammar cannot say, each with the words of Prometheus.
import { children, isComparison, isSetOp, NAME, withoutParens } from './ast.ts'
import type { Aggregate, Binary, Call, Expr, Matching, Span, ValueType, VectorSelector } from './ast.ts'
import { PromqlError } from './errors.ts'
import { FUNCTIONS } from './functions.ts'
import { quote } from './go.ts'
import { matcherTest } from './match.ts'

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar'
    case 'string':
      return 'string'
    case 'selector':
    case 'aggregate':
      return 'vector'
    case 'matrix':
    case 'subquery':
      return 'matrix'
    case 'call':
      return FUNCTIONS.get(expr.name)!.returns
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector'
    case 'unary':
    case 'paren':
      return typeOf(expr.expr)
  }
}

const WORDS: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
}

/** Returns the expression with matchings settled (null unless both sides are vectors); throws PromqlError. */
export function checked(expr: Expr, text: string): Expr {
  const settled = settle(expr)
  visit(settled, text)
  return settled
}

/** Vector matching is only meant between vectors; set operators match many to many. */
function settle(expr: Expr): Expr {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'selector':
    case 'matrix':
      return expr
    case 'subquery':
    case 'unary':
    case 'paren':
      return { ...expr, expr: settle(expr.expr) }
    case 'call':
      return { ...expr, args: expr.args.map(settle) }
    case 'aggregate':
      return { ...expr, param: expr.param && settle(expr.param), expr: settle(expr.expr) }
    case 'binary': {
      const both = { ...expr, left: settle(expr.left), right: settle(expr.right) }
      if (isSetOp(expr.op) && expr.matching?.card === 'one-to-one')
        return { ...both, matching: { ...expr.matching, card: 'many-to-many' } }
      const { matching } = expr
      const plain =
        matching !== null &&
        matching.labels.length === 0 &&
        matching.fillLeft === null &&
        matching.fillRight === null
      const vectors = typeOf(both.left) === 'vector' && typeOf(both.right) === 'vector'
      return plain && !vectors ? { ...both, matching: null } : both
    }
  }
}

function visit(expr: Expr, text: string): void {
  const fail: Fail = (message, where = expr.span) => {
    throw new PromqlError(message, where, text)
  }
  for (const child of children(expr)) if (!isInfoSelector(expr, child)) visit(child, text)
  if (expr.kind === 'aggregate') checkAggregate(expr, fail)
  if (expr.kind === 'binary') checkBinary(expr, fail)
  if (expr.kind === 'call') checkCall(expr, fail)
  if (expr.kind === 'selector') checkSelector(expr, fail)
  if (expr.kind === 'unary') {
    const type = typeOf(expr.expr)
    if (type !== 'scalar' && type !== 'vector')
      fail(
        `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(WORDS[type])}`,
      )
  }
  if (expr.kind === 'subquery' && typeOf(expr.expr) !== 'vector')
    fail(`subquery is only allowed on instant vector, got ${typeOf(expr.expr)} instead`)
}

/** The second argument of info() names labels, not series: it may match everything. */
const isInfoSelector = (parent: Expr, child: Expr): boolean =>
  parent.kind === 'call' && parent.name === 'info' && child === parent.args[1] && child.kind === 'selector'

type Fail = (message: string, where?: Span) => never

function expectType(expr: Expr, want: ValueType, context: string, fail: Fail): void {
  const type = typeOf(expr)
  if (type !== want) fail(`expected type ${WORDS[want]} in ${context}, got ${WORDS[type]}`, expr.span)
}

function checkAggregate(expr: Aggregate, fail: Fail): void {
  expectType(expr.expr, 'vector', 'aggregation expression', fail)
  if (expr.param !== null)
    expectType(expr.param, expr.op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter', fail)
}

function checkBinary(expr: Binary, fail: Fail): void {
  const [left, right] = [typeOf(expr.left), typeOf(expr.right)]
  const between = { start: expr.left.span.end, end: expr.right.span.start }
  for (const side of [expr.left, expr.right])
    if (typeOf(side) !== 'scalar' && typeOf(side) !== 'vector')
      fail('binary expression must contain only scalar and instant vector types', side.span)
  if (expr.bool && !isComparison(expr.op))
    fail('bool modifier can only be used on comparison operators', between)
  const scalars = left === 'scalar' && right === 'scalar'
  if (isComparison(expr.op) && !expr.bool && scalars)
    fail('comparisons between scalars must use BOOL modifier', between)
  if (isSetOp(expr.op) && (left === 'scalar' || right === 'scalar'))
    fail(`set operator ${quote(expr.op)} not allowed in binary scalar expression`)
  if (expr.matching === null) return
  if (left === 'vector' && right === 'vector') checkMatching(expr, expr.matching, between, fail)
  else if (expr.matching.labels.length > 0) fail('vector matching only allowed between instant vectors')
  else fail('filling in missing series only allowed between instant vectors')
}

function checkMatching({ op }: Binary, matching: Matching, between: Span, fail: Fail): void {
  const twice = matching.on ? matching.labels.find((label) => matching.include.includes(label)) : undefined
  if (twice !== undefined)
    fail(`label ${quote(twice)} must not occur in ON and GROUP clause at once`, between)
  if (!isSetOp(op)) return
  if (matching.card !== 'many-to-many') fail(`no grouping allowed for ${quote(op)} operation`)
  if (matching.fillLeft !== null || matching.fillRight !== null)
    fail('filling in missing series not allowed for set operators')
}

function checkCall(expr: Call, fail: Fail): void {
  const { args, variadic } = FUNCTIONS.get(expr.name)!
  const given = expr.args.length
  const [least, most] =
    variadic === 0
      ? [args.length, args.length]
      : [args.length - 1, variadic < 0 ? Number.POSITIVE_INFINITY : args.length - 1 + variadic]
  const bound = variadic === 0 ? '' : given < least ? 'at least ' : 'at most '
  if (given < least || given > most)
    fail(
      `expected ${bound}${given < least ? least : most} argument(s) in call to ${quote(expr.name)}, got ${given}`,
    )
  for (const [i, arg] of expr.args.entries())
    expectType(arg, args[Math.min(i, args.length - 1)]!, `call to function ${quote(expr.name)}`, fail)
  if (expr.name === 'info' && expr.args[1] !== undefined) {
    const [, labels] = expr.args
    if (labels.kind !== 'selector') fail('expected label selectors only', labels.span)
    else if (labels.name !== '')
      fail('expected label selectors only, got vector selector instead', labels.span)
  }
  for (const arg of expr.args) checkExtended(expr.name, arg, fail)
}

const EXTENDED: Readonly<Record<'anchored' | 'smoothed', readonly string[]>> = {
  anchored: ['changes', 'delta', 'increase', 'rate', 'resets'],
  smoothed: ['delta', 'increase', 'rate'],
}

function checkExtended(name: string, arg: Expr, fail: Fail): void {
  const matrix = withoutParens(arg)
  const extended = matrix.kind === 'matrix' ? matrix.selector.extended : null
  if (extended !== null && !EXTENDED[extended].includes(name))
    fail(`${extended} modifier can only be used with: ${EXTENDED[extended].join(', ')} - not with ${name}`)
}

function checkSelector(expr: VectorSelector, fail: Fail): void {
  if (expr.name !== '') {
    const again = expr.matchers.find((matcher) => matcher.name === NAME)
    if (again !== undefined)
      fail(`metric name must not be set twice: ${quote(expr.name)} or ${quote(again.value)}`)
    return
  }
  if (expr.matchers.every((matcher) => matcherTest(matcher)('')))
    fail('vector selector must contain at least one non-empty matcher')
}
