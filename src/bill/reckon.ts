// What was billed, set against what our measurements come to at list prices: by month, service and meter, with what nothing
// of ours explains said as such.
import { awsMeter } from '../model/aws-meters.ts'
import type { BillCost, BillFact, BillLine, BillRow, ReckoningFact } from '../model/bill.ts'
import { FOLDED } from '../model/bill.ts'
import type { Known } from '../model/known.ts'
import type { Reader } from '../model/store.ts'
import { DAY, type Timestamp, timestamp } from '../model/units.ts'
import { type BillRow as PricedRow, priceBill } from './calculator.ts'
import { measuredIn } from './measured.ts'
import type { Rates } from './rates.ts'

const MAX_ROWS = 2_000
const MAX_COSTS = 200
const MAX_NOTES = 100
/** Older months are billed and no longer measured: our samples do not reach back so far. */
const MEASURED_FOR = 70 * DAY

/** Undefined where no bill is known. `region`: where applications run. Amounts in dollars. */
export function reckon(
  known: Reader,
  rates: Rates,
  region: string,
  now: Timestamp,
): ReckoningFact | undefined {
  const bills = known.facts('bill')
  if (bills.length === 0) return undefined
  const lines = bills.flatMap((fact) => fact.lines)
  const dollars = lines.filter(({ currency }) => currency === 'USD')
  const months = [...Map.groupBy(dollars, ({ month }) => month)].toSorted(([a], [b]) => (a < b ? 1 : -1))
  const notes: string[] = bills.flatMap(({ id, partial }) => partial.map((text) => `${id}: ${text}`))
  const rows = months.flatMap(([month, billed]) => {
    const measured = monthEnd(month) < now - MEASURED_FOR ? null : measuredIn(known, month, region, now)
    const calculated = priceBill(measured?.events ?? [], withUplift(rates))
    notes.push(...(measured?.notes ?? []))
    const unpriced = new Set(calculated.unpriced.map((event) => `${event.meter} in ${event.region}`))
    if (unpriced.size > 0) notes.push(`${month}: no price of ${[...unpriced].slice(0, 5).join(', ')}`)
    return rowsOf(month, billed, calculated.rows)
  })
  return {
    kind: 'reckoning',
    id: 'bill',
    at: now,
    rows: rows.slice(0, MAX_ROWS),
    rowsOmitted: Math.max(0, rows.length - MAX_ROWS),
    costs: costsOf(
      bills,
      new Set([monthOf(now), monthOf(timestamp(Date.parse(`${monthOf(now)}-01`) - DAY))]),
    ),
    otherCurrencies: otherCurrencies(lines),
    notes: notes.slice(0, MAX_NOTES),
  }
}

const monthOf = (at: Timestamp): string => new Date(at).toISOString().slice(0, 7)
const monthEnd = (month: string): number => Date.parse(`${month}-01`) + 31 * DAY

/** EMR adds a share of the on-demand price where the card has no price of its own for a type. */
const withUplift =
  (rates: Rates): Rates =>
  (region, meter) => {
    const own = rates(region, meter)
    const [, type] = /^emr\.(.+)\.uplift$/.exec(meter) ?? []
    if (own !== undefined || type === undefined) return own
    const [share] = rates(region, 'emr.uplift-of-ondemand')?.tiers ?? []
    const instance = rates(region, `ec2.${type}.ondemand`)
    if (share === undefined || instance === undefined) return undefined
    return { unit: 'hour', tiers: instance.tiers.map(({ upTo, usd }) => ({ upTo, usd: usd * share.usd })) }
  }

interface Metered {
  readonly meter: string
  readonly unit: string
}

/** The book's meter where it has one. Spot is the same hours at another price: both are one row. */
function meterOf({ service, meter, unit }: BillLine): Metered {
  const known = awsMeter(service, meter)
  return { meter: known?.meter.replace(/^(ec2\..+)\.spot$/, '$1.ondemand') ?? meter, unit }
}

const SERVICES: ReadonlyArray<readonly [prefix: string, service: string]> = [
  ['s3.', 'AmazonS3'],
  ['ec2.', 'AmazonEC2'],
  ['emr', 'ElasticMapReduce'],
  ['glue', 'AWSGlue'],
]
const serviceOf = (meter: string): string => SERVICES.find(([prefix]) => meter.startsWith(prefix))?.[1] ?? ''

