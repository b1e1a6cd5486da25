// Debian's Prometheus (2.42) and our engine over the same samples: the same answers to generated queries.
//
// Where 2.42 and the 3.x semantics that we follow differ by design, the queries keep clear of the difference:
// - windows and lookback are left-open since 3.0: sample times are never on a window's edge;
// - subqueries too: their grid is never on a window's edge;
// - rate and increase clamp at zero after halving a long gap since 2.5x: no counter starts near zero inside a window;
// - holt_winters is called double_exponential_smoothing, and sort_by_label, limitk, info, … are not there yet;
// - histogram_fraction takes classic histograms since 3.x only;
// - atan2 kept the metric name in 2.42 (an oversight, mended since): names are not compared there;
// - regular expressions: `.` does not match a newline in 2.42, no label here has one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import type { Engine } from '../../src/promql/promql.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import type { Labels } from '../../src/model/series.ts'
import { startPrometheus } from './prometheus-server.ts'
import type { Peer, PeerSeries } from './prometheus-server.ts'
import { CLAUSES, FUNCTIONS_OF_2_42, queries } from './promql-queries.ts'

const BASE = 1_700_000_000_000
const SCRAPE = 15_000
/** Off every whole second, so off every edge. */
const JITTER = 3_217
const COUNT = 480
const TIMES = [BASE + 3_607_000, BASE + 5_403_000, BASE + 7_489_000]
/** Steps of the same place in every half minute: off the grid of every subquery. */
const RANGE = { start: BASE + 3_007_000, end: BASE + 6_907_000, step: 90_000 }
const TOLERANCE = 1e-5

/** A number in [0, 1) from two whole numbers. */
const noise = (a: number, b: number): number => {
  const x = Math.sin(a * 127.1 + b * 311.7) * 43_758.5453
  return x - Math.floor(x)
}

function makeSeries(): PeerSeries[] {
  const all: PeerSeries[] = []
  let id = 0
  const add = (
    labels: Labels,
    value: (i: number) => number,
    present: (i: number) => boolean = () => true,
  ) => {
    id += 1
    const places = Array.from({ length: COUNT }, (_, i) => i).filter(present)
    all.push({
      labels,
      timestamps: places.map((i) => BASE + i * SCRAPE + JITTER + id * 7),
      values: places.map(value),
    })
  }
  for (const job of ['api', 'web'])
    for (const instance of ['0', '1', '2']) {
      const n = id + 1
      let total = 10_000
      const counter = Array.from({ length: COUNT }, (_, i) => {
        // Reset now and then, but to a value far from zero.
        total = i % 151 === 150 ? 5_000 : total + Math.floor(noise(n, i) * 50)
        return total
      })
      add({ __name__: 'requests_total', job, instance, code: '200' }, (i) => counter[i]!)
      add({ __name__: 'requests_total', job, instance, code: '500' }, (i) => 7_000 + Math.floor(i / 3) * n)
      add({ __name__: 'temperature', job, instance }, (i) => 20 * Math.sin(i / 17 + n) + noise(n, i))
      add(
        { __name__: 'gappy', job, instance },
        (i) => noise(i, n) * 100 - 50,
        (i) => Math.floor(i / 40) % 3 !== Number(instance),
      )
      add({ __name__: 'up', job, instance }, (i) => (noise(n, Math.floor(i / 20)) > 0.3 ? 1 : 0))
      for (const [b, le] of ['0.1', '0.5', '1', '5', '+Inf'].entries())
        add({ __name__: 'latency_bucket', job, instance, le }, (i) => 1_000 * (b + 1) + i * n * (b + 1))
    }
  for (const job of ['api', 'web', 'batch'])
    add({ __name__: 'job_info', job, team: `team-${job}`, tier: job === 'api' ? 'gold' : 'silver' }, () => 1)
  add({ __name__: 'special', kind: 'nan' }, () => Number.NaN)
  add({ __name__: 'special', kind: 'inf' }, () => Number.POSITIVE_INFINITY)
  add({ __name__: 'special', kind: 'ninf' }, () => Number.NEGATIVE_INFINITY)
  add({ __name__: 'special', kind: 'zero' }, () => 0)
  add({ __name__: 'fraction', kind: 'a' }, (i) => noise(3, i) * 2 - 1)
  add({ __name__: 'moment', kind: 'a' }, (i) => 1_456_000_000 + i * 90_000)
  return all
}

interface Answer {
  /** `{sorted labels}` → time → value. */
  readonly series: ReadonlyMap<string, ReadonlyMap<number, number>>
  /** Values in order, for sort and topk. */
  readonly order: readonly number[]
}

const keyOf = (labels: Labels, named = true): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => named || name !== '__name__')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
const number = (text: string): number =>
  text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : text === 'NaN' ? Number.NaN : Number(text)

type PeerPoint = readonly [number, string]
interface PeerData {
  readonly resultType: 'vector' | 'matrix' | 'scalar' | 'string'
  readonly result: unknown
}

function peerAnswer({ resultType, result }: PeerData, named: boolean): Answer {
  if (resultType === 'scalar' || resultType === 'string') {
    const [at, value] = result as PeerPoint
    return {
      series: new Map([['scalar', new Map([[Math.round(at * 1000), number(value)]])]]),
      order: [number(value)],
    }
  }
  const rows = result as { metric: Labels; value?: PeerPoint; values?: PeerPoint[] }[]
  return {
    series: new Map(
      rows.map(({ metric, value, values }) => [
        keyOf(metric, named),
        new Map((values ?? [value!]).map(([at, text]) => [Math.round(at * 1000), number(text)])),
      ]),
    ),
    order: rows.map(({ value }) => (value === undefined ? 0 : number(value[1]))),
  }
}

