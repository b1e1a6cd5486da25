// A pushed run → what the ledger takes: a report, and edges for the datasets it names.
import type { Fact } from '../../model/facts.ts'
import { type RunState, edgeOf, isResult, jobId, runKey } from '../../model/run-facts.ts'
import { stateOf } from '../../model/states.ts'
import type { Timestamp } from '../../model/units.ts'
import type { PushedRun } from './pushed-run.ts'

interface Origin {
  readonly source: string
  readonly namespace: string
  readonly now: Timestamp
}

export function factsOf(
  run: PushedRun,
  { source, namespace, now }: Origin,
): { runId: string; facts: Fact[] } {
  const { pipeline } = run
  const runId = run.run_id ?? run.execution_id ?? new Date(run.start!).toISOString()
  const state = statusOf(run)
  const over = isResult(state) || run.end !== undefined
  // Sent again after the end, a start is about the time before it: the ledger sees by this that it is late.
  const asOf = over ? (run.end ?? now) : (run.start ?? now)
  const job = jobId(namespace, pipeline)
  return {
    runId,
    facts: [
      {
        kind: 'run-report',
        id: runKey(source, pipeline, runId),
        source,
        pipeline,
        runId,
        told: 'snapshot',
        asOf,
        attempt: run.attempt ?? null,
        state,
        sourceState: run.status ?? state,
        trigger: run.trigger ?? null,
        scheduledFor: run.scheduled ?? null,
        queuedAt: null,
        startedAt: run.start ?? null,
        endedAt: over ? asOf : null,
        error: run.error ?? null,
        processed: run.records_processed ?? null,
        failed: run.records_failed ?? null,
        bytes: run.bytes ?? null,
        labels: run.labels,
        url: run.url ?? null,
        parentRun: null,
        of: {
          namespace,
          name: pipeline,
          system: 'push',
          owners: run.owner === undefined ? [] : [run.owner],
          tags: run.tags,
          endless: false,
        },
      },
      ...run.inputs.map((dataset) => edgeOf(source, 'reads', dataset.id, job, asOf)),
      ...run.outputs.map((dataset) => edgeOf(source, 'writes', job, dataset.id, asOf)),
    ],
  }
}

/** What it says, or what follows from what else it says. */
function statusOf(run: PushedRun): RunState {
  if (run.status !== undefined) return stateOf(run.status)
  if (run.end === undefined) return 'running'
  return run.error === undefined ? 'success' : 'failure'
}
