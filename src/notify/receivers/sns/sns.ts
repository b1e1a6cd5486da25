// Amazon SNS: subject `[SEVERITY] title`, a JSON message, and attributes that subscriptions can filter by.
import http from 'node:http'
import https from 'node:https'
import { PublishCommand, SNSClient, SNSServiceException } from '@aws-sdk/client-sns'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { z } from 'zod'
import { guardedLookup, refuseLiteral } from '../../../io/egress.ts'
import { ConfigError } from '../../../model/errors.ts'
import { SecretText } from '../../../model/secret.ts'
import { SECOND } from '../../../model/units.ts'
import { HttpSettings } from '../http-settings.ts'
import { type ReceiverIo, SendError, defineReceiver } from '../receiver.ts'
import { headlineOf, line, severityOf } from '../wording.ts'
import { snsMessage } from './message.ts'

const CONNECT_TIMEOUT = 5 * SECOND
const REQUEST_TIMEOUT = 15 * SECOND
const SUBJECT_LENGTH = 100

const Config = z.strictObject({
  api_url: z.url().optional(),
  sigv4: z
    .strictObject({
      region: z.string().optional(),
      access_key: SecretText.optional(),
      secret_key: SecretText.optional(),
      profile: z.string().optional(),
    })
    .prefault({}),
  topic_arn: z.string().optional(),
  target_arn: z.string().optional(),
  phone_number: z.string().optional(),
  subject: z.string().optional(),
  message: z.string().optional(),
  attributes: z.record(z.string(), z.string()).prefault({}),
  http_config: HttpSettings.optional(),
})
type Config = z.output<typeof Config>

export const sns = defineReceiver({
  type: 'sns',
  Config,
  sendResolved: true,
  connect(config, io) {
    const targets = [config.topic_arn, config.target_arn, config.phone_number].filter(
      (target) => target !== undefined,
    )
    if (targets.length !== 1)
      throw new ConfigError(
        `sns_configs: expected exactly one of topic_arn, target_arn and phone_number, found ${targets.length}`,
      )
    const client = clientOf(config, io)
    return async ({ notification, signal }) => {
      const severity = severityOf(notification)
      const subject = io.wording.expand(
        config.subject,
        notification,
        () => `[${severity.toUpperCase()}] ${headlineOf(notification)}`,
      )
      const attributes: Record<string, string> = {
        severity,
        status: notification.status,
        alertname: notification.commonLabels['alertname'] ?? '',
        ...Object.fromEntries(
          ['table', 'pipeline', 'source', 'team'].map((name) => [
            name,
            notification.commonLabels[name] ?? '',
          ]),
        ),
        ...Object.fromEntries(
          Object.entries(config.attributes).map(([name, value]) => [
            name,
            io.wording.expand(value, notification, () => value),
          ]),
        ),
        id: notification.id,
      }
      const fifo = (config.topic_arn ?? '').endsWith('.fifo')
      try {
        const { MessageId } = await client.send(
          new PublishCommand({
            TopicArn: config.topic_arn,
            TargetArn: config.target_arn,
            PhoneNumber: config.phone_number,
            ...(config.phone_number === undefined ? { Subject: asciiLine(subject) } : {}),
            Message:
              config.message === undefined
                ? snsMessage(notification)
                : io.wording.expand(config.message, notification, snsMessage),
            MessageAttributes: Object.fromEntries(
              Object.entries(attributes).flatMap(([name, value]) =>
                value === '' ? [] : [[name, { DataType: 'String', StringValue: value }]],
              ),
            ),
            // A FIFO topic drops what comes twice by itself, and keeps the order of each group.
            ...(fifo
              ? {
                  MessageDeduplicationId: notification.id,
                  MessageGroupId: notification.groupKey.slice(0, 128).replace(/[^\x21-\x7e]/g, '_'),
                }
              : {}),
          }),
          { abortSignal: signal },
        )
        return { answer: `message ${MessageId ?? 'accepted'}` }
      } catch (error) {
        throw failureOf(error)
      }
    }
  },
})

function clientOf(config: Config, io: ReceiverIo): SNSClient {
  const { region, access_key: key, secret_key: secret, profile } = config.sigv4
  const place = region ?? regionOf(config.topic_arn ?? config.target_arn)
  if (place === undefined)
    throw new ConfigError('sns_configs: sigv4.region is needed, the target does not name one')
  if (config.api_url !== undefined) refuseLiteral(new URL(config.api_url).hostname, io.egress)
  const lookup = guardedLookup(io.egress)
  return new SNSClient({
    region: place,
    ...(config.api_url === undefined ? {} : { endpoint: config.api_url }),
    ...(key === undefined || secret === undefined
      ? {}
      : { credentials: { accessKeyId: key.reveal(), secretAccessKey: secret.reveal() } }),
    ...(profile === undefined ? {} : { profile }),
    // The outbox retries; the SDK would only hide how long it takes.
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_TIMEOUT,
      requestTimeout: REQUEST_TIMEOUT,
      throwOnRequestTimeout: true,
      httpAgent: new http.Agent({ keepAlive: true, lookup }),
      httpsAgent: new https.Agent({ keepAlive: true, lookup }),
    }),
  })
}

/** arn:aws:sns:eu-west-1:123456789012:topic */
const regionOf = (arn: string | undefined): string | undefined => arn?.split(':')[3] || undefined

/** SNS takes printable ASCII only, and no line breaks. */
const asciiLine = (text: string): string =>
  line(text.normalize('NFKD').replace(/\p{Mn}/gu, ''), SUBJECT_LENGTH * 2)
    .replace(/…/g, '...')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, SUBJECT_LENGTH)

function failureOf(error: unknown): unknown {
  if (!(error instanceof SNSServiceException)) return error
  const status = error.$metadata.httpStatusCode ?? 0
  const message = `${error.name}: ${line(error.message, 200)}`
  const again = status >= 500 || status === 429 || /throttl|expired|timeout/i.test(error.name)
  return new SendError(again ? 'retry' : 'refused', message, { cause: undefined })
}
