// Rows of Airflow's API → facts. Both generations' field names; states and types are open lists.
import { type Json, arrayOf, booleanOf, numberOf, objectOf, stringOf } from '../../formats/json.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import {
  type PipelineFact,
  type RunReport,
  type RunState,
  type Trigger,
  edgeOf,
  isResult,
  jobId,
  pipelineKey,
  runKey,
} from '../../model/run-facts.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'
import type { Row } from './airflow-api.ts'

const TEXT = 300

export interface Origin {
  readonly source: string
  readonly namespace: string
  readonly url: string
  readonly now: Timestamp
}

const time = (value: Json | undefined): Known<Timestamp> => {
  const ms = Date.parse(stringOf(value) ?? '')
  return Number.isFinite(ms) ? timestamp(ms) : null
}
const text = (value: Json | undefined): Known<string> => stringOf(value)?.slice(0, TEXT) ?? null

/** Undefined for a DAG whose file is gone. */
export function dagFact(row: Row, { source, namespace, url }: Origin): PipelineFact | undefined {
  const name = text(row['dag_id'])
  if (name === null || row['is_stale'] === true || row['is_active'] === false) return undefined
  const schedule = text(row['timetable_summary']) ?? text(objectOf(row['schedule_interval'])['value'])
  return {
    kind: 'pipeline',
    id: pipelineKey(source, name),
    source,
    pipeline: name,
    namespace,
    name,
    system: 'airflow',
    from: 'listing',
    schedule: schedule === 'None' ? null : schedule,
    nextRun: time(row['next_dagrun_run_after']) ?? time(row['next_dagrun_create_after']),
    paused: booleanOf(row['is_paused']),
    owners: arrayOf(row['owners'])
      .flatMap((owner) => text(owner) ?? [])
      .slice(0, 10),
    tags: arrayOf(row['tags'])
      .flatMap((tag) => text(objectOf(tag)['name']) ?? [])
      .slice(0, 20),
    endless: false,
    url: `${url}/dags/${encodeURIComponent(name)}`,
    vanished: null,
  }
}

const RUN_STATES: Readonly<Record<string, RunState>> = {
  queued: 'pending',
  running: 'running',
  success: 'success',
  failed: 'failure',
}

const TRIGGERS: Readonly<Record<string, Trigger>> = {
  scheduled: 'schedule',
  manual: 'manual',
  backfill: 'backfill',
  asset_triggered: 'event',
  dataset_triggered: 'event',
  asset_materialization: 'manual',
}

const aboutDag = (dag: string, namespace: string): RunReport['of'] => ({
  namespace,
  name: dag,
  system: 'airflow',
  owners: [],
  tags: [],
  endless: false,
})

export function runReport(row: Row, origin: Origin, version: number): RunReport | undefined {
  const dag = text(row['dag_id'])
  const runId = text(row['dag_run_id'])
  if (dag === null || runId === null) return undefined
  const word = text(row['state']) ?? 'none'
  const type = text(row['run_type']) ?? ''
  const page =
    version === 2 ? `grid?dag_run_id=${encodeURIComponent(runId)}` : `runs/${encodeURIComponent(runId)}`
  return {
    ...nothingTold(dag, runId, origin),
    state: Object.hasOwn(RUN_STATES, word) ? RUN_STATES[word]! : 'unknown',
    sourceState: word,
    trigger: Object.hasOwn(TRIGGERS, type) ? TRIGGERS[type]! : null,
    // A run is due at the end of its data interval; 3.x says so itself.
    scheduledFor: time(row['run_after']) ?? time(row['data_interval_end']),
    queuedAt: time(row['queued_at']),
    startedAt: time(row['start_date']),
    endedAt: time(row['end_date']),
    labels: { run_type: type, ...codeOf(row) },
    url: `${origin.url}/dags/${encodeURIComponent(dag)}/${page}`,
  }
}

/** Airflow 3 numbers the versions of a DAG and knows the commit of a Git bundle; a run may have met several. */
function codeOf(row: Row): Record<string, string> {
  const newest = objectOf(arrayOf(row['dag_versions']).at(-1))
  const version = numberOf(newest['version_number'])
  const bundle = text(newest['bundle_version']) ?? text(row['bundle_version'])
  return {
    ...(version === null ? {} : { dag_version: String(version) }),
    ...(bundle === null ? {} : { bundle_version: bundle }),
  }
}

/** A run that was open and that Airflow does not know any more: deleted, its end unknown. */
export const lostRun = (dag: string, runId: string, origin: Origin): RunReport => ({
  ...nothingTold(dag, runId, origin),
  state: 'unknown',
  sourceState: 'lost',
  endedAt: origin.now,
  error: 'the run was deleted before it was over',
})

const nothingTold = (dag: string, runId: string, { source, namespace, now }: Origin): RunReport => ({
  kind: 'run-report',
  id: runKey(source, dag, runId),
  source,
  pipeline: dag,
  runId,
  told: 'snapshot',
  asOf: now,
  // Airflow numbers no attempts of runs: a cleared run is known by its leaving a final state, or by its new start.
  attempt: null,
  state: 'unknown',
  sourceState: '',
  trigger: null,
  scheduledFor: null,
  queuedAt: null,
  startedAt: null,
  endedAt: null,
  error: null,
  processed: null,
  failed: null,
  bytes: null,
  labels: {},
  url: null,
  parentRun: null,
  of: aboutDag(dag, namespace),
})

const TASK_STATES: Readonly<Record<string, RunState>> = {
  none: 'pending',
  scheduled: 'pending',
  queued: 'pending',
  awaiting_input: 'pending',
  running: 'running',
  deferred: 'running',
  sensing: 'running',
  up_for_retry: 'retrying',
  restarting: 'retrying',
  up_for_reschedule: 'paused',
  success: 'success',
  failed: 'failure',
  // Never started: what failed is upstream of it.
  upstream_failed: 'skipped',
  skipped: 'skipped',
}

export function* taskFacts(
  row: Row,
  { source, namespace, now }: Origin,
  error: Known<string>,
): Generator<Fact> {
  const [dag, runId, task] = [text(row['dag_id']), text(row['dag_run_id']), text(row['task_id'])]
  const word = text(row['state']) ?? 'none'
  // A removed task was taken out of the DAG: it will neither run nor fail.
  if (dag === null || runId === null || task === null || word === 'removed') return
  const index = numberOf(row['map_index']) ?? -1
  const instance = index < 0 ? '' : String(index)
  const state = Object.hasOwn(TASK_STATES, word) ? TASK_STATES[word]! : 'unknown'
  const over = isResult(state)
  yield {
    kind: 'task-report',
    id: `${runKey(source, dag, runId)}/${task}/${instance}`,
    source,
    pipeline: dag,
    runId,
    task,
    instance,
    attempt: Math.max(1, numberOf(row['try_number']) ?? 1),
    told: 'snapshot',
    asOf: now,
    type: text(row['operator_name']) ?? text(row['operator']),
    state,
    sourceState: word,
    queuedAt: time(row['queued_when']),
    startedAt: time(row['start_date']),
    endedAt: over ? time(row['end_date']) : null,
    error,
    processed: null,
    failed: null,
    bytes: null,
    of: aboutDag(dag, namespace),
  }
  yield edgeOf(source, 'part-of', jobId(namespace, `${dag}.${task}`), jobId(namespace, dag), now)
}
