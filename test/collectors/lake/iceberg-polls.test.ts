// What a poll of an Iceberg table costs, which metadata it takes, and what happens when something is wrong with it.
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseMetadata } from '../../../src/formats/iceberg/metadata.ts'
import { readPartitionStatistics } from '../../../src/formats/iceberg/partition-statistics.ts'
import { bytesOf } from '../../../src/model/bytes.ts'
import { SourceError } from '../../../src/model/errors.ts'
import {
  SCHEMA,
  T0,
  id,
  manifestList,
  metadataJson,
  snapshotJson,
} from '../../formats/iceberg/write-table.ts'
import type { MemoryObjects } from '../../memory-objects.ts'
import { append, failure, lake, putManifest, watch } from './iceberg-lake.ts'

const METADATA = parseMetadata(Buffer.from(metadataJson()), 'v1.metadata.json')
const HINT = 'metadata/version-hint.text'
const uuid = (version: number, letter = 'a'): string =>
  `${String(version).padStart(5, '0')}-${letter.repeat(8)}-0000-4000-8000-000000000000.metadata.json`

const small = (versions = 1): MemoryObjects => {
  const objects = lake()
  for (let version = 1; version <= versions; version++) append(objects, version)
  objects.put(HINT, String(versions))
  return objects
}

describe('a poll', () => {
  test('costs one GET while nothing happens to a table of files', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.requests()

    const news = await refresh()

    expect(news).toEqual({ changed: false, table: null, commits: [], problems: [] })
    expect(objects.requests()).toEqual(['get orders/metadata/v2.metadata.json'])
  })

  test('costs one LIST where only a catalog knows the next name', async () => {
    const objects = lake()
    append(objects, 1, uuid(7))
    const refresh = watch(objects)
    const first = await refresh()
    objects.requests()

    expect(first.table?.partial).toEqual([
      `which metadata is current was told by file names without the catalog: best effort (${uuid(7)})`,
    ])
    expect((await refresh()).changed).toBe(false)
    expect(objects.requests()).toEqual(['list orders/metadata'])
  })

  test('reads a manifest once ever, and tells each commit once, in order', async () => {
    const objects = small()
    const refresh = watch(objects)
    const first = await refresh()
    for (const version of [2, 3]) append(objects, version)
    objects.requests()

    const second = await refresh()

    expect([first, second].map(({ commits }) => commits.map(({ version }) => version))).toEqual([
      ['1'],
      ['2', '3'],
    ])
    expect(second.table).toMatchObject({ version: '3', files: 3, rows: 30, snapshots: 3 })
    expect(objects.requests().toSorted()).toEqual([
      'get orders/metadata/m2.avro',
      'get orders/metadata/m3.avro',
      'get orders/metadata/snap-3.avro',
      'get orders/metadata/v2.metadata.json',
      'get orders/metadata/v3.metadata.json',
      'head orders/metadata/v3.metadata.json',
      'head orders/metadata/v4.metadata.json',
    ])
  })

  test('tells a table that is gone from one that is quiet', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.remove('orders/')

    const outcomes = new Set<string>()
    for (let poll = 0; poll < 10; poll++) outcomes.add((await failure(refresh())).split(':')[0]!)

    expect([...outcomes]).toEqual(['none', 'vanished'])
  })

  test('notices a table that was made anew under its old name', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.put('metadata/v1.metadata.json', metadataJson({ 'table-uuid': 'another' }))

    let table = null
    for (let poll = 0; poll < 10; poll++) table = (await refresh()).table ?? table

    expect(table).toMatchObject({ version: null, files: 0, lastExpiry: null })
  })

  test('says when snapshots were expired while it watched', async () => {
    const objects = small(2)
    const refresh = watch(objects)
    await refresh()
    const [, last] = [1, 2].map((n) =>
      snapshotJson({ id: String(n), at: T0 + n, summary: { operation: 'append' } }),
    )
    objects.put(
      'metadata/v3.metadata.json',
      metadataJson({ 'current-snapshot-id': id('2'), 'last-updated-ms': T0 + 77, snapshots: [last] }),
    )

    expect((await refresh()).table).toMatchObject({ snapshots: 1, lastExpiry: T0 + 77 })
  })
})

