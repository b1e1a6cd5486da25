// Files that are nobody's: told only where the listing and the metadata fit together, and never one that a version names.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openDeltaTable } from '../../../src/collectors/lake/delta-table.ts'
import { openIcebergTable } from '../../../src/collectors/lake/iceberg-table.ts'
import { findOrphans, isHidden } from '../../../src/collectors/lake/references.ts'
import type { OpenTable } from '../../../src/collectors/lake/table.ts'
import { lake as lakeCollector } from '../../../src/collectors/lake/lake.ts'
import type { Fact, TableFact } from '../../../src/model/facts.ts'
import { type Timestamp, DAY, timestamp } from '../../../src/model/units.ts'
import {
  type Json,
  PROTOCOL,
  add,
  commit,
  info,
  metaData,
  remove,
  vector,
} from '../../formats/delta/write-log.ts'
import { id, manifest, manifestList, metadataJson, snapshotJson } from '../../formats/iceberg/write-table.ts'
import { type MemoryObjects, memoryObjects } from '../../memory-objects.ts'
import { connect, poll, testIo } from '../connect.ts'
import { HOUR, NOW, SCHEMA, T0, lake } from './delta-lake.ts'

const identity = {
  source: 'lake',
  table: 'orders',
  namespace: 's3://lake',
  name: 'orders',
  id: 's3://lake/orders',
  location: 's3://lake/orders',
}
const signal = new AbortController().signal

async function orphansOf(table: OpenTable, objects: MemoryObjects, now: Timestamp = NOW) {
  await table.refresh({ now, signal })
  const references = await table.references({ now, signal })
  return findOrphans(objects.store.below('orders'), references!, { now, signal })
}

