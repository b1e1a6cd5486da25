// The same alerts go to Debian's Alertmanager and to Tidemark with the same configuration; a sink compares what arrives.
import { describe, expect, test } from 'vitest'
import { createEgress } from '../../src/io/egress.ts'
import { createHttpClient } from '../../src/io/http.ts'
import { createLog } from '../../src/io/log.ts'
import { timestamp } from '../../src/model/units.ts'
import { NotifyConfig } from '../../src/notify/notify.ts'
import { sns } from '../../src/notify/receivers/sns/sns.ts'
import { createWording } from '../../src/notify/wording.ts'
import { firingNotification } from '../notify/receivers/sample.ts'
import { type Peer, amtool, startAlertmanager, startSink, startTidemark } from './notify-peers.ts'
import { pythonProgram, startServer } from './servers.ts'

interface Step {
  /** Seconds after the start. Ticks are at 1, 3, 5, 7, 9 s; steps stay half a second away from them. */
  readonly at: number
  run(peer: Peer, state: Map<string, string>): Promise<unknown>
}

const post = async (url: string, body: unknown): Promise<unknown> => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  expect(`${answer.status} ${text}`).toMatch(/^200 /)
  return text === '' ? null : JSON.parse(text)
}

type Labels = Record<string, string>
const iso = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString()

/** Fires (for an hour unless said otherwise) from now on. */
const fire = (at: number, labels: Labels[], more: { lasts?: number; annotations?: Labels } = {}): Step => ({
  at,
  run: (peer) =>
    post(
      `${peer.url}/api/v2/alerts`,
      labels.map((one) => ({
        labels: one,
        annotations: more.annotations ?? {},
        endsAt: iso(more.lasts ?? 3_600),
      })),
    ),
})
const end = (at: number, labels: Labels[]): Step => ({
  at,
  run: (peer) =>
    post(
      `${peer.url}/api/v2/alerts`,
      labels.map((one) => ({ labels: one, startsAt: iso(-1), endsAt: iso(0) })),
    ),
})
const silence = (at: number, name: string, value: string, lasts = 3_600): Step => ({
  at,
  async run(peer, state) {
    const matchers = [{ name, value, isRegex: true, isEqual: true }]
    const answer = await post(`${peer.url}/api/v2/silences`, {
      matchers,
      startsAt: iso(-1),
      endsAt: iso(lasts),
      createdBy: 'test',
      comment: 'test',
    })
    state.set('silence', (answer as { silenceID: string }).silenceID)
  },
})
const expire = (at: number): Step => ({
  at,
  run: (peer, state) => fetch(`${peer.url}/api/v2/silence/${state.get('silence')}`, { method: 'DELETE' }),
})
const reload = (at: number): Step => ({ at, run: (peer) => peer.reload() })

interface Scenario {
  readonly name: string
  /** Settings of the root route; groups by alertname otherwise. */
  readonly route?: string
  /** Below the root: other top-level keys. */
  readonly rest?: string
  readonly refuse?: number
  readonly steps: readonly Step[]
  readonly seconds?: number
  /** A difference that we chose: how many notifications each of the two sends. */
  readonly chosen?: { readonly why: string; readonly alertmanager: number; readonly tidemark: number }
}

const a = { alertname: 'a', severity: 'critical', zone: 'x' }
const b = { alertname: 'b', severity: 'warning', zone: 'x' }
const c = { alertname: 'c', severity: 'warning', zone: 'y' }
const a1 = { ...a, i: '1' }
const a2 = { ...a, i: '2' }
const INHIBIT =
  'inhibit_rules: [ { source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [zone] } ]'

