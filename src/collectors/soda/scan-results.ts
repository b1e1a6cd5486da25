// One Soda scan result → its checks.
import { type Json, type JsonObject, arrayOf, numberOf, objectOf, stringOf } from '../../formats/json.ts'
import { SourceError } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'
import type { CheckReport, CheckResult } from '../../model/run-facts.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'
import type { Artifact } from '../artifacts.ts'
import type { CheckNaming } from '../check-files.ts'
import { nameDataset } from '../dataset-names.ts'

const TEXT = 300

/** A check without an outcome could not be evaluated. */
const OUTCOMES: Readonly<Record<string, CheckResult>> = { pass: 'pass', warn: 'warn', fail: 'fail' }

export function* checksOf({ json, url }: Artifact, naming: CheckNaming): Generator<CheckReport> {
  const at =
    timeOf(json['scanEndTimestamp']) ?? timeOf(json['scanStartTimestamp']) ?? timeOf(json['dataTimestamp'])
  if (!Array.isArray(json['checks']) || at === null) {
    throw new SourceError(
      'unsupported',
      `${url}: expected a Soda scan result with checks and scanEndTimestamp`,
      {
        subject: url,
      },
    )
  }
  const origin = stringOf(json['defaultDataSource'])
  for (const check of arrayOf(json['checks']).map(objectOf)) yield checkOf(check, origin, at, naming)
}

function checkOf(check: JsonObject, origin: Known<string>, at: Timestamp, naming: CheckNaming): CheckReport {
  const table = stringOf(check['table']) ?? 'scan'
  const own = [stringOf(check['dataSource']) ?? origin, table].filter((part) => part !== null).join('.')
  const dataset = nameDataset(naming.datasets, naming.namespace, own, null)
  const name = (stringOf(check['name']) ?? stringOf(check['definition']) ?? 'check').slice(0, TEXT)
  const outcome = stringOf(check['outcome'])
  const value = numberOf(objectOf(check['diagnostics'])['value'])
  return {
    kind: 'check-report',
    id: `${naming.source}/${dataset.id}/${stringOf(check['identity']) ?? name}`.slice(0, 1_000),
    source: naming.source,
    datasetId: dataset.id,
    dataset: dataset.name,
    check: name,
    type: (stringOf(check['type']) ?? 'generic').slice(0, TEXT),
    column: stringOf(check['column']),
    severity: outcome === 'warn' ? 'warn' : 'error',
    result: OUTCOMES[outcome ?? ''] ?? 'error',
    at,
    failing: null,
    observed: value === null ? null : String(value),
    expected: stringOf(check['definition'])?.slice(0, TEXT) ?? null,
    message: null,
  }
}

function timeOf(value: Json | undefined): Known<Timestamp> {
  const text = stringOf(value) ?? ''
  if (!/^\d{4}-\d\d-\d\d[T ]/.test(text)) return null
  const ms = Date.parse((/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`).replace(' ', 'T'))
  return Number.isFinite(ms) ? timestamp(ms) : null
}
