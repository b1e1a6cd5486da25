import { describe, expect, test } from 'vitest'
import type { MetricInfo } from '../../src/model/series.ts'
import { attributes, metricData } from '../../src/telemetry/metric-data.ts'

const info = (name: string, type: MetricInfo['type']): MetricInfo => ({
  name,
  help: `Help of ${name}.`,
  type,
  unit: 'bytes',
  labels: [],
})
const known: Record<string, MetricInfo> = {
  size: info('size', 'gauge'),
  size_total: info('size_total', 'counter'),
  hist_bucket: info('hist', 'histogram'),
  hist_sum: info('hist', 'histogram'),
  hist_count: info('hist', 'histogram'),
}
const of = (name: string, value: number, labels = {}) => ({
  labels: { __name__: name, ...labels },
  value,
  at: 1_500,
})

test('gauges, counters and histograms become metric data', async () => {
  const series = [
    of('size', 3, { table: 'a' }),
    of('size', 4, { table: 'b' }),
    of('size_total', 7),
    of('hist_bucket', 9, { le: '+Inf', table: 'a' }),
    of('hist_bucket', 2, { le: '10', table: 'a' }),
    of('hist_bucket', 5, { le: '20', table: 'a' }),
    of('hist_sum', 123, { table: 'a' }),
    of('hist_count', 9, { table: 'a' }),
  ]

  const data = metricData(series, (name) => known[name], 1_000)

  expect(data.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints])).toEqual([
    [
      'size',
      [
        { startTime: [1, 0], endTime: [1, 5e8], attributes: { table: 'a' }, value: 3 },
        { startTime: [1, 0], endTime: [1, 5e8], attributes: { table: 'b' }, value: 4 },
      ],
    ],
    ['size_total', [{ startTime: [1, 0], endTime: [1, 5e8], attributes: {}, value: 7 }]],
    [
      'hist',
      [
        {
          startTime: [1, 0],
          endTime: [1, 5e8],
          attributes: { table: 'a' },
          value: { buckets: { boundaries: [10, 20], counts: [2, 3, 4] }, sum: 123, count: 9 },
        },
      ],
    ],
  ])
})

test('series that the catalogue does not know stay inside', () => {
  expect(metricData([of('ALERTS', 1)], (name) => known[name], 0)).toEqual([])
})

describe('labels are made safe before the exporter sees them', () => {
  test.for<[string, Record<string, string>, Record<string, string>]>([
    [
      'two names that meet get a number',
      { 'a.b': '1', a_b: '2', 'a-b': '3' },
      { a_b: '1', a_b_2: '2', a_b_3: '3' },
    ],
    ['a leading digit gets an underscore', { '9k': 'x' }, { _9k: 'x' }],
    ['control characters in values are replaced', { a: 'x\u001b[31m\u0000' }, { a: 'x\uFFFD[31m\uFFFD' }],
    ['the name is no label', { __name__: 'size' }, {}],
    ['a hostile name is only a name', { ['__proto__']: 'x' }, {}],
  ])('%s', ([, labels, clean]) => {
    expect(attributes(labels)).toEqual(clean)
  })
})
