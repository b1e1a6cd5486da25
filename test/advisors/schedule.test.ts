// Schedules: runs that bring nothing, run into each other, or are tried again in vain.
import { describe, expect, test } from 'vitest'
import { advise, loadPrices } from '../../src/advisors/advisors.ts'
import { type PipelineFact, type RunFact, edgeOf, jobId } from '../../src/model/run-facts.ts'
import { HOUR, MINUTE, timestamp } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { aPipeline, aRun, hourly } from './runs.ts'

const prices = loadPrices()
const found = (runs: readonly RunFact[], pipeline: Partial<PipelineFact> = {}) =>
  advise(factView([aPipeline(pipeline), ...runs]), prices, NOW)
const topics = (...asked: Parameters<typeof found>): string[] =>
  found(...asked).advice.map(({ topic }) => topic)

test('three of four runs bring nothing: six times ten minutes an hour saved are said in hours', () => {
  const { advice } = found(hourly(200, (i) => ({ processed: i % 4 === 0 ? 50 : 0 })))
  expect(advice).toMatchObject([
    {
      topic: 'empty-runs',
      cost: { savings: null, breakEven: 'it saves 25.0 hours of running a month; it costs nothing' },
      change: { before: '0 * * * *', after: expect.stringContaining('every 4th time') },
    },
  ])
})

test('runs of ninety minutes that start each hour run into each other', () => {
  const long = (i: number) => ({ endedAt: timestamp(NOW - (i + 1) * HOUR + 90 * MINUTE) })
  expect(topics(hourly(100, long))).toEqual(['overlapping-runs'])
})

test('retries that never helped', () => {
  const failed = { state: 'failure', attempt: 3 } as const
  expect(topics(hourly(60, (i) => (i % 6 === 0 ? failed : {})))).toEqual(['vain-retries'])
  expect(topics(hourly(60, (i) => (i % 6 === 0 ? (i === 0 ? { attempt: 2 } : failed) : {})))).toEqual([])
})

describe('fresher than anyone reads', () => {
  const report = aPipeline({ id: 'flows/report', pipeline: 'report', name: 'report' })
  /** Reads once every `every` hours, half an hour after the hour. */
  const reading = (every: number, count: number, change: Partial<RunFact> = {}) =>
    Array.from({ length: count }, (_, i) => {
      const startedAt = timestamp(NOW - (i * every + 1) * HOUR + 30 * MINUTE)
      return aRun(i, {
        id: `flows/report/${i}`,
        pipelineId: 'flows/report',
        at: startedAt,
        startedAt,
        ...change,
      })
    })
  const edges = [
    edgeOf('flows', 'writes', jobId('flows', 'orders'), 's3://lake/orders', NOW),
    edgeOf('flows', 'reads', 's3://lake/orders', jobId('flows', 'report'), NOW),
  ]
  const asked = (reads: readonly RunFact[], reader = report, runs = hourly(120, () => ({}))) =>
    advise(factView([aPipeline(), reader, ...edges, ...runs, ...reads]), prices, NOW).advice.filter(
      ({ topic }) => topic === 'unread-refreshes',
    )

  test('five of six results were replaced unread', () => {
    expect(asked(reading(6, 20))).toMatchObject([
      {
        title: 'Run orders as often as it is read: 100 of 120 results were replaced unread',
        target: { pipeline: 'orders' },
        confidence: 0.4,
        change: { after: 'start orders shortly before report, or about every 6th time' },
        evidence: [{ value: 100 }, { value: 20 }, { value: expect.closeTo(100 / 6, 9) }],
      },
    ])
  })

  test.for<[string, readonly RunFact[], PipelineFact]>([
    ['each result is read', reading(1, 120), report],
    ['every other is read', reading(1, 60), report],
    ['its readers hardly run', reading(24, 4), report],
    ['a stream reads it', reading(6, 20), { ...report, endless: true }],
    ['its reader is gone', reading(6, 20), { ...report, vanished: NOW }],
  ])('nothing is said where %s', ([, reads, reader]) => {
    expect(asked(reads, reader)).toEqual([])
  })
})

describe('silence', () => {
  test.for<[string, readonly RunFact[], Partial<PipelineFact>]>([
    ['work at every run', hourly(200, () => ({})), {}],
    ['what it processed is not known', hourly(200, () => ({ processed: null })), {}],
    ['too few runs', hourly(9, () => ({ processed: 0 })), {}],
    ['paused', hourly(200, () => ({ processed: 0 })), { paused: true }],
    ['backfills', hourly(200, () => ({ processed: 0, trigger: 'backfill' })), {}],
    ['a stream', hourly(200, () => ({ processed: 0 })), { endless: true }],
  ])('%s', ([, runs, pipeline]) => {
    expect(topics(runs, pipeline)).toEqual([])
  })

  test('unknown is asked for, not taken for nothing', () => {
    const { needs } = found(hourly(200, () => ({ processed: null })))
    expect(needs).toMatchObject([{ advisor: 'schedule', subject: 'orders' }])
  })
})
