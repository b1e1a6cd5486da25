// What a provider billed: exports in FOCUS or AWS CUR columns, added up by month and meter.
import type { Known } from './known.ts'
import type { Timestamp } from './units.ts'

/** FOCUS 1.2, ChargeCategory. */
export const CHARGE_CATEGORIES = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] as const
export type ChargeCategory = (typeof CHARGE_CATEGORIES)[number]

/** The name of what many small lines were folded into. */
export const FOLDED = '(rest)'

export interface BillLine {
  /** Of the charge period's start, UTC: `2026-11`. */
  readonly month: string
  /** The provider's code where it has one (`AmazonS3`), else its name. */
  readonly service: string
  readonly region: string
  readonly resource: string
  /** The provider's word for what is counted: AWS's usage type, FOCUS's SkuMeter. */
  readonly meter: string
  readonly unit: string
  readonly category: ChargeCategory
  /** ISO 4217. Costs are in it and never converted. */
  readonly currency: string
  /** Null where a charge has none, or where charges of several units were added. */
  readonly quantity: Known<number>
  /** What the invoice says. */
  readonly billed: Known<number>
  /** With prepaid commitments spread over what they cover. */
  readonly effective: Known<number>
  /** At public prices. */
  readonly list: Known<number>
  /** Rows of the export that it is made of. */
  readonly rows: number
}

/** One delivery of an export: a billing period's folder, or a single file. Entity: delivered again it is replaced. */
export interface BillFact {
  readonly kind: 'bill'
  /** `<source>/<key of the folder or file>` */
  readonly id: string
  readonly source: string
  readonly delivery: string
  readonly format: 'focus' | 'cur'
  /** When its newest file was written. */
  readonly at: Timestamp
  /** The largest by cost, bounded; smaller ones are folded into one a month and meter, or service. */
  readonly lines: readonly BillLine[]
  readonly rows: number
  /** Rows that could not be understood: their cost is in no line. */
  readonly badRows: number
  /** Lines that were folded into others. */
  readonly linesFolded: number
  /** Why parts of it are unknown, one sentence each. */
  readonly partial: readonly string[]
}

/** What a month of a service came to, and how much of it our own measurements explain. */
export interface BillRow {
  readonly month: string
  readonly service: string
  /** The price book's meter, or the provider's where the book has none. */
  readonly meter: string
  readonly unit: string
  readonly billed: number
  /** Null where the export does not say. */
  readonly effective: Known<number>
  readonly list: Known<number>
  /** Of what is measured at list prices; null where nothing of it is measured or no price is known. */
  readonly calculated: Known<number>
  /** What was measured: `412 GB-month of 3 buckets`. */
  readonly from: string
  /** Of the bill, what the calculation explains: at most all of it. */
  readonly attributed: number
  readonly unattributed: number
}

/** Bills set against our own calculation. Entity, one. */
export interface ReckoningFact {
  readonly kind: 'reckoning'
  readonly id: 'bill'
  readonly at: Timestamp
  /** Newest month first, then by cost; in dollars, bounded. */
  readonly rows: readonly BillRow[]
  readonly rowsOmitted: number
  /** Cost by source, service and region of the newest two months, bounded: what becomes series. */
  readonly costs: readonly BillCost[]
  /** Currencies that are billed and not in the rows, by month. */
  readonly otherCurrencies: ReadonlyArray<{
    readonly month: string
    readonly currency: string
    readonly billed: number
  }>
  /** What of it is not known, or was not measured, one sentence each. */
  readonly notes: readonly string[]
}

export interface BillCost {
  readonly source: string
  readonly service: string
  readonly region: string
  readonly month: string
  readonly billed: number
  readonly effective: Known<number>
}

export type BillKindFact = BillFact | ReckoningFact
