// A notification as a Slack message: one attachment, its colour the state, texts that cannot mention or link by themselves.
import type { Notification } from '../../../model/notice.ts'
import { type Wording, escaped, factsOf, headlineOf, line, linkOf, severityOf, storyOf } from '../wording.ts'
import type { Config } from './config.ts'

const ALERTS_SHOWN = 10
const TEXT_LENGTH = 8_000
const TITLE_LENGTH = 250

/** Slack's three control characters; `<!channel>` in a label is text then. */
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export function slackMessage(raw: Notification, config: Config, wording: Wording): Record<string, unknown> {
  const notification = escaped(raw, escape)
  const say = (template: string | undefined, fallback: string) =>
    wording.expand(template, notification, () => fallback)
  const optional = (name: string, template: string | undefined) =>
    template === undefined ? {} : { [name]: say(template, '') }
  const title = line(say(config.title, `${badge(notification)} ${headlineOf(notification)}`), TITLE_LENGTH)
  const link = linkOf(config.title_link === undefined ? firstLink(raw) : say(config.title_link, ''))
  const attachment = {
    color: say(config.color, colour(notification)),
    title,
    ...(link === null ? {} : { title_link: link }),
    text: say(config.text, textOf(notification)).slice(0, TEXT_LENGTH),
    fallback: line(say(config.fallback, title), TITLE_LENGTH),
    ...optional('pretext', config.pretext),
    ...optional('footer', config.footer),
    ...optional('callback_id', config.callback_id),
    ...optional('image_url', config.image_url),
    ...optional('thumb_url', config.thumb_url),
    ...(config.fields === undefined
      ? {}
      : {
          fields: config.fields.map((field) => ({
            title: say(field.title, ''),
            value: say(field.value, ''),
            short: field.short ?? config.short_fields ?? false,
          })),
        }),
    ...(config.actions === undefined ? {} : { actions: config.actions }),
    mrkdwn_in: config.mrkdwn_in ?? ['fallback', 'pretext', 'text'],
  }
  return {
    ...optional('channel', config.channel),
    ...optional('username', config.username),
    ...optional('icon_emoji', config.icon_emoji),
    ...optional('icon_url', config.icon_url),
    ...optional('text', config.message_text),
    ...(config.link_names === undefined ? {} : { link_names: config.link_names }),
    attachments: [attachment],
  }
}

const badge = (notification: Notification): string =>
  notification.status === 'resolved' ? '[RESOLVED]' : `[${severityOf(notification).toUpperCase()}]`

const colour = (notification: Notification): string =>
  notification.status === 'resolved'
    ? 'good'
    : severityOf(notification) === 'info'
      ? '#439FE0'
      : severityOf(notification) === 'warning'
        ? 'warning'
        : 'danger'

const firstLink = (notification: Notification): string | null => {
  const [alert] = notification.alerts
  return alert === undefined ? null : (alert.annotations['runbook_url'] ?? (alert.generatorUrl || null))
}

function textOf(notification: Notification): string {
  const blocks = notification.alerts.slice(0, ALERTS_SHOWN).map((alert) => {
    const story = storyOf(alert, notification.at)
    const facts = factsOf(story).map(([name, value]) => `*${name}:* ${line(value, 500)}`)
    return [
      `*${alert.status === 'firing' ? 'Firing' : 'Resolved'}:* ${line(story.name, 200)} (${line(story.severity, 50)})`,
      ...facts,
    ].join('\n')
  })
  const rest = notification.alerts.length - blocks.length + notification.truncatedAlerts
  return [...blocks, ...(rest > 0 ? [`… and ${rest} more alerts`] : []), `_${notification.reason}_`].join(
    '\n\n',
  )
}
