// What a unit of a meter costs at a given monthly quantity: rate cards as plain data, read by nobody but the calculator.
import { z } from 'zod'

const Tier = z.object({ upTo: z.number().nullable(), usd: z.number() })
const RateLine = z.object({
  region: z.string(),
  meter: z.string(),
  unit: z.string(),
  usd: z.number().optional(),
  tiers: z.array(Tier).optional(),
})
const RateCard = z.object({ lines: z.array(RateLine) })

export interface Rate {
  readonly unit: string
  /** Ascending; the last has no upper end. */
  readonly tiers: ReadonlyArray<{ readonly upTo: number; readonly usd: number }>
}
export type Rates = (region: string, meter: string) => Rate | undefined

/** Throws ZodError where `json` is no rate card; of several lines of one meter and region the last counts. */
export function ratesOf(json: unknown): Rates {
  const card = new Map<string, Rate>()
  for (const { region, meter, unit, usd = 0, tiers } of RateCard.parse(json).lines) {
    const steps = tiers ?? [{ upTo: null, usd }]
    card.set(`${region} ${meter}`, {
      unit,
      tiers: steps.map((step) => ({ upTo: step.upTo ?? Infinity, usd: step.usd })),
    })
  }
  return (region, meter) => card.get(`${region} ${meter}`)
}
