import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { giveUp } from '../../src/ledger/runs.ts'
import type { PipelineFact, RunReport, TaskReport } from '../../src/model/run-facts.ts'
import { DAY, HOUR, MINUTE, SECOND, millis, timestamp } from '../../src/model/units.ts'
import { aReport, aTaskReport } from '../model/a-run.ts'
import { NOW } from '../model/a-table.ts'
import { memory } from './memory.ts'

const at = (minutes: number) => timestamp(NOW + minutes * MINUTE)
const KEY = 'flows/daily_orders'
const running = (from: number, asOf = from) =>
  aReport({ state: 'running', startedAt: at(from), asOf: at(asOf) })
const ended = (from: number, to: number, change: Partial<RunReport> = {}) =>
  aReport({ startedAt: at(from), endedAt: at(to), asOf: at(to), ...change })

const aPipeline = (change: Partial<PipelineFact> = {}): PipelineFact => ({
  kind: 'pipeline',
  id: KEY,
  source: 'flows',
  pipeline: 'daily_orders',
  namespace: 'default',
  name: 'daily_orders',
  system: 'airflow',
  from: 'listing',
  schedule: '0 7 * * *',
  nextRun: null,
  paused: false,
  owners: ['ana'],
  tags: [],
  endless: false,
  url: null,
  vanished: null,
  ...change,
})

describe('a run', () => {
  test('is active while it runs and counted once when it is over, however often it is read', () => {
    const known = memory()
    known.take([running(0)])

    expect(known.one('run-tally')).toMatchObject({ runs: {}, active: { running: 1 }, oldest: { r1: at(0) } })

    known.take([ended(0, 5), ended(0, 5)])
    known.take([ended(0, 5, { asOf: at(9) })])

    expect(known.one('run-tally')).toMatchObject({
      runs: { success: 1 },
      active: {},
      oldest: {},
      last: { at: at(5), duration: 5 * MINUTE },
      lastEnd: { success: at(5) },
    })
    expect(known.one('run')).toMatchObject({ attempt: 1, pastAttempts: [] })
  })

  test('whose start arrives after its end keeps its end and gets its duration', () => {
    const known = memory()
    known.take([aReport({ startedAt: null, endedAt: at(5), asOf: at(5) })])

    expect(known.one('run-tally').last).toBeNull()

    known.take([running(0)])

    expect(known.one('run')).toMatchObject({ state: 'success', attempt: 1, startedAt: at(0), endedAt: at(5) })
    expect(known.one('run-tally')).toMatchObject({
      runs: { success: 1 },
      last: { duration: 5 * MINUTE },
      active: {},
    })
  })

  test('that is cleared opens a new attempt, counted by itself', () => {
    const known = memory()
    known.take([ended(0, 5, { state: 'failure', error: 'disk full' })])
    known.take([aReport({ state: 'pending', startedAt: null, asOf: at(60) })])

    expect(known.one('run')).toMatchObject({
      state: 'pending',
      attempt: 2,
      error: null,
      pastAttempts: [{ attempt: 1, state: 'failure', startedAt: at(0), endedAt: at(5), error: 'disk full' }],
    })

    known.take([ended(61, 65)])

    expect(known.one('run')).toMatchObject({ state: 'success', attempt: 2 })
    expect(known.one('run-tally').runs).toEqual({ failure: 1, success: 1 })
  })

  test('that was cleared and ran again between two polls is seen by its new start', () => {
    const known = memory()
    known.take([ended(0, 5, { state: 'failure' })])
    known.take([ended(7, 9)])

    expect(known.one('run').attempt).toBe(2)
    expect(known.one('run-tally').runs).toEqual({ failure: 1, success: 1 })
  })

  test('whose source numbers attempts follows the numbers', () => {
    const known = memory()
    known.take([ended(0, 1, { attempt: 1, state: 'failure' })])
    known.take([ended(1, 2, { attempt: 3 })])
    known.take([ended(0, 1, { attempt: 1, state: 'failure', asOf: at(9) })])

    expect(known.one('run')).toMatchObject({ attempt: 3, state: 'success' })
    expect(known.one('run-tally').runs).toEqual({ failure: 1, success: 1 })
  })

  test('in a state that has no meaning for us is kept, active and counted as such', () => {
    const known = memory()
    const odd = aReport({ state: 'unknown', sourceState: 'awaiting_input' })
    known.take([odd])
    known.take([odd])

    expect(known.one('run')).toMatchObject({ state: 'unknown', sourceState: 'awaiting_input' })
    expect(known.one('run-tally')).toMatchObject({ unknownStates: 1, active: { unknown: 1 }, runs: {} })

    known.take([ended(0, 1), aReport({ state: 'unknown', sourceState: 'archived', asOf: at(3) })])

    expect(known.one('run')).toMatchObject({ state: 'success', sourceState: 'archived' })
    expect(known.one('run-tally')).toMatchObject({ active: {}, runs: { success: 1 } })
  })

  test('that nobody ended for a month is lost: neither success nor failure; a stream never is', () => {
    const known = memory()
    known.take([
      running(0),
      aReport({ ...running(0), pipeline: 'stream', of: { ...aReport().of, endless: true } }),
    ])

    expect(giveUp(known, timestamp(NOW + 29 * DAY))).toEqual([])

    const lost = giveUp(known, timestamp(NOW + 31 * DAY))
    known.take(lost)

    expect(lost.map((report) => report.pipeline)).toEqual(['daily_orders'])
    expect(known.one('run', `${KEY}/r1`)).toMatchObject({ state: 'unknown', sourceState: 'lost' })
    expect(known.one('run-tally', KEY)).toMatchObject({ runs: {}, active: {}, unknownStates: 0 })
    expect(giveUp(known, timestamp(NOW + 60 * DAY))).toEqual([])
  })

  test('much older than what was counted is kept, not counted: it may have been forgotten', () => {
    const known = memory()
    known.take([ended(0, 5)])
    known.take([
      aReport({
        runId: 'old',
        startedAt: timestamp(NOW - 40 * DAY),
        endedAt: timestamp(NOW - 39 * DAY),
        processed: 7,
      }),
    ])

    expect(known.one('run', `${KEY}/old`)).toBeDefined()
    expect(known.one('run-tally')).toMatchObject({ runs: { success: 1 }, processed: null })
  })
})

