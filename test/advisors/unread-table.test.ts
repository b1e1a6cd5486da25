// What access logs say of one table: that nobody reads it, and how often its files are scanned.
import { describe, expect, test } from 'vitest'
import { layout } from '../../src/advisors/layout/layout.ts'
import { loadPrices } from '../../src/advisors/prices.ts'
import type { BucketAccess } from '../../src/model/bucket.ts'
import { FOLDER_DEPTH } from '../../src/model/bucket.ts'
import type { TableFact } from '../../src/model/facts.ts'
import { DAY, GIB, bytes, timestamp } from '../../src/model/units.ts'
import { NOW, aTable } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { aBucket } from './worlds.ts'

const prices = loadPrices()
const read = (prefix: string, gets: number) => ({ prefix, gets, bytesRead: bytes(gets * 1_000) })
const OTHERS = [read('gold/other/', 9), read('gold/orders_old/day=1/', 9)]
const OURS = read('gold/orders/_delta_log/', 5_000)

/** As facts of older versions are. */
const untold: BucketAccess = {
  from: 'server access logs (40 of 40 files)',
  days: 34,
  gets: 5_018,
  bytesRead: bytes(1e9),
  busiestMonth: bytes(1e9),
  byPrefix: [...OTHERS, OURS],
}
const logs = (change: Partial<BucketAccess> = {}): BucketAccess => ({ ...untold, complete: true, ...change })
const findings = (access: BucketAccess | null, table: Partial<TableFact> = {}) =>
  layout.advise(factView([aTable(table), aBucket({ id: 's3://lake', bucket: 'lake', access })]), prices, NOW)
const unread = (access: BucketAccess | null, table: Partial<TableFact> = {}) =>
  findings(access, table).advice.filter(({ topic }) => topic === 'unread-table')

describe('a table that nobody reads', () => {
  test('that is refreshed, and one that rests: ask, never delete', () => {
    const [refreshed] = unread(logs())
    expect(refreshed?.title).toBe(
      'Ask whether gold/orders is still needed: it is refreshed, and nobody read it for 34 days',
    )
    expect(refreshed?.change.after).toContain('pause the refresh of gold/orders')
    const [resting] = unread(logs(), {
      lastChange: { at: timestamp(NOW - 60 * DAY), version: '1', operation: 'WRITE' },
    })
    expect(resting?.title).toContain('may be archived')
    for (const advice of [refreshed!, resting!]) {
      expect(advice.change.after).toContain('delete nothing')
      expect(advice.cost.savings).toBeNull()
      expect(advice.cost.breakEven).toContain('$')
      expect(advice.risk.dataLoss).toBe('none')
    }
  })

  test('a quarter of logs says more than a month', () => {
    expect(unread(logs({ days: 100 }))[0]!.confidence).toBeGreaterThan(unread(logs())[0]!.confidence)
  })

  test.for<readonly [why: string, access: BucketAccess | null, table: Partial<TableFact>]>([
    [
      'one request of its data',
      logs({ byPrefix: [...OTHERS, OURS, read('gold/orders/day=2026-11-01/', 1)] }),
      {},
    ],
    ['days are too few', logs({ days: 29 }), {}],
    ['logs were sampled', logs({ complete: false }), {}],
    ['nothing says whether all was told', untold, {}],
    ['no log', null, {}],
    ['the bucket tells no folders', logs({ byPrefix: null }), {}],
    ['the table is new', logs(), { created: timestamp(NOW - 20 * DAY), oldestSnapshot: null }],
    ['its age is not known', logs(), { created: null, oldestSnapshot: null }],
    ['its data is elsewhere', logs(), { properties: { 'write.data.path': 's3://other/x' } }],
    [
      'it lies so deep that metadata is counted with it',
      logs(),
      { location: `s3://lake/${Array.from({ length: FOLDER_DEPTH }, () => 'a').join('/')}` },
    ],
    ['it lies in another bucket', logs(), { location: 's3://lake-2/gold/orders' }],
  ])('no advice where %s', ([, access, table]) => {
    expect(unread(access, table)).toEqual([])
  })
})

test('a run of a reader that lineage knows is a read', () => {
  const reader = [
    {
      kind: 'edge',
      id: 'a',
      source: 'lineage',
      type: 'reads',
      from: aTable().id,
      to: 'job:flows/report',
      lastSeen: NOW,
    },
    { kind: 'pipeline', id: 'flows/report', namespace: 'flows', name: 'report' },
  ] as const
  const run = { kind: 'run', id: 'r', pipelineId: 'flows/report', at: NOW, state: 'success' } as const
  const bucket = aBucket({ id: 's3://lake', bucket: 'lake', access: logs() })
  const found = (facts: Parameters<typeof factView>[0]) =>
    layout
      .advise(factView([aTable(), bucket, ...facts]), prices, NOW)
      .advice.filter(({ topic }) => topic === 'unread-table')
  expect(found([...reader, run])).toEqual([])
  // Lineage knows its reader, which did not run: surer than logs alone.
  expect(found([...reader])[0]!.confidence).toBeCloseTo(0.55, 9)
})

test('requests of its files are scans where lineage tells no readers, and compaction says so', () => {
  const small: Partial<TableFact> = {
    files: 5_000,
    bytes: bytes(40 * GIB),
    layout: {
      planner: 'OPTIMIZE, files of 1.00 GiB (its default)',
      smallBelow: bytes(GIB),
      rewrite: { partitions: 1, files: 5_000, bytes: bytes(40 * GIB), outputs: 40 },
      partitions: [],
    },
  }
  const compact = (access: BucketAccess | null) =>
    findings(access, small).advice.find(({ topic }) => topic === 'compact' || topic === 'fix-writer')
  const scanned = logs({ days: 30, byPrefix: [OURS, read('gold/orders/day=1/', 5_000 * 3 * 90)] })
  expect(compact(null)?.cost.savings).toBeNull()
  const advice = compact(scanned)!
  expect(advice.cost.savings).not.toBeNull()
  expect(advice.evidence.find(({ metric }) => metric.startsWith('full scans'))).toMatchObject({
    value: 90,
    from: 'server access logs (40 of 40 files) of bucket lake',
  })
})
