// The layout advisor on tables as they come: what it says as golden text, and when it keeps silent.
import { describe, expect, test } from 'vitest'
import { advise, loadPrices } from '../../src/advisors/advisors.ts'
import type { Advice } from '../../src/model/advice.ts'
import type { CommitFact, TableFact } from '../../src/model/facts.ts'
import { DAY, GIB, HOUR, MIB, MINUTE, bytes, timestamp } from '../../src/model/units.ts'
import { NOW, aCommit, aTable } from '../model/a-table.ts'
import { factView } from './fact-view.ts'

const prices = loadPrices()

/** A table of `files` small files in one partition, which a rewrite would turn into one. */
const fragmented = (files: number, each: number, change: Partial<TableFact> = {}): TableFact =>
  aTable({
    files,
    bytes: bytes(files * each),
    clustering: [],
    deletes: { files: 0, deletionVectors: 0, equalityFiles: 0, rows: 0, share: 0 },
    reclaimable: { bytes: bytes(0), exactness: 'lower bound', how: 'none' },
    partitions: {
      ...aTable().partitions!,
      columns: [],
      count: 0,
      medianBytes: bytes(0),
      skew: 1,
      belowGib: 0,
    },
    fileSizes: { ...aTable().fileSizes!, small: files, inRange: 0, smallBytes: bytes(files * each) },
    layout: {
      planner: 'OPTIMIZE, files of 1.00 GiB (its default)',
      smallBelow: GIB,
      rewrite: {
        partitions: 1,
        files,
        bytes: bytes(files * each),
        outputs: Math.ceil((files * each) / GIB),
      },
      partitions: [],
    },
    ...change,
  })

const advised = (table: TableFact, commits: readonly CommitFact[] = []): readonly Advice[] =>
  advise(factView([table, ...commits]), prices, NOW).advice
const topics = (table: TableFact, commits: readonly CommitFact[] = []): string[] =>
  advised(table, commits).map(({ topic }) => topic)

const writes = (count: number, apart: number, filesAdded: number, each: number): CommitFact[] =>
  Array.from({ length: count }, (_, i) =>
    aCommit({
      id: `s3://lake/gold/orders@${i}`,
      version: String(i),
      at: timestamp(NOW - (count - i) * apart),
      filesAdded,
      bytesAdded: bytes(filesAdded * each),
    }),
  )

test('small files as advice', async () => {
  await expect(`${JSON.stringify(advised(fragmented(4_000, MIB)), null, 2)}\n`).toMatchFileSnapshot(
    'golden/compact.json',
  )
})

test('small files that come back faster than they go are a matter of the writer', async () => {
  const advice = advised(fragmented(500, MIB), writes(1_000, 5 * MINUTE, 2, MIB))
  expect(advice.map(({ topic }) => topic).toSorted()).toEqual(['compact', 'fix-writer'])
  expect(new Set(advice.map(({ alternatives }) => alternatives)).size).toBe(1)
  const writer = advice.find(({ topic }) => topic === 'fix-writer')!
  await expect(`${JSON.stringify(writer, null, 2)}\n`).toMatchFileSnapshot('golden/fix-writer.json')
})

describe('silence', () => {
  test.for<[string, TableFact]>([
    ['a table that is well', aTable()],
    ['few files', fragmented(15, MIB)],
    ['small files that together fill none', fragmented(60, MIB)],
    ['files of a good size, though OPTIMIZE would pack them', fragmented(400, 256 * MIB)],
    ['a table that is gone', fragmented(4_000, MIB, { vanished: NOW })],
  ])('%s', ([, table]) => {
    expect(topics(table)).toEqual([])
  })

  test('what could not be read is asked for, not guessed', () => {
    const { advice, needs } = advise(factView([aTable({ layout: null, files: null })]), prices, NOW)
    expect(advice).toEqual([])
    expect(needs.map(({ collect }) => collect)).toEqual([
      'the file sizes of the table: its metadata could not be read completely (see partial)',
    ])
  })

  test('a table that cannot be read at the moment', () => {
    const table = fragmented(4_000, MIB)
    const problem = {
      kind: 'problem',
      id: 'lake/gold/orders',
      source: 'lake',
      subject: 'gold/orders',
      tableId: table.id,
      reason: 'denied',
      message: 'no',
      since: NOW,
      resolved: null,
    } as const
    expect(advise(factView([table, problem]), prices, NOW).advice).toEqual([])
  })
})

