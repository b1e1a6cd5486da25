// The contract of receivers, held against each one that is registered; goldens show what the other side gets.
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress } from '../../../src/io/egress.ts'
import { createHttpClient } from '../../../src/io/http.ts'
import type { Notification } from '../../../src/model/notice.ts'
import { NotifyConfig } from '../../../src/notify/notify.ts'
import { receivers } from '../../../src/notify/receivers/index.ts'
import { type Attempt, type Receiver, SendError } from '../../../src/notify/receivers/receiver.ts'
import { createWording } from '../../../src/notify/wording.ts'
import { at, silentLog } from '../world.ts'
import { type MailServer, type Peer, type Recorded, startMailServer, startPeer } from './peer.ts'
import {
  firingNotification,
  hostileNotification,
  resolvedNotification,
  severalNotification,
} from './sample.ts'

let peer: Peer
let mail: MailServer
const logged: { fields: unknown; text: string }[] = []
const CANARY = 'c4n4ry-s3cr3t-value'

beforeAll(async () => {
  peer = await startPeer()
  mail = await startMailServer()
})
afterAll(async () => {
  await peer[Symbol.asyncDispose]()
  await mail[Symbol.asyncDispose]()
})

/** A working block of each kind. Secrets hold the canary. */
const blocks: Readonly<Record<string, () => object>> = {
  alertmanager: () => ({ urls: [peer.url] }),
  email: () => ({
    to: 'oncall@example.com',
    from: 'Tidemark <tidemark@example.com>',
    smarthost: mail.address,
    require_tls: false,
  }),
  log: () => ({}),
  msteams: () => ({ webhook_url: `${peer.url}/workflows/${CANARY}` }),
  msteamsv2: () => ({ webhook_url: `${peer.url}/workflows/${CANARY}` }),
  opsgenie: () => ({ api_key: CANARY, api_url: `${peer.url}/`, update_alerts: true }),
  pagerduty: () => ({ routing_key: CANARY, url: `${peer.url}/v2/enqueue` }),
  slack: () => ({ api_url: `${peer.url}/services/${CANARY}`, channel: '#data' }),
  sns: () => ({
    api_url: peer.url,
    topic_arn: 'arn:aws:sns:eu-west-1:123456789012:alerts',
    sigv4: { access_key: 'AKIDEXAMPLE', secret_key: CANARY },
  }),
  webhook: () => ({
    url: `${peer.url}/hook/${CANARY}`,
    signing_secret: `whsec_${Buffer.from(CANARY.repeat(2)).toString('base64')}`,
    hmac: { secret: CANARY, timestamp_header: 'X-Time' },
  }),
}

/** What a receiver's peer says when it took the message. */
const good: Readonly<Record<string, string>> = {
  sns: '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>',
}

function connect(receiver: Receiver, block: object) {
  const config = NotifyConfig.parse(undefined)
  return receiver.connect(receiver.Config.parse(block), {
    http: createHttpClient(createEgress(['127.0.0.0/8'])),
    egress: createEgress(['127.0.0.0/8']),
    log: {
      ...silentLog,
      warn: (fields: unknown, text: string) => void logged.push({ fields, text }),
    } as never,
    global: config.global,
    wording: createWording(config, { read: () => '', find: () => [] }),
    readSecret: () => CANARY,
  })
}

const attempt = (notification: Notification, memo?: string): Attempt => ({
  notification,
  memo,
  at: at(11_521),
  signal: new AbortController().signal,
})

/** What arrived, as text a person can review. */
function arrived(): string {
  const requests = peer.requests.splice(0).map(printRequest)
  const mails = mail.messages.splice(0).map(printMail)
  const lines = logged.splice(0).map((line) => `${line.text}\n${JSON.stringify(line.fields, null, 2)}`)
  return [...requests, ...mails, ...lines].join('\n\n') + '\n'
}

const SHOWN = [
  'content-type',
  'authorization',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'x-grafana-alerting-signature',
  'x-time',
]

function printRequest({ method, path: target, headers, body }: Recorded): string {
  const shown = SHOWN.flatMap((name) =>
    headers[name] === undefined || String(headers[name]).startsWith('AWS4')
      ? []
      : [`${name}: ${String(headers[name])}`],
  )
  const json = body.startsWith('{') || body.startsWith('[')
  const text = json
    ? JSON.stringify(JSON.parse(body), null, 2)
    : [...new URLSearchParams(body)]
        .map(
          ([name, value]) =>
            `${name} = ${value.startsWith('{') ? JSON.stringify(JSON.parse(value), null, 2) : value}`,
        )
        .join('\n')
  return [`${method} ${target}`, ...shown, '', text].join('\n')
}

const printMail = (message: string): string =>
  message
    .replaceAll('=\n', '') // where lines are wrapped depends on how they were written
    .replace(/^Date: .*$/m, 'Date: …')
    .replaceAll(/--_NmP-[\w-]+/g, '--BOUNDARY')
    .replace(/boundary=".*?"/, 'boundary="BOUNDARY"')

