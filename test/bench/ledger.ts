// npm run bench -- ledger [runs|events]: a million runs, and a thousand OpenLineage events a second.
// LEDGER_RUNS and LEDGER_SECONDS make it smaller.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import { Inbox } from '../../src/agent/inbox.ts'
import { doorRoutes } from '../../src/api/doors.ts'
import { pipelineRoutes } from '../../src/api/pipelines.ts'
import { openlineage } from '../../src/collectors/openlineage/openlineage.ts'
import { createLog } from '../../src/io/log.ts'
import { settle } from '../../src/ledger/ledger.ts'
import { type RunReport, runKey } from '../../src/model/run-facts.ts'
import { DAY, MINUTE, SECOND, type Timestamp, millis, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { connect, doors } from '../collectors/connect.ts'

const RUNS = Number(process.env['LEDGER_RUNS'] ?? 1_000_000)
const SECONDS = Number(process.env['LEDGER_SECONDS'] ?? 60)
const PIPELINES = 500
const RATE = 1_000
const START = timestamp(Date.UTC(2026, 0, 1))

export async function run(only?: string): Promise<void> {
  if (only === undefined || only === 'runs') await measured(runs)
  if (only === undefined || only === 'events') await measured(events)
}

async function measured(work: (directory: string) => Promise<object>): Promise<void> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-ledger-'))
  try {
    console.log(JSON.stringify({ case: `ledger ${work.name}`, ...(await work(directory)) }))
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

const open = (directory: string) =>
  openStore({
    directory,
    now: START,
    log: createLog('error'),
    retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(400 * DAY) },
  })

function reportOf(i: number): RunReport {
  const pipeline = `pipeline_${i % PIPELINES}`
  const at = timestamp(START + Math.floor(i / PIPELINES) * 5 * MINUTE)
  const state = i % 50 === 0 ? 'failure' : 'success'
  return {
    kind: 'run-report',
    id: runKey('flows', pipeline, `scheduled__${at}`),
    source: 'flows',
    pipeline,
    runId: `scheduled__${at}`,
    told: 'snapshot',
    asOf: timestamp(at + 3 * MINUTE),
    attempt: null,
    state,
    sourceState: state,
    trigger: 'schedule',
    scheduledFor: at,
    queuedAt: at,
    startedAt: timestamp(at + SECOND),
    endedAt: timestamp(at + 2 * MINUTE + (i % 30) * SECOND),
    error: state === 'failure' ? 'disk full' : null,
    processed: i % 10_000,
    failed: 0,
    bytes: null,
    labels: { run_type: 'scheduled' },
    url: null,
    parentRun: null,
    of: {
      namespace: 'default',
      name: pipeline,
      system: 'airflow',
      owners: ['ana'],
      tags: [],
      endless: false,
    },
  }
}

async function runs(directory: string): Promise<object> {
  await using store = await open(directory)
  const batch = 2_000
  const loading = performance.now()
  for (let i = 0; i < RUNS; i += batch) {
    const facts = Array.from({ length: Math.min(batch, RUNS - i) }, (_, n) => reportOf(i + n))
    store.record(settle(facts, store), facts.at(-1)!.asOf)
  }
  const load = performance.now() - loading
  const polls: number[] = []
  for (let poll = 0; poll < 50; poll += 1) {
    // A poll reads some again: the overlap of its window.
    const facts = Array.from({ length: 150 }, (_, n) => reportOf(RUNS + poll * 100 + n - 50))
    polls.push(timed(() => store.record(settle(facts, store), facts.at(-1)!.asOf)))
  }
  const app = Fastify()
  pipelineRoutes({ known: store, dueAt: () => null })(app)
  const pages: number[] = []
  for (let page = 0; page < 50; page += 1) {
    const before = START + Math.floor((RUNS / PIPELINES) * (page / 50)) * 5 * MINUTE
    const one = page % 2 === 0 ? `pipeline=pipeline_${page}&` : ''
    const started = performance.now()
    await app.inject(`/api/tidemark/runs?${one}limit=100&before=${before}`)
    pages.push(performance.now() - started)
  }
  const counted = store
    .facts('run-tally')
    .reduce((sum, tally) => sum + (tally.runs.success ?? 0) + (tally.runs.failure ?? 0), 0)
  return {
    runs: counted,
    expected: RUNS + 50 * 100,
    loadSeconds: round(load / 1_000),
    pollMs: quantiles(polls),
    pageMs: quantiles(pages),
    stateMb: round(store.stats.stateBytes / 1e6),
    memoryMb: round(process.memoryUsage().rss / 1e6),
  }
}

function timed(work: () => void): number {
  const started = performance.now()
  work()
  return performance.now() - started
}

const round = (value: number): number => Math.round(value * 100) / 100
function quantiles(values: readonly number[]): { p50: number; p99: number; max: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (q: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

async function events(directory: string): Promise<object> {
  await using store = await open(directory)
  const inbox = new Inbox(store, createLog('error'))
  const app = Fastify({ bodyLimit: 10_485_760 })
  const open_ = doors(connect(openlineage, {})).map((door) => ({
    source: 'flows',
    door,
    taken: () => undefined,
    refused: () => undefined,
  }))
  const now = () => timestamp(Date.now())
  await doorRoutes({ doors: open_, take: (facts, at) => inbox.take(facts, at), now })(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const sender = spawn(process.execPath, [import.meta.filename, url, String(SECONDS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  sender.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await new Promise((done) => void sender.once('close', done))
  await app.close()
  const sent = JSON.parse(text) as object
  return { ...sent, runs: store.facts('run').length, stateMb: round(store.stats.stateBytes / 1e6) }
}

/** Events of runs with a few tasks each, as Airflow sends them. */
function eventOf(i: number, at: Timestamp): string {
  const [dag, step] = [Math.floor(i / 10), i % 10]
  const pipeline = `dag_${dag % 100}`
  const task = step === 0 || step === 9 ? null : `task_${step >> 1}`
  const job = { namespace: 'bench', name: task === null ? pipeline : `${pipeline}.${task}` }
  const parent = { run: { runId: `run-${dag}` }, job: { namespace: 'bench', name: pipeline } }
  const dataset = (name: string) => ({ namespace: 's3://lake', name: `gold/${pipeline}_${name}` })
  return JSON.stringify({
    eventType: step === 9 || (task !== null && step % 2 === 1) ? 'COMPLETE' : 'START',
    eventTime: new Date(at).toISOString(),
    producer: 'https://example.com/bench',
    run: {
      runId: task === null ? `run-${dag}` : `run-${dag}-${task}`,
      facets: task === null ? {} : { parent },
    },
    job,
    inputs: task === null ? [] : [dataset('in')],
    outputs: task === null ? [] : [dataset(task)],
  })
}

/** The other process: sends at the rate whatever the answers take, and says how long each took from when it was due. */
async function send(url: string, seconds: number): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  const target = new URL(`${url}/api/v1/lineage`)
  const times: number[] = []
  let refused = 0
  const post = (body: string, due: number) =>
    new Promise<void>((done) => {
      const request = http.request(
        target,
        { method: 'POST', agent, headers: { 'content-type': 'application/json' } },
        (answer) => {
          if (answer.statusCode !== 201) refused += 1
          answer.resume().on('end', () => {
            times.push(performance.now() - due)
            done()
          })
        },
      )
      request.on('error', () => {
        refused += 1
        done()
      })
      request.end(body)
    })
  const started = performance.now()
  const waiting: Promise<void>[] = []
  for (let i = 0; i < RATE * seconds;) {
    const due = Math.min(RATE * seconds, Math.floor(((performance.now() - started) / 1_000) * RATE))
    for (; i < due; i += 1)
      waiting.push(post(eventOf(i, timestamp(Date.now())), started + (i / RATE) * 1_000))
    await delay(2)
  }
  await Promise.all(waiting)
  const took = (performance.now() - started) / 1_000
  console.log(
    JSON.stringify({
      sent: times.length,
      refused,
      perSecond: round(times.length / took),
      answerMs: quantiles(times),
    }),
  )
}

const [url, seconds] = process.argv.slice(2)
if (url?.startsWith('http')) await send(url, Number(seconds))
