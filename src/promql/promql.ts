// The door: parse, check and print PromQL, and evaluate it over a SeriesReader (reference: prometheus.io/docs/prometheus/latest/querying).
export { matchersOf } from './ast.ts'
export type { Expr, Span } from './ast.ts'
export { createEngine } from './engine.ts'
export type {
  Engine,
  InstantResult,
  Limits,
  MatrixSeries,
  QueryOptions,
  RangeQuery,
  RangeResult,
  VectorSample,
} from './engine.ts'
export { PromqlError, QueryError } from './errors.ts'
export { formatPlain, formatShort } from './go.ts'
export { memorySeries } from './memory.ts'
export type { MemorySeries, Points } from './memory.ts'
export { parse } from './parse.ts'
export { print } from './print.ts'
