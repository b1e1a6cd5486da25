// Pipelines and runs for tests of advice.
import type { PipelineFact, RunFact } from '../../src/model/run-facts.ts'
import { HOUR, MINUTE, timestamp } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'

export const aPipeline = (change: Partial<PipelineFact> = {}): PipelineFact => ({
  kind: 'pipeline',
  id: 'flows/orders',
  source: 'flows',
  pipeline: 'orders',
  namespace: 'flows',
  name: 'orders',
  system: 'airflow',
  from: 'listing',
  schedule: '0 * * * *',
  nextRun: null,
  paused: false,
  owners: [],
  tags: [],
  endless: false,
  url: null,
  vanished: null,
  ...change,
})

/** The `i`th hourly run before now, ten minutes long. */
export const aRun = (i: number, change: Partial<RunFact> = {}): RunFact => {
  const at = timestamp(NOW - (i + 1) * HOUR)
  return {
    kind: 'run',
    id: `flows/orders/${i}`,
    source: 'flows',
    pipeline: 'orders',
    pipelineId: 'flows/orders',
    runId: String(i),
    at,
    asOf: at,
    state: 'success',
    sourceState: 'success',
    attempt: 1,
    pastAttempts: [],
    trigger: 'schedule',
    scheduledFor: null,
    queuedAt: null,
    startedAt: at,
    endedAt: timestamp(at + 10 * MINUTE),
    error: null,
    labels: {},
    url: null,
    parentRun: null,
    tasks: [],
    tasksOmitted: 0,
    reported: true,
    processed: 100,
    failed: 0,
    bytes: null,
    ...change,
  }
}

export const hourly = (count: number, of: (i: number) => Partial<RunFact>): RunFact[] =>
  Array.from({ length: count }, (_, i) => aRun(i, of(i)))
