// Data-quality facets of a finished run → results of checks.
import { type Json, type JsonObject, arrayOf, booleanOf, objectOf, stringOf } from '../../formats/json.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { type CheckReport, type CheckResult, jobId } from '../../model/run-facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { type EventDataset, datasetsOf } from './datasets.ts'
import { facetsOf } from './facets.ts'

const TEXT = 300
/** Assertions of one event. */
const MOST = 5_000

interface Subject {
  readonly id: string
  readonly name: string
}

export function checksOfRun(
  event: JsonObject,
  job: { readonly namespace: string; readonly name: string },
  at: Timestamp,
  source: string,
): Fact[] {
  const { inputs, outputs } = datasetsOf(event)
  const asserted = [...inputs, ...outputs].flatMap((dataset) =>
    assertionsOf(dataset).map((assertion) => checkOf(assertion, dataset, at, source)),
  )
  // Tests of a run name no dataset: with one input it is that one, else they are the job's.
  const only: Subject =
    inputs.length === 1 ? inputs[0]! : { id: jobId(job.namespace, job.name), name: job.name }
  const tested = arrayOf(objectOf(facetsOf(objectOf(event['run']))['test'])['tests']).map((test) =>
    checkOf(objectOf(test), only, at, source),
  )
  return [...asserted, ...tested].slice(0, MOST).flatMap((check) => check ?? [])
}

const assertionsOf = ({ raw }: EventDataset): JsonObject[] =>
  [facetsOf(raw), facetsOf(raw, 'inputFacets')].flatMap((facets) =>
    arrayOf(objectOf(facets['dataQualityAssertions'])['assertions']).map(objectOf),
  )

function checkOf(told: JsonObject, subject: Subject, at: Timestamp, source: string): CheckReport | undefined {
  const type = text(told['assertion']) ?? text(told['type']) ?? 'test'
  const column = text(told['column'])
  const name = text(told['name']) ?? (column === null ? type : `${type}(${column})`)
  const severity = text(told['severity'])?.toLowerCase() ?? 'error'
  const result = resultOf(booleanOf(told['success']), text(told['status'])?.toLowerCase(), severity)
  if (result === undefined) return undefined
  return {
    kind: 'check-report',
    id: `${source}/${subject.id}/${name}`,
    source,
    datasetId: subject.id,
    dataset: subject.name,
    check: name,
    type,
    column,
    severity,
    result,
    at,
    failing: null,
    observed: text(told['actual']),
    expected: text(told['expected']),
    message: text(told['description']),
  }
}

function resultOf(
  success: Known<boolean>,
  status: string | undefined,
  severity: string,
): CheckResult | undefined {
  if (success === true || status === 'pass') return 'pass'
  if (status === 'skip') return 'skip'
  if (success === false || status === 'fail') return severity === 'warn' ? 'warn' : 'fail'
  return undefined
}

const text = (value: Json | undefined): Known<string> => {
  const found = stringOf(value)?.slice(0, TEXT)
  return found === undefined || found === '' ? null : found
}
