// Alerts: what fires, since when, who was told; muted ones last.
import { type Action, quoted } from '../action.ts'
import { aboutOf, alertState } from '../alert-health.ts'
import { type Alert, alerts, tables } from '../answers.ts'
import type { ListScreen, Look, Ways } from '../screen.ts'
import { badness } from '../state.ts'
import { age } from '../words.ts'

const SILENCE_HOURS = 2
const HOUR_MS = 3_600_000

export const alertsScreen: ListScreen<Alert> = {
  kind: 'list',
  name: 'alerts',
  about: 'what fires now and who was told',
  tab: true,
  title: () => 'Alerts',
  feeds: () => [alerts, tables],
  empty: 'Nothing fires.',
  rows: ({ get }) =>
    get(alerts)?.toSorted(
      (a, b) =>
        Number(a.status.state !== 'active') - Number(b.status.state !== 'active') ||
        badness(alertState(a).state) - badness(alertState(b).state) ||
        b.startsAt - a.startsAt,
    ),
  id: ({ fingerprint }) => fingerprint,
  health: alertState,
  ways: alertWays,
  actions: (alert) => [silenceOf(alert), acknowledgeOf(alert)],
  columns: [
    { name: 'ALERT', rank: 0, max: 32, text: ({ labels }) => labels['alertname'] ?? '' },
    { name: 'ABOUT', rank: 0, max: 48, text: aboutOf },
    {
      name: 'FOR',
      rank: 1,
      align: 'right',
      text: ({ startsAt }, { now }) => age(startsAt, now),
      key: ({ startsAt }) => startsAt,
    },
    { name: 'TOLD', rank: 4, max: 24, text: ({ receivers }) => receivers.map(({ name }) => name).join(' ') },
    { name: 'SOURCE', rank: 5, max: 20, text: ({ labels }) => labels['source'] ?? '' },
    { name: 'SUMMARY', rank: 3, max: 120, text: ({ annotations }) => annotations['summary'] ?? '' },
  ],
}

/** An alert about a table or pipeline leads to it; every alert leads to why somebody was told. */
export function alertWays({ fingerprint, labels }: Alert, { get }: Look): Ways {
  const explain = { screen: 'explain', subject: fingerprint }
  const table = get(tables)?.find((one) => one.table === labels['table'] && one.source === labels['source'])
  if (table === undefined) {
    const { source, pipeline } = labels
    if (source === undefined || pipeline === undefined) return { enter: explain, explain }
    const subject = `${source}/${pipeline}`
    // Lineage and changes know pipelines by name too; a page needs the id.
    return {
      enter: { screen: 'pipeline', subject },
      upstream: { screen: 'upstream', subject: pipeline },
      downstream: { screen: 'downstream', subject: pipeline },
      changes: { screen: 'changes', subject },
      explain,
    }
  }
  const to = (screen: string) => ({ screen, subject: table.id })
  return {
    enter: to('table'),
    upstream: to('upstream'),
    downstream: to('downstream'),
    changes: to('changes'),
    explain,
  }
}

const named = ({ labels }: Alert): string =>
  `${labels['alertname'] ?? 'alert'} of ${aboutOf({ labels }) || 'everything'}`

const silenceOf = (alert: Alert): Action => ({
  name: 'silence',
  what: `Mute ${named(alert)} for ${SILENCE_HOURS} h`,
  needsReason: true,
  request: ({ reason, by, now }) => ({
    method: 'POST',
    path: '/api/v2/silences',
    body: {
      matchers: Object.entries(alert.labels).map(([name, value]) => ({
        name,
        value,
        isRegex: false,
        isEqual: true,
      })),
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + SILENCE_HOURS * HOUR_MS).toISOString(),
      createdBy: by,
      comment: reason,
    },
  }),
  command: ({ reason }) => {
    const matchers = Object.entries(alert.labels).map(([name, value]) =>
      quoted(`${name}=${JSON.stringify(value)}`),
    )
    return `tidemark silence add ${matchers.join(' ')} --for ${SILENCE_HOURS}h --comment ${quoted(reason)}`
  },
})

const acknowledgeOf = (alert: Alert): Action => ({
  name: 'acknowledge',
  what: `Acknowledge ${named(alert)} until it resolves`,
  needsReason: false,
  request: ({ reason, by }) => ({
    method: 'POST',
    path: `/api/tidemark/alerts/${encodeURIComponent(alert.fingerprint)}/acknowledge`,
    body: { createdBy: by, comment: reason },
  }),
  command: () => `tidemark ack ${alert.fingerprint}`,
})
