// Clustering, buckets and file settings: what is said as golden text, what it saves, and when nothing is said.
import { describe, expect, test } from 'vitest'
import { advise, loadPrices } from '../../src/advisors/advisors.ts'
import type { Advice } from '../../src/model/advice.ts'
import type { CommitFact, Fact, TableFact } from '../../src/model/facts.ts'
import type { ColumnSkipping, Skipping } from '../../src/model/skipping.ts'
import { DAY, GIB, MIB, bytes, timestamp } from '../../src/model/units.ts'
import { NOW, aCommit, aTable } from '../model/a-table.ts'
import { factView } from './fact-view.ts'

const prices = loadPrices()

/** 800 files of which each holds all of the column's values. */
const shuffled = (column: string, change: Partial<ColumnSkipping> = {}): ColumnSkipping => ({
  column,
  type: 'long',
  unbounded: 0,
  depth: { average: 780, p90: 800 },
  now: { equality: 0.97, range: 0.98 },
  sorted: { equality: 0.005, range: 0.015 },
  zOrdered: { equality: 0.07, range: 0.14 },
  distinct: { atLeast: 1_500, atMost: 9_000_000 },
  ...change,
})

const aSkipping = (...columns: readonly ColumnSkipping[]): Skipping => ({
  files: 800,
  of: 800,
  outputs: 200,
  columns,
  omitted: 0,
})

/** 200 GiB in files of 256 MiB, well but for the order of its rows. */
const unordered = (columns: readonly ColumnSkipping[], change: Partial<TableFact> = {}): TableFact =>
  aTable({
    files: 800,
    bytes: bytes(200 * GIB),
    clustering: [],
    eventTime: null,
    partitions: { ...aTable().partitions!, columns: [], count: 0 },
    fileSizes: { ...aTable().fileSizes!, small: 0, median: bytes(256 * MIB) },
    layout: {
      ...aTable().layout!,
      rewrite: { partitions: 0, files: 0, bytes: bytes(0), outputs: 0 },
      skipping: aSkipping(...columns),
    },
    ...change,
  })

/** Spread over thirty days. */
const statements = (operation: string, filters: readonly string[], count = 30): CommitFact[] =>
  Array.from({ length: count }, (_, i) =>
    aCommit({
      id: `s3://lake/gold/orders@${operation}${i}`,
      at: timestamp(NOW - ((i + 1) * 30 * DAY) / count),
      operation,
      filters,
      filesAdded: 40,
      bytesAdded: bytes(MIB),
    }),
  )

const found = (facts: readonly Fact[]) => advise(factView(facts), prices, NOW)
const clusterings = (facts: readonly Fact[]): readonly Advice[] =>
  found(facts).advice.filter(({ topic }) => topic === 'cluster')

test('a table whose MERGE joins by a column that every file holds all of', async () => {
  const [advice, ...others] = clusterings([
    unordered([shuffled('customer_id')]),
    ...statements('MERGE', ['customer_id'], 720),
  ])
  expect(others).toEqual([])
  await expect(`${JSON.stringify(advice, null, 2)}\n`).toMatchFileSnapshot('golden/cluster.json')
})

