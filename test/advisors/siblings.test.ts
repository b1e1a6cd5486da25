// A change is credited with what its own table did, not with what all tables did.
import { describe, expect, test } from 'vitest'
import { adviseAll, decide, loadPrices, verifyAll } from '../../src/advisors/advisors.ts'
import { seeded } from '../../src/advisors/seeded.ts'
import type { AdviceFact } from '../../src/model/advice.ts'
import { DAY, plus, timestamp } from '../../src/model/units.ts'
import { memorySeries } from '../../src/promql/promql.ts'
import { NOW } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { someWorld } from './worlds.ts'

const METRIC = 'tidemark_application_last_core_seconds'
const prices = loadPrices()

/** Advice on an application, said to be applied fourteen days before the look at it. */
const applied = (): AdviceFact => {
  const { facts } = adviseAll(factView(someWorld()), prices, NOW)
  const found = facts.find(
    (fact): fact is AdviceFact =>
      fact.kind === 'advice' && fact.advice.verification.unitCost?.cost.metric === METRIC,
  )
  if (found === undefined) throw new Error('the world holds no application to advise on')
  const decided = {
    decision: { action: 'applied', rollback: null },
    etag: null,
    by: 'me',
    reason: '',
  } as const
  return decide(found, decided, NOW)
}

/** `of` says what each application costs on a day, from −14 to 15; the change is on day 0. */
function measured(
  fact: AdviceFact,
  of: Readonly<Record<string, (day: number) => number>>,
  others: readonly AdviceFact[] = [],
) {
  const { cost, per } = fact.advice.verification.unitCost!
  const series = memorySeries()
  const days = Array.from({ length: 30 }, (_, i) => i - 14)
  const timestamps = days.map((day) => NOW + day * DAY)
  for (const [application, value] of Object.entries(of)) {
    const labels = {
      ...cost.labels,
      application: application === 'own' ? cost.labels['application']! : application,
    }
    series.load({ __name__: cost.metric, ...labels }, { timestamps, values: days.map(value) })
    if (per !== null)
      series.load({ __name__: per.metric, ...labels }, { timestamps, values: days.map(() => 1) })
  }
  const view = { ...factView([fact, ...others]), series }
  const [after] = verifyAll(view, plus(NOW, (15 * DAY) as never))
  return after
}

const week = (day: number): number => (((day % 7) + 7) % 7 < 5 ? 100 : 60)
const shock = (day: number): number => (day > 0 ? 0.5 : 1)

describe('with siblings', () => {
  const fact = applied()

  test('what all of them saved is not credited to the change', () => {
    const after = measured(fact, {
      own: (day) => week(day) * shock(day) * (day > 0 ? 0.7 : 1),
      a: (day) => 3 * week(day) * shock(day),
      b: (day) => 7 * week(day) * shock(day),
    })
    expect(after?.realised?.reduction.mid).toBeCloseTo(0.3, 6)
    expect(after?.realised?.how).toContain('set against 2 untouched ones of')
  })

  test('a change that did nothing is not saved by a quiet month', () => {
    const noise = seeded('noise')
    const noisy = (factor: number) => (day: number) => factor * week(day) * shock(day) * (0.9 + 0.2 * noise())
    const after = measured(fact, { own: noisy(1), a: noisy(2), b: noisy(3), c: noisy(4) })
    expect(after?.state).not.toBe('verified')
    expect(Math.abs(after!.realised!.reduction.mid)).toBeLessThan(0.06)
  })

  test('those that go their own way are no siblings', () => {
    const after = measured(fact, {
      own: (day) => week(day) * (day > 0 ? 0.7 : 1),
      a: (day) => 160 - week(day),
      b: (day) => (day % 3 === 0 ? 500 : 1),
    })
    expect(after?.realised?.reduction.mid).toBeCloseTo(0.3, 6)
    expect(after?.realised?.how).not.toContain('set against')
  })

  test('those that other advice changed in these days are no control', () => {
    const { target } = fact.advice
    const other: AdviceFact = {
      ...fact,
      id: 'other',
      appliedAt: timestamp(NOW - DAY),
      state: 'verified',
      advice: { ...fact.advice, id: 'other', target: { ...target, pipeline: 'a', resource: 'a' } },
    }
    const after = measured(
      fact,
      { own: (day) => week(day) * (day > 0 ? 0.7 : 1), a: (day) => week(day) * shock(day), b: week },
      [other],
    )
    expect(after?.realised?.reduction.mid).toBeCloseTo(0.3, 6)
    expect(after?.realised?.how).not.toContain('set against')
  })
})

test('what money it is follows the reduction', () => {
  const fact = applied()
  const after = measured(fact, { own: (day) => week(day) * (day > 0 ? 0.7 : 1) })
  const before = fact.advice.cost.before.reduce((sum, { cost }) => sum + cost, 0)
  expect(after?.realised?.savings?.p50).toBeCloseTo(before * 0.3, 6)
})
