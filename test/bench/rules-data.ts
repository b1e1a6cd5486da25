// What the bench of a rule tick works on: series of 500 tables, and 1,000 rules as teams write them.
import type { Labels } from '../../src/model/series.ts'
import { stringify } from 'yaml'

/** 500 tables × 20 metrics = 10,000 series. */
const TABLES = 500
const GAUGES = 12
const COUNTERS = 7
const RULES = 1_000
export const SCRAPE = 30_000
export const LENGTH = 2 * 3_600_000

const SOURCES = 10
const TEAMS = 25

export interface TableSeries {
  readonly labels: Labels
  readonly value: (i: number) => number
}

/** A number in [0, 1) from two whole numbers. */
const noise = (a: number, b: number): number => {
  const x = Math.sin(a * 127.1 + b * 311.7) * 43_758.5453
  return x - Math.floor(x)
}

export function makeSeries(): TableSeries[] {
  const all: TableSeries[] = []
  for (let table = 0; table < TABLES; table++) {
    const labels = {
      table: `gold.orders_${table}`,
      source: `lake-${table % SOURCES}`,
      tier: table % 4 === 0 ? 'gold' : 'silver',
    }
    for (let g = 0; g < GAUGES; g++)
      all.push({
        labels: { __name__: `table_gauge_${g}`, ...labels },
        value: (i) => Math.round((noise(table * GAUGES + g, i) * 50 + (table % 50)) * 100) / 100,
      })
    for (let c = 0; c < COUNTERS; c++)
      all.push({
        labels: { __name__: `table_rows_${c}_total`, ...labels },
        value: (i) => 1_000_000 + i * (10 + (table % 90)) * (c + 1),
      })
    all.push({
      labels: { __name__: 'table_info', ...labels, team: `team-${table % TEAMS}` },
      value: () => 1,
    })
  }
  return all
}

/** A recording rule where it has a name, an alert otherwise. */
interface Sort {
  readonly weight: number
  readonly record?: (n: number) => string
  readonly expr: (n: number) => string
}

/** Of a hundred rules as many of each as its weight; `n` counts within the sort. */
const SORTS: readonly Sort[] = [
  { weight: 22, expr: (n) => `${gauge(n)} > ${97 + n / 1_000}` },
  {
    weight: 10,
    expr: (n) => `${gauge(n)}{source="lake-${n % SOURCES}", tier="gold"} > ${94 + n / 1_000}`,
  },
  { weight: 14, expr: (n) => `rate(${counter(n)}[5m]) > ${((n % COUNTERS) + 1) * 3.28 + n / 10_000}` },
  {
    weight: 10,
    record: (n) => `source:rows_${n}:rate5m`,
    expr: (n) => `sum by (source) (rate(${counter(n)}[5m]))`,
  },
  { weight: 6, record: (n) => `tier:gauge_${n}:avg`, expr: (n) => `avg by (source, tier) (${gauge(n)})` },
  { weight: 6, expr: (n) => `source:rows_${n}:rate5m > ${94.3 * ((n % COUNTERS) + 1)}` },
  { weight: 8, expr: (n) => `${gauge(n)} / on (table, source) ${gauge(n + 1)} > ${60 + n / 1_000}` },
  {
    weight: 6,
    expr: (n) =>
      `sum by (team) (rate(${counter(n)}[5m]) * on (table) group_left (team) table_info) < ${30 + n / 1_000}`,
  },
  { weight: 5, expr: (n) => `max_over_time(${gauge(n)}[10m]) < ${20 + n / 1_000}` },
  { weight: 4, expr: (n) => `absent(${gauge(n)}{table="gold.orders_${n * 13}"})` },
  { weight: 5, expr: (n) => `${gauge(n)} > ${95 + n / 1_000} and on (table) table_info{tier="gold"}` },
  { weight: 4, expr: (n) => `time() - timestamp(${gauge(n)}) > ${900 + n}` },
]

const gauge = (n: number): string => `table_gauge_${n % GAUGES}`
const counter = (n: number): string => `table_rows_${n % COUNTERS}_total`

/** One group; its sorts are mixed, as in real files. */
export function makeRules(interval: string): string {
  const rules: object[] = []
  const counts = SORTS.map(() => 0)
  while (rules.length < RULES)
    for (const [i, sort] of SORTS.entries()) {
      const n = counts[i]!
      if (n > Math.round((rules.length * sort.weight) / 100) || rules.length >= RULES) continue
      rules.push(written(sort, n, rules.length))
      counts[i] = n + 1
    }
  return stringify({ groups: [{ name: 'tick', interval, rules }] })
}

const written = ({ record, expr }: Sort, n: number, place: number): object =>
  record === undefined
    ? {
        alert: `Alert${place}`,
        expr: expr(n),
        for: place % 2 === 0 ? '5m' : '0s',
        labels: { severity: place % 3 === 0 ? 'page' : 'ticket' },
        annotations: { summary: '{{ $labels.table }} of {{ $labels.source }} is at {{ $value | humanize }}' },
      }
    : { record: record(n), expr: expr(n) }
