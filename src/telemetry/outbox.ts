// What is due is kept until the collector has taken it.
import { explainError } from '../model/errors.ts'
import type { AlertDueFact } from '../model/notice.ts'
import type { RunFact, TraceDueFact } from '../model/run-facts.ts'
import type { Gone, Store } from '../model/store.ts'
import { MINUTE, SECOND, type Timestamp, millis, timestamp } from '../model/units.ts'
import { type Attempt, type Span, spansOf } from './run-spans.ts'

/** Tasks may be told of after their run: a trace is made this long after the end. */
const SETTLES = millis(30 * SECOND)
/** Traces in one request, and spans, and alerts: collectors take 4 MiB by default. */
const TRACES = 100
const SPANS = 2_000
const ALERTS = 500
const LONGEST_WAIT = millis(10 * MINUTE)

/** What goes in one request, and what is then no longer due. */
interface Batch<T> {
  readonly items: readonly T[]
  readonly taken: readonly Gone[]
}
/** Rejects where the collector did not take it. */
export type Send<T> = (items: readonly T[], signal: AbortSignal) => Promise<void>

export interface Outbox {
  /** Sends all that is due; what the collector does not take stays due. */
  flush(now: Timestamp, signal: AbortSignal): Promise<Flushed>
}
export interface Flushed {
  readonly sent: number
  readonly error: string | null
}

/** `upstream`: the runs whose data a run read, as far as lineage tells. */
export const traceOutbox = (
  store: Store,
  send: Send<Span>,
  upstream: (run: RunFact) => readonly Attempt[],
): Outbox => outbox(store, send, (now) => traceBatches(store, upstream, now))

export const alertOutbox = (store: Store, send: Send<AlertDueFact>): Outbox =>
  outbox(store, send, () => alertBatches(store))

function outbox<T>(store: Store, send: Send<T>, batches: (now: Timestamp) => Iterable<Batch<T>>): Outbox {
  let failures = 0
  let notBefore = timestamp(0)
  return {
    async flush(now, signal) {
      let sent = 0
      if (now < notBefore) return { sent, error: null }
      try {
        for (const { items, taken } of batches(now)) {
          if (items.length > 0) await send(items, signal)
          store.record([], now, taken)
          sent += taken.length
        }
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
): Iterable<Batch<Span>> {
  let items: Span[] = []
  let taken: Gone[] = []
  for (const { kind, id, run: runId, attempt } of settled(store.facts('trace-due'), now)) {
    const [run] = store.facts('run', { id: runId })
    const spans = run === undefined ? [] : spansOf(run, attempt, upstream(run))
    if (taken.length === TRACES || (items.length > 0 && items.length + spans.length > SPANS)) {
      yield { items, taken }
      items = []
      taken = []
    }
    items.push(...spans)
    taken.push({ kind, id })
  }
  if (taken.length > 0) yield { items, taken }
}

const settled = (due: readonly TraceDueFact[], now: Timestamp): readonly TraceDueFact[] =>
  due.filter(({ at }) => now - at >= SETTLES).toSorted((a, b) => a.at - b.at)

function* alertBatches(store: Store): Iterable<Batch<AlertDueFact>> {
  const due = store.facts('alert-due').toSorted((a, b) => a.at - b.at)
  for (let start = 0; start < due.length; start += ALERTS) {
    const items = due.slice(start, start + ALERTS)
    yield { items, taken: items.map(({ kind, id }) => ({ kind, id })) }
  }
}