describe('what is usual', () => {
  test('is not disturbed by backfills, nor by manual runs of something scheduled', () => {
    const known = memory()
    known.take([aPipeline()])
    known.take([
      ended(0, 5),
      ended(0, 300, { runId: 'b', trigger: 'backfill' }),
      ended(0, 200, { runId: 'm', trigger: 'manual' }),
    ])

    const tally = known.one('run-tally')
    expect(tally.runs).toEqual({ success: 3 })
    expect(tally.last?.duration).toBe(5 * MINUTE)
    expect(tally.durations.success.sum).toBe(5 * MINUTE)
  })

  test('is told by manual runs where nothing is scheduled', () => {
    const known = memory()
    known.take([ended(0, 5, { trigger: 'manual' })])

    expect(known.one('run-tally').last?.duration).toBe(5 * MINUTE)
  })

  test('the delay of a start is measured against its schedule, at the first attempt', () => {
    const known = memory()
    known.take([ended(2, 5, { scheduledFor: at(0), state: 'failure' })])
    known.take([ended(60, 65, { scheduledFor: at(0) })])

    expect(known.one('run-tally').startDelays.sum).toBe(2 * MINUTE)
  })
})

test('rows and bytes are counted by how much the totals grew', () => {
  const known = memory()
  known.take([aReport({ ...running(0), processed: 10 })])
  known.take([aReport({ ...running(0, 1), processed: 25, failed: 1 })])
  known.take([ended(0, 5, { processed: 30 }), ended(0, 5, { processed: 30 })])

  expect(known.one('run-tally')).toMatchObject({ processed: 30, failed: 1, bytes: null })
})

describe('pipelines', () => {
  test('a listed one that a complete listing leaves out has vanished; one known by its runs has not', () => {
    const known = memory()
    known.take([aPipeline(), aReport({ pipeline: 'script' })])
    known.take([{ kind: 'pipeline-inventory', id: 'flows', source: 'flows', at: at(1), pipelineIds: [] }])

    expect(known.one('pipeline', KEY).vanished).toBe(at(1))
    expect(known.one('pipeline', 'flows/script')).toMatchObject({ from: 'runs', vanished: null })
  })

  test('beyond the limit of a source are kept under one name', () => {
    const known = memory()
    known.take(
      Array.from({ length: 5_003 }, (_, i) =>
        aReport({ pipeline: `p${i}`, runId: String(i), endedAt: at(1) }),
      ),
    )

    expect(known.facts('pipeline')).toHaveLength(5_001)
    expect(known.one('run-tally', 'flows/(other)').runs).toEqual({ success: 3 })
  })
})