test('every kind has a block in this suite and a folder on disk, and the other way round', () => {
  const folder = path.resolve(import.meta.dirname, '../../../src/notify/receivers')
  const folders = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const types = receivers.map(({ type }) => type)

  expect(types).toEqual(Object.keys(blocks))
  expect(types.filter((type) => type !== 'msteamsv2')).toEqual(folders.map(({ name }) => name).toSorted())
})

describe.for(receivers.map((receiver) => ({ receiver, type: receiver.type })))(
  '$type',
  ({ receiver, type }) => {
    const prepare = () => {
      peer.answers = [{ status: 200, body: good[type] ?? 'ok' }]
      peer.hang = false
      mail.verdict = '250 taken'
    }

    test('says what, since when, why and what next', async () => {
      prepare()
      const send = connect(receiver, blocks[type]!())
      await send(attempt(firingNotification))
      const text = arrived()

      for (const part of [
        'gold/orders',
        '3 h 12 min since the last change',
        'a change every 1 h',
        '2026-05-04T08:00:00.000Z',
        'lake',
        'No commit since the nightly load',
        'wiki.example.com/runbooks/late-table',
      ]) {
        if (type === 'alertmanager' && part === '3 h 12 min since the last change') continue
        expect(decoded(text)).toContain(part)
      }
      if (type !== 'alertmanager') expect(decoded(text)).toContain('tidemark explain a1b2c3d4e5f60718')
      await send(attempt(severalNotification))
      await send(attempt(resolvedNotification))
      await expect(text + '\n' + arrived()).toMatchFileSnapshot(`golden/${type}.txt`)
    })

    test('texts from outside stay text', async () => {
      prepare()
      await connect(receiver, blocks[type]!())(attempt(hostileNotification))
      const text = arrived()

      if (type === 'slack') expect(text).not.toMatch(/<!channel>|<https:\/\/evil/)
      if (type.startsWith('msteams')) expect(text).not.toMatch(/(?<!\\)\[here(?<!\\)\]\(/)
      if (type === 'email') {
        const headers = text.slice(0, text.indexOf('\n\n'))
        expect(headers).not.toMatch(/^Bcc:/m)
        expect(text).not.toContain('\u001b[31m</')
      }
      expect(text).not.toContain('"url": "javascript:')
    })

    test('its configuration is strict', () => {
      expect(() => receiver.Config.parse({ ...blocks[type]!(), surprise: 1 })).toThrow(/surprise/)
    })

    test.skipIf(type === 'log')(
      'what is refused is told apart from what may work later, and no secret is in the error',
      async () => {
        prepare()
        const send = connect(receiver, blocks[type]!())
        const failure = async (status: number, headers: Record<string, string> = {}) => {
          peer.answers = [
            {
              status,
              body:
                type === 'sns'
                  ? `<ErrorResponse><Error><Code>E</Code><Message>no</Message></Error></ErrorResponse>`
                  : 'no',
              headers,
            },
          ]
          mail.verdict = status >= 500 || status === 429 ? '451 later' : '550 never'
          const error: unknown = await send(attempt(firingNotification)).then(
            () => undefined,
            (thrown: unknown) => thrown,
          )
          expect(error).toBeInstanceOf(SendError)
          expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(CANARY)
          return error as SendError
        }

        expect((await failure(503)).failure).toBe('retry')
        expect((await failure(400)).failure).toBe('refused')
        const limited = await failure(429, { 'retry-after': '7' })
        expect(limited.failure).toBe('retry')
        if (!['sns', 'email'].includes(type)) expect(limited.retryAfter).toBe(7_000)
        arrived()
      },
    )

    test.skipIf(['log', 'email', 'sns'].includes(type))(
      'a redirect is not followed, 410 means never again',
      async () => {
        prepare()
        const send = connect(receiver, blocks[type]!())
        peer.answers = [{ status: 302, headers: { location: `${peer.url}/elsewhere` } }]
        await expect(send(attempt(firingNotification))).rejects.toMatchObject({ failure: 'refused' })
        expect(peer.requests.splice(0).map(({ path: target }) => target)).not.toContain('/elsewhere')
        peer.answers = [{ status: 410 }]
        await expect(send(attempt(firingNotification))).rejects.toMatchObject({ failure: 'gone' })
        arrived()
      },
    )

    test.skipIf(type === 'log' || type === 'email')('gives up when told to', async () => {
      prepare()
      peer.hang = true
      const controller = new AbortController()
      const sent = connect(
        receiver,
        blocks[type]!(),
      )({ ...attempt(firingNotification), signal: controller.signal })
      await expect.poll(() => peer.requests.length).toBeGreaterThan(0)
      controller.abort(new Error('stop'))

      await expect(sent).rejects.toThrow(/stop|abort/i)
      peer.hang = false
      arrived()
    })
  },
)

/** Markdown escapes and transfer encodings removed, so that one list of facts fits all. */
const decoded = (text: string): string =>
  text
    .replaceAll('=\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/\\+([-.()#_*])/g, '$1')