describe('the current metadata', () => {
  const versionOf = async (objects: MemoryObjects): Promise<string | null | undefined> =>
    (await watch(objects)()).table?.version

  test.for<[string, string | null]>([
    ['3', '3'],
    ['1', '3'],
    [' 2\n', '3'],
    ['9', '3'],
    ['not a number, ../../etc', '3'],
    ['', '3'],
  ])('with the hint %j', async ([hint]) => {
    const objects = small(3)
    objects.put(HINT, hint!)

    expect(await versionOf(objects)).toBe('3')
  })

  test('without a hint', async () => {
    const objects = small(11)
    objects.remove(`orders/${HINT}`)

    expect(await versionOf(objects)).toBe('11')
  })

  test.for<[string, (text: Buffer) => Buffer]>([
    ['v1.gz.metadata.json', zlib.gzipSync],
    ['v1.metadata.json.gz', zlib.gzipSync],
    ['v1.zstd.metadata.json', zlib.zstdCompressSync],
    ['v1.metadata.json.zst', zlib.zstdCompressSync],
    [uuid(4).replace('.metadata', '.gz.metadata'), zlib.gzipSync],
    ['v1.metadata.json', zlib.gzipSync],
  ])('compressed, named %s', async ([name, compress]) => {
    const objects = lake()
    append(objects, 1, 'plain')
    const { bytes } = await objects.store.get('orders/metadata/plain', {
      maxBytes: 1e6,
      signal: new AbortController().signal,
    })
    objects.put(`metadata/${name}`, compress(Buffer.from(bytes)))

    expect(await versionOf(objects)).toBe('1')
  })

  test('with two files of the same number it takes the one updated last, and says so', async () => {
    const objects = lake()
    append(objects, 2, uuid(5, 'a'))
    append(objects, 1, uuid(5, 'b'))
    append(objects, 1, uuid(4, 'f'))

    const { table } = await watch(objects)()

    expect(table).toMatchObject({ version: '2' })
    expect(table?.partial[1]).toBe('2 metadata files have the number 5; the one updated last was taken')
  })

  test('of a catalog is followed as its number grows, also by a digit', async () => {
    const objects = lake()
    append(objects, 1, uuid(99_998))
    const refresh = watch(objects)
    const versions = [(await refresh()).table?.version]
    for (const [snapshot, number] of [
      [2, 99_999],
      [3, 100_000],
      [4, 100_001],
    ] as const) {
      append(objects, snapshot, uuid(number))
      versions.push((await refresh()).table?.version)
      versions.push((await refresh()).table?.version)
    }

    expect(versions).toEqual(['1', '2', undefined, '3', undefined, '4', undefined])
  })

  test('is unknown where there is none', async () => {
    const objects = lake()
    objects.put(HINT, '4')

    expect(await failure(watch(objects)())).toBe(
      'missing: s3://lake/orders/metadata holds no metadata file of an Iceberg table',
    )
  })
})

