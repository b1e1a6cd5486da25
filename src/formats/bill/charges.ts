// Rows of a bill's export → charges. FOCUS 1.0 to 1.2 columns (FinOps Open Cost and Usage Specification), and those of
// AWS's Cost and Usage Report, old and 2.0, whose effective cost is amortised as the AWS Well-Architected labs do.
import { type BillLine, CHARGE_CATEGORIES, type ChargeCategory } from '../../model/bill.ts'
import { serviceCode } from '../../model/aws-meters.ts'
import type { Known } from '../../model/known.ts'

export type Charge = Omit<BillLine, 'rows'>
/** Text, a number or epoch milliseconds; null where the cell is empty or the column is not there. */
export type Cell = string | number | null
/** The cells of one row by the column's key (see columnKey). */
export type Row = (column: string) => Cell

export interface Vocabulary {
  readonly format: 'focus' | 'cur'
  /** Keys of the columns that are read. */
  readonly columns: readonly string[]
  /** Undefined for a row that tells no month or no cost. */
  charge(row: Row): Charge | undefined
  /** What an export without these columns cannot tell, as a sentence. */
  lacking(has: (column: string) => boolean): readonly string[]
}

/** `lineItem/UsageType`, `line_item_usage_type` and `BilledCost` are written in many ways: letters and digits count. */
export const columnKey = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** By the columns that no export of its kind lacks; undefined for other tables. */
export const vocabularyOf = (has: (column: string) => boolean): Vocabulary | undefined =>
  has('billedcost') && (has('chargeperiodstart') || has('billingperiodstart'))
    ? FOCUS
    : has('lineitemunblendedcost') && has('lineitemusagestartdate')
      ? CUR
      : undefined

const FOCUS: Vocabulary = {
  format: 'focus',
  columns: [
    'chargeperiodstart',
    'billingperiodstart',
    'billedcost',
    'effectivecost',
    'listcost',
    'chargecategory',
    'billingcurrency',
    'xservicecode',
    'servicename',
    'regionid',
    'region',
    'resourceid',
    'xusagetype',
    'skumeter',
    'skuid',
    'pricingquantity',
    'pricingunit',
    'consumedquantity',
    'consumedunit',
  ],
  charge(row) {
    const month = monthOf(row('chargeperiodstart') ?? row('billingperiodstart'))
    const billed = number(row('billedcost'))
    if (month === null || billed === null) return undefined
    const priced = row('pricingquantity') !== null
    return {
      month,
      service: serviceCode(text(row('xservicecode') ?? row('servicename'))),
      region: text(row('regionid') ?? row('region')),
      resource: text(row('resourceid')),
      meter: text(row('xusagetype') ?? row('skumeter') ?? row('skuid')),
      unit: text(row(priced ? 'pricingunit' : 'consumedunit')),
      category: CHARGE_CATEGORIES.find((known) => known === row('chargecategory')) ?? 'Usage',
      currency: currency(row('billingcurrency')),
      quantity: number(row(priced ? 'pricingquantity' : 'consumedquantity')),
      billed,
      effective: number(row('effectivecost')),
      list: number(row('listcost')),
    }
  },
  lacking: (has) => [
    ...(has('billingcurrency') ? [] : ['no column BillingCurrency: taken for dollars']),
    ...(has('effectivecost') ? [] : ['no column EffectiveCost: what commitments really save is not known']),
    ...(has('listcost') ? [] : ['no column ListCost: discounts are not known']),
  ],
}

const CATEGORIES: Readonly<Record<string, ChargeCategory>> = {
  Fee: 'Purchase',
  RIFee: 'Purchase',
  SavingsPlanRecurringFee: 'Purchase',
  SavingsPlanUpfrontFee: 'Purchase',
  Tax: 'Tax',
  Credit: 'Credit',
  Refund: 'Adjustment',
  BundledDiscount: 'Adjustment',
  EdpDiscount: 'Adjustment',
  PrivateRateDiscount: 'Adjustment',
}

