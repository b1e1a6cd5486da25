// npm run bench -- stalls: a large range query in slices against the same at once, and how long the event loop stands still.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createTurns } from '../../src/io/turns.ts'
import type { SeriesReader, SeriesWriter } from '../../src/model/series.ts'
import { DAY, HOUR, MINUTE, SECOND, millis, timestamp } from '../../src/model/units.ts'
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import { openStore } from '../../src/store/store.ts'
import { rounded, timed, watchingStalls } from './event-loop.ts'

const SERIES = 1_000
const INTERVAL = 30 * SECOND
const END = timestamp(Date.UTC(2026, 5, 7, 12))
const START = END - DAY
const RUNS = 3
const EXPRESSIONS = [
  'rate(m_total[1d])',
  'sum by (l) (max_over_time(m_total[6h]))',
  'stddev_over_time(m_total[6h])',
]
/** The second half of the day in half minutes. */
const RANGE = { start: timestamp(END - 12 * HOUR), end: END, step: millis(MINUTE) }

/** Prints a line a case, milliseconds. */
export async function run(only = ''): Promise<void> {
  const memory = memorySeries()
  fill(memory)
  await measure('in memory', memory, only)
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-bench-'))
  try {
    await using store = await openStore({
      directory,
      now: timestamp(START),
      log: { info() {}, warn: console.error, error: console.error },
      retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) },
    })
    fill(store.series)
    await store.maintain(END)
    await measure('in the store', store.series, only)
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

function fill(writer: SeriesWriter): void {
  const labels = Array.from({ length: SERIES }, (_, i) => ({ l: String(i % 10), i: String(i) }))
  for (let at = START, n = 0; at <= END; at += INTERVAL, n++)
    writer.append(
      'bench',
      labels.map((one, i) => ({ name: 'm_total', labels: one, value: 1_000 + n * (i % 50) })),
      timestamp(at),
    )
}

async function measure(where: string, series: SeriesReader & SeriesWriter, only: string): Promise<void> {
  const engine = createEngine(series)
  const turn = createTurns()
  for (const expr of EXPRESSIONS.filter((one) => one.includes(only))) {
    const whole = await fastest(() => engine.range(expr, RANGE))
    const [sliced, stalls] = await watchingStalls(() => fastest(() => engine.rangeSliced(expr, RANGE, turn)))
    const name = `${expr} over 1,000 series × 24 h in slices, ${where}`
    console.log(
      JSON.stringify({
        case: name,
        ours: rounded(sliced),
        whole: rounded(whole),
        cost: rounded(sliced / whole),
        ...stalls,
      }),
    )
  }
}

async function fastest(work: () => unknown): Promise<number> {
  let least = Infinity
  for (let i = 0; i < RUNS; i++) least = Math.min(least, await timed(work))
  return least
}
