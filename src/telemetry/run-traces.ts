// Finished runs as traces, sent to a collector: what is due is kept with the runs until the collector has taken it.
import type { HttpClient } from '../io/http.ts'
import { SourceError, explainError } from '../model/errors.ts'
import type { Fact } from '../model/facts.ts'
import { type RunFact, type TraceDueFact, isResult } from '../model/run-facts.ts'
import type { Gone, Store } from '../model/store.ts'
import { MINUTE, SECOND, type Timestamp, millis, timestamp } from '../model/units.ts'
import { type Attempt, type Span, spansOf } from './run-spans.ts'

/** Tasks may be told of after their run: a trace is made this long after the end. */
const SETTLES = millis(30 * SECOND)
/** Traces in one request, and spans: collectors take 4 MiB by default. */
const TRACES = 100
const SPANS = 2_000
/** Traces that wait for a collector that is down; beyond that the newest are not kept, and that is said. */
const WAITING = 100_000
const LONGEST_WAIT = millis(10 * MINUTE)

/**
 * A store that notes each finished attempt of a run as due, in the transaction that records its end: a crash in
 * between loses none and sends none twice under another id.
 */
export function notingTraces(store: Store, dropped: () => void): Store {
  const record = (facts: readonly Fact[], at: Timestamp, gone: readonly Gone[] = []): void => {
    const ended = facts.filter((fact): fact is RunFact => fact.kind === 'run' && isEnded(fact))
    const fresh = ended.filter((run) => {
      const [before] = store.facts('run', { id: run.id })
      return before === undefined || before.attempt !== run.attempt || !isEnded(before)
    })
    const room = fresh.length === 0 ? 0 : WAITING - store.facts('trace-due').length
    for (const _ of fresh.slice(Math.max(0, room))) dropped()
    const due = fresh.slice(0, Math.max(0, room)).map((run): TraceDueFact => ({
      kind: 'trace-due',
      id: `${run.id}#${run.attempt}`,
      run: run.id,
      attempt: run.attempt,
      at,
    }))
    store.record([...facts, ...due], at, gone)
  }
  return Object.assign(Object.create(store) as Store, { record })
}

const isEnded = (run: RunFact): boolean => run.reported && isResult(run.state) && run.endedAt !== null

export interface RunTraces {
  /** Sends what is due; what the collector does not take stays due. */
  flush(
    now: Timestamp,
    signal: AbortSignal,
  ): Promise<{ readonly sent: number; readonly error: string | null }>
}

export interface RunTracesParts {
  readonly store: Store
  readonly send: (spans: readonly Span[], signal: AbortSignal) => Promise<void>
  /** The runs whose data this one read, as far as lineage tells. */
  readonly upstream: (run: RunFact) => readonly Attempt[]
}

export function createRunTraces({ store, send, upstream }: RunTracesParts): RunTraces {
  let failures = 0
  let notBefore = timestamp(0)
  return {
    async flush(now, signal) {
      if (now < notBefore) return { sent: 0, error: null }
      const due = store
        .facts('trace-due')
        .filter((one) => now - one.at >= SETTLES)
        .toSorted((a, b) => a.at - b.at)
        .slice(0, TRACES)
      const { spans, taken } = gather(due)
      if (taken.length === 0) return { sent: 0, error: null }
      try {
        if (spans.length > 0) await send(spans, signal)
      } catch (error) {
        failures += 1
        notBefore = timestamp(now + Math.min(LONGEST_WAIT, SECOND * 2 ** Math.min(failures, 20)))
        return { sent: 0, error: explainError(error) }
      }
      failures = 0
      store.record(
        [],
        now,
        taken.map(({ id }) => ({ kind: 'trace-due', id })),
      )
      return { sent: taken.length, error: null }
    },
  }

  function gather(due: readonly TraceDueFact[]): { spans: Span[]; taken: TraceDueFact[] } {
    const spans: Span[] = []
    const taken: TraceDueFact[] = []
    for (const one of due) {
      const [run] = store.facts('run', { id: one.run })
      const more = run === undefined ? [] : spansOf(run, one.attempt, upstream(run))
      if (taken.length > 0 && spans.length + more.length > SPANS) break
      spans.push(...more)
      taken.push(one)
    }
    return { spans, taken }
  }
}

export interface TraceDestination {
  readonly http: HttpClient
  /** With `/v1/traces` at its end. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly version: string
}

/** OTLP over HTTP as JSON, which every collector takes. An answer that is not 2xx leaves the spans with us. */
export const sendSpans =
  ({ http, url, headers, version }: TraceDestination): RunTracesParts['send'] =>
  async (spans, signal) => {
    const answer = await http({
      method: 'POST',
      url,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(otlp(spans, version)),
      signal,
    })
    if (answer.status >= 200 && answer.status < 300) return
    throw new SourceError('unreachable', `the collector answered ${answer.status} to traces`, {
      subject: url,
    })
  }

const KINDS = { internal: 1, server: 2 } as const
const STATUS_OK = 1
const STATUS_ERROR = 2

const otlp = (spans: readonly Span[], version: string): object => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf({ 'service.name': 'tidemark', 'service.version': version }) },
      scopeSpans: [{ scope: { name: 'tidemark.runs' }, spans: spans.map(otlpSpan) }],
    },
  ],
})

const otlpSpan = (span: Span): object => ({
  traceId: span.traceId,
  spanId: span.spanId,
  ...(span.parentSpanId === null ? {} : { parentSpanId: span.parentSpanId }),
  name: span.name,
  kind: KINDS[span.kind],
  startTimeUnixNano: `${span.start}000000`,
  endTimeUnixNano: `${span.end}000000`,
  attributes: attributesOf(span.attributes),
  links: span.links,
  status: span.error === null ? { code: STATUS_OK } : { code: STATUS_ERROR, message: span.error },
})

const attributesOf = (attributes: Span['attributes']): object[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { doubleValue: value },
  }))
