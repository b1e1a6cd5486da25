// The price book: what a meter costs in a region, from the dated book that comes with us and the user's own rates.
import fs from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { MeterLine, PriceBasis } from '../model/advice.ts'
import { ConfigError, explainError } from '../model/errors.ts'
import type { Known } from '../model/known.ts'
import { type Timestamp, type Usd, DAY, usd } from '../model/units.ts'

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
})
export type PricesConfig = z.output<typeof PricesConfig>

export interface Price {
  readonly usd: Usd
  readonly unit: string
  readonly verified: boolean
  readonly asOf: string
}

export interface Prices {
  readonly region: string
  readonly basis: PriceBasis
  readonly asOf: string
  /** The price of one more unit where `quantity` are used a month. Null: the book does not know this meter here. */
  price(meter: string, quantity?: number): Known<Price>
}

/** Prices older than this widen what is said of money (see draft.ts). */
const STALE_AFTER_DAYS = 180

export const SHIPPED_PRICES = path.resolve(import.meta.dirname, '../../prices/aws.json')

/** Throws ConfigError where the book is unreadable or an override names no meter. */
export function loadPrices(config: PricesConfig = PricesConfig.parse({}), file = SHIPPED_PRICES): Prices {
  return pricesOf(readBook(file), config)
}

function readBook(file: string): z.output<typeof Book> {
  try {
    return Book.parse(JSON.parse(fs.readFileSync(file, 'utf8')))
  } catch (error) {
    throw new ConfigError(`read the price book ${file}: ${explainError(error)}`, { cause: error })
  }
}

function pricesOf(book: z.output<typeof Book>, config: PricesConfig): Prices {
  const units = new Map(book.lines.map(({ meter, unit }) => [meter, unit]))
  const lines = new Map(
    book.lines.filter(({ region }) => region === config.region).map((line) => [line.meter, line]),
  )
  const own = new Map(Object.entries(config.overrides))
  for (const meter of own.keys()) {
    if (!units.has(meter))
      throw new ConfigError(
        `advise.prices.overrides: ${JSON.stringify(meter)} is no meter of the price book; see prices/aws.json`,
      )
  }
  return {
    region: config.region,
    basis: own.size > 0 ? config.basis : 'list',
    asOf: book.asOf,
    price(meter, quantity = 0) {
      const mine = own.get(meter)
      if (mine !== undefined)
        return { usd: usd(mine), unit: units.get(meter)!, verified: true, asOf: book.asOf }
      const line = lines.get(meter)
      return line === undefined ? null : priceAt(line, quantity)
    },
  }
}

function priceAt(line: Line, quantity: number): Price {
  const { unit, asOf } = line
  const tier = line.tiers?.find(({ upTo }) => upTo === null || quantity < upTo) ?? line.tiers?.at(-1)
  const amount = tier?.usd ?? line.usd ?? 0
  return { usd: usd(amount), unit, verified: tier?.verified ?? line.verified, asOf }
}

export const areStale = (prices: Prices, now: Timestamp): boolean =>
  now - Date.parse(prices.asOf) > STALE_AFTER_DAYS * DAY

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
