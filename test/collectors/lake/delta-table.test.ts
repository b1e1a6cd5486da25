// One Delta table, watched: what its fact says, what a poll costs, and what happens when something is wrong with it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openDeltaTable } from '../../../src/collectors/lake/delta-table.ts'
import type { TableNews } from '../../../src/collectors/lake/table.ts'
import { reasonOf } from '../../../src/model/errors.ts'
import type { TableFact } from '../../../src/model/facts.ts'
import { DAY, timestamp } from '../../../src/model/units.ts'
import {
  type Json,
  NDJSON,
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
  stats,
  vector,
} from '../../formats/delta/write-log.ts'
import { type MemoryObjects, memoryObjects } from '../../memory-objects.ts'

const T0 = Date.UTC(2026, 0, 1)
const NOW = timestamp(T0 + 30 * DAY)
const HOUR = 3_600_000
const SCHEMA = schema(
  { name: 'id', type: 'long' },
  { name: 'ts', type: 'timestamp' },
  { name: 'day', type: 'string' },
)

function watch(objects: MemoryObjects, options = {}) {
  const identity = {
    source: 'lake',
    table: 'orders',
    namespace: 's3://lake',
    name: 'orders',
    id: 's3://lake/orders',
    location: 's3://lake/orders',
  }
  const table = openDeltaTable(objects.store.below('orders'), identity, options)
  return (now: number = NOW, signal = new AbortController().signal): Promise<TableNews> =>
    table.refresh({ now: timestamp(now), signal })
}

/** Files of the log go below `orders/`. */
function lake(): MemoryObjects {
  const objects = memoryObjects('s3://lake')
  return { ...objects, put: (key, content, modified) => objects.put(`orders/${key}`, content, modified) }
}

const failure = async (work: Promise<unknown>): Promise<{ reason: string; message: string }> => {
  try {
    await work
  } catch (error) {
    return { reason: reasonOf(error), message: (error as Error).message }
  }
  return { reason: 'none', message: '' }
}

const file = (
  name: string,
  day: string | null,
  size: number,
  rows: number,
  ts: string,
  rest: Record<string, Json> = {},
): Json => add(`day=${day}/${name}`, size, { partitionValues: { day }, ...stats(rows, { ts }), ...rest })

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

const printed = (news: TableNews): string => {
  const dates = (key: string, value: unknown): unknown =>
    typeof value === 'number' && value > 1e12 && value < 3e12 && !/bytes/i.test(key)
      ? new Date(value).toISOString()
      : value
  const commits = news.commits.map(
    (c) =>
      `${c.version} ${new Date(c.at).toISOString()} ${c.operation}${c.changesData ? ' (changes data)' : ''} rows +${c.rowsAdded} -${c.rowsRemoved} files +${c.filesAdded} -${c.filesRemoved} bytes +${c.bytesAdded} -${c.bytesRemoved}`,
  )
  return [JSON.stringify(news.table, dates, 2), '', ...commits, '', ...news.problems, ''].join('\n')
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

/** What of a fact depends on the live files alone, however they were learned. */
const live = (table: TableFact | null): unknown => {
  const {
    version,
    rows,
    files,
    bytes,
    fileSizes,
    partitions,
    deletes,
    eventTime,
    columns,
    reclaimable,
    clustering,
  } = table!
  return {
    version,
    rows,
    files,
    bytes,
    fileSizes,
    partitions,
    deletes,
    eventTime,
    columns,
    reclaimable,
    clustering,
  }
}

const META: Row = {
  metaData: {
    id: 'table-id',
    schemaString: SCHEMA,
    partitionColumns: ['day'],
    configuration: { 'delta.targetFileSize': '100mb' },
    createdTime: BigInt(T0),
  },
}
const HEAD: readonly Row[] = [
  META,
  {
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['deletionVectors'],
      writerFeatures: ['deletionVectors'],
    },
  },
  {
    domainMetadata: {
      domain: 'delta.clustering',
      configuration: '{"clusteringColumns":[["id"]]}',
      removed: false,
    },
  },
]
/** Statistics as text, as struct, or both: writers differ. */
const FILES: readonly Row[] = Array.from({ length: 40 }, (_, i): Row => {
  const ts = new Date(T0 + i * HOUR)
  return {
    add: {
      path: `day=${i % 3}/f${i}`,
      partitionValues: { day: i % 3 === 0 ? null : String(i % 3) },
      size: BigInt(1_000 + i),
      modificationTime: BigInt(T0),
      dataChange: false,
      stats:
        i % 4 === 1
          ? (null as never)
          : JSON.stringify({ numRecords: 10 + i, maxValues: { ts: ts.toISOString() } }),
      ...(i % 4 === 2 ? {} : { stats_parsed: { numRecords: BigInt(10 + i), maxValues: { ts } } as never }),
      ...(i % 5 === 0
        ? {
            deletionVector: {
              storageType: 'u',
              pathOrInlineDv: 'abc',
              offset: i,
              sizeInBytes: 3,
              cardinality: 2n,
            } as never,
          }
        : {}),
    },
  }
})
const REMOVED: readonly Row[] = [
  { remove: { path: 'day=1/gone', deletionTimestamp: BigInt(T0), dataChange: true, size: 50n } },
]
const ALL = [...FILES.slice(0, 20), ...REMOVED, ...FILES.slice(20)]

