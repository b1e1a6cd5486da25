// sort, sort_desc, sort_by_label, sort_by_label_desc: the order of an instant query's result.
import type { Span } from './ast.ts'
import { rowsOf } from './block.ts'
import type { Block } from './block.ts'
import { compareMetrics, compareText, labelOf } from './labels.ts'
import { takeRows } from './rank.ts'
import type { VectorOf } from './compiler.ts'

type Order = (block: Block) => (a: number, b: number) => number

/** Only the top level of an instant query has an order to speak of. */
export const sorted =
  (inner: VectorOf, order: Order, ordered: boolean, span: Span): VectorOf =>
  (frame) => {
    const block = inner(frame)
    if (frame.grid.steps > 1) frame.notes.sortInRangeQuery(span)
    if (!ordered || frame.grid.steps > 1) return block
    const rows = Array.from({ length: rowsOf(block) }, (_, row) => row)
    return takeRows(block, rows.sort(order(block)))
  }

/** NaN is last either way. */
export const byValue =
  (sign: 1 | -1): Order =>
  ({ values }) =>
  (a, b) => {
    const [x, y] = [values[a]!, values[b]!]
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y))
    return x === y ? 0 : sign * (x < y ? -1 : 1)
  }

export const byLabels =
  (labels: readonly string[], sign: 1 | -1): Order =>
  ({ shape: { metrics } }) =>
  (a, b) => {
    for (const label of labels) {
      const order = compareNaturally(labelOf(metrics[a]!, label), labelOf(metrics[b]!, label))
      if (order !== 0) return sign * order
    }
    return sign * compareMetrics(metrics[a]!, metrics[b]!)
  }

/** Runs of digits compare as numbers: `4m5` before `4m600`. */
function compareNaturally(a: string, b: string): number {
  if (a === b) return 0
  const chunks = (text: string): string[] => text.match(/\d+|\D+/g) ?? []
  const [as, bs] = [chunks(a), chunks(b)]
  for (let i = 0; i < Math.min(as.length, bs.length); i++) {
    const [x, y] = [as[i]!, bs[i]!]
    if (x === y) continue
    const numbers = /^\d/.test(x) && /^\d/.test(y)
    const order = numbers ? Number(x) - Number(y) : compareText(x, y)
    if (order !== 0) return order
  }
  return as.length - bs.length || compareText(a, b)
}
