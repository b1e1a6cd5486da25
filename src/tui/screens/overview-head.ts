// Above the overview's rows: how many of what are well, incidents, savings, next deadlines, the day.
import { type Timestamp, between, readableDuration, readableUsd } from '../../model/units.ts'
import { aboutOf, alertState } from '../alert-health.ts'
import { type Alert, alerts, history, pipelines, sources, tableDues, tables } from '../answers.ts'
import { sparkline } from '../charts.ts'
import { type Standing, standing } from '../details.ts'
import { type Line, type Span, line, span, widthOf } from '../line.ts'
import { pipelineHealth } from '../run-health.ts'
import type { Look } from '../screen.ts'
import { sourceHealth } from './sources.ts'
import { GLYPH, TONE, type State, badness, worst } from '../state.ts'
import { dueOf, tableHealth } from '../table-health.ts'
import { age, due } from '../words.ts'

const LABEL = 11
/** Named one by one. */
const INCIDENTS = 3
const DEADLINES = 3

/** Commits that changed data, by half hours of the last day. */
const day = history('sum(increase(tidemark_table_data_commits_total[30m]))[24h:30m]')

export const HEAD_FEEDS = [alerts, tables, tableDues, sources, pipelines, standing, day]

export interface Deadline {
  readonly about: string
  readonly at: Timestamp
}

export const headLines = (look: Look, next: readonly Deadline[], width: number): readonly Line[] => [
  ...packed(states(look), width),
  incidents(look),
  savings(look.get(standing)),
  said(
    'Due next',
    next.length === 0
      ? [span('nothing', 'dim')]
      : [
          span(
            next
              .slice(0, DEADLINES)
              .map(({ about, at }) => `${about} ${due(at, look.now)}`)
              .join(', '),
          ),
        ],
  ),
  changes(look.get(day) ?? []),
  line(),
]

const said = (label: string, spans: readonly Span[]): Line => line(span(label.padEnd(LABEL), 'dim'), ...spans)

function states(look: Look): Span[][] {
  const { get, now } = look
  const tableStates = (get(tables) ?? [])
    .filter(({ vanished }) => vanished === null)
    .map((table) => tableHealth(table, dueOf(get, table.source, table.table), now).state)
  const named: ReadonlyArray<readonly [string, readonly State[]]> = [
    ['Tables', tableStates],
    ['Pipelines', (get(pipelines) ?? []).map((one) => pipelineHealth(one, get, now).state)],
    ['Sources', (get(sources) ?? []).map((one) => sourceHealth(one).state)],
  ]
  return named.map(([name, all]) => [span(name, 'dim'), span('  '), ...counts(all)])
}

const GAP = 3
const widthOfAll = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + widthOf(text), 0)

/** As many beside each other as fit. */
function packed(groups: readonly (readonly Span[])[], width: number): Line[] {
  const rows: Span[][] = [[]]
  for (const [name, ...rest] of groups) {
    const first = [span(name!.text.padEnd(LABEL), name!.tone), ...rest.slice(1)]
    const last = rows.at(-1)!
    if (last.length === 0) last.push(...first)
    else if (widthOfAll(last) + GAP + widthOfAll([name!, ...rest]) > width) rows.push(first)
    else last.push(span(' '.repeat(GAP)), name!, ...rest)
  }
  return rows.map((spans) => line(...spans))
}

function counts(all: readonly State[]): Span[] {
  if (all.length === 0) return [span('none', 'dim')]
  const order: readonly State[] = ['bad', 'warn', 'unknown', 'ok']
  return order.flatMap((state, i) => {
    const found = all.filter((one) => one === state).length
    const isFirst = !order.slice(0, i).some((worse) => all.includes(worse))
    return found === 0 ? [] : [span(`${isFirst ? '' : '  '}${GLYPH[state]} ${found} ${state}`, TONE[state])]
  })
}

/** Alerts with one cause are one incident; an alert that carries no incident is one itself. */
function incidents({ get, now }: Look): Line {
  const active = (get(alerts) ?? []).filter(({ status }) => status.state === 'active')
  const groups = [
    ...Map.groupBy(active, ({ labels, fingerprint }) => labels['incident'] ?? fingerprint).values(),
  ]
  if (groups.length === 0) return said('Incidents', [span(`${GLYPH.ok} none`, 'ok')])
  const inOrder = groups
    .map((group) => ({
      group: group.toSorted((a, b) => a.startsAt - b.startsAt),
      state: worst(group.map((alert) => alertState(alert).state)),
    }))
    .toSorted(
      (a, b) =>
        badness(a.state) - badness(b.state) ||
        b.group.length - a.group.length ||
        a.group[0]!.startsAt - b.group[0]!.startsAt,
    )
  const state = worst(inOrder.map((one) => one.state))
  const names = inOrder
    .slice(0, INCIDENTS)
    .map(({ group }) => {
      const more = group.length === 1 ? '' : `, ${group.length} alerts`
      return `${causeOf(group)} (${age(group[0]!.startsAt, now)}${more})`
    })
    .join(', ')
  const omitted = inOrder.length - INCIDENTS
  return said('Incidents', [
    span(`${GLYPH[state]} ${inOrder.length} active  `, TONE[state]),
    span(`${names}${omitted > 0 ? ` and ${omitted} more` : ''}`),
  ])
}

/** The daemon says so where time alone put alerts together. */
const GUESS = / \(a guess.*\)$/

/** What lineage names as the cause, or what the first alert is about. */
function causeOf(group: readonly Alert[]): string {
  const told = group.flatMap(({ annotations }) => annotations['cause'] ?? [])
  const sure = told.find((cause) => !GUESS.test(cause))
  if (sure !== undefined) return sure
  if (told[0] !== undefined) return `perhaps ${told[0].replace(GUESS, '')}`
  return aboutOf(group[0]!) || (group[0]!.labels['alertname'] ?? 'alert')
}

/** One consistent set priced once: single savings are never added. */
function savings(found: Standing | undefined): Line {
  if (found === undefined || found.at === null) return said('Savings', [span('not judged yet', 'dim')])
  const { total, count } = found
  if (total === null || total.set.length === 0) {
    const open = count === 0 ? 'nothing is advised' : `unknown; ${pieces(count)} of advice without a price`
    return said('Savings', [span(open, 'dim')])
  }
  const range = total.savings
  const likely = range === undefined ? '' : `, likely ${readableUsd(range.p10)} to ${readableUsd(range.p90)}`
  const saved = (range?.p50 ?? total.before - total.after) as typeof total.before
  return said('Savings', [
    span(`${readableUsd(saved)} a month`, 'accent'),
    span(`${likely}, of the ${readableUsd(total.before)} it touches`),
    span(`  (${total.set.length} of ${count} open pieces, which fit together)`, 'dim'),
  ])
}

const pieces = (count: number): string => (count === 1 ? '1 piece' : `${count} pieces`)

function changes(commits: readonly number[]): Line {
  const total = Math.round(commits.reduce((sum, value) => sum + value, 0))
  return said('Changes', [
    span(sparkline(commits), 'accent'),
    span(
      commits.length === 0 ? 'no history yet' : `  ${total} commits in the last ${hours(commits.length)}`,
      'dim',
    ),
  ])
}

const hours = (halfHours: number): string =>
  readableDuration(between(0 as Timestamp, (halfHours * 1_800_000) as Timestamp))
