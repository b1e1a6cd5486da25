// Every form of a checkpoint tells the same; what is damaged is passed over aloud, what leads outside is not opened.
import { describe, expect, test } from 'vitest'
import type { TableNews } from '../../../src/collectors/lake/table.ts'
import type { TableFact } from '../../../src/model/facts.ts'
import {
  type Json,
  type Row,
  NDJSON,
  checkpoint,
  commit,
  info,
  logFile,
  remove,
} from '../../formats/delta/write-log.ts'
import type { MemoryObjects } from '../../memory-objects.ts'
import { ALL, HEAD, HOUR, T0, failure, file, lake, printed, watch } from './delta-lake.ts'

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
