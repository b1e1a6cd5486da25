import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { pipelineRoutes } from '../../src/api/pipelines.ts'
import type { Fact } from '../../src/model/facts.ts'
import { edgeOf, jobId } from '../../src/model/run-facts.ts'
import { DAY, MINUTE, timestamp } from '../../src/model/units.ts'
import { createLog } from '../../src/io/log.ts'
import { settle } from '../../src/ledger/ledger.ts'
import { openStore } from '../../src/store/store.ts'
import { aCheckReport, aReport, aTaskReport } from '../model/a-run.ts'
import { NOW, aTable } from '../model/a-table.ts'

const at = (minutes: number) => timestamp(NOW + minutes * MINUTE)
const ORDERS = 's3://lake/gold/orders'
const job = jobId('default', 'daily_orders')

const alert = (labels: Record<string, string>): Fact => ({
  kind: 'alert',
  id: JSON.stringify(labels),
  alert: {
    labels,
    annotations: {},
    startsAt: NOW,
    endsAt: null,
    updatedAt: NOW,
    generatorUrl: '',
    value: 1,
    noData: false,
  },
  expiresAt: null,
  flips: [],
  flapping: null,
})

async function world(...facts: readonly Fact[]) {
  const store = await openStore({
    directory: ':memory:',
    now: NOW,
    log: createLog('silent'),
    retention: { samples: DAY, commits: DAY, runs: DAY },
  })
  store.record(settle(facts, store), NOW)
  const app = Fastify()
  pipelineRoutes({ known: store, dueAt: ({ table }) => (table === 'gold/orders' ? at(60) : null) })(app)
  return async (path: string) => {
    const answer = await app.inject(path)
    return { status: answer.statusCode, body: answer.json() }
  }
}

describe('runs', () => {
  const runs = Array.from({ length: 5 }, (_, i) =>
    aReport({ runId: `r${i}`, startedAt: at(i * 10), endedAt: at(i * 10 + 5), asOf: at(i * 10 + 5) }),
  )
  const ids = (body: { runs: Array<{ runId: string }> }) => body.runs.map((run) => run.runId)

  test('come newest first, page by page', async () => {
    const get = await world(...runs, aReport({ pipeline: 'other', runId: 'x' }))
    const first = await get('/api/tidemark/runs?pipeline=daily_orders&limit=2')
    const last = first.body.runs.at(-1).at as number
    const second = await get(`/api/tidemark/runs?pipeline=daily_orders&limit=2&before=${last}`)

    expect(ids(first.body)).toEqual(['r4', 'r3'])
    expect(ids(second.body)).toEqual(['r2', 'r1'])
    expect(ids((await get('/api/tidemark/runs?limit=3')).body)).toHaveLength(3)
  })

  test.each([
    ['-1', 1],
    ['0', 5],
    ['2.5', 2],
    ['many', 5],
  ])('limit=%s is never no limit at all', async (limit, found) => {
    const get = await world(...runs)
    expect(ids((await get(`/api/tidemark/runs?limit=${limit}`)).body)).toHaveLength(found)
    expect(ids((await get(`/api/tidemark/runs?pipeline=daily_orders&limit=${limit}`)).body)).toHaveLength(
      found,
    )
  })

  test('tell of a mapped task by number; one run by itself tells all', async () => {
    const mapped = ['0', '1'].map((instance) => aTaskReport({ instance, runId: 'r0' }))
    const get = await world(runs[0]!, ...mapped)

    expect((await get('/api/tidemark/runs')).body.runs[0].tasks).toMatchObject([{ name: 'load', count: 2 }])
    expect(
      (await get('/api/tidemark/runs?id=flows/daily_orders/r0')).body.runs[0].tasks[0].instances,
    ).toEqual({
      '0': '1 success',
      '1': '1 success',
    })
  })

  test('before something that is no time is bad input', async () => {
    expect((await (await world())('/api/tidemark/runs?before=noon')).status).toBe(400)
  })
})

test('pipelines come with what their runs add up to', async () => {
  const get = await world(
    aReport({ startedAt: at(-10), endedAt: NOW }),
    aReport({ runId: 'r2', state: 'running' }),
  )

  expect((await get('/api/tidemark/pipelines')).body.pipelines).toMatchObject([
    { pipeline: 'daily_orders', job, runs: { success: 1 }, active: { running: 1 }, lastSuccess: NOW },
  ])
})

test('checks of a table are found by its name', async () => {
  const get = await world(aCheckReport(), aCheckReport({ datasetId: 'x', dataset: 'y' }))

  expect((await get('/api/tidemark/checks?table=shop.public.orders')).body.checks).toHaveLength(1)
})

describe('lineage', () => {
  const lake = [
    aTable({
      id: ORDERS,
      name: 'gold/orders',
      table: 'gold/orders',
      schemaChanges: [{ at: NOW, version: '1', change: 'dropped', column: 'x', from: 'int', to: null }],
    }),
    aReport(),
    edgeOf('x', 'reads', 's3://raw/orders', job, NOW),
    edgeOf('x', 'writes', job, ORDERS, NOW),
    edgeOf('x', 'reads', ORDERS, jobId('default', 'report'), NOW),
    alert({ alertname: 'PipelineFailed', source: 'flows', pipeline: 'daily_orders' }),
    alert({ alertname: 'TableLate', source: 'lake', table: 'gold/orders' }),
  ]

  test('of a table says what it is made of, what fails first, what it delays and when that is needed', async () => {
    const get = await world(...lake)
    const { nodes } = (await get('/api/tidemark/lineage?of=gold/orders')).body

    expect(nodes).toMatchObject([
      {
        id: ORDERS,
        cause: job,
        due: at(60),
        failing: ['TableLate'],
        upstream: [
          { id: job, kind: 'job', name: 'default/daily_orders', distance: 1, failing: ['PipelineFailed'] },
          { id: 's3://raw/orders', kind: 'dataset', distance: 2 },
        ],
        downstream: [{ name: 'default/report' }],
        schemaChanges: [{ column: 'x', change: 'dropped', readers: ['default/report'] }],
      },
    ])
  })

  test('is found by a pipeline or an id too', async () => {
    const get = await world(...lake)

    expect((await get('/api/tidemark/lineage?of=daily_orders')).body.nodes[0].id).toBe(job)
    expect((await get(`/api/tidemark/lineage?of=${encodeURIComponent(job)}`)).body.nodes[0].id).toBe(job)
  })

  test('of nothing, or of something unknown, is said to be so', async () => {
    const get = await world()

    expect((await get('/api/tidemark/lineage')).status).toBe(400)
    expect((await get('/api/tidemark/lineage?of=nowhere')).status).toBe(404)
  })
})
