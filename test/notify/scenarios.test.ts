// Stories from beginning to end: what a receiver hears, second by second, on a clock that the test moves.
import { describe, expect, test } from 'vitest'
import { SourceError } from '../../src/model/errors.ts'
import { HOUR, MINUTE, SECOND, millis, plus } from '../../src/model/units.ts'
import { acknowledgement, parseMatchers } from '../../src/notify/notify.ts'
import {
  type Behaviour,
  START,
  type World,
  answer,
  at,
  createWorld,
  firing,
  resolved,
  tellOf,
} from './world.ts'

const route = (settings: string, rest = '') => `
route: { receiver: hook, ${settings} }
receivers: [ { name: hook, webhook_configs: [ { url: 'http://hook.example/a' } ] }, { name: other, webhook_configs: [ { url: 'http://other.example/b' } ] } ]
${rest}`
const FAST = route('group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h')

const silence = (world: World, matchers: string, seconds: number, more = {}) =>
  world.notifier.silences.set(
    {
      matchers: parseMatchers(matchers),
      startsAt: world.clock.now(),
      endsAt: plus(world.clock.now(), millis(seconds * SECOND)),
      createdBy: 'me',
      comment: 'test',
      ...more,
    },
    world.clock.now(),
  )

describe("Alertmanager's own stories", () => {
  test('batching: what belongs together comes together, and is repeated together', async () => {
    const world = createWorld(route('group_by: [], group_wait: 1s, group_interval: 1s, repeat_interval: 5s'))
    await world.push(1, firing('a'))
    await world.push(1, firing('e'))
    await world.push(3, firing('b'), firing('c'), firing('d'))
    await world.until(10)

    expect(world.told()).toEqual(['+2s firing: a e', '+4s firing: a b c d e', '+9s firing: a b c d e'])
  })

  test('resolved ones are told once, and only to who wants them', async () => {
    const world = createWorld(`
route: { receiver: both, group_by: [alertname], group_wait: 1s, group_interval: 5s, repeat_interval: 1h }
receivers:
  - name: both
    webhook_configs: [ { url: 'http://all.example/' }, { url: 'http://firing.example/', send_resolved: false } ]
`)
    await world.push(1, firing('t', { i: '1' }), firing('t', { i: '2' }))
    await world.push(3, resolved('t', at(3), { i: '1' }))
    await world.push(8, firing('t', { i: '3' }))
    await world.push(11, resolved('t', at(11), { i: '2' }), resolved('t', at(11), { i: '3' }))
    await world.until(40)
    const heard = (host: string) => world.calls.filter(({ url }) => url.includes(host)).map(tellOf)

    expect(heard('all')).toEqual(['+2s firing: t1 t2', '+7s firing: t2 | resolved: t1', '+12s resolved: t2'])
    expect(heard('firing')).toEqual(['+2s firing: t1 t2'])
  })

  test('a pushed alert that nobody confirms is over', async () => {
    const world = createWorld(FAST)
    await world.push(1, { ...firing('t'), endsAt: at(10) })
    await world.push(8, { ...firing('t'), endsAt: at(20) })
    await world.until(40)

    expect(world.told()).toEqual(['+2s firing: t', '+20s resolved: t'])
  })

  test('an alert whose rule is gone is over after a day, counted from a start', async () => {
    const world = createWorld(FAST.replace('repeat_interval: 1h', 'repeat_interval: 100h'))
    await world.push(1, firing('t'))
    await world.until(3)
    world.clock.set(at(90_000))
    world.restart()
    await world.until(90_010)
    expect(world.told()).toEqual(['+2s firing: t'])
    world.clock.set(at(90_000 + 86_400))
    await world.until(90_005 + 86_400)

    expect(world.told()).toEqual(['+176401s resolved: t'])
  })

  test('inhibition: no word about consequences', async () => {
    const world = createWorld(
      FAST +
        `inhibit_rules: [ { source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [zone] } ]`,
    )
    await world.push(
      1,
      firing('cause', { severity: 'critical', zone: 'a' }),
      firing('effect', { severity: 'warning', zone: 'a' }),
      firing('elsewhere', { severity: 'warning', zone: 'b' }),
    )
    await world.push(10, resolved('cause', at(10), { severity: 'critical', zone: 'a' }))
    await world.until(20)

    expect(world.told().toSorted()).toEqual([
      '+11s firing: effect',
      '+11s resolved: cause',
      '+2s firing: cause',
      '+2s firing: elsewhere',
    ])
  })

  test('silences: set, expired, and again', async () => {
    const world = createWorld(FAST)
    const id = silence(world, 'alertname=quiet', 3_600)
    await world.push(1, firing('quiet'), firing('loud'))
    await world.until(5)
    expect(world.told()).toEqual(['+2s firing: loud'])
    world.notifier.silences.expire(id, world.clock.now())
    await world.until(10)

    expect(world.told()).toEqual(['+6s firing: quiet'])
  })

  test('calendars: muted until the morning', async () => {
    const world = createWorld(`
route:
  receiver: hook
  group_wait: 1s
  group_interval: 1m
  routes: [ { active_time_intervals: [later] } ]
receivers: [ { name: hook, webhook_configs: [ { url: 'http://hook.example/a' } ] } ]
time_intervals: [ { name: later, time_intervals: [ { times: [ { start_time: '08:10', end_time: '09:00' } ] } ] } ]
`)
    await world.push(0, firing('t'))
    await world.until(30)
    expect(world.notifier.explain('t', world.clock.now())[0]!.ways[0]!.integrations[0]!.verdict).toBe(
      'muted by outside later until 2026-05-04T08:10:00.000Z',
    )
    await world.until(700)

    expect(world.told()).toEqual(['+601s firing: t'])
  })

  test('a reload with the same configuration changes nothing', async () => {
    const world = createWorld(route('group_by: [], group_wait: 1s, group_interval: 6s'))
    await world.push(1, firing('a'))
    await world.push(4, firing('b'))
    world.restart()
    await world.until(30)

    expect(world.told()).toEqual(['+2s firing: a', '+8s firing: a b'])
  })
})

