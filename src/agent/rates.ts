// The rate card of the calculator that bills are set against: the price book, and over it what was read of the provider's list.
import { type Prices, readBook } from '../advisors/advisors.ts'
import { type Rates, ratesOf } from '../bill/bill.ts'

export function ratesNow({ region, refreshed }: Prices): Rates {
  const { lines } = readBook()
  const units = new Map(lines.map(({ meter, unit }) => [meter, unit]))
  const fresh = refreshed.map(({ meter, tiers }) => ({
    region,
    meter,
    unit: units.get(meter) ?? 'hour',
    tiers,
  }))
  return ratesOf({ lines: [...lines, ...fresh] })
}
