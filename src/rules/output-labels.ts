// Which labels an expression's result can have, as far as the metrics it reads are known.
import type { Expr } from '../promql/promql.ts'
import { nameOf } from './selectors.ts'

/** null: any label may be there. */
export type LabelNames = ReadonlySet<string> | null
/** The labels of a metric's series. */
export type LabelsOfMetric = (name: string) => LabelNames

type Call = Extract<Expr, { kind: 'call' }>
type Aggregate = Extract<Expr, { kind: 'aggregate' }>
type Binary = Extract<Expr, { kind: 'binary' }>

const NONE: LabelNames = new Set()

export function outputLabels(expr: Expr, of: LabelsOfMetric): LabelNames {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return NONE
    case 'selector':
      return of(nameOf(expr))
    case 'matrix':
      return outputLabels(expr.selector, of)
    case 'subquery':
    case 'unary':
    case 'paren':
      return outputLabels(expr.expr, of)
    case 'call':
      return callLabels(expr, of)
    case 'aggregate':
      return aggregateLabels(expr, of)
    case 'binary':
      return binaryLabels(expr, of)
  }
}

const union = (a: LabelNames, b: LabelNames): LabelNames => (a === null || b === null ? null : a.union(b))

/** Functions whose result has no labels of a series. */
const WITHOUT_SERIES = new Set(['time', 'vector', 'scalar', 'pi'])

function callLabels(call: Call, of: LabelsOfMetric): LabelNames {
  if (WITHOUT_SERIES.has(call.name)) return NONE
  if (call.name === 'absent' || call.name === 'absent_over_time') return absentLabels(call.args[0])
  const inputs = call.args
    .filter((arg) => arg.kind !== 'string' && arg.kind !== 'number')
    .map((arg) => outputLabels(arg, of))
  const labels = inputs.reduce(union, NONE)
  if (call.name === 'label_replace' || call.name === 'label_join') {
    const target = call.args[1]
    return target?.kind === 'string' ? union(labels, new Set([target.value])) : null
  }
  return call.name === 'info' ? null : labels
}

/** absent() tells the labels that its selector asks for by equality. */
function absentLabels(arg: Expr | undefined): LabelNames {
  const selector = arg?.kind === 'matrix' ? arg.selector : arg
  if (selector?.kind !== 'selector') return NONE
  return new Set(selector.matchers.filter(({ op }) => op === '=').map(({ name }) => name))
}

/** Aggregations that pick series whole. */
const PICKING = new Set(['topk', 'bottomk', 'limitk', 'limit_ratio'])

function aggregateLabels({ op, param, expr, grouping, without }: Aggregate, of: LabelsOfMetric): LabelNames {
  const inner = outputLabels(expr, of)
  if (PICKING.has(op)) return inner
  const names = new Set(grouping)
  const kept = without
    ? inner === null
      ? null
      : inner.difference(names)
    : inner === null
      ? names
      : names.intersection(inner)
  return op === 'count_values' && param?.kind === 'string' ? union(kept, new Set([param.value])) : kept
}

function binaryLabels({ op, left, right, matching }: Binary, of: LabelsOfMetric): LabelNames {
  const [a, b] = [outputLabels(left, of), outputLabels(right, of)]
  if (op === 'or') return union(a, b)
  if (op === 'and' || op === 'unless') return a
  if (matching === null) return union(a, b)
  const many = matching.card === 'one-to-many' ? b : a
  if (matching.card !== 'one-to-one') return union(many, new Set(matching.include))
  const names = new Set(matching.labels)
  return matching.on ? names : (many?.difference(names) ?? null)
}
