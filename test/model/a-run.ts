// Reports about runs, tasks and checks for tests: complete ones, of which a test changes what it is about.
import type { CheckReport, RunReport, TaskReport } from '../../src/model/run-facts.ts'
import { runKey } from '../../src/model/run-facts.ts'
import { MINUTE, timestamp } from '../../src/model/units.ts'
import { NOW } from './a-table.ts'

const of = {
  namespace: 'default',
  name: 'daily_orders',
  system: 'airflow',
  owners: [],
  tags: [],
  endless: false,
}
const nothingMoved = { processed: null, failed: null, bytes: null }

export function aReport(change: Partial<RunReport> = {}): RunReport {
  const report: RunReport = {
    kind: 'run-report',
    id: '',
    source: 'flows',
    pipeline: 'daily_orders',
    runId: 'r1',
    told: 'snapshot',
    asOf: NOW,
    attempt: null,
    state: 'success',
    sourceState: change.state ?? 'success',
    trigger: 'schedule',
    scheduledFor: null,
    queuedAt: null,
    startedAt: timestamp(NOW - 10 * MINUTE),
    endedAt: null,
    error: null,
    ...nothingMoved,
    labels: {},
    url: null,
    parentRun: null,
    of,
    ...change,
  }
  return { ...report, id: runKey(report.source, report.pipeline, report.runId) }
}

export function aTaskReport(change: Partial<TaskReport> = {}): TaskReport {
  const report: TaskReport = {
    kind: 'task-report',
    id: '',
    source: 'flows',
    pipeline: 'daily_orders',
    runId: 'r1',
    task: 'load',
    instance: '',
    attempt: 1,
    told: 'snapshot',
    asOf: NOW,
    type: 'PythonOperator',
    state: 'success',
    sourceState: change.state ?? 'success',
    queuedAt: null,
    startedAt: timestamp(NOW - 5 * MINUTE),
    endedAt: NOW,
    error: null,
    ...nothingMoved,
    of,
    ...change,
  }
  return {
    ...report,
    id: `${runKey(report.source, report.pipeline, report.runId)}/${report.task}/${report.instance}`,
  }
}

export function aCheckReport(change: Partial<CheckReport> = {}): CheckReport {
  const report: CheckReport = {
    kind: 'check-report',
    id: '',
    source: 'dbt',
    datasetId: 'postgres://db:5432/shop.public.orders',
    dataset: 'shop.public.orders',
    check: 'not_null_orders_id',
    type: 'not_null',
    column: 'id',
    severity: 'error',
    result: 'pass',
    at: NOW,
    failing: 0,
    observed: null,
    expected: null,
    message: null,
    ...change,
  }
  return { ...report, id: `${report.source}/${report.datasetId}/${report.check}` }
}