const scenarios: readonly Scenario[] = [
  { name: 'send one', steps: [fire(0, [a], { annotations: { summary: 'late', runbook_url: 'http://r' } })] },
  { name: 'batch what comes within group_wait', steps: [fire(0, [a1]), fire(0.5, [a2])] },
  { name: 'a newcomer waits for the interval', steps: [fire(0, [a1]), fire(1.5, [a2])] },
  { name: 'repeat', route: 'repeat_interval: 1s', steps: [fire(0, [a])], seconds: 8 },
  { name: 'resolve', steps: [fire(0, [a]), end(1.9, [a])] },
  { name: 'resolve some', steps: [fire(0, [a1, a2]), end(1.9, [a1])] },
  { name: 'time out', steps: [fire(0, [a], { lasts: 2 })] },
  { name: 'fire again', steps: [fire(0, [a]), end(1.9, [a]), fire(4, [a])], seconds: 8 },
  { name: 'over before it was told', steps: [fire(0, [a]), end(0.4, [a]), fire(0, [b])] },
  { name: 'groups by two labels', route: 'group_by: [severity, zone]', steps: [fire(0, [a, b, c, a1])] },
  { name: 'groups by all labels', route: "group_by: ['...']", steps: [fire(0, [a1, a2])] },
  { name: 'groups by nothing', route: 'group_by: []', steps: [fire(0, [a, b, c])] },
  {
    name: 'continue, match_re and nested routes',
    route: `routes: [ { receiver: second, match_re: { zone: "x|z" }, continue: true }, { receiver: hook, matchers: ['severity=~"warn.*"'], group_by: [zone], routes: [ { match: { zone: y }, receiver: third } ] } ]`,
    steps: [fire(0, [a, b, c])],
  },
  {
    name: 'send_resolved: false',
    route: 'receiver: quiet',
    steps: [fire(0, [a1, a2]), end(1.9, [a1]), end(4, [a2])],
    seconds: 8,
  },
  { name: 'inhibit', rest: INHIBIT, steps: [fire(0, [a, b, c])] },
  {
    name: 'inhibit until the cause is over',
    rest: INHIBIT,
    steps: [fire(0, [a, b]), end(3.9, [a])],
    seconds: 8,
  },
  { name: 'silence', steps: [silence(0, 'alertname', 'a|c'), fire(0.2, [a, b, c])] },
  {
    name: 'silence, then not',
    steps: [silence(0, 'alertname', 'a'), fire(0.2, [a, b]), expire(3.9)],
    seconds: 8,
  },
  {
    name: 'a silence that ends by itself',
    steps: [silence(0, 'alertname', 'a', 3), fire(0.2, [a])],
    seconds: 8,
  },
  {
    name: 'mute by calendar',
    route:
      'routes: [ { matchers: [zone="x"], mute_time_intervals: [always] }, { matchers: [zone="y"], mute_time_intervals: [never] } ]',
    rest: "time_intervals: [ { name: always, time_intervals: [ { years: ['2000:2100'] } ] }, { name: never, time_intervals: [ { years: ['1999'] } ] } ]",
    steps: [fire(0, [a, c])],
  },
  {
    name: 'annotations that change before the first notification',
    steps: [fire(0, [a], { annotations: { v: '1' } }), fire(0.5, [a], { annotations: { v: '2' } })],
  },
  { name: 'reload says nothing again', steps: [fire(0, [a]), reload(1.9), fire(2.2, [a])], seconds: 8 },
  { name: 'retry after errors', refuse: 2, steps: [fire(0, [a])], seconds: 8 },
  {
    name: 'a silenced alert that ends',
    steps: [fire(0, [a]), silence(2, 'alertname', 'a'), end(2.2, [a])],
    chosen: { why: 'what was opened is closed', alertmanager: 1, tidemark: 2 },
  },
  {
    name: 'fired and over between two ticks of an open group',
    steps: [fire(0, [a1]), fire(1.4, [a2]), end(2, [a2])],
    chosen: { why: 'an end is told only to who heard of the beginning', alertmanager: 2, tidemark: 1 },
  },
  {
    name: 'an alert older than group_wait',
    route: 'group_wait: 3s',
    steps: [
      {
        at: 0,
        run: (peer) =>
          post(`${peer.url}/api/v2/alerts`, [{ labels: a1, startsAt: iso(-100), endsAt: iso(100) }]),
      },
      {
        at: 1,
        run: (peer) =>
          post(`${peer.url}/api/v2/alerts`, [{ labels: a2, startsAt: iso(-100), endsAt: iso(100) }]),
      },
    ],
    seconds: 6,
    chosen: { why: 'group_wait is waited always, so nothing partial goes out', alertmanager: 2, tidemark: 1 },
  },
]

const configOf = ({ route = '', rest = '' }: Scenario, sink: string): string => {
  const given = (key: string) => route.includes(`${key}:`)
  const settings = [
    ...(given('receiver: quiet') ? [] : route.startsWith('receiver:') ? [] : ['receiver: hook']),
    ...(route.startsWith('group_by') ? [] : ['group_by: [alertname]']),
    ...(route.startsWith('group_wait') ? [] : ['group_wait: 1s']),
    'group_interval: 2s',
    ...(given('repeat_interval') ? [] : ['repeat_interval: 1h']),
    ...(route === '' ? [] : [route]),
  ]
  return `
route: { ${settings.join(', ')} }
receivers:
  - { name: hook, webhook_configs: [ { url: '${sink}/hook' } ] }
  - { name: second, webhook_configs: [ { url: '${sink}/second' } ] }
  - { name: third, webhook_configs: [ { url: '${sink}/third' } ] }
  - { name: quiet, webhook_configs: [ { url: '${sink}/quiet', send_resolved: false } ] }
${rest}
`
}

async function play(scenario: Scenario, start: (config: string) => Promise<Peer>): Promise<string[]> {
  await using sink = await startSink()
  sink.refuse = scenario.refuse ?? 0
  await using peer = await start(configOf(scenario, sink.url))
  const state = new Map<string, string>()
  const begin = performance.now()
  const until = (seconds: number) =>
    new Promise((resolve) => setTimeout(resolve, Math.max(0, begin + seconds * 1_000 - performance.now())))
  for (const step of scenario.steps) {
    await until(step.at)
    await step.run(peer, state)
  }
  await until(scenario.seconds ?? 6)
  return sink.heard()
}

