import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RESULTS } from '../../src/model/run-facts.ts'
import type { Store } from '../../src/model/store.ts'
import { DAY, HOUR, MINUTE, SECOND, type Timestamp, plus, timestamp } from '../../src/model/units.ts'
import { fakeClock } from '../io/fake-clock.ts'
import { type FakeCloudWatch, denied, startFakeCloudWatch, throttled } from '../io/fake-cloudwatch.ts'
import { NOW } from '../model/a-table.ts'
import { openMemory, reader, runsIn, writer } from './cloudwatch-scene.ts'

const clock = { ...fakeClock(NOW), sleep: async () => undefined }
const LATER = plus(NOW, MINUTE)

let fake: FakeCloudWatch
let there: Store
let here: Store
beforeEach(async () => {
  fake = await startFakeCloudWatch()
  there = await openMemory(NOW)
  here = await openMemory(NOW)
})
afterEach(async () => {
  await fake[Symbol.asyncDispose]()
  await there[Symbol.asyncDispose]()
  await here[Symbol.asyncDispose]()
})

const aRun = (change: object = {}) => ({
  pipeline: 'daily_orders',
  run_id: 'r1',
  status: 'success',
  start: NOW - HOUR - 1_234,
  end: NOW - 20 * MINUTE - 567,
  records_processed: 1_000,
  records_failed: 3,
  bytes: 4_096,
  ...change,
})

const exportOf = (store: Store) => store.facts('metric-export')[0]

describe('a run that is written', () => {
  test('is read back as the same run, for every result, and is no further one when it is read again', async () => {
    const runs = RESULTS.map((status, i) => aRun({ status, pipeline: `p${i}`, run_id: String(i) }))
    const out = writer(here, clock, fake.endpoint)
    out.tell(runs, NOW)
    expect(await out.flush(LATER)).toEqual({ runs: 6, error: null })
    const back = reader(there, clock, fake.endpoint)
    await back.poll(LATER)
    const first = runsIn(there)
    await back.poll(plus(LATER, MINUTE))
    await back.poll(plus(LATER, DAY))

    expect(first).toEqual(runsIn(here))
    expect(first.map(({ state }) => state)).toEqual([...RESULTS])
    expect(runsIn(there)).toEqual(first)
    const counted = there.facts('run-tally').flatMap((tally) => Object.values(tally.runs))
    expect(counted).toEqual([1, 1, 1, 1, 1, 1])
  })

  test('round trip of any run whose name and numbers CloudWatch can keep', async () => {
    const name = fc.stringMatching(/^[A-Za-z0-9(][A-Za-z0-9 ._()@+-]{0,20}[a-z0-9)]$/)
    const count = fc.option(fc.nat(), { nil: undefined })
    const one = fc.record({
      pipeline: name,
      status: fc.constantFrom(...RESULTS),
      took: fc.nat({ max: 12 * HOUR }),
      ago: fc.integer({ min: 3 * MINUTE, max: 2 * HOUR }),
      records_processed: count,
      records_failed: count,
      bytes: count,
    })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(one, { maxLength: 8, selector: (run) => run.pipeline }),
        async (told) => {
          const cloud = await startFakeCloudWatch()
          const [from, to] = [await openMemory(NOW), await openMemory(NOW)]
          const out = writer(from, clock, cloud.endpoint)
          out.tell(
            told.map(({ took, ago, ...run }, i) => ({
              ...run,
              run_id: `r${i}`,
              start: NOW - ago - took,
              end: NOW - ago,
            })),
            NOW,
          )
          await out.flush(LATER)
          await reader(to, clock, cloud.endpoint).poll(LATER)
          expect(runsIn(to)).toEqual(runsIn(from))
          for (const thing of [cloud, from, to]) await thing[Symbol.asyncDispose]()
        },
      ),
      { numRuns: 15 },
    )
  })

  test('and written twice, because an answer got lost, is one run still', async () => {
    const out = writer(here, clock, fake.endpoint)
    out.tell([aRun()], NOW)
    let lost = true
    fake.trouble = (action, body) => {
      if (action !== 'PutMetricData' || !lost) return undefined
      lost = false
      const { Namespace, MetricData } = JSON.parse(body) as { Namespace: string; MetricData: never[] }
      fake.put(Namespace, MetricData)
      return { status: 500, body: {} }
    }
    await out.flush(LATER)
    await reader(there, clock, fake.endpoint).poll(LATER)

    expect(fake.requests.filter((request) => request.startsWith('Put'))).toHaveLength(2)
    expect(runsIn(there)).toEqual(runsIn(here))
  })
})

