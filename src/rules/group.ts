// A rule group: its slots in time, and the evaluation of its rules one after the other (reference: rules/group.go).
import { createHash } from 'node:crypto'
import type { Alert } from '../model/alert.ts'
import { explainError } from '../model/errors.ts'
import type { Labels, Sample, SeriesWriter } from '../model/series.ts'
import { type Millis, type Timestamp, MINUTE, millis, timestamp } from '../model/units.ts'
import type { Expr } from '../promql/promql.ts'
import { restored } from './alert-state.ts'
import type { External } from './alert-text.ts'
import { type AlertRecord, type Surroundings, cleared, evaluateAlerting, toAlerts } from './alerting-rule.ts'
import { labelsKey } from './labels.ts'
import { type Whereabouts, createJudge, inputsOf } from './no-data.ts'
import type { Query } from './query.ts'
import { evaluateRecording } from './recording-rule.ts'
import { type GroupDefinition, type Rule, writtenLabels } from './rule-file.ts'

export const DEFAULT_INTERVAL: Millis = MINUTE

/** What a group evaluates with. */
export interface GroupPorts {
  readonly query: Query
  /** Takes recorded series, ALERTS and ALERTS_FOR_STATE; a scope is one rule. */
  readonly writer: SeriesWriter
  readonly external: External
  /** For groups that say nothing themselves. */
  readonly defaults: { readonly interval: Millis; readonly queryOffset: Millis }
  /** The expressions behind a name that recording rules write, in any group. */
  readonly recorded: (name: string) => readonly Expr[]
  /** Where the series of these labels went; null: missing series resolve alerts, as in Prometheus. */
  readonly whereabouts: ((labels: Labels) => Whereabouts) | null
  /** A clock that never steps back, for durations in reports and for knowing when to pause. */
  readonly monotonic?: () => number
  /** Lets everything else run, between two rules of an evaluation that takes long. */
  readonly pause?: () => Promise<void>
}

/** Milliseconds that an evaluation takes before it pauses. */
const TURN = 10

/** All that a group remembers between evaluations. JSON keeps it: store it, and hand it back after a restart. */
export interface GroupState {
  readonly group: string
  /** The last slot that was evaluated. */
  readonly at: Timestamp | null
  readonly rules: readonly RuleState[]
}

interface RuleState {
  /** Name, written labels and, among equals, its place: what a rule keeps its alerts under when its file changes. */
  readonly key: string
  readonly exprText: string
  readonly alerts: readonly AlertRecord[]
}

export interface RuleReport {
  readonly rule: Rule
  readonly health: 'ok' | 'err'
  readonly error: string | null
  readonly alerts: readonly AlertRecord[]
  /** Series written. */
  readonly samples: number
  readonly duration: Millis
}

export interface GroupReport {
  readonly at: Timestamp
  /** Slots that passed without an evaluation since the one before. */
  readonly missed: number
  readonly rules: readonly RuleReport[]
  /** Firing now, and resolved in the last 15 minutes; pending ones are in `rules`. */
  readonly alerts: readonly Alert[]
  readonly state: GroupState
  readonly duration: Millis
}

export interface Group {
  readonly definition: GroupDefinition
  readonly interval: Millis
  /** The first slot after `now`. */
  nextSlot(now: Timestamp): Timestamp
  /** Evaluates the slot that `now` is in; null when that was done before, or an evaluation is still under way. */
  evaluate(now: Timestamp): Promise<GroupReport | null>
  /** The group is no more: its series end, and what fired resolves. */
  retire(at: Timestamp): readonly Alert[]
  state(): GroupState
}

/** `file;name`, Prometheus's identity of a group. */
export const groupId = ({ path, name }: GroupDefinition): string => `${path};${name}`

/** The names that recording rules write, for GroupPorts.recorded. */
export function recordedNames(groups: readonly GroupDefinition[]): (name: string) => readonly Expr[] {
  const recording = groups.flatMap(({ rules }) => rules).filter(({ kind }) => kind === 'recording')
  const byName = Map.groupBy(recording, ({ name }) => name)
  return (name) => byName.get(name)?.map(({ expr }) => expr) ?? []
}

/** Spreads groups over their interval, the same way after every restart. */
function slotOffset(id: string, interval: Millis): number {
  const hash = createHash('sha256').update(id).digest()
  return hash.readUIntBE(0, 6) % interval
}

/** Keys of a group's rules, in order. */
function ruleKeys(rules: readonly Rule[]): string[] {
  const counts = new Map<string, number>()
  return rules.map((rule) => {
    const key = `${rule.kind}:${rule.name}:${labelsKey(writtenLabels(rule))}`
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    return `${key}#${count}`
  })
}

