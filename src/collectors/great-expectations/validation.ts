// One validation result → a check per expectation. Which version wrote it is told by its keys, not by its number.
import { createHash } from 'node:crypto'
import {
  type Json,
  type JsonObject,
  arrayOf,
  isObject,
  numberOf,
  objectOf,
  stringOf,
} from '../../formats/json.ts'
import { SourceError } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'
import type { CheckReport, CheckResult } from '../../model/run-facts.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'
import type { Artifact } from '../artifacts.ts'
import type { CheckNaming } from '../check-files.ts'
import { nameDataset } from '../dataset-names.ts'

const TEXT = 300
const MESSAGE = 2_000

/** A file holds one validation, or a whole checkpoint's. */
export function* checksOf({ json, url }: Artifact, naming: CheckNaming): Generator<CheckReport> {
  const inside = Object.values(objectOf(json['run_results'])).map((run) => {
    const { validation_result } = objectOf(run)
    return isObject(validation_result) ? validation_result : objectOf(run)
  })
  for (const validation of inside.length > 0 ? inside : [json])
    yield* checksOfValidation(validation, url, naming)
}

function* checksOfValidation(
  validation: JsonObject,
  url: string,
  naming: CheckNaming,
): Generator<CheckReport> {
  const meta = objectOf(validation['meta'])
  const at =
    timeOf(objectOf(meta['run_id'])['run_time']) ?? timeOf(meta['validation_time']) ?? timeOf(meta['run_id'])
  if (!Array.isArray(validation['results']) || at === null) {
    throw new SourceError(
      'unsupported',
      `${url}: expected a validation result with results and meta.run_id.run_time; other files do not belong in this folder`,
      { subject: url },
    )
  }
  const suite = stringOf(validation['suite_name']) ?? stringOf(meta['expectation_suite_name']) ?? 'suite'
  const dataset = datasetOfBatch(meta, suite, naming)
  for (const result of arrayOf(validation['results']).map(objectOf)) {
    const config = objectOf(result['expectation_config'])
    const { batch_id: _, column, ...kwargs } = objectOf(config['kwargs'])
    const type = stringOf(config['type']) ?? stringOf(config['expectation_type']) ?? 'expectation'
    const severity = severityOf(
      stringOf(config['severity']) ?? stringOf(objectOf(config['meta'])['severity']),
    )
    const raised = exceptionOf(objectOf(result['exception_info']))
    const identity = createHash('sha256')
      .update(JSON.stringify([suite, config['kwargs'] ?? null]))
      .digest('hex')
    const name = stringOf(column)?.slice(0, TEXT) ?? null
    yield {
      kind: 'check-report',
      id: `${naming.source}/${dataset.id}/${type}/${identity.slice(0, 12)}`,
      source: naming.source,
      datasetId: dataset.id,
      dataset: dataset.name,
      check: name === null ? type : `${type}(${name})`,
      type,
      column: name,
      severity,
      result: resultOf(result['success'] === true, raised !== null, severity),
      at,
      failing: numberOf(objectOf(result['result'])['unexpected_count']),
      observed: observedIn(objectOf(result['result'])),
      expected: Object.keys(kwargs).length === 0 ? null : JSON.stringify(kwargs).slice(0, TEXT),
      message: raised,
    }
  }
}

function datasetOfBatch(meta: JsonObject, suite: string, { datasets, namespace }: CheckNaming) {
  const batch = objectOf(meta['active_batch_definition'])
  const spec = objectOf(meta['batch_spec'] ?? meta['batch_kwargs'])
  const parts = [stringOf(batch['datasource_name']), stringOf(batch['data_asset_name'])]
  const own = parts.filter((part) => part !== null && part !== '').join('.') || suite
  const path = stringOf(spec['path'])
  return nameDataset(datasets, namespace, own, path?.startsWith('/') ? `file:${path}` : path)
}

/** ISO 8601, or the basic form without separators that file names have: `20261122T164211.564802Z`. */
function timeOf(value: Json | undefined): Known<Timestamp> {
  const text = stringOf(value) ?? ''
  const extended = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:$6')
  if (!/^\d{4}-\d\d-\d\dT/.test(extended)) return null
  const ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(extended) ? extended : `${extended}Z`)
  return Number.isFinite(ms) ? timestamp(ms) : null
}

/** The words that other tools use for the same. */
const severityOf = (word: string | null): string =>
  word === 'warning' ? 'warn' : word === 'info' ? 'info' : 'error'

function resultOf(success: boolean, raised: boolean, severity: string): CheckResult {
  if (raised) return 'error'
  if (success) return 'pass'
  return severity === 'error' ? 'fail' : 'warn'
}

/** One exception, or (1.x) one per metric; null when nothing was raised. */
function exceptionOf(info: JsonObject): Known<string> {
  const all = 'raised_exception' in info ? [info] : Object.values(info).map((one) => objectOf(one))
  const raised = all.find((one) => one['raised_exception'] === true)
  return raised === undefined
    ? null
    : (stringOf(raised['exception_message'])?.slice(0, MESSAGE) ?? 'an exception')
}

/** Counts and single values only: samples of rows are data, and stay where they are. */
function observedIn(result: JsonObject): Known<string> {
  const observed = result['observed_value']
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof observed))
    return String(observed as string).slice(0, TEXT)
  const unexpected = numberOf(result['unexpected_count'])
  const elements = numberOf(result['element_count'])
  return unexpected === null || elements === null ? null : `${unexpected} of ${elements} unexpected`
}
