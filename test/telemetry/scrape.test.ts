// /metrics: one text whether written at once or in slices; selectors; the limit; what ended is gone.
import { describe, expect, test } from 'vitest'
import type { MetricInfo } from '../../src/model/series.ts'
import { memorySeries } from '../../src/promql/promql.ts'
import { NOW, aTelemetry, seriesOf, textOf } from './a-telemetry.ts'

const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted()
const samples = (text: string): string[] => lines(text).filter((line) => !line.startsWith('#'))
const named = (name: string) => [{ name: '__name__', op: '=', value: name }] as const
const all = { matches: [], aggregated: false }
const everything = [{ name: '__name__', op: '!=', value: '' }] as const

test('at once and in slices the same lines are told, comments included', async () => {
  await using telemetry = await aTelemetry()

  const small = await textOf(telemetry.scrape(all))
  const sliced = await textOf(telemetry.scrape({ ...all, matches: [everything] }))

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

  const text = await textOf(telemetry.scrape(all))

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
      telemetry.scrape({
        ...all,
        matches: [named('g0'), [...named('g0'), { name: 'table', op: '=', value: 'gold/table_1' }]],
      }),
    )

    expect(samples(text).map((line) => line.split('{')[0])).toEqual(['g0', 'g0', 'g0', 'target_info'])
  })

  test('nothing matches: the target is told all the same', async () => {
    await using telemetry = await aTelemetry()

    expect(samples(await textOf(telemetry.scrape({ ...all, matches: [named('none')] })))).toHaveLength(1)
  })
})

describe('aggregated', () => {
  const written = (of: Record<string, readonly [Record<string, string>, number][]>) => {
    const series = memorySeries()
    for (const [name, members] of Object.entries(of))
      for (const [labels, value] of members)
        series.load({ __name__: name, ...labels }, { timestamps: [NOW - 1_000], values: [value] })
    return series
  }
  const a = { source: 'lake', table: 'a' }
  const b = { source: 'lake', table: 'b' }
  const c = { source: 'other', table: 'a' }

  test.for<[string, MetricInfo['type'], string, readonly string[]]>([
    ['x_size_bytes', 'gauge', 'bytes', ['x_size_bytes{source="lake"} 12', 'x_size_bytes{source="other"} 4']],
    ['x_seen_total', 'counter', '', ['x_seen_total{source="lake"} 12', 'x_seen_total{source="other"} 4']],
    [
      'x_change_timestamp_seconds',
      'gauge',
      'seconds',
      ['x_change_timestamp_seconds{source="lake"} 5', 'x_change_timestamp_seconds{source="other"} 4'],
    ],
    [
      'x_wait_seconds',
      'gauge',
      'seconds',
      ['x_wait_seconds{source="lake"} 7', 'x_wait_seconds{source="other"} 4'],
    ],
    ['x_up', 'gauge', '', ['x_up{source="lake"} 5', 'x_up{source="other"} 4']],
    ['x_skew_ratio', 'gauge', 'ratio', []],
    ['x_info', 'gauge', '', []],
    ['x_usage_value', 'gauge', '', []],
  ])('%s', async ([name, type, unit, expected]) => {
    await using telemetry = await aTelemetry({
      series: written({
        [name]: [
          [a, 5],
          [b, 7],
          [c, 4],
        ],
      }),
      describe: () => ({ name, help: 'X.', type, unit, labels: [] }),
    })
    const text = await textOf(telemetry.scrape({ ...all, aggregated: true }))

    expect(samples(text).filter((line) => !line.startsWith('target_info'))).toEqual(expected)
  })

  test('histograms are added bucket by bucket; what is of no table stays as it is', async () => {
    await using telemetry = await aTelemetry({ series: seriesOf(3, 0) })
    const text = await textOf(telemetry.scrape({ ...all, aggregated: true }))

    expect(
      samples(text).map((line) => line.replace(/\{.*(le="[^"]+").*\}/, '{$1}').replace(/\{source.*\}/, '')),
    ).toEqual([
      'hist_bucket{le="+Inf"} 9',
      'hist_bucket{le="0.1"} 3',
      'hist_bucket{le="10"} 6',
      'hist_count 9',
      'hist_sum 37.5',
      'seen_total 3',
      'target_info{service_name="tidemark",service_version="1.2.3",service_instance_id="here:9464"} 1',
    ])
  })
})

test('the limit cuts the largest metrics and says what it cut', async () => {
  await using telemetry = await aTelemetry({ maxSeries: 10 })

  const text = await textOf(telemetry.scrape(all))

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

  expect(samples(await textOf(telemetry.scrape(all)))).toEqual([
    'g0{table="new"} 2',
    expect.stringContaining('target_info'),
  ])
})
