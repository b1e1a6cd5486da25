// Alertmanager's API over a notifier that runs on a clock which the test moves.
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { alertmanagerRoutes } from '../../src/api/alertmanager.ts'
import { Explanations } from '../../src/api/client.ts'
import { START, type World, at, createWorld, firing } from '../notify/world.ts'

const CONFIG = `
global: { slack_api_url: 'https://hooks.slack.com/c4n4ry' }
route: { receiver: hook, group_by: [table], group_wait: 10s }
receivers: [ { name: hook, webhook_configs: [ { url: 'http://hook.example/c4n4ry' } ] }, { name: nobody } ]
inhibit_rules: [ { source_matchers: [alertname=cause], target_matchers: [alertname=effect], equal: [table] } ]
`
let world: World
let app: FastifyInstance

beforeEach(() => {
  world = createWorld(CONFIG)
  app = Fastify()
  alertmanagerRoutes({
    notifier: world.notifier,
    now: () => world.clock.now(),
    startedAt: START,
    version: '1.2.3',
  })(app)
})
afterEach(() => app.close())

const get = async (url: string) => {
  const response = await app.inject({ url })
  return { status: response.statusCode, body: response.json<never>() as unknown }
}
const post = async (url: string, payload: unknown) => {
  const response = await app.inject({ method: 'POST', url, payload: payload as object })
  return { status: response.statusCode, body: response.json<never>() as unknown }
}
const silence = (more = {}) => ({
  matchers: [{ name: 'table', value: 'a', isRegex: false }],
  startsAt: '2026-05-04T08:00:00.000Z',
  endsAt: '2026-05-04T10:00:00Z',
  createdBy: 'me',
  comment: 'patching',
  ...more,
})

describe('status', () => {
  test('shows the configuration without secrets', async () => {
    const { status, body } = await get('/api/v2/status')

    expect(status).toBe(200)
    expect(body).toMatchObject({ cluster: { status: 'disabled' }, uptime: '2026-05-04T08:00:00.000Z' })
    expect(JSON.stringify(body)).toContain('receiver: hook')
    expect(JSON.stringify(body)).not.toContain('c4n4ry')
  })

  test('lists receivers', async () => {
    expect((await get('/api/v2/receivers')).body).toEqual([{ name: 'hook' }, { name: 'nobody' }])
  })
})

describe('silences', () => {
  test('are set, shown, changed and expired', async () => {
    const { body } = await post('/api/v2/silences', silence())
    const { silenceID: id } = body as { silenceID: string }

    expect((await get(`/api/v2/silence/${id}`)).body).toEqual({
      ...silence({
        id,
        endsAt: '2026-05-04T10:00:00.000Z',
        matchers: [{ name: 'table', value: 'a', isRegex: false, isEqual: true }],
      }),
      status: { state: 'active' },
      updatedAt: '2026-05-04T08:00:00.000Z',
      annotations: {},
      during: [],
      untilResolved: false,
    })
    expect((await post('/api/v2/silences', silence({ id, endsAt: '2026-05-04T11:00:00Z' }))).body).toEqual({
      silenceID: id,
    })
    const changed = await post(
      '/api/v2/silences',
      silence({ id, matchers: [{ name: 'table', value: 'b', isRegex: true }] }),
    )
    expect(changed.body).not.toEqual({ silenceID: id })
    const all = (await get('/api/v2/silences')).body as { id: string; status: { state: string } }[]
    expect(all.map(({ status }) => status.state)).toEqual(['active', 'expired'])
    expect((await get('/api/v2/silences?filter=table%3D%22b%22')).body).toHaveLength(1)
    expect((await app.inject({ method: 'DELETE', url: `/api/v2/silence/${all[0]!.id}` })).statusCode).toBe(
      200,
    )
    expect((await app.inject({ method: 'DELETE', url: `/api/v2/silence/${all[0]!.id}` })).statusCode).toBe(
      400,
    )
    expect((await get('/api/v2/silence/none')).status).toBe(404)
  })

  test.for([
    ['no matcher', { matchers: [] }, /matchers/],
    ['everything', { matchers: [{ name: 'a', value: '.*', isRegex: true }] }, /empty string/],
    ['a bad expression', { matchers: [{ name: 'a', value: '(', isRegex: true }] }, /a=~"\("/],
    ['the past', { endsAt: '2026-05-04T07:00:00Z' }, /end of a silence/],
    ['an unknown window', { during: ['night'] }, /night is not defined/],
    ['no time', { startsAt: 'soon' }, /startsAt/],
  ] as const)('refuse %s', async ([, more, message]) => {
    const { status, body } = await post('/api/v2/silences', silence(more))

    expect(status).toBe(400)
    expect(body).toMatch(message)
  })

  test('are not acknowledged when they cannot be kept', async () => {
    world.store.refusing = 'disk full'
    expect(await post('/api/v2/silences', silence())).toEqual({ status: 500, body: 'disk full' })
    expect((await get('/api/v2/silences')).body).toEqual([])
  })
})

