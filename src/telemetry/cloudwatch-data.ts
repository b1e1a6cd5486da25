// A finished run as CloudWatch values: the namespace that teams already write for their pipelines, and what makes it exact.
import type { MetricDatum } from '../io/cloudwatch.ts'
import { type Result, type RunFact, RESULTS, isResult } from '../model/run-facts.ts'
import type { Known } from '../model/known.ts'
import { SECOND, type Timestamp } from '../model/units.ts'

/** Where a pipeline's values go. */
export interface MetricPlace {
  readonly namespace: string
  readonly dimensions: Readonly<Record<string, string>>
}

/** CloudWatch's own alphabet of namespaces, and its length. */
const NAMESPACE = /^[\w.\-/#: ]{1,255}$/
/** Dimension values are printable ASCII that does not start with a colon. */
const VALUE = /^(?!:)[\x20-\x7e]{1,1024}$/

/**
 * `DataPipeline/<pipeline>`; where the name has other letters than a namespace may have, `DataPipeline` with the
 * dimension Pipeline; null where CloudWatch cannot spell it at all.
 */
export function placeOf(root: string, pipeline: string): Known<MetricPlace> {
  const own = `${root}/${pipeline}`
  if (NAMESPACE.test(own) && pipeline.trim() === pipeline) return { namespace: own, dimensions: {} }
  return VALUE.test(pipeline) && pipeline.trim() !== ''
    ? { namespace: root, dimensions: { Pipeline: pipeline } }
    : null
}

/** What the run moved and how it ended, at the time of its end; what is unknown is left out. */
export function valuesOf(
  run: RunFact,
  end: Timestamp,
  dimensions: MetricPlace['dimensions'],
): readonly MetricDatum[] {
  const { state, startedAt } = run
  const value = (metric: string, count: Known<number>, unit: MetricDatum['unit']): MetricDatum[] =>
    count === null ? [] : [{ metric, dimensions, at: end, value: count, unit }]
  const succeeded = state === 'success'
  // What neither succeeded nor failed was called off: it counts as neither.
  const failed = state === 'failure' || state === 'error' || state === 'timeout'
  return [
    ...value('RecordsProcessed', run.processed, 'Count'),
    ...value('RecordsFailed', run.failed, 'Count'),
    ...value('DataSizeBytes', run.bytes, 'Bytes'),
    ...value('ExecutionTime', startedAt === null ? null : (end - startedAt) / SECOND, 'Seconds'),
    ...value('PipelineSuccess', succeeded ? 1 : 0, 'Count'),
    ...value('PipelineFailure', failed ? 1 : 0, 'Count'),
    // CloudWatch keeps no time finer than a minute, and two results only: these two say the rest.
    ...value('RunEnd', end / SECOND, 'Seconds'),
    ...(succeeded || state === 'failure' || !isResult(state)
      ? []
      : value('RunResult', codeOf(state), 'None')),
  ]
}

/** A result's place in RESULTS: 0 success, 1 failure, 2 error, 3 timeout, 4 cancelled, 5 skipped. */
const codeOf = (result: Result): number => RESULTS.indexOf(result)
