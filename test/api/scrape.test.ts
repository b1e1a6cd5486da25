// GET /metrics over HTTP: gzip, selectors, and no more answers at once than memory has room for.
import zlib from 'node:zlib'
import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { type Scrape, scrapeRoutes } from '../../src/api/scrape.ts'

function app(scrape: Scrape) {
  const server = Fastify()
  scrapeRoutes(scrape)(server)
  return server
}
const pieces: Scrape = async function* () {
  yield 'a 1\n'
  yield 'b 2\n'
}

test('plain, or gzipped for who takes it', async () => {
  const plain = await app(pieces).inject('/metrics')
  const gzip = await app(pieces).inject({ url: '/metrics', headers: { 'accept-encoding': 'gzip, br' } })

  expect([plain.headers['content-type'], plain.body]).toEqual([
    'text/plain; version=0.0.4; charset=utf-8',
    'a 1\nb 2\n',
  ])
  expect(gzip.headers['content-encoding']).toBe('gzip')
  const refused = { 'accept-encoding': 'gzip;q=0, identity' }
  const unzipped = await app(pieces).inject({ url: '/metrics', headers: refused })
  expect(unzipped.headers['content-encoding']).toBeUndefined()
  expect(zlib.gunzipSync(gzip.rawPayload).toString()).toBe(plain.body)
})

test('selectors are handed on; one that is none is refused with the reason', async () => {
  const asked: unknown[] = []
  const server = app(async function* (what) {
    asked.push(what)
    yield ''
  })

  await server.inject(`/metrics?match[]=${encodeURIComponent('{__name__=~"tidemark_table_.+",table="a"}')}`)
  const refused = await server.inject(`/metrics?match[]=${encodeURIComponent('sum(up)')}`)
  const broken = await server.inject(`/metrics?match[]=${encodeURIComponent('{')}`)

  await server.inject('/metrics?aggregate=source')
  const unknown = await server.inject('/metrics?aggregate=owner')

  expect(asked).toEqual([
    {
      matches: [
        [
          { name: '__name__', op: '=~', value: 'tidemark_table_.+' },
          { name: 'table', op: '=', value: 'a' },
        ],
      ],
      aggregated: false,
    },
    { matches: [], aggregated: true },
  ])
  expect([unknown.statusCode, unknown.body]).toEqual([
    400,
    'invalid parameter "aggregate": it can only be source, one series for all of a source\n',
  ])
  expect([refused.statusCode, refused.body]).toEqual([
    400,
    'invalid parameter "match[]": expected a series selector\n',
  ])
  expect(broken.statusCode).toBe(400)
})

test('at most four at once; who is done makes room', async () => {
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  let next = 0
  const server = app(async function* () {
    const gate = gates[next++]
    yield 'a 1\n'
    await gate?.promise
  })
  const running = Array.from({ length: 4 }, () =>
    server.inject('/metrics').then(({ statusCode }) => statusCode),
  )
  await expect.poll(() => next).toBe(4)

  expect((await server.inject('/metrics')).statusCode).toBe(503)
  for (const gate of gates) gate.resolve()
  expect(await Promise.all(running)).toEqual([200, 200, 200, 200])
  await expect.poll(async () => (await server.inject('/metrics')).statusCode).toBe(200)
})