describe('what is read is money', () => {
  const runs = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      kind: 'run' as const,
      id: `flows/report/${i}`,
      pipelineId: 'flows/report',
      at: timestamp(NOW - i * HOUR),
      state: 'success' as const,
    }))
  const lineage = [
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

  test('720 runs a month that open 100,000 files', () => {
    const table = fragmented(100_000, 2 * MIB)
    const [advice] = advise(factView([table, ...lineage, ...runs(720)]), prices, NOW).advice
    // 72 million opens a month: 216 million GETs, and 0.1 s of a core for each.
    const gets = (720 * 100_000 * 3 * 0.0004) / 1_000
    const cores = ((720 * 100_000 * 0.1) / 3_600) * 0.052624
    expect(advice?.cost.before.map(({ cost }) => cost)).toEqual([
      expect.closeTo(gets, 6),
      expect.closeTo(cores, 6),
    ])
    expect(advice?.cost.savings?.p50).toBeCloseTo((gets + cores) * (1 - 196 / 100_000), 4)
    expect(advice?.priority).toBe('P2')
    expect(advice?.cost.paybackDays).toBeLessThan(5)
  })

  test('two runs a month of a small table are not worth a word', () => {
    expect(advise(factView([fragmented(200, MIB), ...lineage, ...runs(2)]), prices, NOW).advice).toEqual([])
  })
})

describe('old versions', () => {
  const free = (size: number, change: Partial<TableFact> = {}) =>
    aTable({ reclaimable: { bytes: bytes(size), exactness: 'exact', how: 'removed long ago' }, ...change })

  test('a terabyte of removed files is $23 a month, and VACUUM keeps what the table asks for', () => {
    const [advice] = advised(
      free(1_024 * GIB, { properties: { 'delta.deletedFileRetentionDuration': 'interval 30 days' } }),
    )
    expect(advice?.topic).toBe('vacuum')
    expect(advice?.cost.savings?.p50).toBeCloseTo(23.552, 3)
    expect(advice?.change.after).toBe('VACUUM delta.`s3://lake/gold/orders` RETAIN 720 HOURS;')
    expect(advice?.risk.dataLoss).toBe('irreversible')
  })

  test('a gigabyte is less than five dollars', () => {
    expect(topics(free(GIB))).toEqual([])
  })

  test('Iceberg: nothing that gc.enabled forbids, nothing younger than expiry keeps', () => {
    const iceberg = { format: 'iceberg', snapshots: 9 } as const
    expect(topics(free(1_024 * GIB, iceberg))).toEqual(['expire-snapshots'])
    expect(topics(free(1_024 * GIB, { ...iceberg, properties: { 'gc.enabled': 'false' } }))).toEqual([])
    expect(topics(free(1_024 * GIB, { ...iceberg, oldestSnapshot: timestamp(NOW - 2 * DAY) }))).toEqual([])
    const kept = { 'history.expire.max-snapshot-age-ms': String(30 * DAY) }
    const young = { ...iceberg, properties: kept, oldestSnapshot: timestamp(NOW - 20 * DAY) }
    expect(topics(free(1_024 * GIB, young))).toEqual([])
    const [advice] = advised(free(1_024 * GIB, { ...young, oldestSnapshot: timestamp(NOW - 40 * DAY) }))
    expect(advice?.change.otherForms.map(({ text }) => text).join()).toContain("'30d'")
    expect(advice?.effects[0]).toContain('30 days')
  })
})

