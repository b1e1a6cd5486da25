// What is due is kept until the collector has taken it.
import { explainError } from '../model/errors.ts'
import type { AlertDueFact } from '../model/notice.ts'
import type { RunFact, TraceDueFact } from '../model/run-facts.ts'
import type { Store } from '../model/store.ts'
import { SECOND, type Timestamp, millis } from '../model/units.ts'
import { type Offer, createBackoff, offer } from './attempts.ts'
import { type Attempt, type Span, spansOf } from './run-spans.ts'

/** Tasks may be told of after their run: a trace is made this long after the end. */
const SETTLES = millis(30 * SECOND)
/** Traces in one request, and spans, and alerts: collectors take 4 MiB by default. */
const TRACES = 100
const SPANS = 2_000
const ALERTS = 500

/** What is told of one thing, which is then no longer due. */
interface Part<T> {
  readonly items: readonly T[]
  readonly due: Pick<TraceDueFact | AlertDueFact, 'kind' | 'id'>
}
/** Rejects where the collector did not take it; as 'unsupported' where it never will. */
export type Send<T> = (items: readonly T[], signal: AbortSignal) => Promise<void>

export interface Outbox {
  /** Sends all that is due; what the collector does not take stays due. */
  flush(now: Timestamp, signal: AbortSignal): Promise<Flushed>
}
/** What the collector understood and does not want: it is due no longer. */
export type Refused = (kind: (TraceDueFact | AlertDueFact)['kind'], error: string) => void
export interface Flushed {
  readonly sent: number
  readonly error: string | null
}

/** `upstream`: the runs whose data a run read, as far as lineage tells. */
export const traceOutbox = (
  store: Store,
  send: Send<Span>,
  upstream: (run: RunFact) => readonly Attempt[],
  refused: Refused,
): Outbox => outbox({ store, send, refused, batches: (now) => traceBatches(store, upstream, now) })

export const alertOutbox = (store: Store, send: Send<AlertDueFact>, refused: Refused): Outbox =>
  outbox({ store, send, refused, batches: () => alertBatches(store) })

function outbox<T>(parts: {
  readonly store: Store
  readonly send: Send<T>
  readonly refused: Refused
  readonly batches: (now: Timestamp) => Iterable<ReadonlyArray<Part<T>>>
}): Outbox {
  const { store, send, refused, batches } = parts
  const backoff = createBackoff()
  return {
    async flush(now, signal) {
      let sent = 0
      if (backoff.isWaiting(now)) return { sent, error: null }
      const settle = (batch: ReadonlyArray<Part<T>>): void =>
        store.record(
          [],
          now,
          batch.map(({ due }) => due),
        )
      const to: Offer<Part<T>> = {
        async send(batch) {
          signal.throwIfAborted()
          const items = batch.flatMap((one) => one.items)
          if (items.length > 0) await send(items, signal)
        },
        taken(batch) {
          settle(batch)
          sent += batch.length
        },
        refused(one, error) {
          refused(one.due.kind, explainError(error))
          settle([one])
        },
      }
      try {
        for (const batch of batches(now)) await offer(batch, to)
      } catch (error) {
        backoff.failed(now)
        return { sent, error: explainError(error) }
      }
      backoff.succeeded()
      return { sent, error: null }
    },
  }
}

function* traceBatches(
  store: Store,
  upstream: (run: RunFact) => readonly Attempt[],
  now: Timestamp,
): Iterable<ReadonlyArray<Part<Span>>> {
  let batch: Array<Part<Span>> = []
  let count = 0
  for (const { kind, id, run: runId, attempt } of settled(store.facts('trace-due'), now)) {
    const [run] = store.facts('run', { id: runId })
    const items = run === undefined ? [] : spansOf(run, attempt, upstream(run))
    if (batch.length === TRACES || (count > 0 && count + items.length > SPANS)) {
      yield batch
      batch = []
      count = 0
    }
    batch.push({ items, due: { kind, id } })
    count += items.length
  }
  if (batch.length > 0) yield batch
}

const settled = (due: readonly TraceDueFact[], now: Timestamp): readonly TraceDueFact[] =>
  due.filter(({ at }) => now - at >= SETTLES).toSorted((a, b) => a.at - b.at)

function* alertBatches(store: Store): Iterable<ReadonlyArray<Part<AlertDueFact>>> {
  const due = store.facts('alert-due').toSorted((a, b) => a.at - b.at)
  for (let start = 0; start < due.length; start += ALERTS)
    yield due
      .slice(start, start + ALERTS)
      .map((one) => ({ items: [one], due: { kind: one.kind, id: one.id } }))
}
