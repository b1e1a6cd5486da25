// The breaker against a model: what it lets through is decided by the last failures and the time alone.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBreaker } from '../../src/io/breaker.ts'
import { type Clock, systemClock } from '../../src/io/clock.ts'
import { MINUTE, timestamp } from '../../src/model/units.ts'

function settable(): Clock & { at: number } {
  const clock = { ...systemClock, at: Date.parse('2026-01-01T00:00:00Z'), now: () => timestamp(clock.at) }
  return clock
}

const fail = (times: number, breaker: ReturnType<typeof createBreaker>) => {
  for (let i = 0; i < times; i += 1) breaker.failed(`refused ${i + 1}`)
}

describe('breaker', () => {
  test('opens after five failures in a row and says when it tries again', () => {
    const breaker = createBreaker(settable(), () => 0)
    fail(4, breaker)

    expect(breaker.refusal()).toBeUndefined()

    breaker.succeeded()
    fail(4, breaker)

    expect(breaker.refusal()).toBeUndefined()

    fail(1, breaker)

    expect(breaker.refusal()).toBe('next try at 2026-01-01T00:00:01.000Z (last failure: refused 1)')
  })

  test('lets one trial through after the pause; its outcome decides', () => {
    const clock = settable()
    const breaker = createBreaker(clock, () => 1)
    fail(5, breaker)
    clock.at += 1_000

    expect(breaker.refusal()).toBeUndefined()
    expect(breaker.refusal()).toBe('a trial request is under way (last failure: refused 5)')

    breaker.abandoned()

    expect(breaker.refusal()).toBeUndefined()

    breaker.failed('still down')

    expect(breaker.refusal()).toBe('next try at 2026-01-01T00:00:03.000Z (last failure: still down)')

    clock.at += 2_000

    expect(breaker.refusal()).toBeUndefined()

    breaker.succeeded()

    expect([breaker.refusal(), breaker.refusal()]).toEqual([undefined, undefined])
  })

  test('pauses never pass five minutes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (trials, random) => {
          const clock = settable()
          const breaker = createBreaker(clock, () => random)
          fail(5, breaker)
          for (let i = 0; i < trials; i += 1) {
            clock.at += 5 * MINUTE

            expect(breaker.refusal()).toBeUndefined()

            breaker.failed('again')
          }

          expect(breaker.refusal()).toBeDefined()

          clock.at += 5 * MINUTE

          expect(breaker.refusal()).toBeUndefined()
        },
      ),
    )
  })
})
