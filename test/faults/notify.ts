// Notifications under faults: kill -9, receivers that fail in every way, clocks that are set. The last line is JSON.
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { parseNotifyConfig } from '../../src/config/config.ts'
import { createEgress } from '../../src/io/egress.ts'
import { createHttpClient } from '../../src/io/http.ts'
import { createNotifier } from '../../src/notify/notify.ts'
import { SECOND, millis, plus } from '../../src/model/units.ts'
import { firing, resolved, silentLog, START, testClock, testStore } from '../notify/world.ts'
import { type Judgement, type Listener, type Mode, judge, startListener } from './notify-ledger.ts'

const TRANSITIONS_A_SECOND = 20
const FAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
]

const configOf = (url: string, times: string): string => `
route: { receiver: hook, group_by: [alertname], ${times} }
receivers: [ { name: hook, webhook_configs: [ { url: '${url}/hook' } ] } ]
egress: { allow: ['127.0.0.0/8'] }
flapping: null
`
const FAST = 'group_wait: 100ms, group_interval: 100ms, repeat_interval: 10h'

interface Child {
  readonly process: ChildProcess
  readonly ready: Promise<readonly string[]>
  send(line: string): void
}

function startChild(
  directory: string,
  config: string,
  onLine: (line: string) => void,
  environment: NodeJS.ProcessEnv = {},
): Child {
  const child = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'notify-child.ts'), directory, config],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    },
  )
  child.stdin.on('error', () => {})
  const ready = Promise.withResolvers<readonly string[]>()
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('ready'))
      ready.resolve(
        line
          .split(' ')
          .slice(1)
          .filter((id) => id !== ''),
      )
    else onLine(line)
  })
  child.on('exit', (code) => ready.reject(new Error(`the child ended with ${code} before it was ready`)))
  return { process: child, ready: ready.promise, send: (line) => void child.stdin.write(`${line}\n`) }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function until(done: () => boolean, seconds: number): Promise<void> {
  for (let waited = 0; waited < seconds * 1_000 && !done(); waited += 50) await pause(50)
}

async function killed(child: Child): Promise<void> {
  const exit = new Promise((resolve) => child.process.once('exit', resolve))
  child.process.kill('SIGKILL')
  await exit
}

interface Killing extends Judgement {
  readonly kills: number
  readonly acknowledged: number
  readonly silences: number
  readonly silencesForgotten: number
}

/** Kills a notifier again and again while alerts fire and resolve; nothing that it acknowledged may be missing. */
export async function killMinus9(kills: number): Promise<Killing> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-faults-'))
  await using listener = await startListener()
  const config = configOf(listener.url, FAST)
  const state = new Ledger(listener)
  const silences = new Map<string, string>()
  const forgotten = new Set<string>()
  const onLine = (line: string) => {
    const [, verb, name, id] = line.split(' ')
    if (verb === 'silence') silences.set(name!, id!)
    else state.acknowledged(verb!, name!)
  }
  const checkSilences = (present: readonly string[]) => {
    for (const id of silences.values()) if (!present.includes(id)) forgotten.add(id)
  }

  for (let kill = 0; kill < kills; kill += 1) {
    const child = startChild(directory, config, onLine)
    checkSilences(await child.ready)
    child.send(`silence ${kill}`)
    const length = 50 + Math.random() * 350
    for (let waited = 0; waited < length; waited += 1_000 / TRANSITIONS_A_SECOND) {
      child.send(state.next())
      await pause(1_000 / TRANSITIONS_A_SECOND)
    }
    await killed(child)
  }
  // The rules go on: what was asked and never acknowledged is said again, until all is told.
  const last = startChild(directory, config, onLine)
  checkSilences(await last.ready)
  for (let round = 0; round < 60 && !state.settled; round += 1) {
    for (const line of state.open()) last.send(line)
    await until(() => state.settled, 1)
  }
  await pause(500)
  await killed(last)
  fs.rmSync(directory, { recursive: true, force: true })
  return {
    kills,
    acknowledged: state.count,
    silences: silences.size,
    silencesForgotten: forgotten.size,
    ...judge(listener.heard, state.expected()),
  }
}

/** What was asked of the child and what it acknowledged. An alert is resolved only after it was heard firing. */
class Ledger {
  readonly #listener: Listener
  readonly #fired = new Set<string>()
  readonly #resolved = new Set<string>()
  readonly #asked: string[] = []
  count = 0

  constructor(listener: Listener) {
    this.#listener = listener
  }

  acknowledged(verb: string, name: string): void {
    this.count += 1
    ;(verb === 'resolve' ? this.#resolved : this.#fired).add(name)
  }

  #heard(name: string, status: string): boolean {
    return this.#listener.heard.some((hearing) => hearing.name === name && hearing.status === status)
  }

  /** The next command: half of them end an alert that was heard. */
  next(): string {
    const ripe = this.#asked.find(
      (name) => this.#fired.has(name) && !this.#resolved.has(name) && this.#heard(name, 'firing'),
    )
    if (ripe !== undefined && Math.random() < 0.5) return `resolve ${ripe}`
    const name = `a${this.#asked.length}`
    this.#asked.push(name)
    return `fire ${name}`
  }

  /** Commands that are still needed for an end in which everything was told. */
  open(): string[] {
    return this.#asked.flatMap((name) => {
      if (!this.#fired.has(name)) return [`fire ${name}`]
      return this.#resolved.has(name) || !this.#heard(name, 'firing') ? [] : [`resolve ${name}`]
    })
  }

  get settled(): boolean {
    return this.#asked.every((name) => this.#heard(name, 'resolved'))
  }

  expected(): Map<string, string[]> {
    return new Map(
      [...this.#fired].map((name) => [name, this.#resolved.has(name) ? ['firing', 'resolved'] : ['firing']]),
    )
  }
}