describe('files that no version names', () => {
  const left = (size: number, change: Partial<TableFact> = {}) =>
    aTable({
      reclaimable: { bytes: bytes(0), exactness: 'lower bound', how: 'nothing removed' },
      orphans: {
        files: 4_000,
        bytes: bytes(size),
        metadataFiles: 150,
        metadataBytes: bytes(GIB),
        oldest: timestamp(NOW - 90 * DAY),
        olderThan: timestamp(NOW - 7 * DAY),
        at: NOW,
        how: 'files that nothing names',
      },
      ...change,
    })

  test('Delta: VACUUM takes them with the rest, and the dry run is said first', () => {
    const [advice] = advised(left(1_024 * GIB))
    expect(advice?.topic).toBe('vacuum')
    expect(advice?.cost.savings?.p50).toBeCloseTo(23.552, 3)
    expect(advice?.why).toContain('1.00 TiB of it in 4,000 files that no version names')
    expect(advice?.change.preconditions[0]).toContain('DRY RUN')
  })

  test('Iceberg: its own procedure, a dry run first, nothing younger than was counted', () => {
    const found = advised(left(1_024 * GIB, { format: 'iceberg', snapshots: 9 }))
    expect(found.map(({ topic }) => topic)).toEqual(
      expect.arrayContaining(['metadata-retention', 'orphan-files']),
    )
    const advice = found.find(({ topic }) => topic === 'orphan-files')
    expect(advice?.cost.savings?.p50).toBeCloseTo(23.552, 3)
    expect(advice?.change.after).toBe(
      [
        "CALL my_catalog.system.remove_orphan_files(table => 'gold.orders', older_than => TIMESTAMP '2026-11-15 12:00:00', dry_run => true);",
        "-- when nothing in this list is anybody's:",
        "CALL my_catalog.system.remove_orphan_files(table => 'gold.orders', older_than => TIMESTAMP '2026-11-15 12:00:00', dry_run => false);",
      ].join('\n'),
    )
    expect(advice?.risk.dataLoss).toBe('irreversible')
  })

  test.for<[string, TableFact]>([
    ['a hundred gigabytes are less than five dollars', left(100 * GIB, { format: 'iceberg', snapshots: 9 })],
    ['gc.enabled forbids it', left(GIB, { format: 'iceberg', properties: { 'gc.enabled': 'false' } })],
    ['they are not known', left(GIB, { format: 'iceberg', snapshots: 9, orphans: null })],
  ])('silent where %s', ([, table]) => {
    expect(topics(table)).not.toContain('orphan-files')
  })
})

describe('partitions', () => {
  const tiny = (columns: readonly string[], change: Partial<TableFact> = {}) =>
    aTable({
      files: 9_000,
      bytes: bytes(20 * GIB),
      fileSizes: { ...aTable().fileSizes!, small: 9_000 },
      partitions: {
        columns,
        count: 9_000,
        medianBytes: bytes(2 * MIB),
        largestBytes: bytes(9 * MIB),
        largest: 'x',
        skew: 4,
        belowGib: 1,
      },
      ...change,
    })

  test('a small table is not partitioned at all', () => {
    const [advice] = advised(tiny(['day', 'device']))
    expect(advice?.topic).toBe('repartition')
    expect(advice?.change.after).toContain('CLUSTER BY (`day`, `device`)')
  })

  test('a large table by the hour is partitioned by the day', () => {
    const change = { format: 'iceberg', bytes: bytes(3_000 * GIB) } as const
    const [advice] = advised(
      tiny(['hour(ts)'], {
        ...change,
        partitions: { ...tiny(['hour(ts)']).partitions!, count: 20_000, medianBytes: bytes(150 * MIB) },
      }),
    )
    expect(advice?.change.after).toContain('REPLACE PARTITION FIELD hour(`ts`) WITH day(`ts`)')
  })

  test('names from outside are quoted by the rules of SQL', () => {
    const [advice] = advised(tiny(['da`y); DROP TABLE x; --'], { name: "o`'r" }))
    expect(advice?.change.after).toContain('CLUSTER BY (`da``y); DROP TABLE x; --`)')
    expect(advice?.change.after).toContain("delta.`s3://lake/o``'r`")
  })
})

test('deleted rows that are still stored', () => {
  const marked = aTable({
    deletes: { files: 0, deletionVectors: 6, equalityFiles: 0, rows: 300_000, share: 0.27 },
    bytes: bytes(2_000 * GIB),
  })
  const [advice] = advised(marked)
  expect(advice?.topic).toBe('purge-deletes')
  // 27 % of 2,000 GiB at $0.023.
  expect(advice?.cost.savings?.p50).toBeCloseTo(12.42, 2)
})
