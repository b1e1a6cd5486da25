// Fills in what every piece of advice has alike: its id and etag, its money in a range, its payback and priority.
import { createHash } from 'node:crypto'
import type { Advice, AdviceCost, AdviceTarget, MeterLine, Priority, Range90 } from '../model/advice.ts'
import type { Known } from '../model/known.ts'
import { type Timestamp, type Usd, DAY, millis, plus, usd } from '../model/units.ts'
import { type Prices, areStale } from './prices.ts'

/** Advice on evidence older than this is no longer advice. */
const FRESH_FOR = millis(14 * DAY)
const DAYS_A_MONTH = 30

export interface Draft extends Omit<
  Advice,
  'id' | 'etag' | 'priority' | 'cost' | 'asOf' | 'expiresAt' | 'alternatives' | 'dependsOn' | 'conflictsWith'
> {
  /** What sets it apart from other advice of its topic on this target: the columns, the storage class. */
  readonly shape: string
  readonly cost: CostDraft
  readonly alternatives?: string
  readonly dependsOn?: readonly string[]
  readonly conflictsWith?: readonly string[]
  /** Harm that is already possible: said first, whatever it saves. */
  readonly urgent?: true
}

/** Null where a price or a quantity is not known. */
export interface CostDraft {
  readonly before: Known<readonly MeterLine[]>
  readonly after: Known<readonly MeterLine[]>
  readonly oneOff: Known<readonly MeterLine[]>
  /** Factors around the middle: of the uncertain quantities, not of the prices. */
  readonly spread?: { readonly low: number; readonly high: number }
  readonly breakEven?: string
}

export const NO_TARGET: AdviceTarget = {
  source: null,
  region: null,
  resource: null,
  tableId: null,
  table: null,
  prefix: null,
  pipeline: null,
}

/** Prices that are not confirmed or are old may be this much off either way. */
const UNSURE_PRICES = 0.25

export function finish(draft: Draft, prices: Prices, now: Timestamp): Advice {
  const { shape, cost: costDraft, alternatives, dependsOn = [], conflictsWith = [], urgent, ...rest } = draft
  const cost = costOf(costDraft, prices, now)
  const { tableId, resource, prefix, pipeline, source } = rest.target
  const id = hash([rest.topic, source, tableId, resource, prefix, pipeline, shape])
  const advice = {
    ...rest,
    alternatives: alternatives ?? null,
    dependsOn,
    conflictsWith,
    cost,
    priority: urgent ? ('P1' as const) : priorityOf(cost.savings, rest.risk.dataLoss),
    asOf: now,
    expiresAt: plus(now, FRESH_FOR),
  }
  // What moves with time alone is no new content.
  const { asOf: _at, expiresAt: _until, evidence, ...content } = advice
  const etag = hash([content, evidence.map(({ asOf: _asOf, ...one }) => one)])
  return { id, etag, ...advice }
}

const hash = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)

export const total = (lines: readonly MeterLine[]): number => lines.reduce((sum, { cost }) => sum + cost, 0)

function costOf(draft: CostDraft, prices: Prices, now: Timestamp): AdviceCost {
  const { before, after, oneOff, spread = { low: 0.8, high: 1.2 }, breakEven } = draft
  const used = [...(before ?? []), ...(after ?? []), ...(oneOff ?? [])].map(({ meter, quantity }) =>
    prices.price(meter, quantity),
  )
  const verified = used.every((price) => price?.verified ?? false)
  // The oldest of them says how old the whole is.
  const asOf = used.reduce(
    (oldest, price) => (price !== null && price.asOf < oldest ? price.asOf : oldest),
    prices.asOf,
  )
  const unsure = !verified || areStale(asOf, now) ? UNSURE_PRICES : 0
  const savings =
    before === null || after === null ? null : rangeOf(total(before) - total(after), spread, unsure)
  const once = oneOff === null ? null : total(oneOff)
  return {
    basis: used.map((price) => price?.basis ?? 'list').find((one) => one !== 'list') ?? 'list',
    pricesAsOf: asOf,
    pricesVerified: verified,
    before: before ?? [],
    after: after ?? [],
    oneOff: oneOff ?? [],
    savings,
    paybackDays:
      savings === null || once === null || savings.p50 <= 0
        ? null
        : Math.round((once / savings.p50) * DAYS_A_MONTH * 10) / 10,
    breakEven: breakEven ?? null,
  }
}

function rangeOf(saving: number, spread: { low: number; high: number }, unsure: number): Range90 {
  const ends = [saving * (spread.low - unsure), saving * (spread.high + unsure)]
  return { p10: usd(Math.min(...ends)), p50: usd(saving), p90: usd(Math.max(...ends)) }
}

/** Dollars a month at which advice is urgent, worth a ticket, or worth knowing. */
const P1 = 1_000
const P2 = 100
const P3 = 10

function priorityOf(savings: Known<Range90>, dataLoss: Advice['risk']['dataLoss']): Priority {
  const worth: Usd | number = savings?.p50 ?? 0
  const priority: Priority = worth >= P1 ? 'P1' : worth >= P2 ? 'P2' : worth >= P3 ? 'P3' : 'P4'
  // What cannot be undone is never urgent.
  return dataLoss === 'irreversible' && priority === 'P1' ? 'P2' : priority
}

/** Savings that are known and too small to bother anybody: cost.md's guard rails. */
const LEAST_A_MONTH = 5
const LEAST_SHARE = 0.01

export function worthwhile(advice: Advice): boolean {
  const { savings, before, oneOff, paybackDays } = advice.cost
  if (savings === null) return true
  const now = total(before)
  return (
    savings.p50 >= LEAST_A_MONTH &&
    savings.p50 >= now * LEAST_SHARE &&
    (total(oneOff) === 0 || (paybackDays !== null && paybackDays <= 3 * DAYS_A_MONTH))
  )
}
