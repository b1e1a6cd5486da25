// OpenTelemetry out of the store: our series enter through a MetricProducer, because observable gauges never vanish
// and stop at 2,000 series (opentelemetry-js issues 4096 and 2997).
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { Log, LogLevel } from '../io/log.ts'
import type { MetricInfo, Range, Sample, SeriesReader } from '../model/series.ts'
import type { AlertDueFact } from '../model/notice.ts'
import type { Millis, Timestamp } from '../model/units.ts'
import { type Dropped, createFigures } from './figures.ts'
import { logPush, metricPush, openExporters } from './otlp.ts'
import { type OtlpConfig, destinationOf } from './otlp-destination.ts'
import { sendAlerts, sendRuns } from './otlp-send.ts'
import type { Send } from './outbox.ts'
import type { Span } from './run-spans.ts'
import { type ScrapeAsked, scrape } from './scrape.ts'
import { type SlicesFrom, slices } from './slices.ts'

export type { Attempt } from './run-spans.ts'
export { createMetricExport, notingMetrics } from './cloudwatch.ts'
export { notingDue } from './due.ts'
export { type Outbox, alertOutbox, traceOutbox } from './outbox.ts'
export { telemetryMetrics } from './figures.ts'

/** An exporter that gets no answer tries for ten seconds: what it could not send by then is given up. */
const SHUTDOWN_MS = 5_000

export interface TelemetryOptions {
  readonly version: string
  /** Stable across restarts, or every restart makes a new resource. */
  readonly instanceId: string
  readonly startedAt: Timestamp
  readonly series: SeriesReader
  /** In which samples count as current. */
  readonly range: () => Range
  readonly describe: (name: string) => MetricInfo | undefined
  readonly monotonic: () => Millis
  /** Series in one answer of /metrics. */
  readonly maxSeries: number
  readonly otlp?: OtlpConfig | undefined
  /** The OTEL_* variables count where the configuration says nothing. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

export interface Telemetry extends AsyncDisposable {
  /** The answer to a scrape in the Prometheus text format, piece by piece. */
  scrape(asked: ScrapeAsked): AsyncIterable<string>
  /** The log that also goes to the collector, where there is one. */
  log(log: Log, level: LogLevel): Log
  /** To the collector; null where it is not to have them. */
  readonly runs: Send<Span> | null
  readonly alerts: Send<AlertDueFact> | null
  /** Counts what the collector will not be told of. */
  dropped(kind: 'trace-due' | 'alert-due', reason: Dropped): void
  stats(): readonly Sample[]
}

export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { startedAt, environment } = options
  const from: SlicesFrom = { ...options, startedAt }
  const figures = createFigures()
  const producer: MetricProducer = {
    async collect() {
      const metrics = await collected(from)
      const scopeMetrics = [{ scope: { name: 'tidemark' }, metrics }]
      return { resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics }, errors: [] }
    },
  }
  // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win: who sets them means it.
  const resource = resourceFromAttributes({
    'service.name': 'tidemark',
    'service.version': options.version,
    'service.instance.id': options.instanceId,
    ...cloudOf(environment),
  }).merge(detectResources({ detectors: [envDetector] }))
  const off = environment['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true'
  const exporter = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [producer],
  })
  const to = destinationOf(options.otlp, environment)
  const exporters = to === null ? null : await openExporters(to, figures)
  const logs = to?.logs && exporters !== null ? logPush(exporters.logs, resource) : null
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    metricReaders: [
      exporter,
      ...(to?.metrics && exporters !== null ? [metricPush(exporters.metrics, producer, to)] : []),
    ],
    // A signal that is left out would go to localhost:4318 by default.
    spanProcessors: [],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  const parts = { from, resource, exporter: off ? null : exporter, most: options.maxSeries, figures }
  return {
    scrape: (asked) => scrape(parts, asked),
    log: (log, level) => logs?.tee(log, level) ?? log,
    runs: to?.traces && exporters !== null ? sendRuns(exporters.traces, resource) : null,
    alerts: to?.alerts && exporters !== null ? sendAlerts(exporters.logs, resource) : null,
    dropped: (kind, reason) => figures.dropped(kind === 'trace-due' ? 'traces' : 'logs', reason),
    stats: () => figures.samples(),
    async [Symbol.asyncDispose]() {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      AbortSignal.timeout(SHUTDOWN_MS).addEventListener('abort', () => resolve(), { once: true })
      await Promise.race([
        Promise.allSettled([sdk.shutdown(), logs?.shutdown(), exporters?.traces.shutdown()]),
        late,
      ])
    },
  }
}

/** Where it runs, as far as the environment of a container on AWS tells. Semantic conventions: cloud. */
const cloudOf = (environment: TelemetryOptions['environment']): Record<string, string> => {
  const platform = environment['AWS_EXECUTION_ENV']
  const region = environment['AWS_REGION']
  if (platform === undefined) return {}
  return {
    'cloud.provider': 'aws',
    ...(platform.startsWith('AWS_ECS') ? { 'cloud.platform': 'aws_ecs' } : {}),
    ...(region === undefined ? {} : { 'cloud.region': region }),
  }
}

/** Everything, each metric in one piece. */
async function collected(from: SlicesFrom): Promise<MetricData[]> {
  const all: MetricData[] = []
  for await (const slice of slices(from, { matches: [], most: Infinity, aggregated: false })) {
    for (const metric of slice) {
      const last = all.at(-1)
      if (last?.descriptor.name !== metric.descriptor.name) all.push(metric)
      else for (const point of metric.dataPoints) (last.dataPoints as unknown[]).push(point)
    }
  }
  return all
}
