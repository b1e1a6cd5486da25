// Debian's Prometheus scrapes a daemon that watches a copy of examples/, pushed runs and recorded checks: every query of
// every dashboard is asked of both, /metrics is checked by promtool, and a table that is gone is gone in Prometheus.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { dashboards } from '../../src/dashboards/dashboards.ts'
import { queriesOf, variablesOf } from '../dashboards/queries.ts'
import { type Server, startServer } from './servers.ts'

const root = path.resolve(import.meta.dirname, '../..')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-dashboards-'))
const stack = new AsyncDisposableStack()
let tidemark: Server
let prometheus: Server

beforeAll(async () => {
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }))
  fs.cpSync(path.join(root, 'examples/lake'), path.join(folder, 'lake'), { recursive: true })
  const hook = await startHook()
  tidemark = stack.use(
    await startServer(
      process.execPath,
      (port) => {
        const file = path.join(folder, 'tidemark.yaml')
        fs.writeFileSync(file, configuration(port, hook))
        return [path.join(root, 'src/main.ts'), 'run', '-c', file]
      },
      async (url) => (await fetch(`${url}/-/ready`)).ok,
    ),
  )
  await pushRuns(tidemark.url)
  const config = path.join(folder, 'prometheus.yml')
  fs.writeFileSync(config, scrapeConfig(tidemark.port))
  prometheus = stack.use(
    await startServer(
      'prometheus',
      (port) => [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ],
      async (url) => (await fetch(`${url}/-/ready`)).ok,
    ),
  )
  // Alerts fire at the first slot of their groups, which is up to a minute away.
  const query = 'ALERTS{alertname="TableOverdue", alertstate="firing"}'
  for (const { url } of [tidemark, prometheus]) {
    await vi.waitFor(
      async () => {
        if ((await instant(url, query)).length === 0) throw new Error(`${url} has no firing TableOverdue`)
      },
      { timeout: 100_000, interval: 1_000 },
    )
  }
  await pushRuns(tidemark.url)
  await new Promise((resolve) => {
    setTimeout(resolve, 5_000)
  })
}, 180_000)
afterAll(() => stack.disposeAsync())

const configuration = (port: number, hook: string): string => `
state: state
log: error
resolution: 1s
api: { listen: '127.0.0.1:${port}' }
sources:
  - { name: lake, type: lake, path: lake, every: 1s, discover: 1m }
  - { name: jobs, type: push, every: 1s }
  - { name: gx, type: great-expectations, path: ${root}/test/collectors/great-expectations/recorded/gx1, every: 1s }
expect:
  - { table: 'gold/*', freshness: { warn: 1h, error: 2h } }
  - { pipeline: 'nightly', freshness: { error: 6h }, deadline: 1h }
notify:
  egress: { allow: ['127.0.0.0/8'] }
  route: { receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s }
  receivers:
    - { name: hook, webhook_configs: [{ url: '${hook}' }] }
`

const scrapeConfig = (port: number): string => `
global: { scrape_interval: 1s, evaluation_interval: 5s }
rule_files: ['${root}/rules/*.yaml']
scrape_configs:
  - { job_name: tidemark, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }
`

