// The door: asks every advisor, settles what they found with what is known, and adds it up.
import { z } from 'zod'
import type { Advice, AdviceFact, AdviceNeed, AdviceTotal, AdvisingFact } from '../model/advice.ts'
import type { FactReader, Reader } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import { type AdviceFailure, type Advisor, type Judged, failureOf, isInDoubt, together } from './advisor.ts'
import { worthwhile } from './draft.ts'
import { advisors } from './index.ts'
import { totalOf } from './portfolio.ts'
import { type Prices, PricesConfig, loadPrices, readBook } from './prices.ts'
import { isOpen, settleAdvice } from './states.ts'
import { calibrated } from './calibrate.ts'

export { type Prices, PricesConfig, loadPrices, readBook }
export { executionCost } from './compute/billing.ts'
export { isInForce, planLifecycle } from './lifecycle/apply.ts'
export { Trial, type Tried, explainHarm, isHarmless, liesIn } from './lifecycle/safety.ts'
export { verifyAll } from './verify.ts'
export { type Decided, type Decision, decide } from './states.ts'

/** The configuration's `advise`. */
export const AdviseConfig = z.strictObject({
  schedule: z
    .string()
    .regex(/^(\S+\s+){4,5}\S+$/, 'expected cron with five or six fields, such as 0 6 * * *')
    .prefault('0 6 * * *')
    .describe('When advice is made anew: cron, in UTC.'),
  prices: PricesConfig.prefault({}),
})

/** Pieces of advice kept, the ones worth most first. */
const MAX_ADVICE = 1_000
const MAX_NEEDS = 200

/** Everything worth doing, by money. An advisor that throws stops no other. */
export function advise(
  view: Reader,
  prices: Prices,
  now: Timestamp,
  from: readonly Advisor[] = advisors,
): Judged {
  const judged = from.map((advisor): Judged => {
    try {
      return advisor.advise(view, prices, now)
    } catch (error) {
      return { advice: [], needs: [], failed: [failureOf(advisor.name, '', error)] }
    }
  })
  const { advice, needs } = together(judged)
  return {
    advice: advice.filter(worthwhile).toSorted(byWorth).slice(0, MAX_ADVICE),
    needs: unique(needs),
    failed: judged.flatMap(({ failed }) => failed),
  }
}

/** What to record, in one transaction, and what to forget. */
export interface Advised {
  readonly facts: readonly [...(readonly AdviceFact[]), AdvisingFact]
  readonly forgotten: readonly string[]
  /** What was known of these is as it was. */
  readonly failed: readonly AdviceFailure[]
}

export function adviseAll(
  view: Reader,
  prices: Prices,
  now: Timestamp,
  from: readonly Advisor[] = advisors,
): Advised {
  const known = view.facts('advice')
  const { advice, needs, failed } = advise(view, prices, now, from)
  const found = new Set(advice.map(({ id }) => id))
  const settled = known.filter((one) => found.has(one.id) || !isInDoubt(one.advice, failed))
  const { facts, forgotten } = settleAdvice(calibrated(advice, known), settled, now)
  const changed = new Map(facts.map((fact) => [fact.id, fact]))
  const all = [...known.filter(({ id }) => !changed.has(id)), ...facts]
  return { facts: [...facts, { ...standing(all, needs, now), failed: failed.length }], forgotten, failed }
}

const standing = (
  all: readonly AdviceFact[],
  needs: readonly AdviceNeed[],
  now: Timestamp,
): AdvisingFact => ({
  kind: 'advising',
  id: 'advice',
  at: now,
  total: totalOfOpen(all),
  needs: needs.slice(0, MAX_NEEDS),
  needsOmitted: Math.max(0, needs.length - MAX_NEEDS),
})

const totalOfOpen = (all: readonly AdviceFact[]): AdviceTotal =>
  totalOf(all.filter(isOpen).map(({ advice }) => advice))

/** After a decision: what is open comes to something else. */
export function restate(known: FactReader, changed: AdviceFact, now: Timestamp): AdvisingFact {
  const [before] = known.facts('advising')
  const all = [...known.facts('advice').filter(({ id }) => id !== changed.id), changed]
  return before === undefined ? standing(all, [], now) : { ...before, total: totalOfOpen(all) }
}

const worth = ({ cost }: Advice): number => cost.savings?.p50 ?? 0
const byWorth = (a: Advice, b: Advice): number => worth(b) - worth(a) || (a.id < b.id ? -1 : 1)

function unique(needs: readonly AdviceNeed[]): AdviceNeed[] {
  const found = new Map(needs.map((need) => [`${need.advisor}\n${need.subject}\n${need.collect}`, need]))
  return [...found.values()]
}
