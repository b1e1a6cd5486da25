// What was learned about prices since the book was written: the provider's list as it was last read, and what the bill says
// is really paid of it.
import { awsMeter } from '../model/aws-meters.ts'
import type { BillFact } from '../model/bill.ts'
import type { PriceListFact } from '../model/price-list.ts'
import { usd } from '../model/units.ts'

/** A price that moved more than this is not believed: the list was misread, or changed its words. */
const MOST_CHANGE = 2

export interface Refreshed {
  readonly list: PriceListFact
  /** By meter. */
  readonly lines: ReadonlyMap<string, PriceListFact['lines'][number]>
  /** Why lines are left out, one sentence each. */
  readonly refused: readonly string[]
}

/** `shipped`: the first tier's price of a meter in the book, where it has one in this region. */
export function refreshedOf(list: PriceListFact, shipped: (meter: string) => number | undefined): Refreshed {
  const refused: string[] = []
  const lines = list.lines.filter(({ meter, tiers }) => {
    const before = shipped(meter)
    // A first tier may be free.
    const now = Math.max(...tiers.map((tier) => tier.usd))
    if (before === undefined || before === now) return true
    const isNear = before > 0 && now <= before * MOST_CHANGE && now >= before / MOST_CHANGE
    if (!isNear)
      refused.push(`${meter} in ${list.region}: ${now} is too far from ${before} of the price book`)
    return isNear
  })
  return { list, lines: new Map(lines.map((line) => [line.meter, line])), refused }
}

/** Less than this billed says nothing about a discount. */
const LEAST_BILLED = usd(1)
/** Discounts move: so many of the newest months count. */
const MONTHS = 2
/** What is not a discount, but rounding. */
const LEAST_DISCOUNT = 0.005

/** Effective / list cost of usage by meter of the book, where it is below 1. */
export function discountsOf(bills: readonly BillFact[], region: string): ReadonlyMap<string, number> {
  const usage = bills
    .flatMap(({ lines }) => lines)
    .filter((line) => line.currency === 'USD' && line.category === 'Usage' && line.region === region)
  const months = [...new Set(usage.map(({ month }) => month))].toSorted().slice(-MONTHS)
  const sums = new Map<string, { effective: number; list: number }>()
  for (const { month, service, meter: word, effective, list } of usage) {
    const meter = awsMeter(service, word)?.meter
    if (meter === undefined || effective === null || list === null || !months.includes(month)) continue
    const sum = sums.get(meter) ?? { effective: 0, list: 0 }
    sums.set(meter, { effective: sum.effective + effective, list: sum.list + list })
  }
  return new Map(
    [...sums].flatMap(([meter, { effective, list }]) => {
      const ratio = Math.max(0, effective / list)
      return list >= LEAST_BILLED && ratio < 1 - LEAST_DISCOUNT ? [[meter, ratio] as const] : []
    }),
  )
}
