// Runs and alerts in the exporters' own words. What an exporter gives up stays with us.
import { SeverityNumber, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import type { HrTime } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs'
import { SourceError } from '../model/errors.ts'
import type { AlertDueFact } from '../model/notice.ts'
import type { Timestamp } from '../model/units.ts'
import type { Exporters, ReadableSpan } from './otlp.ts'
import type { Send } from './outbox.ts'
import type { Span } from './run-spans.ts'

export const sendRuns = (exporter: Exporters['traces'], resource: Resource): Send<Span> =>
  through(exporter, 'runs as traces', (span) => readableSpan(span, resource))

export const sendAlerts = (exporter: Exporters['logs'], resource: Resource): Send<AlertDueFact> =>
  through(exporter, 'alerts as log records', (due) => logRecord(due, resource))

interface Exporting<R> {
  export(items: R[], done: (result: { code: number; error?: Error }) => void): void
}

/** An exporter cannot be interrupted: at the end of the process what it was asked to send counts as not taken. */
const through =
  <T, R>(exporter: Exporting<R>, what: string, readable: (item: T) => R): Send<T> =>
  (items, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const fail = (cause: unknown) =>
      reject(
        new SourceError(
          isRefusal(cause) ? 'unsupported' : 'unreachable',
          `the collector did not take ${items.length} ${what}`,
          {
            subject: 'otlp',
            cause,
          },
        ),
      )
    const onAbort = () => fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    exporter.export(items.map(readable), ({ code, error }) => {
      signal.removeEventListener('abort', onAbort)
      if (code === 0) resolve()
      else fail(error)
    })
    return promise
  }

/** OTLP, "Failures": HTTP 400 must not be repeated, nor gRPC INVALID_ARGUMENT (3); 413, and 8 that names a size, are too much at once. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  const { code, message } = error
  return code === 400 || code === 413 || code === 3 || (code === 8 && /larger than|too large/i.test(message))
}

const RUNS = { name: 'tidemark.runs' }
const ALERTS = { name: 'tidemark.alerts' }
const KINDS = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER } as const

const hrTime = (at: Timestamp): HrTime => [Math.floor(at / 1_000), (at % 1_000) * 1_000_000]
const contextOf = ({ traceId, spanId }: Pick<Span, 'traceId' | 'spanId'>) => ({
  traceId,
  spanId,
  traceFlags: TraceFlags.SAMPLED,
})

const readableSpan = (span: Span, resource: Resource): ReadableSpan => ({
  name: span.name,
  kind: KINDS[span.kind],
  spanContext: () => contextOf(span),
  ...(span.parentSpanId === null
    ? {}
    : { parentSpanContext: contextOf({ traceId: span.traceId, spanId: span.parentSpanId }) }),
  startTime: hrTime(span.start),
  endTime: hrTime(span.end),
  duration: hrTime((span.end - span.start) as Timestamp),
  ended: true,
  status:
    span.error === null ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: span.error },
  attributes: span.attributes,
  links: span.links.map((link) => ({ context: contextOf(link) })),
  events: [],
  resource,
  instrumentationScope: RUNS,
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
})

const SEVERITY: Readonly<Record<string, SeverityNumber>> = {
  critical: SeverityNumber.ERROR,
  page: SeverityNumber.ERROR,
  warning: SeverityNumber.WARN,
}

function logRecord({ alert, at, fingerprint }: AlertDueFact, resource: Resource): ReadableLogRecord {
  const { labels, annotations, startsAt, endsAt, value } = alert
  const status = endsAt === null ? 'firing' : 'resolved'
  const name = labels['alertname'] ?? 'alert'
  const severity =
    endsAt === null ? (SEVERITY[labels['severity'] ?? ''] ?? SeverityNumber.INFO) : SeverityNumber.INFO
  const prefixed = (prefix: string, pairs: Readonly<Record<string, string>>) =>
    Object.entries(pairs).map(([key, text]) => [`tidemark.alert.${prefix}.${key}`, text] as const)
  return {
    hrTime: hrTime(endsAt ?? startsAt),
    hrTimeObserved: hrTime(at),
    severityNumber: severity,
    severityText: SeverityNumber[severity],
    eventName: 'tidemark.alert',
    body: [`${name} ${status}`, annotations['summary']].filter((part) => part !== undefined).join(': '),
    attributes: {
      'tidemark.alert.name': name,
      'tidemark.alert.status': status,
      'tidemark.alert.fingerprint': fingerprint,
      ...(value === null ? {} : { 'tidemark.alert.value': value }),
      ...Object.fromEntries([...prefixed('label', labels), ...prefixed('annotation', annotations)]),
    },
    resource,
    instrumentationScope: ALERTS,
    droppedAttributesCount: 0,
  }
}
