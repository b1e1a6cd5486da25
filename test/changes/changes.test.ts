// What changed, as lines: `days ago kind stands what: from → to`.
import { expect, test } from 'vitest'
import { type Change, computeByRun, pipelineChanges, tableChanges } from '../../src/changes/changes.ts'
import { lineageOf } from '../../src/lineage/lineage.ts'
import type { Fact } from '../../src/model/facts.ts'
import { edgeOf, jobId } from '../../src/model/run-facts.ts'
import { DAY, HOUR, MINUTE, millis, timestamp, usd } from '../../src/model/units.ts'
import { settle } from '../../src/ledger/ledger.ts'
import { createLog } from '../../src/io/log.ts'
import { openStore } from '../../src/store/store.ts'
import { aReport } from '../model/a-run.ts'
import { NOW, aCommit, aTable } from '../model/a-table.ts'
import { anApplication } from '../model/an-application.ts'

const ORDERS = 's3://lake/gold/orders'
const JOB = jobId('default', 'daily_orders')
const daysAgo = (days: number) => timestamp(NOW - days * DAY)

async function world(...facts: readonly Fact[]) {
  const store = await openStore({
    directory: ':memory:',
    now: NOW,
    log: createLog('silent'),
    retention: { samples: DAY, commits: millis(99 * DAY), runs: millis(99 * DAY) },
  })
  // One by one: sources tell of days one after the other.
  for (const fact of facts) store.record(settle([fact], store), NOW)
  const costOf = () => usd(3)
  return { store, changing: { known: store, lineage: lineageOf(store), costOf } }
}

const printed = (changes: readonly Change[]): string =>
  changes
    .map(({ at, kind, stands, what, from, to, unit }) =>
      [
        `${((NOW - at) / DAY).toFixed(1)} d`,
        `${kind} ${stands}`,
        `${what}: ${from} → ${to}${unit === null ? '' : ` ${unit}`}`,
      ].join('  '),
    )
    .join('\n')

const run = (days: number, minutes: number, change: Parameters<typeof aReport>[0] = {}) => {
  const startedAt = daysAgo(days)
  const endedAt = timestamp(startedAt + minutes * MINUTE)
  return aReport({ runId: `r${days}`, startedAt, endedAt, asOf: endedAt, ...change })
}

test('of a table: schema, rows, engine, operations, who writes it and with which code', async () => {
  const commits = Array.from({ length: 9 }, (_, i) =>
    aCommit({
      id: `${ORDERS}@${i}`,
      version: String(i),
      at: daysAgo(10 - i),
      operation: i === 8 ? 'MERGE' : 'WRITE',
      rowsAdded: [1_000, 1_010, 990, 1_005, 5_000, 5_100, 1_000, 1_020, 100][i]!,
      engine: i < 3 ? 'Apache-Spark/3.5.1' : 'Apache-Spark/4.0.1',
    }),
  )
  const runs = [5, 4, 3, 2].map((days) =>
    run(days, 10, { labels: { git_sha: days > 3 ? 'aaa' : 'bbb', run_type: `t${days}` } }),
  )
  const { store, changing } = await world(
    aTable({ id: ORDERS }),
    ...commits,
    edgeOf('flows', 'writes', JOB, ORDERS, daysAgo(20)),
    edgeOf('flows', 'writes', jobId('default', 'repair'), ORDERS, daysAgo(1)),
    ...runs,
  )

  expect(printed(tableChanges(store.facts('table')[0]!, changing))).toMatchInlineSnapshot(`
    "1.0 d  writer new  a new job writes it: null → default/repair
    2.0 d  operation new  first: null → MERGE
    2.0 d  volume less  rows of MERGE: 1005 → 100 rows
    3.0 d  code new  git_sha of daily_orders: aaa → bbb
    5.0 d  schema new  widened id: integer → long
    6.0 d  volume more  rows of WRITE: 1005 → 5000 rows
    7.0 d  engine new  written by: Apache-Spark/3.5.1 → Apache-Spark/4.0.1"
  `)
})

test('of a pipeline: how long, how much, how dear, which code, what it reads', async () => {
  const runs = [9, 8, 7, 6, 5, 4, 3, 2].map((days) =>
    run(days, days > 3 ? 20 : 55, {
      processed: days === 4 ? 10 : 1_000,
      labels: days > 5 ? {} : { code_version: days > 3 ? '1.4' : '1.5' },
    }),
  )
  const applications = [9, 8, 7, 6, 5, 4, 3, 2].map((days) =>
    anApplication({
      appId: `app-${days}`,
      application: 'daily_orders',
      startedAt: timestamp(daysAgo(days) + MINUTE),
      endedAt: timestamp(daysAgo(days) + 10 * MINUTE),
      at: timestamp(daysAgo(days) + 10 * MINUTE),
      executors: { coreTime: millis(days === 2 ? 90 * HOUR : 40 * HOUR) },
    }),
  )
  const reads = (name: string, days: number) => edgeOf('flows', 'reads', name, JOB, daysAgo(days))
  const facts = [
    ...runs,
    ...applications,
    reads('s3://lake/raw/orders', 9),
    reads('s3://lake/raw/old', 9),
    reads('s3://lake/raw/orders', 2),
    reads('s3://lake/raw/old', 5),
    reads('s3://lake/raw/new', 2),
  ]
  const { store, changing } = await world(...facts)
  const pipeline = store.facts('pipeline')[0]!

  expect(
    printed(
      pipelineChanges(pipeline, {
        ...changing,
        costOf: ({ executors }) => usd(executors.coreTime / HOUR / 10),
      }),
    ),
  ).toMatchInlineSnapshot(`
    "2.0 d  input new  reads: null → s3://lake/raw/new
    2.0 d  price more  of a run: 4 → 9 usd
    3.0 d  code new  code_version of daily_orders: 1.4 → 1.5
    3.0 d  duration more  a run takes: 1200000 → 3300000 milliseconds
    4.0 d  volume less  rows of a run: 1000 → 10 rows
    5.0 d  input gone  reads no longer: s3://lake/raw/old → null"
  `)
  expect(printed(pipelineChanges(pipeline, { ...changing, costOf: () => null }))).toContain(
    'price more  core hours of a run: 40 → 90 core-hours',
  )
  expect(computeByRun(pipeline, store.facts('run', { id: 'flows/daily_orders/r2' }), changing)).toEqual(
    new Map([['flows/daily_orders/r2', { executions: 1, coreHours: 90, usd: 3 }]]),
  )
})

test('nothing stands out of a few usual runs', async () => {
  const { store, changing } = await world(...[3, 2, 1].map((days) => run(days, 20)))

  expect(pipelineChanges(store.facts('pipeline')[0]!, changing)).toEqual([])
})
