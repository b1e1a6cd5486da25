// What the rules know of an alert, for explanations: its expression, its pending clock, the values behind it.
import { HOUR, MINUTE, type Timestamp, timestamp } from '../model/units.ts'
import type { Labels } from '../model/series.ts'
import type { NotifierParts } from '../notify/notify.ts'
import type { Engine } from '../promql/promql.ts'
import { withoutIncident } from './incidents.ts'
import type { RuleGroup } from './rule-groups.ts'

type Background = NonNullable<NotifierParts['background']>

/** How far back values are shown. */
const LOOK_BACK = HOUR

export const backgroundOf =
  (groups: readonly RuleGroup[], engine: Engine): Background =>
  (told, now) => {
    const labels = withoutIncident(told)
    for (const { report } of groups) {
      for (const { rule, alerts } of report?.rules ?? []) {
        const record = alerts.find((one) => sameLabels(one.labels, labels))
        if (rule.kind !== 'alerting' || record === undefined) continue
        const { state } = record
        return {
          expression: rule.exprText.trim(),
          pendingSince: state.phase === 'pending' ? state.since : null,
          holdFor: rule.hold,
          history: valuesOf(engine, rule.exprText, record.from, now),
        }
      }
    }
    return null
  }

function valuesOf(
  engine: Engine,
  expr: string,
  from: Labels,
  now: Timestamp,
): Array<readonly [Timestamp, number]> {
  const { series } = engine.range(expr, { start: timestamp(now - LOOK_BACK), end: now, step: MINUTE })
  const { __name__: _, ...wanted } = from
  const found = series.find(({ labels: { __name__: _name, ...labels } }) => sameLabels(labels, wanted))
  return found === undefined
    ? []
    : Array.from(found.timestamps, (at, i) => [timestamp(at), found.values[i]!] as const)
}

function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
