// OTLP to a collector of our own: what arrives, in which batches, under whose name; and what happens when nobody takes it.
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/io/log.ts'
import { Secret } from '../../src/model/secret.ts'
import { millis } from '../../src/model/units.ts'
import { type OtlpConfig, destinationOf } from '../../src/telemetry/otlp.ts'
import { aTelemetry, seriesOf } from './a-telemetry.ts'
import { startReceiver } from './otlp-receiver.ts'

const to = (endpoint: string, change: Partial<OtlpConfig> = {}): OtlpConfig => ({
  endpoint,
  headers: {},
  every: millis(3_600_000),
  timeout: millis(10_000),
  logs: true,
  ...change,
})

test('metrics arrive when it ends: gauges, counters, histograms, the resource, gzip, headers', async () => {
  await using receiver = await startReceiver()
  {
    await using _ = await aTelemetry({
      otlp: to(receiver.url, { headers: { authorization: new Secret('Bearer s3cret') } }),
    })
  }

  const [first] = receiver.requests.filter(({ path }) => path === '/v1/metrics')
  expect(first?.headers).toMatchObject({ authorization: 'Bearer s3cret', 'content-encoding': 'gzip' })
  expect(first?.resource).toMatchObject({
    'service.name': 'tidemark',
    'service.version': '1.2.3',
    'service.instance.id': 'here:9464',
  })
  const of = (name: string) => first?.points.filter((point) => point.name === name)
  expect(of('g1')?.map(({ kind, value }) => [kind, value])).toEqual([
    ['gauge', 1],
    ['gauge', 2.5],
    ['gauge', 4],
  ])
  expect(of('seen_total')?.[2]).toMatchObject({
    kind: 'sum',
    value: 2,
    attributes: { table: 'gold/table_2' },
  })
  expect(of('hist')?.[0]).toMatchObject({ kind: 'histogram' })
})

test('many points go in batches of at most 5,000, each once', async () => {
  await using receiver = await startReceiver()
  {
    await using _ = await aTelemetry({ series: seriesOf(3_000, 3), otlp: to(receiver.url, { logs: false }) })
  }

  const sizes = receiver.requests.map(({ points }) => points.length)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(5_000)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(3_000 * 5)
})

test('log lines arrive with their fields, those of a poll with its id; below the level none', async () => {
  await using receiver = await startReceiver()
  {
    await using telemetry = await aTelemetry({ otlp: to(receiver.url) })
    const log = telemetry.log(createLog('silent'), 'info')
    log.child({ source: 'lake' }).warn({ poll: 'lake@1', ms: 12, error: 'cannot list' }, 'poll failed')
    log.debug({ poll: 'lake@2' }, 'polled')
  }

  const logs = receiver.requests.flatMap((request) => request.logs)
  expect(logs).toEqual([
    {
      severity: 'WARN',
      body: 'poll failed',
      attributes: { source: 'lake', poll: 'lake@1', ms: expect.anything(), error: 'cannot list' },
    },
  ])
})

test('exports are counted, also those that nobody takes', async () => {
  await using receiver = await startReceiver()
  receiver.status = 400
  const telemetry = await aTelemetry({ otlp: to(receiver.url, { logs: false }) })
  await telemetry[Symbol.asyncDispose]()

  expect(telemetry.stats()).toContainEqual({
    name: 'tidemark_otlp_exports_total',
    labels: { signal: 'metrics', result: 'failure' },
    value: 1,
  })
})

test('by gRPC both signals arrive, gzipped', async () => {
  const calls: string[] = []
  const server = http2.createServer()
  server.on('stream', (stream, headers) => {
    stream.resume()
    stream.on('end', () => {
      calls.push(`${headers[':path']?.split('/').at(-2)} ${String(headers['grpc-encoding'])}`)
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      // An empty message: uncompressed, no bytes.
      stream.end(Buffer.alloc(5))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  {
    await using telemetry = await aTelemetry({ otlp: to(`http://127.0.0.1:${port}`, { protocol: 'grpc' }) })
    telemetry.log(createLog('silent'), 'info').info({ poll: 'lake@1' }, 'polled')
  }
  server.close()

  expect(calls.toSorted()).toEqual([
    'opentelemetry.proto.collector.logs.v1.LogsService gzip',
    'opentelemetry.proto.collector.metrics.v1.MetricsService gzip',
  ])
})

describe('where it goes', () => {
  test.for<[string, Partial<OtlpConfig> | undefined, Record<string, string>, object | null]>([
    ['nowhere by default', undefined, {}, null],
    [
      'the environment alone',
      undefined,
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_METRIC_EXPORT_INTERVAL: '15000' },
      { metrics: true, logs: true, every: 15_000, protocol: 'http/protobuf' },
    ],
    [
      'one signal only',
      undefined,
      {
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:4318/v1/metrics',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      },
      { metrics: true, logs: false, protocol: 'grpc' },
    ],
    ['a signal switched off', {}, { OTEL_LOGS_EXPORTER: 'none' }, { metrics: true, logs: false }],
    [
      'the configuration before the environment',
      { protocol: 'http/protobuf' },
      { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      { protocol: 'http/protobuf' },
    ],
    ['the SDK switched off', {}, { OTEL_SDK_DISABLED: 'true' }, null],
  ])('%s', ([, config, env, expected]) => {
    const found = destinationOf(config && to('http://d:4318/', config), env)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toMatchObject(expected)
  })

  test('the paths of the signals are added for HTTP, not for gRPC', () => {
    expect(destinationOf(to('http://d:4318/'), {})?.url('logs')).toBe('http://d:4318/v1/logs')
    expect(destinationOf(to('http://d:4317', { protocol: 'grpc' }), {})?.url('logs')).toBe('http://d:4317')
  })
})

test('switched off by the environment, /metrics is answered all the same', async () => {
  await using telemetry = await aTelemetry({ environment: { OTEL_SDK_DISABLED: 'true' } })
  let text = ''
  for await (const piece of telemetry.scrape([])) text += piece

  expect(text).toContain('g0{')
})
