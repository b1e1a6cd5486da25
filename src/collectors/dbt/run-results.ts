// run_results.json → one run with its models as tasks, its tests as checks.
import { type Json, type JsonObject, arrayOf, numberOf, objectOf, stringOf } from '../../formats/json.ts'
import { datasetName } from '../../model/dataset.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import {
  type CheckReport,
  type CheckResult,
  type RunReport,
  type RunState,
  type TaskReport,
  edgeOf,
  jobId,
} from '../../model/run-facts.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'
import type { Artifact } from '../artifacts.ts'
import { MESSAGE, commandRun } from './command-run.ts'
import { type Manifest, type Naming, nodeJob } from './manifest.ts'
import { dbtTime, uniqueId } from './metadata.ts'

/** Failures named in the error of a run. */
const NAMED = 5

const STATES: Readonly<Record<string, RunState>> = {
  success: 'success',
  pass: 'success',
  warn: 'success',
  reused: 'success',
  'no-op': 'success',
  error: 'error',
  'runtime error': 'error',
  fail: 'failure',
  'partial success': 'failure',
  skipped: 'skipped',
}
const stateOf = (status: string): RunState => (Object.hasOwn(STATES, status) ? STATES[status]! : 'unknown')

const CHECKS: Readonly<Record<string, CheckResult>> = {
  pass: 'pass',
  success: 'pass',
  reused: 'pass',
  warn: 'warn',
  fail: 'fail',
  error: 'error',
  'runtime error': 'error',
  skipped: 'skip',
}

interface Result {
  readonly id: string
  readonly status: string
  readonly startedAt: Known<Timestamp>
  readonly endedAt: Known<Timestamp>
  readonly message: Known<string>
  readonly failures: Known<number>
  readonly rows: Known<number>
}

export function* runFacts(
  artifact: Artifact,
  manifest: Manifest | undefined,
  naming: Naming,
): Generator<Fact> {
  const results = arrayOf(artifact.json['results']).map((result) => resultOf(objectOf(result)))
  const run = reportOf(artifact, results, manifest, naming)
  yield run
  for (const result of results) {
    const { type } = uniqueId(result.id)
    if (type === 'test' || type === 'unit_test') yield checkOf(result, run, manifest, naming)
    else {
      yield taskOf(result, run)
      const node = manifest?.nodes.get(result.id)
      if (node !== undefined) {
        yield edgeOf(naming.source, 'part-of', nodeJob(naming, node), jobOf(run), run.asOf)
      }
    }
  }
}

const jobOf = ({ of }: RunReport): string => jobId(of.namespace, of.name)

function resultOf(raw: JsonObject): Result {
  const timing = arrayOf(raw['timing']).map(objectOf)
  const starts = timing.flatMap((one) => dbtTime(one['started_at']) ?? [])
  const ends = timing.flatMap((one) => dbtTime(one['completed_at']) ?? [])
  return {
    id: stringOf(raw['unique_id']) ?? '',
    status: stringOf(raw['status'])?.toLowerCase() ?? '',
    startedAt: starts.length === 0 ? null : timestamp(Math.min(...starts)),
    endedAt: ends.length === 0 ? null : timestamp(Math.max(...ends)),
    message: stringOf(raw['message'])?.slice(0, MESSAGE) ?? null,
    failures: numberOf(raw['failures']),
    rows: rowsOf(raw['adapter_response']),
  }
}

/** Adapters say -1 or nothing where the warehouse does not count. */
function rowsOf(response: Json | undefined): Known<number> {
  const rows = numberOf(objectOf(response)['rows_affected'])
  return rows !== null && rows >= 0 ? rows : null
}

function reportOf(
  artifact: Artifact,
  results: readonly Result[],
  manifest: Manifest | undefined,
  naming: Naming,
): RunReport {
  const { json } = artifact
  const args = objectOf(json['args'])
  const nodes = results.flatMap((result) => manifest?.nodes.get(result.id) ?? [])
  const run = commandRun(artifact, manifest, naming, {
    command: stringOf(args['which']) ?? stringOf(args['rpc_method']) ?? 'run',
    firstId: results[0]?.id ?? '',
    ...outcomeOf(results),
  })
  return {
    ...run,
    labels: labelsOf(json, args),
    of: {
      ...run.of,
      owners: unique(nodes.flatMap((node) => node.owner ?? [])).slice(0, 10),
      tags: unique(nodes.flatMap((node) => node.tags)).slice(0, 20),
    },
  }
}

/** A node that could not run makes an error of the run, a failed test a failure; a warning neither. */
function outcomeOf(results: readonly Result[]): Pick<RunReport, 'state' | 'error'> {
  const bad = results.filter((result) => ['error', 'failure'].includes(stateOf(result.status)))
  const states = new Set(bad.map((result) => stateOf(result.status)))
  const state = (['error', 'failure'] as const).find((one) => states.has(one)) ?? 'success'
  const named = bad.slice(0, NAMED).map(({ id, message }) => `${id}: ${message ?? 'no message'}`)
  const more = bad.length > NAMED ? [`and ${bad.length - NAMED} more`] : []
  return { state, error: bad.length === 0 ? null : [...named, ...more].join('\n').slice(0, MESSAGE) }
}

function labelsOf(json: JsonObject, args: JsonObject): Record<string, string> {
  const version = stringOf(objectOf(json['metadata'])['dbt_version'])
  const select = arrayOf(args['select']).filter((one) => typeof one === 'string')
  return {
    ...(version === null ? {} : { dbt_version: version }),
    ...(select.length === 0 ? {} : { select: select.join(' ').slice(0, 200) }),
    ...(args['full_refresh'] === true ? { full_refresh: 'true' } : {}),
  }
}

const unique = (list: readonly string[]): string[] => [...new Set(list)].toSorted()

function taskOf(result: Result, run: RunReport): TaskReport {
  const { type, name } = uniqueId(result.id)
  const state = stateOf(result.status)
  return {
    kind: 'task-report',
    id: `${run.id}/${result.id}`,
    source: run.source,
    pipeline: run.pipeline,
    runId: run.runId,
    task: name,
    instance: '',
    attempt: 1,
    told: 'snapshot',
    asOf: run.asOf,
    type,
    state,
    sourceState: result.status,
    queuedAt: null,
    startedAt: result.startedAt,
    endedAt: result.endedAt,
    error: state === 'success' || state === 'skipped' ? null : result.message,
    processed: result.rows,
    failed: null,
    bytes: null,
    of: run.of,
  }
}

function checkOf(
  result: Result,
  run: RunReport,
  manifest: Manifest | undefined,
  naming: Naming,
): CheckReport {
  const test = manifest?.tests.get(result.id)
  const dataset = (test?.of == null ? undefined : manifest?.nodes.get(test.of)?.dataset) ?? unnamed(run)
  return {
    kind: 'check-report',
    id: `${naming.source}/${dataset.id}/${result.id}`,
    source: naming.source,
    datasetId: dataset.id,
    dataset: dataset.name,
    check: test?.name ?? uniqueId(result.id).name,
    type: test?.type ?? 'test',
    column: test?.column ?? null,
    severity: test?.severity ?? 'error',
    result: CHECKS[result.status] ?? 'error',
    at: result.endedAt ?? run.asOf,
    failing: result.failures,
    observed: null,
    expected: test?.expected ?? null,
    message: result.message,
  }
}

/** A test whose manifest is not there: it belongs to the project as a whole. */
const unnamed = (run: RunReport) => datasetName('dbt', run.pipeline.split('.')[0]!)