describe('tasks', () => {
  const attempt = (number: number, state: TaskReport['state'], from: number) =>
    aTaskReport({
      attempt: number,
      state,
      startedAt: at(from),
      endedAt: state === 'running' ? null : at(from + 1),
    })

  test('each attempt is counted once; one that was retried unseen did not succeed', () => {
    const known = memory()
    known.take([running(0), attempt(1, 'running', 0)])
    known.take([attempt(3, 'running', 5)])
    known.take([attempt(3, 'success', 5), attempt(3, 'success', 5)])

    expect(known.one('run-tally').tasks['load']).toEqual({
      attempts: { failure: 2, success: 1 },
      retries: 2,
      last: { at: at(6), duration: MINUTE },
    })
    expect(known.one('run').tasks).toMatchObject([{ name: 'load', state: 'success', startedAt: at(5) }])
  })

  test('one that is cleared counts again when it is over again, whether its source numbers that or not', () => {
    const known = memory()
    known.take([running(0), attempt(1, 'failure', 0), aTaskReport({ task: 'after', state: 'skipped' })])
    known.take([attempt(1, 'pending', 0), aTaskReport({ task: 'after', state: 'pending' })])
    known.take([attempt(1, 'pending', 0), attempt(2, 'running', 5)])
    known.take([attempt(2, 'failure', 5), aTaskReport({ task: 'after', state: 'skipped' })])

    const { tasks } = known.one('run-tally')
    expect(tasks['load']).toMatchObject({ attempts: { failure: 2 }, retries: 1 })
    expect(tasks['after']).toMatchObject({ attempts: { skipped: 2 }, retries: 0 })
  })

  test('ten thousand mapped instances are one task', () => {
    const known = memory()
    const mapped = (state: TaskReport['state']) =>
      Array.from({ length: 10_002 }, (_, i) => aTaskReport({ instance: String(i), state }))
    known.take([running(0), ...mapped('running')])
    known.take(mapped('success').with(7, aTaskReport({ instance: '7', state: 'failure', error: 'bad row' })))

    const [task, ...others] = known.one('run').tasks
    expect(others).toEqual([])
    expect(task).toMatchObject({ state: 'failure', error: 'bad row' })
    expect(Object.keys(task!.instances)).toHaveLength(10_000)
    expect(task!.instancesOmitted).toBeGreaterThan(0)
    expect(known.one('run-tally').tasks['load']!.attempts).toEqual({ failure: 1, success: 9_999 })
  })

  test('of a run that was not told of yet keep it, uncounted, until it is', () => {
    const known = memory()
    known.take([attempt(1, 'success', 0)])

    expect(known.one('run')).toMatchObject({ state: 'unknown', reported: false })
    expect(known.one('run-tally')).toMatchObject({ active: {}, runs: {} })

    known.take([ended(0, 5)])

    expect(known.one('run')).toMatchObject({ state: 'success', reported: true, tasks: [{ name: 'load' }] })
    expect(known.one('run-tally').runs).toEqual({ success: 1 })
  })
})

const told = (runId: string, i: number, state: RunReport['state'], from: number, to: number): RunReport =>
  aReport({
    told: 'event',
    runId,
    state,
    sourceState: state,
    asOf: at(state === 'success' || state === 'failure' ? to : from + i),
    startedAt: i === 0 ? at(from) : null,
    endedAt: state === 'success' || state === 'failure' ? at(to) : null,
    error: state === 'failure' ? `line ${i}` : null,
    processed: i * 10,
    labels: i % 2 === 0 ? { step: String(i) } : { host: 'a' },
  })

