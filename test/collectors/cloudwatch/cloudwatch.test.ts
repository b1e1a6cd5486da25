import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { allowance, leftOf } from '../../../src/collectors/cloudwatch/budget.ts'
import { pipelineOf } from '../../../src/collectors/cloudwatch/pipelines.ts'
import { profileOf } from '../../../src/collectors/cloudwatch/profile.ts'
import type { Fact } from '../../../src/model/facts.ts'
import type { Store } from '../../../src/model/store.ts'
import {
  DAY,
  HOUR,
  MINUTE,
  SECOND,
  type Timestamp,
  millis,
  plus,
  timestamp,
} from '../../../src/model/units.ts'
import { fakeClock } from '../../io/fake-clock.ts'
import { type FakeCloudWatch, denied, startFakeCloudWatch } from '../../io/fake-cloudwatch.ts'
import { NOW } from '../../model/a-table.ts'
import { openMemory, reader, runsIn } from '../../telemetry/cloudwatch-scene.ts'

const clock = { ...fakeClock(NOW), sleep: async () => undefined }
const FULL = timestamp(NOW - (NOW % HOUR))
/** A run's own time: half an hour ago, on a full minute. */
const THEN = timestamp(FULL - 30 * MINUTE)

let fake: FakeCloudWatch
let store: Store
beforeEach(async () => {
  fake = await startFakeCloudWatch()
  store = await openMemory(NOW)
})
afterEach(async () => {
  await fake[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

const read = (config: object = {}) => reader(store, clock, fake.endpoint, config)
const put = (
  namespace: string,
  metric: string,
  at: Timestamp,
  value: number,
  dimensions: Record<string, string> = {},
): void =>
  fake.put(namespace, [
    {
      MetricName: metric,
      Timestamp: at / SECOND,
      Value: value,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    },
  ])
const asked = () => fake.requests.filter((request) => request.startsWith('GetMetricData'))
const problems = (facts: readonly Fact[]) =>
  facts.flatMap((fact) =>
    fact.kind === 'problem' ? [`${fact.subject}: ${fact.reason}: ${fact.message}`] : [],
  )
const ofRun = (space: string, at: Timestamp, values: Record<string, number>, dimensions = {}) =>
  Object.entries(values).forEach(([metric, value]) => put(space, metric, at, value, dimensions))

describe('runs of others', () => {
  test('one run a minute that has a result, in both spellings of the namespace', async () => {
    const good = { RecordsProcessed: 500, DataSizeBytes: 1_000, ExecutionTime: 90, PipelineSuccess: 1 }
    ofRun('DataPipeline/orders', THEN, { ...good, PipelineFailure: 0 })
    ofRun(
      'DataPipeline',
      plus(THEN, MINUTE),
      { PipelineFailure: 1, RecordsFailed: 7 },
      { Pipeline: 'customers' },
    )
    ofRun('Elsewhere', THEN, { PipelineSuccess: 1 })
    const facts = await read().poll(NOW)

    expect(problems(facts)).toEqual([])
    const none = { processed: null, failed: null, bytes: null, startedAt: null }
    expect(runsIn(store)).toEqual([
      { ...none, pipeline: 'customers', state: 'failure', endedAt: plus(THEN, MINUTE), failed: 7 },
      {
        pipeline: 'orders',
        state: 'success',
        startedAt: THEN - 90 * SECOND,
        endedAt: THEN,
        processed: 500,
        failed: null,
        bytes: 1_000,
      },
    ])
    expect(store.facts('run').map(({ runId }) => runId)).toContain(
      new Date(THEN).toISOString().slice(0, 16) + 'Z',
    )
    expect(store.facts('pipeline').map(({ system, namespace }) => [system, namespace])).toEqual([
      ['cloudwatch', 'cloudwatch://us-east-1'],
      ['cloudwatch', 'cloudwatch://us-east-1'],
    ])
  })

  test('values on both sides of a full minute are one run; values without a result are said, not lost', async () => {
    ofRun('DataPipeline/orders', THEN, { RecordsProcessed: 500 })
    ofRun('DataPipeline/orders', plus(THEN, MINUTE), { ExecutionTime: 10, PipelineSuccess: 1 })
    ofRun('DataPipeline/orders', plus(THEN, millis(10 * MINUTE)), { RecordsProcessed: 9 })
    const facts = await read().poll(NOW)

    expect(runsIn(store)).toMatchObject([{ endedAt: plus(THEN, MINUTE), processed: 500 }])
    expect(problems(facts)).toEqual([expect.stringMatching(/^values: unsupported: .*orders at /)])
  })

  test('what ends in one minute cannot be told apart, and says so', async () => {
    for (const seconds of [1, 2])
      ofRun('DataPipeline/orders', timestamp(THEN + seconds * SECOND), {
        PipelineSuccess: 1,
        RecordsProcessed: 5,
      })
    await read().poll(NOW)

    const [run] = store.facts('run')
    expect(run).toMatchObject({ processed: 10, labels: { runs_in_this_minute: '2' } })
  })

  test('what comes late is read, and read again gives no further run', async () => {
    ofRun('DataPipeline/orders', THEN, { PipelineSuccess: 1 })
    const source = read()
    await source.poll(NOW)
    ofRun('DataPipeline/orders', timestamp(THEN - HOUR), { PipelineFailure: 1 })
    ofRun('DataPipeline/orders', THEN, { RecordsProcessed: 3 })
    // A new collector knows what is kept only.
    await read().poll(plus(NOW, HOUR))
    await read().poll(plus(NOW, millis(HOUR + MINUTE)))

    expect(runsIn(store).map(({ state, processed }) => [state, processed])).toEqual([
      ['failure', null],
      ['success', 3],
    ])
  })

  test.each([
    [
      'RunEnd in milliseconds',
      { RunEnd: THEN, ExecutionTime: 60 },
      { startedAt: THEN - MINUTE, endedAt: THEN },
    ],
    ['a RunEnd beyond all time', { RunEnd: 1e300 }, { startedAt: null, endedAt: THEN }],
    ['a length beyond all time', { ExecutionTime: 1e300 }, { startedAt: null, endedAt: THEN }],
  ])('%s makes no time that is none', async (_, values, told) => {
    ofRun('DataPipeline/orders', THEN, { PipelineSuccess: 1, ...values })
    await read().poll(NOW)
    expect(runsIn(store)).toMatchObject([told])
  })

  test('values whose result lies beyond what is settled are not called odd', async () => {
    const last = timestamp(NOW - (NOW % MINUTE) - 3 * MINUTE)
    ofRun('DataPipeline/orders', last, { RecordsProcessed: 500 })
    ofRun('DataPipeline/orders', plus(last, MINUTE), { PipelineSuccess: 1 })
    const source = read()
    expect(problems(await source.poll(NOW))).toEqual([])
    await source.poll(plus(NOW, MINUTE))
    expect(runsIn(store)).toMatchObject([{ processed: 500 }])
  })

  test('a short budget is saved for runs that wait, not spent on metrics at each poll', async () => {
    for (let i = 0; i < 20; i++) ofRun(`DataPipeline/p${i}`, THEN, { PipelineSuccess: 1, ExecutionTime: 1 })
    for (let i = 0; i < 200; i++)
      for (let t = 0; t < 36; t++)
        put('AWS/Lambda', 'Invocations', timestamp(FULL + t * 5 * MINUTE), 1, { FunctionName: `f${i}` })
    const source = read({ presets: ['lambda'], budget: { requests_per_day: 2_000 } })
    for (let t = 0; t < 180; t++) await source.poll(plus(NOW, millis(t * MINUTE)))
    const through = JSON.parse(store.facts('cursor', { id: 'aws' })[0]!.value) as { through: number }

    expect(NOW + 180 * MINUTE - through.through).toBeLessThan(2 * HOUR)
  })

  test('an answer in part is asked for again', async () => {
    ofRun('DataPipeline/orders', THEN, { PipelineSuccess: 1 })
    fake.trouble = (action) =>
      action === 'GetMetricData'
        ? { status: 200, body: { MetricDataResults: [{ Id: 'q0', StatusCode: 'PartialData' }] } }
        : undefined
    const source = read()
    expect(problems(await source.poll(NOW))).toEqual([expect.stringMatching(/^pipelines: gap: /)])
    fake.trouble = undefined
    await source.poll(plus(NOW, SECOND))
    expect(runsIn(store)).toHaveLength(1)
  })

  test('more than 500 queries are several requests, and lists have pages', async () => {
    fake.pageSize = 100
    for (let i = 0; i < 300; i += 1)
      ofRun(`DataPipeline/p${i}`, THEN, { PipelineSuccess: 1, PipelineFailure: 0 })
    await read({ history: '1h' }).poll(NOW)

    expect(runsIn(store)).toHaveLength(300)
    expect(new Set(asked())).toEqual(new Set(['GetMetricData 500', 'GetMetricData 100']))
  })
})

test.each([
  ['DataPipeline/orders', {}, 'orders'],
  ['DataPipeline/a/b', {}, 'a/b'],
  ['DataPipeline', { Pipeline: 'x' }, 'x'],
  ['DataPipeline', { PipelineName: 'x' }, 'x'],
  ['DataPipeline', {}, null],
  ['DataPipeline/orders', { Env: 'prod', App: 'b' }, 'orders (App=b, Env=prod)'],
  ['DataPipeline/\u202eevil\u0007', {}, 'evil'],
  ['DataPipelines/orders', {}, null],
])('%j with %j is the pipeline %j', (namespace, dimensions, name) =>
  expect(pipelineOf('DataPipeline', { namespace, metric: 'PipelineSuccess', dimensions })).toBe(name),
)

describe('use of hosts and services', () => {
  const cpu = (at: Timestamp, value: number) =>
    put('AWS/EC2', 'CPUUtilization', at, value, { InstanceId: 'i-1' })
  const config = { pipelines: false, presets: ['ec2'] }

  test('two weeks are read once a day, the newest value each period', async () => {
    cpu(timestamp(FULL - 5 * DAY), 80)
    cpu(timestamp(FULL - 15 * MINUTE), 20)
    const source = read(config)
    await source.poll(FULL)
    await source.poll(plus(FULL, MINUTE))
    cpu(timestamp(FULL - 10 * MINUTE), 30)
    await source.poll(plus(FULL, millis(5 * MINUTE)))

    expect(asked()).toEqual(['GetMetricData 1', 'GetMetricData 1'])
    const [host] = store.facts('usage', { id: 'aws/ec2/i-1' })
    expect(host?.measures['CPUUtilization']).toMatchObject({ latest: 30, samples: 2, max: 80, p50: 20 })
  })

  test('one namespace that is denied does not stop another; nothing at all is an error', async () => {
    cpu(timestamp(FULL - 15 * MINUTE), 20)
    fake.trouble = (action, body) => (body.includes('CWAgent') ? denied(action, body) : undefined)
    const facts = await read(config).poll(FULL)
    expect(problems(facts)).toEqual([expect.stringMatching(/^CWAgent: denied: .*cloudwatch:ListMetrics/)])
    expect(store.facts('usage', { id: 'aws/ec2/i-1' })).toHaveLength(1)

    fake.trouble = denied
    await expect(read(config).poll(FULL)).rejects.toMatchObject({ reason: 'denied' })
  })

  test('metrics that a user names: globs, dimensions, several statistics', async () => {
    put('Jobs', 'QueueDepth', timestamp(FULL - 3 * MINUTE), 4, { Queue: 'a', Env: 'prod' })
    put('Jobs', 'QueueDepth', timestamp(FULL - 3 * MINUTE), 9, { Queue: 'a', Env: 'dev' })
    put('Jobs', 'Other', timestamp(FULL - 3 * MINUTE), 1, { Env: 'prod' })
    const metrics = [
      {
        namespace: 'Jobs',
        metrics: ['Queue*'],
        dimensions: { Env: 'prod' },
        statistics: ['Sum', 'Maximum'],
        period: '1m',
      },
    ]
    await read({ pipelines: false, metrics }).poll(FULL)

    const found = store.facts('usage').filter(({ service }) => service === 'Jobs')
    expect(found.map(({ resource, measures }) => [resource, Object.keys(measures)])).toEqual([
      ['Env=prod,Queue=a', ['QueueDepth:Maximum', 'QueueDepth:Sum']],
    ])
  })
})

describe('the budget', () => {
  test.each([
    [{ requests_per_day: 500 }, 500],
    [{ usd_per_month: 10 }, 33_333],
    [{ usd_per_month: 0.000_01 }, 1],
  ])('%j is %s metrics a day', (config, metrics) => expect(allowance(config)).toBe(metrics))

  test('a quarter of it at once, the rest as the day goes on; a new day is a new allowance', () => {
    const day = Math.floor(NOW / DAY)
    const at = (share: number): Timestamp => timestamp(day * DAY + share * DAY)
    expect(leftOf(1_000, { day, metrics: 0 }, at(0))).toBe(250)
    expect(leftOf(1_000, { day, metrics: 200 }, at(0.5))).toBe(425)
    expect(leftOf(1_000, { day, metrics: 999 }, at(0.5))).toBe(0)
    expect(leftOf(1_000, { day: day - 1, metrics: 999 }, at(0))).toBe(250)
  })

  test('is never exceeded, makes reading rarer instead of blind, survives a restart, and is shown in dollars', async () => {
    for (let i = 0; i < 20; i += 1)
      ofRun(`DataPipeline/p${i}`, THEN, { PipelineSuccess: 1, PipelineFailure: 0 })
    const start = timestamp(Math.floor(NOW / DAY + 1) * DAY)
    const config = { budget: { requests_per_day: 800 }, history: '1d' }
    let most = 0
    let source = read(config)
    for (let hour = 0; hour < 24; hour += 0.5) {
      if (hour === 12) source = read(config)
      await source.poll(timestamp(start + hour * HOUR))
      const [own] = store.facts('usage', { id: 'aws/cloudwatch/GetMetricData' })
      most = Math.max(most, own!.measures['MetricsRequestedToday']!.latest!)
    }
    const metrics = asked().reduce((sum, request) => sum + Number(request.split(' ')[1]), 0)
    const lists = fake.requests.length - asked().length

    expect(metrics).toBeGreaterThan(0)
    expect(metrics + lists).toBeLessThanOrEqual(800)
    expect(metrics + lists).toBeGreaterThan(600)
    expect(runsIn(store)).toHaveLength(20)
    expect(most).toBe(metrics + lists)
    const [own] = store.facts('usage', { id: 'aws/cloudwatch/GetMetricData' })
    expect(own!.measures['CostToday']!.latest).toBeCloseTo(most * 0.000_01)
  })

  test('that does not reach is said', async () => {
    for (let i = 0; i < 20; i += 1) ofRun(`DataPipeline/p${i}`, THEN, { PipelineSuccess: 1 })
    const facts = await read({ budget: { requests_per_day: 60 } }).poll(
      timestamp(Math.floor(NOW / DAY) * DAY),
    )
    expect(problems(facts)).toEqual([
      expect.stringMatching(/^pipelines: too-large: the budget of 60 metrics a day/),
    ])
    expect(asked()).toEqual([])
  })
})

test('a profile: nearest-rank percentiles, and means by hour of the week', () => {
  const monday = timestamp(Date.parse('2026-11-16T00:00:00Z'))
  const points = Array.from({ length: 1_000 }, (_, i) => ({
    at: timestamp(monday + i * 5 * MINUTE),
    value: (i * 7) % 1_000,
  }))
  const range = { from: monday, to: plus(monday, millis(14 * DAY)) }
  const profile = profileOf(points, range, 'Average')
  expect(profile).toMatchObject({ samples: 1_000, p50: 499, p90: 899, p95: 949, p995: 994, max: 999 })
  const first = points.slice(0, 12).reduce((sum, { value }) => sum + value, 0) / 12
  expect(profile.byHourOfWeek?.[0]).toBeCloseTo(first)
  expect(profile.byHourOfWeek).toHaveLength(168)
  expect(profile.byHourOfWeek?.at(-1)).toBeNull()
  // Five busy minutes an hour are no idle hour.
  expect(profileOf(points, range, 'Maximum').byHourOfWeek?.[0]).toBe(77)
})
