// What earlier advice of a kind really saved shrinks or widens what the next one claims.
import type { Advice, AdviceFact, MeterLine } from '../model/advice.ts'
import { usd } from '../model/units.ts'

/** Weight of the belief that estimates are right, in measured pieces of advice. */
const PRIOR = 3
/** A lucky piece does not make us boast. */
const MOST = 1

/** Realised over estimated by topic; topics without a measurement are absent. */
export function calibration(known: readonly AdviceFact[]): ReadonlyMap<string, number> {
  const ratios = known.flatMap(({ advice, realised }) => {
    const estimate = advice.cost.savings?.p50 ?? 0
    const found = realised?.savings?.p50
    return found === undefined || estimate <= 0
      ? []
      : [{ topic: advice.topic, ratio: Math.max(0, found / estimate) }]
  })
  return new Map(
    [...Map.groupBy(ratios, ({ topic }) => topic)].map(([topic, some]) => [
      topic,
      Math.min(MOST, (PRIOR + some.reduce((sum, { ratio }) => sum + ratio, 0)) / (PRIOR + some.length)),
    ]),
  )
}

export function calibrated(all: readonly Advice[], known: readonly AdviceFact[]): readonly Advice[] {
  const factors = calibration(known)
  return all.map((advice) => {
    const factor = factors.get(advice.topic) ?? 1
    return factor === 1 ? advice : shrink(advice, factor)
  })
}

function shrink(advice: Advice, factor: number): Advice {
  const { savings, before, after, paybackDays } = advice.cost
  if (savings === null) return advice
  const was = new Map(before.map((line) => [key(line), line]))
  const less = after.map((line) => {
    const quantity = (was.get(key(line))?.quantity ?? 0) * (1 - factor) + line.quantity * factor
    return { ...line, quantity, cost: usd(quantity * line.unitPrice) }
  })
  const { p10, p50, p90 } = savings
  return {
    ...advice,
    cost: {
      ...advice.cost,
      after: less,
      savings: { p10: usd(p10 * factor), p50: usd(p50 * factor), p90: usd(p90) },
      paybackDays: paybackDays === null ? null : Math.round((paybackDays / factor) * 10) / 10,
    },
  }
}

const key = ({ resource, meter }: MeterLine): string => `${resource}\n${meter}`
