// The expressions of Prometheus' own range-query benchmark on the same data: our evaluation beside Prometheus' eval time.
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import type { Labels } from '../../src/model/series.ts'
import { startPrometheus } from '../live/prometheus-server.ts'
import type { Peer } from '../live/prometheus-server.ts'
import * as rules from './rules.ts'
import * as stalls from './stalls.ts'

/** Samples every 10 s, a day before the first step and 1,000 steps. */
const INTERVAL = 10_000
const STEPS = 1_000
const DAY = 8_640
const START = 1_600_000_000_000
const FIRST_STEP = START + DAY * INTERVAL
/** Buckets are only asked for five minutes: that much and a little more. */
const BUCKETS_FROM = DAY - 60
const WARM_UP = 5
const RUNS = 9
/** Milliseconds after which a slow case has been run often enough. */
const ENOUGH = 3_000

const EXPRESSIONS = [
  'a_X',
  'rate(a_X[1m])',
  'rate(sparse[1m])',
  'holt_winters(a_X[1d], 0.3, 0.3)',
  'changes(a_X[1d])',
  'rate(a_X[1d])',
  'absent_over_time(a_X[1d])',
  'sum_over_time(a_X[1h])',
  'max_over_time(a_X[1h])',
  '-a_X',
  'a_X - b_X',
  "a_X and b_X{l=~'.*[0-4]$'}",
  "a_X or b_X{l=~'.*[0-4]$'}",
  "a_X unless b_X{l=~'.*[0-4]$'}",
  "a_X and b_X{l='notfound'}",
  'abs(a_X)',
  "label_replace(a_X, 'l2', '$1', 'l', '(.*)')",
  "label_join(a_X, 'l2', '-', 'l', 'l')",
  'sum(a_X)',
  'avg(a_X)',
  'sum without (l)(h_X)',
  'sum without (le)(h_X)',
  'sum by (l)(h_X)',
  'sum by (le)(h_X)',
  "count_values('value', h_X)",
  'topk(1, a_X)',
  'topk(5, a_X)',
  'quantile(0.9, a_X)',
  'rate(a_X[1m]) + rate(b_X[1m])',
  'sum without (l)(rate(a_X[1m]))',
  'sum without (l)(rate(a_X[1m])) / sum without (l)(rate(b_X[1m]))',
  'histogram_quantile(0.9, rate(h_X[5m]))',
  'a_X + on(l) group_right a_one',
  'timestamp(a_X)',
  'rpc_request_success_total + rpc_request_error_total',
  'sum by (instance)(rate(rpc_request_success_total[5m])) / sum by (instance)(rate(rpc_request_error_total[5m]))',
]
/** Too heavy for every step, as in the original. */
const ONE_STEP = ['count({__name__!=""})', 'count({__name__!="",l=""})']
const FEW_STEPS: Readonly<Record<string, number>> = { "count_values('value', h_X)": 100 }

interface Case {
  readonly expr: string
  readonly steps: number
}

function cases(): Case[] {
  const all = EXPRESSIONS.flatMap((expr) => {
    const sized = expr.includes('_X')
      ? ['one', 'hundred'].map((size) => expr.replaceAll('_X', `_${size}`))
      : [expr]
    return sized.flatMap((sizedExpr) => [
      { expr: sizedExpr, steps: 1 },
      { expr: sizedExpr, steps: FEW_STEPS[expr] ?? STEPS },
    ])
  })
  return [...all, ...ONE_STEP.map((expr) => ({ expr, steps: 1 }))]
}

function* series(): Generator<{ labels: Labels; timestamps: number[]; values: number[] }> {
  const total = DAY + STEPS + 1
  let number = 0
  const of = (labels: Labels, from: number, to: number) => {
    number += 1
    const timestamps = Array.from({ length: to - from }, (_, i) => START + (from + i) * INTERVAL)
    return { labels, timestamps, values: timestamps.map((_, i) => from + i + number / 2_000) }
  }
  for (const [size, count] of [
    ['one', 1],
    ['ten', 10],
    ['hundred', 100],
  ] as const)
    for (let l = 0; l < count; l++) {
      yield of({ __name__: `a_${size}`, l: String(l) }, 0, total)
      yield of({ __name__: `b_${size}`, l: String(l) }, 0, total)
      for (const le of ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+Inf'])
        yield of({ __name__: `h_${size}`, l: String(l), le }, BUCKETS_FROM, total)
    }
  for (let l = 0; l < 50; l++) {
    const length = Math.floor(total / 50)
    yield of({ __name__: 'sparse', l: String(l) }, l * length, (l + 1) * length)
  }
  const job = { environment: 'staging', cluster: 'test-cluster', namespace: 'test-namespace', job: 'worker' }
  for (let i = 0; i < 1_000; i++)
    for (const name of ['rpc_request_success_total', 'rpc_request_error_total'])
      yield of({ __name__: name, ...job, instance: `instance-${i}` }, BUCKETS_FROM, total)
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** The median of several runs, those that warm caches and compilers left out; slow ones are run less often. */
async function timed(run: () => number | Promise<number>): Promise<number> {
  let spent = 0
  for (let i = 0; i < WARM_UP && spent < ENOUGH; i++) spent += await run()
  const times: number[] = []
  for (let total = 0; times.length < 3 || (times.length < RUNS && total < ENOUGH);) {
    const time = await run()
    times.push(time)
    total += time
  }
  return median(times)
}

async function peerTime(peer: Peer, { expr, steps }: Case): Promise<number> {
  return timed(async () => {
    const data = (await peer.get('query_range', {
      query: expr,
      start: String(FIRST_STEP / 1000),
      end: String((FIRST_STEP + (steps - 1) * INTERVAL) / 1000),
      step: String(INTERVAL / 1000),
      stats: 'all',
    })) as { stats: { timings: { evalTotalTime: number } } }
    return data.stats.timings.evalTotalTime * 1000
  })
}

/**
 * Prints a line of JSON a case, milliseconds; the last line is the geometric mean of the ratios and the worst.
 * `only` is a part of the expressions wanted; without it, slices of large queries and the rule tick come first.
 */
export async function run(only = ''): Promise<void> {
  if (only === '') {
    await stalls.run()
    await rules.run()
  }
  const store = memorySeries()
  for (const one of series()) store.load(one.labels, one)
  const engine = createEngine(store)
  await using peer = await startPrometheus(series())
  const ratios: number[] = []
  for (const one of cases().filter(({ expr }) => expr.includes(only))) {
    const { steps } = one
    const expr = one.expr.replace('holt_winters', 'double_exponential_smoothing')
    const query = {
      start: timestamp(FIRST_STEP),
      end: timestamp(FIRST_STEP + (steps - 1) * INTERVAL),
      step: millis(INTERVAL),
    }
    const ours = await timed(() => {
      const before = performance.now()
      engine.range(expr, query)
      return performance.now() - before
    })
    const theirs = await peerTime(peer, one)
    ratios.push(ours / theirs)
    const rounded = (value: number): number => Number(value.toPrecision(3))
    const line = {
      case: `${one.expr} × ${steps}`,
      ours: rounded(ours),
      peer: rounded(theirs),
      ratio: rounded(ours / theirs),
    }
    console.log(JSON.stringify(line))
  }
  const geometricMean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  console.log(JSON.stringify({ geometricMean, worst: Math.max(...ratios), cases: ratios.length }))
}
