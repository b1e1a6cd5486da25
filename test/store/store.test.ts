// The contract of the store, on disk and in memory.
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/model/errors.ts'
import { timestamp } from '../../src/model/units.ts'
import {
  commit,
  cursor,
  gauge,
  listeningLog,
  minute,
  open,
  printAll,
  problem,
  tempDirectory,
} from './fixtures.ts'

describe.for([
  { variant: 'on disk', directory: tempDirectory },
  { variant: 'in memory', directory: () => ':memory:' },
])('$variant', ({ directory }) => {
  test('an entity is replaced by its id, and keeps when it was recorded and last confirmed', async () => {
    await using store = await open(directory())
    store.record([problem('a'), problem('b')], minute(0))
    store.record([problem('a'), problem('b', 'worse')], minute(5))

    expect(store.facts('problem').map(({ id, message }) => `${id} ${message}`)).toEqual([
      'a it broke',
      'b worse',
    ])
    expect(store.recorded('problem').map((one) => [one.recordedAt, one.observedAt])).toEqual([
      [minute(0), minute(5)],
      [minute(5), minute(5)],
    ])
  })

  test('facts are found by id and source', async () => {
    await using store = await open(directory())
    store.record([problem('a'), problem('b', 'x', 'other')], minute(0))

    expect(store.facts('problem', { id: 'b' })).toEqual([problem('b', 'x', 'other')])
    expect(store.facts('problem', { source: 'lake' })).toEqual([problem('a')])
    expect(store.facts('problem', { id: 'a', source: 'other' })).toEqual([])
    expect(store.facts('cursor')).toEqual([])
  })

  test('what is over goes in the same transaction as what takes its place', async () => {
    await using store = await open(directory())
    store.record([problem('a'), cursor('lake', '1')], minute(0))
    store.record([cursor('lake', '2')], minute(1), [{ kind: 'problem', id: 'a' }])

    expect(store.facts('problem')).toEqual([])
    expect(store.facts('cursor')).toEqual([cursor('lake', '2')])
  })

  test('events are history: once each, in the order of their own time, newest first under a limit', async () => {
    await using store = await open(directory())
    store.record(
      [commit('t', 2, minute(20)), commit('t', 1, minute(10)), commit('u', 1, minute(15))],
      minute(30),
    )
    store.record([commit('t', 2, minute(20)), commit('t', 3, minute(25))], minute(31))
    const versions = (where: object) => store.facts('commit', where).map(({ id }) => id)

    expect(versions({})).toEqual(['t@1', 'u@1', 't@2', 't@3'])
    expect(versions({ tableId: 't' })).toEqual(['t@1', 't@2', 't@3'])
    expect(versions({ tableId: 't', limit: 2 })).toEqual(['t@3', 't@2'])
    expect(versions({ from: minute(15), to: minute(20) })).toEqual(['u@1', 't@2'])
    expect(store.recorded('commit', { id: 't@2' })[0]?.recordedAt).toBe(minute(30))
  })

  test('infinity survives, as histogram bounds need it', async () => {
    await using store = await open(directory())
    const odd = { ...problem('a'), bounds: [1, Infinity, -Infinity] }
    store.record([odd], minute(0))

    expect(store.facts('problem')).toEqual([odd])
  })

  test('a series that its scope no longer writes ends; other scopes do not disturb it', async () => {
    await using store = await open(directory())
    const { series } = store
    series.append('one', [gauge('a', {}, 1), gauge('b', { x: '1' }, 2)], minute(0))
    series.append('two', [gauge('c', {}, 9)], minute(0))
    series.append('one', [gauge('b', { x: '1' }, 3)], minute(1))
    series.append('two', [gauge('c', {}, 9)], minute(2))
    series.append('one', [gauge('b', { x: '1' }, 3), gauge('a', {}, 5)], minute(3))

    expect(printAll(series)).toEqual(['a{} 0:1 60:stale 180:5', 'b{x="1"} 0:2 60:3 180:3', 'c{} 0:9 120:9'])
  })

  test('the first of two samples with the same time stays', async () => {
    await using store = await open(directory())
    const { series } = store
    series.append('s', [gauge('a', {}, 1), gauge('a', {}, 2), gauge('b', {}, 3)], minute(0))
    series.append('s', [gauge('a', {}, 4), gauge('b', {}, 5)], minute(0))
    series.append('other', [gauge('a', {}, 6)], minute(0))

    expect(printAll(series)).toEqual(['a{} 0:1', 'b{} 0:3'])
    expect(store.stats.duplicates).toBe(4)
  })

  test('a late sample takes its place in time and ends nothing', async () => {
    await using store = await open(directory())
    const { series } = store
    series.append('s', [gauge('a', {}, 1), gauge('b', {}, 1)], minute(0))
    series.append('s', [gauge('a', {}, 3), gauge('b', {}, 3)], minute(2))
    series.append('s', [gauge('a', {}, 2)], minute(1))
    series.append('s', [gauge('a', {}, 4), gauge('b', {}, 4)], minute(3))

    expect(printAll(series)).toEqual(['a{} 0:1 60:2 120:3 180:4', 'b{} 0:1 120:3 180:4'])
  })

  test('a series that changes scope goes on', async () => {
    await using store = await open(directory())
    const { series } = store
    series.append('one', [gauge('a', {}, 1), gauge('b', {}, 1)], minute(0))
    series.append('two', [gauge('a', {}, 2)], minute(1))
    series.append('one', [gauge('b', {}, 2)], minute(2))
    series.append('two', [gauge('a', {}, 3)], minute(3))
    series.append('one', [gauge('b', {}, 2), gauge('a', {}, 4)], minute(4))

    expect(printAll(series)).toEqual(['a{} 0:1 60:2 180:3 240:4', 'b{} 0:1 120:2 240:2'])
  })

  test('odd numbers and odd labels come back as they were', async () => {
    await using store = await open(directory())
    const { series } = store
    const labels = { constructor: 'x', text: 'a"b\\c\n\u{1F30A}', empty: '' }
    for (const [i, value] of [-0, Number.NaN, Infinity, -Infinity, 5e-324, 1e308].entries())
      series.append('s', [gauge('a', labels, value)], minute(i))

    expect(printAll(series)).toEqual([
      'a{constructor="x",text="a"b\\c\n\u{1F30A}"} 0:-0 60:NaN 120:Infinity 180:-Infinity 240:5e-324 300:1e+308',
    ])
  })

  test('what cannot be a series is refused and counted, the rest is kept', async () => {
    const log = listeningLog()
    await using store = await open(directory(), { log, limits: { series: 2 } })
    store.series.append(
      's',
      [
        gauge('bad name', {}, 1),
        gauge('a', { __proto: '1' }, 1),
        gauge('a', { 'b-c': '1' }, 1),
        gauge('a', { b: 'x'.repeat(3_000) }, 1),
        gauge('a', {}, 1),
        gauge('b', {}, 2),
        gauge('c', {}, 3),
      ],
      minute(0),
    )

    expect(printAll(store.series)).toEqual(['a{} 0:1', 'b{} 0:2'])
    expect(store.stats.seriesDropped).toBe(5)
    expect(log.said.map(({ fields }) => (fields as { problem: string }).problem)).toMatchInlineSnapshot(`
      [
        "metric name "bad name" is not allowed",
        "label name "__proto" of a is not allowed",
        "label name "b-c" of a is not allowed",
        "label b of a has 3000 characters, the limit is 2048",
        "the limit of 2 series is reached",
      ]
    `)
  })

  test('the generation changes only when a series appears', async () => {
    await using store = await open(directory())
    const { series } = store
    series.append('s', [gauge('a', {}, 1)], minute(0))
    const [before, [handle]] = [series.generation, series.find([])]
    series.append('s', [gauge('a', {}, 2)], minute(1))

    expect(series.generation).toBe(before)
    expect(series.find([])[0]).toBe(handle)
    series.append('s', [gauge('a', {}, 2), gauge('b', {}, 2)], minute(2))
    expect(series.generation).not.toBe(before)
    expect(series.find([])[0]).toBe(handle)
  })
})