const CUR: Vocabulary = {
  format: 'cur',
  columns: [
    'lineitemusagestartdate',
    'lineitemunblendedcost',
    'lineitemlineitemtype',
    'lineitemproductcode',
    'lineitemusagetype',
    'lineitemresourceid',
    'lineitemusageamount',
    'lineitemcurrencycode',
    'lineitemavailabilityzone',
    'productregion',
    'productregioncode',
    'pricingunit',
    'pricingpublicondemandcost',
    'reservationeffectivecost',
    'reservationreservationarn',
    'reservationunusedamortizedupfrontfeeforbillingperiod',
    'reservationunusedrecurringfee',
    'savingsplansavingsplaneffectivecost',
    'savingsplantotalcommitmenttodate',
    'savingsplanusedcommitment',
  ],
  charge(row) {
    const month = monthOf(row('lineitemusagestartdate'))
    const billed = number(row('lineitemunblendedcost'))
    if (month === null || billed === null) return undefined
    const zone = text(row('lineitemavailabilityzone'))
    return {
      month,
      service: serviceCode(text(row('lineitemproductcode'))),
      region: text(row('productregioncode') ?? row('productregion')) || zone.replace(/[a-z]$/, ''),
      resource: text(row('lineitemresourceid')),
      meter: text(row('lineitemusagetype')),
      unit: text(row('pricingunit')),
      category: CATEGORIES[text(row('lineitemlineitemtype'))] ?? 'Usage',
      currency: currency(row('lineitemcurrencycode')),
      quantity: number(row('lineitemusageamount')),
      billed,
      effective: amortised(row, billed),
      list: number(row('pricingpublicondemandcost')),
    }
  },
  lacking: (has) => [
    ...(has('lineitemcurrencycode') ? [] : ['no column line_item_currency_code: taken for dollars']),
    ...(has('pricingpublicondemandcost')
      ? []
      : ['no column pricing_public_on_demand_cost: discounts are not known']),
    ...(has('lineitemlineitemtype')
      ? []
      : ['no column line_item_line_item_type: usage, fees and taxes are not told apart']),
  ],
}

/** What was prepaid is spread over what it covers; of a commitment's fee what is not used remains. */
function amortised(row: Row, billed: number): Known<number> {
  switch (row('lineitemlineitemtype')) {
    case 'SavingsPlanCoveredUsage':
      return number(row('savingsplansavingsplaneffectivecost'))
    case 'SavingsPlanRecurringFee':
      return sum(row('savingsplantotalcommitmenttodate'), row('savingsplanusedcommitment'), -1)
    case 'SavingsPlanNegation':
    case 'SavingsPlanUpfrontFee':
      return 0
    case 'DiscountedUsage':
      return number(row('reservationeffectivecost'))
    case 'RIFee':
      return sum(
        row('reservationunusedamortizedupfrontfeeforbillingperiod'),
        row('reservationunusedrecurringfee'),
        1,
      )
    case 'Fee':
      return text(row('reservationreservationarn')) === '' ? billed : 0
    default:
      return billed
  }
}

function sum(a: Cell, b: Cell, sign: 1 | -1): Known<number> {
  const [first, second] = [number(a), number(b)]
  return first === null || second === null ? null : first + sign * second
}

function number(cell: Cell): Known<number> {
  const value = typeof cell === 'string' ? (cell.trim() === '' ? Number.NaN : Number(cell)) : cell
  return value === null || !Number.isFinite(value) ? null : value
}

const MAX_TEXT = 300
const text = (cell: Cell): string => (cell === null ? '' : String(cell).slice(0, MAX_TEXT))

const currency = (cell: Cell): string => (/^[A-Z]{3}$/.test(text(cell)) ? text(cell) : 'USD')

/** `2026-11-01T00:00:00Z`, `2026-11-01 00:00:00`, epoch milliseconds → `2026-11`. */
function monthOf(cell: Cell): Known<string> {
  if (typeof cell === 'number') {
    const date = new Date(cell)
    return Number.isNaN(date.getTime()) ? null : date.toISOString().slice(0, 7)
  }
  const [, month] = /^(\d{4}-(?:0[1-9]|1[0-2]))-\d\d/.exec(cell ?? '') ?? []
  return month ?? null
}
