// What messages say: observed, expected, since when, what, where from, why, what next; or the user's own templates.
import type { NotifiedAlert, Notification } from '../../model/notice.ts'
import { type Timestamp, between, readableDuration } from '../../model/units.ts'

/** One alert as a person on call needs it. */
export interface Story {
  readonly name: string
  /** `table gold/orders`, `pipeline daily`, or '' where the alert is about neither. */
  readonly subject: string
  readonly severity: string
  readonly source: string
  readonly observed: string
  readonly expected: string
  readonly since: string
  readonly duration: string
  readonly reason: string
  readonly runbook: string | null
  /** What to do next, most useful first. */
  readonly next: readonly string[]
}

const NOT_STATED = 'not stated by the rule'
const MAX_TEXT = 1_000

export function storyOf(alert: NotifiedAlert, at: Timestamp): Story {
  const { labels, annotations } = alert
  const subjectKind = ['table', 'pipeline', 'task', 'bucket', 'stream'].find(
    (kind) => labels[kind] !== undefined,
  )
  const runbook = annotations['runbook_url'] ?? annotations['runbook'] ?? null
  return {
    name: cut(labels['alertname'] ?? 'alert'),
    subject: subjectKind === undefined ? '' : cut(`${subjectKind} ${labels[subjectKind]}`),
    severity: cut(labels['severity'] ?? (alert.status === 'resolved' ? 'info' : 'warning')),
    source: cut(labels['source'] ?? labels['job'] ?? 'unknown'),
    observed: cut(
      annotations['observed'] ??
        (alert.noData ? 'no data' : alert.value === null ? NOT_STATED : String(alert.value)),
    ),
    expected: cut(annotations['expected'] ?? annotations['threshold'] ?? NOT_STATED),
    since: new Date(alert.startsAt).toISOString(),
    duration: readableDuration(between(alert.startsAt, alert.endsAt ?? at)),
    reason: cut(
      annotations['reason'] ??
        annotations['description'] ??
        annotations['summary'] ??
        annotations['message'] ??
        NOT_STATED,
    ),
    runbook: runbook === null ? null : cut(runbook),
    next: [
      ...(runbook === null ? [] : [`Runbook: ${cut(runbook)}`]),
      ...(annotations['next'] === undefined ? [] : [cut(annotations['next'])]),
      `Run: tidemark explain ${alert.fingerprint}`,
    ],
  }
}

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text)

const MOST_ABOUT = 50

/** The names of its alerts and what they are about, each pair once. */
export function aboutOf(notification: Notification): { readonly name: string; readonly subject: string }[] {
  const stories = notification.alerts.map((alert) => storyOf(alert, notification.at))
  const pairs = new Map(stories.map(({ name, subject }) => [`${name} ${subject}`, { name, subject }]))
  return [...pairs.values()].slice(0, MOST_ABOUT)
}

const SEVERITIES = ['critical', 'page', 'error', 'warning', 'info', 'none']

/** The worst severity among the alerts; unknown words rank before `info`. */
export function severityOf(notification: Notification): string {
  const rank = (severity: string) => {
    const index = SEVERITIES.indexOf(severity.toLowerCase())
    return index === -1 ? 3.5 : index
  }
  const severities = notification.alerts.map(({ labels }) => labels['severity'] ?? 'warning')
  return severities.reduce(
    (worst, next) => (rank(next) < rank(worst) ? next : worst),
    severities[0] ?? 'info',
  )
}

/** `TableLate: table gold/orders for 3 h 12 min`, `TableLate: 4 alerts`, `Resolved: …`. */
export function headlineOf(notification: Notification): string {
  const firing = notification.alerts.filter(({ status }) => status === 'firing')
  const shown = firing.length > 0 ? firing : notification.alerts
  const prefix = notification.status === 'resolved' ? 'Resolved: ' : ''
  const names = [...new Set(shown.map(({ labels }) => labels['alertname'] ?? 'alert'))]
  const name = names.length === 1 ? names[0]! : `${names.length} kinds of alert`
  if (shown.length !== 1)
    return cut(`${prefix}${name}: ${shown.length + notification.truncatedAlerts} alerts`)
  const story = storyOf(shown[0]!, notification.at)
  return cut(
    `${prefix}${name}${story.subject === '' ? '' : `: ${story.subject}`} ${prefix === '' ? 'for' : 'after'} ${story.duration}`,
  )
}

/** The story as `Name: value` pairs, in the order in which it is read. */
export const factsOf = (story: Story): ReadonlyArray<readonly [string, string]> => [
  ...(story.subject === '' ? [] : [['What', story.subject] as const]),
  ['Observed', story.observed],
  ['Expected', story.expected],
  ['Since', `${story.since} (${story.duration})`],
  ['Source', story.source],
  ['Reason', story.reason],
  ['Next', story.next.join(' · ')],
]

const ALERTS_IN_TEXT = 20

/** The whole notification as plain text. */
export function textOf(notification: Notification): string {
  const shown = notification.alerts.slice(0, ALERTS_IN_TEXT)
  const rest = notification.alerts.length - shown.length + notification.truncatedAlerts
  const parts = shown.map((alert) => {
    const story = storyOf(alert, notification.at)
    const facts = factsOf(story).map(([name, value]) => `${`${name}:`.padEnd(10)}${value}`)
    return [
      `${alert.status === 'firing' ? 'FIRING' : 'RESOLVED'} ${story.name} (${story.severity})`,
      ...facts,
    ].join('\n')
  })
  return [
    `${headlineOf(notification)} (${notification.reason})`,
    ...parts,
    ...(rest > 0 ? [`… and ${rest} more alerts`] : []),
  ].join('\n\n')
}

export interface Wording {
  /** Expands the user's template; `fallback` where there is none. A template that fails says so in its place. */
  expand(
    template: string | undefined,
    notification: Notification,
    fallback: (notification: Notification) => string,
  ): string
}

/** The same notification with every text from outside passed through `escape`: what follows can only quote it. */
export function escaped(notification: Notification, escape: (text: string) => string): Notification {
  const all = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, escape(value)]))
  return {
    ...notification,
    groupLabels: all(notification.groupLabels),
    commonLabels: all(notification.commonLabels),
    commonAnnotations: all(notification.commonAnnotations),
    alerts: notification.alerts.map((alert) => ({
      ...alert,
      labels: all(alert.labels),
      annotations: all(alert.annotations),
    })),
  }
}

/** One line without control characters, at most `length` characters. */
export const line = (text: string, length: number): string => {
  const flat = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim()
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat
}

/** An address that may be made a link: http or https and nothing else. */
export function linkOf(text: string | null): string | null {
  const url = text === null ? null : URL.parse(text)
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null
}