/** Both play to the end, whatever happens to one of them: nothing that was started is left behind. */
async function playBoth(scenario: Scenario): Promise<[string[], string[]]> {
  const [theirs, ours] = await Promise.allSettled([
    play(scenario, startAlertmanager),
    play(scenario, startTidemark),
  ])
  if (theirs.status === 'rejected') throw theirs.reason
  if (ours.status === 'rejected') throw ours.reason
  return [theirs.value, ours.value]
}

describe('the same as Alertmanager 0.25', { concurrent: true }, () => {
  test.for(scenarios.filter(({ chosen }) => chosen === undefined))('$name', async (scenario, { expect }) => {
    const [theirs, ours] = await playBoth(scenario)

    expect(ours).toEqual(theirs)
    expect(theirs.length).toBeGreaterThan(0)
  })
})

describe('differences that we chose', { concurrent: true }, () => {
  test.for(scenarios.filter(({ chosen }) => chosen !== undefined))(
    '$name: $chosen.why',
    async (scenario, { expect }) => {
      const [theirs, ours] = await playBoth(scenario)

      expect({ alertmanager: theirs.length, tidemark: ours.length }).toMatchObject({
        alertmanager: scenario.chosen!.alertmanager,
        tidemark: scenario.chosen!.tidemark,
      })
    },
  )
})

test('amtool works against Tidemark', async () => {
  await using sink = await startSink()
  await using peer = await startTidemark(configOf(scenarios[0]!, sink.url))
  const run = async (...args: string[]) => {
    const { code, output } = await amtool(peer.url, ...args)
    expect(`${code} ${output}`).toMatch(/^0 /)
    return output
  }
  await run('alert', 'add', 'alertname=late', 'table=gold/orders', '--annotation=summary=x')
  expect(await run('alert', 'query', 'table=~gold.*')).toContain('late')
  const id = (
    await run(
      'silence',
      'add',
      '--author=me',
      '--comment=patching',
      '--duration=1h',
      'alertname=late',
      'table=~gold/.+',
    )
  ).trim()
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  expect(await run('silence', 'query')).toContain('patching')
  expect(await run('alert', 'query', '--silenced')).toContain('late')
  expect(await run('alert', 'query')).not.toContain('late')
  await run('silence', 'update', '--duration=2h', id)
  await run('silence', 'expire', id)
  expect(await run('silence', 'query')).not.toContain('patching')
  expect(await run('silence', 'query', '--expired')).toContain('patching')
  expect(await run('alert', 'query')).toContain('late')
  expect(await run('config', 'show')).toContain('receiver: hook')
  expect(await run('config', 'routes', 'test', 'alertname=x')).toContain('hook')
  expect(await run('cluster', 'show')).toContain('disabled')
})

test('SNS: a subscribed queue receives the message', async () => {
  await using moto = await startServer(
    pythonProgram('moto_server'),
    (port) => ['-H', '127.0.0.1', '-p', String(port)],
    async (url) => (await fetch(`${url}/moto-api/data.json`)).ok,
  )
  const call = async (service: string, params: Record<string, string>) => {
    const answer = await fetch(moto.url, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: new URLSearchParams(params),
    })
    const text = await answer.text()
    expect(`${answer.status} ${text}`).toMatch(/^200 /)
    return (tag: string) => decode(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? '')
  }
  const topic = (await call('sns', { Action: 'CreateTopic', Name: 'alerts' }))('TopicArn')
  const queue = (await call('sqs', { Action: 'CreateQueue', QueueName: 'alerts' }))('QueueUrl')
  await call('sns', {
    Action: 'Subscribe',
    TopicArn: topic,
    Protocol: 'sqs',
    Endpoint: 'arn:aws:sqs:eu-west-1:123456789012:alerts',
  })

  const config = NotifyConfig.parse(undefined)
  const egress = createEgress(['127.0.0.0/8'])
  const send = sns.connect(
    sns.Config.parse({
      api_url: moto.url,
      topic_arn: topic,
      sigv4: { access_key: 'test', secret_key: 'test' },
    }),
    {
      http: createHttpClient(egress),
      egress,
      log: createLog('silent'),
      global: config.global,
      wording: createWording(config, { read: () => '', find: () => [] }),
      readSecret: () => '',
    },
  )
  const { answer } = await send({
    notification: firingNotification,
    memo: undefined,
    at: timestamp(Date.now()),
    signal: new AbortController().signal,
  })
  expect(answer).toMatch(/^message [0-9a-f-]{36}$/)
  const body = (await call('sqs', { Action: 'ReceiveMessage', QueueUrl: queue, WaitTimeSeconds: '2' }))(
    'Body',
  )
  const envelope = JSON.parse(body) as {
    Subject: string
    Message: string
    MessageAttributes: Record<string, { Value: string }>
  }

  expect(envelope.Subject).toBe('[CRITICAL] TableLate: table gold/orders for 3 h 12 min')
  expect(JSON.parse(envelope.Message)).toMatchObject({
    severity: 'critical',
    title: 'TableLate: table gold/orders for 3 h 12 min',
    timestamp: '2026-05-04T11:12:00.000Z',
    metadata: { receiver: 'oncall' },
  })
  expect(envelope.MessageAttributes['severity']!.Value).toBe('critical')
})

const decode = (xml: string): string =>
  xml.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
