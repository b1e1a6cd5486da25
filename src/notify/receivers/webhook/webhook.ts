// Webhooks: Alertmanager's JSON to any URL, signed as Standard Webhooks and as Grafana do where a secret is given.
import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { ConfigError } from '../../../model/errors.ts'
import { Duration } from '../../../model/fields.ts'
import { SecretText } from '../../../model/secret.ts'
import { SECOND } from '../../../model/units.ts'
import { HttpSettings } from '../http-settings.ts'
import { accepted, postJson, secretOf } from '../post.ts'
import { defineReceiver } from '../receiver.ts'
import { webhookPayload } from './payload.ts'

const Config = z.strictObject({
  url: SecretText.optional(),
  url_file: z.string().optional(),
  http_config: HttpSettings.optional(),
  max_alerts: z.int().min(0).prefault(0),
  timeout: Duration(SECOND).optional(),
  signing_secret: SecretText.optional().describe(
    'Standard Webhooks: `whsec_` and base64; during a rotation two, separated by a space.',
  ),
  hmac: z
    .strictObject({
      secret: SecretText,
      header: z.string().prefault('X-Grafana-Alerting-Signature'),
      timestamp_header: z.string().optional(),
    })
    .optional()
    .describe('HMAC-SHA256 of the body in hexadecimal, as Grafana signs.'),
})

export const webhook = defineReceiver({
  type: 'webhook',
  Config,
  sendResolved: true,
  connect(config, io) {
    if ((config.url === undefined) === (config.url_file === undefined)) {
      throw new ConfigError('webhook_configs: expected exactly one of url and url_file')
    }
    const keys = (config.signing_secret?.reveal() ?? '')
      .split(' ')
      .filter((key) => key !== '')
      .map(keyOf)
    return async (attempt) => {
      const body = webhookPayload(attempt.notification, config.max_alerts)
      const seconds = String(Math.floor(attempt.at / SECOND))
      const headers: Record<string, string> = {
        'webhook-id': attempt.notification.id,
        'webhook-timestamp': seconds,
      }
      if (keys.length > 0) {
        const signed = `${attempt.notification.id}.${seconds}.${body}`
        headers['webhook-signature'] = keys
          .map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
          .join(' ')
      }
      if (config.hmac !== undefined) {
        const stamp = config.hmac.timestamp_header
        if (stamp !== undefined) headers[stamp] = seconds
        const signed = stamp === undefined ? body : `${seconds}:${body}`
        headers[config.hmac.header] = createHmac('sha256', config.hmac.secret.reveal())
          .update(signed)
          .digest('hex')
      }
      const url = secretOf(config.url, config.url_file, io)!
      const answer = await postJson(
        { url, headers, body, timeout: config.timeout },
        config.http_config,
        attempt,
        io,
      )
      return { answer: accepted(answer, attempt.at) }
    }
  },
})

function keyOf(secret: string): Buffer {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (bytes.length < 24 || bytes.length > 64) {
    throw new ConfigError(
      `webhook_configs: signing_secret: expected whsec_ and base64 of 24 to 64 bytes, found ${bytes.length} bytes`,
    )
  }
  return bytes
}
