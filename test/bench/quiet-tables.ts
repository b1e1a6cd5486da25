// 10,000 tables in which nothing happens: what a poll and a tick cost.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { samplesAt } from '../../src/catalogue/catalogue.ts'
import { collectors } from '../../src/collectors/index.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createIo } from '../../src/io/io.ts'
import { createLog } from '../../src/io/log.ts'
import { DAY, MINUTE, millis, timestamp } from '../../src/model/units.ts'
import { pollSource } from '../../src/agent/poll.ts'
import { openStore } from '../../src/store/store.ts'
import { commit } from '../collectors/lake/small-lake.ts'

const TABLES = 10_000
const ROUNDS = 5

/** Prints one JSON line: requests a table and poll, CPU seconds and wall seconds a quiet poll, a tick, peak memory. */
export async function quietTables(): Promise<void> {
  const root = path.join(os.tmpdir(), `tidemark-quiet-${TABLES}`)
  if (!fs.existsSync(path.join(root, 'done'))) {
    for (let i = 0; i < TABLES; i++)
      commit(path.join(root, `db${i % 100}`, `t${i}`), 0, timestamp(1_795_000_000_000), 10)
    fs.writeFileSync(path.join(root, 'done'), '')
  }
  const state = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-quiet-state-'))
  const log = createLog('error')
  await using store = await openStore({
    directory: state,
    now: systemClock.now(),
    log,
    retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) },
  })
  const io = createIo({ clock: systemClock, log, base: root })
  const opened: Array<ReturnType<typeof io.objects>> = []
  const lake = collectors.find((collector) => collector.type === 'lake')!
  const source = lake.connect({ name: 'lake', every: MINUTE }, lake.Config.parse({ path: root }), {
    ...io,
    objects: (location, options) => opened[opened.push(io.objects(location, options)) - 1]!,
  })
  if (source.mode !== 'poll') throw new Error('the lake is polled')
  const objects = () => ({
    requests: opened.reduce((sum, { counters }) => sum + counters.gets + counters.lists + counters.heads, 0),
    bytes: opened.reduce((sum, { counters }) => sum + counters.bytes, 0),
  })
  const signal = new AbortController().signal
  const poll = (now: number) =>
    pollSource(
      {
        name: 'lake',
        type: 'lake',
        poll: (ask) => source.poll(ask),
        store,
        clock: systemClock,
        log,
        objects,
        signal,
        ending: signal,
      },
      timestamp(now),
    )
  const view = {
    known: store,
    patience: () => millis(10 * MINUTE),
    store: store.stats,
    health: {
      version: '',
      startedAt: 0,
      residentBytes: 0,
      diskFreeBytes: null,
      loopDelay: {},
      log: { written: {}, dropped: 0 },
    },
    groups: [],
  }
  const start = systemClock.now()
  const cold = await measured(() => poll(start))
  const before = objects().requests
  const ticks: number[] = []
  const quiet: Array<{ cpu: number; wall: number }> = []
  for (let round = 1; round <= ROUNDS; round++) quiet.push(await measured(() => poll(start + round * MINUTE)))
  const polledMb = residentMb()
  for (let round = 1; round <= ROUNDS; round++) {
    const at = timestamp(start + round * MINUTE)
    const tick = await measured(async () => store.series.append('catalogue', samplesAt(view, at), at))
    ticks.push(tick.wall)
  }
  const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
  const ours = {
    coldSeconds: cold.wall,
    requestsPerTableAndPoll: (objects().requests - before) / ROUNDS / TABLES,
    quietPollSeconds: median(quiet.map(({ wall }) => wall)),
    quietPollCpuSeconds: median(quiet.map(({ cpu }) => cpu)),
    tickSeconds: median(ticks),
    series: store.stats.series,
    /** After the polls; then with all that is known as series, an hour's room for each. */
    polledMb,
    withSeriesMb: residentMb(),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1e3),
  }
  process.stdout.write(
    `${JSON.stringify({ case: `${TABLES} quiet Delta tables polled`, ours, peer: null, ratio: null })}\n`,
  )
  fs.rmSync(state, { recursive: true, force: true })
}

const residentMb = (): number => Math.round(process.memoryUsage.rss() / 1e6)

async function measured(work: () => Promise<unknown>): Promise<{ cpu: number; wall: number }> {
  const cpu = process.cpuUsage()
  const from = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / 1e6, wall: (performance.now() - from) / 1e3 }
}
