// The price book: what a meter costs in a region. The user's own rates go before what the provider's list said when it was
// last read, that before the dated book that comes with us; what the bill says is paid of the list scales both.
import fs from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { MeterLine, PriceBasis } from '../model/advice.ts'
import { ConfigError, explainError } from '../model/errors.ts'
import type { Known } from '../model/known.ts'
import type { ListedPrice } from '../model/price-list.ts'
import type { FactReader } from '../model/store.ts'
import { type Timestamp, type Usd, DAY, usd } from '../model/units.ts'
import { type Refreshed, discountsOf, refreshedOf } from './learned-prices.ts'

const Tier = z.strictObject({
  /** Quantity a month up to which this price holds; null: above all. */
  upTo: z.number().positive().nullable(),
  usd: z.number().nonnegative(),
  verified: z.boolean().optional(),
})
const Line = z.strictObject({
  region: z.string().min(1),
  meter: z.string().min(1),
  unit: z.string().min(1),
  usd: z.number().nonnegative().optional(),
  tiers: z.array(Tier).min(1).optional(),
  source: z.string().min(1),
  asOf: z.iso.date(),
  verified: z.boolean(),
})
const Book = z.strictObject({
  schema: z.literal(1),
  provider: z.string(),
  currency: z.literal('USD'),
  asOf: z.iso.date(),
  lines: z.array(Line).max(20_000),
})
type Line = z.output<typeof Line>

/** What the configuration may say about prices. */
export const PricesConfig = z.strictObject({
  region: z.string().min(1).prefault('us-east-1').describe('The region whose prices count.'),
  basis: z
    .enum(['list', 'contracted', 'effective'])
    .prefault('list')
    .describe('What the overrides are: rates of a contract, or what is effectively paid.'),
  overrides: z
    .record(z.string(), z.number().nonnegative())
    .prefault({})
    .describe('Meter of prices/aws.json → your own price of its unit in dollars; goes before the list.'),
  refresh: z
    .boolean()
    .prefault(false)
    .describe('Read the prices of the region from the AWS Price List once a day (pricing:GetProducts).'),
})
export type PricesConfig = z.output<typeof PricesConfig>

export interface Price {
  readonly usd: Usd
  readonly unit: string
  readonly verified: boolean
  readonly asOf: string
  readonly basis: PriceBasis
}

export interface Prices {
  readonly region: string
  readonly basis: PriceBasis
  readonly asOf: string
  /** What was read of the provider's list since, and is believed. */
  readonly refreshed: readonly ListedPrice[]
  /** Prices of the list that are not believed, one sentence each. */
  readonly refused: readonly string[]
  /** The price of one more unit where `quantity` are used a month. Null: the book does not know this meter here. */
  price(meter: string, quantity?: number): Known<Price>
}

/** Prices older than this widen what is said of money (see draft.ts). */
const STALE_AFTER_DAYS = 180

const SHIPPED_PRICES = path.resolve(import.meta.dirname, '../../prices/aws.json')

/** `known`: where lists and bills that were read since are found. Throws ConfigError where an override names no meter. */
export function loadPrices(config: PricesConfig = PricesConfig.parse({}), known?: FactReader): Prices {
  return pricesOf(readBook(), config, known)
}

/** The book that comes with us. */
export function readBook(): z.output<typeof Book> {
  const file = SHIPPED_PRICES
  try {
    return Book.parse(JSON.parse(fs.readFileSync(file, 'utf8')))
  } catch (error) {
    throw new ConfigError(`read the price book ${file}: ${explainError(error)}`, { cause: error })
  }
}

