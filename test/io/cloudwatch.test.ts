import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type CloudWatch, cloudWatchOpener } from '../../src/io/cloudwatch.ts'
import { MINUTE, timestamp } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { fakeClock } from './fake-clock.ts'
import { type FakeCloudWatch, denied, startFakeCloudWatch, throttled } from './fake-cloudwatch.ts'

const { signal } = new AbortController()
const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'hidden', AWS_REGION: 'eu-west-1' }
const open = (endpoint: string): CloudWatch =>
  cloudWatchOpener({
    clock: { ...fakeClock(NOW), sleep: async () => undefined },
    random: () => 0,
    environment: KEYS,
  })({ endpoint })
const AT = timestamp(NOW - (NOW % MINUTE) - 10 * MINUTE)

let fake: FakeCloudWatch
let cloudWatch: CloudWatch
beforeAll(async () => {
  fake = await startFakeCloudWatch()
})
afterAll(() => fake[Symbol.asyncDispose]())
beforeEach(() => {
  fake.requests.length = 0
  fake.trouble = undefined
  fake.pageSize = 500
  cloudWatch = open(fake.endpoint)
})

const query = (metric: string, statistic = 'Sum') => ({
  namespace: 'Test',
  metric,
  dimensions: { Kind: 'a' },
  statistic,
  period: MINUTE,
})

test('what is written is listed and read again, by period', async () => {
  const value = (at: number, count: number) => ({
    metric: 'Rows',
    dimensions: { Kind: 'a' },
    at: timestamp(at),
    value: count,
    unit: 'Count' as const,
  })
  await cloudWatch.write('Test', [value(AT + 1_500, 3), value(AT + 2_000, 4), value(AT + MINUTE, 5)], signal)

  expect(await cloudWatch.list({ namespace: 'Test' }, signal)).toEqual({
    metrics: [{ namespace: 'Test', metric: 'Rows', dimensions: { Kind: 'a' } }],
    next: undefined,
  })
  const window = { from: AT, to: timestamp(AT + 3 * MINUTE) }
  const { answers } = await cloudWatch.read(
    { queries: [query('Rows'), query('None'), query('Rows', 'Maximum')], ...window },
    signal,
  )
  const minute = (n: number): number => AT + n * MINUTE
  expect(answers).toEqual([
    {
      points: [
        { at: minute(0), value: 7 },
        { at: minute(1), value: 5 },
      ],
      complete: true,
    },
    { points: [], complete: true },
    {
      points: [
        { at: minute(0), value: 4 },
        { at: minute(1), value: 5 },
      ],
      complete: true,
    },
  ])
  expect(cloudWatch.counters).toEqual({ requests: 3, metrics: 3 })
})

test('pages belong together and are asked for once', async () => {
  fake.pageSize = 2
  const window = { from: AT, to: timestamp(AT + 3 * MINUTE) }
  const queries = ['Rows', 'Rows', 'Rows', 'Rows', 'Rows'].map((name) => query(name))
  const { answers } = await cloudWatch.read({ queries, ...window }, signal)

  expect(fake.requests).toEqual(['GetMetricData 5', 'GetMetricData 5', 'GetMetricData 5'])
  expect(answers.map(({ points }) => points.length)).toEqual([2, 2, 2, 2, 2])
  expect(cloudWatch.counters.metrics).toBe(5)
})

test('throttling is waited out; what is denied is not asked again, and repeats no word of the server', async () => {
  let times = 0
  fake.trouble = (...args) => ((times += 1) <= 2 ? throttled(...args) : undefined)
  await cloudWatch.list({}, signal)
  expect(fake.requests).toHaveLength(3)

  fake.trouble = denied
  const error = (await cloudWatch.list({}, signal).catch((thrown: unknown) => thrown)) as Error
  expect(error).toMatchObject({ reason: 'denied', subject: fake.endpoint })
  expect(error.message).toContain('cloudwatch:ListMetrics')
  expect(error.message).not.toMatch(/secret|hidden/)
  expect(fake.requests).toHaveLength(4)
})

test('answers in part, errors inside an answer and odd numbers are told, not guessed', async () => {
  fake.trouble = () => ({
    status: 200,
    body: {
      MetricDataResults: [
        { Id: 'q0', StatusCode: 'PartialData', Timestamps: [AT / 1_000], Values: [1] },
        { Id: 'q1', StatusCode: 'InternalError', Timestamps: [AT / 1_000], Values: [] },
        { Id: 'q99', StatusCode: 'Complete', Timestamps: [], Values: [] },
      ],
      Messages: [{ Code: 'MaxMetricsExceeded', Value: 'too many' }],
    },
  })
  const { answers, said } = await cloudWatch.read(
    { queries: [query('a'), query('b')], from: AT, to: timestamp(AT + MINUTE) },
    signal,
  )

  expect(answers).toEqual([
    { points: [{ at: AT, value: 1 }], complete: false },
    { points: [], complete: false },
  ])
  expect(said).toEqual(['MaxMetricsExceeded: too many'])
})

test('an endpoint that is not there is unreachable', async () => {
  const nowhere = open('http://127.0.0.1:9')
  await expect(nowhere.list({}, signal)).rejects.toMatchObject({ reason: 'unreachable' })
  expect(nowhere.counters.requests).toBe(4)
})
