// Schedules: runs that bring nothing, run into each other, or are tried again in vain.
import { describe, expect, test } from 'vitest'
import { advise, loadPrices } from '../../src/advisors/advisors.ts'
import type { PipelineFact, RunFact } from '../../src/model/run-facts.ts'
import { HOUR, MINUTE, timestamp } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { aPipeline, hourly } from './runs.ts'

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
