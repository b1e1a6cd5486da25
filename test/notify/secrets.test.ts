// A canary in every secret field: it must not come out of logs, facts, explanations, statistics or errors.
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { parseNotifyConfig } from '../../src/config/config.ts'
import { SECOND, plus } from '../../src/model/units.ts'
import { createNotifier } from '../../src/notify/notify.ts'
import { START, firing, silentLog, testClock, testStore } from './world.ts'

const CANARY = 'c4n4ry-s3cr3t-value'
// Nobody listens on port 1, and 127.0.0.2 is not allowed: two ways to fail with a URL in hand.
const CONFIG = `
global: { smtp_smarthost: '127.0.0.1:1', smtp_from: t@example.com, smtp_auth_username: u, smtp_auth_password: ${CANARY} }
route: { receiver: all, group_wait: 1s }
egress: { allow: ['127.0.0.1'] }
heartbeat: { url: 'http://127.0.0.1:1/${CANARY}', every: 10s }
receivers:
  - name: all
    webhook_configs:
      - { url: 'http://127.0.0.1:1/${CANARY}?token=${CANARY}', http_config: { authorization: { credentials: ${CANARY} } }, hmac: { secret: ${CANARY} } }
      - { url: 'http://user:${CANARY}@127.0.0.2/${CANARY}' }
      - { url_file: name-of-a-file }
    slack_configs: [ { api_url: 'http://127.0.0.1:1/${CANARY}' }, { app_token: ${CANARY}, channel: c, app_url: 'http://127.0.0.1:1/' } ]
    pagerduty_configs: [ { routing_key: ${CANARY}, url: 'http://127.0.0.1:1/' } ]
    opsgenie_configs: [ { api_key: ${CANARY}, api_url: 'http://127.0.0.1:1/' } ]
    msteamsv2_configs: [ { webhook_url: 'http://127.0.0.1:1/${CANARY}' } ]
    sns_configs: [ { api_url: 'http://127.0.0.1:1/', topic_arn: 'arn:aws:sns:eu-west-1:1:t', sigv4: { access_key: a, secret_key: ${CANARY} } } ]
    email_configs: [ { to: x@example.com, require_tls: false } ]
`

test('nothing says it', async () => {
  const clock = testClock()
  const store = testStore()
  const said: unknown[] = []
  const tell = (...words: unknown[]) => void said.push(words)
  const notifier = createNotifier({
    config: parseNotifyConfig('notify.yml', CONFIG),
    store,
    io: { clock, log: { ...silentLog, warn: tell, error: tell, info: tell } },
    random: () => 0.5,
    files: { read: () => `http://127.0.0.1:1/${CANARY}`, find: () => [] },
  })
  const { signal } = new AbortController()
  notifier.take([firing('t')], START)
  clock.set(plus(START, SECOND))
  notifier.flush(clock.now(), signal)
  await notifier.idle()
  const facts = (
    ['alert', 'alert-group', 'outbox', 'notice', 'delivery', 'disabled-receiver'] as const
  ).flatMap((kind) => [...store.facts(kind)])
  const seen = [
    facts,
    said,
    notifier.explain('t', clock.now()),
    notifier.stats(clock.now()),
    notifier.receivers(),
    notifier,
    notifier.config,
  ]

  expect(store.facts('delivery').filter(({ result }) => result !== 'delivered')).toHaveLength(10)
  expect(`${JSON.stringify(seen)} ${inspect(seen, { depth: 30, showHidden: true })}`).not.toContain(CANARY)
})
