// One OpenLineage event → facts. Lenient: what is there is used, what is odd is kept as unknown, only what has no
// identity is refused. Events of a run may come in any order and more than once (spec 2-0-2, reference run cycle).
import { type Json, type JsonObject, isObject, objectOf, stringOf } from '../../formats/json.ts'
import { SourceError } from '../../model/errors.ts'
import type { Fact } from '../../model/facts.ts'
import { type RunReport, type RunState, edgeOf, isResult, jobId, runKey } from '../../model/run-facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { checksOfRun } from './checks.ts'
import { datasetFacts, datasetsOf, volumeOf } from './datasets.ts'
import { aboutJob, aboutRun, facetsOf } from './facets.ts'
import { facetTime } from './times.ts'

const ID_LIMIT = 300

interface OlJob {
  readonly namespace: string
  readonly name: string
}

export function factsOfEvent(event: unknown, source: string): Fact[] {
  if (!isObject(event as Json)) throw refused('expected a JSON object')
  const { eventTime, run, job, dataset } = event as JsonObject
  const at = timeOf(eventTime)
  if (isObject(run)) return runFacts(event as JsonObject, run, at, source)
  if (isObject(job)) return jobFacts(event as JsonObject, identityOf(job), at, source)
  if (isObject(dataset)) return datasetFacts([dataset], source)
  throw refused('expected run and job, or job, or dataset')
}

const refused = (message: string): SourceError =>
  new SourceError('corrupt', `OpenLineage event: ${message}`, { subject: '/api/v1/lineage' })

function timeOf(value: Json | undefined): Timestamp {
  const at = facetTime(value)
  if (at !== null) return at
  throw refused(
    `expected eventTime as in 2026-11-22T07:00:00Z, found ${JSON.stringify(value)?.slice(0, 100)}`,
  )
}

function identityOf(job: JsonObject): OlJob {
  const namespace = stringOf(job['namespace'])?.slice(0, ID_LIMIT)
  const name = stringOf(job['name'])?.slice(0, ID_LIMIT)
  if (namespace === undefined || !name) throw refused('expected job.namespace and job.name')
  return { namespace, name }
}

const idOf = (run: Json | undefined): string | undefined => {
  const id = stringOf(objectOf(run)['runId'])
  return id === null || id === '' ? undefined : id.slice(0, ID_LIMIT)
}

/** The run that this one is a task of: the root where the event names it, else its parent. */
function containerOf(run: JsonObject): { runId: string; job: OlJob } | undefined {
  const parent = objectOf(facetsOf(run)['parent'])
  for (const candidate of [objectOf(parent['root']), parent]) {
    const runId = idOf(candidate['run'])
    const job = objectOf(candidate['job'])
    if (runId === undefined || runId === idOf(run) || stringOf(job['name']) === null) continue
    return { runId, job: identityOf({ namespace: '', ...job }) }
  }
  return undefined
}

const TYPES: Readonly<Record<string, RunState>> = {
  START: 'running',
  RUNNING: 'running',
  COMPLETE: 'success',
  FAIL: 'failure',
  ABORT: 'cancelled',
  OTHER: 'pending',
}

/** What an event says of its run or task, whichever it is. */
type Told = Pick<
  RunReport,
  | 'asOf'
  | 'told'
  | 'state'
  | 'sourceState'
  | 'startedAt'
  | 'endedAt'
  | 'error'
  | 'processed'
  | 'failed'
  | 'bytes'
>

function runFacts(event: JsonObject, run: JsonObject, at: Timestamp, source: string): Fact[] {
  const runId = idOf(run)
  if (runId === undefined) throw refused('expected run.runId')
  const job = objectOf(event['job'])
  const identity = identityOf(job)
  const type = stringOf(event['eventType'])?.toUpperCase() ?? 'OTHER'
  const state = Object.hasOwn(TYPES, type) ? TYPES[type]! : 'unknown'
  const about = aboutRun(run, job)
  const told: Told = {
    told: 'event',
    asOf: at,
    state,
    sourceState: type.slice(0, 50),
    startedAt: type === 'START' ? at : null,
    endedAt: isResult(state) ? at : null,
    error: about.error,
    ...volumeOf(event),
  }
  const of = { ...identity, ...aboutJob(job, run) }
  const container = containerOf(run)
  const report: Fact =
    container === undefined
      ? {
          kind: 'run-report',
          ...told,
          id: runKey(source, labelOf(identity), runId),
          source,
          pipeline: labelOf(identity),
          runId,
          attempt: null,
          trigger: about.trigger,
          scheduledFor: about.scheduledFor,
          queuedAt: null,
          labels: about.labels,
          url: null,
          parentRun: null,
          of,
        }
      : {
          kind: 'task-report',
          ...told,
          id: `${runKey(source, labelOf(container.job), container.runId)}/${runId}`,
          source,
          pipeline: labelOf(container.job),
          runId: container.runId,
          task: taskName(identity, container.job),
          instance: about.instance ?? runId,
          attempt: about.attempt,
          type: about.operator ?? of.system,
          queuedAt: about.queuedAt,
          of: { ...container.job, system: '', owners: [], tags: [], endless: false },
        }
  const partOf =
    container === undefined ? [] : [edgeOf(source, 'part-of', nodeOf(identity), nodeOf(container.job), at)]
  const checks = isResult(state) ? checksOfRun(event, identity, at, source) : []
  return [report, ...partOf, ...jobFacts(event, identity, at, source), ...checks]
}

/** What the job reads and writes, and the other names of those datasets. */
function jobFacts(event: JsonObject, job: OlJob, at: Timestamp, source: string): Fact[] {
  const { inputs, outputs } = datasetsOf(event)
  return [
    ...inputs.map((dataset) => edgeOf(source, 'reads', dataset.id, nodeOf(job), at)),
    ...outputs.map((dataset) => edgeOf(source, 'writes', nodeOf(job), dataset.id, at)),
    ...datasetFacts(
      [...inputs, ...outputs].map((dataset) => dataset.raw),
      source,
    ),
  ]
}

const nodeOf = ({ namespace, name }: OlJob): string => jobId(namespace, name)
const labelOf = ({ namespace, name }: OlJob): string => (namespace === '' ? name : `${namespace}/${name}`)

/** `daily.load` of the DAG `daily` is its task `load`. */
const taskName = (job: OlJob, container: OlJob): string =>
  job.name.startsWith(`${container.name}.`) ? job.name.slice(container.name.length + 1) : job.name