describe('bad days', () => {
  test('a manifest that expiry took between two reads is looked for in newer metadata', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    append(objects, 2)
    objects.fault('orders/metadata/m2.avro', { kind: 'vanish' })
    const outcomes = [await failure(refresh())]

    // Meanwhile a compaction replaced it.
    objects.fault('orders/metadata/m2.avro', null)
    const news = await refresh()

    expect(outcomes).toEqual(['missing: read s3://lake/orders/metadata/m2.avro: missing'])
    expect(news.commits.map(({ version }) => version)).toEqual(['2'])
  })

  test('a newer metadata file is taken when the one in hand names files that are gone', async () => {
    const objects = small()
    append(objects, 2)
    objects.remove('orders/metadata/snap-1.avro')
    objects.put(HINT, '1')
    // The probe for v2 answers late: only the second look sees it.
    let hidden = true
    const store = objects.store.below('orders')
    const late = Object.assign(Object.create(store) as typeof store, {
      head: async (key: string, signal: AbortSignal) => {
        if (hidden && key.endsWith('v2.metadata.json')) {
          hidden = false
          throw new SourceError('missing', 'late', { subject: key })
        }
        return store.head(key, signal)
      },
    })
    const news = await watch({ ...objects, store: { ...objects.store, below: () => late } })()

    expect(news.table?.version).toBe('2')
  })

  test('a failed look loses nothing and tells nothing twice', async () => {
    const objects = small()
    const refresh = watch(objects)
    const told: string[] = (await refresh()).commits.map(({ version }) => version)
    append(objects, 2)
    for (const key of ['m2.avro', 'snap-2.avro', 'v2.metadata.json']) {
      for (const fault of [
        { kind: 'fail', reason: 'timeout' },
        { kind: 'truncate', bytes: 40 },
      ] as const) {
        objects.fault(`orders/metadata/${key}`, fault)
        expect(await failure(refresh())).toMatch(/^(timeout|corrupt): .*orders\/metadata\//)
        objects.fault(`orders/metadata/${key}`, null)
      }
    }
    for (let poll = 0; poll < 3; poll++) told.push(...(await refresh()).commits.map(({ version }) => version))

    expect(told).toEqual(['1', '2'])
  })

  test('metadata outside of the table is not opened unless its root is declared', async () => {
    const objects = lake()
    append(objects, 1)
    objects.put(
      'metadata/snap-1.avro',
      manifestList([
        { path: 's3://elsewhere/x/metadata/m1.avro' },
        { path: 's3://lake/orders/../secret/metadata/m.avro' },
      ]),
    )
    objects.requests()
    const { table } = await watch(objects)()

    expect(table).toMatchObject({ files: 1, rows: 10, partitions: null, fileSizes: null })
    expect(table?.partial).toEqual([
      "2 of the table's metadata files lie outside of its folder and are not opened, s3://elsewhere/x/metadata/m1.avro among them; declare its root",
      'files, bytes and rows are what the snapshot summary states; its manifests were not read',
    ])
    expect(objects.requests().filter((request) => /elsewhere|secret|m1/.test(request))).toEqual([])

    objects.put('metadata/snap-1.avro', manifestList([{ path: 's3a://elsewhere/x/metadata/m1.avro' }]))
    const roots = [{ location: 's3://elsewhere/x', objects: objects.store.below('orders') }]
    expect((await watch(objects, { roots })()).table).toMatchObject({ files: 1, partitions: { count: 1 } })
  })

  test('without manifests the partitions are those of the statistics file, where the current snapshot has one', async () => {
    const region = { id: 3, name: 'region', required: false, type: 'string' }
    const day = { name: 'ts_day', transform: 'day', 'source-id': 2, 'field-id': 1000 }
    const specs = [[day], [day, { name: 'region', transform: 'identity', 'source-id': 3, 'field-id': 1001 }]]
    const partitions = async (content: Uint8Array, snapshot: number) => {
      const objects = lake()
      objects.put('metadata/snap-1.avro', manifestList([{ path: 's3://elsewhere/m1.avro' }]))
      objects.put('metadata/stats.parquet', content)
      objects.put(
        'metadata/v1.metadata.json',
        metadataJson({
          schemas: [{ ...SCHEMA, fields: [...SCHEMA.fields.slice(0, 2), region] }],
          'partition-specs': specs.map((fields, i) => ({ 'spec-id': i, fields })),
          'default-spec-id': 1,
          'current-snapshot-id': 1,
          snapshots: [snapshotJson({ id: '1', at: T0, summary: { operation: 'append' } })],
          'partition-statistics': [
            { 'snapshot-id': snapshot, 'statistics-path': 's3://lake/orders/metadata/stats.parquet' },
          ],
        }),
      )
      const { table, problems } = await watch(objects)()
      return { partitions: table?.partitions, problems }
    }
    const real = fs.readFileSync(
      path.join(import.meta.dirname, '../../formats/iceberg/fixtures/partition-statistics.parquet'),
    )

    expect(await partitions(real, 1)).toMatchObject({
      partitions: {
        columns: ['day(ts)', 'region'],
        count: 3,
        medianBytes: 900,
        largestBytes: 3_000,
        largest: 'ts_day=2027-01-15/region=eu',
      },
      problems: [],
    })
    expect(await partitions(real, 2)).toEqual({ partitions: null, problems: [] })
    expect(await partitions(real.subarray(9), 1)).toMatchObject({
      partitions: null,
      problems: [expect.stringContaining('s3://lake/orders/metadata/stats.parquet')],
    })
    await fc.assert(
      fc.asyncProperty(fc.nat(real.length - 1), fc.nat(255), async (at, value) => {
        const changed = Buffer.from(real)
        changed[at] = value
        const read = readPartitionStatistics(bytesOf('stats', changed), METADATA, async () => {})
        expect(await failure(read)).toMatch(/^(none|corrupt|unsupported|too-large)/)
      }),
      { numRuns: 500 },
    )
  })

  test('a table that was copied elsewhere is read where it is', async () => {
    for (const from of ['file:/old/place/orders', 'hdfs://old/orders/', './orders', 's3a://lake/orders']) {
      const objects = lake()
      append(objects, 1)
      const [list, file] = [manifestList([{ path: `${from}/metadata/m1.avro` }]), 'metadata/v1.metadata.json']
      objects.put('metadata/snap-1.avro', list)
      const snapshots = [
        {
          ...snapshotJson({ id: '1', at: T0, summary: { operation: 'append' } }),
          'manifest-list': `${from}/metadata/snap-1.avro`,
        },
      ]
      objects.put(file, metadataJson({ location: from, 'current-snapshot-id': id('1'), snapshots }))

      expect((await watch(objects)()).table).toMatchObject({
        files: 1,
        rows: 10,
        location: 's3://lake/orders',
      })
    }
  })

  test('a summary that does not add up is told, and the manifests are believed', async () => {
    const objects = small()
    putManifest(objects, 'm1', [
      { rows: 3, bytes: 1 },
      { rows: 4, bytes: 1 },
    ])

    const { table, problems } = await watch(objects)()

    expect(table).toMatchObject({ files: 2, rows: 7 })
    expect(problems).toEqual([
      'snapshot 1 states total-data-files 1, its manifests hold 2',
      'snapshot 1 states total-records 10, its manifests hold 7',
    ])
  })

  test('a configured event time that is no time is told', async () => {
    const { problems, table } = await watch(small(), { eventTimeColumn: 'note' })()

    expect(table?.eventTime).toBeNull()
    expect(problems).toEqual(['the event time column note is not a date or timestamp of this table'])
  })

  test('any bytes in place of any file give typed errors only', async () => {
    const keys = ['version-hint.text', 'v1.metadata.json', 'snap-1.avro', 'm1.avro']
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...keys), fc.uint8Array({ maxLength: 100 }), async (key, bytes) => {
        const objects = small()
        objects.put(`metadata/${key}`, bytes)
        expect(await failure(watch(objects)())).toMatch(/^(none|corrupt:)/)
      }),
      { numRuns: 150 },
    )
  })
})
