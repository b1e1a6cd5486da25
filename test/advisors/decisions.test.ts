// What becomes of advice: a random walk of findings and decisions keeps its promises; totals count nothing twice.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NO_TARGET, finish } from '../../src/advisors/draft.ts'
import { calibration } from '../../src/advisors/calibrate.ts'
import { consistentSet, totalOf } from '../../src/advisors/portfolio.ts'
import { loadPrices } from '../../src/advisors/prices.ts'
import { type Decided, decide, settleAdvice } from '../../src/advisors/states.ts'
import { seeded } from '../../src/advisors/seeded.ts'
import { compare, verdict } from '../../src/advisors/verify.ts'
import type { Advice, AdviceFact, AdviceStage, MeterLine } from '../../src/model/advice.ts'
import { DAY, type Timestamp, millis, plus, usd } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'

const prices = loadPrices()
const line = (quantity: number, resource = 'bucket', meter = 's3.STANDARD.storage'): MeterLine => ({
  resource,
  meter,
  quantity,
  unit: 'GB-month',
  unitPrice: usd(0.02),
  cost: usd(quantity * 0.02),
})

interface Change {
  readonly topic?: string
  readonly before?: number
  readonly after?: number
  readonly stage?: AdviceStage
  readonly alternatives?: string
  readonly resource?: string
}

const advice = ({
  topic = 'vacuum',
  before = 1_000,
  after = 500,
  stage = 'storage',
  ...rest
}: Change = {}): Advice =>
  finish(
    {
      advisor: 'test',
      topic,
      shape: '',
      stage,
      title: topic,
      why: '',
      target: { ...NO_TARGET, tableId: 's3://lake/orders' },
      evidence: [],
      lookbackDays: 30,
      inputsMissing: [],
      effects: [],
      risk: { performance: 0, dataLoss: 'none', blastRadius: '', reasons: [] },
      confidence: 1,
      effort: 'low',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: null,
        after: 'VACUUM',
        applyCommand: null,
        otherForms: [],
        preconditions: [],
        verifySteps: [],
        rollback: 'none',
      },
      verification: { method: '', unitCost: null, baselineDays: 14, windowDays: 14 },
      cost: { before: [line(before, rest.resource)], after: [line(after, rest.resource)], oneOff: [] },
      ...(rest.alternatives === undefined ? {} : { alternatives: rest.alternatives }),
    },
    prices,
    NOW,
  )

const found = (known: readonly AdviceFact[], now: Timestamp, ...all: readonly Advice[]) =>
  settleAdvice(all, known, now)
const born = (one = advice()): AdviceFact => found([], NOW, one).facts[0]!
const said = (decision: Decided['decision'], reason = 'because'): Decided => ({
  decision,
  etag: null,
  by: 'ann',
  reason,
})

describe('decisions', () => {
  test('what was dismissed stays so until what it rests on moves by more than a quarter', () => {
    const dismissed = decide(born(), said({ action: 'dismiss' }), NOW)
    const same = found([dismissed], plus(NOW, DAY), advice({ after: 400 }))
    expect(same.facts).toEqual([])
    const moved = found([dismissed], plus(NOW, DAY), advice({ after: 300 }))
    expect(moved.facts).toMatchObject([{ state: 'active', advice: { cost: { after: [{ quantity: 300 }] } } }])
  })

  test('what was accepted is frozen as it was seen', () => {
    const claimed = decide(born(), said({ action: 'accept' }), NOW)
    expect(found([claimed], plus(NOW, DAY), advice({ after: 0 })).facts).toEqual([])
  })

  test('a snooze ends by itself', () => {
    const snoozed = decide(born(), said({ action: 'snooze', length: millis(3 * DAY) }), NOW)
    expect(found([snoozed], plus(NOW, DAY), advice()).facts[0]?.state).toBe('snoozed')
    expect(found([snoozed], plus(NOW, millis(3 * DAY)), advice()).facts[0]?.state).toBe('active')
  })

  test('what is no longer found has expired, comes back when it is, and is forgotten in the end', () => {
    const [expired] = found([born()], plus(NOW, DAY)).facts
    expect(expired?.state).toBe('expired')
    expect(found([expired!], plus(NOW, millis(2 * DAY)), advice()).facts[0]?.state).toBe('active')
    expect(found([expired!], plus(NOW, millis(402 * DAY))).forgotten).toEqual([expired!.id])
  })

  test('a decision on what has changed since, or without a reason, is refused', () => {
    const fact = born()
    expect(() => decide(fact, { ...said({ action: 'accept' }), etag: 'other' }, NOW)).toThrow(
      /has changed since/,
    )
    expect(() => decide(fact, said({ action: 'dismiss' }, ' '), NOW)).toThrow(/say why/)
    expect(() => decide(fact, said({ action: 'rolled-back' }), NOW)).toThrow(/is active/)
  })

  test('whatever happens: every step starts where the last one ended, and nothing applied is ever lost', () => {
    const action = fc.constantFrom(
      'accept',
      'dismiss',
      'snooze',
      'applied',
      'failed',
      'rolled-back',
      'reopen',
    )
    const happening = fc.oneof(
      action.map((name) => ({ decided: name })),
      fc.integer({ min: 0, max: 900 }).map((after) => ({ after })),
      fc.constant({ gone: true }),
    )
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), (story) => {
        let fact = born()
        let now = NOW
        for (const event of story) {
          now = plus(now, DAY)
          const before = fact
          if ('decided' in event) {
            try {
              const decision =
                event.decided === 'snooze'
                  ? { action: event.decided, length: millis(DAY) }
                  : event.decided === 'applied'
                    ? { action: event.decided, rollback: null }
                    : { action: event.decided }
              fact = decide(fact, said(decision as Decided['decision']), now)
            } catch {
              expect(fact).toBe(before)
            }
          } else {
            const all = 'gone' in event ? [] : [advice({ after: event.after })]
            fact = found([fact], now, ...all).facts[0] ?? fact
            if (before.state === 'applied' || before.state === 'claimed') expect(fact).toBe(before)
          }
          for (const [i, step] of fact.steps.entries())
            if (i > 0) expect(step.from).toBe(fact.steps[i - 1]!.to)
          expect(fact.steps.at(-1)?.to).toBe(fact.state)
        }
      }),
    )
  })
})

