// The price list as AWS's GetProducts answers it (format aws_v1), written by hand from its shape and told over HTTP: no
// recorded account, no moto, which has no prices.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { loadPrices } from '../../../src/advisors/advisors.ts'
import { awsPricing } from '../../../src/collectors/aws-pricing/aws-pricing.ts'
import { priceOf } from '../../../src/collectors/aws-pricing/products.ts'
import { systemClock } from '../../../src/io/clock.ts'
import { createIo } from '../../../src/io/io.ts'
import { createLog } from '../../../src/io/log.ts'
import { awsMeters } from '../../../src/model/aws-meters.ts'
import type { BillFact } from '../../../src/model/bill.ts'
import type { PriceListFact } from '../../../src/model/price-list.ts'
import { HOUR, timestamp } from '../../../src/model/units.ts'
import { factView } from '../../advisors/fact-view.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, poll } from '../connect.ts'
import fs from 'node:fs'

type Steps = ReadonlyArray<readonly [from: string, to: string, usd: string]>
let skus = 0

const product = (
  attributes: Readonly<Record<string, string>>,
  steps: Steps | string,
  regionCode = 'eu-central-1',
): string => {
  const sku = `SKU${(skus += 1)}`
  const ranges = typeof steps === 'string' ? [['0', 'Inf', steps] as const] : steps
  return JSON.stringify({
    product: { productFamily: 'any', attributes: { regionCode, operation: '', ...attributes }, sku },
    serviceCode: 'any',
    terms: {
      OnDemand: {
        [`${sku}.JRTCKXETXF`]: {
          priceDimensions: Object.fromEntries(
            ranges.map(([beginRange, endRange, USD], i) => [
              `${sku}.JRTCKXETXF.${i}`,
              {
                unit: 'any',
                beginRange,
                endRange,
                description: 'told',
                appliesTo: [],
                pricePerUnit: { USD },
              },
            ]),
          ),
          sku,
          effectiveDate: '2026-11-01T00:00:00Z',
          offerTermCode: 'JRTCKXETXF',
          termAttributes: {},
        },
      },
    },
    version: '20261101000000',
    publicationDate: '2026-11-01T00:00:00Z',
  })
}

const LIST: Readonly<Record<string, readonly string[]>> = {
  AmazonS3: [
    product({ usagetype: 'EUC1-TimedStorage-ByteHrs', volumeType: 'Standard' }, [
      ['51200', '512000', '0.0235000000'],
      ['0', '51200', '0.0245000000'],
      ['512000', 'Inf', '0.0225000000'],
    ]),
    product({ usagetype: 'EUC1-TimedStorage-ByteHrs', volumeType: 'Tags' }, '0.0100000000'),
    product({ usagetype: 'EUC1-TimedStorage-SIA-ByteHrs' }, '0.0135000000'),
    product({ usagetype: 'EUC1-Requests-Tier1' }, '0.0000054000'),
    product({ usagetype: 'EUC1-Requests-Tier2' }, '0.0000004300'),
    product({ usagetype: 'EUC1-Requests-Tier4', operation: 'S3-SIATransition' }, '0.0000100000'),
    product({ usagetype: 'EUC1-Requests-GIR-Tier1' }, '0.0000200000'),
    // The same words at two prices: neither is believed.
    product({ usagetype: 'EUC1-Requests-SIA-Tier2' }, '0.0000010000'),
    product({ usagetype: 'EUC1-Requests-SIA-Tier2' }, '0.0000020000'),
    product({ usagetype: 'EUC1-Other' }, '1'),
  ],
  AmazonEC2: [
    product({ usagetype: 'EUC1-BoxUsage:c5.4xlarge' }, '0.7800000000'),
    product({ usagetype: 'EUC1-BoxUsage:m5.2xlarge' }, '0.4600000000'),
    product({ usagetype: 'EUC1-NatGateway-Hours' }, '0.0520000000'),
  ],
  ElasticMapReduce: [
    product({ usagetype: 'EUC1-BoxUsage:m5.2xlarge' }, '0.0960000000'),
    product({ usagetype: 'EUC1-EMR-SERVERLESS-vCPUHours' }, '0.0657280000'),
  ],
  AWSGlue: [
    product({ usagetype: 'EUC1-ETL-DPU-Hour' }, '0.4400000000'),
    product({ usagetype: 'EUC1-Catalog-Request' }, [
      ['0', '1000000', '0.0000000000'],
      ['1000000', 'Inf', '0.0000010000'],
    ]),
  ],
}

