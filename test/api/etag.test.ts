// Who asks again is told that nothing changed; everybody else gets all of it.
import compress from '@fastify/compress'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { entityTags } from '../../src/api/etag.ts'

async function app() {
  let rows = 1
  const server = Fastify()
  entityTags(server)
  await server.register(compress, { encodings: ['gzip', 'identity'], threshold: 0 })
  const all = () => ({ tables: Array.from({ length: rows }, (_, i) => ({ table: `t${i}` })) })
  server.get('/api/tidemark/tables', async () => all())
  server.get('/api/tidemark/broken', (_request, reply) => reply.code(400).send({ error: 'no' }))
  server.get('/api/v1/query', async () => all())
  server.post('/api/tidemark/tables', async () => all())
  return {
    grow: () => (rows += 1),
    ask: (headers: Record<string, string> = {}, url = '/api/tidemark/tables') =>
      server.inject({ url, headers }),
    post: (headers: Record<string, string>) =>
      server.inject({ method: 'POST', url: '/api/tidemark/tables', headers }),
  }
}

test('the same answer is 304 without a body, another one is sent with another tag', async () => {
  const { ask, grow } = await app()
  const first = await ask()
  const tag = String(first.headers['etag'])
  expect(tag).toMatch(/^W\/"[\w-]{27}"$/)

  const same = await ask({ 'if-none-match': tag })
  expect([same.statusCode, same.body, same.headers['etag']]).toEqual([304, '', tag])
  expect(same.headers).not.toHaveProperty('content-length')
  expect(same.headers['cache-control']).toBe('private, no-cache')

  grow()
  const other = await ask({ 'if-none-match': tag })
  expect(other.statusCode).toBe(200)
  expect(other.json()).toEqual({ tables: [{ table: 't0' }, { table: 't1' }] })
  expect(other.headers['etag']).not.toBe(tag)
})

test('gzipped and plain have the same tag', async () => {
  const { ask } = await app()
  const zipped = await ask({ 'accept-encoding': 'gzip' })

  expect(zipped.headers['content-encoding']).toBe('gzip')
  expect(zipped.headers['etag']).toBe((await ask()).headers['etag'])
  expect(
    (await ask({ 'accept-encoding': 'gzip', 'if-none-match': String(zipped.headers['etag']) })).statusCode,
  ).toBe(304)
})

describe('If-None-Match', () => {
  test.for<[string, (tag: string) => string, number]>([
    ['the tag', (tag) => tag, 304],
    ['the tag as a strong one', (tag) => tag.slice(2), 304],
    ['one of several', (tag) => `"a", ${tag} , "b"`, 304],
    ['anything', () => '*', 304],
    ['another', () => 'W/"a"', 200],
    ['the tag without quotes', (tag) => tag.replaceAll('"', ''), 200],
    ['a part of the tag', (tag) => `${tag.slice(0, 10)}"`, 200],
    ['nothing', () => '', 200],
  ])('%s', async ([, header, status]) => {
    const { ask } = await app()
    const tag = String((await ask()).headers['etag'])

    expect((await ask({ 'if-none-match': header(tag) })).statusCode).toBe(status)
  })
})

test('errors, changes and answers that carry a time have none', async () => {
  const { ask, post } = await app()
  const any = { 'if-none-match': '*' }

  expect((await ask(any, '/api/tidemark/broken')).statusCode).toBe(400)
  expect((await post(any)).statusCode).toBe(200)
  const query = await ask(any, '/api/v1/query')
  expect([query.statusCode, query.headers['etag']]).toEqual([200, undefined])
})
