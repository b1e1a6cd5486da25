// How columns are clustered, read from whatever form a table keeps its statistics in: the same files tell the same.
import { describe, expect, test } from 'vitest'
import type { Skipping } from '../../../src/model/skipping.ts'
import type { TableFact } from '../../../src/model/facts.ts'
import {
  type Json,
  PROTOCOL,
  type Row,
  add,
  checkpoint,
  commit,
  info,
  logFile,
  metaData,
  remove,
  schema,
} from '../../formats/delta/write-log.ts'
import {
  type Entry,
  id,
  manifest,
  manifestList,
  metadataJson,
  snapshotJson,
} from '../../formats/iceberg/write-table.ts'
import { HOUR, T0, lake, watch } from './delta-lake.ts'
import { lake as icebergLake, watch as watchIceberg } from './iceberg-lake.ts'

const SCHEMA = schema(
  { name: 'id', type: 'long' },
  { name: 'ts', type: 'timestamp' },
  { name: 'name', type: 'string' },
)
const META = metaData(SCHEMA, [], { 'delta.targetFileSize': '100mb' })

interface File {
  readonly name: string
  readonly ids: readonly [number, number]
  readonly hour: number
}
/** In order of time; each holds nearly all ids, none quite the same ones. */
const files = (count: number): File[] =>
  Array.from({ length: count }, (_, i) => ({ name: `f${i}`, ids: [i, 1_000_000 - i], hour: 2 * i }))

const SIZE = 100 * 2 ** 20
const time = (hour: number): string => new Date(T0 + hour * HOUR).toISOString()
const textOf = ({ ids, hour }: File): string =>
  JSON.stringify({
    numRecords: 10,
    minValues: { id: ids[0], ts: time(hour), name: 'aa' },
    maxValues: { id: ids[1], ts: time(hour + 1), name: 'zz' },
    nullCount: {},
  })
const added = (file: File, rest: Record<string, Json> = {}): Json =>
  add(file.name, SIZE, { stats: textOf(file), ...rest })

const skippingOf = (table: TableFact | null): Skipping | undefined => table?.layout?.skipping

async function ofLog(actions: readonly Json[]): Promise<Skipping | undefined> {
  const objects = lake()
  commit(objects, 0, T0, [PROTOCOL, META, info('WRITE', T0), ...actions])
  return skippingOf((await watch(objects)()).table)
}

