// What the parts of a plan are made with.
import type { SeriesReader } from '../model/series.ts'
import type { Expr } from './ast.ts'
import { withoutParens } from './ast.ts'
import type { Block } from './block.ts'
import { QueryError } from './errors.ts'
import type { Frame } from './frame.ts'
import type { Leaf } from './leaf.ts'
import type { Source } from './range.ts'

export type VectorOf = (frame: Frame) => Block
/** One value a step. */
export type ScalarOf = (frame: Frame) => Float64Array

/** Turns parts of an expression into functions of a frame. */
export interface Compiler {
  readonly reader: SeriesReader
  /** Delayed name removal. */
  readonly delayed: boolean
  /** `ordered`: at the top of an instant query, where the order of rows is part of the result. */
  vector(expr: Expr, ordered?: boolean): VectorOf
  scalar(expr: Expr): ScalarOf
  source(expr: Expr): Source
  leaf(leaf: Leaf): VectorOf
  /** What the parts compiled with it read. */
  readonly leaves: Set<Leaf>
  /** One with leaves of its own: for parts that are evaluated on another grid. */
  nested(): Compiler
}

export function stringOf(expr: Expr): string {
  const literal = withoutParens(expr)
  if (literal.kind === 'string') return literal.value
  throw new QueryError('bad-query', 'expected a string literal')
}