describe('what it saves', () => {
  test('DELETE statements that filter by it: bytes and files, less what new data costs to be clustered again', () => {
    const [advice] = clusterings([unordered([shuffled('id')]), ...statements('DELETE', ['id'], 600)])
    const scan = (share: number, files: number): number => {
      const seconds = share * files * 0.1 + (share * 200 * GIB) / (128 * MIB)
      return (share * files * 3 * 0.0004) / 1_000 + (seconds / 3_600) * 0.052624
    }
    const each = scan(0.97, 800) - scan(0.005, 200)
    // 600 MiB a month: 16 MiB a second of a DPU at $0.44 an hour, a file a GiB, kept twice for seven days.
    const written = 600 * MIB
    const upkeep =
      (written / (16 * MIB) / 3_600 + 0.5 / 16) * 0.44 +
      ((written / GIB) * 0.005) / 1_000 +
      ((written / GIB) * 7 * 0.023) / 30
    expect(advice?.cost.savings?.p50).toBeCloseTo(600 * each - upkeep, 1)
    expect(advice?.cost.savings!.p10).toBeLessThan(advice!.cost.savings!.p50 * 0.6)
    expect(advice?.confidence).toBe(0.6)
  })

  test('a MERGE saves between nothing and all of it', () => {
    const [advice] = clusterings([unordered([shuffled('id')]), ...statements('MERGE', ['id'], 720)])
    const { p10, p50, p90 } = advice!.cost.savings!
    expect(p10).toBeLessThanOrEqual(0)
    expect(p90).toBeGreaterThan(p50 * 1.9)
  })

  test('where no statement is known, from how many queries it pays', () => {
    const [advice] = clusterings([unordered([shuffled('id')], { zOrder: ['id'] })])
    expect(advice?.cost.savings).toBeNull()
    expect(advice?.cost.breakEven).toMatch(
      /^each query with a filter by id reads 1\.00 GiB instead of 194 GiB; the rewrite \(\$\d/,
    )
    expect(advice?.inputsMissing.join()).toContain('query logs')
  })

  test('no dollars on a local disk', () => {
    const local = unordered([shuffled('id')], { zOrder: ['id'], location: 'file:///data/orders' })
    expect(clusterings([local])[0]?.cost).toMatchObject({ before: [], oneOff: [], savings: null })
  })
})

describe('the engine’s own words', () => {
  const said = (change: Partial<TableFact>, ...columns: string[]): string =>
    clusterings([
      unordered(
        columns.map((column) => shuffled(column)),
        { zOrder: columns, ...change },
      ),
    ])[0]!.change.after

  test.for<[string, Partial<TableFact>, string[], string]>([
    ['a Z-order', {}, ['id'], 'OPTIMIZE delta.`s3://lake/gold/orders` ZORDER BY (`id`);'],
    ['of two', {}, ['a', 'b'], 'OPTIMIZE delta.`s3://lake/gold/orders` ZORDER BY (`a`, `b`);'],
    ['hostile names', {}, ['a`; DROP'], 'OPTIMIZE delta.`s3://lake/gold/orders` ZORDER BY (`a``; DROP`);'],
    [
      'liquid clustering as it is',
      { clustering: ['id'] },
      ['id'],
      'OPTIMIZE delta.`s3://lake/gold/orders` FULL;',
    ],
    [
      'liquid clustering by something else',
      { clustering: ['day'] },
      ['id'],
      'ALTER TABLE delta.`s3://lake/gold/orders` CLUSTER BY (`id`, `day`);\nOPTIMIZE delta.`s3://lake/gold/orders` FULL;',
    ],
    [
      'an Iceberg table without an order',
      { format: 'iceberg' },
      ['id'],
      "ALTER TABLE my_catalog.`gold`.`orders` WRITE ORDERED BY `id`;\nCALL my_catalog.system.rewrite_data_files(table => 'gold.orders', strategy => 'sort', sort_order => 'id ASC NULLS LAST', options => map('rewrite-all', 'true'));",
    ],
    [
      'an Iceberg table with its order',
      { format: 'iceberg', sortOrder: ['id'] },
      ['id'],
      "CALL my_catalog.system.rewrite_data_files(table => 'gold.orders', strategy => 'sort', sort_order => 'id ASC NULLS LAST', options => map('rewrite-all', 'true'));",
    ],
    [
      'an Iceberg table, by two',
      { format: 'iceberg' },
      ['a', 'b'],
      "CALL my_catalog.system.rewrite_data_files(table => 'gold.orders', strategy => 'sort', sort_order => 'zorder(a, b)', options => map('rewrite-all', 'true'));",
    ],
  ])('%s', ([, change, columns, sql]) => {
    expect(said(change, ...columns)).toBe(sql)
  })

  test('the way back names the order that was there', () => {
    const before = { format: 'iceberg', sortOrder: ['day(ts) desc'] } as const
    const [advice] = clusterings([unordered([shuffled('id')], before), ...statements('MERGE', ['id'], 720)])
    expect(advice?.change.rollback).toMatch(
      /^ALTER TABLE .* WRITE ORDERED BY day\(`ts`\) DESC;\nCALL .*rollback/,
    )
  })
})

describe('silence', () => {
  const used = { zOrder: ['id'] }
  const table = (change: Partial<ColumnSkipping>, more: Partial<TableFact> = {}): TableFact =>
    unordered([shuffled('id', change)], { ...used, ...more })
  const withSkipping = (change: Partial<Skipping>): TableFact => {
    const base = table({})
    return { ...base, layout: { ...base.layout!, skipping: { ...base.layout!.skipping!, ...change } } }
  }
  const { skipping: _gone, ...withoutSkipping } = table({}).layout!

  test.for<[string, TableFact]>([
    ['a column that nobody is known to use', table({}, { zOrder: [] })],
    ['a partition column', table({}, { partitions: { ...aTable().partitions!, columns: ['id'] } })],
    ['files that hardly overlap', table({ depth: { average: 1.4, p90: 2 } })],
    ['a filter that reads little as it is', table({ now: { equality: 0.05, range: 0.06 } })],
    ['a rewrite that would not help', table({ sorted: { equality: 0.6, range: 0.7 } })],
    ['too few distinct values', table({ distinct: { atLeast: 2, atMost: 12 } })],
    ['an unknown number of distinct values', table({ distinct: { atLeast: 2, atMost: null } })],
    ['files without statistics', table({ unbounded: 0.4 })],
    ['few files', withSkipping({ files: 20, of: 20 })],
    ['a table that fits into few files', withSkipping({ outputs: 4 })],
    ['statistics that nobody could read', { ...table({}), layout: withoutSkipping }],
  ])('%s', ([, fact]) => {
    expect(clusterings([fact])).toEqual([])
  })

  test('what would tell is asked for', () => {
    const ask = (change: Partial<ColumnSkipping>): string =>
      found([table(change)])
        .needs.map(({ collect }) => collect)
        .join('\n')
    expect(ask({ distinct: { atLeast: 2, atMost: null } })).toContain('how many distinct values id has')
    expect(ask({ unbounded: 0.4 })).toContain('minimum and maximum of id')
  })

  test('a handful of statements is not worth a rewrite', () => {
    expect(clusterings([table({}, { zOrder: [] }), ...statements('DELETE', ['id'], 3)])).toEqual([])
  })
})

describe('buckets of Iceberg', () => {
  const bucketed = (n: number, each: number, count = n): TableFact =>
    unordered([], {
      format: 'iceberg',
      files: count * 4,
      bytes: bytes(count * each),
      partitions: {
        columns: [`bucket(${n}, id)`],
        count,
        medianBytes: bytes(each),
        largestBytes: bytes(each * 1.2),
        largest: 'id_bucket=3',
        skew: 1.2,
        belowGib: each < GIB ? 1 : 0,
      },
    })
  const said = (table: TableFact): string[] =>
    found([table])
      .advice.filter(({ stage }) => stage === 'layout')
      .map(({ topic, change }) => `${topic}: ${change.after.split('\n')[0]}`)

  test.for<[string, number, number, string[]]>([
    [
      '64 of 32 MiB become 2',
      64,
      32 * MIB,
      [
        'bucket-count: ALTER TABLE my_catalog.`gold`.`orders` REPLACE PARTITION FIELD bucket(64, `id`) WITH bucket(2, `id`);',
      ],
    ],
    [
      '8 of 40 GiB become 256',
      8,
      40 * GIB,
      [
        'bucket-count: ALTER TABLE my_catalog.`gold`.`orders` REPLACE PARTITION FIELD bucket(8, `id`) WITH bucket(256, `id`);',
      ],
    ],
    ['16 of 1 GiB are well', 16, GIB, []],
    ['16 of 300 MiB are well', 16, 300 * MIB, []],
    ['16 of 8 MiB are a small table', 16, 8 * MIB, []],
  ])('%s', ([, n, each, advice]) => {
    expect(said(bucketed(n, each))).toEqual(advice)
  })
})

describe('sizes that somebody set', () => {
  const settings = (change: Partial<TableFact>, commits: readonly CommitFact[] = []): string[] =>
    found([unordered([], change), ...commits])
      .advice.filter(({ topic }) => topic === 'file-settings')
      .map(({ change: { after } }) => after.replace(/.*TBLPROPERTIES /, ''))
  const sizes = (target: number, median: number, from = 'delta.targetFileSize') => ({
    ...aTable().fileSizes!,
    small: 0,
    target: bytes(target),
    targetFrom: from,
    median: bytes(median),
  })

  test.for<[string, Partial<TableFact>, string[]]>([
    [
      'files of 8 MiB, 25,600 of them',
      { fileSizes: sizes(8 * MIB, 8 * MIB) },
      ["('delta.targetFileSize' = '268435456');"],
    ],
    [
      'large tables have larger files',
      { bytes: bytes(20_480 * GIB), fileSizes: sizes(8 * MIB, 8 * MIB) },
      ["('delta.targetFileSize' = '1073741824');"],
    ],
    ['our own default is nobody’s setting', { fileSizes: sizes(8 * MIB, 8 * MIB, 'default') }, []],
    ['files of 128 MiB', { fileSizes: sizes(128 * MIB, 128 * MIB) }, []],
    [
      'five files of 8 GiB',
      { bytes: bytes(40 * GIB), fileSizes: sizes(8 * GIB, 8 * GIB) },
      ["('delta.targetFileSize' = '268435456');"],
    ],
    [
      'row groups of 1 MiB',
      { properties: { 'parquet.block.size': '1048576' } },
      ["('parquet.block.size' = '134217728');"],
    ],
    ['row groups of 64 MiB', { properties: { 'parquet.block.size': '67108864' } }, []],
    ['row groups that are no number', { properties: { 'parquet.block.size': 'large' } }, []],
    [
      'row groups of 2 GiB',
      { format: 'iceberg', properties: { 'write.parquet.row-group-size-bytes': '2147483648' } },
      ["('write.parquet.row-group-size-bytes' = '134217728');"],
    ],
  ])('%s', ([, change, advice]) => {
    expect(settings(change)).toEqual(advice)
  })

  test('large files that are rewritten every day', () => {
    const rewrites = statements('MERGE', [], 60).map((commit) => ({
      ...commit,
      bytesRemoved: bytes(10 * GIB),
    }))
    const large = { fileSizes: sizes(GIB, GIB, 'default') }
    expect(settings(large, rewrites)).toEqual(["('delta.tuneFileSizesForRewrites' = 'true');"])
    expect(settings(large, rewrites.slice(0, 10))).toEqual([])
    expect(settings({ ...large, properties: { 'delta.enableDeletionVectors': 'true' } }, rewrites)).toEqual(
      [],
    )
  })
})
