// Both ways through moto's CloudWatch: runs are written and read back as the same runs; metrics of hosts become usage.
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/io/clock.ts'
import { RESULTS } from '../../src/model/run-facts.ts'
import { HOUR, MINUTE, plus, timestamp } from '../../src/model/units.ts'
import { openMemory, reader, runsIn, writer } from '../telemetry/cloudwatch-scene.ts'
import { type Server, pythonProgram, startServer } from './servers.ts'

const NOW = systemClock.now()
const LATER = plus(NOW, MINUTE)
/** Each is read by ten queries: more than fit in one request. */
const PIPELINES = 60

let moto: Server
beforeAll(async () => {
  moto = await startServer(
    pythonProgram('moto_server'),
    (port) => ['-H', '127.0.0.1', '-p', String(port)],
    async (url) => (await fetch(`${url}/moto-api/data.json`)).ok,
  )
}, 90_000)
afterAll(() => moto[Symbol.asyncDispose]())

test('runs are read back as they were written: name, start, end, result, records, bytes', async () => {
  await using here = await openMemory(NOW)
  await using there = await openMemory(NOW)
  const out = writer(here, systemClock, moto.url)
  out.tell(
    Array.from({ length: PIPELINES }, (_, i) => ({
      pipeline: i % 7 === 0 ? `daily (team ${i})` : `daily_${i}`,
      run_id: `r${i}`,
      status: RESULTS[i % RESULTS.length],
      start: NOW - HOUR - i * 777,
      end: NOW - 10 * MINUTE - i * 1_234,
      records_processed: i * 1_000,
      ...(i % 5 === 0 ? {} : { records_failed: i }),
      bytes: i * 4_096,
    })),
    NOW,
  )
  expect(await out.flush(LATER)).toEqual({ runs: PIPELINES, error: null })

  const back = reader(there, systemClock, moto.url, { history: '1h' })
  const facts = await back.poll(LATER)
  await back.poll(plus(LATER, MINUTE))

  expect(facts.filter(({ kind }) => kind === 'problem')).toEqual([])
  expect(runsIn(there)).toHaveLength(PIPELINES)
  expect(runsIn(there)).toEqual(runsIn(here))
  const own = there.facts('usage', { id: 'aws/cloudwatch/GetMetricData' })[0]
  expect(own?.measures['MetricsRequestedToday']?.latest).toBeGreaterThan(2 * 500)
}, 120_000)

test('metrics of hosts and services become usage', async () => {
  const place = { endpoint: moto.url, region: 'us-east-1' }
  const keys = { accessKeyId: 'test', secretAccessKey: 'test' }
  const admin = new CloudWatchClient({ ...place, credentials: keys })
  const put = (Namespace: string, MetricName: string, Name: string, Value: string, values: number[]) =>
    admin.send(
      new PutMetricDataCommand({
        Namespace,
        MetricData: values.map((value, i) => ({
          MetricName,
          Dimensions: [{ Name, Value }],
          Timestamp: new Date(NOW - (values.length - i) * 5 * MINUTE - 10 * MINUTE),
          Value: value,
        })),
      }),
    )
  await put('AWS/EC2', 'CPUUtilization', 'InstanceId', 'i-0abc', [10, 20, 90])
  await put('CWAgent', 'mem_used_percent', 'InstanceId', 'i-0abc', [40, 41, 42])
  await put('AWS/Lambda', 'Errors', 'FunctionName', 'load', [0, 2, 0])
  await put('Custom/Jobs', 'QueueDepth', 'Queue', 'orders', [7, 8, 9])

  await using there = await openMemory(NOW)
  await reader(there, systemClock, moto.url, {
    pipelines: false,
    presets: ['ec2', 'lambda'],
    metrics: [{ namespace: 'Custom/Jobs', metrics: ['Queue*'], statistics: ['Maximum'] }],
    instance_types: { 'i-0abc': 'm5.xlarge' },
  }).poll(timestamp(NOW))

  const [host] = there.facts('usage', { id: 'aws/ec2/i-0abc' })
  expect(host).toMatchObject({
    instanceType: 'm5.xlarge',
    measures: {
      CPUUtilization: { latest: 90, samples: 3, p50: 20, max: 90, statistic: 'Maximum' },
      mem_used_percent: { latest: 42, samples: 3 },
    },
  })
  const [lambda] = there.facts('usage', { id: 'aws/lambda/load' })
  expect(lambda?.measures).toMatchObject({ Errors: { max: 2, statistic: 'Sum' } })
  const [own] = there.facts('usage', { id: 'aws/Custom/Jobs/Queue=orders' })
  expect(own?.measures).toMatchObject({ QueueDepth: { latest: 9 } })
  expect(timestamp(own!.asOf)).toBeLessThan(NOW - 5 * MINUTE)
}, 120_000)