describe('what is due', () => {
  test('waits while CloudWatch is down, survives a restart, and is written once', async () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'export-'))
    const store = await openMemory(NOW, directory)
    const out = writer(store, clock, fake.endpoint)
    out.tell([aRun()], NOW)
    fake.trouble = throttled
    expect((await out.flush(LATER)).error).toContain('throttles')
    expect(exportOf(store)).toMatchObject({
      runs: 0,
      failures: 1,
      failing: expect.stringContaining('throttles'),
    })
    const tries = fake.requests.length
    expect(await out.flush(plus(LATER, SECOND))).toEqual({ runs: 0, error: null })
    expect(fake.requests).toHaveLength(tries)
    await store[Symbol.asyncDispose]()

    fake.trouble = undefined
    const again = await openMemory(NOW, directory)
    const after = writer(again, clock, fake.endpoint)
    after.tell([aRun()], LATER)
    expect(await after.flush(plus(LATER, HOUR))).toEqual({ runs: 1, error: null })
    expect(await after.flush(plus(LATER, (2 * HOUR) as never))).toEqual({ runs: 0, error: null })
    expect(again.facts('metric-due')).toEqual([])
    expect(exportOf(again)).toEqual({
      kind: 'metric-export',
      id: 'cloudwatch',
      exportedAt: plus(LATER, HOUR),
      runs: 1,
      values: 7,
      refused: {},
      failures: 1,
      failing: null,
    })
    await again[Symbol.asyncDispose]()
    fs.rmSync(directory, { recursive: true })
  })

  test.each([
    ['too-old', { start: NOW - 20 * DAY, end: NOW - 15 * DAY }],
    ['in-future', { start: NOW, end: NOW + 4 * HOUR }],
    ['name', { pipeline: 'Tagesabschluß' }],
  ])('is refused and counted: %s', async (refusal, change) => {
    const out = writer(here, clock, fake.endpoint)
    out.tell([aRun(change), aRun({ pipeline: 'good' })], NOW)
    expect(await out.flush(LATER)).toEqual({ runs: 1, error: null })
    expect(exportOf(here)).toMatchObject({ runs: 1, refused: { [refusal]: 1 } })
    expect(here.facts('metric-due')).toEqual([])
  })

  test('what CloudWatch does not want stops nothing else', async () => {
    const out = writer(here, clock, fake.endpoint)
    out.tell([aRun({ pipeline: 'bad' }), aRun({ pipeline: 'good' })], NOW)
    fake.trouble = (_, body) =>
      body.includes('DataPipeline/bad')
        ? { status: 400, body: { __type: 'InvalidParameterValue', message: 'no' } }
        : undefined
    expect((await out.flush(LATER)).error).toBeNull()
    expect(exportOf(here)).toMatchObject({ runs: 1, refused: { refused: 1 } })
  })

  test('a value that CloudWatch does not want takes no other run of the same request with it', async () => {
    const out = writer(here, clock, fake.endpoint)
    const end = (i: number) => NOW - (i + 3) * MINUTE
    out.tell(
      Array.from({ length: 9 }, (_, i) =>
        aRun({ run_id: `r${i}`, start: end(i) - 1_000, end: end(i), records_processed: i === 4 ? 666 : 1 }),
      ),
      NOW,
    )
    fake.trouble = (_, body) =>
      body.includes('"Value":666')
        ? { status: 400, body: { __type: 'InvalidParameterValue', message: 'no' } }
        : undefined
    expect((await out.flush(LATER)).error).toBeNull()
    expect(exportOf(here)).toMatchObject({ runs: 8, refused: { refused: 1 } })
  })

  test('a namespace that is not allowed is said and kept, and holds up no other', async () => {
    const out = writer(here, clock, fake.endpoint)
    out.tell([aRun({ pipeline: 'bad' }), aRun({ pipeline: 'good' })], NOW)
    fake.trouble = (action, body) => (body.includes('DataPipeline/bad') ? denied(action, body) : undefined)
    expect((await out.flush(LATER)).error).toContain('cloudwatch:PutMetricData')
    expect(exportOf(here)).toMatchObject({ runs: 1, failures: 1, refused: {} })
    expect(here.facts('metric-due').map(({ run }) => run)).toEqual(['jobs/bad/r1'])
  })

  test('an endpoint that is none of CloudWatch loses nothing', async () => {
    const out = writer(here, clock, fake.endpoint)
    out.tell([aRun()], NOW)
    fake.trouble = () => ({ status: 404, body: { __type: 'UnknownOperationException' } })
    expect((await out.flush(LATER)).error).toContain('404')
    expect(here.facts('metric-due')).toHaveLength(1)
  })

  test('what is refused is settled in one transaction, not one each', async () => {
    const out = writer(here, clock, fake.endpoint)
    out.tell(
      Array.from({ length: 40 }, (_, i) =>
        aRun({ run_id: `r${i}`, start: NOW - 20 * DAY, end: NOW - 15 * DAY }),
      ),
      NOW,
    )
    const record = vi.spyOn(here, 'record')
    await out.flush(LATER)
    expect(exportOf(here)).toMatchObject({ refused: { 'too-old': 40 } })
    expect(record.mock.calls.length).toBe(1)
  })

  test('goes out in requests of at most 1,000 values', async () => {
    const out = writer(here, clock, fake.endpoint)
    const runs = Array.from({ length: 300 }, (_, i) =>
      aRun({ run_id: `r${i}`, start: NOW - HOUR - i * MINUTE, end: NOW - (i + 3) * MINUTE }),
    )
    out.tell(
      runs.map((run) => ({ ...run, start: run.end - 1_000 })),
      NOW,
    )
    await out.flush(LATER)
    const sizes = fake.requests.map((request) => Number(request.split(' ')[1]))
    expect(sizes).toEqual([994, 994, 112])
  })

  test('pipelines known from CloudWatch are not written there again', async () => {
    const out = writer(here, clock, fake.endpoint)
    out.tell([aRun()], NOW)
    await out.flush(LATER)
    const back = reader(there, clock, fake.endpoint)
    const circle = writer(there, clock, fake.endpoint)
    circle.record(await back.poll(LATER), LATER)

    expect(there.facts('run')).toHaveLength(1)
    expect(there.facts('metric-due')).toEqual([])
    expect(await circle.flush(plus(LATER, HOUR))).toEqual({ runs: 0, error: null })
  })
})

const minute = (at: Timestamp): number => (at - (at % MINUTE)) / SECOND
test('the golden text of one run', async () => {
  const bodies: unknown[] = []
  fake.trouble = (_, body) => void bodies.push(JSON.parse(body))
  const out = writer(here, clock, fake.endpoint)
  const end = timestamp(minute(NOW) * SECOND - HOUR)
  out.tell([aRun({ status: 'timeout', start: end - 90_500, end })], NOW)
  await out.flush(LATER)

  const value = (MetricName: string, Value: number, Unit: string) => ({
    MetricName,
    Dimensions: [],
    Timestamp: end / SECOND,
    Value,
    Unit,
  })
  expect(bodies).toEqual([
    {
      Namespace: 'DataPipeline/daily_orders',
      MetricData: [
        value('RecordsProcessed', 1_000, 'Count'),
        value('RecordsFailed', 3, 'Count'),
        value('DataSizeBytes', 4_096, 'Bytes'),
        value('ExecutionTime', 90.5, 'Seconds'),
        value('PipelineSuccess', 0, 'Count'),
        value('PipelineFailure', 1, 'Count'),
        value('RunEnd', end / SECOND, 'Seconds'),
        value('RunResult', 3, 'None'),
      ],
    },
  ])
})
