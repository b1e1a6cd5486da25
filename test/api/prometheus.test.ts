// The query API as Grafana meets it: request and exact answer.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Server, prometheusRoutes, serve } from '../../src/api/api.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import { type Engine, createEngine, memorySeries } from '../../src/promql/promql.ts'
import { ApiConfig } from '../../src/config/api.ts'
import { localFiles } from '../../src/io/files.ts'

const AT = timestamp(1_795_000_000_000)
const series = memorySeries()
for (let i = 0; i <= 10; i++) {
  series.append(
    'test',
    [
      { name: 'up', labels: { source: 'lake', 'utf.8': 'x' }, value: 1 },
      { name: 'rows', labels: { table: 'a' }, value: i / 3 },
      { name: 'rows', labels: { table: 'b' }, value: 1e21 * i },
    ],
    timestamp(AT + i * 60_000),
  )
}

const serveQueries = (engine: Engine): Promise<Server> =>
  serve(ApiConfig.parse({ listen: '127.0.0.1:0' }), {
    files: localFiles('.'),
    monotonic: () => millis(performance.now()),
    known: { facts: () => [], recorded: () => [] },
    scrape: async function* () {},
    ready: () => true,
    reload: async () => undefined,
    routes: [
      prometheusRoutes({
        engine,
        series,
        metrics: [{ name: 'rows', type: 'gauge', help: 'Rows.', unit: '', labels: ['table'] }],
        now: () => timestamp(AT + 600_000),
        version: '1.2.3',
        groups: () => [],
      }),
    ],
  })

let server: Server
beforeAll(async () => {
  server = await serveQueries(createEngine(series))
})
afterAll(() => server[Symbol.asyncDispose]())

const get = async (path: string, init?: RequestInit) => {
  const response = await fetch(`${server.url}/api/v1/${path}`, init)
  return { status: response.status, body: (await response.json()) as unknown }
}
const ok = (data: unknown) => ({ status: 200, body: { status: 'success', data } })
const bad = (status: number, errorType: string, error: RegExp) => ({
  status,
  body: { status: 'error', errorType, error: expect.stringMatching(error) as unknown },
})

describe('queries', () => {
  test.for<[string, unknown]>([
    ['query?query=1%2B1', ok({ resultType: 'scalar', result: [AT / 1000 + 600, '2'] })],
    ['query?query=%22x%22&time=1.5', ok({ resultType: 'string', result: [1.5, 'x'] })],
    [
      'query?query=rows&time=1795000060',
      ok({
        resultType: 'vector',
        result: [
          { metric: { __name__: 'rows', table: 'a' }, value: [1795000060, '0.3333333333333333'] },
          { metric: { __name__: 'rows', table: 'b' }, value: [1795000060, '1e+21'] },
        ],
      }),
    ],
    ['query?query=rows%20%3E%20Inf', ok({ resultType: 'vector', result: [] })],
    [
      'query_range?query=rows%7Btable%3D%22a%22%7D*3&start=2026-11-18T11:06:40Z&end=1795000120&step=1m',
      ok({
        resultType: 'matrix',
        result: [
          {
            metric: { table: 'a' },
            values: [
              [1795000000, '0'],
              [1795000060, '1'],
              [1795000120, '2'],
            ],
          },
        ],
      }),
    ],
  ])('%s', async ([path, answer]) => {
    expect(await get(path)).toEqual(answer)
  })

  test('a form is as good as a query string', async () => {
    const body = new URLSearchParams({ query: 'up', time: String(AT / 1000) })

    expect(await get('query', { method: 'POST', body })).toEqual(
      ok({
        resultType: 'vector',
        result: [{ metric: { __name__: 'up', source: 'lake', 'utf.8': 'x' }, value: [AT / 1000, '1'] }],
      }),
    )
  })

  test('warnings and infos come along', async () => {
    const { body } = await get('query?query=rate(rows%5B5m%5D)')

    expect(body).toMatchObject({
      status: 'success',
      infos: [expect.stringContaining('metric might not be a counter')],
    })
  })

  test.for<[string, unknown]>([
    ['query', bad(400, 'bad_data', /"query"/)],
    ['query?query=rate(rows)', bad(400, 'bad_data', /expected type range vector/)],
    ['query?query=up&time=soon', bad(400, 'bad_data', /cannot parse "soon" to a valid timestamp/)],
    [
      'query?query=rows%20%2B%20on()%20rows',
      bad(422, 'execution', /many-to-many|multiple matches|duplicate series/),
    ],
    ['query_range?query=up&start=0&end=10&step=0', bad(400, 'bad_data', /zero or negative query resolution/)],
    [
      'query_range?query=up&start=10&end=0&step=1',
      bad(400, 'bad_data', /end timestamp must not be before start/),
    ],
    [
      'query_range?query=up&start=0&end=11001&step=1',
      bad(400, 'bad_data', /exceeded maximum resolution of 11,000 points/),
    ],
    ['series', bad(400, 'bad_data', /no match/)],
    ['labels?match[]=1', bad(400, 'bad_data', /series selector/)],
    ['labels?limit=few', bad(400, 'bad_data', /"limit"/)],
  ])('%s is refused', async ([path, answer]) => {
    expect(await get(path)).toEqual(answer)
  })
})