describe('Delta', () => {
  const files = (objects: MemoryObjects, ...names: readonly string[]) => {
    for (const name of names) objects.put(name, 'x'.repeat(10), T0)
  }
  const start = (
    objects: MemoryObjects,
    configuration: Record<string, string>,
    ...actions: readonly Json[]
  ) =>
    commit({ ...objects }, 0, T0, [
      info('WRITE', T0),
      PROTOCOL,
      metaData(SCHEMA, ['day'], configuration),
      ...actions,
    ])
  const delta = (objects: MemoryObjects) => openDeltaTable(objects.store.below('orders'), identity)

  test('what no version names, and nothing else', async () => {
    const objects = lake()
    start(objects, {}, add('a.parquet', 10), add('day=1/b%20c.parquet', 10), add('day=1%253A/d.parquet', 10))
    commit(objects, 1, T0 + 20 * DAY, [info('DELETE', T0 + 20 * DAY), remove('a.parquet', T0 + 20 * DAY)])
    commit(objects, 2, NOW - HOUR, [info('WRITE', NOW - HOUR), add('e.parquet', 10)])
    files(objects, 'a.parquet', 'day=1/b c.parquet', 'day=1%3A/d.parquet', 'e.parquet')
    // Left by a write that failed; young ones may be of one that still runs.
    files(objects, 'day=1/left.parquet', 'orphan.parquet')
    objects.put('day=1/young.parquet', 'x', NOW - 6 * DAY)
    files(
      objects,
      '_change_data/cdc.parquet',
      '.tmp/x',
      '_delta_index/i',
      'deletion_vector_1.bin',
      '_temporary/y',
    )
    files(objects, 'metadata/v1.metadata.json')
    expect(await orphansOf(delta(objects), objects)).toMatchObject({
      orphans: { files: 2, bytes: 20, metadataFiles: 0, oldest: T0, olderThan: NOW - 7 * DAY, at: NOW },
    })
  })

  test('a longer retention is kept; nothing is younger than the newest commit', async () => {
    const objects = lake()
    start(objects, { 'delta.deletedFileRetentionDuration': 'interval 20 days' }, add('a.parquet', 10))
    files(objects, 'a.parquet')
    objects.put('old.parquet', 'x', T0 - DAY)
    objects.put('after.parquet', 'x', T0 + 5 * DAY)
    objects.put('younger.parquet', 'x', T0 + 15 * DAY)
    expect(await orphansOf(delta(objects), objects)).toMatchObject({ orphans: { files: 1, olderThan: T0 } })
    commit(objects, 1, NOW - HOUR, [info('WRITE', NOW - HOUR), add('e.parquet', 10)])
    files(objects, 'e.parquet')
    expect(await orphansOf(delta(objects), objects)).toMatchObject({
      orphans: { files: 2, olderThan: NOW - 20 * DAY },
    })
  })

  test.for<[string, readonly Json[], RegExp]>([
    ['a live file that is gone', [add('gone.parquet', 10)], /1 of 2 live files were not found/],
    ['a live file elsewhere', [add('s3://other/x.parquet', 10)], /1 of 2 live files were not found/],
    [
      'a live file whose address is spelled another way',
      [add('s3a://lake/orders/x.parquet', 10)],
      /1 of 2 live files were not found/,
    ],
  ])('%s: nothing is called nobody’s', async ([, more, why]) => {
    const objects = lake()
    start(objects, {}, add('a.parquet', 10), ...more)
    files(objects, 'a.parquet', 'x.parquet', 'left.parquet')
    expect(await orphansOf(delta(objects), objects)).toEqual({ unsure: expect.stringMatching(why) })
  })

  test('vectors in use keep every vector file', async () => {
    const objects = lake()
    start(objects, {}, add('a.parquet', 10, vector('ab', 1)))
    files(objects, 'a.parquet', 'deletion_vector_x.bin', 'p/deletion_vector_y.bin')
    expect(await orphansOf(delta(objects), objects)).toMatchObject({ orphans: { files: 0, oldest: null } })
  })

  test('against a simple set, whatever names writers choose', async () => {
    const name = fc
      .array(fc.constantFrom('a', 'b c', 'day=1', '%41', 'ö', '_x=1', 'x+y', 'p%2Fq'), {
        minLength: 1,
        maxLength: 3,
      })
      .map((parts) => `${parts.join('/')}.parquet`)
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(name, { maxLength: 12 }), fc.nat(12), async (names, cut) => {
        const objects = lake()
        const live = names.slice(0, cut)
        start(objects, {}, ...live.map((one) => add(encodeURI(one), 10)))
        for (const one of names) objects.put(one, 'x', T0 - 1)
        const found = await orphansOf(delta(objects), objects, timestamp(T0 + 60 * DAY))
        const left = names.slice(cut).filter((one) => !isHidden(one))
        // A name that decodes to a live one's is kept: rather one too few than one too many.
        expect('orphans' in found && found.orphans.files).toBeLessThanOrEqual(left.length)
        const plain = left.filter((one) => !one.includes('%'))
        if (!names.some((one) => one.includes('%')))
          expect('orphans' in found && found.orphans.files).toBe(plain.length)
      }),
      { numRuns: 40 },
    )
  })
})

