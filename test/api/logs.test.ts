// The daemon's own log over HTTP: bounded, filtered, without secrets.
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { logRoutes } from '../../src/api/logs.ts'
import { createLog, type LogLevel } from '../../src/io/log.ts'
import { MOST_RECORDS } from '../../src/io/recent-log.ts'
import { Secret } from '../../src/model/secret.ts'

interface Answer {
  readonly logs: ReadonlyArray<{ id: number; at: number; level: string; message: string; fields: object }>
  readonly dropped: number
}

function daemon(level: LogLevel = 'debug') {
  const lines: string[] = []
  const log = createLog(level, { write: (line) => lines.push(line) })
  const app = Fastify()
  logRoutes(log.recent)(app)
  return {
    log,
    lines,
    ask: async (query = '') => {
      const answer = await app.inject(`/api/tidemark/logs${query}`)
      return { status: answer.statusCode, body: answer.json<Answer & { error?: string }>() }
    },
    messages: async (query = '') =>
      (await app.inject(`/api/tidemark/logs${query}`)).json<Answer>().logs.map(({ message }) => message),
  }
}

test('what is written is also told, newest first, with the fields of its poll and no secret', async () => {
  const { log, lines, ask } = daemon()
  log.info({ url: 'http://127.0.0.1:9464' }, 'listening')
  log.child({ poll: 'lake@1' }).warn({ token: new Secret('hunter2'), error: '\u001b[31mred' }, 'slow')

  const { body } = await ask()

  expect(body).toEqual({
    dropped: 0,
    logs: [
      {
        id: 2,
        at: expect.any(Number),
        level: 'warn',
        message: 'slow',
        fields: { poll: 'lake@1', token: '<redacted>', error: '\u001b[31mred' },
      },
      {
        id: 1,
        at: expect.any(Number),
        level: 'info',
        message: 'listening',
        fields: { url: 'http://127.0.0.1:9464' },
      },
    ],
  })
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['listening', 'slow'])
  expect(lines.join('')).not.toContain('hunter2')
  expect(Math.abs(body.logs[0]!.at - Date.parse((JSON.parse(lines[1]!) as { time: string }).time))).toBe(0)
})

describe('asked for', () => {
  test('a level, that or worse', async () => {
    const { log, messages } = daemon()
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({}, level)

    expect(await messages('?level=warn')).toEqual(['error', 'warn'])
    expect(await messages('?level=debug')).toHaveLength(4)
  })

  test('a time, and how many', async () => {
    const { log, ask, messages } = daemon()
    for (let i = 0; i < 5; i++) log.info({}, String(i))
    const { body } = await ask()
    const newest = body.logs[0]!.at

    expect(await messages('?limit=2')).toEqual(['4', '3'])
    expect(await messages(`?since=${newest}`)).toContain('4')
    expect(await messages(`?since=${newest + 1}`)).toEqual([])
    expect(await messages(`?since=${new Date(newest + 1).toISOString()}`)).toEqual([])
  })

  test.for(['?level=fatal', '?since=yesterday', '?limit=0', '?limit=many', '?limit=1001'])(
    '%s is bad input',
    async (query) => {
      const { status, body } = await daemon().ask(query)
      expect(status).toBe(400)
      expect(body.error).toMatch(/expected|Invalid/)
    },
  )
})

test('the oldest give way, and are counted; what is not written is not told', async () => {
  const { log, ask } = daemon('info')
  for (let i = 0; i < MOST_RECORDS + 7; i++) log.info({ i }, 'many')
  log.debug({}, 'too quiet')

  const { body } = await ask(`?limit=${MOST_RECORDS}`)

  expect(body.logs).toHaveLength(MOST_RECORDS)
  expect(body.logs.at(-1)!.fields).toEqual({ i: 7 })
  expect(body.dropped).toBe(7)
  expect(log.recent.written).toEqual({ debug: 0, info: MOST_RECORDS + 7, warn: 0, error: 0 })
})

test('a record too long keeps its text and says what it lost', async () => {
  const { log, ask } = daemon()
  log.error({ body: 'x'.repeat(100_000) }, 'y'.repeat(10_000))

  const [record] = (await ask()).body.logs

  expect(record!.message).toHaveLength(4_096)
  expect(record!.fields).toEqual({
    omitted: expect.stringMatching(/^fields of a line of 110\d\d\d characters$/),
  })
})
