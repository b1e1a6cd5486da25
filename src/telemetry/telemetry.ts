// OpenTelemetry out of the store: our series enter through a MetricProducer, because observable gauges never vanish
// and stop at 2,000 series (opentelemetry-js issues 4096 and 2997).
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { MetricProducer } from '@opentelemetry/sdk-metrics'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { MetricInfo } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import { type Current, metricData } from './metric-data.ts'

export type { Current } from './metric-data.ts'

const SHUTDOWN_MS = 5_000

export interface TelemetryOptions {
  readonly version: string
  /** Stable across restarts, or every restart makes a new resource. */
  readonly instanceId: string
  readonly startedAt: Timestamp
  readonly current: () => Iterable<Current>
  readonly describe: (name: string) => MetricInfo | undefined
}

export interface Telemetry extends AsyncDisposable {
  /** Answers a scrape in the Prometheus text format. */
  scrape(request: IncomingMessage, response: ServerResponse): void
}

export function openTelemetry(options: TelemetryOptions): Telemetry {
  const producer: MetricProducer = {
    async collect() {
      return {
        resourceMetrics: {
          resource: resourceFromAttributes({}),
          scopeMetrics: [
            {
              scope: { name: 'tidemark' },
              metrics: metricData(options.current(), options.describe, options.startedAt),
            },
          ],
        },
        errors: [],
      }
    },
  }
  const prometheus = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [producer],
  })
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.name': 'tidemark',
      'service.version': options.version,
      'service.instance.id': options.instanceId,
    }),
    autoDetectResources: false,
    metricReaders: [prometheus],
    // A signal that is left out would go to localhost:4318 by default.
    spanProcessors: [],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  return {
    scrape: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    async [Symbol.asyncDispose]() {
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const timer = AbortSignal.timeout(SHUTDOWN_MS)
      timer.addEventListener('abort', () => resolve(), { once: true })
      await Promise.race([sdk.shutdown().catch(() => undefined), late])
    },
  }
}
