// The scene that dashboards are proven and drawn with: a daemon that has watched examples/ and a small company around it
// for two hours, and Debian's Prometheus with the same two hours, which goes on scraping it.
//
// The clock is an argument, so the hours take seconds: the daemon runs here, on a driven clock, until it has caught up
// with the wall clock; then `tidemark run` takes over its state. Before the two hours come eighteen days of which it saw
// a moment each, since advice is measured by days.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { runAgent } from '../../../src/agent/agent.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { type Clock, systemClock } from '../../../src/io/clock.ts'
import { createLog } from '../../../src/io/log.ts'
import { DAY, MINUTE, SECOND, type Timestamp, timestamp } from '../../../src/model/units.ts'
import { type Server, freePort, pythonProgram, startServer } from '../servers.ts'
import { serveAirflow } from './airflow-server.ts'
import { type DrivenClock, drivenClock } from './driven-clock.ts'
import { serve } from './http-server.ts'
import { type History, remoteWrite } from './remote-write.ts'
import { BUCKET, CREDENTIALS, VERSIONED, openWarehouse } from './warehouse.ts'
import { LENGTH, airflowRefuses, happens, prepare, receiverAnswers } from './world.ts'

const root = path.resolve(import.meta.dirname, '../../..')

export const RESOLUTION = 30 * SECOND
const DAYS_BEFORE = 18
const APPLIED_AFTER = 9

export interface Scene extends AsyncDisposable {
  readonly tidemark: Server
  readonly prometheus: Server
  /** The two hours, in seconds since 1970; `until` is the last sample before the real daemon took over. */
  readonly from: number
  readonly until: number
  /** The watched folder. */
  readonly lake: string
}