describe('what Grafana looks up', () => {
  test.for<[string, unknown]>([
    ['labels', ok(['__name__', 'source', 'table', 'utf.8'])],
    ['labels?match[]=rows', ok(['__name__', 'table'])],
    ['labels?limit=2', ok(['__name__', 'source'])],
    ['label/table/values', ok(['a', 'b'])],
    ['label/U__utf_2e_8/values', ok(['x'])],
    ['label/table/values?match[]=up', ok([])],
    ['label/table/values?start=1&end=2', ok([])],
    [
      'series?match[]=rows&match[]=%7Btable%3D%22a%22%7D',
      ok([
        { __name__: 'rows', table: 'a' },
        { __name__: 'rows', table: 'b' },
      ]),
    ],
    ['metadata', ok({ rows: [{ type: 'gauge', help: 'Rows.', unit: '' }] })],
    ['metadata?metric=nothing', ok({})],
    ['query_exemplars?query=test', ok([])],
    ['format_query?query=sum(rows)by(table)', ok('sum by (table) (rows)')],
    ['rules', ok({ groups: [] })],
    ['alerts', ok({ alerts: [] })],
  ])('%s', async ([path, answer]) => {
    expect(await get(path)).toEqual(answer)
  })

  test('buildinfo names a version and no features', async () => {
    const { body } = await get('status/buildinfo')

    expect(body).toMatchObject({
      data: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/), revision: 'tidemark-1.2.3' },
    })
    expect(body).not.toHaveProperty('data.features')
  })

  test('answers are compressed for whoever asks', async () => {
    const response = await fetch(
      `${server.url}/api/v1/query_range?query=rows&start=1795000000&end=1795000600&step=1`,
      {
        headers: { 'accept-encoding': 'gzip' },
      },
    )

    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(((await response.json()) as { data: { result: unknown[] } }).data.result).toHaveLength(2)
  })
})

describe("limits are Prometheus's", () => {
  const ask = async (engine: Engine, path: string) => {
    await using limited = await serveQueries(engine)
    const response = await fetch(`${limited.url}/api/v1/${path}`)
    return { status: response.status, body: (await response.json()) as unknown }
  }

  test('11,000 points of a series', async () => {
    expect(await get('query_range?query=rows&start=0&end=11000&step=1')).toMatchObject({ status: 200 })
    expect(await get('query_range?query=rows&start=0&end=11001&step=1')).toEqual(
      bad(400, 'bad_data', /exceeded maximum resolution of 11,000 points per timeseries/),
    )
  })

  test('50,000,000 samples', async () => {
    const query = 'max_over_time(vector(1)[10y:1s])'
    const error = bad(422, 'execution', /would load too many samples into memory.*limit is 50000000/)

    expect(await get(`query?query=${query}`)).toEqual(error)
    expect(await get(`query_range?query=${query}&start=0&end=60&step=15`)).toEqual(error)
  })

  test('two minutes, or what the query asks for where that is less', async () => {
    let clock = 0
    const slow = () => createEngine(series, { now: () => (clock += 9_000) })
    const range = 'query_range?query=abs(rows)&start=1795000000&end=1795000600&step=1'

    expect(await ask(slow(), range)).toEqual(
      bad(503, 'timeout', /query timed out in expression evaluation after 120000 ms/),
    )
    expect(await ask(slow(), `${range}&timeout=1h`)).toEqual(bad(503, 'timeout', /after 120000 ms/))
    expect(await ask(slow(), `query?query=sum(abs(rows))&timeout=20s`)).toEqual(
      bad(503, 'timeout', /after 20000 ms/),
    )
  })

  test('20 queries at once', async () => {
    let begun = 0
    const all = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const engine = createEngine(series)
    await using busy = await serveQueries({
      ...engine,
      async instantSliced(...query) {
        begun += 1
        if (begun === 20) all.resolve()
        await gate.promise
        return engine.instantSliced(...query)
      },
    })
    const query = async (params: string) => {
      const response = await fetch(`${busy.url}/api/v1/query?query=up${params}`)
      return { status: response.status, body: (await response.json()) as unknown }
    }
    const running = Array.from({ length: 20 }, () => query(''))
    await all.promise
    const late = await query('&timeout=10ms')
    const waiting = query('')
    gate.resolve()

    expect(late).toEqual(bad(503, 'timeout', /query timed out in query queue: 20 are evaluated/))
    expect((await Promise.all([...running, waiting])).map(({ status }) => status)).toEqual(
      Array.from({ length: 21 }, () => 200),
    )
    expect(begun).toBe(21)
  })
})
