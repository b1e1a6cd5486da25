// The facets that we read: about a run, its job, its errors. Others are left alone; a deleted facet is none.
import { type Json, type JsonObject, arrayOf, numberOf, objectOf, stringOf } from '../../formats/json.ts'
import type { Known } from '../../model/known.ts'
import type { RunReport, Trigger } from '../../model/run-facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { facetTime } from './times.ts'

const ERROR_TEXT = 4_000
const NAMES = 20
const NAME_TEXT = 200

/** Facets of a run, job or dataset, without those that are marked as deleted. */
export function facetsOf(holder: JsonObject, key = 'facets'): JsonObject {
  const facets = objectOf(holder[key])
  const deleted = Object.values(facets).some((facet) => objectOf(facet)['_deleted'] === true)
  if (!deleted) return facets
  return Object.fromEntries(
    Object.entries(facets).filter(([, facet]) => objectOf(facet)['_deleted'] !== true),
  )
}

interface AboutRun {
  readonly error: Known<string>
  readonly trigger: Known<Trigger>
  readonly scheduledFor: Known<Timestamp>
  readonly queuedAt: Known<Timestamp>
  readonly labels: Readonly<Record<string, string>>
  /** Where the producer numbers instances and attempts of its tasks (Airflow); null: each run id is an instance. */
  readonly instance: Known<string>
  readonly attempt: number
  readonly operator: Known<string>
}

export function aboutRun(run: JsonObject, job: JsonObject): AboutRun {
  const facets = facetsOf(run)
  const airflow = objectOf(facets['airflow'])
  const instance = objectOf(airflow['taskInstance'])
  const dagRun = objectOf(objectOf(facets['airflowDagRun'])['dagRun'] ?? airflow['dagRun'])
  const nominal = objectOf(facets['nominalTime'])
  const index = numberOf(instance['map_index'])
  // Airflow's nominal time is the data interval, and a run is due at its end.
  const due = stringOf(dagRun['dag_id']) === null ? nominal['nominalStartTime'] : nominal['nominalEndTime']
  return {
    error: stringOf(objectOf(facets['errorMessage'])['message'])?.slice(0, ERROR_TEXT) ?? null,
    trigger: triggerOf(stringOf(dagRun['run_type'])),
    scheduledFor: facetTime(due ?? nominal['nominalStartTime']),
    queuedAt: facetTime(instance['queued_dttm']),
    labels: labelsOf(facets, dagRun, objectOf(facetsOf(job)['sourceCodeLocation'])),
    instance:
      numberOf(instance['try_number']) === null ? null : index !== null && index >= 0 ? String(index) : '',
    attempt: Math.max(1, Math.trunc(numberOf(instance['try_number']) ?? 1)),
    operator: stringOf(objectOf(airflow['task'])['operator_class'])?.slice(0, NAME_TEXT) ?? null,
  }
}

const TRIGGERS: Readonly<Record<string, Trigger>> = {
  scheduled: 'schedule',
  manual: 'manual',
  backfill: 'backfill',
  asset_triggered: 'event',
  dataset_triggered: 'event',
  asset_materialization: 'manual',
}
const triggerOf = (type: string | null): Known<Trigger> => TRIGGERS[type ?? ''] ?? null

/** What helps to find the run elsewhere: the scheduler's own id, the query's id in the warehouse, the engine, the code. */
function labelsOf(facets: JsonObject, dagRun: JsonObject, code: JsonObject): Record<string, string> {
  const query = objectOf(facets['externalQuery'])
  const engine = objectOf(facets['processing_engine'])
  const found: Array<[string, Json | undefined]> = [
    ['airflow_run_id', dagRun['run_id']],
    ['query_id', query['externalQueryId']],
    ['engine', engine['name']],
    ['engine_version', engine['version']],
    ['code_version', code['version'] ?? code['tag']],
  ]
  return Object.fromEntries(
    found.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value.slice(0, NAME_TEXT)]] : [])),
  )
}

export function aboutJob(
  job: JsonObject,
  run: JsonObject,
): Pick<RunReport['of'], 'system' | 'owners' | 'tags' | 'endless'> {
  const facets = facetsOf(job)
  const type = objectOf(facets['jobType'])
  const engine = stringOf(objectOf(facetsOf(run)['processing_engine'])['name'])
  const processing = stringOf(type['processingType'])?.toUpperCase()
  return {
    system: (stringOf(type['integration']) ?? engine ?? 'openlineage').toLowerCase().slice(0, NAME_TEXT),
    owners: names(objectOf(facets['ownership'])['owners'], 'name'),
    tags: names(objectOf(facets['tags'])['tags'], 'key'),
    endless: processing === 'STREAMING' || processing === 'SERVICE',
  }
}

const names = (list: Json | undefined, field: string): string[] =>
  arrayOf(list)
    .slice(0, NAMES)
    .flatMap((one) => stringOf(objectOf(one)[field])?.slice(0, NAME_TEXT) ?? [])
