// What a replay found: firings told one by one and counted by rule, as data and as text.
import type { Labels } from '../model/series.ts'
import { type Millis, type Timestamp, DAY, HOUR, millis, readableDuration } from '../model/units.ts'
import type { AlertRecord } from './alerting-rule.ts'
import { labelsKey, printLabels } from './labels.ts'
import type { GroupDefinition, Rule } from './rule-file.ts'

/** An alert that fires again within this long after it ended flaps. */
const FLAP_WINDOW: Millis = HOUR
/** Firings that a report keeps one by one; all are counted. */
const FIRINGS_MAX = 100_000
const WEEK = 7 * DAY

export interface Firing {
  readonly group: string
  readonly alert: string
  readonly labels: Labels
  readonly from: Timestamp
  /** null: still firing at the end. */
  readonly to: Timestamp | null
  /** Fired again within an hour of its last end. */
  readonly flap: boolean
}

export interface RuleResult {
  readonly group: string
  readonly alert: string
  readonly severity: string
  readonly fires: number
  readonly flaps: number
  /** Different label sets that fired. */
  readonly alerts: number
  readonly firingTime: Millis
  readonly longest: Millis
  readonly perWeek: number
  /** Evaluations that failed or complained, and the last message. */
  readonly errors: number
  readonly lastError: string | null
}

export interface Backtest {
  readonly from: Timestamp
  readonly to: Timestamp
  readonly evaluations: number
  /** In the order of the files. */
  readonly rules: readonly RuleResult[]
  readonly firings: readonly Firing[]
  readonly firingsLeftOut: number
}

interface Tally {
  fires: number
  flaps: number
  firingTime: number
  longest: number
  errors: number
  lastError: string | null
  readonly alerts: Set<string>
  /** By labels: since when it fires, or when it last ended. */
  readonly open: Map<string, { readonly labels: Labels; readonly from: Timestamp; readonly flap: boolean }>
  readonly ended: Map<string, Timestamp>
}

/** Turns states seen at each evaluation into firings. */
export class Ledger {
  readonly #tallies = new Map<Rule, Tally>()
  readonly #firings: Firing[] = []
  #leftOut = 0

  note(
    group: GroupDefinition,
    rule: Rule,
    alerts: readonly AlertRecord[],
    error: string | null,
    at: Timestamp,
  ): void {
    let tally = this.#tallies.get(rule)
    if (tally === undefined) {
      tally = {
        fires: 0,
        flaps: 0,
        firingTime: 0,
        longest: 0,
        errors: 0,
        lastError: null,
        alerts: new Set(),
        open: new Map(),
        ended: new Map(),
      }
      this.#tallies.set(rule, tally)
    }
    if (error !== null) {
      tally.errors += 1
      tally.lastError = error
    }
    const firing = new Map(
      alerts
        .filter(({ state }) => state.phase === 'firing')
        .map((record) => [labelsKey(record.labels), record]),
    )
    for (const key of tally.open.keys()) if (!firing.has(key)) this.#end(group, rule, tally, key, at)
    for (const [key, { labels }] of firing) {
      if (tally.open.has(key)) continue
      const ended = tally.ended.get(key)
      const flap = ended !== undefined && at - ended <= FLAP_WINDOW
      tally.open.set(key, { labels, from: at, flap })
      tally.alerts.add(key)
      tally.fires += 1
      if (flap) tally.flaps += 1
    }
  }

  #end(group: GroupDefinition, rule: Rule, tally: Tally, key: string, at: Timestamp, over = true): void {
    const { labels, from, flap } = tally.open.get(key)!
    tally.open.delete(key)
    tally.ended.set(key, at)
    tally.firingTime += at - from
    tally.longest = Math.max(tally.longest, at - from)
    if (this.#firings.length >= FIRINGS_MAX) this.#leftOut += 1
    else this.#firings.push({ group: group.name, alert: rule.name, labels, from, to: over ? at : null, flap })
  }

  close(groups: readonly GroupDefinition[], from: Timestamp, to: Timestamp, evaluations: number): Backtest {
    const weeks = Math.max(to - from, 1) / WEEK
    const rules = groups.flatMap((group) =>
      group.rules.flatMap((rule): RuleResult[] => {
        const tally = this.#tallies.get(rule)
        if (rule.kind === 'recording' || tally === undefined) return []
        for (const key of tally.open.keys()) this.#end(group, rule, tally, key, to, false)
        const { fires, flaps, errors, lastError } = tally
        return [
          {
            group: group.name,
            alert: rule.name,
            severity: rule.labels.find(({ name }) => name === 'severity')?.text ?? '',
            fires,
            flaps,
            alerts: tally.alerts.size,
            firingTime: millis(tally.firingTime),
            longest: millis(tally.longest),
            perWeek: fires / weeks,
            errors,
            lastError,
          },
        ]
      }),
    )
    const firings = this.#firings.toSorted(
      (a, b) =>
        a.from - b.from ||
        compare(a.group, b.group) ||
        compare(a.alert, b.alert) ||
        compare(labelsKey(a.labels), labelsKey(b.labels)),
    )
    return { from, to, evaluations, rules, firings, firingsLeftOut: this.#leftOut }
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What a person reads; `firings` is how many of them are told one by one. */
export function printBacktest({ from, to, rules, firings, firingsLeftOut }: Backtest, shown = 50): string {
  const day = (at: Timestamp): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')
  const rows = [
    ['ALERT', 'SEVERITY', 'FIRED', 'PER WEEK', 'FLAPS', 'ALERTS', 'FIRING', 'LONGEST', 'ERRORS'],
    ...rules.map((rule) => [
      rule.alert,
      rule.severity,
      String(rule.fires),
      rule.perWeek.toFixed(1),
      String(rule.flaps),
      String(rule.alerts),
      readableDuration(rule.firingTime),
      readableDuration(rule.longest),
      String(rule.errors),
    ]),
  ]
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  const table = rows.map((row) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  )
  const perWeek = rules.reduce((sum, rule) => sum + rule.perWeek, 0)
  const errors = rules
    .filter(({ lastError }) => lastError !== null)
    .map((rule) => `${rule.alert}: ${rule.errors} evaluations with errors, the last: ${rule.lastError}`)
  const told = firings.slice(0, shown).map((firing) => {
    const end =
      firing.to === null ? 'still firing' : `for ${readableDuration(millis(firing.to - firing.from))}`
    return `${day(firing.from)}  ${firing.alert}${printLabels(withoutAlertname(firing.labels))} ${end}${firing.flap ? ' (flapping)' : ''}`
  })
  const more = firings.length + firingsLeftOut - told.length
  return [
    `${day(from)} to ${day(to)} UTC: ${perWeek.toFixed(1)} pages a week`,
    '',
    ...table,
    ...(errors.length > 0 ? ['', ...errors] : []),
    ...(told.length > 0 ? ['', ...told] : []),
    ...(more > 0 ? [`… and ${more} more`] : []),
    '',
  ].join('\n')
}

function withoutAlertname(labels: Labels): Labels {
  const { alertname: _, ...rest } = labels
  return rest
}
