// A remote Prometheus as the answer to rules: what is asked, what is understood, and what each failure is called.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress } from '../../src/io/egress.ts'
import { createHttpClient } from '../../src/io/http.ts'
import { createPrometheusQuery } from '../../src/io/prometheus-query.ts'
import { SourceError } from '../../src/model/errors.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import { parse } from '../../src/promql/promql.ts'
import { textQuery } from '../../src/rules/rules.ts'

let answer: { status: number; body: string } | null = null
let asked: { path: string; body: string; headers: http.IncomingHttpHeaders }
const server = http.createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    asked = { path: request.url!, body, headers: request.headers }
    if (answer !== null) response.writeHead(answer.status).end(answer.body)
  })
})
let base = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prom/`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const client = createHttpClient(createEgress(['127.0.0.0/8']))
const ask = (expr = 'up', timeout = 2_000) =>
  createPrometheusQuery(
    { url: base, headers: { 'x-scope-orgid': 'data' }, timeout: millis(timeout) },
    client,
  )(expr, timestamp(1_700_000_000_500), new AbortController().signal)
const success = (data: object) => ({ status: 200, body: JSON.stringify({ status: 'success', data }) })

test('a vector, with the time asked for and the headers given', async () => {
  answer = success({
    resultType: 'vector',
    result: [
      { metric: { __name__: 'up', a: 'b' }, value: [1700000000.5, '1e+06'] },
      { metric: {}, value: [1700000000.5, '+Inf'] },
      { metric: { h: '1' }, histogram: [1700000000.5, {}] },
    ],
  })

  expect(await ask('sum(up) + 1')).toEqual([
    { labels: { __name__: 'up', a: 'b' }, value: 1e6, timestamp: 1_700_000_000_500 },
    { labels: {}, value: Infinity, timestamp: 1_700_000_000_500 },
  ])
  expect(asked).toMatchObject({
    path: '/prom/api/v1/query',
    body: 'query=sum%28up%29+%2B+1&time=1700000000.5&timeout=2s',
    headers: { 'x-scope-orgid': 'data' },
  })
})

test('a scalar is one sample; an expression that rules parsed is sent as text', async () => {
  answer = success({ resultType: 'scalar', result: [1, 'NaN'] })
  const query = textQuery((expr, at) =>
    createPrometheusQuery({ url: base }, client)(expr, at, new AbortController().signal),
  )

  expect(await query(parse('time( )'), timestamp(0))).toEqual([{ labels: {}, value: NaN, timestamp: 1_000 }])
  expect(asked.body).toContain('query=time%28%29&')
})

describe('failures', () => {
  test.for<[string, { status: number; body: string } | null, string, string]>([
    [
      'a query that fails',
      { status: 422, body: '{"status":"error","errorType":"execution","error":"many-to-many"}' },
      'unsupported',
      'execution: many-to-many',
    ],
    [
      'a query that takes too long there',
      { status: 503, body: '{"status":"error","errorType":"timeout","error":"late"}' },
      'timeout',
      'timeout: late',
    ],
    ['a range', success({ resultType: 'matrix', result: [] }), 'corrupt', 'no vector'],
    [
      'a value that is no number',
      success({ resultType: 'scalar', result: [1, 'one'] }),
      'corrupt',
      'not a number',
    ],
    ['a page', { status: 200, body: '<html>' }, 'corrupt', 'no JSON'],
    ['a proxy without a server', { status: 502, body: 'Bad Gateway' }, 'unreachable', 'status 502'],
    ['no permission', { status: 403, body: '' }, 'denied', 'status 403'],
    ['too much', { status: 429, body: '' }, 'throttled', 'status 429'],
    ['silence', null, 'timeout', 'no complete answer within 50 ms'],
  ])('%s', async ([, given, reason, message]) => {
    answer = given
    const error: unknown = await ask('up', given === null ? 50 : 2_000).catch((caught: unknown) => caught)

    expect(error).toBeInstanceOf(SourceError)
    expect((error as SourceError).reason).toBe(reason)
    expect((error as SourceError).message).toContain(message)
    expect((error as SourceError).message).not.toContain('/prom')
  })
})