async function ofCheckpoint(rows: readonly Row[], columns = 3): Promise<Skipping | undefined> {
  const objects = lake()
  const head: Row[] = [
    { metaData: { ...(META as { metaData: Row[string] }).metaData, createdTime: BigInt(T0) } },
    { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
  ]
  objects.put(logFile(0, 'checkpoint.parquet'), checkpoint([...head, ...rows], 16))
  const skipping = skippingOf((await watch(objects)()).table)
  expect(skipping?.columns.length).toBe(columns)
  return skipping
}

const inCheckpoint = (file: File, statistics: Row[string]): Row => ({
  add: {
    path: file.name,
    partitionValues: {},
    size: BigInt(SIZE),
    modificationTime: BigInt(T0),
    ...statistics,
  },
})

describe('Delta', () => {
  test('from the JSON of commits: time is in order, ids and names are not', async () => {
    const skipping = await ofLog(files(40).map((one) => added(one)))
    expect(skipping).toMatchObject({ files: 40, of: 40, outputs: 40, omitted: 0 })
    const [ts, ids, names] = skipping!.columns
    expect(ts).toMatchObject({ column: 'ts', depth: { average: 1 }, distinct: { atLeast: 80, atMost: null } })
    expect(ids).toMatchObject({
      column: 'id',
      depth: { average: 40 },
      now: { equality: 1 },
      distinct: { atLeast: 80, atMost: 1_000_001 },
    })
    expect(ids?.sorted.equality).toBeCloseTo(1 / 40, 9)
    expect(names).toMatchObject({ column: 'name', distinct: { atLeast: 2, atMost: null } })
  })

  test('from a checkpoint, as text', async () => {
    const rows = files(40).map((one) => inCheckpoint(one, { stats: textOf(one) }))
    expect(await ofCheckpoint(rows)).toEqual(await ofLog(files(40).map((one) => added(one))))
  })

  test('from a checkpoint, as a struct: the columns that it has', async () => {
    const day = (hour: number): Date => new Date(T0 + hour * HOUR)
    const rows = files(40).map((one) =>
      inCheckpoint(one, {
        stats_parsed: {
          numRecords: 10n,
          minValues: { id: BigInt(one.ids[0]), ts: day(one.hour) },
          maxValues: { id: BigInt(one.ids[1]), ts: day(one.hour + 1) },
        } as never,
      }),
    )
    const fromText = await ofLog(files(40).map((one) => added(one)))
    expect(await ofCheckpoint(rows, 2)).toEqual({
      ...fromText,
      columns: fromText!.columns.slice(0, 2),
      omitted: 1,
    })
  })

  test('what is removed counts no more, what is added does', async () => {
    const objects = lake()
    const old = files(40)
    commit(objects, 0, T0, [PROTOCOL, META, info('WRITE', T0), ...old.map((one) => added(one))])
    const poll = watch(objects)
    await poll()
    const sorted = old.map((one, i) => ({ ...one, name: `s${i}`, ids: [i * 100, i * 100 + 99] as const }))
    commit(objects, 1, T0 + HOUR, [
      info('OPTIMIZE', T0 + HOUR, { operationParameters: { zOrderBy: '["id"]' } }),
      ...old.map((one) => remove(one.name, T0, { dataChange: false })),
      ...sorted.map((one) => added(one, { dataChange: false })),
    ])
    const columns = skippingOf((await poll()).table)?.columns
    expect(columns?.find(({ column }) => column === 'id')?.depth).toEqual({ average: 1, p90: 1 })
  })

  test('of many files a fair sample, whatever the order in which they come', async () => {
    const many = files(10_000)
    const lines = many.map((one) => added(one))
    const skipping = await ofLog(lines)
    expect(skipping?.of).toBe(10_000)
    expect(skipping?.files).toBeGreaterThan(2_000)
    expect(skipping?.files).toBeLessThanOrEqual(4_096)
    expect(skipping?.columns.map(({ depth }) => Math.round(depth.average))).toEqual([1, 10_000, 10_000])
    const backwards = await ofLog(lines.toReversed())
    expect(backwards?.files).toBe(skipping?.files)
    expect(backwards?.columns.map(({ depth }) => depth)).toEqual(skipping?.columns.map(({ depth }) => depth))
  })

  test('statistics that are none', async () => {
    const broken = files(40).map((one, i) =>
      added(one, {
        stats: [null, '', '{', '[]', '{"numRecords":1}', '{"minValues":7,"maxValues":null}'][i % 6]!,
      }),
    )
    expect(await ofLog(broken)).toBeUndefined()
  })

  test.for<[string, string, Json, string[] | undefined]>([
    ['MERGE of Spark', 'MERGE', { predicate: '["(id#12L = id#15L)"]' }, ['id']],
    [
      'MERGE of delta-rs',
      'MERGE',
      { predicate: 'target.id = source.id AND target.`name` = source.name' },
      ['id', 'name'],
    ],
    ['DELETE', 'DELETE', { predicate: '["(name#40 = Dennis)"]' }, ['name']],
    ['a text that looks like a column', 'DELETE', { predicate: "id = 'name'" }, ['id']],
    ['part of a word', 'DELETE', { predicate: 'identity = 1' }, undefined],
    ['OPTIMIZE, whose predicate is about partitions', 'OPTIMIZE', { predicate: '["(id = 1)"]' }, undefined],
    ['no predicate', 'MERGE', {}, undefined],
  ])('columns that a commit filters by: %s', async ([, operation, operationParameters, filters]) => {
    const objects = lake()
    commit(objects, 0, T0, [PROTOCOL, META, info('CREATE TABLE', T0)])
    commit(objects, 1, T0, [info(operation, T0, { operationParameters }), added(files(1)[0]!)])
    const { commits } = await watch(objects)()
    expect(commits.at(-1)?.filters).toEqual(filters)
  })

  test('a column that only a predicate names is looked at before the others', async () => {
    const wide = Array.from({ length: 20 }, (_, i) => ({ name: `c${i}`, type: 'long' }))
    const objects = lake()
    const stats = (i: number): string => {
      const values = Object.fromEntries(wide.map(({ name }) => [name, i]))
      return JSON.stringify({ numRecords: 1, minValues: values, maxValues: values })
    }
    commit(objects, 0, T0, [
      PROTOCOL,
      metaData(schema(...wide)),
      info('MERGE', T0, { operationParameters: { predicate: 't.c17 = s.c17' } }),
      ...Array.from({ length: 20 }, (_, i) => add(`f${i}`, SIZE, { stats: stats(i) })),
    ])
    const skipping = skippingOf((await watch(objects)()).table)
    expect(skipping?.columns.map(({ column }) => column)).toEqual([
      'c17',
      'c0',
      'c1',
      'c2',
      'c3',
      'c4',
      'c5',
      'c6',
    ])
    expect(skipping?.omitted).toBe(12)
  })
})

describe('Iceberg', () => {
  const table = (entries: readonly Entry[], parts: Record<string, unknown> = {}) => {
    const objects = icebergLake()
    objects.put('metadata/m.avro', manifest(entries, { partitioned: false }))
    objects.put(
      'metadata/snap-1.avro',
      manifestList([{ path: 's3://lake/orders/metadata/m.avro', live: entries.length }]),
    )
    const snapshot = snapshotJson({ id: '1', at: T0, summary: { operation: 'append' } })
    const spec = { 'spec-id': 0, fields: [] }
    const json = {
      'partition-specs': [spec],
      'current-snapshot-id': id('1'),
      snapshots: [snapshot],
      ...parts,
    }
    objects.put('metadata/v1.metadata.json', metadataJson(json))
    return objects
  }
  const entry = (ids: readonly [number, number]): Entry => ({ rows: 10, bytes: 512 * 2 ** 20, ids })
  const shuffled = (count: number) => files(count).map(({ ids }) => entry(ids))

  test('from the bounds of manifests; distinct values from the table’s own statistics', async () => {
    const statistics = [
      {
        'snapshot-id': id('1'),
        'statistics-path': 's3://lake/orders/metadata/1.puffin',
        'blob-metadata': [{ type: 'apache-datasketches-theta-v1', fields: [1], properties: { ndv: '77' } }],
      },
    ]
    const { table: fact } = await watchIceberg(table(shuffled(40), { statistics }))()
    const skipping = skippingOf(fact)
    expect(skipping).toMatchObject({ files: 40, of: 40, outputs: 40 })
    expect(skipping?.columns).toMatchObject([
      { column: 'id', depth: { average: 40, p90: 40 }, distinct: { atLeast: 77, atMost: 77 } },
    ])
  })

  test('in order', async () => {
    const sorted = files(40).map((_, i) => entry([i * 100, i * 100 + 99]))
    const { table: fact } = await watchIceberg(table(sorted))()
    expect(skippingOf(fact)?.columns[0]).toMatchObject({ depth: { average: 1 }, distinct: { atMost: 4_000 } })
  })

  test('of many files a sample', async () => {
    const { table: fact } = await watchIceberg(table(shuffled(10_000)))()
    const skipping = skippingOf(fact)!
    expect(skipping.of).toBe(10_000)
    expect(Math.abs(skipping.files - 4_096)).toBeLessThan(400)
    expect(skipping.columns[0]?.depth.average).toBeCloseTo(10_000, 6)
  })

  test('without bounds nothing is said', async () => {
    const { table: fact } = await watchIceberg(table(files(40).map(() => ({ rows: 1, bytes: 1 }))))()
    expect(skippingOf(fact)).toBeUndefined()
  })
})
