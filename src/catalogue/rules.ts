// Metrics of rule evaluation, a group each.
import type { Sample } from '../model/series.ts'
import { counter, gauge } from './metric.ts'

const group = ['group'] as const

export const ruleMetrics = {
  evaluations: counter('tidemark_rule_evaluations_total', 'Rules evaluated since start.', '', group),
  failures: counter(
    'tidemark_rule_evaluation_failures_total',
    'Rules that could not be evaluated since start.',
    '',
    group,
  ),
  missed: counter(
    'tidemark_rule_group_iterations_missed_total',
    'Slots of a group that passed without an evaluation.',
    '',
    group,
  ),
  duration: gauge(
    'tidemark_rule_group_last_duration_seconds',
    'How long the last evaluation of the group took.',
    'seconds',
    group,
  ),
  lastEvaluation: gauge(
    'tidemark_rule_group_last_evaluation_timestamp_seconds',
    'The last slot that was evaluated.',
    'seconds',
    group,
  ),
}

export interface GroupFigures {
  readonly name: string
  readonly evaluations: number
  readonly failures: number
  readonly missed: number
  readonly lastSeconds: number | null
  /** Epoch milliseconds. */
  readonly lastAt: number | null
}

export function ruleSamples(groups: readonly GroupFigures[]): Sample[] {
  const m = ruleMetrics
  return groups.flatMap(({ name, evaluations, failures, missed, lastSeconds, lastAt }) => {
    const labels = { group: name }
    return [
      ...m.evaluations(labels, evaluations),
      ...m.failures(labels, failures),
      ...m.missed(labels, missed),
      ...m.duration(labels, lastSeconds),
      ...m.lastEvaluation(labels, lastAt === null ? null : lastAt / 1000),
    ]
  })
}
