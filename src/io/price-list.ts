// The AWS Price List: public prices of a service's products, page by page.
import type * as Sdk from '@aws-sdk/client-pricing'
import { SourceError, explainError } from '../model/errors.ts'
import { SECOND } from '../model/units.ts'
import { s3Place } from './objects.ts'

export type OpenPriceList = (options: {
  readonly region: string
  readonly endpoint?: string | undefined
}) => PriceList

export interface PriceList {
  readonly counters: { requests: number }
  /** Each product as JSON text; all of the filters' fields are as given. Throws SourceError. */
  products(ask: ProductAsk, signal: AbortSignal): AsyncIterable<string>
}

export interface ProductAsk {
  readonly service: string
  readonly filters: Readonly<Record<string, string>>
}

const PAGE = 100
/** Pages of one question: the instance types of a region fill about ten. */
const MAX_PAGES = 60
const ATTEMPTS = 4
const CONNECT = 5 * SECOND
const ANSWER = 20 * SECOND

/** The service answers in three regions, for all of them: the nearest is asked. */
const homeOf = (region: string): string =>
  region.startsWith('eu-') ? 'eu-central-1' : region.startsWith('ap-') ? 'ap-south-1' : 'us-east-1'

export const priceListOpener =
  (environment: Readonly<Record<string, string | undefined>>): OpenPriceList =>
  ({ region, endpoint }) => {
    const own = endpoint ?? environment['AWS_ENDPOINT_URL_PRICING'] ?? environment['AWS_ENDPOINT_URL']
    const place = s3Place(
      { region: homeOf(region), endpoint: own },
      { ...environment, AWS_ENDPOINT_URL_S3: undefined },
    )
    const counters = { requests: 0 }
    let loading: ReturnType<typeof load> | undefined
    return {
      counters,
      async *products(ask, signal) {
        const { sdk, client } = await (loading ??= load(place))
        let token: string | undefined
        for (let page = 0; page < MAX_PAGES; page += 1) {
          counters.requests += 1
          const answer = await client
            .send(
              new sdk.GetProductsCommand({
                ServiceCode: ask.service,
                Filters: Object.entries(ask.filters).map(([Field, Value]) => ({
                  Type: 'TERM_MATCH',
                  Field,
                  Value,
                })),
                FormatVersion: 'aws_v1',
                MaxResults: PAGE,
                ...(token === undefined ? {} : { NextToken: token }),
              }),
              { abortSignal: signal },
            )
            .catch((cause: unknown) => {
              throw judged(cause, ask, signal)
            })
          for (const product of answer.PriceList ?? []) yield String(product)
          token = answer.NextToken
          if (token === undefined || token === '') return
        }
        throw new SourceError(
          'too-large',
          `the price list of ${ask.service} has more than ${MAX_PAGES * PAGE} products for one question`,
          { subject: ask.service },
        )
      },
    }
  }

async function load(place: ReturnType<typeof s3Place>) {
  const [sdk, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-pricing'),
    import('@smithy/node-http-handler'),
  ])
  const config: Sdk.PricingClientConfig = {
    ...(place.region === undefined ? {} : { region: place.region }),
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    ...(place.credentials === undefined ? {} : { credentials: place.credentials }),
    maxAttempts: ATTEMPTS,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT,
      requestTimeout: ANSWER,
      throwOnRequestTimeout: true,
    }),
  }
  return { sdk, client: new sdk.PricingClient(config) }
}

function judged(cause: unknown, { service }: ProductAsk, signal: AbortSignal): SourceError {
  const name = cause instanceof Error ? cause.name : ''
  const where = { subject: service, cause }
  if (signal.aborted) return new SourceError('timeout', `reading prices of ${service} was stopped`, where)
  if (/denied|unauthorized|credential|token|signature/i.test(name))
    return new SourceError(
      'denied',
      `the AWS Price List did not give prices of ${service} (${name}): the credentials need pricing:GetProducts`,
      where,
    )
  if (/throttl|toomany/i.test(name))
    return new SourceError('throttled', `the AWS Price List is asked too often (${name})`, where)
  return new SourceError(
    'unreachable',
    `the AWS Price List did not give prices of ${service}: ${explainError(cause).slice(0, 300)}`,
    where,
  )
}