describe('a restart', () => {
  test('knows all facts, all samples, and what each scope wrote last', async () => {
    const directory = tempDirectory()
    {
      await using store = await open(directory)
      store.record([problem('a'), commit('t', 1, minute(0)), cursor('lake', '7')], minute(0))
      store.series.append('s', [gauge('a', {}, 1), gauge('b', { x: '1' }, 2)], minute(0))
      store.series.append('s', [gauge('a', {}, 2), gauge('b', { x: '1' }, Number.NaN)], minute(1))
    }
    await using store = await open(directory)
    store.series.append('s', [gauge('a', {}, 3)], minute(5))

    expect(store.facts('problem')).toEqual([problem('a')])
    expect(store.facts('commit')).toEqual([commit('t', 1, minute(0))])
    expect(store.facts('cursor')).toEqual([cursor('lake', '7')])
    expect(printAll(store.series)).toEqual(['a{} 0:1 60:2 300:3', 'b{x="1"} 0:2 60:NaN 300:stale'])
  })

  test('remembers roughly when a quiet table was last confirmed', async () => {
    const directory = tempDirectory()
    const table = { ...problem('lake/t'), kind: 'table' } as never
    {
      await using store = await open(directory)
      store.record([table], minute(0))
      store.record(
        [{ kind: 'observed', id: 'lake', source: 'lake', tableIds: ['lake/t', 'unknown'] }],
        minute(7),
      )
    }
    await using store = await open(directory)

    expect(store.recorded('table').map((one) => [one.recordedAt, one.observedAt])).toEqual([
      [minute(0), minute(7)],
    ])
  })

  test('a directory has one process; the next one is told so', async () => {
    const directory = tempDirectory()
    await using _ = await open(directory)

    await expect(open(directory)).rejects.toThrow(ConfigError)
    await expect(open(directory)).rejects.toThrow(/in use by another Tidemark process/)
  })

  test.for(['state.db', 'metrics.db'])('%s that is no database is put aside, loudly', async (name) => {
    const directory = tempDirectory()
    {
      await using store = await open(directory)
      store.record([problem('a')], minute(0))
      store.series.append('s', [gauge('a', {}, 1)], minute(0))
    }
    fs.writeFileSync(`${directory}/${name}`, 'garbage '.repeat(2_000))
    const log = listeningLog()
    await using store = await open(directory, { log, now: timestamp(Date.UTC(2026, 1, 3, 4, 5, 6)) })

    expect(store.stats.quarantined).toEqual([`${directory}/${name}.corrupt-20260203T040506Z`])
    expect(log.said.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: database was damaged: put aside, starting a new one',
    ])
    expect([store.facts('problem').length, store.series.find([]).length]).toEqual(
      name === 'state.db' ? [0, 1] : [1, 0],
    )
    store.record([problem('b')], minute(1))
    store.series.append('s', [gauge('b', {}, 1)], minute(1))
  })
})
