// Answers for slots that follow each other, worked out a block at a time: what makes a replay of months quick.
import type { Timestamp } from '../model/units.ts'
import { type Millis, plus, timestamp } from '../model/units.ts'
import type { Engine, Expr, QueryOptions, VectorSample } from '../promql/promql.ts'
import { type Query, engineQuery } from './query.ts'

/** Slots per block: enough to pay for one query, few enough to hold. */
const BLOCK = 240

interface Block {
  readonly start: Timestamp
  readonly end: Timestamp
  readonly step: Millis
  readonly slots: ReadonlyMap<number, readonly VectorSample[]>
}

/**
 * As engineQuery, for expressions that read only what is there before the replay starts (`independent`); asked at
 * times that are not a step from the last, or for others, it evaluates them one by one.
 */
export function blockQuery(
  engine: Engine,
  independent: (expr: Expr) => boolean,
  stepOf: (expr: Expr) => Millis | undefined,
  until: Timestamp,
  options?: QueryOptions,
): Query {
  const single = engineQuery(engine, options)
  const blocks = new Map<Expr, Block>()
  return (expr, at) => {
    const step = typeof expr === 'string' || !independent(expr) ? undefined : stepOf(expr)
    if (typeof expr === 'string' || step === undefined) return single(expr, at)
    let block = blocks.get(expr)
    if (block === undefined || at > block.end) {
      block = readBlock(engine, expr, at, step, until, options)
      blocks.set(expr, block)
    }
    const known = at >= block.start && (at - block.start) % block.step === 0
    return known ? (block.slots.get(at) ?? []) : single(expr, at)
  }
}

function readBlock(
  engine: Engine,
  expr: Expr,
  start: Timestamp,
  step: Millis,
  until: Timestamp,
  options?: QueryOptions,
): Block {
  const steps = Math.max(0, Math.min(BLOCK - 1, Math.floor((until - start) / step)))
  const end = plus(start, (steps * step) as Millis)
  const slots = new Map<number, VectorSample[]>()
  for (const { labels, timestamps, values } of engine.range(expr, { start, end, step }, options).series) {
    timestamps.forEach((at, i) => {
      const sample = { labels, value: values[i]!, timestamp: timestamp(at) }
      const slot = slots.get(at)
      if (slot === undefined) slots.set(at, [sample])
      else slot.push(sample)
    })
  }
  return { start, end, step, slots }
}
