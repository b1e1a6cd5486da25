// npm run bench -- savings [MIX]: what advice that is frozen on day 60 saves in the ninety days after, in seeded worlds of
// which the advisors see telemetry only, billed by the independent calculator, against doing nothing, what a rule of
// thumb says, Intelligent-Tiering everywhere, and hindsight. Advisors were tuned on one set of seeds; the figure is that
// of the other.
import os from 'node:os'
import { Worker } from 'node:worker_threads'
import { MIXES, type Mix, type World } from './savings/mixes.ts'
import type { Played } from './savings/play.ts'
import { report } from './savings/report.ts'

const SEEDS = 30
const SETS = [
  { seeds: 'tuned on 1-30', first: 1 },
  { seeds: 'held out 101-130', first: 101 },
] as const

export async function run(only?: string): Promise<void> {
  const mixes = MIXES.filter((mix) => only === undefined || mix === only)
  if (mixes.length === 0) throw new Error(`savings knows ${MIXES.join(', ')}, not ${only}`)
  for (const { seeds, first } of SETS) {
    const worlds = mixes.flatMap((mix) => Array.from({ length: SEEDS }, (_, i) => ({ mix, seed: first + i })))
    const played = await playAll(worlds)
    for (const mix of mixes)
      for (const line of report(seeds, mix, of(mix, played))) console.log(JSON.stringify(line))
  }
}

const of = (mix: Mix, played: readonly Played[]): readonly Played[] =>
  played.filter((one) => one.mix === mix).toSorted((a, b) => a.seed - b.seed)

/** As many threads as there are cores: which thread plays a world does not matter to it. */
async function playAll(worlds: readonly World[]): Promise<readonly Played[]> {
  const threads = os.availableParallelism()
  const played = await Promise.all(
    Array.from({ length: threads }, (_, i) => inThread(worlds.filter((_world, j) => j % threads === i))),
  )
  return played.flat()
}

function inThread(worlds: readonly World[]): Promise<readonly Played[]> {
  const played: Played[] = []
  const worker = new Worker(new URL('./savings/worker.ts', import.meta.url), { workerData: worlds })
  return new Promise((resolve, reject) => {
    worker.on('message', (one: Played) => played.push(one))
    worker.on('error', reject)
    worker.on('exit', () => resolve(played))
  })
}