describe('what Alertmanager forgets', () => {
  test('a silenced alert that ends still closes what was opened', async () => {
    const world = createWorld(FAST)
    await world.push(1, firing('t'))
    await world.until(3)
    silence(world, 'alertname=t', 3_600)
    await world.push(10, resolved('t', at(10)))
    await world.until(20)

    expect(world.told()).toEqual(['+2s firing: t', '+11s resolved: t'])
  })

  test('an alert that was told, silenced and shown again is not news', async () => {
    const world = createWorld(FAST)
    await world.push(1, firing('t', { i: '1' }))
    await world.until(3)
    const id = silence(world, 'i="1"', 3_600)
    await world.push(5, firing('t', { i: '2' }))
    await world.until(8)
    world.notifier.silences.expire(id, world.clock.now())
    await world.until(20)

    expect(world.told()).toEqual(['+2s firing: t1', '+6s firing: t2'])
  })

  test('what fired and ended while the receiver was down is told, in order', async () => {
    const world = createWorld(FAST)
    world.behave = () => answer(503)
    await world.push(1, firing('t'))
    await world.push(60, resolved('t', at(60)))
    await world.until(600)
    world.calls.length = 0
    world.behave = () => answer(200)
    await world.until(660)

    expect(world.calls.map(tellOf).map((text) => text.replace(/^\S+ /, ''))).toEqual([
      'firing: t',
      'resolved: t',
    ])
    expect(new Set(world.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(2)
  })

  test('a silence and what was told survive kill -9', async () => {
    const world = createWorld(FAST)
    await world.push(1, firing('loud'), firing('quiet'))
    silence(world, 'alertname=quiet', 3_600)
    await world.until(3)
    world.restart()
    world.notifier.take([firing('loud'), firing('quiet')], world.clock.now())
    await world.until(30)

    expect(world.told()).toEqual(['+2s firing: loud'])
    expect(world.notifier.silences.list()).toHaveLength(1)
  })

  test('routes that change close what they opened', async () => {
    const world = createWorld(FAST)
    await world.push(1, firing('t'))
    await world.until(3)
    world.restart(FAST.replace('receiver: hook,', 'receiver: other,'))
    await world.push(10, resolved('t', at(10)))
    await world.until(120)

    expect(world.calls.map((call) => `${new URL(call.url).host} ${tellOf(call)}`)).toEqual([
      'hook.example +2s firing: t',
      'other.example +4s firing: t',
      'other.example +11s resolved: t',
      // Nobody looks often at a group without a route.
      'hook.example +64s resolved: t',
    ])
  })

  test('a wall clock that is set neither repeats nor delays', async () => {
    for (const step of [1, -1].map((sign) => sign * HOUR)) {
      const world = createWorld(
        route('group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 30m'),
      )
      await world.push(0, firing('t'))
      await world.until(15)
      world.clock.step(millis(step))
      world.notifier.take([{ ...firing('t') }], world.clock.now())
      const after = step / 1000
      await world.until(after + 100)
      expect(world.told()).toEqual(['+10s firing: t'])
      await world.push(after + 110, resolved('t', world.clock.now()))
      await world.until(after + 200)
      expect(world.told()).toEqual([`+${after + 130}s resolved: t`])
    }
  })

  test('a wall clock that is set during a delivery does not make it late', async () => {
    const world = createWorld(FAST)
    const { promise, resolve } = Promise.withResolvers<void>()
    world.behave = () => promise.then(() => answer(200))
    await world.push(1, firing('t'))
    await world.until(3)
    world.clock.step(HOUR)
    await world.until(3_610)
    resolve()
    await world.until(3_612)

    expect(world.calls).toHaveLength(1)
  })

  test('a store that refuses stops no page, and catches up', async () => {
    const world = createWorld(FAST)
    world.store.refusing = 'disk full'
    await world.push(1, firing('t'))
    await world.until(3)
    expect(world.told()).toEqual(['+2s firing: t'])
    expect(world.notifier.failing).toContain('disk full')
    expect(() => silence(world, 'a=b', 10)).toThrow('disk full')
    world.store.refusing = null
    await world.until(5)
    world.restart()
    await world.until(30)

    expect(world.told()).toEqual([])
    expect(world.notifier.failing).toBeNull()
  })
})

describe('acknowledge and maintain', () => {
  test('an acknowledgement ends with its alert', async () => {
    const world = createWorld(
      route('group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 10s'),
    )
    await world.push(1, firing('t'))
    await world.until(3)
    const { labels } = firing('t')
    world.notifier.silences.set(acknowledgement(labels, 'me', '', world.clock.now()), world.clock.now())
    await world.until(60)
    await world.push(60, resolved('t', at(60)))
    await world.push(100, firing('t', {}, at(100)))
    await world.until(105)

    expect(world.told()).toEqual(['+2s firing: t', '+61s resolved: t', '+101s firing: t'])
  })

  test('a maintenance window mutes inside its hours only', async () => {
    const world = createWorld(
      route('group_by: [alertname], group_wait: 1s, group_interval: 1m') +
        "time_intervals: [ { name: patch, time_intervals: [ { times: [ { start_time: '08:05', end_time: '08:10' } ] } ] } ]",
    )
    silence(world, 'alertname=~".+"', 86_400, { during: ['patch'] })
    await world.push(10, firing('before'))
    await world.push(310, firing('inside'))
    await world.until(900)

    expect(world.told()).toEqual(['+11s firing: before', '+611s firing: inside'])
  })

  test('flapping is told once, until it is calm', async () => {
    const world = createWorld(`${FAST}flapping: { flips: 4, within: 10m }`)
    for (let i = 0; i < 20; i += 1) {
      await world.push(10 + i * 20, firing('t', {}, at(10 + i * 20)))
      await world.push(20 + i * 20, resolved('t', at(20 + i * 20)))
    }
    await world.until(2_000)

    expect(world.told()).toEqual([
      '+11s firing: t',
      '+21s resolved: t',
      '+31s firing: t',
      '+41s resolved: t',
      '+51s firing: t',
      '+61s firing: t',
      '+700s resolved: t',
    ])
    expect(world.calls.at(-2)!.body).toContain('changed 5 times lately')
  })
})

describe('receivers that fail', () => {
  const times = (world: World) => world.calls.map((call) => (call.at - START) / 1000)
  const failing =
    (until: number, how: Behaviour): Behaviour =>
    (call, signal) =>
      call.at < at(until) ? how(call, signal) : answer(200)
  const attempts = (world: World) => {
    const all: number[] = []
    const { behave } = world
    world.behave = (call, signal) => {
      all.push((call.at - START) / 1000)
      return behave(call, signal)
    }
    return all
  }

  test.for([
    [
      'refuses the connection',
      () => Promise.reject(new SourceError('unreachable', 'ECONNREFUSED', { subject: 'x' })),
    ],
    ['answers 500', () => answer(500)],
    ['hangs', () => new Promise<never>(() => {})],
    ['throws nonsense', () => Promise.reject(new Error('?'))],
  ] as const)('%s for an hour: told within a minute after it is back', async ([, how]) => {
    const world = createWorld(FAST)
    world.behave = failing(3_600, how)
    const tried = attempts(world)
    await world.push(1, firing('t'))
    await world.until(3_660)

    expect(world.calls.filter((call) => call.at >= at(3_600)).map(tellOf)).toEqual([
      expect.stringMatching(/^\+36[0-5]\ds firing: t$/),
    ])
    expect(tried.length).toBeLessThan(200)
  })

  test('429 says when to come back', async () => {
    const world = createWorld(FAST)
    world.behave = failing(10, () => answer(429, '', { 'retry-after': '100' }))
    await world.push(1, firing('t'))
    await world.until(300)

    expect(times(world)).toEqual([2, 102])
  })

  test('410: never again, and said so', async () => {
    const world = createWorld(FAST)
    world.behave = () => answer(410)
    await world.push(1, firing('t'), firing('u'))
    await world.push(10, firing('v'))
    await world.until(20)
    world.restart()
    await world.push(30, firing('w'))
    await world.until(60)

    expect(new Set(times(world))).toEqual(new Set([2]))
    expect(world.notifier.receivers()[0]).toMatchObject({ disabled: true, waiting: 0 })
  })

  test('a message that is refused is given up after a while and holds up nobody else', async () => {
    const world = createWorld(FAST)
    world.behave = (call) => answer(call.body.includes('"poison"') ? 400 : 200)
    await world.push(1, firing('poison'), firing('good'))
    await world.push(10, firing('better'))
    await world.until(2_000)

    expect(world.calls.map(tellOf).filter((text) => !text.includes('poison'))).toEqual([
      '+2s firing: good',
      '+11s firing: better',
    ])
    expect(world.notifier.explain('poison', world.clock.now())[0]!.notices[0]).toMatchObject({
      state: 'dropped',
    })
  })

  test('one that hangs delays no other', async () => {
    const world = createWorld(`
route: { receiver: both, group_wait: 1s, group_by: [alertname] }
receivers: [ { name: both, webhook_configs: [ { url: 'http://hangs.example/' }, { url: 'http://works.example/' } ] } ]
`)
    world.behave = (call) => (call.url.includes('hangs') ? new Promise(() => {}) : answer(200))
    await world.push(1, ...Array.from({ length: 50 }, (_, i) => firing(`t${i}`)))
    await world.until(3)

    expect(world.told()).toHaveLength(50)
  })
})

test('Slack: one message for an incident, changed in place, over a restart too', async () => {
  const world = createWorld(`
route: { receiver: chat, group_by: [alertname], group_wait: 1s, group_interval: 5s }
receivers: [ { name: chat, slack_configs: [ { app_token: xoxb-1, channel: '#data', send_resolved: true } ] } ]
`)
  world.behave = () => answer(200, JSON.stringify({ ok: true, channel: 'C1', ts: '17.5' }))
  await world.push(1, firing('t', { i: '1' }))
  await world.push(3, firing('t', { i: '2' }))
  await world.until(8)
  world.restart()
  await world.push(20, resolved('t', at(20), { i: '1' }), resolved('t', at(20), { i: '2' }))
  await world.until(30)
  const calls = world.calls.map(({ url, body }) => {
    const { ts, channel } = JSON.parse(body) as { ts?: string; channel: string }
    return `${new URL(url).pathname} ${channel} ${ts ?? ''}`.trim()
  })

  expect(calls).toEqual([
    '/api/chat.postMessage #data',
    '/api/chat.update C1 17.5',
    '/api/chat.update C1 17.5',
  ])
})

test('the heartbeat beats while all is well', async () => {
  const world = createWorld(`${FAST}heartbeat: { url: 'http://beat.example/x', every: 30s }`)
  let down = false
  world.behave = (call) => answer(down && !call.url.includes('beat') ? 500 : 200)
  await world.until(61)
  const beats = () => world.calls.filter(({ url }) => url.includes('beat')).length
  expect(beats()).toBe(3)
  down = true
  await world.push(62, firing('t'))
  await world.until(62 + (20 * MINUTE) / 1000)
  const before = beats()
  await world.until(62 + (30 * MINUTE) / 1000)

  expect(beats()).toBe(before)
})
