// What is due is kept until the collector has taken it.
import { explainError, reasonOf } from '../model/errors.ts'
import type { AlertDueFact } from '../model/notice.ts'
import type { RunFact, TraceDueFact } from '../model/run-facts.ts'
import type { Store } from '../model/store.ts'
import { MINUTE, SECOND, type Timestamp, millis, timestamp } from '../model/units.ts'
import { type Attempt, type Span, spansOf } from './run-spans.ts'

/** Tasks may be told of after their run: a trace is made this long after the end. */
const SETTLES = millis(30 * SECOND)
/** Traces in one request, and spans, and alerts: collectors take 4 MiB by default. */
const TRACES = 100
const SPANS = 2_000
const ALERTS = 500
const LONGEST_WAIT = millis(10 * MINUTE)

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
  let failures = 0
  let notBefore = timestamp(0)

  const tell = async (
    batch: ReadonlyArray<Part<T>>,
    now: Timestamp,
    signal: AbortSignal,
  ): Promise<number> => {
    signal.throwIfAborted()
    const items = batch.flatMap((one) => one.items)
    let taken = batch.length
    try {
      if (items.length > 0) await send(items, signal)
    } catch (error) {
      if (reasonOf(error) !== 'unsupported') throw error
      if (batch.length > 1) {
        // It refuses a request as a whole: what it means is found by halves.
        const half = Math.ceil(batch.length / 2)
        const first = await tell(batch.slice(0, half), now, signal)
        return first + (await tell(batch.slice(half), now, signal))
      }
      refused(batch[0]!.due.kind, explainError(error))
      taken = 0
    }
    store.record(
      [],
      now,
      batch.map(({ due }) => due),
    )
    return taken
  }

  return {
    async flush(now, signal) {
      let sent = 0
      if (now < notBefore) return { sent, error: null }
      try {
        for (const batch of batches(now)) sent += await tell(batch, now, signal)
      } catch (error) {
        failures += 1
        notBefore = timestamp(now + Math.min(LONGEST_WAIT, SECOND * 2 ** Math.min(failures, 20)))
        return { sent, error: explainError(error) }
      }
      failures = 0
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
