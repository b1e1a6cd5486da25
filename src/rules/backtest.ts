// What rules would have done: stored history replayed on a virtual clock. The same input gives the same bytes.
import type { Labels, Matcher, SeriesReader } from '../model/series.ts'
import { type Millis, type Timestamp, millis, plus } from '../model/units.ts'
import {
  type Expr,
  type MemorySeries,
  type QueryOptions,
  createEngine,
  memorySeries,
} from '../promql/promql.ts'
import type { External } from './alert-text.ts'
import { NO_DATA_ANNOTATION } from './alerting-rule.ts'
import { type Backtest, Ledger } from './backtest-report.ts'
import { blockQuery } from './block-query.ts'
import {
  DEFAULT_INTERVAL,
  type GroupPorts,
  type GroupState,
  evaluateGroup,
  groupId,
  recordedNames,
} from './group.ts'
import type { Whereabouts } from './no-data.ts'
import type { GroupDefinition } from './rule-file.ts'
import { nameOf, selectorsOf } from './selectors.ts'

/** Evaluations of one replay: a year of a group a minute, twenty groups. */
const EVALUATIONS_MAX = 10_512_000

export interface BacktestOptions {
  readonly from: Timestamp
  readonly to: Timestamp
  readonly external?: External
  /** For groups that name no interval. */
  readonly interval?: Millis
  readonly lookback?: QueryOptions['lookback']
  readonly whereabouts?: (labels: Labels) => Whereabouts
  /** Called between evaluations, so that a long replay neither blocks nor outlives its caller. */
  readonly pause?: () => Promise<void>
}

export async function backtest(
  definitions: readonly GroupDefinition[],
  history: SeriesReader,
  options: BacktestOptions,
): Promise<Backtest> {
  const { from, to } = options
  const groups = definitions.map(withoutTexts)
  const written = writtenNames(groups)
  const overlay = memorySeries()
  const engine = createEngine(together(history, overlay, written))
  const interval = options.interval ?? DEFAULT_INTERVAL
  const intervals = new Map<Expr, Millis>(
    groups.flatMap((group) => group.rules.map((rule) => [rule.expr, group.interval ?? interval] as const)),
  )
  const independent = (expr: Expr): boolean => {
    const selectors = selectorsOf(expr)
    return selectors.every(
      (selector) =>
        nameOf(selector) !== '' && !written.has(nameOf(selector)) && typeof selector.at !== 'string',
    )
  }
  const query: QueryOptions = options.lookback === undefined ? {} : { lookback: options.lookback }
  const ports: GroupPorts = {
    query: blockQuery(engine, independent, (expr) => intervals.get(expr), to, query),
    writer: overlay,
    external: options.external ?? { labels: {}, url: '' },
    defaults: { interval, queryOffset: millis(0) },
    recorded: recordedNames(groups),
    whereabouts: options.whereabouts ?? (() => 'unknown'),
  }
  const total = groups.reduce(
    (sum, group) => sum + Math.floor((to - from) / (group.interval ?? interval)) + 1,
    0,
  )
  if (total > EVALUATIONS_MAX)
    throw new RangeError(
      `the replay needs ${total} evaluations, the limit is ${EVALUATIONS_MAX}: shorten it, or lengthen the interval`,
    )

  const ledger = new Ledger()
  const states = new Map<GroupDefinition, GroupState>()
  for (const { group, at } of slots(groups, from, to, interval)) {
    const before = states.get(group) ?? { group: groupId(group), at: null, rules: [] }
    const report = await evaluateGroup(group, before, at, ports)
    states.set(group, report.state)
    for (const { rule, alerts, error } of report.rules) ledger.note(group, rule, alerts, error, at)
    await options.pause?.()
  }
  return ledger.close(groups, from, to, total)
}

/** Nobody reads a replay's annotations, and most of its time would go into them. */
const withoutTexts = (group: GroupDefinition): GroupDefinition => ({
  ...group,
  rules: group.rules.map((rule) =>
    rule.kind === 'recording'
      ? rule
      : { ...rule, annotations: rule.annotations.filter(({ name }) => name === NO_DATA_ANNOTATION) },
  ),
})

/** Names that the rules themselves write: history must not speak for them. */
const writtenNames = (groups: readonly GroupDefinition[]): ReadonlySet<string> =>
  new Set([
    'ALERTS',
    'ALERTS_FOR_STATE',
    ...groups.flatMap(({ rules }) =>
      rules.filter(({ kind }) => kind === 'recording').map(({ name }) => name),
    ),
  ])

const together = (
  history: SeriesReader,
  overlay: MemorySeries,
  written: ReadonlySet<string>,
): SeriesReader => ({
  get generation() {
    return history.generation + overlay.generation
  },
  find: (matchers: readonly Matcher[]) => [
    ...history.find(matchers).filter(({ labels }) => !written.has(labels['__name__'] ?? '')),
    ...overlay.find(matchers),
  ],
})

/** Every group at its own pace, in the order of time, and of the files at the same time. */
function* slots(
  groups: readonly GroupDefinition[],
  from: Timestamp,
  to: Timestamp,
  fallback: Millis,
): Generator<{ group: GroupDefinition; at: Timestamp }> {
  const next = groups.map((group) => ({ group, at: from, step: group.interval ?? fallback }))
  for (;;) {
    const first = next.reduce<(typeof next)[number] | undefined>(
      (a, b) => (a === undefined || b.at < a.at ? b : a),
      undefined,
    )
    if (first === undefined || first.at > to) return
    yield { group: first.group, at: first.at }
    first.at = plus(first.at, first.step)
  }
}
