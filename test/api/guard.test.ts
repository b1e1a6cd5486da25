// Who may ask: token, users, health for everybody, doors with tokens of their own; and how often.
import bcrypt from 'bcryptjs'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { type GuardParts, guard } from '../../src/api/guard.ts'
import { Secret } from '../../src/model/secret.ts'
import { millis } from '../../src/model/units.ts'

const PASSWORD = 'correct horse'
const HASH = new Secret(bcrypt.hashSync(PASSWORD, 4))
const TOKEN = new Secret('t0ken-of-the-api')

function app(change: Partial<GuardParts> = {}): FastifyInstance {
  const server = Fastify()
  guard(server, {
    token: TOKEN,
    users: { grafana: HASH },
    rate: { interval: millis(1_000), burst: 100 },
    monotonic: () => millis(0),
    ...change,
  })
  server.get('/metrics', async () => 'all')
  server.get('/-/healthy', { config: { open: true } }, async () => 'well')
  return server
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

describe('with a token and users', () => {
  test.for<[string, string | undefined, number]>([
    ['nothing', undefined, 401],
    ['the token', 'Bearer t0ken-of-the-api', 200],
    ['the token, written otherwise', 'bearer   t0ken-of-the-api ', 200],
    ['another token', 'Bearer t0ken-of-the-ap', 401],
    ['the token as a password', basic('', 't0ken-of-the-api'), 401],
    ['a user', basic('grafana', PASSWORD), 200],
    ['a wrong password', basic('grafana', 'wrong'), 401],
    ['nobody', basic('nobody', PASSWORD), 401],
    ['a name that objects have', basic('constructor', PASSWORD), 401],
    ['no colon', `Basic ${Buffer.from('grafana').toString('base64')}`, 401],
    ['too long', `Bearer ${'x'.repeat(5_000)}`, 401],
  ])('%s', async ([, authorization, status]) => {
    const headers = authorization === undefined ? {} : { authorization }
    expect((await app().inject({ url: '/metrics', headers })).statusCode).toBe(status)
  })

  test('a password that was right once is still compared', async () => {
    const server = app()
    const ask = async (password: string) =>
      (await server.inject({ url: '/metrics', headers: { authorization: basic('grafana', password) } }))
        .statusCode

    expect([await ask(PASSWORD), await ask('other'), await ask(PASSWORD)]).toEqual([200, 401, 200])
  })

  test('says how, and never what', async () => {
    const answer = await app().inject({ url: '/metrics' })

    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="tidemark", Basic realm="tidemark", charset="UTF-8"',
    )
    expect(answer.body).not.toContain('t0ken')
  })

  test('health is told to all, what is not there to nobody', async () => {
    expect((await app().inject('/-/healthy')).statusCode).toBe(200)
    expect((await app().inject('/nothing')).statusCode).toBe(401)
  })
})

test('without token and users nobody is asked', async () => {
  expect((await app({ token: undefined, users: {} }).inject('/metrics')).statusCode).toBe(200)
})

test('an address that asks too often waits as long as it is told; others do not', async () => {
  let now = 0
  const server = app({
    token: undefined,
    users: {},
    rate: { interval: millis(2_000), burst: 3 },
    monotonic: () => millis(now),
  })
  const ask = async (remoteAddress: string) => server.inject({ url: '/metrics', remoteAddress })
  const statuses = async (count: number, address: string) => {
    const all: number[] = []
    for (let i = 0; i < count; i++) all.push((await ask(address)).statusCode)
    return all
  }

  expect(await statuses(4, '10.0.0.1')).toEqual([200, 200, 200, 429])
  expect((await ask('10.0.0.1')).headers['retry-after']).toBe('2')
  expect(await statuses(1, '10.0.0.2')).toEqual([200])
  now = 4_000
  expect(await statuses(3, '10.0.0.1')).toEqual([200, 200, 429])
})