const asJson = (rows: readonly Row[]): string =>
  NDJSON(
    JSON.parse(
      JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
    ) as Json[],
  )
const sidecar = (name: string): Row => ({ sidecar: { path: name, sizeInBytes: 0n, modificationTime: 0n } })

const FORMS: Readonly<Record<string, (objects: MemoryObjects) => void>> = {
  classic: (o) => o.put(logFile(1, 'checkpoint.parquet'), checkpoint([...HEAD, ...ALL])),
  'classic in small row groups': (o) =>
    o.put(logFile(1, 'checkpoint.parquet'), checkpoint([...ALL, ...HEAD], 7)),
  'multi-part': (o) => {
    o.put(logFile(1, 'checkpoint.0000000001.0000000002.parquet'), checkpoint(ALL.slice(0, 15)))
    o.put(logFile(1, 'checkpoint.0000000002.0000000002.parquet'), checkpoint([...HEAD, ...ALL.slice(15)]))
    // A newer one that never became complete.
    o.put(logFile(1, 'checkpoint.0000000001.0000000003.parquet'), checkpoint(ALL.slice(0, 15)))
  },
  'V2 parquet with sidecars': (o) => {
    o.put(
      logFile(1, 'checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet'),
      checkpoint([...HEAD, sidecar('one.parquet'), sidecar('two.parquet')]),
    )
    o.put('_delta_log/_sidecars/one.parquet', checkpoint(ALL.slice(0, 30)))
    o.put('_delta_log/_sidecars/two.parquet', checkpoint(ALL.slice(30)))
  },
  'V2 JSON with sidecars': (o) => {
    o.put(
      logFile(1, 'checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json'),
      asJson([
        { checkpointMetadata: { version: 1 } },
        ...HEAD,
        sidecar('s3://lake/orders/_delta_log/_sidecars/one.parquet'),
      ]),
    )
    o.put('_delta_log/_sidecars/one.parquet', checkpoint(ALL))
  },
  'classic name, V2 content': (o) => {
    o.put(logFile(1, 'checkpoint.parquet'), checkpoint([...HEAD, sidecar('one.parquet')]))
    o.put('_delta_log/_sidecars/one.parquet', checkpoint(ALL))
  },
}

