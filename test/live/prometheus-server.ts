// Debian's Prometheus as a peer: loaded with given samples, asked over its API, ended when done.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Labels } from '../../src/model/series.ts'
import { startServer } from './servers.ts'

export interface PeerSeries {
  readonly labels: Labels
  readonly timestamps: ArrayLike<number>
  readonly values: ArrayLike<number>
}

export interface Peer extends AsyncDisposable {
  /** /api/v1/<path>; `data` of a success, an error otherwise. */
  get(path: string, params?: Readonly<Record<string, string>>): Promise<unknown>
}

const CHUNK = 1 << 20

/** Writes the samples as blocks (`promtool tsdb create-blocks-from openmetrics`) and serves them on a loopback port, with a rule file. */
export async function startPrometheus(series: Iterable<PeerSeries>, rules = 'groups: []\n'): Promise<Peer> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'prometheus-'))
  const file = path.join(dir, 'samples.om')
  writeOpenMetrics(file, series)
  const data = path.join(dir, 'data')
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, data], { stdio: 'pipe' })
  fs.rmSync(file)
  const config = path.join(dir, 'prometheus.yml')
  fs.writeFileSync(path.join(dir, 'rules.yml'), rules)
  fs.writeFileSync(config, 'rule_files: [rules.yml]\n')
  const server = await startServer(
    'prometheus',
    (port) => [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    async (url) => (await fetch(`${url}/-/ready`)).ok,
  )
  return {
    async get(route, params) {
      const url = `${server.url}/api/v1/${route}`
      // Long expressions fit into a body only, what takes no parameters takes no body.
      const response = await (params === undefined
        ? fetch(url)
        : fetch(url, { method: 'POST', body: new URLSearchParams(params) }))
      const answer = (await response.json()) as { status: string; data?: unknown; error?: string }
      if (answer.status !== 'success') throw new Error(answer.error)
      return answer.data
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      fs.rmSync(dir, { recursive: true, force: true })
    },
  }
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