export async function openScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-scene-'))
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }))
  const from = timestamp(systemClock.now() - LENGTH)
  let clock: Clock = systemClock
  const now = () => clock.now()
  const follow = (driven: DrivenClock): void => void (clock = driven)

  const moto = stack.use(
    await startServer(
      pythonProgram('moto_server'),
      (port) => ['-H', '127.0.0.1', '-p', String(port)],
      async (url) => (await fetch(`${url}/moto-api/data.json`)).ok,
    ),
  )
  Object.assign(process.env, CREDENTIALS, { AWS_ENDPOINT_URL: moto.url })
  const warehouse = stack.use(await openWarehouse(moto.url, from))
  const airflow = stack.use(await serveAirflow({ from, now, refuses: (at) => airflowRefuses(from, at) }))
  const receivers = stack.use(await serve(({ url = '' }) => receiverAnswers(url, from, now())))
  prepare(folder, from)
  const port = await freePort()
  const file = path.join(folder, 'tidemark.yaml')
  fs.writeFileSync(file, configuration({ port, airflow: airflow.url, receivers: receivers.url }))

  const past = timestamp(from - DAYS_BEFORE * DAY)
  await driven(file, past, follow, async (daemon) => {
    for (let day = 0; day < DAYS_BEFORE; day++) {
      await daemon.clock.jump(timestamp(past + day * DAY))
      await daemon.clock.advance(timestamp(past + day * DAY + 2 * MINUTE))
      if (day === APPLIED_AFTER) {
        for (const table of ['sessions', 'visits']) await daemon.apply('vacuum', table)
        await warehouse.vacuum(daemon.clock.now())
      }
    }
  })
  const history = await driven(file, from, follow, async (daemon) => {
    for (let minute = 0; minute < LENGTH / MINUTE; minute++) {
      await happens({ folder, from, tell: daemon.tell }, minute)
      await daemon.clock.advance(timestamp(from + (minute + 1) * MINUTE))
    }
    while (daemon.clock.now() < systemClock.now()) await daemon.clock.advance(systemClock.now())
    return { series: await daemon.samples(), until: daemon.clock.now() / 1000 }
  })
  clock = systemClock

  const tidemark = stack.use(
    await startServer(
      process.execPath,
      () => [path.join(root, 'src/main.ts'), 'run', '-c', file],
      async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok,
    ),
  )
  const prometheus = stack.use(await prometheusWith(folder, port, history))
  const kept = stack.move()
  return {
    tidemark: { ...tidemark, port, url: `http://127.0.0.1:${port}` },
    prometheus,
    from: from / 1000,
    until: history.until,
    lake: path.join(folder, 'lake'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

interface Driven {
  readonly clock: DrivenClock
  readonly tell: (route: string, body: unknown) => Promise<void>
  /** Accepts the advice of a topic about a table, and says that it was done. */
  readonly apply: (topic: string, table: string) => Promise<void>
  /** Every sample of the last two hours and a bit. */
  readonly samples: () => Promise<History[]>
}

/** A daemon in this process, on a driven clock, for as long as `work` takes. */
async function driven<T>(
  file: string,
  start: Timestamp,
  follow: (clock: DrivenClock) => void,
  work: (daemon: Driven) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  const clock = drivenClock(start, ending.signal)
  follow(clock)
  const listening = Promise.withResolvers<string>()
  const ended = runAgent({
    loaded: loadConfig(file),
    version: '0.0.0',
    clock,
    log: createLog('error'),
    signal: ending.signal,
    reload: async () => undefined,
    onListening: listening.resolve,
  })
  ended.catch(listening.reject)
  const url = await listening.promise
  try {
    while (!(await fetch(`${url}/-/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 20))
    await clock.started()
    return await work({ clock, ...clientOf(url) })
  } finally {
    ending.abort()
    await ended
  }
}

function clientOf(url: string): Omit<Driven, 'clock'> {
  const tell: Driven['tell'] = async (route, body) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}${route}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`POST ${route}: ${answer.status} ${await answer.text()}`)
  }
  return {
    tell,
    async apply(topic, table) {
      const { advice } = (await (await fetch(`${url}/api/tidemark/advice`)).json()) as {
        advice: Array<{ id: string; advice: { topic: string; target: { table: string | null } } }>
      }
      const about = advice.find(
        (one) => one.advice.topic === topic && one.advice.target.table?.endsWith(table),
      )
      if (about === undefined) throw new Error(`no advice ${topic} about ${table}: ${JSON.stringify(advice)}`)
      await tell(`/api/tidemark/advice/${about.id}/accept`, { by: 'ada' })
      await tell(`/api/tidemark/advice/${about.id}/applied`, { by: 'ada' })
    },
    async samples() {
      const names = (await ask(url, 'label/__name__/values')) as string[]
      const found = await Promise.all(
        names.map(async (name) => {
          const { result } = (await ask(url, 'query', { query: `${name}[${LENGTH / MINUTE + 5}m]` })) as {
            result: Array<{ metric: Record<string, string>; values: Array<[number, string]> }>
          }
          return result.map(({ metric, values }) => ({
            labels: metric,
            points: values,
            every: (name.startsWith('ALERTS') ? MINUTE : RESOLUTION) / 1000,
          }))
        }),
      )
      return found.flat()
    },
  }
}

/** `data` of Prometheus's API; throws for every answer but 200. */
export async function ask(url: string, route: string, params: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/${route}?${new URLSearchParams(params).toString()}`)
  const answer = (await response.json()) as { data?: unknown; error?: string }
  if (response.status !== 200)
    throw new Error(`${route} ${params['query'] ?? ''}: ${answer.error ?? response.status}`)
  return answer.data
}

/** Prometheus with the two hours written into it, then started again to scrape the daemon and evaluate our rules. */
async function prometheusWith(
  folder: string,
  port: number,
  { series, until }: { series: readonly History[]; until: number },
): Promise<Server> {
  const config = path.join(folder, 'prometheus.yml')
  const start = () =>
    startServer(
      'prometheus',
      (own) => [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
        `--web.listen-address=127.0.0.1:${own}`,
        '--web.enable-remote-write-receiver',
        '--web.cors.origin=.*',
        '--log.level=error',
      ],
      async (url) => (await fetch(`${url}/-/ready`)).ok,
    )
  fs.writeFileSync(config, 'global: {}\n')
  {
    await using writing = await start()
    const scraped = series.map((one) => ({
      ...one,
      labels: one.labels['__name__']!.startsWith('ALERTS')
        ? one.labels
        : { ...one.labels, job: 'tidemark', instance: `127.0.0.1:${port}` },
    }))
    await remoteWrite(writing.url, scraped, until)
  }
  fs.writeFileSync(
    config,
    `
global: { scrape_interval: 2s, evaluation_interval: 5s }
rule_files: ['${root}/rules/*.yaml']
scrape_configs:
  - { job_name: tidemark, static_configs: [{ targets: ['127.0.0.1:${port}'] }] }
`,
  )
  return start()
}

interface Places {
  readonly port: number
  readonly airflow: string
  readonly receivers: string
}

const configuration = ({ port, airflow, receivers }: Places): string => `
state: state
log: error
resolution: 30s
api: { listen: '127.0.0.1:${port}' }
sources:
  - { name: lake, type: lake, path: lake, every: 1m, discover: 2m }
  - { name: warehouse, type: lake, path: 's3://${BUCKET}/warehouse', every: 5m }
  - { name: buckets, type: s3, buckets: [${BUCKET}, ${VERSIONED}], versions: true, every: 10m }
  - { name: airflow, type: airflow, url: '${airflow}', every: 1m }
  - { name: jobs, type: push }
  - { name: gx, type: great-expectations, path: gx, every: 1m }
  - { name: bill, type: bill, path: bill, every: 10m }
  - { name: spark, type: spark, path: spark, platform: emr, instance_type: m5.xlarge, every: 1m }
expect:
  - { table: 'gold/*', freshness: { warn: 2d, error: 7d } }
  - { table: 'shop/*', freshness: { warn: 20m, error: 1h } }
  - { pipeline: 'nightly_close', freshness: { warn: 30m, error: 1h } }
  - { pipeline: '*', deadline: 10m }
notify:
  egress: { allow: ['127.0.0.0/8'] }
  route:
    receiver: oncall
    group_by: [alertname, source]
    group_wait: 10s
    group_interval: 1m
    routes:
      - { receiver: ticket, matchers: ['alertname="PipelineFailed"'], continue: true }
      - { receiver: chat, matchers: ['severity="warn"'] }
      - { receiver: oncall }
  receivers:
    - { name: oncall, webhook_configs: [{ url: '${receivers}/oncall' }] }
    - { name: chat, webhook_configs: [{ url: '${receivers}/chat' }] }
    - { name: ticket, webhook_configs: [{ url: '${receivers}/ticket' }] }
`