describe('checkpoints', () => {
  const fromCheckpoint = async (write: (objects: MemoryObjects) => void): Promise<TableNews> => {
    const objects = lake()
    write(objects)
    commit(objects, 2, T0 + HOUR, [
      info('WRITE', T0),
      file('late', '1', 77, 5, '2026-01-09T00:00:00.000Z'),
      remove('day=1/f1', T0),
    ])
    return watch(objects)()
  }

  test('golden', async () => {
    await expect(printed(await fromCheckpoint(FORMS['classic']!))).toMatchFileSnapshot(
      'golden/delta-checkpoint.txt',
    )
  })

  test.each(Object.keys(FORMS))('%s says the same as the classic form', async (form) => {
    const classic = await fromCheckpoint(FORMS['classic']!)
    const other = await fromCheckpoint(FORMS[form]!)

    expect(live(other.table)).toEqual(live(classic.table))
    expect(other.problems).toEqual([])
  })

  test('a damaged newest checkpoint is passed over, aloud', async () => {
    const objects = lake()
    FORMS['classic']!(objects)
    commit(objects, 2, T0, [info('WRITE', T0), file('late', '1', 77, 5, '')])
    objects.put(logFile(2, 'checkpoint.parquet'), checkpoint([...HEAD, ...ALL]).subarray(0, 500))

    const { table, problems } = await watch(objects)()

    expect(table).toMatchObject({ version: '2', files: 41 })
    expect(problems).toEqual([expect.stringMatching(/^checkpoint 2 is passed over: .*truncated/)])
  })

  test('without another way a damaged checkpoint is the error', async () => {
    const objects = lake()
    objects.put(logFile(1, 'checkpoint.parquet'), checkpoint([...HEAD, ...ALL]).subarray(0, 500))

    expect(await failure(watch(objects)())).toEqual({
      reason: 'corrupt',
      message: expect.stringContaining('s3://lake/orders/_delta_log/00000000000000000001.checkpoint.parquet'),
    })
  })

  test.each([
    '../../secret.parquet',
    's3://other/x.parquet',
    '..%2F..%2Fsecret.parquet',
    '/etc/passwd',
    'a/../../b',
    '',
  ])('a sidecar at %j is not opened', async (path) => {
    const objects = lake()
    objects.put(logFile(1, 'checkpoint.parquet'), checkpoint([...HEAD, sidecar(path)]))
    const opened = failure(watch(objects)())

    expect((await opened).reason).toBe('outside-root')
    expect(
      objects.requests().filter((request) => request.includes('secret') || request.includes('other')),
    ).toEqual([])
  })

  test('the log starts at a checkpoint: versions kept, and no change of data is known', async () => {
    const objects = lake()
    objects.put(logFile(8, 'checkpoint.parquet'), checkpoint([...HEAD, ...ALL]), T0)
    commit(objects, 9, T0 + HOUR, [info('OPTIMIZE', T0 + HOUR)])

    const { table, commits } = await watch(objects)()

    expect(table).toMatchObject({
      snapshots: 2,
      oldestSnapshot: T0,
      lastChange: { at: T0, version: '9', operation: 'unknown' },
    })
    expect(table?.partial).toEqual([expect.stringContaining('the kept commits changed no data')])
    expect(commits.map(({ version }) => version)).toEqual(['9'])
  })
})

