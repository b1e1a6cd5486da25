// Metrics of data-quality checks, by dataset: never by check, of which there may be a hundred thousand.
import type { CheckFact } from '../model/run-facts.ts'
import type { Sample } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import { counter, gauge } from './metric.ts'

const table = ['source', 'table'] as const

export const checkMetrics = {
  results: counter(
    'tidemark_check_results_total',
    'Results of data-quality checks, by type of check, severity and result (pass, warn, fail, error, skip).',
    '',
    [...table, 'check_type', 'severity', 'result'],
  ),
  failing: gauge(
    'tidemark_check_failing',
    'Checks of the table whose newest result is fail, by severity.',
    '',
    [...table, 'severity'],
  ),
  erroring: gauge(
    'tidemark_check_erroring',
    'Checks of the table that could not be evaluated: neither passed nor failed.',
    '',
    table,
  ),
  ratio: gauge(
    'tidemark_check_success_ratio',
    'Share of the newest results that passed, of those that could be evaluated.',
    'ratio',
    table,
  ),
  last: gauge(
    'tidemark_check_last_result_timestamp_seconds',
    'When a check of the table last had a result.',
    'seconds',
    table,
  ),
}

const m = checkMetrics

export function checkSamples(known: FactReader): Sample[] {
  // The lake collector's name of a table, where it is one: quality and freshness of a table carry the same label.
  const label = (id: string, name: string): string => known.facts('table', { id })[0]?.table ?? name
  const counted = known.facts('check-tally').flatMap((tally) => {
    const labels = { source: tally.source, table: label(tally.datasetId, tally.dataset) }
    return Object.entries(tally.counts).flatMap(([key, count]) => {
      const [check_type = '', severity = '', result = ''] = key.split('|')
      return m.results({ ...labels, check_type, severity, result }, count)
    })
  })
  const byTable = Map.groupBy(known.facts('check'), (check) => `${check.source}\n${check.datasetId}`)
  const standing = [...byTable.values()].flatMap((checks) => {
    const { source, datasetId, dataset } = checks[0]!
    return tableSamples(checks, { source, table: label(datasetId, dataset) })
  })
  return [...counted, ...standing]
}

function tableSamples(
  checks: readonly CheckFact[],
  labels: Readonly<Record<(typeof table)[number], string>>,
): Sample[] {
  const having = (...results: readonly string[]) => checks.filter((check) => results.includes(check.result))
  const evaluated = having('pass', 'warn', 'fail').length
  const bySeverity = Map.groupBy(checks, (check) => check.severity)
  return [
    ...[...bySeverity].flatMap(([severity, some]) =>
      m.failing({ ...labels, severity }, some.filter((check) => check.result === 'fail').length),
    ),
    ...m.erroring(labels, having('error').length),
    ...m.ratio(labels, evaluated === 0 ? null : having('pass', 'warn').length / evaluated),
    ...m.last(labels, Math.max(...checks.map((check) => check.at)) / 1_000),
  ]
}