describe('Iceberg', () => {
  const at = (path: string) => `s3://lake/orders/${path}`
  /** Two snapshots: the first has a, the second removed it and has b. */
  function iceberg(properties: Record<string, unknown> = {}, place = at) {
    const objects = lake()
    const entry = (path: string, status = 1) => ({ path: place(path), status, rows: 1, bytes: 10 })
    objects.put('metadata/m1.avro', manifest([entry('data/a.parquet')]))
    objects.put('metadata/m2.avro', manifest([entry('data/a.parquet', 2), entry('data/b.parquet')]))
    const lists = { 1: ['m1'], 2: ['m2'] }
    for (const [snapshot, manifests] of Object.entries(lists))
      objects.put(
        `metadata/snap-${snapshot}.avro`,
        manifestList(manifests.map((name) => ({ path: at(`metadata/${name}.avro`), addedBy: 1n, live: 1 }))),
      )
    const summary = { operation: 'append' }
    objects.put(
      'metadata/v2.metadata.json',
      metadataJson({
        'current-snapshot-id': id('2'),
        'last-updated-ms': NOW - DAY,
        snapshots: [
          snapshotJson({ id: '1', at: T0, summary }),
          snapshotJson({ id: '2', parent: '1', at: T0 + DAY, summary }),
        ],
        'metadata-log': [{ 'timestamp-ms': T0, 'metadata-file': at('metadata/v1.metadata.json') }],
        refs: { main: { 'snapshot-id': id('2'), type: 'branch' } },
        ...properties,
      }),
    )
    objects.put('metadata/version-hint.text', '2')
    for (const name of ['data/a.parquet', 'data/b.parquet', 'metadata/v1.metadata.json'])
      objects.put(name, 'x', T0)
    return objects
  }
  const table = (objects: MemoryObjects) => openIcebergTable(objects.store.below('orders'), identity)

  test('data and metadata that no kept snapshot names; statistics are not judged', async () => {
    const objects = iceberg()
    for (const name of [
      'data/left.parquet',
      'metadata/m9.avro',
      'metadata/v0.metadata.json',
      'metadata/x.stats',
    ])
      objects.put(name, 'xxxxx', T0 + 5)
    objects.put('data/young.parquet', 'x', NOW - 2 * DAY)
    expect(await orphansOf(table(objects), objects)).toMatchObject({
      orphans: {
        files: 3,
        bytes: 15,
        metadataFiles: 2,
        metadataBytes: 10,
        oldest: T0 + 5,
        olderThan: NOW - 3 * DAY,
      },
    })
  })

  test('data that lies elsewhere is not missed, and its folder here is judged', async () => {
    const objects = iceberg({}, (path) => `s3://elsewhere/${path}`)
    const found = await orphansOf(table(objects), objects)
    // What lies here under the same names is nobody's.
    expect(found).toMatchObject({ orphans: { files: 2 } })
    const references = await (async () => {
      const one = table(objects)
      await one.refresh({ now: NOW, signal })
      return one.references({ now: NOW, signal })
    })()
    expect(references?.elsewhere).toEqual(['s3://elsewhere/data/b.parquet'])
  })

  test('a manifest that cannot be read: nothing is told', async () => {
    const objects = iceberg()
    objects.put('metadata/m1.avro', 'no avro')
    await expect(orphansOf(table(objects), objects)).rejects.toThrow(/m1.avro/)
  })
})

describe('the lake collector', () => {
  function world() {
    const objects = memoryObjects('s3://lake')
    const put: MemoryObjects['put'] = (key, content, modified) =>
      objects.put(`orders/${key}`, content, modified)
    const table = { ...objects, put }
    commit(table, 0, T0, [info('WRITE', T0), PROTOCOL, metaData(SCHEMA), add('a.parquet', 10)])
    put('a.parquet', 'x', T0)
    put('left.parquet', 'xxx', T0 - DAY)
    return { objects, table, io: { ...testIo(), objects: () => objects.store } }
  }
  const tables = (facts: readonly Fact[]) => facts.filter((fact): fact is TableFact => fact.kind === 'table')

  test('once a day, where it is asked for', async () => {
    const { io, objects } = world()
    const off = connect(lakeCollector, { path: 's3://lake' }, io)
    expect(tables(await poll(off, { now: NOW }))[0]).not.toHaveProperty('orphans')
    const on = connect(lakeCollector, { path: 's3://lake', orphans: true }, io)
    expect(tables(await poll(on, { now: NOW }))[0]?.orphans).toMatchObject({ files: 1, bytes: 3 })
    const lists = () => objects.requests().filter((asked) => asked === 'list orders')
    lists()
    expect(tables(await poll(on, { now: timestamp(NOW + 5 * 60_000) }))).toEqual([])
    expect(lists()).toEqual([])
    objects.put('orders/left2.parquet', 'x', T0 - DAY)
    expect(tables(await poll(on, { now: timestamp(NOW + DAY) }))[0]?.orphans).toMatchObject({ files: 2 })
  })

  test('what cannot be told is null, with the reason', async () => {
    const { io, objects } = world()
    objects.remove('orders/a.parquet')
    const [fact] = tables(
      await poll(connect(lakeCollector, { path: 's3://lake', orphans: true }, io), { now: NOW }),
    )
    expect(fact?.orphans).toBeNull()
    expect(fact?.partial.join()).toContain('1 of 1 live files were not found in its folder')
  })
})
