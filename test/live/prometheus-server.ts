// Debian's Prometheus as a peer: loaded with given samples, asked over its API, ended when done.
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { Labels } from '../../src/model/series.ts'

export interface PeerSeries {
  readonly labels: Labels
  readonly timestamps: ArrayLike<number>
  readonly values: ArrayLike<number>
}

export interface Peer extends AsyncDisposable {
  /** GET /api/v1/<path>; `data` of a success, an error otherwise. */
  get(path: string, params: Readonly<Record<string, string>>): Promise<unknown>
}

const READY_TRIES = 300
const CHUNK = 1 << 20

/** Writes the samples as blocks (`promtool tsdb create-blocks-from openmetrics`) and serves them on a loopback port. */
export async function startPrometheus(series: Iterable<PeerSeries>): Promise<Peer> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'peer-'))
  const file = path.join(dir, 'samples.om')
  writeOpenMetrics(file, series)
  const data = path.join(dir, 'data')
  const blocks = ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, data]
  execFileSync('promtool', blocks, { stdio: 'pipe' })
  fs.rmSync(file)
  const config = path.join(dir, 'prometheus.yml')
  fs.writeFileSync(config, 'scrape_configs: []\n')
  const port = await freePort()
  const child = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const base = `http://127.0.0.1:${port}`
  const peer: Peer = {
    async get(route, params) {
      const response = await fetch(`${base}/api/v1/${route}`, {
        method: 'POST',
        body: new URLSearchParams(params),
      })
      const answer = (await response.json()) as { status: string; data?: unknown; error?: string }
      if (answer.status !== 'success') throw new Error(answer.error)
      return answer.data
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${base}/-/ready`).then(
      (response) => response.ok,
      () => false,
    )
    if (ready) return peer
    if (tries === READY_TRIES) {
      await peer[Symbol.asyncDispose]()
      throw new Error('Prometheus did not become ready')
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function writeOpenMetrics(file: string, series: Iterable<PeerSeries>): void {
  const out = fs.openSync(file, 'w')
  let text = ''
  for (const { labels, timestamps, values } of series) {
    const { __name__: name, ...rest } = labels
    const pairs = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    const head = `${name}{${pairs.join(',')}}`
    for (let i = 0; i < timestamps.length; i++) {
      text += `${head} ${openMetricsNumber(values[i]!)} ${timestamps[i]! / 1000}\n`
      if (text.length > CHUNK) {
        fs.writeSync(out, text)
        text = ''
      }
    }
  }
  fs.writeSync(out, `${text}# EOF\n`)
  fs.closeSync(out)
}

const openMetricsNumber = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
