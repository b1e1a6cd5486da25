import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { push } from '../../../src/collectors/push/push.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { MINUTE, timestamp } from '../../../src/model/units.ts'
import { memory } from '../../ledger/memory.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, knock } from '../connect.ts'

const source = connect(push, {})
const at = (minutes: number) => timestamp(NOW + minutes * MINUTE)
const iso = (minutes: number) => new Date(at(minutes)).toISOString()

function ledger(...posts: ReadonlyArray<readonly [body: unknown, minute: number]>) {
  const known = memory()
  for (const [body, minute] of posts) known.take(knock(source, body, at(minute)).facts)
  return known
}

describe('a script', () => {
  test('that says start and end is one run with its duration, rows and error', () => {
    const known = ledger(
      [{ pipeline: 'load', run_id: '7', start: iso(0) }, 0],
      [
        {
          pipeline: 'load',
          run_id: '7',
          end: iso(5),
          status: 'failed',
          records_processed: 1_000,
          records_failed: 3,
          bytes: 4_096,
          error: 'disk full',
          labels: { host: 'a', try: 1 },
        },
        5,
      ],
    )

    expect(known.one('run')).toMatchObject({
      id: 'flows/load/7',
      state: 'failure',
      sourceState: 'failed',
      startedAt: at(0),
      endedAt: at(5),
      error: 'disk full',
      processed: 1_000,
      failed: 3,
      bytes: 4_096,
      labels: { host: 'a', try: '1' },
    })
    expect(known.one('run-tally')).toMatchObject({
      runs: { failure: 1 },
      last: { duration: 5 * MINUTE },
      active: {},
    })
    expect(known.one('pipeline')).toMatchObject({ system: 'push', namespace: 'tidemark', name: 'load' })
  })

  test('that says nothing but its name and id starts when it is heard; progress moves no start', () => {
    const known = ledger(
      [{ pipeline: 'load', run_id: '7' }, 0],
      [{ pipeline: 'load', run_id: '7', records_processed: 10 }, 3],
    )

    expect(known.one('run')).toMatchObject({ state: 'running', startedAt: at(0), processed: 10 })
    expect(known.one('run-tally').oldest).toEqual({ '7': at(0) })
  })

  test('whose start is sent again after its end stays ended', () => {
    const start = { pipeline: 'load', run_id: '7', start: iso(0), status: 'running' }
    const known = ledger([start, 0], [{ pipeline: 'load', run_id: '7', end: iso(5) }, 5], [start, 6])

    expect(known.one('run')).toMatchObject({ state: 'success', attempt: 1 })
  })

  test('that runs again under the same id is a new attempt', () => {
    const known = ledger(
      [{ pipeline: 'load', run_id: 'd1', start: iso(0), end: iso(5), error: 'no' }, 5],
      [{ pipeline: 'load', run_id: 'd1', start: iso(10) }, 10],
      [{ pipeline: 'load', run_id: 'd1', end: iso(12) }, 12],
    )

    expect(known.one('run')).toMatchObject({ state: 'success', attempt: 2 })
    expect(known.one('run-tally').runs).toEqual({ failure: 1, success: 1 })
  })

  test('names what it reads and writes', () => {
    const known = ledger([
      {
        pipeline: 'load',
        run_id: '7',
        inputs: ['s3a://raw/orders/day=1'],
        outputs: ['s3://lake/gold/orders/'],
      },
      0,
    ])

    expect(known.facts('edge').map((edge) => edge.id)).toEqual([
      's3://raw/orders -> job:tidemark/load',
      'job:tidemark/load -> s3://lake/gold/orders',
    ])
  })

  test('may use epoch seconds, other words for its state, and times without a zone (UTC)', () => {
    const known = ledger([
      { pipeline: 'load', start: NOW / 1_000, end: '2026-11-22 12:01:00', status: 'Succeeded' },
      1,
    ])

    expect(known.one('run')).toMatchObject({ state: 'success', startedAt: NOW, endedAt: at(1) })
  })

  test('with a word that has no meaning for us is kept and counted', () => {
    expect(ledger([{ pipeline: 'load', run_id: '1', status: 'dreaming' }, 0]).one('run-tally')).toMatchObject(
      {
        unknownStates: 1,
        active: { unknown: 1 },
      },
    )
  })
})

describe('bad input is refused with what was expected', () => {
  test.each<[string, unknown, RegExp]>([
    ['no object', 'hello', /expected object/],
    ['no pipeline', { run_id: '1' }, /pipeline/],
    ['a misspelt field', { pipeline: 'a', run_id: '1', record_processed: 1 }, /record_processed/],
    ['no id and no start', { pipeline: 'a', end: iso(0) }, /run_id \(or execution_id\)/],
    ['a time that is none', { pipeline: 'a', start: 'yesterday' }, /expected a time such as/],
    ['an end before the start', { pipeline: 'a', start: iso(5), end: iso(0) }, /not before the start/],
    ['negative rows', { pipeline: 'a', run_id: '1', records_failed: -1 }, /records_failed/],
    ['a control character', { pipeline: 'a\u001b[31m', run_id: '1' }, /invisible/],
    [
      'a path for a dataset',
      { pipeline: 'a', run_id: '1', outputs: ['orders'] },
      /s3:\/\/lake\/gold\/orders/,
    ],
    ['too many runs', Array.from({ length: 1_001 }, () => ({})), /at most 1000/],
  ])('%s', (_, body, message) => {
    expect(() => knock(source, body)).toThrow(message)
    expect(() => knock(source, body)).toThrow(SourceError)
  })

  test('the good runs beside a bad one are taken', () => {
    const { facts, answer, refused } = knock(source, [{ pipeline: 'a', run_id: '1' }, { run_id: '2' }])

    expect(facts).toHaveLength(1)
    expect(answer).toMatchObject({ status: 'success', runs: ['1'], refused: [{ index: 1 }] })
    expect(refused).toHaveLength(1)
  })

  test('whatever comes, only typed errors come out, and what is taken settles', () => {
    const fields = fc.record(
      {
        pipeline: fc.oneof(fc.string(), fc.constant('p')),
        run_id: fc.oneof(fc.string(), fc.integer()),
        start: fc.oneof(fc.string(), fc.double(), fc.date().map(String), fc.constant(iso(0))),
        end: fc.oneof(fc.string(), fc.double(), fc.constant(iso(1))),
        status: fc.anything(),
        records_processed: fc.anything(),
        labels: fc.anything(),
        outputs: fc.array(fc.oneof(fc.string(), fc.webUrl())),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(fields, fc.anything(), fc.array(fields)), (body) => {
        try {
          memory().take(knock(source, body).facts)
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError)
        }
      }),
    )
  })
})
