// Overview: what needs somebody, worst first, and the next deadlines; counts and the day above.
import type { Timestamp } from '../../model/units.ts'
import { aboutOf, alertState } from '../alert-health.ts'
import { alertWays } from './alerts.ts'
import { alerts, pipelineDues, pipelines, sources, tables } from '../answers.ts'
import { HEAD_FEEDS, headLines } from './overview-head.ts'
import { pipelineDue } from '../run-health.ts'
import type { Health, ListScreen, Look, Ways } from '../screen.ts'
import { sourceHealth } from './sources.ts'
import { badness } from '../state.ts'
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

export const overviewScreen: ListScreen<Item> = {
  kind: 'list',
  name: 'overview',
  about: 'what needs somebody, worst first, and the next deadlines',
  tab: true,
  title: () => 'Needs somebody, and what is due next',
  feeds: () => [...HEAD_FEEDS, pipelineDues],
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
  head: (look, width) => headLines(look, deadlines(look), width),
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

function deadlines(look: Look): Deadline[] {
  return [...tableDeadlines(look), ...pipelineDeadlines(look)]
    .toSorted((a, b) => a.at - b.at)
    .slice(0, MAX_DEADLINES)
}

type Deadline = Item & { readonly at: Timestamp }

const deadline = (id: string, about: string, at: Timestamp, says: string, ways: Ways): Deadline => ({
  id: `due ${id}`,
  health: { state: 'ok', word: 'due' },
  what: 'next deadline',
  about,
  at,
  isDue: true,
  says,
  ways,
})

const tableDeadlines = ({ get, now }: Look): Deadline[] =>
  (get(tables) ?? []).flatMap(({ id, source, table, vanished, problem, lastChange }) => {
    const at = nextDue(dueOf(get, source, table))
    if (at === null || at < now || vanished !== null || problem !== null) return []
    return [deadline(id, table, at, `changed ${age(lastChange?.at, now)} ago`, waysOf(id))]
  })

const pipelineDeadlines = ({ get, now }: Look): Deadline[] =>
  (get(pipelines) ?? []).flatMap((one) => {
    const at = pipelineDue(get, one)
    if (at === null || at < now) return []
    const says = one.lastSuccess === null ? 'no success known' : `succeeded ${age(one.lastSuccess, now)} ago`
    return [
      deadline(one.id, one.pipeline, at, says, {
        enter: { screen: 'pipeline', subject: one.id },
        upstream: { screen: 'upstream', subject: one.job },
        downstream: { screen: 'downstream', subject: one.job },
        changes: { screen: 'changes', subject: one.id },
      }),
    ]
  })
