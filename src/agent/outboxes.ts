// What the OTLP collector is told beside metrics: finished runs as traces, linked with the runs whose data they read, and
// alerts as log records.
import type { Log } from '../io/log.ts'
import { lineageOf } from '../lineage/lineage.ts'
import { type RunFact, jobId } from '../model/run-facts.ts'
import type { FactReader, Store } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import {
  type Attempt,
  type Outbox,
  type Telemetry,
  alertOutbox,
  notingDue,
  traceOutbox,
} from '../telemetry/telemetry.ts'

/** Upstream pipelines that a trace is linked with, and how far up they are looked for. */
const LINKED = 20
const STEPS = 4

interface Outboxes {
  /** Where runs and alerts are to be recorded: it notes what the collector is still to be told. */
  readonly store: Store
  flush(now: Timestamp, signal: AbortSignal): Promise<void>
}

export function openOutboxes(parts: {
  readonly telemetry: Pick<Telemetry, 'runs' | 'alerts' | 'dropped'>
  readonly store: Store
  readonly log: Log
}): Outboxes {
  const { telemetry, store, log } = parts
  const { runs, alerts } = telemetry
  const refused = (kind: 'trace-due' | 'alert-due', error: string): void => {
    telemetry.dropped(kind, 'refused')
    log.warn({ kind, error }, 'the collector refused a run or an alert; it is not told of this again')
  }
  const all: readonly Outbox[] = [
    ...(runs === null ? [] : [traceOutbox(store, runs, upstreamOf(store), refused)]),
    ...(alerts === null ? [] : [alertOutbox(store, alerts, refused)]),
  ]
  return {
    store: notingDue(store, { traces: runs !== null, alerts: alerts !== null }, (kind) => {
      telemetry.dropped(kind, 'full')
      log.warn({ kind }, 'too much waits for the collector; it is not told of this')
    }),
    async flush(now, signal) {
      for (const outbox of all) {
        const { error } = await outbox.flush(now, signal)
        if (error !== null && !signal.aborted)
          log.warn({ error }, 'the collector was not told of runs or alerts; they are kept')
      }
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
