// What a Delta table's fact says, whatever its log holds.
import { describe, expect, test } from 'vitest'
import {
  type Json,
  PROTOCOL,
  add,
  commit,
  info,
  metaData,
  remove,
  schema,
  stats,
  vector,
} from '../../formats/delta/write-log.ts'
import type { MemoryObjects } from '../../memory-objects.ts'
import { HOUR, SCHEMA, T0, file, lake, printed, watch } from './delta-lake.ts'

/** A year in the life of a small table. */
function story(objects: MemoryObjects): void {
  const at = (hours: number): number => T0 + hours * HOUR
  const write = (
    version: number,
    hours: number,
    operation: string,
    actions: readonly Json[],
    rest = {},
  ): void =>
    // Copied logs have the copy's time on all files: what the writer said, being earlier, counts.
    commit(objects, version, at(hours) + 5_000, [info(operation, at(hours), rest), ...actions])
  write(0, 0, 'CREATE TABLE', [PROTOCOL, metaData(SCHEMA, ['day'], { 'delta.targetFileSize': '100mb' })])
  write(1, 1, 'WRITE', [
    file('a', '2026-01-01', 10_000_000, 100, '2026-01-01T00:30:00.000Z'),
    file('b', '2026-01-01', 90_000_000, 900, '2026-01-01T00:45:00.000Z'),
    file('c', '2026-01-02', 300_000_000, 3_000, '2026-01-02T09:00:00.000Z'),
    file('d', '', 1_000, 1, '9999-12-31T00:00:00.000Z'),
  ])
  write(2, 2, 'UPDATE', [], { operationMetrics: { numUpdatedRows: '0' } })
  write(3, 3, 'DELETE', [
    // The new vector comes before the old file's removal: the order within a commit means nothing.
    file('c', '2026-01-02', 300_000_000, 3_000, '2026-01-02T09:00:00.000Z', vector('dv1', 30)),
    remove('day=2026-01-02/c', at(3), { size: 300_000_000 }),
  ])
  write(
    4,
    4,
    'OPTIMIZE',
    [
      remove('day=2026-01-01/a', at(4), { dataChange: false, size: 10_000_000 }),
      remove('day=2026-01-01/b', at(4), { dataChange: false, size: 90_000_000 }),
      file('ab', '2026-01-01', 95_000_000, 1_000, '2026-01-01T00:45:00.000Z', { dataChange: false }),
    ],
    { operationParameters: { zOrderBy: '["id"]', predicate: '[]' } },
  )
  write(5, 5, 'VACUUM START', [], { operationParameters: { retentionCheckEnabled: true } })
  write(6, 6, 'VACUUM END', [], { operationParameters: { status: 'COMPLETED' } })
  write(7, 7, 'ADD COLUMNS', [
    metaData(
      schema(
        { name: 'id', type: 'decimal(20,0)' },
        { name: 'ts', type: 'timestamp' },
        { name: 'day', type: 'string' },
        {
          name: 'address',
          type: { type: 'struct', fields: [{ name: 'city', type: 'string', nullable: false, metadata: {} }] },
        },
        { name: 'tags', type: { type: 'array', elementType: 'string', containsNull: true } },
      ),
      ['day'],
      { 'delta.targetFileSize': '100mb' },
    ),
  ])
  write(8, 8, 'STREAMING UPDATE', [{ txn: { appId: 'stream', version: 7 } }])
}

