// A notification as an adaptive card; text from outside is escaped, for cards read Markdown.
import type { Notification } from '../../../model/notice.ts'
import { type Wording, escaped, factsOf, headlineOf, line, linkOf, severityOf, storyOf } from '../wording.ts'

/** Teams takes 28 KB. */
const MAX_CARD = 25_000
const ALERTS_SHOWN = 8

const escape = (text: string): string => text.replace(/[\\`*_{}[\]()#+!|~<>-]/g, (mark) => `\\${mark}`)

interface Texts {
  readonly title?: string | undefined
  readonly summary?: string | undefined
  readonly text?: string | undefined
}

export function teamsCard(raw: Notification, texts: Texts, wording: Wording): string {
  const build = (shown: number) => JSON.stringify(cardOf(raw, texts, wording, shown))
  for (let shown = ALERTS_SHOWN; shown > 0; shown = Math.floor(shown / 2)) {
    const card = build(shown)
    if (Buffer.byteLength(card) <= MAX_CARD) return card
  }
  return build(0)
}

function cardOf(raw: Notification, texts: Texts, wording: Wording, shown: number): object {
  const notification = escaped(raw, escape)
  const title = line(
    wording.expand(texts.title, notification, () => `[${badgeOf(notification)}] ${headlineOf(notification)}`),
    500,
  )
  const alerts = notification.alerts.slice(0, shown)
  const rest = notification.alerts.length - alerts.length + notification.truncatedAlerts
  const link = linkOf(raw.alerts[0]?.annotations['runbook_url'] ?? null)
  const body = [
    {
      type: 'TextBlock',
      text: title,
      weight: 'Bolder',
      size: 'Medium',
      wrap: true,
      color: colourOf(notification),
    },
    ...(texts.text === undefined
      ? alerts.flatMap((alert) => {
          const story = storyOf(alert, notification.at)
          return [
            {
              type: 'TextBlock',
              text: `${alert.status === 'firing' ? 'Firing' : 'Resolved'}: ${line(story.name, 200)} (${line(story.severity, 50)})`,
              weight: 'Bolder',
              wrap: true,
            },
            {
              type: 'FactSet',
              facts: factsOf(story).map(([name, value]) => ({ title: name, value: line(value, 500) })),
            },
          ]
        })
      : [{ type: 'TextBlock', text: wording.expand(texts.text, notification, () => ''), wrap: true }]),
    ...(rest > 0 ? [{ type: 'TextBlock', text: `… and ${rest} more alerts`, wrap: true }] : []),
    { type: 'TextBlock', text: notification.reason, isSubtle: true, wrap: true },
  ]
  return {
    type: 'message',
    summary: line(
      wording.expand(texts.summary, notification, () => title),
      500,
    ),
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body,
          ...(link === null ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Runbook', url: link }] }),
        },
      },
    ],
  }
}

const badgeOf = (notification: Notification): string =>
  notification.status === 'resolved' ? 'RESOLVED' : severityOf(notification).toUpperCase()

const colourOf = (notification: Notification): string =>
  notification.status === 'resolved'
    ? 'Good'
    : severityOf(notification) === 'info'
      ? 'Accent'
      : severityOf(notification) === 'warning'
        ? 'Warning'
        : 'Attention'
