import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CheckResult } from '../../src/model/run-facts.ts'
import { HOUR, timestamp } from '../../src/model/units.ts'
import { aCheckReport } from '../model/a-run.ts'
import { NOW } from '../model/a-table.ts'
import { memory } from './memory.ts'

const at = (hours: number) => timestamp(NOW + hours * HOUR)

describe('a check', () => {
  test('is as its newest result says; each result counts once', () => {
    const known = memory()
    known.take([aCheckReport({ at: at(0) }), aCheckReport({ at: at(1), result: 'fail', failing: 3 })])
    known.take([aCheckReport({ at: at(0) }), aCheckReport({ at: at(1), result: 'fail', failing: 3 })])

    expect(known.one('check')).toMatchObject({
      result: 'fail',
      failing: 3,
      recent: [
        { at: at(1), result: 'fail' },
        { at: at(0), result: 'pass' },
      ],
    })
    expect(known.one('check-tally').counts).toEqual({ 'not_null|error|pass': 1, 'not_null|error|fail': 1 })
  })

  test('a result that is older than all that are remembered was counted before', () => {
    const known = memory()
    for (let i = 1; i <= 25; i += 1) known.take([aCheckReport({ at: at(i) })])
    known.take([aCheckReport({ at: at(2) })])

    expect(known.one('check').recent).toHaveLength(20)
    expect(known.one('check-tally').counts).toEqual({ 'not_null|error|pass': 25 })
  })

  test('kinds beyond the limit of a dataset are counted together', () => {
    const known = memory()
    known.take(Array.from({ length: 250 }, (_, i) => aCheckReport({ check: `c${i}`, type: `type${i}` })))

    const { counts } = known.one('check-tally')
    expect(Object.keys(counts)).toHaveLength(201)
    expect(counts['(other)|error|pass']).toBe(50)
  })
})

test('results in any order, more than once, give the same check and the same counts', () => {
  const results = fc.uniqueArray(
    fc.record({ hour: fc.nat(100), result: fc.constantFrom<CheckResult>('pass', 'warn', 'fail', 'error') }),
    { selector: (one) => one.hour, maxLength: 20 },
  )
  fc.assert(
    fc.property(
      results.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })),
      ),
      ([all, shuffled]) => {
        const reports = (list: typeof all) =>
          list.map(({ hour, result }) => aCheckReport({ at: at(hour), result }))
        const inOrder = memory()
        inOrder.take(reports(all))
        const another = memory()
        for (const report of reports(shuffled)) another.take([report])

        expect(another.everything()).toEqual(inOrder.everything())
      },
    ),
  )
})