describe('a poll', () => {
  const small = (): MemoryObjects => {
    const objects = lake()
    commit(objects, 0, T0, [info('WRITE', T0), PROTOCOL, metaData(SCHEMA), add('a', 1, stats(1))])
    return objects
  }

  test('costs one request while nothing happens', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.requests()

    const news = await refresh()

    expect(news).toEqual({ changed: false, table: null, commits: [], problems: [] })
    expect(objects.requests()).toEqual([`get orders/${logFile(1)}`])
  })

  test('sees commits in order and asks only for what is next', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.requests()
    for (const version of [1, 2])
      commit(objects, version, T0 + version, [info('WRITE', T0), add(`f${version}`, 1, stats(1))])

    const { table, commits } = await refresh()

    expect(commits.map(({ version, rowsAdded }) => [version, rowsAdded])).toEqual([
      ['1', 1],
      ['2', 1],
    ])
    expect(table).toMatchObject({ version: '2', files: 3, snapshots: 3 })
    expect(objects.requests()).toEqual([1, 2, 3].map((version) => `get orders/${logFile(version)}`))
  })

  test('tells a table that is gone from one that is quiet', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.remove('orders/')

    const reasons = new Set<string>()
    for (let poll = 0; poll < 10; poll++) reasons.add((await failure(refresh())).reason)

    expect([...reasons]).toEqual(['none', 'vanished'])
  })

  test('notices a table that was made anew under its old name', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    commit(objects, 0, T0 + DAY, [info('CREATE TABLE', T0 + DAY), PROTOCOL, metaData(SCHEMA)])

    const news: TableNews[] = []
    for (let poll = 0; poll < 10; poll++) news.push(await refresh())

    expect(news.at(-1)).toMatchObject({
      changed: true,
      table: { files: 0 },
      commits: [{ operation: 'CREATE TABLE' }],
    })
  })

  test('a corrupt commit is an error with its version until it is repaired; the rest is not read again', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    commit(objects, 1, T0, [info('WRITE', T0), add('b', 1, stats(1))])
    objects.put(logFile(2), '{"add":{"path":"c"}}\n{"commitInfo":')
    const failed = await failure(refresh())
    objects.requests()
    expect((await failure(refresh())).reason).toBe('corrupt')
    const again = objects.requests()
    commit(objects, 2, T0, [info('WRITE', T0), add('c', 1, stats(1))])

    const { table, commits } = await refresh()

    expect(failed).toEqual({ reason: 'corrupt', message: expect.stringContaining(logFile(2)) })
    expect(again).toEqual([`get orders/${logFile(2)}`])
    expect(commits.map(({ version }) => version)).toEqual(['1', '2'])
    expect(table?.files).toBe(3)
  })

  test('a gap is an error that names the missing file, and is read over with a compacted file', async () => {
    const objects = small()
    commit(objects, 2, T0, [info('WRITE', T0), add('c', 1, stats(1))])
    const refresh = watch(objects)

    expect(await failure(refresh())).toEqual({ reason: 'gap', message: expect.stringContaining(logFile(1)) })

    objects.put(
      logFile(1, '00000000000000000002.compacted.json'),
      NDJSON([add('b', 1, stats(1)), add('c', 1, stats(1))]),
    )
    objects.put(logFile(3), NDJSON([info('WRITE', T0), remove('b', T0)]))
    expect(await refresh()).toMatchObject({ table: { version: '3', files: 2 } })
  })

  test('the log was cleaned while nobody looked: read anew from the checkpoint within a day', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.put(logFile(5, 'checkpoint.parquet'), checkpoint([...HEAD, ...ALL]))
    commit(objects, 6, T0 + DAY, [info('WRITE', T0 + DAY), add('z', 1, stats(1))])

    const news: TableNews[] = []
    for (let poll = 0; poll < 10; poll++) news.push(await refresh(NOW + 2 * DAY))

    expect(news.at(-1)).toMatchObject({
      changed: true,
      table: { version: '6', files: 41 },
      commits: [{ version: '6' }],
    })
  })

  test('not a table', async () => {
    expect(await failure(watch(lake())())).toMatchObject({ reason: 'missing' })
  })

  test('a checksum that differs, or is broken, is a problem and not an error', async () => {
    const objects = small()
    objects.put(logFile(0, 'crc'), '{"numFiles":5}')
    const different = await watch(objects)()
    objects.put(logFile(0, 'crc'), '{')
    const broken = await watch(objects)()

    expect(different.problems).toEqual([expect.stringContaining('the log has 1 live files')])
    expect(broken.problems).toEqual([expect.stringContaining('is not valid JSON')])
    expect(broken.table?.files).toBe(1)
  })

  test('gives up a hanging store when it is told to, and goes on later', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    objects.fault(`orders/${logFile(1)}`, { kind: 'hang' })
    const given = new AbortController()
    const hanging = failure(refresh(NOW, given.signal))
    given.abort()
    expect((await hanging).reason).toBe('timeout')
    objects.fault(`orders/${logFile(1)}`, null)
    commit(objects, 1, T0, [info('WRITE', T0), add('b', 1, stats(1))])

    expect(await refresh()).toMatchObject({ table: { files: 2 }, commits: [{ version: '1' }] })
  })

  test('whatever happens between, every commit is told once and in order', async () => {
    const step = fc.constantFrom('commit', 'poll', 'denied', 'healed', 'checkpoint')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const objects = small()
        const refresh = watch(objects)
        const told: string[] = []
        let version = 0
        const poll = async (): Promise<void> => {
          try {
            told.push(...(await refresh()).commits.map((one) => one.version))
          } catch (error) {
            expect(reasonOf(error)).toBe('denied')
          }
        }
        for (const next of steps) {
          if (next === 'commit') {
            version += 1
            commit(objects, version, T0, [info('WRITE', T0), add(`f${version}`, 1, stats(1))])
          } else if (next === 'denied')
            objects.fault(`orders/${logFile(version)}`, { kind: 'fail', reason: 'denied' })
          else if (next === 'healed')
            for (let v = 0; v <= version; v++) objects.fault(`orders/${logFile(v)}`, null)
          else if (next === 'poll') await poll()
          else objects.put(logFile(version, 'checkpoint.parquet'), checkpoint([...HEAD, ...FILES]))
        }
        for (let v = 0; v <= version; v++) objects.fault(`orders/${logFile(v)}`, null)
        await poll()

        expect(told).toEqual(Array.from({ length: version + 1 }, (_, v) => String(v)))
      }),
      { numRuns: 60 },
    )
  })
})