const asked: Array<{ ServiceCode: string; Filters: unknown; NextToken?: string }> = []
let server: http.Server | undefined

afterEach(() => {
  server?.close()
  asked.length = 0
})

/** Answers as the service does, two products a page; `denied` refuses. */
async function serving(denied = false): Promise<string> {
  server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      const ask = JSON.parse(body) as (typeof asked)[number]
      asked.push(ask)
      const from = Number(ask.NextToken ?? 0)
      const all = from === 0 && isSecond(ask) ? [] : (LIST[ask.ServiceCode] ?? [])
      response.writeHead(denied ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
      response.end(
        JSON.stringify(
          denied
            ? { __type: 'AccessDeniedException', message: 'no' }
            : {
                FormatVersion: 'aws_v1',
                PriceList: all.slice(from, from + 2),
                ...(from + 2 < all.length ? { NextToken: String(from + 2) } : {}),
              },
        ),
      )
    })
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const isSecond = ({ Filters }: { Filters: unknown }): boolean =>
  (Filters as Array<{ Field: string }>).some(({ Field }) => Field === 'productFamily')

const environment = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
const io = () => createIo({ clock: systemClock, log: createLog('silent'), base: '.', environment })
const source = (endpoint: string) => connect(awsPricing, { region: 'eu-central-1', endpoint }, io())

test('prices of a region by meter, page by page, in the units of the price book', async () => {
  const facts = await poll(source(await serving()))
  const list = facts.find((fact) => fact.kind === 'price-list')!

  expect(
    list.lines.map(({ meter, tiers }) => [meter, ...tiers.map(({ upTo, usd }) => `${upTo} ${usd}`)]),
  ).toEqual([
    ['ec2.c5.4xlarge.ondemand', 'null 0.78'],
    ['ec2.m5.2xlarge.ondemand', 'null 0.46'],
    ['emr-serverless.vcpu', 'null 0.065728'],
    ['emr.m5.2xlarge.uplift', 'null 0.096'],
    ['glue.catalog-requests', '1 0', 'null 1'],
    ['glue.dpu', 'null 0.44'],
    ['nat.hour', 'null 0.052'],
    ['s3.GLACIER_IR.put', 'null 0.02'],
    ['s3.STANDARD.get', 'null 0.00043'],
    ['s3.STANDARD.put', 'null 0.0054'],
    ['s3.STANDARD.storage', '51200 0.0245', '512000 0.0235', 'null 0.0225'],
    ['s3.STANDARD_IA.storage', 'null 0.0135'],
    ['s3.STANDARD_IA.transition', 'null 0.01'],
  ])
  expect(list.missing).toContain('s3.STANDARD_IA.get')
  expect(
    asked.filter(({ ServiceCode }) => ServiceCode === 'AmazonS3').map(({ NextToken }) => NextToken),
  ).toEqual([undefined, '2', '4', '6', '8'])
  expect(asked[0]!.Filters).toEqual([{ Type: 'TERM_MATCH', Field: 'regionCode', Value: 'eu-central-1' }])
})

test('once a day, also over a restart; anew for another region', async () => {
  const endpoint = await serving()
  const facts = await poll(source(endpoint))
  const cursor = facts.findLast((fact) => fact.kind === 'cursor')!.value
  asked.length = 0

  expect(await poll(source(endpoint), { cursor, now: timestamp(NOW + 19 * HOUR) })).toEqual([])
  expect(asked).toEqual([])
  expect(await poll(source(endpoint), { cursor, now: timestamp(NOW + 21 * HOUR) })).toHaveLength(2)
  expect(await poll(source(endpoint), { cursor: cursor.replace('eu-central-1', 'us-east-1') })).toHaveLength(
    2,
  )
})

