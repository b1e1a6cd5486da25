// sources.json (and v2's freshness.json) → a run of the freshness command, and a check per source.
import { type JsonObject, arrayOf, numberOf, objectOf, stringOf } from '../../formats/json.ts'
import { datasetName } from '../../model/dataset.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import type { CheckReport, CheckResult, RunReport } from '../../model/run-facts.ts'
import type { Artifact } from '../artifacts.ts'
import { MESSAGE, commandRun } from './command-run.ts'
import type { Manifest, Naming } from './manifest.ts'
import { dbtTime } from './metadata.ts'

const RESULTS: Readonly<Record<string, CheckResult>> = {
  pass: 'pass',
  warn: 'warn',
  error: 'fail',
  'runtime error': 'error',
}

export function* freshnessFacts(
  artifact: Artifact,
  manifest: Manifest | undefined,
  naming: Naming,
): Generator<Fact> {
  const results = arrayOf(artifact.json['results']).map(objectOf)
  const statuses = new Set(results.map((result) => stringOf(result['status'])))
  const late = results.filter((result) =>
    ['error', 'runtime error'].includes(stringOf(result['status']) ?? ''),
  )
  const run = commandRun(artifact, manifest, naming, {
    command: 'freshness',
    firstId: stringOf(results[0]?.['unique_id']) ?? '',
    state: statuses.has('runtime error') ? 'error' : statuses.has('error') ? 'failure' : 'success',
    error:
      late.length === 0
        ? null
        : `not fresh: ${late.map((one) => stringOf(one['unique_id']) ?? '?').join(', ')}`.slice(0, MESSAGE),
  })
  yield run
  for (const result of results) yield checkOf(result, run, manifest, naming)
}

function checkOf(
  raw: JsonObject,
  run: RunReport,
  manifest: Manifest | undefined,
  naming: Naming,
): CheckReport {
  const id = stringOf(raw['unique_id']) ?? ''
  const status = stringOf(raw['status']) ?? ''
  const dataset = manifest?.nodes.get(id)?.dataset ?? datasetName('dbt', id)
  const result = RESULTS[status] ?? 'error'
  return {
    kind: 'check-report',
    id: `${naming.source}/${dataset.id}/freshness`,
    source: naming.source,
    datasetId: dataset.id,
    dataset: dataset.name,
    check: 'freshness',
    type: 'freshness',
    column: null,
    severity: result === 'warn' ? 'warn' : 'error',
    result,
    at: dbtTime(raw['snapshotted_at']) ?? run.asOf,
    failing: null,
    observed: stringOf(raw['max_loaded_at']),
    expected: promised(objectOf(raw['criteria'])),
    message: stringOf(raw['error'])?.slice(0, MESSAGE) ?? null,
  }
}

/** `warn after 12 hour, error after 1 day`. */
function promised(criteria: JsonObject): Known<string> {
  const parts = (['warn', 'error'] as const).flatMap((level) => {
    const after = objectOf(criteria[`${level}_after`])
    const count = numberOf(after['count'])
    return count === null ? [] : [`${level} after ${count} ${stringOf(after['period']) ?? ''}`]
  })
  return parts.length === 0 ? null : parts.join(', ')
}
