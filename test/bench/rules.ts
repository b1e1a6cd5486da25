// npm run bench -- rules: a tick of 1,000 rules over 10,000 series, in memory and in the store, beside the same group in Prometheus.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setImmediate as turn } from 'node:timers/promises'
import type { SeriesReader, SeriesWriter } from '../../src/model/series.ts'
import { DAY, type Timestamp, millis, timestamp } from '../../src/model/units.ts'
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import {
  type AlertRecord,
  type GroupPorts,
  type GroupState,
  engineQuery,
  evaluateGroup,
  loadRuleFiles,
  recordedNames,
} from '../../src/rules/rules.ts'
import { openStore } from '../../src/store/store.ts'
import { startPrometheus } from '../live/prometheus-server.ts'
import type { Peer } from '../live/prometheus-server.ts'
import { LENGTH, SCRAPE, type TableSeries, makeRules, makeSeries } from './rules-data.ts'

/** Evaluations that are measured; the first ones warm caches and compilers. */
const TICKS = 6
const WARM_UP = 2
const INTERVAL = '5s'
const POLL = 200
const PEER_WITHIN = 60_000

interface Tick {
  readonly at: Timestamp
  readonly took: number
  /** Of each rule in order, how many. */
  readonly alerts: readonly number[]
}

/** Prints a line a case: the median tick in milliseconds, and how long the event loop stood still meanwhile. */
export async function run(): Promise<void> {
  const series = makeSeries()
  const count = LENGTH / SCRAPE
  const end = Math.floor(Date.now() / 1000) * 1000 + 7
  const times = Array.from({ length: count }, (_, i) => end - (count - 1 - i) * SCRAPE)
  const rules = makeRules(INTERVAL)
  const peer = await askPrometheus(series, times, rules)
  const memory = memorySeries()
  fill(memory, series, times)
  report('a tick of 1,000 rules over 10,000 series, in memory', await ticks(memory, rules, peer), peer)

  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-bench-'))
  try {
    await using store = await openStore({
      directory,
      now: timestamp(times[0]!),
      log: { info() {}, warn: console.error, error: console.error },
      retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) },
    })
    fill(store.series, series, times)
    report(
      'a tick of 1,000 rules over 10,000 series, in the store',
      await ticks(store.series, rules, peer),
      peer,
    )
  } finally {
    fs.rmSync(directory, { recursive: true })
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
  readonly stalls: { readonly p99: number; readonly max: number }
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
  const stalls = monitorEventLoopDelay({ resolution: 1 })
  const done: Tick[] = []
  for (const [i, { at, alerts: expected }] of peer.entries()) {
    await turn()
    if (i >= WARM_UP) stalls.enable()
    const started = performance.now()
    const evaluated = await evaluateGroup(groups[0]!, state, at, ports)
    state = evaluated.state
    const took = performance.now() - started
    await turn()
    stalls.disable()
    const alerts = evaluated.rules.map((rule) => rule.alerts.filter(isActive).length)
    const wrong = evaluated.rules.findIndex((rule, n) => rule.health !== 'ok' || alerts[n] !== expected[n])
    if (wrong >= 0) {
      const { rule, error } = evaluated.rules[wrong]!
      throw new Error(
        `${rule.exprText}: ${alerts[wrong]} alerts, Prometheus has ${expected[wrong]}; ${error}`,
      )
    }
    done.push({ at, took, alerts })
  }
  return { ticks: done, stalls: { p99: stalls.percentile(99) / 1e6, max: stalls.max / 1e6 } }
}

function report(name: string, { ticks: ours, stalls }: OurTicks, peer: readonly Tick[]): void {
  const [own, theirs] = [median(ours), median(peer)]
  console.log(
    JSON.stringify({
      case: name,
      ours: rounded(own),
      peer: rounded(theirs),
      ratio: rounded(own / theirs),
      alerts: ours.at(-1)!.alerts.reduce((sum, count) => sum + count, 0),
      stallP99: rounded(stalls.p99),
      stallMax: rounded(stalls.max),
    }),
  )
}

const isActive = ({ state }: AlertRecord): boolean => state.phase !== 'resolved'

const rounded = (value: number): number => Number(value.toPrecision(3))

function median(all: readonly Tick[]): number {
  const times = all.slice(WARM_UP).map(({ took }) => took)
  return times.toSorted((a, b) => a - b)[times.length >> 1]!
}
