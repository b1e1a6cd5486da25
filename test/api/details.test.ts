import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { loadPrices } from '../../src/advisors/advisors.ts'
import { detailRoutes } from '../../src/api/details.ts'
import type { Fact } from '../../src/model/facts.ts'
import { createLog } from '../../src/io/log.ts'
import { settle } from '../../src/ledger/ledger.ts'
import { edgeOf, jobId } from '../../src/model/run-facts.ts'
import { DAY, GIB, MINUTE, bytes, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { aReport } from '../model/a-run.ts'
import { NOW, aTable } from '../model/a-table.ts'

const ORDERS = 's3://lake/gold/orders'
const JOB = jobId('default', 'daily_orders')

async function world(...facts: readonly Fact[]) {
  const store = await openStore({
    directory: ':memory:',
    now: NOW,
    log: createLog('silent'),
    retention: { samples: DAY, commits: DAY, runs: DAY },
  })
  store.record(settle(facts, store), NOW)
  const app = Fastify()
  detailRoutes({
    known: store,
    prices: loadPrices(),
    now: () => NOW,
    historyOf: ({ table }) => ({ onTime: [table] }),
  })(app)
  return async (path: string) => {
    const answer = await app.inject(path)
    return { status: answer.statusCode, body: answer.json() }
  }
}

const written = [
  aReport({ runId: 'r1', endedAt: timestamp(NOW - 5 * MINUTE) }),
  edgeOf('flows', 'writes', JOB, 's3://lake/gold/orders', NOW),
]

describe('a table', () => {
  test('with the runs of what writes it, its cost with the prices it is made of, and its history', async () => {
    const table = aTable({
      id: ORDERS,
      bytes: bytes(1_000 * GIB),
      reclaimable: { bytes: bytes(100 * GIB), exactness: 'estimate', how: '' },
    })
    const get = await world(table, ...written)

    const { body } = await get(`/api/tidemark/tables/detail?id=${ORDERS}`)

    expect(body).toMatchObject({
      id: ORDERS,
      writers: [
        { job: JOB, pipeline: 'daily_orders', pipelineId: 'flows/daily_orders', runs: [{ runId: 'r1' }] },
      ],
      partitions: [{ name: 'day=2026-11-21' }],
      onTime: ['gold/orders'],
    })
    // $0.023 a GB of the first 50 TB.
    expect(body.cost.storage).toBeCloseTo(1_100 * 0.023, 6)
    expect(body.cost.parts.map(({ what }: { what: string }) => what)).toEqual([
      'live files',
      'reclaimable (estimate)',
    ])
    expect(body.cost.how).toMatch(/^S3 Standard at \$0.0230 a GB-month in us-east-1, list price of \d{4}-/)
  })

  test('that does not lie in S3 has no price, and says why', async () => {
    const get = await world(aTable({ id: 'file:/data/orders' }))

    const { body } = await get('/api/tidemark/tables/detail?id=file:/data/orders')

    expect(body.cost).toMatchObject({
      storage: null,
      how: 'only what lies in S3 has a price, and this table does not',
    })
    expect(body.writers).toEqual([])
  })

  test.each([
    ['/api/tidemark/tables/detail?id=nope', 404, 'there is no table "nope"'],
    ['/api/tidemark/pipelines/detail', 400, 'expected the id of a pipeline'],
    ['/api/tidemark/changes?of=nope', 404, 'there is no table or pipeline "nope"'],
  ])('%s is %i', async (path, status, error) => {
    const get = await world()
    expect(await get(path)).toMatchObject({ status, body: { error } })
  })
})

test('a pipeline with what it reads and writes', async () => {
  const get = await world(aTable({ id: ORDERS }), ...written)

  expect((await get('/api/tidemark/pipelines/detail?id=flows/daily_orders')).body).toMatchObject({
    compute: {},
    reads: [],
    writes: [{ id: ORDERS, name: 'gold/orders' }],
  })
})

test('changes are asked for by id, job or name', async () => {
  const get = await world(aTable({ id: ORDERS }), ...written)
  const kinds = await Promise.all(
    [ORDERS, 'gold/orders', 'flows/daily_orders', JOB, 'daily_orders'].map(
      async (of) => (await get(`/api/tidemark/changes?of=${encodeURIComponent(of)}`)).body.kind,
    ),
  )

  expect(kinds).toEqual(['table', 'table', 'pipeline', 'pipeline', 'pipeline'])
})
