// Finished runs as traces to the collector that metrics go to, linked with the runs whose data they read.
import type { Config } from '../config/config.ts'
import type { HttpClient } from '../io/http.ts'
import type { Log } from '../io/log.ts'
import { lineageOf } from '../lineage/lineage.ts'
import { type RunFact, jobId } from '../model/run-facts.ts'
import type { FactReader, Store } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import { type Attempt, createRunTraces, notingTraces, sendSpans } from '../telemetry/telemetry.ts'

/** Upstream pipelines that a trace is linked with, and how far up they are looked for. */
const LINKED = 20
const STEPS = 4

interface Traces {
  /** Where runs are to be recorded: it notes those that are due as traces. */
  readonly store: Store
  flush(now: Timestamp, signal: AbortSignal): Promise<void>
}

export function openTraces(parts: {
  readonly otlp: Config['telemetry']['otlp']
  readonly store: Store
  readonly http: HttpClient
  readonly log: Log
  readonly version: string
}): Traces {
  const { otlp, store, log } = parts
  if (otlp?.endpoint === undefined || !otlp.traces) return { store, flush: async () => undefined }
  if (otlp.protocol === 'grpc') {
    log.warn({}, 'runs are sent as traces by HTTP only: give an http/protobuf endpoint to have them')
    return { store, flush: async () => undefined }
  }
  const headers = Object.fromEntries(
    Object.entries(otlp.headers).map(([name, value]) => [name, value.reveal()]),
  )
  const send = sendSpans({ ...parts, url: `${otlp.endpoint.replace(/\/+$/, '')}/v1/traces`, headers })
  const traces = createRunTraces({ store, send, upstream: upstreamOf(store) })
  return {
    store: notingTraces(store, () =>
      log.warn({}, 'too many traces wait for the collector; this run has none'),
    ),
    async flush(now, signal) {
      const { error } = await traces.flush(now, signal)
      if (error !== null) log.warn({ error }, 'traces could not be sent; they are kept')
    },
  }
}

/** The newest run of each pipeline upstream that began before this one did. */
function upstreamOf(known: FactReader): (run: RunFact) => Attempt[] {
  const lineage = lineageOf(known)
  return (run) => {
    const [pipeline] = known.facts('pipeline', { id: run.pipelineId })
    if (pipeline === undefined || run.startedAt === null) return []
    const byJob = new Map(known.facts('pipeline').map((one) => [jobId(one.namespace, one.name), one.id]))
    const start = run.startedAt
    return lineage()
      .upstream(jobId(pipeline.namespace, pipeline.name))
      .filter((step) => step.distance <= STEPS)
      .flatMap((step) => byJob.get(step.node) ?? [])
      .slice(0, LINKED)
      .flatMap((pipelineId) => known.facts('run', { pipelineId, to: start, limit: 1 }))
      .map((one) => ({ run: one.id, attempt: one.attempt }))
  }
}
