// A real daemon and a collector that is killed and started again, as the daemon is: no run and no alert is missed.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Received, startGrpcReceiver, startReceiver } from '../telemetry/otlp-receiver.ts'
import { freePort, startServer } from './servers.ts'

/** A trace is made half a minute after the end of its run, and a gap of the collector makes us wait longer. */
const TOLD_WITHIN = 120_000

function aFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-otlp-'))
  fs.writeFileSync(
    path.join(folder, 'rules.yaml'),
    'groups: [{ name: g, interval: 1s, rules: [{ alert: Always, expr: vector(1), labels: { severity: warning } }] }]\n',
  )
  return { folder, [Symbol.dispose]: () => fs.rmSync(folder, { recursive: true, force: true }) }
}

/** Everything about OTLP comes from the environment here. */
function startDaemon(folder: string, environment: Record<string, string>) {
  const main = path.resolve('src/main.ts')
  return startServer(
    'env',
    (port) => {
      const config = path.join(folder, 'tidemark.yaml')
      fs.writeFileSync(
        config,
        `log: info\nstate: state\nresolution: 5s\napi: { listen: "127.0.0.1:${port}" }\nrules: [rules.yaml]\nsources: [{ name: jobs, type: push }]\n`,
      )
      const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
      return [...variables, process.execPath, main, 'run', '-c', config]
    },
    async (url) => (await fetch(`${url}/-/ready`)).ok,
  )
}

async function push(url: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const end = Date.now()
    const answer = await fetch(`${url}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        pipeline: name,
        run_id: 'r1',
        start: new Date(end - 60_000).toISOString(),
        end: new Date(end).toISOString(),
        status: 'success',
      }),
    })
    if (!answer.ok) throw new Error(`the daemon answered ${answer.status}: ${await answer.text()}`)
  }
}

const namesOf = (requests: readonly Received[]): Set<string> =>
  new Set(requests.flatMap(({ spans }) => spans.map(({ name }) => name)))

describe.concurrent.each([
  ['http/protobuf', startReceiver],
  ['grpc', startGrpcReceiver],
] as const)('by %s', (protocol, start) => {
  test('metrics, runs, alerts and the log arrive', { timeout: 2 * TOLD_WITHIN }, async () => {
    using place = aFolder()
    const { folder } = place
    const port = await freePort()
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_METRIC_EXPORT_INTERVAL: '2000',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    }
    const runs = Array.from({ length: 30 }, (_, n) => `p${n}`)
    const early: Received[] = []
    {
      await using receiver = await start(port)
      await using daemon = await startDaemon(folder, environment)
      await push(daemon.url, runs.slice(0, 10))
      // At least one has come before the collector goes away.
      await expect
        .poll(() => receiver.requests.flatMap(({ points }) => points).length, { timeout: TOLD_WITHIN })
        .toBeGreaterThan(0)
      early.push(...receiver.requests)
    }
    {
      await using daemon = await startDaemon(folder, environment)
      await push(daemon.url, runs.slice(10, 20))
    }
    await using daemon = await startDaemon(folder, environment)
    await push(daemon.url, runs.slice(20))
    await using receiver = await start(port)
    const all = () => [...early, ...receiver.requests]
    await expect.poll(() => namesOf(all()).size, { timeout: TOLD_WITHIN, interval: 500 }).toBe(runs.length)

    expect([...namesOf(all())].toSorted()).toEqual(runs.map((name) => `RUN ${name}`).toSorted())
    const logs = all().flatMap((request) => request.logs)
    expect(logs.filter(({ event }) => event === 'tidemark.alert').map(({ body }) => body)).toEqual([
      'Always firing',
    ])
    expect(logs.map(({ body }) => body)).toContain('listening')
    const points = all().flatMap((request) => request.points)
    expect(
      points.find(({ name }) => name === 'tidemark_pipeline_last_success_timestamp_seconds'),
    ).toBeDefined()
    expect(all().every(({ resource }) => resource['deployment.environment.name'] === 'test')).toBe(true)
  })
})
