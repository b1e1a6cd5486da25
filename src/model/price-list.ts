// What a provider's public price list said when it was last read.
import type { Timestamp } from './units.ts'

export interface ListedPrice {
  /** As in prices/aws.json, and priced by its unit. */
  readonly meter: string
  /** Ascending, by quantity a month; the last holds above all. */
  readonly tiers: ReadonlyArray<{ readonly upTo: number | null; readonly usd: number }>
  readonly sku: string
}

/** Prices of one region. Entity: replaced when the list is read again. */
export interface PriceListFact {
  readonly kind: 'price-list'
  /** The region. */
  readonly id: string
  readonly source: string
  readonly region: string
  readonly at: Timestamp
  /** Bounded. */
  readonly lines: readonly ListedPrice[]
  /** Meters that the list does not have there, or has several prices of. */
  readonly missing: readonly string[]
}
