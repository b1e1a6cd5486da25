// /metrics: one text whether written at once or in slices; selectors; the limit; what ended is gone.
import { describe, expect, test } from 'vitest'
import { memorySeries } from '../../src/promql/promql.ts'
import { NOW, aTelemetry, seriesOf, textOf } from './a-telemetry.ts'

const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted()
const samples = (text: string): string[] => lines(text).filter((line) => !line.startsWith('#'))
const named = (name: string) => [{ name: '__name__', op: '=', value: name }] as const
const everything = [{ name: '__name__', op: '!=', value: '' }] as const

test('at once and in slices the same lines are told, comments included', async () => {
  await using telemetry = await aTelemetry()

  const small = await textOf(telemetry.scrape([]))
  const sliced = await textOf(telemetry.scrape([everything]))

  expect(lines(sliced)).toEqual(lines(small))
  expect(samples(small)).toContain(
    'g1{source="lake",table="gold/table_2",owner="a \\"quoted\\"\\\\ team",format="delta"} 4',
  )
  expect(samples(small).filter((line) => line.startsWith('target_info'))).toEqual([
    'target_info{service_name="tidemark",service_version="1.2.3",service_instance_id="here:9464"} 1',
  ])
  expect(small).not.toContain('ALERTS')
})

test('many slices: every sample once, every comment once, a metric in one block', async () => {
  const tables = 1_500
  await using telemetry = await aTelemetry({ series: seriesOf(tables, 2) })

  const text = await textOf(telemetry.scrape([]))

  // Two gauges, a counter, five of the histogram (its bound +Inf among them), and target_info.
  expect(samples(text)).toHaveLength(tables * 8 + 1)
  expect(new Set(samples(text)).size).toBe(tables * 8 + 1)
  expect(text.match(/^# TYPE .*/gm)?.toSorted()).toEqual([
    '# TYPE g0 gauge',
    '# TYPE g1 gauge',
    '# TYPE hist histogram',
    '# TYPE seen_total counter',
    '# TYPE target_info gauge',
  ])
  const blocks = text.match(/^\w+/gm)!.map((name) => name.replace(/_(bucket|sum|count)$/, ''))
  expect(blocks.filter((name, i) => name !== blocks[i - 1])).toHaveLength(5)
})

describe('selectors', () => {
  test('a series that two selectors match is told once', async () => {
    await using telemetry = await aTelemetry()
    const text = await textOf(
      telemetry.scrape([named('g0'), [...named('g0'), { name: 'table', op: '=', value: 'gold/table_1' }]]),
    )

    expect(samples(text).map((line) => line.split('{')[0])).toEqual(['g0', 'g0', 'g0', 'target_info'])
  })

  test('nothing matches: the target is told all the same', async () => {
    await using telemetry = await aTelemetry()

    expect(samples(await textOf(telemetry.scrape([named('none')])))).toHaveLength(1)
  })
})

test('the limit cuts the largest metrics and says what it cut', async () => {
  await using telemetry = await aTelemetry({ maxSeries: 10 })

  const text = await textOf(telemetry.scrape([]))

  // 3 + 3 + 3 of the small metrics stay, of the 15 of the histogram one does: no whole histogram.
  expect(samples(text).map((line) => line.split('{')[0])).toEqual([
    'g0',
    'g0',
    'g0',
    'g1',
    'g1',
    'g1',
    'seen_total',
    'seen_total',
    'seen_total',
    'target_info',
  ])
  expect(text).toMatch(/^# 14 series are left out: at most 10 are told$/m)
  expect(telemetry.stats().map(({ name, value }) => [name, value])).toEqual([
    ['tidemark_scrape_series', 10],
    ['tidemark_scrape_series_cut_total', 14],
  ])
})

test('a series that has ended is not told', async () => {
  const series = memorySeries()
  series.load({ __name__: 'g0', table: 'old' }, { timestamps: [NOW - 400_000], values: [1] })
  series.load({ __name__: 'g0', table: 'new' }, { timestamps: [NOW - 4_000], values: [2] })
  await using telemetry = await aTelemetry({ series })

  expect(samples(await textOf(telemetry.scrape([])))).toEqual([
    'g0{table="new"} 2',
    expect.stringContaining('target_info'),
  ])
})