const histories = fc
  .array(
    fc.record({
      from: fc.integer({ min: 0, max: 500 }),
      length: fc.integer({ min: 5, max: 100 }),
      updates: fc.integer({ min: 0, max: 4 }),
      end: fc.constantFrom('success', 'failure', undefined),
      tasks: fc.array(fc.constantFrom<TaskReport['state']>('success', 'failure', 'running'), {
        maxLength: 4,
      }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((runs) =>
    runs.flatMap(({ from, length, updates, end, tasks }, n) => [
      told(`r${n}`, 0, 'running', from, from + length),
      ...Array.from({ length: updates }, (_, i) => told(`r${n}`, i + 1, 'running', from, from + length)),
      ...(end === undefined ? [] : [told(`r${n}`, 9, end, from, from + length)]),
      ...tasks.flatMap((state, i) => [
        aTaskReport({
          told: 'event',
          runId: `r${n}`,
          instance: String(i % 2),
          attempt: 1 + (i >> 1),
          state: 'running',
          startedAt: at(from + i),
          endedAt: null,
        }),
        aTaskReport({
          told: 'event',
          runId: `r${n}`,
          instance: String(i % 2),
          attempt: 1 + (i >> 1),
          state: i < 2 && tasks.length > i + 2 ? 'failure' : state,
          startedAt: null,
          endedAt: state === 'running' && !(i < 2 && tasks.length > i + 2) ? null : at(from + i + 2),
        }),
      ]),
    ]),
  )

test('messages in any order, any number of times, in any batches give the same ledger', () => {
  const shuffles = histories.chain((messages) =>
    fc.record({
      messages: fc.constant(messages),
      shuffled: fc.shuffledSubarray([...messages, ...messages], { minLength: 2 * messages.length }),
      batch: fc.integer({ min: 1, max: 10 }),
    }),
  )
  fc.assert(
    fc.property(shuffles, ({ messages, shuffled, batch }) => {
      const inOrder = memory()
      inOrder.take(messages)
      const another = memory()
      for (let i = 0; i < shuffled.length; i += batch) another.take(shuffled.slice(i, i + batch))

      expect(another.everything()).toEqual(inOrder.everything())
    }),
    { numRuns: 200 },
  )
})

test('whatever polls see, with any overlap and after any restart, each attempt counts once', () => {
  const attempts = fc.array(
    fc.record({
      length: fc.integer({ min: 1, max: 20 }),
      gap: fc.integer({ min: 0, max: 20 }),
      result: fc.constantFrom<RunReport['state']>('success', 'failure', 'cancelled'),
    }),
    { minLength: 1, maxLength: 6 },
  )
  const looks = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 12, maxLength: 12 })
  fc.assert(
    fc.property(attempts, looks, (plan, repeats) => {
      const known = memory()
      let clock = 0
      let look = 0
      const again = (report: RunReport) => {
        for (let i = 0; i <= repeats[look % repeats.length]!; i += 1) {
          known.take([{ ...report, asOf: timestamp(report.asOf + i * SECOND) }])
        }
        look += 1
      }
      for (const { length, gap, result } of plan) {
        const start = clock + gap
        // The poll may miss the run while it goes on; it always sees an end before the next start.
        if (gap % 2 === 0)
          again(aReport({ state: 'running', startedAt: at(start), asOf: at(start + length / 2) }))
        clock = start + length
        again(
          aReport({
            state: result,
            startedAt: at(start),
            endedAt: at(clock),
            asOf: timestamp(at(clock) + 30 * SECOND),
          }),
        )
        clock += 1
      }
      const expected: Record<string, number> = {}
      for (const { result } of plan) expected[result] = (expected[result] ?? 0) + 1

      expect(known.one('run-tally').runs).toEqual(expected)
      expect(known.one('run-tally').durations.success.sum + known.one('run-tally').durations.other.sum).toBe(
        millis(plan.reduce((sum, { length }) => sum + length * MINUTE, 0)),
      )
      expect(known.one('run').attempt).toBe(plan.length)
    }),
  )
})

test('hours are not lost to a long open list: the runs that started first stay known', () => {
  const known = memory()
  known.take(
    Array.from({ length: 300 }, (_, i) =>
      aReport({ runId: `r${i}`, state: 'running', startedAt: timestamp(NOW - i * HOUR), asOf: NOW }),
    ),
  )

  const { active, oldest } = known.one('run-tally')
  expect(active).toEqual({ running: 300 })
  expect(Object.keys(oldest)).toHaveLength(200)
  expect(Math.min(...Object.values(oldest))).toBe(NOW - 299 * HOUR)
})