/** Takes every message. */
async function startHook(): Promise<string> {
  const server = http.createServer((request, response) => {
    request.resume()
    response.writeHead(200).end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

let pushed = 0
async function pushRuns(url: string): Promise<void> {
  const now = Date.now()
  const runs = Array.from({ length: 6 }, (_, i) => ({
    pipeline: i % 2 === 0 ? 'nightly' : 'hourly',
    run_id: `r${(pushed += 1)}`,
    start: new Date(now - (i + 2) * 60_000).toISOString(),
    ...(i === 5 ? {} : { end: new Date(now - (i + 1) * 60_000).toISOString() }),
    status: i === 5 ? 'running' : i === 4 ? 'failure' : 'success',
    records_processed: 1_000 + i,
    records_failed: i,
    bytes: 1_000_000,
  }))
  const answer = await fetch(`${url}/api/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(runs),
  })
  if (!answer.ok) throw new Error(`POST /api/v1/runs: ${answer.status} ${await answer.text()}`)
}

type Result = ReadonlyArray<{
  readonly metric: Readonly<Record<string, string>>
  readonly value: [number, string]
}>

async function ask(url: string, route: string, params: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/${route}?${new URLSearchParams(params).toString()}`)
  const answer = (await response.json()) as { data?: unknown; error?: string }
  if (response.status !== 200)
    throw new Error(`${route} ${params['query'] ?? ''}: ${answer.error ?? response.status}`)
  return answer.data
}

async function instant(url: string, query: string, at?: number): Promise<Result> {
  const data = await ask(url, 'query', { query, ...(at === undefined ? {} : { time: String(at) }) })
  return (data as { result: Result }).result
}

/** By labels, without those that a scrape adds. */
const byLabels = (result: Result): Map<string, number> =>
  new Map(
    result.map(({ metric, value }) => {
      const names = Object.keys(metric).filter((name) => name !== 'instance' && name !== 'job')
      return [
        names
          .toSorted()
          .map((name) => `${name}=${metric[name]}`)
          .join(),
        Number(value[1]),
      ]
    }),
  )

/** What moves from tick to tick, or is extrapolated from when samples were taken; its series are compared all the same. */
const MOVES =
  /increase\(|rate\(|loop_delay|memory|size_bytes\)|poll_duration|head_samples|disk_free|last_duration|longest_active|last_success|collector_tables|store_series|ALERTS|queue|notify_/
/** What may be told by one only: alerts that either evaluates at its own slots, series that have just appeared. */
const UNEVEN = /ALERTS|queue_age|increase\(|rate\(/
const close = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b))

const questions = Object.values(dashboards()).flatMap((dashboard) => queriesOf(dashboard))
/** Nothing of the kind is in this scene: no schedules, no tasks, nothing that waits, no buckets, too little to save. */
const EMPTY =
  /start_delay|task_|expected_upper|queue_age|last_expiry|pipeline_due_timestamp|otlp|lost_total|deferred_total|bucket_|usd_per_month/

test.for(questions.map((question) => [question.where, question] as const))('%s', async ([, { expr }]) => {
  const at = Math.floor(Date.now() / 1000) - 3
  const [ours, theirs] = await Promise.all([
    instant(tidemark.url, expr, at),
    instant(prometheus.url, expr, at),
  ])
  const range = { query: expr, start: String(at - 60), end: String(at), step: '15' }
  await Promise.all([ask(tidemark.url, 'query_range', range), ask(prometheus.url, 'query_range', range)])

  const [a, b] = [byLabels(ours), byLabels(theirs)]
  if (!EMPTY.test(expr) && !UNEVEN.test(expr)) expect(a.size).toBeGreaterThan(0)
  if (!UNEVEN.test(expr)) expect([...a.keys()].toSorted()).toEqual([...b.keys()].toSorted())
  if (!MOVES.test(expr)) {
    for (const [labels, value] of a) {
      expect([labels, value, close(value, b.get(labels) ?? NaN)]).toEqual([labels, value, true])
    }
  }
})

test.for(
  Object.entries(dashboards()).flatMap(([name, dashboard]) =>
    variablesOf(dashboard).map((one) => [name, one.label, one.metric] as const),
  ),
)('the variable %s: %s has the same values', async ([, label, metric]) => {
  const values = (url: string) => ask(url, `label/${label}/values`, { 'match[]': metric })

  expect(await values(tidemark.url)).toEqual(await values(prometheus.url))
  expect(await values(tidemark.url)).not.toEqual([])
})

test('promtool has nothing to say about /metrics', async () => {
  const text = await (await fetch(`${tidemark.url}/metrics`)).text()
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })

  expect([status, stdout, stderr]).toEqual([0, '', ''])
})

test('promtool finds the rules good', () => {
  expect(() =>
    execFileSync('promtool', ['check', 'rules', ...fs.globSync(`${root}/rules/*.yaml`)], { stdio: 'pipe' }),
  ).not.toThrow()
})

test('a table that is gone is gone in Prometheus', async () => {
  const query = 'tidemark_table_up{table="silver/payments"}'
  expect(await instant(prometheus.url, query)).toHaveLength(1)

  fs.rmSync(path.join(folder, 'lake/silver/payments'), { recursive: true })

  await expect
    .poll(async () => (await instant(prometheus.url, query)).length, { timeout: 100_000, interval: 500 })
    .toBe(0)
})
