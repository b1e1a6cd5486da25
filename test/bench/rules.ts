// npm run bench -- rules: a tick of 1,000 rules over 10,000 series, in memory and in the store, beside the same group in Prometheus.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setImmediate as turn } from 'node:timers/promises'
import type { SeriesReader, SeriesWriter } from '../../src/model/series.ts'
import { DAY, type Timestamp, millis, timestamp } from '../../src/model/units.ts'
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import {
  type AlertRecord,
  type GroupPorts,
  type GroupReport,
  type GroupState,
  engineQuery,
  evaluateGroup,
  loadRuleFiles,
  recordedNames,
} from '../../src/rules/rules.ts'
import { createTurns } from '../../src/io/turns.ts'
import type { Store } from '../../src/model/store.ts'
import { openStore } from '../../src/store/store.ts'
import { startPrometheus } from '../live/prometheus-server.ts'
import type { Peer } from '../live/prometheus-server.ts'
import { type Stalls, rounded, timed, watchingStalls } from './event-loop.ts'
import { LENGTH, SCRAPE, type TableSeries, makeRules, makeSeries } from './rules-data.ts'

/** Evaluations that are measured; the first ones warm caches and compilers. */
const TICKS = 6
const WARM_UP = 1
/** Prometheus must be done before the next one begins, on a busy machine too. */
const INTERVAL = '10s'
const POLL = 200
const PEER_WITHIN = 120_000

/** Each takes seconds: 500 series, 7,200 steps. */
const HEAVY = [
  'quantile_over_time(0.9, table_gauge_1[1h])',
  'sum by (source) (rate(table_rows_1_total[1h]))',
  'max by (tier) (stddev_over_time(table_gauge_2[30m]))',
]
const queryTurn = createTurns()

interface Tick {
  readonly at: Timestamp
  readonly took: number
  /** Of each rule in order, how many. */
  readonly alerts: readonly number[]
}

/**
 * Prints a line a case: the median tick in milliseconds, and how long the event loop stood still meanwhile. The last
 * case is the tick while range queries run that take seconds: what they add to it is its delay.
 */
export async function run(): Promise<void> {
  const series = makeSeries()
  const count = LENGTH / SCRAPE
  const end = Math.floor(Date.now() / 1000) * 1000 + 7
  const times = Array.from({ length: count }, (_, i) => end - (count - 1 - i) * SCRAPE)
  const rules = makeRules(INTERVAL)
  const peer = await askPrometheus(series, times, rules)
  const name = 'a tick of 1,000 rules over 10,000 series'
  const memory = memorySeries()
  fill(memory, series, times)
  report(`${name}, in memory`, await ticks(memory, rules, peer), peer)

  await inStore(series, times, async (store) => {
    report(`${name}, in the store`, await ticks(store, rules, peer), peer)
  })
  await inStore(series, times, async (store) => {
    const asking = new AbortController()
    const queries = HEAVY.map((expr) => askOften(store, expr, times, asking.signal))
    const found = await ticks(store, rules, peer)
    asking.abort()
    await Promise.all(queries)
    report(`${name}, in the store, while ${HEAVY.length} heavy range queries run`, found, peer)
  })
}

async function inStore(
  series: readonly TableSeries[],
  times: readonly number[],
  work: (store: Store['series']) => Promise<void>,
): Promise<void> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-bench-'))
  try {
    await using store = await openStore({
      directory,
      now: timestamp(times[0]!),
      log: { info() {}, warn: console.error, error: console.error },
      retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) },
    })
    fill(store.series, series, times)
    await work(store.series)
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

