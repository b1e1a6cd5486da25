// Rule groups and alerts as Prometheus's API tells them.
import type { AlertRecord, GroupReport, Rule, RuleReport } from '../rules/rules.ts'
import { print } from '../promql/promql.ts'
import type { Timestamp } from '../model/units.ts'
import { BadParameter, type Params, many, one } from './prometheus-params.ts'
import { sampleText } from './prometheus-answers.ts'

export interface RunningGroup {
  readonly name: string
  readonly file: string
  readonly intervalSeconds: number
  readonly limit: number
  readonly rules: readonly Rule[]
  readonly report: GroupReport | null
}

const iso = (at: Timestamp): string => new Date(at).toISOString()
const NEVER = '0001-01-01T00:00:00Z'

/** Pending and firing alerts of one rule. */
function activeAlerts(report: RuleReport | undefined) {
  return (report?.alerts ?? []).flatMap(({ labels, annotations, value, state }: AlertRecord) => {
    if (state.phase === 'resolved') return []
    const kept = state.phase === 'firing' ? state.keptSince : null
    return [
      {
        labels,
        annotations,
        state: state.phase,
        activeAt: iso(state.since),
        ...(kept === null ? {} : { keepFiringSince: iso(kept) }),
        value: value === null ? 'NaN' : exponent(value),
        ...(state.blind ? { noData: true } : {}),
      },
    ]
  })
}

/** As Go's FormatFloat(value, 'e', -1, 64). */
function exponent(value: number): string {
  if (!Number.isFinite(value)) return sampleText(value)
  const [mantissa, power] = value.toExponential().split('e') as [string, string]
  return `${mantissa}e${power[0]}${power.slice(1).padStart(2, '0')}`
}

export const alertsAnswer = (groups: readonly RunningGroup[]) => ({
  alerts: groups.flatMap(({ report }) => (report?.rules ?? []).flatMap(activeAlerts)),
})

export function rulesAnswer(groups: readonly RunningGroup[], params: Params) {
  const type = one(params, 'type') ?? ''
  if (!['', 'alert', 'record'].includes(type))
    throw new BadParameter(`not supported value "${type}" for "type"`)
  const wanted = (rule: Rule): boolean =>
    (type === '' || (type === 'alert') === (rule.kind === 'alerting')) &&
    isAmong(params, 'rule_name', rule.name)
  const withAlerts = one(params, 'exclude_alerts') !== 'true'
  return {
    groups: groups
      .filter(({ name, file }) => isAmong(params, 'rule_group', name) && isAmong(params, 'file', file))
      .map((group) => ({
        name: group.name,
        file: group.file,
        interval: group.intervalSeconds,
        limit: group.limit,
        evaluationTime: (group.report?.duration ?? 0) / 1000,
        lastEvaluation: group.report === null ? NEVER : iso(group.report.at),
        rules: group.rules.flatMap((rule, i) =>
          wanted(rule) ? [ruleAnswer(rule, group.report?.rules[i], group.report, withAlerts)] : [],
        ),
      }))
      .filter(({ rules }) => rules.length > 0),
  }
}

function isAmong(params: Params, name: string, value: string): boolean {
  const asked = many(params, name)
  return asked.length === 0 || asked.includes(value)
}

function ruleAnswer(
  rule: Rule,
  report: RuleReport | undefined,
  group: GroupReport | null,
  withAlerts: boolean,
) {
  const common = {
    name: rule.name,
    query: print(rule.expr),
    labels: Object.fromEntries(rule.labels.map(({ name, text }) => [name, text])),
    health: report === undefined ? 'unknown' : report.health,
    ...(report?.error ? { lastError: report.error } : {}),
    evaluationTime: (report?.duration ?? 0) / 1000,
    lastEvaluation: group === null ? NEVER : iso(group.at),
  }
  if (rule.kind === 'recording') return { ...common, type: 'recording' }
  const alerts = activeAlerts(report)
  const states = new Set(alerts.map(({ state }) => state))
  return {
    ...common,
    type: 'alerting',
    state: states.has('firing') ? 'firing' : states.has('pending') ? 'pending' : 'inactive',
    duration: rule.hold / 1000,
    keepFiringFor: rule.keepFiring / 1000,
    annotations: Object.fromEntries(rule.annotations.map(({ name, text }) => [name, text])),
    alerts: withAlerts ? alerts : [],
  }
}
