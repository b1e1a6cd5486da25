// What a collector is told of runs and alerts, by both protocols: whatever happens to it or to us, each of them once.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openOutboxes } from '../../src/agent/outboxes.ts'
import { createLog } from '../../src/io/log.ts'
import { settle } from '../../src/ledger/ledger.ts'
import type { Alert } from '../../src/model/alert.ts'
import type { Fact } from '../../src/model/facts.ts'
import type { AlertFact } from '../../src/model/notice.ts'
import { edgeOf, jobId } from '../../src/model/run-facts.ts'
import { DAY, HOUR, MINUTE, SECOND, type Timestamp, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { aReport } from '../model/a-run.ts'
import { NOW } from '../model/a-table.ts'
import { aTelemetry } from '../telemetry/a-telemetry.ts'
import { type Received, startGrpcReceiver, startReceiver } from '../telemetry/otlp-receiver.ts'

let directory: string
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tidemark-outboxes-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

const { signal } = new AbortController()

/** One life of the process. */
async function life(url: string, protocol: 'grpc' | 'http/protobuf') {
  const store = await openStore({
    directory,
    now: NOW,
    log: createLog('silent'),
    retention: { samples: DAY, commits: DAY, runs: DAY },
  })
  const telemetry = await aTelemetry({
    otlp: {
      endpoint: url,
      protocol,
      headers: {},
      traces: true,
      alerts: true,
      logs: false,
      timeout: SECOND,
      every: HOUR,
    },
    environment: { OTEL_METRICS_EXPORTER: 'none' },
  })
  const outboxes = openOutboxes({ telemetry, store, log: createLog('silent') })
  return {
    record: (facts: readonly Fact[], at: Timestamp = NOW) =>
      outboxes.store.record(settle(facts, outboxes.store), at),
    flush: (at: Timestamp) => outboxes.flush(at, signal),
    dropped: () => telemetry.stats().filter(({ name }) => name === 'tidemark_otlp_dropped_total'),
    due: () => [...store.facts('trace-due'), ...store.facts('alert-due')].length,
    async [Symbol.asyncDispose]() {
      await telemetry[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

const run = (pipeline: string, change: object = {}) =>
  aReport({ pipeline, of: { ...aReport().of, name: pipeline }, endedAt: NOW, ...change })

const alert = (change: Partial<Alert> = {}): AlertFact => ({
  kind: 'alert',
  id: 'f1',
  alert: {
    labels: { alertname: 'TableLate', severity: 'critical', table: 'gold/orders' },
    annotations: { summary: 'gold/orders is late' },
    startsAt: NOW,
    endsAt: null,
    updatedAt: NOW,
    generatorUrl: '',
    value: 7200,
    noData: false,
    ...change,
  },
  expiresAt: null,
  flips: [],
  flapping: null,
})

const spans = (requests: readonly Received[]) => requests.flatMap((request) => request.spans)
const logs = (requests: readonly Received[]) => requests.flatMap((request) => request.logs)

describe.each([
  ['http/protobuf', startReceiver],
  ['grpc', startGrpcReceiver],
] as const)('by %s', (protocol, start) => {
  test('a run is sent once it is over, linked with the run that made what it read', async () => {
    await using receiver = await start()
    await using us = await life(receiver.url, protocol)
    const early = { startedAt: timestamp(NOW - HOUR), endedAt: timestamp(NOW - 30 * MINUTE) }
    us.record([
      run('load', early),
      edgeOf('x', 'writes', jobId('default', 'load'), 's3://lake/orders', NOW),
      edgeOf('x', 'reads', 's3://lake/orders', jobId('default', 'report'), NOW),
      run('report', { state: 'failure', error: 'disk full' }),
    ])
    await us.flush(timestamp(NOW + MINUTE))

    const [load, report] = ['RUN load', 'RUN report'].map((name) =>
      spans(receiver.requests).find((span) => span.name === name),
    )
    expect(load).toMatchObject({
      kind: 2,
      startMs: early.startedAt,
      endMs: early.endedAt,
      status: { code: 1 },
    })
    expect(report).toMatchObject({ status: { code: 2, message: 'disk full' }, parentSpanId: '' })
    expect(report?.links).toEqual([load?.spanId])
    expect(report?.attributes).toMatchObject({ 'cicd.pipeline.name': 'report' })
    expect(receiver.requests[0]?.resource).toMatchObject({ 'service.instance.id': 'here:9464' })
  })

  test('an alert is told when it begins and when it ends, not while it goes on', async () => {
    await using receiver = await start()
    await using us = await life(receiver.url, protocol)
    us.record([alert()])
    us.record([alert({ updatedAt: timestamp(NOW + SECOND), value: 7300 })], timestamp(NOW + SECOND))
    await us.flush(NOW)
    us.record([alert({ endsAt: timestamp(NOW + MINUTE) })], timestamp(NOW + MINUTE))
    await us.flush(timestamp(NOW + MINUTE))

    expect(logs(receiver.requests)).toEqual([
      {
        severity: 'ERROR',
        event: 'tidemark.alert',
        body: 'TableLate firing: gold/orders is late',
        attributes: {
          'tidemark.alert.name': 'TableLate',
          'tidemark.alert.status': 'firing',
          'tidemark.alert.fingerprint': 'f1',
          'tidemark.alert.value': expect.anything(),
          'tidemark.alert.label.alertname': 'TableLate',
          'tidemark.alert.label.severity': 'critical',
          'tidemark.alert.label.table': 'gold/orders',
          'tidemark.alert.annotation.summary': 'gold/orders is late',
        },
      },
      expect.objectContaining({ severity: 'INFO', body: 'TableLate resolved: gold/orders is late' }),
    ])
  })

  test('neither a collector that is down nor our own end in between loses a run or an alert', async () => {
    const all: Received[] = []
    const names = Array.from({ length: 12 }, (_, n) => `p${n}`)
    let port = 0
    {
      await using receiver = await start()
      port = Number(new URL(receiver.url).port)
      await using us = await life(receiver.url, protocol)
      us.record(names.slice(0, 4).map((name) => run(name)))
      await us.flush(timestamp(NOW + MINUTE))
      all.push(...receiver.requests)
    }
    {
      await using us = await life(`http://127.0.0.1:${port}`, protocol)
      us.record([...names.slice(4, 8).map((name) => run(name)), alert()])
      await us.flush(timestamp(NOW + 2 * MINUTE))
      expect(us.due()).toBe(5)
    }
    await using us = await life(`http://127.0.0.1:${port}`, protocol)
    us.record(names.slice(8).map((name) => run(name)))
    await using receiver = await start(port)
    let at = NOW
    // A gRPC channel that found nobody waits a second before it tries again.
    await expect
      .poll(
        async () => {
          at = timestamp(at + 10 * MINUTE)
          await us.flush(at)
          return us.due()
        },
        { timeout: 10_000 },
      )
      .toBe(0)
    all.push(...receiver.requests)

    expect(
      spans(all)
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(names.map((name) => `RUN ${name}`).toSorted())
    expect(logs(all)).toHaveLength(1)
  })

  test('what a collector refuses for good is counted, and holds up nothing', async () => {
    await using receiver = await start()
    await using us = await life(receiver.url, protocol)
    us.record([run('p'), alert()])
    receiver.status = 400
    await us.flush(timestamp(NOW + MINUTE))

    expect(us.due()).toBe(0)
    expect(us.dropped().map(({ labels, value }) => [labels, value])).toEqual([
      [{ signal: 'traces', reason: 'refused' }, 1],
      [{ signal: 'logs', reason: 'refused' }, 1],
    ])
  })
})