describe('what a table tells', () => {
  test('the whole story, replayed from JSON', async () => {
    const objects = lake()
    story(objects)

    const news = await watch(objects)()

    await expect(printed(news)).toMatchFileSnapshot('golden/delta-story.txt')
  })

  test('column mapping, in-commit timestamps and liquid clustering', async () => {
    const objects = lake()
    const mapped = schema(
      {
        name: 'event_time',
        type: 'timestamp',
        metadata: { 'delta.columnMapping.physicalName': 'col-1', 'delta.columnMapping.id': 1 },
      },
      {
        name: 'country',
        type: 'string',
        metadata: { 'delta.columnMapping.physicalName': 'col-2', 'delta.columnMapping.id': 2 },
      },
    )
    const renamed = mapped.replace('"country"', '"land"')
    const configuration = {
      'delta.columnMapping.mode': 'name',
      'delta.enableInCommitTimestamps': 'true',
      'delta.inCommitTimestampEnablementVersion': '1',
    }
    const protocol = {
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ['columnMapping'],
        writerFeatures: ['clustering'],
      },
    }
    const domain = (columns: Json): Json => ({
      domainMetadata: {
        domain: 'delta.clustering',
        configuration: JSON.stringify({ clusteringColumns: columns }),
        removed: false,
      },
    })
    commit(objects, 0, T0, [
      info('CREATE TABLE', T0 + HOUR),
      protocol,
      metaData(mapped, ['country'], configuration),
      domain([['col-1']]),
    ])
    commit(objects, 1, T0 + HOUR, [
      info('WRITE', T0, { inCommitTimestamp: T0 + 2 * HOUR }),
      add('x', 10, {
        partitionValues: { 'col-2': 'de' },
        ...stats(1, { 'col-1': '2026-01-01T10:00:00.000Z' }),
      }),
    ])
    commit(objects, 2, T0 + HOUR, [
      info('RENAME COLUMN', T0, { inCommitTimestamp: T0 + 3 * HOUR }),
      metaData(renamed, ['land'], configuration),
    ])

    const { table } = await watch(objects)()

    expect(table).toMatchObject({
      clustering: ['event_time'],
      eventTime: { column: 'event_time', newest: Date.UTC(2026, 0, 1, 10) },
      lastChange: { version: '1', at: T0 + 2 * HOUR },
      schemaChanges: [
        { change: 'renamed', from: 'country', to: 'land', at: T0 + 3 * HOUR },
        { change: 'partitioning', from: 'country', to: 'land' },
      ],
      partitions: { columns: ['land'], count: 1, largest: 'country=de' },
      partial: [],
    })
  })

  test.each([
    ['delta.clustering', [['id']], ['id']],
    ['delta.clustering', ['id', ['user', 'address', 'city']], ['id', 'user.address.city']],
    ['delta.liquid', [{ physicalName: ['id'] }], ['id']],
  ])('clustering columns of %s as %j', async (name, columns, expected) => {
    const objects = lake()
    const configuration = JSON.stringify({ clusteringColumns: columns })
    commit(objects, 0, T0, [
      PROTOCOL,
      metaData(SCHEMA),
      { domainMetadata: { domain: name, configuration, removed: false } },
    ])

    expect((await watch(objects)()).table?.clustering).toEqual(expected)
  })

  test.each([
    [{ minReaderVersion: 99, minWriterVersion: 99 }, /reader version 99 is newer/],
    [
      { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['adaptiveMetadata'] },
      /reader feature adaptiveMetadata is unknown/,
    ],
    [{ minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['catalogManaged'] }, /catalog-managed/],
  ])('what it may not know: %j', async (protocol, expected) => {
    const objects = lake()
    commit(objects, 0, T0, [{ protocol }, metaData(SCHEMA), add('a', 1, stats(1))])

    const { table } = await watch(objects)()

    expect(table?.partial.join()).toMatch(expected)
    expect(table?.files).toBe(1)
  })

  test('RESTORE brings files back: they are live, not reclaimable', async () => {
    const objects = lake()
    commit(objects, 0, T0, [PROTOCOL, metaData(SCHEMA), add('a', 7, stats(1)), add('b', 5, stats(1))])
    commit(objects, 1, T0, [info('DELETE', T0), remove('a', T0, { size: 7 }), remove('b', T0, { size: 5 })])
    commit(objects, 2, T0, [info('RESTORE', T0), add('a', 7, stats(1))])

    const { table } = await watch(objects)()

    expect(table).toMatchObject({ files: 1, bytes: 7, reclaimable: { bytes: 5, exactness: 'lower bound' } })
  })

  test('REPLACE TABLE: other columns, other partitions, all files gone', async () => {
    const objects = lake()
    commit(objects, 0, T0, [PROTOCOL, metaData(SCHEMA, ['day']), file('a', '1', 7, 1, '')])
    commit(objects, 1, T0, [
      info('CREATE OR REPLACE TABLE AS SELECT', T0),
      remove('day=1/a', T0, { size: 7 }),
      metaData(schema({ name: 'id', type: 'long' }, { name: 'region', type: 'string' }), ['region']),
      add('region=eu/b', 9, { partitionValues: { region: 'eu' }, ...stats(2) }),
    ])

    const { table } = await watch(objects)()

    expect(table).toMatchObject({
      files: 1,
      bytes: 9,
      rows: 2,
      partitions: { columns: ['region'], count: 1, largest: 'region=eu' },
    })
    expect(table?.schemaChanges.map(({ change, column }) => `${change} ${column}`)).toEqual([
      'added region',
      'dropped ts',
      'dropped day',
      'partitioning region',
    ])
  })

  test('the same file under different spellings is one file', async () => {
    const objects = lake()
    commit(objects, 0, T0, [
      PROTOCOL,
      metaData(SCHEMA),
      add('x=a%20b/ü.parquet', 1, stats(1)),
      add('s3://elsewhere/c.parquet', 2, stats(1)),
      add('plain.parquet', 3, stats(1)),
    ])
    commit(objects, 1, T0, [remove('x=a b/%C3%BC.parquet', T0), remove('s3://lake/orders/plain.parquet', T0)])

    expect((await watch(objects)()).table).toMatchObject({ files: 1, bytes: 2 })
  })

  test('files without statistics leave the rows unknown', async () => {
    const objects = lake()
    commit(objects, 0, T0, [PROTOCOL, metaData(SCHEMA), add('a', 1), add('b', 1, { stats: '{broken' })])

    expect((await watch(objects)()).table).toMatchObject({
      files: 2,
      rows: null,
      partial: [/2 of 2/].map(() => expect.stringMatching(/2 of 2/)),
    })
  })
})
