// One product of the AWS Price List (format aws_v1) → the price of a meter of ours.
import { z } from 'zod'
import { awsMeter } from '../../model/aws-meters.ts'
import type { ListedPrice } from '../../model/price-list.ts'

const Decimal = z.string().regex(/^\d+(?:\.\d+)?$/)
const Product = z.object({
  product: z.object({ sku: z.string().max(64), attributes: z.record(z.string(), z.string()) }),
  terms: z.object({
    OnDemand: z.record(
      z.string(),
      z.object({
        effectiveDate: z.string().optional(),
        priceDimensions: z.record(
          z.string(),
          z.object({
            beginRange: Decimal,
            endRange: z.union([z.literal('Inf'), Decimal]),
            pricePerUnit: z.object({ USD: Decimal.optional() }),
          }),
        ),
      }),
    ),
  }),
})

/** Null where it is no meter of ours; undefined where its text is not as the price list has it, or not in dollars. */
export function priceOf(text: string, service: string, region: string): ListedPrice | null | undefined {
  const parsed = Product.safeParse(jsonOf(text))
  if (!parsed.success) return undefined
  const { product, terms } = parsed.data
  const { usagetype = '', operation = '', volumeType, regionCode } = product.attributes
  const known = awsMeter(service, usagetype, operation)
  if (known === undefined || regionCode !== region) return null
  // Tags and annotations of objects are stored under the same usage type.
  if (known.meter === 's3.STANDARD.storage' && volumeType !== 'Standard') return null
  const newest = Object.values(terms.OnDemand)
    .toSorted((a, b) => ((a.effectiveDate ?? '') < (b.effectiveDate ?? '') ? 1 : -1))
    .at(0)
  const steps = Object.values(newest?.priceDimensions ?? {})
    .map(({ beginRange, endRange, pricePerUnit }) => ({
      from: Number(beginRange) / known.units,
      upTo: endRange === 'Inf' ? null : Number(endRange) / known.units,
      usd: pricePerUnit.USD === undefined ? NaN : round(Number(pricePerUnit.USD) * known.units),
    }))
    .toSorted((a, b) => a.from - b.from)
  const isWhole = steps.every(
    ({ from, usd }, i) => !Number.isNaN(usd) && from === (i === 0 ? 0 : steps[i - 1]!.upTo),
  )
  if (steps.length === 0 || !isWhole || steps.at(-1)!.upTo !== null) return undefined
  return { meter: known.meter, tiers: steps.map(({ upTo, usd }) => ({ upTo, usd })), sku: product.sku }
}

/** Decimal prices times a thousand are decimal: what binary adds to them is taken away. */
const round = (amount: number): number => Number(amount.toPrecision(12))

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