interface Outage extends Judgement {
  readonly mode: Mode
  readonly transitions: number
  readonly attempts: number
  /** Simulated seconds from the receiver's return to the last notice taken. */
  readonly drainedAfter: number
}

/** A receiver that fails in one way for a simulated hour, then works again. The sockets are real, the clock is not. */
export async function outage(mode: Mode, transitions: number): Promise<Outage> {
  await using listener = await startListener()
  const clock = testClock()
  const config = parseNotifyConfig(
    'outage.yml',
    configOf(listener.url, 'group_wait: 1s, group_interval: 1s, repeat_interval: 10h'),
  )
  const http = createHttpClient(createEgress(['127.0.0.0/8']))
  const notifier = createNotifier({
    config,
    store: testStore(),
    io: { clock, log: silentLog },
    random: Math.random,
    files: { read: () => '', find: () => [] },
    http,
  })
  const { signal } = new AbortController()
  listener.mode = mode
  let attempts = 0
  const step = async () => {
    clock.set(plus(clock.now(), SECOND))
    notifier.flush(clock.now(), signal)
    // A hanging request ends by the clock of the notifier only.
    if (listener.mode === 'hang') await pause(1)
    else await notifier.idle()
  }
  const expected = new Map<string, string[]>()
  const alerts = transitions / 2
  for (let second = 0; second < 3_600; second += 1) {
    for (let i = 0; i < alerts; i += 1) {
      if (second === 1 + (i % 600)) notifier.take([firing(`a${i}`, {}, clock.now())], clock.now())
      if (second === 1_800 + (i % 600)) notifier.take([resolved(`a${i}`, clock.now())], clock.now())
    }
    await step()
  }
  for (let i = 0; i < alerts; i += 1) expected.set(`a${i}`, ['firing', 'resolved'])
  attempts = notifier
    .stats(clock.now())
    .reduce((sum, { name, value }) => sum + (name === 'tidemark_notifications_total' ? value : 0), 0)
  listener.mode = 'well'
  const back = clock.now()
  let drainedAfter = Infinity
  for (let second = 0; second < 600 && drainedAfter === Infinity; second += 1) {
    await step()
    if (notifier.receivers().every(({ waiting }) => waiting === 0))
      drainedAfter = (clock.now() - back) / SECOND
  }
  return { mode, transitions, attempts, drainedAfter, ...judge(listener.heard, expected) }
}

interface ClockSteps extends Judgement {
  readonly steps: number
  /** Milliseconds from firing to hearing, for one alert after each step. */
  readonly slowest: number
}

/** The wall clock of a real process is set forth and back by an hour: nothing repeats early, nothing stops. */
export async function clockSteps(): Promise<ClockSteps> {
  const library = FAKETIME.find((file) => fs.existsSync(file))
  if (library === undefined)
    throw new Error('libfaketime is needed for this test; install the Debian package faketime')
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-faults-'))
  await using listener = await startListener()
  const file = path.join(directory, 'faketime')
  fs.writeFileSync(file, '+0')
  const child = startChild(
    directory,
    configOf(listener.url, 'group_wait: 1s, group_interval: 1s, repeat_interval: 30m'),
    () => {},
    {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  )
  await child.ready
  const expected = new Map<string, string[]>()
  const fire = (name: string) => {
    expected.set(name, ['firing'])
    child.send(`fire ${name}`)
  }
  for (let i = 0; i < 50; i += 1) fire(`before${i}`)
  await until(() => listener.heard.length >= 50, 10)
  const offsets = ['+1h', '+0', '-1h', '+0', '+1h']
  let slowest = 0
  for (const [i, offset] of offsets.entries()) {
    fs.writeFileSync(file, offset)
    await pause(2_500)
    const fired = performance.now()
    fire(`after${i}`)
    await until(() => listener.heard.some(({ name }) => name === `after${i}`), 10)
    slowest = Math.max(slowest, performance.now() - fired)
  }
  await pause(2_000)
  await killed(child)
  fs.rmSync(directory, { recursive: true, force: true })
  return { steps: offsets.length, slowest: Math.round(slowest), ...judge(listener.heard, expected) }
}

/** All of it; throws nothing, says `ok: false` where a promise was broken. */
export async function notifyFaults({ kills = 200, transitions = 500 } = {}): Promise<{
  ok: boolean
  [part: string]: unknown
}> {
  const outages = []
  for (const mode of ['refuse', 'hang', '500', '429', 'cut'] as const)
    outages.push(await outage(mode, transitions))
  const steps = await clockSteps()
  const killing = await killMinus9(kills)
  const judged = [...outages, steps, killing]
  const ok =
    judged.every(({ lost, wrong }) => lost.length === 0 && wrong.length === 0) &&
    outages.every(({ drainedAfter }) => drainedAfter <= 60) &&
    steps.duplicates === 0 &&
    steps.slowest < 5_000 &&
    killing.silencesForgotten === 0
  return { ok, kill: killing, outages, clock: steps }
}

if (import.meta.main) {
  const result = await notifyFaults({ kills: Number(process.argv[2] ?? process.env['KILLS'] ?? 200) })
  console.log(JSON.stringify({ ...result, started: new Date(START + millis(0)).toISOString() }))
  process.exitCode = result.ok ? 0 : 1
}
