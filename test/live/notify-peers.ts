// The two that are compared: Debian's Alertmanager and our notifier behind the same API, and the sink that hears both.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import Fastify from 'fastify'
import { parseNotifyConfig } from '../../src/config/config.ts'
import { alertmanagerRoutes } from '../../src/api/alertmanager.ts'
import { systemClock } from '../../src/io/clock.ts'
import { localFiles } from '../../src/io/files.ts'
import { createLog } from '../../src/io/log.ts'
import { type Notifier, createNotifier } from '../../src/notify/notify.ts'
import { DAY } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { startServer } from './servers.ts'

const FLUSH_EVERY = 50

export interface Peer extends AsyncDisposable {
  /** `/api/v2` is below. */
  readonly url: string
  reload(): Promise<void>
}

const temporary = () => fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-notify-'))

export async function startAlertmanager(config: string): Promise<Peer> {
  const folder = temporary()
  const file = path.join(folder, 'alertmanager.yml')
  fs.writeFileSync(file, config)
  const server = await startServer(
    'prometheus-alertmanager',
    (port) => [
      `--config.file=${file}`,
      `--storage.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    async (url) => (await fetch(`${url}/-/ready`)).ok,
  )
  return {
    url: server.url,
    reload: async () => void (await fetch(`${server.url}/-/reload`, { method: 'POST' })),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      fs.rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function startTidemark(text: string): Promise<Peer> {
  const folder = temporary()
  const log = createLog('silent')
  const config = parseNotifyConfig(
    'alertmanager.yml',
    `${text}\negress: { allow: ['127.0.0.0/8'] }\nflapping: null\n`,
  )
  const open = () =>
    openStore({
      directory: folder,
      now: systemClock.now(),
      log,
      retention: { samples: DAY, commits: DAY, runs: DAY },
    })
  const notifierOn = (store: Awaited<ReturnType<typeof open>>) =>
    createNotifier({
      config,
      store,
      io: { clock: systemClock, log },
      random: () => 0.5,
      files: localFiles('/'),
    })
  let store = await open()
  let notifier: Notifier = notifierOn(store)
  let running = new AbortController()
  const timer = setInterval(() => notifier.flush(systemClock.now(), running.signal), FLUSH_EVERY)
  const app = Fastify()
  // The routes ask for the notifier of the moment: a reload replaces it.
  const current = new Proxy({} as Notifier, {
    get(_, key) {
      const value: unknown = Reflect.get(notifier, key, notifier)
      return typeof value === 'function' ? (value.bind(notifier) as unknown) : value
    },
  })
  alertmanagerRoutes({
    notifier: current,
    now: () => systemClock.now(),
    startedAt: systemClock.now(),
    version: 'test',
  })(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    async reload() {
      running.abort()
      await notifier.idle()
      await store[Symbol.asyncDispose]()
      running = new AbortController()
      store = await open()
      notifier = notifierOn(store)
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      running.abort()
      await notifier.idle()
      await app.close()
      await store[Symbol.asyncDispose]()
      fs.rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Payload {
  readonly receiver: string
  readonly status: string
  readonly groupKey: string
  readonly groupLabels: object
  readonly commonLabels: object
  readonly commonAnnotations: object
  readonly alerts: ReadonlyArray<{
    status: string
    labels: Record<string, string>
    annotations: object
    fingerprint: string
  }>
}

export interface Sink extends AsyncDisposable {
  readonly url: string
  /** What came in, in order for each group and path, without times. */
  heard(): string[]
  /** Requests that are answered with 500 before any is taken. */
  refuse: number
}

export async function startSink(): Promise<Sink> {
  const lines: { group: string; text: string }[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      if (sink.refuse > 0) {
        sink.refuse -= 1
        response.writeHead(500).end()
        return
      }
      const payload = JSON.parse(body) as Payload
      const alerts = payload.alerts
        .map(
          (alert) =>
            `${alert.status} ${alert.fingerprint} ${stable(alert.labels)} ${stable(alert.annotations)}`,
        )
        .toSorted()
      const group = `${request.url} ${payload.receiver} ${payload.groupKey}`
      lines.push({
        group,
        text: `${group} ${payload.status} ${stable(payload.groupLabels)} ${stable(payload.commonLabels)} ${stable(payload.commonAnnotations)}\n  ${alerts.join('\n  ')}`,
      })
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sink: Sink = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: 0,
    // Groups are told at the same tick in no particular order.
    heard: () =>
      [...Map.groupBy(lines, ({ group }) => group)]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, own]) => own.map(({ text }) => text)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return sink
}

const stable = (labels: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))))

export interface Run {
  readonly code: number | null
  readonly output: string
}

export function amtool(url: string, ...args: readonly string[]): Promise<Run> {
  const child = spawn('amtool', [`--alertmanager.url=${url}`, ...args])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (output += String(piece)))
  return new Promise((resolve) => child.on('exit', (code) => resolve({ code, output })))
}
