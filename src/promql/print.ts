// A syntax tree back to text, as Prometheus prints it: parse(print(expr)) is expr again.
import type { Matcher } from '../model/series.ts'
import { millis, printDuration } from '../model/units.ts'
import type { Aggregate, At, Binary, Duration, DurationExpr, Expr, VectorSelector } from './ast.ts'
import { isComparison, NAME } from './ast.ts'
import { formatPlain, quote } from './go.ts'

export function print(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr.value, expr.duration)
    case 'string':
      return quote(expr.value)
    case 'selector':
      return printSelector(expr) + printAt(expr.at) + printExtended(expr) + printOffset(expr.offset)
    case 'matrix': {
      const { selector } = expr
      const range = `[${printLength(expr.range)}]`
      return (
        printSelector(selector) +
        range +
        printExtended(selector) +
        printAt(selector.at) +
        printOffset(selector.offset)
      )
    }
    case 'subquery': {
      const step = expr.step === null ? '' : printLength(expr.step)
      return `${print(expr.expr)}[${printLength(expr.range)}:${step}]${printAt(expr.at)}${printOffset(expr.offset)}`
    }
    case 'call':
      return `${expr.name}(${expr.args.map(print).join(', ')})`
    case 'aggregate':
      return printAggregate(expr)
    case 'binary':
      return `${print(expr.left)} ${expr.op}${expr.bool && isComparison(expr.op) ? ' bool' : ''}${printMatching(expr)} ${print(expr.right)}`
    case 'unary':
      return expr.op + print(expr.expr)
    case 'paren':
      return `(${print(expr.expr)})`
  }
}

function printNumber(value: number, duration: boolean): string {
  if (!duration) return formatPlain(value)
  const length = printDuration(millis(Math.abs(Math.round(value * 1000))))
  return value < 0 || Object.is(value, -0) ? `-${length}` : length
}

function printLength(length: Duration): string {
  return typeof length === 'number' ? printDuration(millis(length)) : printDurationExpr(length)
}

function printDurationExpr(expr: DurationExpr): string {
  switch (expr.op) {
    case 'number':
      return printNumber(expr.value, expr.duration)
    case 'step':
    case 'range':
      return `${expr.op}()`
    case 'paren':
      return `(${printDurationExpr(expr.of)})`
    case 'negate':
      return `-${printDurationExpr(expr.of)}`
    case 'min_of':
    case 'max_of':
      return `${expr.op}(${printDurationExpr(expr.left)}, ${printDurationExpr(expr.right)})`
    default:
      return `${printDurationExpr(expr.left)} ${expr.op} ${printDurationExpr(expr.right)}`
  }
}

const isPlainName = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)
/** Words that the grammar does not take bare where a metric name can stand. */
const isPlainMetric = (name: string): boolean => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)

const printLabel = (name: string): string => (isPlainName(name) ? name : quote(name))
const printLabels = (names: readonly string[]): string => `(${names.map(printLabel).join(', ')})`

function printMatcher({ name, op, value }: Matcher): string {
  if (name === NAME && op === '=' && !isPlainMetric(value)) return quote(value)
  return `${printLabel(name)}${op}${quote(value)}`
}

const printSelector = ({ name, matchers }: VectorSelector): string =>
  name !== '' && matchers.length === 0 ? name : `${name}{${matchers.map(printMatcher).join(',')}}`

function printAt(at: At | null): string {
  if (at === null) return ''
  return typeof at === 'number' ? ` @ ${(at / 1000).toFixed(3)}` : ` @ ${at}()`
}

const printExtended = ({ extended }: VectorSelector): string => (extended === null ? '' : ` ${extended}`)

function printOffset(offset: Duration): string {
  if (offset === 0) return ''
  if (typeof offset !== 'number') return ` offset ${printDurationExpr(offset)}`
  return ` offset ${offset < 0 ? '-' : ''}${printDuration(millis(Math.abs(offset)))}`
}

function printAggregate({ op, param, expr, grouping, without }: Aggregate): string {
  const groups =
    without || grouping.length > 0 ? ` ${without ? 'without' : 'by'} ${printLabels(grouping)} ` : ''
  return `${op}${groups}(${param === null ? '' : `${print(param)}, `}${print(expr)})`
}

function printMatching({ matching }: Binary): string {
  if (matching === null) return ''
  const { card, on, labels, include, fillLeft, fillRight } = matching
  const grouped = card === 'many-to-one' || card === 'one-to-many'
  let text = ''
  if (labels.length > 0 || on || grouped) text += ` ${on ? 'on' : 'ignoring'} ${printLabels(labels)}`
  if (grouped) text += ` group_${card === 'many-to-one' ? 'left' : 'right'} ${printLabels(include)}`
  if (fillLeft !== null && Object.is(fillLeft, fillRight)) return `${text} fill (${formatPlain(fillLeft)})`
  if (fillLeft !== null) text += ` fill_left (${formatPlain(fillLeft)})`
  if (fillRight !== null) text += ` fill_right (${formatPlain(fillRight)})`
  return text
}
