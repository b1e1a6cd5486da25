// OTLP to a collector of our own: what arrives, in which batches, under whose name; and what happens when nobody takes it.
import { describe, expect, test } from 'vitest'
import { createLog } from '../../src/io/log.ts'
import { Secret } from '../../src/model/secret.ts'
import { millis } from '../../src/model/units.ts'
import { type OtlpConfig, destinationOf } from '../../src/telemetry/otlp-destination.ts'
import { aTelemetry, seriesOf } from './a-telemetry.ts'
import { startGrpcReceiver, startReceiver } from './otlp-receiver.ts'

const to = (endpoint: string, change: Partial<OtlpConfig> = {}): OtlpConfig => ({
  endpoint,
  headers: {},
  every: millis(3_600_000),
  timeout: millis(10_000),
  traces: true,
  alerts: true,
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
      event: '',
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
  await using receiver = await startGrpcReceiver()
  {
    await using telemetry = await aTelemetry({ otlp: to(receiver.url, { protocol: 'grpc' }) })
    telemetry.log(createLog('silent'), 'info').info({ poll: 'lake@1' }, 'polled')
  }

  expect(
    receiver.requests.map(({ path, headers }) => `${path} ${String(headers['grpc-encoding'])}`).toSorted(),
  ).toEqual(['/v1/logs gzip', '/v1/metrics gzip'])
  expect(receiver.requests.flatMap((request) => request.logs).map(({ body }) => body)).toEqual(['polled'])
})

describe('where it goes', () => {
  test.for<[string, Partial<OtlpConfig> | undefined, Record<string, string>, object | null]>([
    ['nowhere by default', undefined, {}, null],
    [
      'the environment alone',
      undefined,
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_METRIC_EXPORT_INTERVAL: '15000' },
      { metrics: true, traces: true, alerts: true, logs: true, every: 15_000 },
    ],
    [
      'one signal only',
      undefined,
      {
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c:4318/v1/metrics',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      },
      { metrics: true, traces: false, alerts: false, logs: false },
    ],
    [
      'signals switched off by the environment',
      {},
      { OTEL_LOGS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none' },
      { metrics: true, traces: false, alerts: false, logs: false },
    ],
    ['one switched off', { alerts: false, traces: false }, {}, { traces: false, alerts: false, logs: true }],
    ['the SDK switched off', {}, { OTEL_SDK_DISABLED: 'true' }, null],
  ])('%s', ([, config, env, expected]) => {
    const found = destinationOf(config && to('http://d:4318/', config), env)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toMatchObject(expected)
  })

  test('by the protocol that the configuration names, else the one of the signal, else of all', () => {
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }
    const protocols = (config: OtlpConfig) =>
      (['metrics', 'traces', 'logs'] as const).map((signal) => destinationOf(config, env)?.protocol(signal))

    expect(protocols(to('http://c:4317'))).toEqual(['grpc', 'http/protobuf', 'grpc'])
    expect(protocols(to('http://c:4317', { protocol: 'http/protobuf' }))).toEqual(
      Array.from({ length: 3 }, () => 'http/protobuf'),
    )
  })

  test('the paths of the signals are added for HTTP, not for gRPC', () => {
    expect(destinationOf(to('http://d:4318/'), {})?.url('logs')).toBe('http://d:4318/v1/logs')
    expect(destinationOf(to('http://d:4317', { protocol: 'grpc' }), {})?.url('logs')).toBe('http://d:4317')
  })
})

test('switched off by the environment, /metrics is answered all the same', async () => {
  await using telemetry = await aTelemetry({ environment: { OTEL_SDK_DISABLED: 'true' } })
  let text = ''
  for await (const piece of telemetry.scrape({ matches: [], aggregated: false })) text += piece

  expect(text).toContain('g0{')
})
