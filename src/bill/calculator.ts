// What meters counted → a bill in FOCUS columns. Knows quantities and rates only: nothing of tables, classes or advice,
// so that it can be held against what advice claims to save.
import type { Rates } from './rates.ts'

/** A meter went up: this much of it was used in this month by this resource. */
export interface MeterEvent {
  /** First of the month, `2026-11-01`. */
  readonly month: string
  readonly region: string
  readonly resource: string
  readonly meter: string
  readonly quantity: number
}

/** Column names of FinOps FOCUS 1.2; costs in dollars, not rounded. */
export interface BillRow {
  readonly ChargePeriodStart: string
  readonly RegionId: string
  readonly ResourceId: string
  readonly SkuMeter: string
  readonly ChargeCategory: 'Usage'
  readonly PricingCategory: 'Standard'
  readonly PricingQuantity: number
  readonly PricingUnit: string
  /** ListCost over PricingQuantity: with tiers, what the average unit cost. */
  readonly ListUnitPrice: number
  readonly ListCost: number
  readonly ContractedCost: number
  readonly EffectiveCost: number
  readonly BilledCost: number
}

export interface Bill {
  readonly rows: readonly BillRow[]
  readonly total: number
  /** Events whose meter has no rate: they are in no row, and the total is too low by them. */
  readonly unpriced: readonly MeterEvent[]
}

/**
 * Tiers count the whole account's use of a meter in a region and month, as AWS does; each resource pays the average.
 */
export function priceBill(events: readonly MeterEvent[], rates: Rates): Bill {
  const rows: BillRow[] = []
  const unpriced: MeterEvent[] = []
  const metered = Map.groupBy(events, ({ month, region, meter }) => `${month} ${region} ${meter}`)
  for (const same of metered.values()) {
    const { month, region, meter } = same[0]!
    const rate = rates(region, meter)
    if (rate === undefined) {
      unpriced.push(...same)
      continue
    }
    const used = same.reduce((sum, { quantity }) => sum + quantity, 0)
    const unitPrice = used === 0 ? rate.tiers[0]!.usd : tiered(used, rate.tiers) / used
    for (const [resource, mine] of Map.groupBy(same, (event) => event.resource)) {
      const quantity = mine.reduce((sum, event) => sum + event.quantity, 0)
      const cost = quantity * unitPrice
      rows.push({
        ChargePeriodStart: month,
        RegionId: region,
        ResourceId: resource,
        SkuMeter: meter,
        ChargeCategory: 'Usage',
        PricingCategory: 'Standard',
        PricingQuantity: quantity,
        PricingUnit: rate.unit,
        ListUnitPrice: unitPrice,
        ListCost: cost,
        ContractedCost: cost,
        EffectiveCost: cost,
        BilledCost: cost,
      })
    }
  }
  return { rows, total: rows.reduce((sum, { BilledCost }) => sum + BilledCost, 0), unpriced }
}

function tiered(quantity: number, tiers: ReadonlyArray<{ upTo: number; usd: number }>): number {
  let cost = 0
  let from = 0
  for (const { upTo, usd } of tiers) {
    if (quantity <= from) break
    cost += (Math.min(quantity, upTo) - from) * usd
    from = upTo
  }
  return cost
}
