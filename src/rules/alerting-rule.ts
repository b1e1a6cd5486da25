// One evaluation of an alerting rule: query, texts, one step of every alert (reference: Prometheus's rules/alerting.go).
import type { Alert } from '../model/alert.ts'
import type { Labels, Sample } from '../model/series.ts'
import { type Millis, type Timestamp, DAY, millis, parseDuration, timestamp } from '../model/units.ts'
import { type AlertState, type Sight, step } from './alert-state.ts'
import { type AlertTextData, type External, expandAlertText, generatorUrl } from './alert-text.ts'
import { labelsKey, printSome, withoutName } from './labels.ts'
import type { Judge } from './no-data.ts'
import type { Query } from './query.ts'
import type { AlertingRule, NamedText } from './rule-file.ts'

/** Alerts that one rule may have at once, whatever its group's own limit. */
const ALERTS_MAX = 10_000
/** How long an alert without data is kept before it resolves: a long weekend and the Tuesday after. */
const NO_DATA_KEPT: Millis = millis(4 * DAY)
/** `keep`, `resolve`, or how long to keep: the one extension of the rule format, where Prometheus ignores it. */
export const NO_DATA_ANNOTATION = 'tidemark_no_data'

/** One alert of a rule between evaluations. JSON keeps all of it. */
export interface AlertRecord {
  /** Its identity, `alertname` included. */
  readonly labels: Labels
  readonly annotations: Labels
  /** Labels of the sample it came from, without a name. */
  readonly from: Labels
  readonly value: number | null
  readonly state: AlertState
  /** Inputs that are missing; empty while there is data. */
  readonly lost: readonly string[]
}

export interface Outcome {
  readonly records: readonly AlertRecord[]
  readonly samples: readonly Sample[]
  /** What went wrong though the rule was evaluated; null when nothing did. */
  readonly complaint: string | null
}

export interface Surroundings {
  readonly query: Query
  readonly external: External
  /** Timestamp of the evaluation, and how far behind it the data is asked for. */
  readonly at: Timestamp
  readonly offset: Millis
  readonly limit: number
  /** null: what is not in the result is over, as in Prometheus. */
  readonly judge: Judge | null
}

/** Throws when the rule could not be evaluated; then its alerts stay as they were. */
export async function evaluateAlerting(
  rule: AlertingRule,
  before: readonly AlertRecord[],
  around: Surroundings,
): Promise<Outcome> {
  const { at } = around
  const asked = timestamp(at - around.offset)
  const result = await around.query(rule.expr, asked)
  if (result.length > ALERTS_MAX) {
    throw new Error(`the rule gives ${result.length} alerts, the limit is ${ALERTS_MAX}`)
  }
  const active = new Map<string, Omit<AlertRecord, 'state' | 'lost'>>()
  const twice: Labels[] = []
  for (const sample of result) {
    const text: AlertTextData = { labels: sample.labels, value: sample.value, external: around.external }
    const labels = await alertLabels(rule, text, around)
    const key = labelsKey(labels)
    if (active.has(key)) twice.push(sample.labels)
    else
      active.set(key, {
        labels,
        annotations: await expandAll(rule.annotations, text, around),
        from: withoutName(sample.labels),
        value: sample.value,
      })
  }

  const records = await stepAll(rule, before, active, around)
  const living = records.filter(({ state }) => state.phase !== 'resolved')
  if (around.limit > 0 && living.length > around.limit) {
    return {
      // Those above the limit were never told of.
      records: cleared(before, at),
      samples: [],
      complaint: `exceeded limit of ${around.limit} with ${living.length} alerts`,
    }
  }
  return {
    records,
    samples: living.flatMap(stateSamples),
    complaint: twice.length === 0 ? null : duplicates(twice),
  }
}

const duplicates = (twice: readonly Labels[]): string =>
  'vector contains metrics with the same labelset after applying alert labels; ' +
  `of each the first is kept, left out: ${printSome(twice)}`