function ourInstant(engine: Engine, expr: string, at: number): Answer {
  const result = engine.instant(expr, timestamp(at))
  if (result.type === 'scalar')
    return { series: new Map([['scalar', new Map([[at, result.value]])]]), order: [result.value] }
  if (result.type === 'string')
    return { series: new Map([['scalar', new Map([[at, Number(result.value)]])]]), order: [] }
  if (result.type === 'matrix') return { series: pointsOf(result.series), order: [] }
  return {
    series: new Map(result.samples.map(({ labels, value }) => [keyOf(labels), new Map([[at, value]])])),
    order: result.samples.map(({ value }) => value),
  }
}

const pointsOf = (
  series: ReadonlyArray<{ labels: Labels; timestamps: Float64Array; values: Float64Array }>,
) =>
  new Map(
    series.map(({ labels, timestamps, values }) => [
      keyOf(labels),
      new Map(Array.from(timestamps, (at, i) => [at, values[i]!] as const)),
    ]),
  )

const close = (a: number, b: number): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))

function difference(ours: Answer, theirs: Answer, ordered: boolean): string | null {
  for (const key of new Set([...ours.series.keys(), ...theirs.series.keys()])) {
    const [a, b] = [ours.series.get(key), theirs.series.get(key)]
    if (a === undefined) return `only theirs: ${key}`
    if (b === undefined) return `only ours: ${key}`
    for (const at of new Set([...a.keys(), ...b.keys()])) {
      const [x, y] = [a.get(at), b.get(at)]
      if (x === undefined || y === undefined || !close(x, y)) return `${key} at ${at}: ours ${x}, theirs ${y}`
    }
  }
  if (ordered && !ours.order.every((value, i) => close(value, theirs.order[i]!)))
    return `order: ours ${ours.order.join(' ')}, theirs ${theirs.order.join(' ')}`
  return null
}

/** Queries that both refuse: label sets that clash, matches that are not unique. */
const REFUSED: ReadonlySet<string> = new Set([
  'label_replace(gappy, "job", "", "job", ".*")',
  'label_replace(temperature, "job", "", "job", ".*")',
  'requests_total + on(instance) up',
])

const keepsNames = (query: string): boolean => !query.includes('atan2')

describe('the same answers as Prometheus 2.42', () => {
  const all = queries()
  let peer: Peer
  const store = memorySeries()
  const engine = createEngine(store)

  beforeAll(async () => {
    const series = makeSeries()
    for (const { labels, timestamps, values } of series)
      store.load(labels, { timestamps: Array.from(timestamps), values: Array.from(values) })
    peer = await startPrometheus(series)
  }, 60_000)
  afterAll(async () => {
    await peer[Symbol.asyncDispose]()
  })

  test('the queries use every function, operator, modifier and matching rule of 2.42', () => {
    const text = all.join('\n')

    expect(all.length).toBeGreaterThanOrEqual(500)
    expect(
      FUNCTIONS_OF_2_42.filter((name) => !new RegExp(`\\b${name} ?(by|without)? ?\\(`).test(text)),
    ).toEqual([])
    expect(CLAUSES.filter((clause) => !text.includes(clause))).toEqual([])
  })

  test('instant queries', { timeout: 300_000 }, async () => {
    const different: string[] = []
    for (const query of all)
      for (const at of TIMES) {
        const ordered = /^(sort|sort_desc|topk|bottomk)\(/.test(query)
        const found = await compare(
          query,
          async () =>
            peerAnswer(
              (await peer.get('query', { query, time: String(at / 1000) })) as PeerData,
              keepsNames(query),
            ),
          (expr) => ourInstant(engine, expr, at),
          ordered,
        )
        if (found !== null) different.push(`${query} at ${at}: ${found}`)
      }

    expect(different).toEqual([])
  })

  test('range queries', { timeout: 300_000 }, async () => {
    const [start, end, step] = [RANGE.start, RANGE.end, RANGE.step].map((ms) => String(ms / 1000))
    const query = { start: timestamp(RANGE.start), end: timestamp(RANGE.end), step: millis(RANGE.step) }
    const different: string[] = []
    for (const expr of all) {
      const found = await compare(
        expr,
        async () =>
          peerAnswer(
            (await peer.get('query_range', {
              query: expr,
              start: start!,
              end: end!,
              step: step!,
            })) as PeerData,
            keepsNames(expr),
          ),
        (ours) => ({ series: pointsOf(engine.range(ours, query).series), order: [] }),
        false,
      )
      if (found !== null) different.push(`${expr}: ${found}`)
    }

    expect(different).toEqual([])
  })
})

/** Both answer the same, or both refuse. */
async function compare(
  query: string,
  askPeer: () => Promise<Answer>,
  askUs: (expr: string) => Answer,
  ordered: boolean,
): Promise<string | null> {
  const ours = query.replaceAll('holt_winters', 'double_exponential_smoothing')
  const theirs = await askPeer().catch((error: unknown) => error as Error)
  let answer: Answer | Error
  try {
    answer = askUs(ours)
  } catch (error) {
    answer = error as Error
  }
  if (answer instanceof Error || theirs instanceof Error) {
    if (answer instanceof Error && theirs instanceof Error && REFUSED.has(query)) return null
    const said = (side: Answer | Error) => (side instanceof Error ? side.message : 'a result')
    return `ours: ${said(answer)}; theirs: ${said(theirs)}`
  }
  return difference(answer, theirs, ordered)
}
