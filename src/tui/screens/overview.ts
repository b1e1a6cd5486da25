// Overview: what needs somebody, worst first, and the next deadlines; counts and the day above.
import { type Timestamp, between, readableDuration } from '../../model/units.ts'
import { aboutOf, alertState } from '../alert-health.ts'
import { alertWays } from './alerts.ts'
import { alerts, history, sources, tableDues, tables } from '../answers.ts'
import { sparkline } from '../charts.ts'
import { type Line, type Span, line, span } from '../line.ts'
import type { Health, ListScreen, Look, Ways } from '../screen.ts'
import { sourceHealth } from './sources.ts'
import { GLYPH, TONE, type State, badness } from '../state.ts'
import { dueOf, nextDue, tableHealth } from '../table-health.ts'
import { age, due } from '../words.ts'

interface Item {
  readonly id: string
  readonly health: Health
  readonly what: string
  readonly about: string
  /** Since when it is so, or when it is due. */
  readonly at: Timestamp | null
  readonly isDue: boolean
  readonly says: string
  readonly ways: Ways
}

/** Deadlines that are still to come: the nearest ones. */
const MAX_DEADLINES = 50
const MAX_ITEMS = 1_000

/** Commits that changed data, by half hours of the last day. */
const day = history('sum(increase(tidemark_table_data_commits_total[30m]))[24h:30m]')

export const overviewScreen: ListScreen<Item> = {
  kind: 'list',
  name: 'overview',
  about: 'what needs somebody, worst first, and the next deadlines',
  tab: true,
  title: () => 'Needs somebody, and what is due next',
  feeds: () => [alerts, tables, tableDues, sources, day],
  empty: 'All is well, and nothing is due: no alert fires and every source can be read.',
  rows(look) {
    const { get } = look
    if (get(alerts) === undefined || get(tables) === undefined || get(sources) === undefined) return undefined
    const now = [...alertItems(look), ...tableItems(look), ...sourceItems(look)]
    const order = now.toSorted(
      (a, b) => badness(a.health.state) - badness(b.health.state) || (b.at ?? 0) - (a.at ?? 0),
    )
    return [...order, ...deadlines(look)].slice(0, MAX_ITEMS)
  },
  id: ({ id }) => id,
  copied: ({ about }) => about,
  health: ({ health }) => health,
  ways: ({ ways }) => ways,
  head,
  columns: [
    { name: 'WHAT', rank: 0, max: 28, text: ({ what }) => what },
    { name: 'ABOUT', rank: 0, max: 56, text: ({ about }) => about },
    {
      name: 'WHEN',
      rank: 1,
      align: 'right',
      text: ({ at, isDue }, { now }) => (isDue ? due(at, now) : at === null ? '' : `${age(at, now)} ago`),
      key: ({ at }) => at,
    },
    { name: 'SAYS', rank: 2, max: 120, text: ({ says }) => says },
  ],
}

const activeAlerts = ({ get }: Look) => (get(alerts) ?? []).filter(({ status }) => status.state === 'active')

const alertItems = (look: Look): Item[] =>
  activeAlerts(look).map((alert) => ({
    id: `alert ${alert.fingerprint}`,
    health: alertState(alert),
    what: alert.labels['alertname'] ?? 'alert',
    about: aboutOf(alert),
    at: alert.startsAt,
    isDue: false,
    says: alert.annotations['summary'] ?? '',
    ways: alertWays(alert, look),
  }))

const waysOf = (subject: string): Ways => ({
  enter: { screen: 'table', subject },
  upstream: { screen: 'upstream', subject },
  downstream: { screen: 'downstream', subject },
  changes: { screen: 'changes', subject },
})

/** Tables that are not well and that no alert speaks of: not every rule file has every rule. */
function tableItems(look: Look): Item[] {
  const { get, now } = look
  const told = new Set(activeAlerts(look).map(({ labels }) => `${labels['source']}\n${labels['table']}`))
  return (get(tables) ?? []).flatMap((table) => {
    const deadline = dueOf(get, table.source, table.table)
    const health = tableHealth(table, deadline, now)
    if (health.state === 'ok' || health.word === 'gone' || told.has(`${table.source}\n${table.table}`))
      return []
    return [
      {
        id: `table ${table.id}`,
        health,
        what: health.word === 'late' ? 'table is late' : 'table cannot be read',
        about: table.table,
        at: health.word === 'late' ? nextDue(deadline) : null,
        isDue: health.word === 'late',
        says: table.problem ?? '',
        ways: waysOf(table.id),
      },
    ]
  })
}

/** A source that cannot be read at all; single tables of it speak for themselves. */
const sourceItems = ({ get }: Look): Item[] =>
  (get(sources) ?? [])
    .filter(({ up }) => !up)
    .map((source) => ({
      id: `source ${source.id}`,
      health: sourceHealth(source),
      what: 'source is blind',
      about: source.id,
      at: source.lastSuccess,
      isDue: false,
      says: source.error ?? '',
      ways: { enter: { screen: 'source', subject: source.id } },
    }))

function deadlines({ get, now }: Look): Item[] {
  return (get(tables) ?? [])
    .flatMap((table) => {
      const at = nextDue(dueOf(get, table.source, table.table))
      return at === null || at < now || table.vanished !== null || table.problem !== null
        ? []
        : [{ table, at }]
    })
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MAX_DEADLINES)
    .map(({ table, at }) => ({
      id: `due ${table.id}`,
      health: { state: 'ok', word: 'due' },
      what: 'next deadline',
      about: table.table,
      at,
      isDue: true,
      says: `changed ${age(table.lastChange?.at, now)} ago`,
      ways: waysOf(table.id),
    }))
}

function head(look: Look): readonly Line[] {
  const { get, now } = look
  const tableStates = (get(tables) ?? [])
    .filter(({ vanished }) => vanished === null)
    .map((table) => tableHealth(table, dueOf(get, table.source, table.table), now).state)
  const sourceStates = (get(sources) ?? []).map((source) => sourceHealth(source).state)
  const commits = get(day) ?? []
  const total = Math.round(commits.reduce((sum, value) => sum + value, 0))
  const next = (get(tables) ?? []).length === 0 ? undefined : deadlines(look)[0]
  return [
    line(
      span('Tables   ', 'dim'),
      ...counts(tableStates),
      span('     Sources  ', 'dim'),
      ...counts(sourceStates),
    ),
    line(
      span('Due next ', 'dim'),
      next === undefined ? span('nothing') : span(`${next.about} ${due(next.at, now)}`),
    ),
    line(
      span('Changes  ', 'dim'),
      span(sparkline(commits), 'accent'),
      span(
        commits.length === 0 ? 'no history yet' : `  ${total} commits in the last ${span24(commits.length)}`,
        'dim',
      ),
    ),
    line(),
  ]
}

const span24 = (halfHours: number): string =>
  readableDuration(between(0 as Timestamp, (halfHours * 1_800_000) as Timestamp))

function counts(states: readonly State[]): Span[] {
  if (states.length === 0) return [span('none')]
  const all: readonly State[] = ['bad', 'warn', 'unknown', 'ok']
  return all.flatMap((state) => {
    const found = states.filter((one) => one === state).length
    return found === 0 ? [] : [span(`${GLYPH[state]} ${found} ${state}  `, TONE[state])]
  })
}
