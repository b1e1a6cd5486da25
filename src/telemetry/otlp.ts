// The exporters of OTLP: metrics from the store at intervals, our own log as it is written.
import { SeverityNumber } from '@opentelemetry/api'
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { Resource } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, type LogRecordExporter, LoggerProvider } from '@opentelemetry/sdk-logs'
import {
  type MetricProducer,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import type { Log, LogLevel } from '../io/log.ts'
import type { Figures, Signal } from './figures.ts'
import type { Destination } from './otlp-destination.ts'

/** Data points in one request: collectors take 4 MiB by default, a point has 150 bytes before compression. */
const BATCH = 5_000
const LOG_QUEUE = 8_192
const LOG_BATCH = 512

export type ReadableSpan = Parameters<OTLPTraceExporter['export']>[0][number]

interface SpanExporter {
  export(spans: ReadableSpan[], done: (result: { code: number; error?: Error }) => void): void
  shutdown(): Promise<void>
}

export interface Exporters {
  readonly metrics: PushMetricExporter
  readonly traces: SpanExporter
  readonly logs: LogRecordExporter
}

/** Only the protocols that are asked for are loaded. */
export async function openExporters(to: Destination, figures: Figures): Promise<Exporters> {
  const options = (signal: Signal) => {
    const url = to.url(signal)
    return {
      timeoutMillis: to.timeout,
      ...(url === undefined ? {} : { url }),
      ...(to.headers === undefined ? {} : { headers: to.headers }),
      ...(to.gzip(signal) ? { compression: GZIP } : {}),
    }
  }
  const isGrpc = (signal: Signal): boolean => to.protocol(signal) === 'grpc'
  const [{ OTLPMetricExporter }, { OTLPTraceExporter }, { OTLPLogExporter }] = await Promise.all([
    isGrpc('metrics')
      ? import('@opentelemetry/exporter-metrics-otlp-grpc')
      : import('@opentelemetry/exporter-metrics-otlp-proto'),
    isGrpc('traces')
      ? import('@opentelemetry/exporter-trace-otlp-grpc')
      : import('@opentelemetry/exporter-trace-otlp-proto'),
    isGrpc('logs')
      ? import('@opentelemetry/exporter-logs-otlp-grpc')
      : import('@opentelemetry/exporter-logs-otlp-proto'),
  ])
  return {
    metrics: counted(new OTLPMetricExporter(options('metrics')), 'metrics', figures),
    traces: counted(new OTLPTraceExporter(options('traces')), 'traces', figures),
    logs: counted(new OTLPLogExporter(options('logs')), 'logs', figures),
  }
}

/** The exporters' enum lives in a package that is not ours to depend on. */
const GZIP = 'gzip' as never

interface Exporting {
  export(items: never, done: (result: { code: number }) => void): void
}

/** Counts how exports went: the SDK only mentions it in its own diagnostics. */
function counted<E extends Exporting>(exporter: E, signal: Signal, figures: Figures): E {
  const send = exporter.export.bind(exporter)
  exporter.export = (items, done) =>
    send(items, (result) => {
      figures.exported(signal, result.code === 0)
      done(result)
    })
  return exporter
}

export const metricPush = (
  exporter: PushMetricExporter,
  producer: MetricProducer,
  to: Destination,
): MetricReader =>
  new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: to.every,
    exportTimeoutMillis: Math.min(to.every, 30_000),
    maxExportBatchSize: BATCH,
    metricProducers: [producer],
  })

const SEVERITY = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
} as const
type Level = keyof typeof SEVERITY
const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error']

export interface LogPush {
  /** The same log, each line of which is sent too: with its fields, so that the lines of one poll have its id. */
  readonly tee: (log: Log, level: LogLevel) => Log
  readonly shutdown: () => Promise<void>
}

export function logPush(exporter: LogRecordExporter, resource: Resource): LogPush {
  const provider = new LoggerProvider({
    resource,
    processors: [
      new BatchLogRecordProcessor({ exporter, maxQueueSize: LOG_QUEUE, maxExportBatchSize: LOG_BATCH }),
    ],
  })
  const logger = provider.getLogger('tidemark')
  const tee = (log: Log, level: LogLevel, inherited: Record<string, unknown> = {}): Log => {
    const line = (name: Level) => (fields: unknown, message?: string) => {
      // pino's own signature: a text alone, or fields and a text.
      log[name](fields as object, message)
      if (level === 'silent' || LEVELS.indexOf(name) < LEVELS.indexOf(level)) return
      const isText = typeof fields === 'string'
      logger.emit({
        severityNumber: SEVERITY[name],
        severityText: name.toUpperCase(),
        body: isText ? fields : (message ?? ''),
        attributes: plain({ ...inherited, ...(isText ? {} : (fields as object)) }),
      })
    }
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => tee(log.child(fields), level, { ...inherited, ...fields }),
    }
  }
  return { tee, shutdown: () => provider.shutdown() }
}

const plain = (fields: Record<string, unknown>): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined || value === null
        ? []
        : [
            [
              name,
              typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
                ? value
                : JSON.stringify(value),
            ] as const,
          ],
    ),
  )
