// Opsgenie: an alert for each group under one alias, created, kept up to date and closed.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ConfigError } from '../../../model/errors.ts'
import { Duration } from '../../../model/fields.ts'
import type { Notification } from '../../../model/notice.ts'
import { SecretText } from '../../../model/secret.ts'
import { SECOND } from '../../../model/units.ts'
import { HttpSettings } from '../http-settings.ts'
import { accepted, postJson, secretOf } from '../post.ts'
import { type Attempt, type ReceiverIo, defineReceiver } from '../receiver.ts'
import { headlineOf, line, severityOf, storyOf, textOf } from '../wording.ts'

const Text = z.string().optional()
const DEFAULT_URL = 'https://api.opsgenie.com/'
const MESSAGE_LENGTH = 130
const DESCRIPTION_LENGTH = 15_000
const NOTE_LENGTH = 25_000

const Config = z.strictObject({
  api_key: SecretText.optional(),
  api_key_file: Text,
  api_url: z.url().optional(),
  message: Text,
  description: Text,
  source: Text,
  details: z.record(z.string(), z.string()).prefault({}),
  responders: z
    .array(z.strictObject({ id: Text, name: Text, username: Text, type: z.string() }))
    .prefault([]),
  tags: Text,
  note: Text,
  priority: Text,
  update_alerts: z.boolean().prefault(false),
  entity: Text,
  actions: Text,
  timeout: Duration(SECOND).optional(),
  http_config: HttpSettings.optional(),
})
type Config = z.output<typeof Config>

export const opsgenie = defineReceiver({
  type: 'opsgenie',
  Config,
  sendResolved: true,
  connect(config, io) {
    const key = config.api_key ?? (config.api_key_file === undefined ? io.global.opsgenie_api_key : undefined)
    const file = config.api_key_file ?? io.global.opsgenie_api_key_file
    if (key === undefined && file === undefined)
      throw new ConfigError('opsgenie_configs: expected api_key or api_key_file (or a global one)')
    const base = (config.api_url ?? io.global.opsgenie_api_url ?? DEFAULT_URL).replace(/\/?$/, '/')
    return async (attempt) => {
      const alias = createHash('sha256').update(attempt.notification.groupKey).digest('hex')
      const call = async (method: 'POST' | 'PUT', path: string, body: object) => {
        const headers = { authorization: `GenieKey ${secretOf(key, file, io)!}` }
        const answer = await postJson(
          {
            method,
            url: `${base}v2/alerts${path}`,
            headers,
            body: JSON.stringify(body),
            timeout: config.timeout,
          },
          config.http_config,
          attempt,
          io,
        )
        return accepted(answer, attempt.at)
      }
      const byAlias = `?identifierType=alias`
      const alert = alertOf(attempt, config, io)
      if (attempt.notification.status === 'resolved') {
        return {
          answer: await call('POST', `/${alias}/close${byAlias}`, { source: alert.source, note: alert.note }),
        }
      }
      const answer = await call('POST', '', { alias, ...alert })
      if (config.update_alerts) {
        await call('PUT', `/${alias}/message${byAlias}`, { message: alert.message })
        await call('PUT', `/${alias}/description${byAlias}`, { description: alert.description })
      }
      return { answer }
    }
  },
})

function alertOf({ notification }: Attempt, config: Config, io: ReceiverIo) {
  const say = (template: string | undefined, fallback: string) =>
    io.wording.expand(template, notification, () => fallback)
  const list = (template: string | undefined) =>
    template === undefined
      ? undefined
      : say(template, '')
          .split(',')
          .map((one) => one.trim())
          .filter((one) => one !== '')
  const [first] = notification.alerts
  return {
    message: line(say(config.message, headlineOf(notification)), MESSAGE_LENGTH),
    description: say(config.description, textOf(notification)).slice(0, DESCRIPTION_LENGTH),
    source: line(say(config.source, notification.externalUrl || 'tidemark'), 100),
    details: {
      ...notification.commonLabels,
      ...(first === undefined ? {} : flat(storyOf(first, notification.at))),
      ...Object.fromEntries(Object.entries(config.details).map(([name, value]) => [name, say(value, value)])),
    },
    responders: config.responders.map((responder) =>
      Object.fromEntries(Object.entries(responder).map(([name, value]) => [name, say(value, value ?? '')])),
    ),
    priority: say(config.priority, PRIORITIES[severityOf(notification)] ?? 'P3'),
    note: say(config.note, notification.reason).slice(0, NOTE_LENGTH),
    tags: list(config.tags),
    actions: list(config.actions),
    entity: config.entity === undefined ? entityOf(notification) : say(config.entity, ''),
  }
}

const entityOf = (notification: Notification): string | undefined =>
  notification.commonLabels['table'] ?? notification.commonLabels['pipeline']

const PRIORITIES: Readonly<Record<string, string>> = {
  critical: 'P1',
  page: 'P1',
  error: 'P2',
  warning: 'P3',
  info: 'P5',
  none: 'P5',
}

const flat = (story: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(story).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(' · ') : String(value ?? ''),
    ]),
  )
