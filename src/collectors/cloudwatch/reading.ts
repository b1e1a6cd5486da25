// Many metrics in few requests: batches within GetMetricData's limits, each of which may fail alone.
import {
  type CloudWatch,
  type MetricAnswer,
  type MetricQuery,
  POINTS_AT_ONCE,
  QUERIES_AT_ONCE,
} from '../../io/cloudwatch.ts'
import type { Millis, Timestamp } from '../../model/units.ts'

/** Queries that are of no use without each other: they are asked together. */
export interface Question<T> {
  readonly about: T
  readonly queries: readonly MetricQuery[]
}

export interface Answered<T> {
  readonly about: T
  /** In the order of the queries; null: the request failed. */
  readonly answers: readonly MetricAnswer[]
}

export interface Window {
  readonly from: Timestamp
  readonly to: Timestamp
  readonly period: Millis
}

export interface BatchOutcome<T> {
  readonly asked: ReadonlyArray<Question<T>>
  readonly answered: ReadonlyArray<Answered<T>>
  readonly error: unknown
  /** What CloudWatch remarked. */
  readonly said: readonly string[]
}

/** Queries that fit in one request with so many points each. */
export const queriesAtOnce = ({ from, to, period }: Window): number =>
  Math.max(1, Math.min(QUERIES_AT_ONCE, Math.floor(POINTS_AT_ONCE / Math.max(1, (to - from) / period))))

export function* batchesOf<T>(
  questions: readonly Question<T>[],
  most: number,
): Generator<readonly Question<T>[]> {
  let batch: Question<T>[] = []
  let count = 0
  for (const question of questions) {
    if (count > 0 && count + question.queries.length > most) {
      yield batch
      batch = []
      count = 0
    }
    batch.push(question)
    count += question.queries.length
  }
  if (count > 0) yield batch
}

/** Asks one batch; an error is told, not thrown, unless it is the signal's. */
export async function askBatch<T>(
  cloudWatch: Pick<CloudWatch, 'read'>,
  asked: readonly Question<T>[],
  { from, to }: Window,
  signal: AbortSignal,
): Promise<BatchOutcome<T>> {
  try {
    const queries = asked.flatMap((question) => question.queries)
    const { answers, said } = await cloudWatch.read({ queries, from, to }, signal)
    let next = 0
    const answered = asked.map(({ about, queries: own }) => ({
      about,
      answers: answers.slice(next, (next += own.length)),
    }))
    return { asked, answered, error: undefined, said }
  } catch (error) {
    if (signal.aborted) throw error
    return { asked, answered: [], error, said: [] }
  }
}
