// npm run bench -- store [CASE]: the store with 10,000 tables of 15 series. Each case runs in a process of its own, so
// that its memory is its own; `step` is the distance of appends in minutes.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import type { Sample } from '../../src/model/series.ts'
import { DAY, HOUR, MINUTE, type Timestamp, millis, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'

const TABLES = 10_000
const METRICS = 15
const START = timestamp(Date.UTC(2026, 0, 5))

interface Case {
  readonly step: number
  readonly minutes: number
  /** A third of the series changes little, a third counts up, a third is noise with two decimals; or most are quiet. */
  readonly data: 'busy' | 'quiet'
}

const CASES: Readonly<Record<string, Case>> = {
  'busy-1m-3h': { step: 1, minutes: 190, data: 'busy' },
  'quiet-1m-3h': { step: 1, minutes: 190, data: 'quiet' },
  'busy-5m-2d': { step: 5, minutes: 2 * 1_440 + 30, data: 'busy' },
}

export async function run(only?: string): Promise<void> {
  for (const name of Object.keys(CASES)) {
    if (only !== undefined && only !== name) continue
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-bench-'))
    try {
      const written = child(['write', name, directory])
      const read = child(['read', name, directory])
      console.log(JSON.stringify({ case: `store ${name}`, ...written, ...read }))
    } finally {
      fs.rmSync(directory, { recursive: true })
    }
  }
}

function child(args: readonly string[]): object {
  const { stdout, status } = spawnSync(process.execPath, [import.meta.filename, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`)
  return JSON.parse(stdout) as object
}

const open = (directory: string, now: Timestamp) =>
  openStore({
    directory,
    now,
    log: { info() {}, warn: console.error, error: console.error },
    retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) },
  })

/** One object a sample for the life of the run: what is measured is the store, not this. */
function* appends({ step, minutes, data }: Case): Generator<{ samples: readonly Sample[]; at: Timestamp }> {
  const samples = Array.from({ length: TABLES * METRICS }, (_, i) => ({
    name: `tidemark_table_metric_${i % METRICS}`,
    labels: { table: `gold/orders_${Math.floor(i / METRICS)}`, source: 'lake' },
    value: i,
  }))
  let state = 1
  const random = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  for (let minute = 0; minute < minutes; minute += step) {
    for (const [i, sample] of samples.entries()) {
      const busy = data === 'busy' || i % 50 === 0
      if (!busy) continue
      if (i % 3 === 0) sample.value += random() < 0.05 ? 1 : 0
      else if (i % 3 === 1) sample.value += Math.floor(random() * 40)
      else sample.value = Math.round(random() * 10_000) / 100
    }
    yield { samples, at: timestamp(START + minute * MINUTE) }
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10
const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
const quantile = (values: readonly number[], q: number): number =>
  round(values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)]!)

/** The longest time that the event loop did not turn while this was going on. */
async function longestTurn(work: Promise<void>): Promise<number> {
  let [longest, going] = [0, true]
  void work.finally(() => (going = false))
  while (going) {
    const before = performance.now()
    await turn()
    longest = Math.max(longest, performance.now() - before)
  }
  await work
  return longest
}

const thousandths = (value: number): number => Math.round(value * 1_000) / 1_000

/** What compacted samples take, without the ticks that are not compacted yet and free pages. */
function blockBytes(directory: string): number {
  using database = new DatabaseSync(path.join(directory, 'metrics.db'))
  const row = database.prepare(
    'SELECT (SELECT sum(length(body)) FROM blocks) AS bytes, (SELECT sum(samples) FROM segments) AS samples',
  )
  const { bytes, samples } = row.get()!
  return thousandths(Number(bytes) / Number(samples))
}

async function write(what: Case, directory: string): Promise<object> {
  const store = await open(directory, START)
  const appended: number[] = []
  let [maintained, longest] = [0, 0]
  let count = 0
  let peak = 0
  for (const { samples, at } of appends(what)) {
    const begun = performance.now()
    store.series.append('catalogue', samples, at)
    appended.push(performance.now() - begun)
    count += samples.length
    const before = performance.now()
    longest = Math.max(longest, await longestTurn(store.maintain(at)))
    maintained += performance.now() - before
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const { metricsBytes } = store.stats
  await store[Symbol.asyncDispose]()
  return {
    samples: count,
    appendMs: {
      first: round(appended[0]!),
      p50: quantile(appended, 0.5),
      max: quantile(appended.slice(1), 1),
    },
    maintainMs: Math.round(maintained),
    maintainStallMs: round(longest),
    metricsMB: megabytes(metricsBytes),
    bytesPerSample: { file: thousandths(metricsBytes / count), blocks: blockBytes(directory) },
    peakRssMB: megabytes(peak),
  }
}

async function read(what: Case, directory: string): Promise<object> {
  const now = timestamp(START + what.minutes * MINUTE)
  const begun = performance.now()
  const store = await open(directory, now)
  const started = performance.now() - begun
  const rss = process.memoryUsage.rss()
  const found = store.series.find([{ name: '__name__', op: '=', value: 'tidemark_table_metric_4' }])
  const select = (length: number): { ms: number; samples: number } => {
    const before = performance.now()
    let samples = 0
    for (const series of found)
      samples += series.samples({ from: timestamp(now - length), to: now }).values.length
    return { ms: round(performance.now() - before), samples }
  }
  const matched = performance.now()
  store.series.find([
    { name: '__name__', op: '=~', value: 'tidemark_table_metric_(1|2)' },
    { name: 'table', op: '=~', value: 'gold/orders_[0-9]*7' },
  ])
  const result = {
    startMs: Math.round(started),
    startRssMB: megabytes(rss),
    findRegexMs: round(performance.now() - matched),
    select10k: {
      '5m': select(5 * MINUTE),
      '5m again': select(5 * MINUTE),
      '1h': select(HOUR),
      '24h': select(DAY),
    },
    endRssMB: megabytes(process.memoryUsage.rss()),
  }
  await store[Symbol.asyncDispose]()
  return result
}

const [action, name = '', directory = ''] = import.meta.main ? process.argv.slice(2) : []
if (action !== undefined) {
  const what = CASES[name]!
  console.log(JSON.stringify(await (action === 'write' ? write : read)(what, directory)))
}