test('what is refused says which permission is missing', async () => {
  await expect(poll(source(await serving(true)))).rejects.toThrow('the credentials need pricing:GetProducts')
})

test.for([
  ['no JSON', '{'],
  ['no terms', '{"product":{"sku":"a","attributes":{}}}'],
  ['other money', product({ usagetype: 'Requests-Tier1' }, '1').replaceAll('USD', 'CNY')],
  [
    'a gap between tiers',
    product({ usagetype: 'Requests-Tier1' }, [
      ['0', '10', '1'],
      ['20', 'Inf', '1'],
    ]),
  ],
  ['no end', product({ usagetype: 'Requests-Tier1' }, [['0', '10', '1']])],
  ['a price that is none', product({ usagetype: 'Requests-Tier1' }, '-1')],
] as const)('%s: not understood', ([, text]) => {
  expect(priceOf(text, 'AmazonS3', 'eu-central-1')).toBeUndefined()
})

test('every meter that may be read is one of the price book', () => {
  const { lines } = JSON.parse(fs.readFileSync('prices/aws.json', 'utf8')) as {
    lines: Array<{ meter: string }>
  }
  const book = new Set(lines.map(({ meter }) => meter))
  expect(awsMeters.filter((meter) => !book.has(meter))).toEqual([])
})

const list = (lines: PriceListFact['lines']): PriceListFact => ({
  kind: 'price-list',
  id: 'us-east-1',
  source: 'aws-pricing',
  region: 'us-east-1',
  at: NOW,
  lines,
  missing: [],
})
const at = (meter: string, usd: number) => ({ meter, tiers: [{ upTo: null, usd }], sku: 's' })
const config = {
  region: 'us-east-1',
  basis: 'contracted' as const,
  overrides: { 'glue.dpu': 0.3 },
  refresh: true,
}

test('own rates go before the list, that before the book; what moved too far is not believed', () => {
  const known = factView([
    list([
      at('glue.dpu', 0.5),
      at('s3.GLACIER_IR.storage', 0.005),
      at('nat.hour', 4.5),
      at('ec2.m5.2xlarge.ondemand', 0.384),
    ]),
  ])
  const prices = loadPrices(config, known)

  expect(prices.price('glue.dpu')).toMatchObject({ usd: 0.3, basis: 'contracted' })
  expect(prices.price('s3.GLACIER_IR.storage')).toMatchObject({
    usd: 0.005,
    verified: true,
    asOf: '2026-11-22',
    basis: 'list',
  })
  expect(prices.price('nat.hour')).toMatchObject({ usd: 0.045, asOf: '2026-08-21' })
  expect(prices.price('ec2.m5.2xlarge.ondemand')).toMatchObject({ usd: 0.384, unit: 'hour' })
  expect(prices.refused).toEqual(['nat.hour in us-east-1: 4.5 is too far from 0.045 of the price book'])
})

test('a discount on the bill scales the list, and not own rates', () => {
  const line = {
    month: '2026-10',
    service: 'AmazonS3',
    region: 'us-east-1',
    resource: '',
    meter: 'TimedStorage-ByteHrs',
    unit: 'GB-Mo',
    category: 'Usage',
    currency: 'USD',
    quantity: 1,
    billed: 8,
    effective: 8,
    list: 10,
    rows: 1,
  } as const
  const bill: BillFact = {
    kind: 'bill',
    id: 'b',
    source: 'b',
    delivery: 'b',
    format: 'focus',
    at: NOW,
    lines: [
      line,
      { ...line, currency: 'EUR', effective: 1 },
      { ...line, service: 'AWSGlue', meter: 'ETL-DPU-Hour', effective: 5 },
    ],
    rows: 3,
    badRows: 0,
    linesFolded: 0,
    partial: [],
  }
  const prices = loadPrices(config, factView([bill]))

  expect(prices.price('s3.STANDARD.storage')).toMatchObject({ usd: 0.023 * 0.8, basis: 'effective' })
  expect(prices.price('s3.STANDARD.put')).toMatchObject({ usd: 0.005, basis: 'list' })
  expect(prices.price('glue.dpu')).toMatchObject({ usd: 0.3, basis: 'contracted' })
})