/** Asks for the same again and again, as the query API does. */
async function askOften(
  series: SeriesReader,
  expr: string,
  times: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const engine = createEngine(series)
  const range = { start: timestamp(times[0]!), end: timestamp(times.at(-1)!), step: millis(1_000) }
  while (!signal.aborted) {
    const pause = async () => {
      signal.throwIfAborted()
      await queryTurn()
    }
    await engine.rangeSliced(expr, range, pause).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
}

function fill(writer: SeriesWriter, series: readonly TableSeries[], times: readonly number[]): void {
  const split = series.map(({ labels: { __name__: name, ...labels }, value }) => ({
    name: name!,
    labels,
    value,
  }))
  for (const [i, at] of times.entries())
    writer.append(
      'bench',
      split.map(({ name, labels, value }) => ({ name, labels, value: value(i) })),
      timestamp(at),
    )
}

/** Lets Prometheus evaluate the group at its own times. */
async function askPrometheus(
  series: readonly TableSeries[],
  times: readonly number[],
  rules: string,
): Promise<readonly Tick[]> {
  const values = (one: TableSeries) => times.map((_, i) => one.value(i))
  const peerSeries = series
    .values()
    .map((one) => ({ labels: one.labels, timestamps: times, values: values(one) }))
  await using peer = await startPrometheus(peerSeries, rules)
  const seen = new Map<number, Tick>()
  for (const deadline = performance.now() + PEER_WITHIN; seen.size < TICKS + WARM_UP; await sleep(POLL)) {
    if (performance.now() > deadline)
      throw new Error(`Prometheus evaluated ${seen.size} times within a minute`)
    const tick = await lastTick(peer)
    if (tick !== null) seen.set(tick.at, tick)
  }
  return [...seen.values()]
}

interface PeerGroup {
  readonly evaluationTime: number
  readonly lastEvaluation: string
  readonly rules: ReadonlyArray<{
    readonly name: string
    readonly health: string
    readonly lastEvaluation: string
    readonly alerts?: readonly unknown[]
  }>
}

async function lastTick(peer: Peer): Promise<Tick | null> {
  const { groups } = (await peer.get('rules')) as { groups: readonly PeerGroup[] }
  const group = groups[0]!
  if (group.rules.some(({ health }) => health === 'unknown')) return null
  // The alerts of a rule may be of the next evaluation already, which is under way then.
  const over = Date.parse(group.lastEvaluation) + group.evaluationTime * 1000 + 1
  if (group.rules.some(({ lastEvaluation }) => Date.parse(lastEvaluation) > over)) return null
  const bad = group.rules.find(({ health }) => health !== 'ok')
  if (bad !== undefined) throw new Error(`Prometheus could not evaluate ${bad.name}`)
  return {
    at: await slotOf(peer, group.lastEvaluation),
    took: group.evaluationTime * 1000,
    alerts: group.rules.map(({ alerts = [] }) => alerts.length),
  }
}

/** An evaluation is of its slot and begins a little later: what was recorded says which slot it was. */
async function slotOf(peer: Peer, time: string): Promise<Timestamp> {
  const query = 'max(timestamp(tier:gauge_0:avg))'
  const { result } = (await peer.get('query', { query, time })) as {
    result: Array<{ value: [number, string] }>
  }
  return timestamp(Math.round(Number(result[0]!.value[1]) * 1000))
}

interface OurTicks {
  readonly ticks: readonly Tick[]
  readonly stalls: Stalls
}

/** The same group at the same times; throws where it does not give as many alerts. */
async function ticks(
  series: SeriesReader & SeriesWriter,
  rules: string,
  peer: readonly Tick[],
): Promise<OurTicks> {
  const { groups, errors } = loadRuleFiles([{ path: 'rules.yaml', text: rules }])
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  const ports: GroupPorts = {
    query: engineQuery(createEngine(series)),
    writer: series,
    external: { labels: {}, url: '' },
    defaults: { interval: millis(60_000), queryOffset: millis(0) },
    recorded: recordedNames(groups),
    whereabouts: () => 'unknown',
    monotonic: () => performance.now(),
    pause: () => turn(),
  }
  let state: GroupState = { group: 'tick', at: null, rules: [] }
  const tick = async ({ at, alerts: expected }: Tick): Promise<Tick> => {
    const evaluation = { report: null as GroupReport | null }
    const took = await timed(async () => {
      evaluation.report = await evaluateGroup(groups[0]!, state, at, ports)
    })
    const evaluated = evaluation.report!
    state = evaluated.state
    const alerts = evaluated.rules.map((rule) => rule.alerts.filter(isActive).length)
    const wrong = evaluated.rules.findIndex((rule, n) => rule.health !== 'ok' || alerts[n] !== expected[n])
    if (wrong >= 0) {
      const { rule, error } = evaluated.rules[wrong]!
      throw new Error(
        `${rule.exprText}: ${alerts[wrong]} alerts, Prometheus has ${expected[wrong]}; ${error}`,
      )
    }
    return { at, took, alerts }
  }
  for (const one of peer.slice(0, WARM_UP)) await tick(one)
  const [measured, stalls] = await watchingStalls(async () => {
    const done: Tick[] = []
    for (const one of peer.slice(WARM_UP)) done.push(await tick(one))
    return done
  })
  return { ticks: measured, stalls }
}

function report(name: string, { ticks: ours, stalls }: OurTicks, peer: readonly Tick[]): void {
  const [own, theirs] = [median(ours), median(peer.slice(WARM_UP))]
  console.log(
    JSON.stringify({
      case: name,
      ours: rounded(own),
      peer: rounded(theirs),
      ratio: rounded(own / theirs),
      alerts: ours.at(-1)!.alerts.reduce((sum, count) => sum + count, 0),
      ...stalls,
    }),
  )
}

const isActive = ({ state }: AlertRecord): boolean => state.phase !== 'resolved'

function median(all: readonly Tick[]): number {
  const times = all.map(({ took }) => took)
  return times.toSorted((a, b) => a - b)[times.length >> 1]!
}
