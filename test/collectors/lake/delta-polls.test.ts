// What a poll of a Delta table costs, and what happens when something is wrong with it.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TableNews } from '../../../src/collectors/lake/table.ts'
import { reasonOf } from '../../../src/model/errors.ts'
import { DAY } from '../../../src/model/units.ts'
import {
  NDJSON,
  PROTOCOL,
  add,
  checkpoint,
  commit,
  info,
  logFile,
  metaData,
  remove,
  stats,
} from '../../formats/delta/write-log.ts'
import type { MemoryObjects } from '../../memory-objects.ts'
import { ALL, FILES, HEAD, NOW, SCHEMA, T0, failure, file, lake, watch } from './delta-lake.ts'

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

  test('what was read before a failure is told by the next poll, though nothing is new then', async () => {
    const objects = small()
    const refresh = watch(objects)
    await refresh()
    commit(objects, 1, T0, [info('WRITE', T0), add('b', 1, stats(1))])
    objects.fault(`orders/${logFile(2)}`, { kind: 'fail', reason: 'throttled' })
    expect((await failure(refresh())).reason).toBe('throttled')
    objects.fault(`orders/${logFile(2)}`, null)

    expect(await refresh()).toMatchObject({
      changed: true,
      commits: [{ version: '1' }],
      table: { version: '1' },
    })
  })

  test('reclaimable bytes grow while nothing is committed: told again, an hour apart at most', async () => {
    const objects = small()
    commit(objects, 1, NOW, [info('DELETE', NOW), remove('a', NOW, { size: 9 })])
    const refresh = watch(objects)
    const bytes: unknown[] = []
    for (const days of [0, 6, 6.99, 7.01, 7.02, 9]) {
      const { table } = await refresh(NOW + days * DAY)
      bytes.push(table?.reclaimable?.bytes)
    }

    expect(bytes).toEqual([0, undefined, undefined, 9, undefined, undefined])
  })

  test('whatever happens between, every commit is told once and in order', async () => {
    const step = fc.constantFrom('commit', 'poll', 'denied', 'next denied', 'healed', 'checkpoint')
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
          else if (next === 'next denied')
            objects.fault(`orders/${logFile(version + 1)}`, { kind: 'fail', reason: 'denied' })
          else if (next === 'healed')
            for (let v = 0; v <= version + 1; v++) objects.fault(`orders/${logFile(v)}`, null)
          else if (next === 'poll') await poll()
          else objects.put(logFile(version, 'checkpoint.parquet'), checkpoint([...HEAD, ...FILES]))
        }
        for (let v = 0; v <= version + 1; v++) objects.fault(`orders/${logFile(v)}`, null)
        await poll()

        expect(told).toEqual(Array.from({ length: version + 1 }, (_, v) => String(v)))
      }),
      { numRuns: 60 },
    )
  })
})

describe('a long log', () => {
  const long = (last: string): MemoryObjects => {
    const objects = lake()
    objects.put(logFile(0), NDJSON([PROTOCOL, metaData(SCHEMA)]))
    for (let version = 1; version <= 10_500; version++)
      objects.put(logFile(version), NDJSON([info('WRITE', T0 + version)]))
    objects.put(logFile(10_498, 'checkpoint.parquet'), checkpoint([...HEAD, ...ALL]))
    objects.put('_delta_log/_last_checkpoint', last)
    return objects
  }

  test.each([
    ['is listed from its last checkpoint', '{"version":10498,"size":44}', null],
    ['a stale pointer is no harm', '{"version":10}', 10_501],
    ['nor a corrupt one', '{"version":', 10_501],
  ])('%s', async (_, last, snapshots) => {
    const objects = long(last)

    const { table, commits, problems } = await watch(objects)()

    expect(table).toMatchObject({ version: '10500', files: 40, snapshots })
    expect(commits).toHaveLength(1_000)
    expect(commits.map(({ version }) => Number(version))).toEqual(
      Array.from({ length: 1_000 }, (__, i) => 9_501 + i),
    )
    expect(problems).toEqual([])
  })
})

describe('a commit too large to hold', () => {
  const padding = 'x'.repeat(20_000)
  const many = (count: number): string =>
    NDJSON([
      // The first file comes before the metadata that says how to read it.
      file('first', '2026-01-01', 1, 1, ''),
      info('WRITE', T0),
      PROTOCOL,
      metaData(SCHEMA, ['day']),
      ...Array.from({ length: count }, (_, i) =>
        file(`f${i}`, '2026-01-02', 1, 2, '', { tags: { padding } }),
      ),
    ])

  test('is streamed, at first sight and later', async () => {
    const objects = lake()
    objects.put(logFile(0), many(500), T0)
    const refresh = watch(objects)
    const first = await refresh()
    objects.put(logFile(1), many(600), T0 + 1)
    const second = await refresh()

    expect(first).toMatchObject({
      table: { files: 501, rows: 1_001, partitions: { count: 2 } },
      commits: [{ rowsAdded: 1_001 }],
    })
    expect(second).toMatchObject({
      table: { version: '1', files: 601 },
      commits: [{ version: '1', filesAdded: 601 }],
    })
  })

  test('that breaks in its middle leaves no trace', async () => {
    const objects = lake()
    objects.put(logFile(0), NDJSON([info('CREATE TABLE', T0), PROTOCOL, metaData(SCHEMA, ['day'])]), T0)
    const refresh = watch(objects)
    await refresh()
    objects.put(logFile(1), `${many(500)}{"add":{"path"`, T0)

    expect(await failure(refresh())).toEqual({
      reason: 'corrupt',
      message: expect.stringContaining(logFile(1)),
    })

    objects.put(logFile(1), many(499), T0)
    expect(await refresh()).toMatchObject({
      table: { version: '1', files: 500 },
      commits: [{ version: '1' }],
    })
  })
})
