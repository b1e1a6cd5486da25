// A telemetry over series in memory, for tests and benches.
import type { MetricInfo } from '../../src/model/series.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import { type MemorySeries, memorySeries } from '../../src/promql/promql.ts'
import { type Telemetry, type TelemetryOptions, openTelemetry } from '../../src/telemetry/telemetry.ts'

export const NOW = timestamp(Date.UTC(2026, 10, 22, 12))

const info = (name: string, type: MetricInfo['type']): MetricInfo => ({
  name,
  help: `What ${name} is.`,
  type,
  unit: type === 'histogram' ? 'seconds' : '',
  labels: [],
})

/** Gauges g0, g1, …, a counter and a histogram, `tables` of each. */
export const describe = (name: string): MetricInfo | undefined =>
  /^hist_(bucket|sum|count)$/.test(name)
    ? info('hist', 'histogram')
    : name === 'seen_total'
      ? info(name, 'counter')
      : /^g\d+$/.test(name)
        ? info(name, 'gauge')
        : undefined

export function seriesOf(tables: number, gauges: number): MemorySeries {
  const series = memorySeries()
  const load = (name: string, labels: Record<string, string>, value: number) =>
    series.load({ __name__: name, ...labels }, { timestamps: [NOW - 1_000], values: [value] })
  for (let t = 0; t < tables; t++) {
    const labels = { source: 'lake', table: `gold/table_${t}`, owner: 'a "quoted"\\ team', format: 'delta' }
    for (let g = 0; g < gauges; g++) load(`g${g}`, labels, t * 1.5 + g)
    load('seen_total', labels, t)
    for (const [le, value] of [
      ['0.1', 1],
      ['10', 2],
      ['+Inf', 3],
    ] as const)
      load('hist_bucket', { ...labels, le }, value)
    load('hist_sum', labels, 12.5)
    load('hist_count', labels, 3)
  }
  load('ALERTS', { alertname: 'X' }, 1)
  return series
}

export const aTelemetry = (change: Partial<TelemetryOptions> = {}): Promise<Telemetry> =>
  openTelemetry({
    version: '1.2.3',
    instanceId: 'here:9464',
    startedAt: timestamp(NOW - 60_000),
    series: seriesOf(3, 2),
    range: () => ({ from: timestamp(NOW - 300_000), to: NOW }),
    describe,
    monotonic: () => millis(performance.now()),
    maxSeries: 200_000,
    environment: {},
    ...change,
  })

export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}