describe('the total', () => {
  test('a later piece saves on what the earlier one left', () => {
    const half = advice({ topic: 'a', stage: 'eliminate', before: 1_000, after: 500 })
    const third = advice({ topic: 'b', stage: 'storage', before: 1_000, after: 400 })
    // 1,000 → 500 → 200, not 1,000 − 500 − 600.
    expect(totalOf([third, half])).toMatchObject({
      before: 20,
      after: expect.closeTo(4, 9),
      byTopic: { a: expect.closeTo(10, 9), b: expect.closeTo(6, 9) },
    })
  })

  test('of alternatives the better one counts', () => {
    const group = { alternatives: 'g' }
    const better = advice({ topic: 'a', after: 100, ...group })
    expect(consistentSet([advice({ topic: 'b', after: 800, ...group }), better])).toEqual([better])
  })

  test('never saves more than there is, whatever is advised', () => {
    const one = fc.record({
      topic: fc.constantFrom('a', 'b', 'c', 'd'),
      before: fc.constant(1_000),
      after: fc.integer({ min: 0, max: 1_000 }),
      stage: fc.constantFrom('eliminate' as const, 'layout' as const, 'storage' as const),
    })
    fc.assert(
      fc.property(fc.uniqueArray(one, { maxLength: 8, selector: ({ topic }) => topic }), (changes) => {
        const total = totalOf(changes.map((change) => advice(change)))
        expect(total.after).toBeGreaterThanOrEqual(0)
        expect(total.after).toBeLessThanOrEqual(total.before)
        const parts = Object.values(total.byTopic).reduce((sum, part) => sum + part, 0)
        expect(parts).toBeCloseTo(total.before - total.after, 6)
        const { p10, p50, p90 } = total.savings
        expect(p50).toBeCloseTo(total.before - total.after, 6)
        expect(p10).toBeLessThanOrEqual(p50)
        expect(p90).toBeGreaterThanOrEqual(p50)
      }),
    )
  })
})

describe('verification', () => {
  const random = seeded('a')
  const days = (count: number, of: (day: number) => number) =>
    Array.from({ length: count }, (_, day) => ({ weekday: day % 7, value: of(day) }))

  test('a third less is found as a third, and weekdays do not disturb it', () => {
    const week = (day: number): number => (day % 7 < 5 ? 100 : 10)
    const { low, mid, high } = compare(
      days(14, week),
      days(14, (day) => week(day) * (2 / 3)),
      random,
    )
    expect([low, mid, high].map((value) => value.toFixed(3))).toEqual(['0.333', '0.333', '0.333'])
  })

  test('noise alone is inconclusive; a rise is a regression', () => {
    const noise = seeded('noise')
    const reduction = compare(
      days(14, () => 100 + 40 * noise()),
      days(14, () => 100 + 40 * noise()),
      random,
    )
    const realised = { at: NOW, savings: null, days: { before: 14, after: 14 }, how: '' }
    expect(verdict(born(), { ...realised, reduction })).toBe('inconclusive')
    const worse = compare(
      days(14, () => 100),
      days(14, () => 130),
      random,
    )
    expect(verdict(born(), { ...realised, reduction: worse })).toBe('regressed')
  })

  test('a week before is no proof: noise seldom regresses', () => {
    const outcomes = Array.from({ length: 200 }, (_, i) => {
      const noise = seeded(`week ${i}`)
      const noisy = (): number => 100 + 30 * (noise() + noise() + noise() - 1.5)
      return compare(days(7, noisy), days(14, noisy), seeded(`draw ${i}`))
    })
    // A tenth at each end, and half as much again: blocks of so few days cover less than they say.
    expect(outcomes.filter(({ high }) => high < 0).length / 200).toBeLessThan(0.2)
    expect(outcomes.filter(({ low }) => low > 0).length / 200).toBeLessThan(0.2)
  })

  test('what under-delivers shrinks the next estimate of its kind, a little at first', () => {
    const savings = { p10: usd(1), p50: usd(2), p90: usd(3) }
    const measured = { ...born(), realised: { savings } } as unknown as AdviceFact
    const estimate = measured.advice.cost.savings!.p50
    expect(calibration([measured]).get('vacuum')).toBeCloseTo((3 + 2 / estimate) / 4, 9)
    expect(calibration([])).toEqual(new Map())
  })
})
