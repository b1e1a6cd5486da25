import zlib from 'node:zlib'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { doorRoutes } from '../../src/api/doors.ts'
import type { Door } from '../../src/collectors/collector.ts'
import { ConfigError, SourceError, StoreError } from '../../src/model/errors.ts'
import { Secret } from '../../src/model/secret.ts'
import { bytes } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'

const door = (change: Partial<Door> = {}): Door => ({
  path: '/api/v1/runs',
  token: null,
  maxBytes: bytes(1_000),
  accept: (body) => ({ facts: [], status: 201, answer: { got: body }, refused: [] }),
  ...change,
})

async function app(doors: Readonly<Record<string, Door>>, take: () => Promise<void> = async () => undefined) {
  const heard: string[] = []
  const server = Fastify()
  await doorRoutes({
    doors: Object.entries(doors).map(([source, one]) => ({
      source,
      door: one,
      taken: () => heard.push(`${source} taken`),
      refused: (why) => heard.push(`${source} refused: ${why}`),
    })),
    take,
    now: () => NOW,
  })(server)
  const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
    server.inject({ method: 'POST', url: '/api/v1/runs', payload, headers })
  return { post, heard }
}

describe('a door', () => {
  test('answers what its source answers, whatever the content type', async () => {
    const { post, heard } = await app({ jobs: door() })

    const answer = await post('{"a":1}', { 'content-type': 'text/plain' })

    expect([answer.statusCode, answer.json()]).toEqual([201, { got: { a: 1 } }])
    expect(heard).toEqual(['jobs taken'])
  })

  test('takes gzip, bounded before and after', async () => {
    const { post } = await app({ jobs: door() })
    const gzip = { 'content-encoding': 'gzip' }

    expect((await post(zlib.gzipSync('{"a":1}'), gzip)).json()).toEqual({ got: { a: 1 } })
    expect((await post(zlib.gzipSync(' '.repeat(100_000)), gzip)).statusCode).toBe(413)
    expect((await post('x'.repeat(2_000))).statusCode).toBe(413)
    expect((await post('not gzip', gzip)).statusCode).toBe(400)
    expect((await post('{}', { 'content-encoding': 'br' })).statusCode).toBe(415)
  })

  test.each(['', '{', '{"a":', '\u0000', '['.repeat(900)])(
    'answers 400 to %j and says what was expected',
    async (body) => {
      const { post, heard } = await app({ jobs: door() })

      const answer = await post(body)

      expect(answer.statusCode).toBe(400)
      expect(answer.json().error).toContain('expected a JSON body')
      expect(heard).toHaveLength(1)
    },
  )

  test('is opened by its token; sources that share a path are told apart by theirs', async () => {
    const named = (name: string) =>
      door({ accept: () => ({ facts: [], status: 200, answer: name, refused: [] }) })
    const { post } = await app({
      open: named('open'),
      a: { ...named('a'), token: new Secret('secret-a') },
      b: { ...named('b'), token: new Secret('secret-b') },
    })

    expect((await post('{}', { authorization: 'Bearer secret-b' })).body).toBe('b')
    expect((await post('{}')).body).toBe('open')
  })

  test('stays shut without the token and says whose it is', async () => {
    const { post } = await app({ a: door({ token: new Secret('secret-a') }) })

    const answer = await post('{}', { authorization: 'Bearer secret-A' })

    expect(answer.statusCode).toBe(401)
    expect(answer.body).toContain('the source a')
    expect(answer.body).not.toContain('secret-a')
  })

  test('two without a token on one path are a mistake of the configuration', async () => {
    await expect(app({ a: door(), b: door() })).rejects.toThrow(ConfigError)
  })

  test.each([
    ['too much waits', new SourceError('throttled', 'full', { subject: 'inbox' }), 503],
    ['the disk is full', new StoreError('full', 'full'), 503],
    ['we made a mistake', new TypeError('oops'), 500],
  ])('when %s the sender is told whether to come again', async (_, error, status) => {
    const { post } = await app({ jobs: door() }, () => Promise.reject(error))

    const answer = await post('{}')

    expect(answer.statusCode).toBe(status)
    expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined)
  })
})