/** `stored` is the state of this group, or of the one that it replaces; null for a new one. */
export function createGroup(
  definition: GroupDefinition,
  ports: GroupPorts,
  stored: GroupState | null,
): Group {
  const interval = definition.interval ?? ports.defaults.interval
  const id = groupId(definition)
  const offset = slotOffset(id, interval)
  const slotOf = (now: Timestamp): Timestamp =>
    timestamp(Math.floor((now - offset) / interval) * interval + offset)
  let state: GroupState = stored === null ? { group: id, at: null, rules: [] } : restoredState(stored, id)
  let running = false
  // Slots that passed while the process was down are nobody's fault.
  let first = true

  return {
    definition,
    interval,
    nextSlot: (now) => timestamp(slotOf(now) + interval),
    async evaluate(now) {
      const slot = slotOf(now)
      if (running || (state.at !== null && slot <= state.at)) return null
      running = true
      try {
        const missed =
          first || state.at === null ? 0 : Math.max(0, Math.floor((slot - state.at) / interval) - 1)
        const report = await evaluateGroup(definition, state, slot, ports)
        state = report.state
        first = false
        return { ...report, missed }
      } finally {
        running = false
      }
    },
    retire(at) {
      for (const key of ruleKeys(definition.rules)) ports.writer.append(scopeOf(id, key), [], at)
      const ended = state.rules.map((rule) => ({ ...rule, alerts: cleared(rule.alerts, at) }))
      state = { ...state, at, rules: ended }
      return ended.flatMap((rule) => alertsOf(rule, at, ports.external))
    },
    state: () => state,
  }
}

const scopeOf = (id: string, key: string): string => `rule:${id}:${key}`

/** What was kept over a restart: the time between is one in which nobody looked. */
const restoredState = (state: GroupState, group: string): GroupState => ({
  ...state,
  group,
  rules: state.rules.map((rule) => ({
    ...rule,
    alerts: rule.alerts.map((record) => ({ ...record, state: restored(record.state) })),
  })),
})

const alertsOf = ({ alerts, exprText }: RuleState, at: Timestamp, external: External): Alert[] =>
  toAlerts(alerts, exprText, at, external)

/** Every rule at one timestamp, in file order; a rule that fails keeps its alerts and does not stop the next. */
export async function evaluateGroup(
  definition: GroupDefinition,
  before: GroupState,
  at: Timestamp,
  ports: GroupPorts,
): Promise<GroupReport> {
  const clock = ports.monotonic ?? (() => 0)
  const started = clock()
  const offset = definition.queryOffset ?? ports.defaults.queryOffset
  const id = groupId(definition)
  const known = new Map(before.rules.map((rule) => [rule.key, rule]))
  const reports: RuleReport[] = []
  const states: RuleState[] = []
  let resumed = started
  for (const [i, key] of ruleKeys(definition.rules).entries()) {
    const rule = definition.rules[i]!
    const from = clock()
    const done = await evaluateRule(rule, known.get(key)?.alerts ?? [], { definition, ports, at, offset })
    if (done.samples !== null) ports.writer.append(scopeOf(id, key), done.samples, timestamp(at - offset))
    reports.push({
      rule,
      health: done.error === null ? 'ok' : 'err',
      error: done.error,
      alerts: done.records,
      samples: done.samples?.length ?? 0,
      duration: millis(clock() - from),
    })
    if (rule.kind === 'alerting') states.push({ key, exprText: rule.exprText, alerts: done.records })
    known.delete(key)
    if (ports.pause !== undefined && clock() - resumed >= TURN) {
      await ports.pause()
      resumed = clock()
    }
  }
  const orphans = [...known.values()]
    .map((rule) => ({ ...rule, alerts: cleared(rule.alerts, at) }))
    .filter((rule) => rule.alerts.length > 0)
  const state: GroupState = { group: id, at, rules: [...states, ...orphans] }
  return {
    at,
    missed: 0,
    rules: reports,
    alerts: state.rules.flatMap((rule) => alertsOf(rule, at, ports.external)),
    state,
    duration: millis(clock() - started),
  }
}

interface RuleContext {
  readonly definition: GroupDefinition
  readonly ports: GroupPorts
  readonly at: Timestamp
  readonly offset: Millis
}

interface RuleOutcome {
  readonly records: readonly AlertRecord[]
  /** null: nothing is written, and what was written before does not end. */
  readonly samples: readonly Sample[] | null
  readonly error: string | null
}

async function evaluateRule(
  rule: Rule,
  before: readonly AlertRecord[],
  context: RuleContext,
): Promise<RuleOutcome> {
  const { definition, ports, at, offset } = context
  const around: Surroundings = {
    query: ports.query,
    external: ports.external,
    at,
    offset,
    limit: definition.limit,
    judge:
      rule.kind === 'recording' || ports.whereabouts === null
        ? null
        : createJudge(() => inputsOf(rule.expr, ports.recorded), ports.query, at, offset, ports.whereabouts),
  }
  try {
    if (rule.kind === 'recording') {
      const { samples, complaint } = await evaluateRecording(rule, around)
      return { records: [], samples, error: complaint }
    }
    const { records, samples, complaint } = await evaluateAlerting(rule, before, around)
    return { records, samples, error: complaint }
  } catch (error) {
    return { records: before.map(unjudged), samples: null, error: explainError(error) }
  }
}

/** A rule that could not be evaluated knows no more of its alerts than one without data. */
const unjudged = (record: AlertRecord): AlertRecord => ({ ...record, state: restored(record.state) })