describe('alerts', () => {
  test('are taken in and shown with what mutes them', async () => {
    await post('/api/v2/silences', silence())
    await post('/api/v2/alerts', [
      {
        labels: { alertname: 'cause', table: 'b' },
        annotations: { summary: 's' },
        generatorURL: 'http://prometheus.example/graph',
      },
      { labels: { alertname: 'effect', table: 'b', empty: '' } },
      { labels: { alertname: 'cause', table: 'a' }, startsAt: '2026-05-04T07:59:00+00:00' },
    ])
    const { body } = await get('/api/v2/alerts')

    await expect(
      `${JSON.stringify(body, null, 2).replaceAll(/[0-9a-f-]{36}/g, '<silence>')}\n`,
    ).toMatchFileSnapshot('alertmanager-alerts.json')
    expect((await get('/api/v2/alerts?silenced=false&inhibited=false')).body).toHaveLength(1)
    expect((await get('/api/v2/alerts?filter=alertname%3D~%22c.*%22')).body).toHaveLength(2)
    expect((await get('/api/v2/alerts?receiver=no.*')).body).toHaveLength(0)
    expect((await get('/api/v2/alerts/groups')).body).toMatchObject([
      { labels: { table: 'b' }, receiver: { name: 'hook' }, alerts: [{}, {}] },
      { labels: { table: 'a' }, receiver: { name: 'hook' }, alerts: [{}] },
    ])
  })

  test.for([
    ['no labels', [{ labels: {} }], /label pair/],
    ['nothing', {}, /array/],
    [
      'an end before the start',
      [{ labels: { a: 'b' }, startsAt: '2026-05-04T08:00:00Z', endsAt: '2026-05-04T07:00:00Z' }],
      /before its end/,
    ],
    ['a bad filter', null, /matchers/],
  ] as const)('refuse %s', async ([, payload, message]) => {
    const { status, body } =
      payload === null ? await get('/api/v2/alerts?filter=%7B%7B') : await post('/api/v2/alerts', payload)

    expect(status).toBe(400)
    expect(body).toMatch(message)
  })
})

describe('ours', () => {
  test('an acknowledgement silences until the alert is over', async () => {
    await world.push(1, firing('late', { table: 'x' }))
    const [alert] = world.notifier.alerts(world.clock.now())
    const { status } = await post(`/api/tidemark/alerts/${alert!.fact.id}/acknowledge`, { createdBy: 'me' })
    await world.until(30)

    expect(status).toBe(200)
    expect(world.told()).toEqual([])
    expect((await post('/api/tidemark/alerts/0000/acknowledge', { createdBy: 'me' })).status).toBe(404)
  })

  test('explains', async () => {
    await world.push(1, firing('late', { table: 'x' }))
    await world.until(20)
    const { body } = await get('/api/tidemark/explain/late')

    await expect(`${JSON.stringify(body, null, 2)}\n`).toMatchFileSnapshot('alertmanager-explain.json')
    const [{ attempts } = { attempts: [] }] = Explanations.parse(body)[0]!.notices
    expect(attempts).toEqual([{ at: expect.any(Number), result: 'delivered', answer: '200 ok' }])
    expect((await get('/api/tidemark/explain/unknown')).status).toBe(404)
    expect(world.clock.now()).toBe(at(20))
  })
})
