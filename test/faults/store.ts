// npm run test:faults: kills the store's process at random moments, fills its disk, and counts what was lost.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { StoreError } from '../../src/model/errors.ts'
import type { CursorFact } from '../../src/model/facts.ts'
import type { Store } from '../../src/model/store.ts'
import { timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { SERIES, retention, roundAt, samplesOf, valueOf } from './store-rounds.ts'

const KILLS = Number(process.env['KILLS'] ?? 50)
/** From ready to killed, at most; at least nothing at all. */
const LIFE_MS = 300
const BALLAST = 1_048_576

const quiet = { info() {}, warn() {}, error() {} }
const open = (directory: string, now = roundAt(0)): Promise<Store> =>
  openStore({ directory, now, log: quiet, retention, limits: { ballast: BALLAST } })

const integrity = (directory: string): readonly string[] =>
  ['state.db', 'metrics.db'].map((name) => {
    using database = new DatabaseSync(path.join(directory, name))
    return String(database.prepare('PRAGMA integrity_check').get()?.['integrity_check'])
  })

/** Rounds whose facts and samples were acknowledged, over all lives of the writer. */
interface Ledger {
  readonly facts: Set<number>
  readonly samples: Set<number>
  readonly ready: number[]
  readonly trouble: string[]
}

async function liveAndDie(directory: string, ledger: Ledger): Promise<void> {
  const child: ChildProcess = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'store-writer.ts'), directory],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let text = ''
  let ready: (() => void) | undefined
  const isReady = new Promise<void>((resolve) => (ready = resolve))
  child.stdout!.setEncoding('utf8').on('data', (part: string) => {
    text += part
    if (text.includes('\n')) ready!()
  })
  const closed = once(child, 'close')
  await Promise.race([isReady, closed])
  await delay(Math.random() * LIFE_MS)
  child.kill('SIGKILL')
  await closed
  for (const line of text.split('\n').slice(0, -1)) {
    const [what, number] = line.split(' ')
    if (what === 'trouble') ledger.trouble.push(line)
    else if (what === 'ready') ledger.ready.push(Number(number))
    else ledger[what === 'fact' ? 'facts' : 'samples'].add(Number(number))
  }
}

/** Acknowledged facts and samples that are not there, or not right. */
async function lost(directory: string, ledger: Ledger): Promise<number> {
  await using store = await open(directory)
  const known = new Set(store.facts('delivery').map(({ id }) => id))
  const facts = [...ledger.facts].filter((round) => !known.has(`round ${round}`)).length
  const [cursor] = store.facts('cursor', { id: 'rounds' }) as readonly CursorFact[]
  const behind = Number(cursor?.value ?? -1) < Math.max(-1, ...ledger.facts) ? 1 : 0
  let samples = 0
  for (let i = 0; i < SERIES; i += 1) {
    const [series] = store.series.find([{ name: 'table', op: '=', value: `t${i}` }])
    const all = series?.samples({ from: roundAt(0), to: timestamp(8e15) })
    const values = new Map(Array.from(all?.timestamps ?? [], (at, n) => [at, all!.values[n]!]))
    for (const round of ledger.samples)
      if (round % 50 !== i && values.get(roundAt(round)) !== valueOf(round, i)) samples += 1
  }
  return facts + behind + samples
}

async function kills(): Promise<object> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-kills-'))
  const ledger: Ledger = { facts: new Set(), samples: new Set(), ready: [], trouble: [] }
  for (let i = 0; i < KILLS; i += 1) await liveAndDie(directory, ledger)
  const result = {
    kills: KILLS,
    acknowledged: { facts: ledger.facts.size, samples: ledger.samples.size * (SERIES - 1) },
    lost: await lost(directory, ledger),
    trouble: ledger.trouble,
    readyMsMax: Math.max(...ledger.ready),
    integrity: integrity(directory),
  }
  fs.rmSync(directory, { recursive: true })
  return result
}

const megabytes = (count: number): Buffer => Buffer.alloc(count * 1_048_576, 1)

/** Repeats until it throws; returns how often it worked and what it threw. */
function untilFails(work: (n: number) => void): { worked: number; error: unknown } {
  for (let n = 0; n < 100_000; n += 1)
    try {
      work(n)
    } catch (error) {
      return { worked: n, error }
    }
  return { worked: 100_000, error: null }
}

async function fullDisk(): Promise<object> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-full-'))
  // Without a small disk of its own there is no such test; failing says so.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', directory])
  try {
    return await fillAndFree(directory)
  } finally {
    execFileSync('umount', [directory])
    fs.rmdirSync(directory)
  }
}

async function fillAndFree(directory: string): Promise<object> {
  const filler = path.join(directory, 'filler')
  const cursor = (n: number): CursorFact => ({ kind: 'cursor', id: `c${n}`, value: 'x'.repeat(2_000) })
  const checks: Record<string, boolean> = {}
  let [round, recorded] = [0, 0]
  const append = (store: Store): void => store.series.append('rounds', samplesOf(round), roundAt(round++))
  {
    await using store = await open(directory)
    append(store)
    fs.writeFileSync(filler, megabytes(8))
    const full = untilFails(() => {
      append(store)
      store.series.append(
        'noise',
        [{ name: 'n', labels: { x: String(round) }, value: Math.random() }],
        roundAt(round),
      )
    })
    checks['a full disk is a StoreError'] = full.error instanceof StoreError && full.error.reason === 'full'
    checks['it is said'] = store.stats.failing !== null && store.stats.writeErrors > 0
    const [series] = store.series.find([{ name: 'table', op: '=', value: 't0' }])
    checks['samples go on in memory'] =
      series!.samples({ from: roundAt(round - 1), to: roundAt(round - 1) }).values.length === 1
    const facts = untilFails((n) => store.record([cursor(n)], roundAt(round)))
    recorded = facts.worked
    checks['the ballast lets facts go on'] = recorded > 30
    checks['then they fail too, and are not in memory'] =
      facts.error instanceof StoreError && store.facts('cursor').length === recorded
    fs.rmSync(filler)
    store.record([cursor(recorded)], roundAt(round))
    append(store)
    checks['freed space ends it'] = store.stats.failing === null
    checks['the ballast is back'] = fs.statSync(path.join(directory, 'ballast')).size === BALLAST
    await store.maintain(roundAt(round))
  }
  await using store = await open(directory)
  checks['nothing acknowledged is lost'] = store.facts('cursor').length === recorded + 1
  const [series] = store.series.find([{ name: 'table', op: '=', value: 't0' }])
  checks['the newest sample is there'] =
    series!.samples({ from: roundAt(round - 1), to: roundAt(round - 1) }).values[0] === valueOf(round - 1, 0)
  const failed = Object.entries(checks)
    .filter(([, ok]) => !ok)
    .map(([name]) => name)
  return {
    checks: Object.keys(checks).length,
    failed,
    factsOnBallast: recorded,
    integrity: integrity(directory),
  }
}

const killed = (await kills()) as {
  lost: number
  readyMsMax: number
  trouble: readonly string[]
  integrity: string[]
}
const filled = (await fullDisk()) as { failed: string[]; integrity: string[] }
const ok =
  killed.lost === 0 &&
  killed.trouble.length === 0 &&
  killed.readyMsMax < 2_000 &&
  filled.failed.length === 0 &&
  [...killed.integrity, ...filled.integrity].every((found) => found === 'ok')
console.log(JSON.stringify({ kill: killed, full: filled, ok }))
process.exitCode = ok ? 0 : 1
