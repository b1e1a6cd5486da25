// An expression compiled to functions of a frame: what is known before any sample is read is done here, once.
import type { SeriesReader } from '../model/series.ts'
import type { Aggregate, Binary, Call, Expr, MatrixSelector, Subquery } from './ast.ts'
import { isSetOp, withoutParens } from './ast.ts'
import { aggregation, quantileAggregation } from './aggregate.ts'
import { negate, scalarBinary, vectorScalar } from './binary.ts'
import { broadcast } from './block.ts'
import type { Block } from './block.ts'
import { vectorCall } from './calls.ts'
import { typeOf } from './check.ts'
import { stringOf } from './compiler.ts'
import type { Compiler, ScalarOf, VectorOf } from './compiler.ts'
import { constant, scalarOf, timeOf } from './elementwise.ts'
import { QueryError } from './errors.ts'
import { smoothedSelector } from './extended.ts'
import { onGrid } from './frame.ts'
import type { Frame } from './frame.ts'
import { isStepInvariant } from './invariant.ts'
import { joinVectors } from './join.ts'
import { leafVector } from './leaf.ts'
import type { Leaf } from './leaf.ts'
import { print } from './print.ts'
import { matrixSource, subquerySource } from './range.ts'
import type { Source } from './range.ts'
import { countValues, limitRatio, ranking } from './rank.ts'
import { instantSelector, selectorFinder } from './select.ts'
import { setOperation } from './set-ops.ts'

export function compiler(
  reader: SeriesReader,
  delayed: boolean,
  /** Equal parts of an expression are computed once per frame. */
  parts = new Map<string, Part>(),
): Compiler {
  const leaves = new Set<Leaf>()
  const self: Compiler = {
    reader,
    delayed,
    leaves,
    nested: () => compiler(reader, delayed, parts),
    leaf(leaf) {
      leaves.add(leaf)
      return leafVector(leaf)
    },
    vector(expr, ordered = false) {
      const inner = withoutParens(expr)
      if (ordered) return accounted(inner, compileVector(self, inner, true))
      const text = print(inner)
      let part = parts.get(text)
      if (part === undefined) {
        const nested = self.nested()
        part = sharedPart(accounted(inner, compileVector(nested, inner, false)), nested.leaves)
        parts.set(text, part)
      } else part.uses += 1
      for (const leaf of part.leaves) leaves.add(leaf)
      return part.evaluate
    },
    scalar: (expr) => compileScalar(self, withoutParens(expr)),
    source: (expr) => compileSource(self, withoutParens(expr) as MatrixSelector | Subquery),
  }
  return self
}

interface Part {
  uses: number
  readonly leaves: ReadonlySet<Leaf>
  readonly evaluate: VectorOf
}

function sharedPart(evaluate: VectorOf, leaves: ReadonlySet<Leaf>): Part {
  const known = new WeakMap<Frame, Block>()
  const part: Part = {
    uses: 1,
    leaves,
    evaluate(frame) {
      if (part.uses === 1) return evaluate(frame)
      let block = known.get(frame)
      if (block === undefined) {
        block = evaluate(frame)
        block.shared = true
        known.set(frame, block)
      }
      return block
    },
  }
  return part
}

/** Gives back what operands held, and computes once what is the same at every step. */
function accounted(expr: Expr, evaluate: VectorOf): VectorOf {
  const invariant = isStepInvariant(expr)
  return (frame) => {
    const { grid, budget } = frame
    const { held } = budget
    budget.look()
    const block =
      invariant && grid.steps > 1
        ? broadcast(evaluate(onGrid(frame, { ...grid, steps: 1 })), grid.steps, budget)
        : evaluate(frame)
    budget.held = held + block.values.length
    return block
  }
}

