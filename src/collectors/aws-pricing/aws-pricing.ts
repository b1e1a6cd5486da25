// Public prices of a region, read from the AWS Price List once a day: by region and meter, never by a multiplier.
import { z } from 'zod'
import type { ProductAsk } from '../../io/price-list.ts'
import { awsMeters } from '../../model/aws-meters.ts'
import { SourceError } from '../../model/errors.ts'
import type { Fact } from '../../model/facts.ts'
import type { ListedPrice, PriceListFact } from '../../model/price-list.ts'
import { HOUR, type Timestamp, millis } from '../../model/units.ts'
import { type Ask, defineCollector } from '../collector.ts'
import { priceOf } from './products.ts'

/** Prices change a few times a year; polls in between ask nothing. */
const FRESH_FOR = millis(20 * HOUR)
/** Instance types are a thousand, each on EC2 and EMR. */
const MAX_LINES = 5_000
/** Fewer, and the list was not what we take it for: what was known stays. */
const LEAST_LINES = 10

export const awsPricing = defineCollector({
  type: 'aws-pricing',
  // It asks once a day; what failed is tried again earlier.
  every: HOUR,
  Config: z.strictObject({
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'expected a region such as eu-central-1')
      .describe('The region whose prices are read; advise.prices.region is the one that counts.'),
    endpoint: z.url().optional().describe('Another endpoint than those of the AWS Price List.'),
  }),
  connect(identity, { region, endpoint }, io) {
    const list = io.priceList({ region, endpoint })
    return {
      mode: 'poll',
      async *poll({ now, cursor, signal }: Ask): AsyncGenerator<Fact> {
        if (isFresh(cursor, region, now)) return
        const found = new Map<string, ListedPrice>()
        const several = new Set<string>()
        let bad = 0
        for (const ask of questions(region))
          for await (const text of list.products(ask, signal)) {
            const price = priceOf(text, ask.service, region)
            if (price === undefined) bad += 1
            if (price == null) continue
            const other = found.get(price.meter)
            if (other === undefined) found.set(price.meter, price)
            else if (JSON.stringify(other.tiers) !== JSON.stringify(price.tiers)) several.add(price.meter)
          }
        for (const meter of several) found.delete(meter)
        if (found.size < LEAST_LINES)
          throw new SourceError(
            'corrupt',
            `the AWS Price List told ${found.size} prices of ${region} that are understood, and ${bad} that are not; the prices known before count`,
            { subject: region },
          )
        const missing = awsMeters.filter((meter) => !found.has(meter))
        io.log.info({ region, prices: found.size, missing, several: [...several], bad }, 'prices were read')
        yield listOf(identity.name, region, now, [...found.values()], missing)
        yield { kind: 'cursor', id: identity.name, value: `${region} ${now}` }
      },
    }
  },
})

const listOf = (
  source: string,
  region: string,
  at: Timestamp,
  lines: readonly ListedPrice[],
  missing: readonly string[],
): PriceListFact => ({
  kind: 'price-list',
  id: region,
  source,
  region,
  at,
  lines: lines.toSorted((a, b) => (a.meter < b.meter ? -1 : 1)).slice(0, MAX_LINES),
  missing,
})

function isFresh(cursor: string | undefined, region: string, now: Timestamp): boolean {
  const [of, at] = cursor?.split(' ') ?? []
  return of === region && now - Number(at) < FRESH_FOR
}

/** Without each of these filters an instance type has several prices. */
const SHARED_LINUX = {
  operatingSystem: 'Linux',
  preInstalledSw: 'NA',
  tenancy: 'Shared',
  capacitystatus: 'Used',
  licenseModel: 'No License required',
  marketoption: 'OnDemand',
}

const questions = (regionCode: string): readonly ProductAsk[] => [
  { service: 'AmazonS3', filters: { regionCode } },
  { service: 'AmazonEC2', filters: { regionCode, ...SHARED_LINUX } },
  { service: 'AmazonEC2', filters: { regionCode, productFamily: 'Storage' } },
  { service: 'AmazonEC2', filters: { regionCode, productFamily: 'NAT Gateway' } },
  { service: 'ElasticMapReduce', filters: { regionCode } },
  { service: 'AWSGlue', filters: { regionCode } },
  { service: 'AmazonAthena', filters: { regionCode } },
  { service: 'AWSLambda', filters: { regionCode } },
  { service: 'AmazonCloudWatch', filters: { regionCode } },
]
