// Prefect's flow runs, task runs and deployments → facts. A state is a type and a name; both are open lists.
import { type Json, arrayOf, numberOf, objectOf, stringOf } from '../../formats/json.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import {
  type PipelineFact,
  type RunReport,
  type RunState,
  isResult,
  pipelineKey,
  runKey,
} from '../../model/run-facts.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'
import type { Row } from './prefect-api.ts'

const TEXT = 300
const MESSAGE = 2_000

export interface Origin {
  readonly source: string
  readonly namespace: string
  readonly now: Timestamp
  /** Names by id. */
  readonly flows: ReadonlyMap<string, string>
  readonly deployments: ReadonlyMap<string, string>
}

const time = (value: Json | undefined): Known<Timestamp> => {
  const ms = Date.parse(stringOf(value) ?? '')
  return Number.isFinite(ms) ? timestamp(ms) : null
}
const text = (value: Json | undefined): Known<string> => stringOf(value)?.slice(0, TEXT) ?? null
export const idOf = (row: Row): string => stringOf(row['id']) ?? ''

const TYPES: Readonly<Record<string, RunState>> = {
  SCHEDULED: 'pending',
  PENDING: 'pending',
  RUNNING: 'running',
  CANCELLING: 'running',
  PAUSED: 'paused',
  COMPLETED: 'success',
  FAILED: 'failure',
  CRASHED: 'error',
  CANCELLED: 'cancelled',
}
/** Names that say more than their type. */
const NAMES: Readonly<Record<string, RunState>> = {
  AwaitingRetry: 'retrying',
  AwaitingConcurrencySlot: 'retrying',
  Retrying: 'retrying',
  TimedOut: 'timeout',
}

function stateIn(row: Row): { state: RunState; sourceState: string } {
  const type = text(row['state_type']) ?? 'none'
  const name = text(row['state_name']) ?? type
  const state = Object.hasOwn(NAMES, name)
    ? NAMES[name]!
    : Object.hasOwn(TYPES, type)
      ? TYPES[type]!
      : 'unknown'
  return { state, sourceState: name }
}

/** A deployment is its own pipeline: the same flow on another schedule. */
function pipelineOf(row: Row, { flows, deployments }: Origin): string | undefined {
  const flow = flows.get(stringOf(row['flow_id']) ?? '')
  if (flow === undefined) return undefined
  const deployment = deployments.get(stringOf(row['deployment_id']) ?? '')
  return (deployment === undefined ? flow : `${flow}/${deployment}`).slice(0, TEXT)
}

const tagsOf = (row: Row): string[] =>
  arrayOf(row['tags'])
    .flatMap((tag) => text(tag) ?? [])
    .slice(0, 20)

export function runReport(row: Row, origin: Origin): RunReport | undefined {
  const pipeline = pipelineOf(row, origin)
  const runId = idOf(row)
  if (pipeline === undefined || runId === '') return undefined
  const { state, sourceState } = stateIn(row)
  const message = stringOf(objectOf(row['state'])['message'])?.slice(0, MESSAGE) ?? null
  const scheduled = row['auto_scheduled'] === true
  const name = text(row['name'])
  return {
    kind: 'run-report',
    id: runKey(origin.source, pipeline, runId),
    source: origin.source,
    pipeline,
    runId,
    told: 'snapshot',
    asOf: origin.now,
    // `run_count` counts resumptions too: an attempt begins where a finished run runs again.
    attempt: null,
    state,
    sourceState,
    trigger: scheduled ? 'schedule' : stringOf(row['deployment_id']) === null ? null : 'manual',
    scheduledFor: scheduled ? time(row['expected_start_time']) : null,
    queuedAt: null,
    startedAt: time(row['start_time']),
    endedAt: isResult(state) ? time(row['end_time']) : null,
    error: isResult(state) && state !== 'success' ? message : null,
    processed: null,
    failed: null,
    bytes: null,
    labels: name === null ? {} : { name },
    url: null,
    // A subflow is a run of its own, started by a task of its parent.
    parentRun: stringOf(row['parent_task_run_id']),
    of: {
      namespace: origin.namespace,
      name: pipeline,
      system: 'prefect',
      owners: [],
      tags: tagsOf(row),
      endless: false,
    },
  }
}

export function* taskFacts(
  row: Row,
  run: { readonly pipeline: string },
  { source, namespace, now }: Origin,
): Generator<Fact> {
  const { state, sourceState } = stateIn(row)
  const runId = stringOf(row['flow_run_id']) ?? ''
  // `fine-1a2b3c4d` is the task `fine` and a hash of its source.
  const task = (text(row['task_key']) ?? 'task').replace(/-[0-9a-f]{8,}$/, '')
  const instance = text(row['dynamic_key']) ?? idOf(row)
  yield {
    kind: 'task-report',
    id: `${runKey(source, run.pipeline, runId)}/${task}/${instance}`,
    source,
    pipeline: run.pipeline,
    runId,
    task,
    instance,
    attempt: Math.max(1, numberOf(row['run_count']) ?? 1),
    told: 'snapshot',
    asOf: now,
    type: 'task',
    state,
    sourceState,
    queuedAt: null,
    startedAt: time(row['start_time']),
    endedAt: isResult(state) ? time(row['end_time']) : null,
    error:
      isResult(state) && state !== 'success'
        ? (stringOf(objectOf(row['state'])['message'])?.slice(0, MESSAGE) ?? null)
        : null,
    processed: null,
    failed: null,
    bytes: null,
    of: { namespace, name: run.pipeline, system: 'prefect', owners: [], tags: [], endless: false },
  }
}

export function deploymentFact(
  row: Row,
  nextRun: Known<Timestamp>,
  origin: Origin,
): PipelineFact | undefined {
  const flow = origin.flows.get(stringOf(row['flow_id']) ?? '')
  const deployment = text(row['name'])
  if (flow === undefined || deployment === null) return undefined
  const name = `${flow}/${deployment}`.slice(0, TEXT)
  return {
    kind: 'pipeline',
    id: pipelineKey(origin.source, name),
    source: origin.source,
    pipeline: name,
    namespace: origin.namespace,
    name,
    system: 'prefect',
    from: 'listing',
    schedule: scheduleOf(row),
    nextRun,
    paused: row['paused'] === true,
    owners: [],
    tags: tagsOf(row),
    endless: false,
    url: null,
    vanished: null,
  }
}

function scheduleOf(row: Row): Known<string> {
  const active = arrayOf(row['schedules'])
    .map(objectOf)
    .filter((one) => one['active'] !== false)
  const said = active.flatMap((one) => {
    const schedule = objectOf(one['schedule'])
    const interval = numberOf(schedule['interval'])
    return (
      text(schedule['cron']) ?? text(schedule['rrule']) ?? (interval === null ? [] : `every ${interval} s`)
    )
  })
  return said.length === 0 ? null : said.join(', ').slice(0, TEXT)
}