function compileVector(self: Compiler, expr: Expr, ordered: boolean): VectorOf {
  switch (expr.kind) {
    case 'selector': {
      const find = selectorFinder(self.reader, expr)
      return self.leaf(
        expr.extended === 'smoothed' ? smoothedSelector(find, expr) : instantSelector(find, expr),
      )
    }
    case 'aggregate':
      return compileAggregate(self, expr, ordered)
    case 'binary':
      return compileBinary(self, expr)
    case 'call':
      return vectorCall(self, expr, ordered)
    case 'unary': {
      const inner = self.vector(expr.expr)
      return expr.op === '-' ? negate(inner, self.delayed) : inner
    }
    default:
      throw new QueryError('bad-query', `${expr.kind} is not an instant vector`)
  }
}

function compileAggregate(self: Compiler, expr: Aggregate, ordered: boolean): VectorOf {
  const inner = self.vector(expr.expr)
  const param = (): ScalarOf => self.scalar(expr.param!)
  switch (expr.op) {
    case 'topk':
    case 'bottomk':
    case 'limitk':
      return ranking(expr, param(), inner, ordered)
    case 'limit_ratio':
      return limitRatio(expr, param(), inner)
    case 'quantile':
      return quantileAggregation(expr, param(), inner)
    case 'count_values':
      return countValues(expr, stringOf(expr.param!), inner)
    default:
      return aggregation(expr, inner)
  }
}

function compileBinary(self: Compiler, expr: Binary): VectorOf {
  const { op, bool } = expr
  if (op === '</' || op === '>/')
    throw new QueryError(
      'unsupported',
      `operator ${op} trims native histograms, which are not supported: use classic histograms (series with an "le" label)`,
    )
  const [left, right] = [typeOf(expr.left), typeOf(expr.right)]
  const { delayed } = self
  if (right === 'scalar')
    return vectorScalar(op, self.vector(expr.left), self.scalar(expr.right), {
      swapped: false,
      bool,
      delayed,
    })
  if (left === 'scalar')
    return vectorScalar(op, self.vector(expr.right), self.scalar(expr.left), { swapped: true, bool, delayed })
  const [a, b] = [self.vector(expr.left), self.vector(expr.right)]
  return isSetOp(op) ? setOperation(op, expr.matching!, a, b) : joinVectors(expr, a, b, delayed)
}

function compileSource(self: Compiler, expr: MatrixSelector | Subquery): Source {
  if (expr.kind === 'matrix') return matrixSource(expr, selectorFinder(self.reader, expr.selector))
  const nested = self.nested()
  return subquerySource(expr, nested.vector(expr.expr), nested.leaves)
}

function compileScalar(self: Compiler, expr: Expr): ScalarOf {
  switch (expr.kind) {
    case 'number':
      return constant(expr.value)
    case 'unary': {
      const inner = self.scalar(expr.expr)
      return expr.op === '-' ? (frame) => inner(frame).map((value) => -value) : inner
    }
    case 'binary':
      return scalarBinary(expr.op, self.scalar(expr.left), self.scalar(expr.right))
    case 'call':
      return compileScalarCall(self, expr)
    default:
      throw new QueryError('bad-query', `${expr.kind} is not a scalar`)
  }
}

function compileScalarCall(self: Compiler, { name, args }: Call): ScalarOf {
  const ofQuery = (value: (query: Frame['query']) => number): ScalarOf => {
    return (frame) => new Float64Array(frame.grid.steps).fill(value(frame.query))
  }
  switch (name) {
    case 'time':
      return timeOf
    case 'pi':
      return constant(Math.PI)
    case 'start':
      return ofQuery(({ start }) => start / 1000)
    case 'end':
      return ofQuery(({ end }) => end / 1000)
    case 'step':
      return ofQuery(({ step }) => step / 1000)
    case 'range':
      return ofQuery(({ start, end }) => (end - start) / 1000)
    case 'scalar':
      return scalarOf(self.vector(args[0]!))
    default: {
      const [a, b] = [self.scalar(args[0]!), self.scalar(args[1]!)]
      const pick = name === 'min_of' ? Math.min : Math.max
      return (frame) => {
        const other = b(frame)
        return a(frame).map((value, i) => pick(value, other[i]!))
      }
    }
  }
}
