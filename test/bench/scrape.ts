// npm run bench -- scrape [SERIES]: /metrics of 1k, 10k and 100k series, ours beside prom-client's, both asked by a thread
// of their own. Each case: the median of the answers' times, bytes on the wire, the longest stall of the event loop.
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker, isMainThread, parentPort } from 'node:worker_threads'
import Fastify from 'fastify'
import { Gauge, Registry } from 'prom-client'
import { scrapeRoutes } from '../../src/api/scrape.ts'
import type { Sample } from '../../src/model/series.ts'
import { DAY, millis, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { NOW, aTelemetry } from '../telemetry/a-telemetry.ts'

const SIZES = [1_000, 10_000, 100_000]
const METRICS = 10
const RUNS = 7
const WARM_UP = 3
/** The monitor's own timer is part of what it measures. */
const RESOLUTION_MS = 1

interface Answer {
  readonly ms: number
  readonly bytes: number
}

export async function run(only?: string): Promise<void> {
  for (const size of SIZES) {
    if (only !== undefined && Number(only) !== size) continue
    const samples = samplesOf(size)
    await using ours = await serveOurs(samples)
    await using theirs = await servePromClient(samples)
    for (const [name, url, gzip] of [
      ['ours, gzip', ours.url, true],
      ['ours, plain', ours.url, false],
      ['prom-client, plain', theirs.url, false],
    ] as const) {
      console.log(JSON.stringify({ case: `scrape ${size} ${name}`, ...(await measure(url, gzip)) }))
    }
  }
}

async function measure(url: string, gzip: boolean): Promise<object> {
  const worker = new Worker(import.meta.filename)
  const ask = () =>
    new Promise<Answer>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.postMessage({ url, gzip })
    })
  for (let i = 0; i < WARM_UP; i++) await ask()
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const answers: Answer[] = []
  for (let i = 0; i < RUNS; i++) answers.push(await ask())
  delay.disable()
  await worker.terminate()
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return {
    ms: Math.round(times[RUNS >> 1]!),
    bytes: answers[0]!.bytes,
    longestStallMs: Math.round(delay.max / 1e6 - RESOLUTION_MS),
  }
}

function samplesOf(size: number): Sample[] {
  return Array.from({ length: size }, (_, i) => ({
    name: `g${i % METRICS}`,
    labels: {
      source: 'lake',
      table: `gold/table_${Math.floor(i / METRICS)}`,
      format: i % 3 === 0 ? 'delta' : 'iceberg',
      owner: `team-${i % 17}`,
    },
    value: Math.round(i * 7_919.37) / 100,
  }))
}

interface Served extends AsyncDisposable {
  readonly url: string
}

async function serveOurs(samples: readonly Sample[]): Promise<Served> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-bench-'))
  const store = await openStore({
    directory,
    now: timestamp(NOW - 60_000),
    log: { info() {}, warn: console.error, error: console.error },
    retention: { samples: millis(30 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) },
  })
  for (const ago of [30_000, 15_000, 1_000]) store.series.append('bench', samples, timestamp(NOW - ago))
  const telemetry = await aTelemetry({ series: store.series })
  const app = Fastify()
  scrapeRoutes((asked) => telemetry.scrape(asked))(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url: `${url}/metrics`,
    async [Symbol.asyncDispose]() {
      await app.close()
      await telemetry[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
      fs.rmSync(directory, { recursive: true })
    },
  }
}

async function servePromClient(samples: readonly Sample[]): Promise<Served> {
  const registry = new Registry()
  const gauges = new Map<string, Gauge>()
  for (const { name, labels, value } of samples) {
    let gauge = gauges.get(name)
    if (gauge === undefined) {
      gauge = new Gauge({ name, help: name, labelNames: Object.keys(labels), registers: [registry] })
      gauges.set(name, gauge)
    }
    gauge.set({ ...labels }, value)
  }
  const server = http.createServer((_request, response) => {
    void registry.metrics().then((text) => response.end(text))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The thread that asks. */
function answerFor({ url, gzip }: { url: string; gzip: boolean }): void {
  const before = performance.now()
  http.get(url, { headers: gzip ? { 'accept-encoding': 'gzip' } : {} }, (response) => {
    let bytes = 0
    response.on('data', (part: Buffer) => (bytes += part.length))
    response.on('end', () => parentPort!.postMessage({ ms: performance.now() - before, bytes }))
  })
}

if (!isMainThread) parentPort!.on('message', answerFor)
