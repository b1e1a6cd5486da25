// PagerDuty, Events API v2: one incident for each group, opened, updated and resolved by the same dedup_key.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ConfigError } from '../../../model/errors.ts'
import { Duration } from '../../../model/fields.ts'
import { SecretText } from '../../../model/secret.ts'
import { SECOND } from '../../../model/units.ts'
import type { Notification } from '../../../model/notice.ts'
import { HttpSettings } from '../http-settings.ts'
import { accepted, postJson, secretOf } from '../post.ts'
import { defineReceiver } from '../receiver.ts'
import { headlineOf, line, linkOf, severityOf, storyOf, textOf } from '../wording.ts'

const Text = z.string().optional()
const DEFAULT_URL = 'https://events.pagerduty.com/v2/enqueue'
const SUMMARY_LENGTH = 1_024
/** An event may have 512 KiB. */
const ALERTS_LISTED = 100

const Config = z.strictObject({
  routing_key: SecretText.optional(),
  routing_key_file: Text,
  service_key: SecretText.optional(),
  service_key_file: Text,
  url: z.url().optional(),
  client: Text,
  client_url: Text,
  description: Text,
  severity: Text,
  source: Text,
  component: Text,
  group: Text,
  class: Text,
  details: z.record(z.string(), z.string()).prefault({}),
  images: z.array(z.strictObject({ src: z.string(), alt: Text, href: Text })).optional(),
  links: z.array(z.strictObject({ href: z.string(), text: Text })).optional(),
  timeout: Duration(SECOND).optional(),
  http_config: HttpSettings.optional(),
})

export const pagerduty = defineReceiver({
  type: 'pagerduty',
  Config,
  sendResolved: true,
  connect(config, io) {
    if (config.service_key !== undefined || config.service_key_file !== undefined) {
      throw new ConfigError(
        'pagerduty_configs: service_key belongs to the Events API v1, which is not supported; use routing_key (an Events API v2 integration)',
      )
    }
    if ((config.routing_key === undefined) === (config.routing_key_file === undefined)) {
      throw new ConfigError('pagerduty_configs: expected exactly one of routing_key and routing_key_file')
    }
    return async (attempt) => {
      const { notification } = attempt
      const say = (template: string | undefined, fallback: string) =>
        io.wording.expand(template, notification, () => fallback)
      const optional = (name: string, template: string | undefined) =>
        template === undefined ? {} : { [name]: say(template, '') }
      const [first] = notification.alerts
      const body = {
        routing_key: secretOf(config.routing_key, config.routing_key_file, io),
        event_action: notification.status === 'firing' ? 'trigger' : 'resolve',
        dedup_key: dedupKey(notification),
        client: say(config.client, 'Tidemark'),
        ...(linkOf(say(config.client_url, notification.externalUrl)) === null
          ? {}
          : { client_url: linkOf(say(config.client_url, notification.externalUrl)) }),
        payload: {
          summary: line(say(config.description, headlineOf(notification)), SUMMARY_LENGTH),
          source: line(say(config.source, notification.commonLabels['source'] ?? 'tidemark'), 255),
          severity: SEVERITIES[say(config.severity, severityOf(notification)).toLowerCase()] ?? 'error',
          timestamp: new Date(first?.startsAt ?? notification.at).toISOString(),
          ...optional(
            'component',
            config.component ?? notification.commonLabels['table'] ?? notification.commonLabels['pipeline'],
          ),
          ...optional('group', config.group),
          ...optional('class', config.class),
          custom_details: {
            ...detailsOf(notification),
            ...Object.fromEntries(
              Object.entries(config.details).map(([name, value]) => [name, say(value, value)]),
            ),
          },
        },
        links: linksOf(
          notification,
          config.links?.map(({ href, text }) => ({ href: say(href, href), text: say(text, href) })) ?? [],
        ),
        ...(config.images === undefined
          ? {}
          : {
              images: config.images.map(({ src, alt, href }) => ({
                src: say(src, src),
                ...optional('alt', alt),
                ...optional('href', href),
              })),
            }),
      }
      const url = config.url ?? io.global.pagerduty_url ?? DEFAULT_URL
      const answer = await postJson(
        { url, body: JSON.stringify(body), timeout: config.timeout },
        config.http_config,
        attempt,
        io,
      )
      return { answer: accepted(answer, attempt.at) }
    }
  },
})

/** The same for every notification about a group. */
const dedupKey = (notification: Notification): string =>
  createHash('sha256').update(notification.groupKey).digest('hex')

/** PagerDuty knows four. */
const SEVERITIES: Readonly<Record<string, string>> = {
  critical: 'critical',
  page: 'critical',
  error: 'error',
  warning: 'warning',
  info: 'info',
  none: 'info',
}

function detailsOf(notification: Notification): Record<string, unknown> {
  const [first] = notification.alerts
  return {
    reason_for_this_notification: notification.reason,
    num_firing: notification.alerts.filter(({ status }) => status === 'firing').length,
    num_resolved: notification.alerts.filter(({ status }) => status === 'resolved').length,
    ...(first === undefined ? {} : storyOf(first, notification.at)),
    alerts: textOf({ ...notification, alerts: notification.alerts.slice(0, ALERTS_LISTED) }),
    notification_id: notification.id,
  }
}

function linksOf(
  notification: Notification,
  configured: readonly { href: string; text: string }[],
): { href: string; text: string }[] {
  const runbooks = new Set(
    notification.alerts.flatMap(({ annotations }) => linkOf(annotations['runbook_url'] ?? null) ?? []),
  )
  return [...configured, ...[...runbooks].slice(0, 5).map((href) => ({ href, text: 'Runbook' }))]
}
