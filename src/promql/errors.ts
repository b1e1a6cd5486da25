// What goes wrong with a query: its text (PromqlError) or its evaluation (QueryError).
import type { Span } from './ast.ts'

/** The expression does not parse or does not type. Line and column count from 1. */
export class PromqlError extends Error {
  override readonly name = 'PromqlError'
  readonly position: Span
  readonly line: number
  readonly column: number
  constructor(message: string, position: Span, text: string) {
    super(message)
    this.position = position
    const where = lineAndColumn(text, position.start)
    this.line = where.line
    this.column = where.column
  }
}

export type QueryFault =
  | 'bad-query' // the arguments make no sense: a step of zero, too many points
  | 'execution' // the data does not allow it: duplicate label sets, many-to-many matching
  | 'timeout'
  | 'limit' // a limit of ours was reached
  | 'unsupported' // native histograms

/** An expression that parsed could not be evaluated; `fault` maps to the query API's error types. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
  readonly fault: QueryFault
  constructor(fault: QueryFault, message: string) {
    super(message)
    this.fault = fault
  }
}

export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { line, column: before.length - before.lastIndexOf('\n') }
}