function rowsOf(month: string, billed: readonly BillLine[], calculated: readonly PricedRow[]): BillRow[] {
  const bySku = Map.groupBy(billed, (line) => `${line.service}\n${meterOf(line).meter}`)
  const ours = Map.groupBy(calculated, ({ SkuMeter }) => `${serviceOf(SkuMeter)}\n${SkuMeter}`)
  const keys = [...new Set([...bySku.keys(), ...ours.keys()])]
  return keys
    .map((key) => rowOf(month, key, bySku.get(key) ?? [], ours.get(key) ?? []))
    .toSorted((a, b) => paid(b) - paid(a) || (a.service + a.meter < b.service + b.meter ? -1 : 1))
}

const paid = ({ billed, effective }: { billed: number; effective: Known<number> }): number =>
  effective ?? billed

function rowOf(month: string, key: string, lines: readonly BillLine[], ours: readonly PricedRow[]): BillRow {
  const [service = '', meter = ''] = key.split('\n')
  const sums = {
    billed: lines.reduce((sum, line) => sum + (line.billed ?? 0), 0),
    effective: sumOf(lines.map(({ effective }) => effective)),
    list: sumOf(lines.map(({ list }) => list)),
  }
  const calculated = ours.length === 0 ? null : ours.reduce((sum, row) => sum + row.ListCost, 0)
  const attributed = attribute(paid(sums), sums.list, calculated)
  return {
    month,
    service,
    meter,
    unit: ours[0]?.PricingUnit ?? (lines[0] === undefined ? '' : meterOf(lines[0]).unit),
    ...sums,
    calculated,
    from: measuredText(ours),
    attributed,
    unattributed: paid(sums) - attributed,
  }
}

/** Of several amounts one that is not known makes the sum unknown. */
const sumOf = (amounts: ReadonlyArray<Known<number>>): Known<number> =>
  amounts.reduce<Known<number>>((sum, one) => (sum === null || one === null ? null : sum + one), 0)

/**
 * Both calculation and list cost are use at public prices: their ratio is the share of the use that is explained, and as
 * much of what was paid. Without a list cost it is the smaller amount.
 */
function attribute(cost: number, list: Known<number>, calculated: Known<number>): number {
  if (calculated === null || cost <= 0) return 0
  return list !== null && list > 0 ? cost * Math.min(1, calculated / list) : Math.min(cost, calculated)
}

function measuredText(ours: readonly PricedRow[]): string {
  const [first] = ours
  if (first === undefined) return ''
  const quantity = ours.reduce((sum, row) => sum + row.PricingQuantity, 0)
  const resources = new Set(ours.map(({ ResourceId }) => ResourceId)).size
  const what = first.SkuMeter.startsWith('s3.') ? 'bucket' : 'application'
  return `${Number(quantity.toPrecision(4))} ${first.PricingUnit} of ${resources} ${what}${resources === 1 ? '' : 's'}`
}

function costsOf(bills: readonly BillFact[], months: ReadonlySet<string>): BillCost[] {
  const all = bills.flatMap(({ source, lines }) =>
    lines
      .filter(({ month, currency }) => months.has(month) && currency === 'USD')
      .map((line): BillCost => ({
        ...costKey(source, line),
        billed: line.billed ?? 0,
        effective: line.effective,
      })),
  )
  const sorted = summed(all).toSorted((a, b) => Math.abs(paid(b)) - Math.abs(paid(a)))
  const rest = sorted.slice(MAX_COSTS).map((cost) => ({ ...cost, service: FOLDED, region: FOLDED }))
  return [...sorted.slice(0, MAX_COSTS), ...summed(rest)]
}

const costKey = (source: string, { service, region, month }: BillLine) => ({ source, service, region, month })

const summed = (costs: readonly BillCost[]): BillCost[] =>
  [
    ...Map.groupBy(costs, (cost) => [cost.source, cost.service, cost.region, cost.month].join('\n')).values(),
  ].map((some) => ({
    ...some[0]!,
    billed: some.reduce((sum, { billed }) => sum + billed, 0),
    effective: sumOf(some.map(({ effective }) => effective)),
  }))

function otherCurrencies(lines: readonly BillLine[]): ReckoningFact['otherCurrencies'] {
  const others = lines.filter(({ currency }) => currency !== 'USD')
  const groups = Map.groupBy(others, ({ month, currency }) => `${month} ${currency}`)
  return [...groups.values()]
    .map((some) => ({
      month: some[0]!.month,
      currency: some[0]!.currency,
      billed: some.reduce((sum, { billed }) => sum + (billed ?? 0), 0),
    }))
    .toSorted((a, b) => (a.month < b.month ? 1 : -1))
    .slice(0, MAX_NOTES)
}