function pricesOf(book: z.output<typeof Book>, config: PricesConfig, known?: FactReader): Prices {
  const { region, basis } = config
  const units = new Map(book.lines.map(({ meter, unit }) => [meter, unit]))
  const lines = new Map(book.lines.filter((line) => line.region === region).map((line) => [line.meter, line]))
  const own = new Map(Object.entries(config.overrides))
  for (const meter of own.keys()) {
    if (!units.has(meter))
      throw new ConfigError(
        `advise.prices.overrides: ${JSON.stringify(meter)} is no meter of the price book; see prices/aws.json`,
      )
  }
  const shipped = (meter: string): number | undefined => {
    const line = lines.get(meter)
    return line === undefined ? undefined : priceAt(line, 0).usd
  }
  const learned = learnedOf(known, region, shipped)
  const listed = (meter: string, quantity: number): Known<Omit<Price, 'basis'>> => {
    const fresh = learned().refreshed?.lines.get(meter)
    const line = lines.get(meter)
    if (fresh === undefined) return line === undefined ? null : priceAt(line, quantity)
    const amount = tierAt(fresh.tiers, quantity)?.usd ?? 0
    const unit = units.get(meter) ?? 'hour'
    return { usd: usd(amount), unit, verified: true, asOf: learned().asOf ?? book.asOf }
  }
  return {
    region,
    basis: own.size > 0 ? basis : 'list',
    get asOf() {
      return learned().asOf ?? book.asOf
    },
    get refreshed() {
      return [...(learned().refreshed?.lines.values() ?? [])]
    },
    get refused() {
      return learned().refreshed?.refused ?? []
    },
    price(meter, quantity = 0) {
      const mine = own.get(meter)
      if (mine !== undefined)
        return { usd: usd(mine), unit: units.get(meter)!, verified: true, asOf: book.asOf, basis }
      const price = listed(meter, quantity)
      const paid = learned().discounts.get(meter)
      if (price === null || paid === undefined) return price === null ? null : { ...price, basis: 'list' }
      return { ...price, usd: usd(price.usd * paid), basis: 'effective' }
    },
  }
}

interface Learned {
  readonly refreshed: Refreshed | undefined
  /** Day of the list, where one was read. */
  readonly asOf: string | undefined
  readonly discounts: ReadonlyMap<string, number>
}

/** Worked out anew when a list or a bill was read: the store hands out the same array until then. */
function learnedOf(
  known: FactReader | undefined,
  region: string,
  shipped: (meter: string) => number | undefined,
): () => Learned {
  let last: readonly [lists: unknown, bills: unknown, learned: Learned] | undefined
  return () => {
    const lists = known?.facts('price-list') ?? NONE
    const bills = known?.facts('bill') ?? NONE
    if (last !== undefined && last[0] === lists && last[1] === bills) return last[2]
    const list = lists.find((one) => one.region === region)
    const learned: Learned = {
      refreshed: list === undefined ? undefined : refreshedOf(list, shipped),
      asOf: list === undefined ? undefined : new Date(list.at).toISOString().slice(0, 10),
      discounts: discountsOf(bills, region),
    }
    last = [lists, bills, learned]
    return learned
  }
}
const NONE: readonly never[] = []

const tierAt = <T extends { readonly upTo: number | null }>(
  tiers: readonly T[],
  quantity: number,
): T | undefined => tiers.find(({ upTo }) => upTo === null || quantity < upTo) ?? tiers.at(-1)

function priceAt(line: Line, quantity: number): Omit<Price, 'basis'> {
  const tier = tierAt(line.tiers ?? [], quantity)
  const amount = tier?.usd ?? line.usd ?? 0
  return { usd: usd(amount), unit: line.unit, verified: tier?.verified ?? line.verified, asOf: line.asOf }
}

/** `asOf`: the day of the prices. */
export const areStale = (asOf: string, now: Timestamp): boolean =>
  now - Date.parse(asOf) > STALE_AFTER_DAYS * DAY

/** A month's use of a meter at its price; null where the price is not known. */
export function meterLine(
  prices: Prices,
  resource: string,
  meter: string,
  quantity: number,
): Known<MeterLine> {
  const price = prices.price(meter, quantity)
  if (price === null) return null
  return {
    resource,
    meter,
    quantity,
    unit: price.unit,
    unitPrice: price.usd,
    cost: usd(quantity * price.usd),
  }
}

/** All of them, or null where any price is not known. */
export function meterLines(
  prices: Prices,
  resource: string,
  quantities: ReadonlyArray<readonly [meter: string, quantity: number]>,
): Known<readonly MeterLine[]> {
  const lines = quantities.map(([meter, quantity]) => meterLine(prices, resource, meter, quantity))
  return lines.includes(null) ? null : lines.filter((line) => line !== null)
}
