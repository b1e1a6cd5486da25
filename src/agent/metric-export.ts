// Finished runs as CloudWatch metrics, beside what an OTLP collector is told.
import type { Config } from '../config/config.ts'
import type { OpenCloudWatch } from '../io/cloudwatch.ts'
import type { Log } from '../io/log.ts'
import { createMetricExport, notingMetrics } from '../telemetry/telemetry.ts'
import type { openOutboxes } from './outboxes.ts'

type Outboxes = ReturnType<typeof openOutboxes>

export function withMetricExport(
  outboxes: Outboxes,
  parts: { readonly config: Config; readonly cloudWatch: OpenCloudWatch; readonly log: Log },
): Outboxes {
  const { sources, telemetry } = parts.config
  if (telemetry.cloudwatch === undefined) return outboxes
  const { namespace, pipelines, ...place } = telemetry.cloudwatch
  const reading = sources.filter(({ type }) => type === 'cloudwatch').map(({ name }) => name)
  const config = { namespace, pipelines, except: new Set(reading) }
  const store = notingMetrics(outboxes.store, config)
  const metrics = createMetricExport({ store, cloudWatch: parts.cloudWatch(place), config })
  return {
    store,
    async flush(now, signal) {
      const [{ error }] = await Promise.all([metrics.flush(now, signal), outboxes.flush(now, signal)])
      if (error !== null && !signal.aborted)
        parts.log.warn({ error }, 'runs could not be written to CloudWatch; they are kept')
    },
  }
}
