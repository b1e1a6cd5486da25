// Metrics and logs to a collector by OTLP: what the configuration does not say, the standard OTEL_* environment does.
import { SeverityNumber } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, type LogRecordExporter, LoggerProvider } from '@opentelemetry/sdk-logs'
import {
  type MetricProducer,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import type { Log, LogLevel } from '../io/log.ts'
import type { Secret } from '../model/secret.ts'
import type { Millis } from '../model/units.ts'
import type { Figures, Signal } from './figures.ts'

/** Data points in one request: collectors take 4 MiB by default, a point has 150 bytes before compression. */
const BATCH = 5_000
const LOG_QUEUE = 8_192
const LOG_BATCH = 512

export type Protocol = 'http/protobuf' | 'grpc'

export interface OtlpConfig {
  readonly endpoint?: string | undefined
  readonly headers: Readonly<Record<string, Secret>>
  readonly protocol?: Protocol | undefined
  readonly every?: Millis | undefined
  readonly timeout: Millis
  readonly logs: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** What is sent where, once configuration and environment are put together; null where nothing is. */
export interface Destination {
  readonly protocol: Protocol
  readonly metrics: boolean
  readonly logs: boolean
  readonly every: number
  readonly url: (signal: Signal) => string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly timeout: number
}

const DEFAULT_EVERY_MS = 60_000

export function destinationOf(config: OtlpConfig | undefined, env: Environment): Destination | null {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return null
  const to = (signal: Signal): boolean =>
    (config?.endpoint ??
      env['OTEL_EXPORTER_OTLP_ENDPOINT'] ??
      env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`]) !== undefined
  const wanted = (signal: Signal): boolean =>
    to(signal) && env[`OTEL_${signal.toUpperCase()}_EXPORTER`]?.trim() !== 'none'
  const metrics = wanted('metrics')
  const logs = (config?.logs ?? true) && wanted('logs')
  if (!metrics && !logs) return null
  const asked = config?.protocol ?? env['OTEL_EXPORTER_OTLP_PROTOCOL']
  const protocol = asked === 'grpc' ? 'grpc' : 'http/protobuf'
  const endpoint = config?.endpoint?.replace(/\/+$/, '')
  const headers = Object.entries(config?.headers ?? {})
  return {
    protocol,
    metrics,
    logs,
    every: config?.every ?? (Number(env['OTEL_METRIC_EXPORT_INTERVAL']) || DEFAULT_EVERY_MS),
    url: (signal) => (endpoint === undefined || protocol === 'grpc' ? endpoint : `${endpoint}/v1/${signal}`),
    headers:
      headers.length === 0
        ? undefined
        : Object.fromEntries(headers.map(([name, value]) => [name, value.reveal()])),
    timeout: config?.timeout ?? (Number(env['OTEL_EXPORTER_OTLP_TIMEOUT']) || 10_000),
  }
}

export interface Exporters {
  readonly metrics: PushMetricExporter
  readonly logs: LogRecordExporter
}

/** Only the protocol that is asked for is loaded. */
export async function openExporters(to: Destination, figures: Figures): Promise<Exporters> {
  const options = (signal: Signal) => {
    const url = to.url(signal)
    return { ...(url === undefined ? {} : { url }), timeoutMillis: to.timeout }
  }
  const [{ OTLPMetricExporter }, { OTLPLogExporter }] =
    to.protocol === 'grpc'
      ? await Promise.all([
          import('@opentelemetry/exporter-metrics-otlp-grpc'),
          import('@opentelemetry/exporter-logs-otlp-grpc'),
        ])
      : await Promise.all([
          import('@opentelemetry/exporter-metrics-otlp-proto'),
          import('@opentelemetry/exporter-logs-otlp-proto'),
        ])
  const more = { ...(to.headers === undefined ? {} : { headers: to.headers }), compression: GZIP }
  return {
    metrics: counted(new OTLPMetricExporter({ ...options('metrics'), ...more }), 'metrics', figures),
    logs: counted(new OTLPLogExporter({ ...options('logs'), ...more }), 'logs', figures),
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