async function stepAll(
  rule: AlertingRule,
  before: readonly AlertRecord[],
  active: ReadonlyMap<string, Omit<AlertRecord, 'state' | 'lost'>>,
  around: Surroundings,
): Promise<AlertRecord[]> {
  const { at } = around
  const patience = { hold: rule.hold, keepFiring: rule.keepFiring }
  const records: AlertRecord[] = []
  const known = new Set<string>()
  for (const record of before) {
    const key = labelsKey(record.labels)
    known.add(key)
    const now = active.get(key)
    const { sight, lost } =
      now === undefined ? await judge(rule, record, around) : { sight: 'active' as const, lost: [] }
    const state = step(record.state, sight, at, patience)
    if (state !== undefined) records.push({ ...(now ?? record), state, lost })
  }
  for (const [key, now] of active) {
    const state = known.has(key) ? undefined : step(undefined, 'active', at, patience)
    if (state !== undefined) records.push({ ...now, state, lost: [] })
  }
  return records
}

async function judge(
  rule: AlertingRule,
  record: AlertRecord,
  { judge: judging, at }: Surroundings,
): Promise<{ sight: Sight; lost: readonly string[] }> {
  const { state } = record
  const over = { sight: 'inactive' as const, lost: [] }
  if (judging === null || state.phase === 'resolved' || at - state.knownAt >= keptWithoutData(rule))
    return over
  try {
    const lost = await judging.lostBy({ labels: record.from, knownAt: state.knownAt, lost: record.lost })
    return lost.length === 0 ? over : { sight: 'no data', lost }
  } catch {
    // Whether its input is there cannot be told: the next evaluation asks again.
    return { sight: 'no data', lost: record.lost }
  }
}

/** What the rule says in its annotation; the rule check complains about a text that says nothing. */
export function keptWithoutData(rule: AlertingRule): Millis {
  const text = rule.annotations.find(({ name }) => name === NO_DATA_ANNOTATION)?.text
  if (text === 'resolve') return millis(0)
  return (text === undefined ? undefined : parseDuration(text)) ?? NO_DATA_KEPT
}

async function alertLabels(rule: AlertingRule, data: AlertTextData, around: Surroundings): Promise<Labels> {
  const labels: Record<string, string> = {
    ...withoutName(data.labels),
    ...(await expandAll(rule.labels, data, around)),
    alertname: rule.name,
  }
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}

async function expandAll(
  texts: readonly NamedText[],
  data: AlertTextData,
  { query, at }: Surroundings,
): Promise<Labels> {
  const expanded: Array<[string, string]> = []
  for (const { name, template } of texts)
    expanded.push([name, await expandAlertText(template, data, query, at)])
  return Object.fromEntries(expanded)
}

/** ALERTS says what is pending and firing; ALERTS_FOR_STATE since when (seconds). */
function stateSamples({ labels, state }: AlertRecord): Sample[] {
  if (state.phase === 'resolved') return []
  return [
    { name: 'ALERTS', labels: { ...labels, alertstate: state.phase }, value: 1 },
    { name: 'ALERTS_FOR_STATE', labels, value: Math.floor(state.since / 1000) },
  ]
}

/** Every alert ends: what fired resolves, so that whoever was told hears of it. */
export const cleared = (records: readonly AlertRecord[], at: Timestamp): AlertRecord[] =>
  records.flatMap((record) => {
    const state = step(record.state, 'inactive', at, { hold: millis(0), keepFiring: millis(0) })
    return state === undefined ? [] : [{ ...record, state, lost: [] }]
  })

/** What notifications get: what fires, and what resolved a short while ago. */
export function toAlerts(
  records: readonly AlertRecord[],
  exprText: string,
  at: Timestamp,
  external: External,
): Alert[] {
  const told = records.filter(({ state }) => state.phase !== 'pending')
  if (told.length === 0) return []
  const link = generatorUrl(external.url, exprText)
  return told.flatMap((record) => toAlert(record, at, link) ?? [])
}

function toAlert(
  { labels, annotations, value, state }: AlertRecord,
  at: Timestamp,
  link: string,
): Alert | null {
  if (state.phase === 'pending') return null
  const resolved = state.phase === 'resolved'
  const noData = !resolved && state.blind
  return {
    labels,
    annotations,
    startsAt: state.firedAt,
    endsAt: resolved ? state.resolvedAt : null,
    updatedAt: resolved ? state.resolvedAt : noData ? state.knownAt : at,
    generatorUrl: link,
    value: noData ? null : value,
    noData,
  }
}
