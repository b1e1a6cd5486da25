// The calculator against totals that others published: it must agree with them, not with us.
import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type MeterEvent, priceBill, ratesOf } from '../../src/bill/bill.ts'

const book = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../../prices/aws.json'), 'utf8')) as {
  lines: object[]
}

const rate = (meter: string, usd: number) => ({ region: 'us-east-1', meter, unit: 'unit', usd })
const used = (meter: string, quantity: number, resource = 'bucket'): MeterEvent => ({
  month: '2026-11-01',
  region: 'us-east-1',
  resource,
  meter: `s3.${meter}`,
  quantity,
})

describe('an S3 bill of every class, as infracost totals it', () => {
  // Rates that this published bill has beside those of our book: S3 Select, early deletes, another restore price.
  const rates = ratesOf({
    lines: [
      ...book.lines,
      rate('s3.STANDARD.select-scanned', 0.002),
      rate('s3.STANDARD.select-returned', 0.0007),
      rate('s3.IA.select-returned', 0.01),
      rate('s3.GLACIER.select-scanned', 0.008),
      rate('s3.GLACIER.select-scanned-expedited', 0.02),
      rate('s3.GLACIER.select-scanned-bulk', 0.001),
      rate('s3.GLACIER.select-returned-bulk', 0.0025),
      rate('s3.GLACIER.restore', 0.03),
    ],
  })
  const bills: Readonly<Record<string, readonly [total: number, ...events: readonly MeterEvent[]]>> = {
    standard: [
      257.054,
      used('STANDARD.storage', 10_000),
      used('STANDARD.put', 10),
      used('STANDARD.get', 10),
      used('STANDARD.select-scanned', 10_000),
      used('STANDARD.select-returned', 10_000),
    ],
    'intelligent tiering': [
      1_316.158,
      used('INTELLIGENT_TIERING.storage', 20_000),
      used('INTELLIGENT_TIERING.storage-infrequent', 20_000),
      used('INTELLIGENT_TIERING.storage-archive', 20_000),
      used('INTELLIGENT_TIERING.storage-deep-archive', 20_000),
      used('INTELLIGENT_TIERING.monitoring', 20),
      used('INTELLIGENT_TIERING.put', 20),
      used('INTELLIGENT_TIERING.get', 20),
      used('INTELLIGENT_TIERING.transition', 20),
      used('STANDARD.select-scanned', 20_000),
      used('STANDARD.select-returned', 20_000),
      // Early delete within 30 days.
      used('INTELLIGENT_TIERING.storage', 20_000),
    ],
    'infrequent access': [
      1_035.63,
      used('STANDARD_IA.storage', 30_000),
      used('STANDARD_IA.put', 30),
      used('STANDARD_IA.get', 30),
      used('STANDARD_IA.transition', 30),
      used('STANDARD_IA.retrieval', 30_000),
      used('STANDARD.select-scanned', 30_000),
      used('IA.select-returned', 30_000),
    ],
    'one zone': [
      1_280.84,
      used('ONEZONE_IA.storage', 40_000),
      used('ONEZONE_IA.put', 40),
      used('ONEZONE_IA.get', 40),
      used('ONEZONE_IA.transition', 40),
      used('ONEZONE_IA.retrieval', 40_000),
      used('STANDARD.select-scanned', 40_000),
      used('IA.select-returned', 40_000),
    ],
    glacier: [
      6_439.52,
      used('GLACIER.storage', 50_000),
      used('GLACIER.put', 50),
      used('GLACIER.get', 50),
      used('GLACIER.transition', 50),
      used('GLACIER.restore', 50),
      used('GLACIER.retrieval', 50_000),
      used('GLACIER.select-scanned', 50_000),
      used('IA.select-returned', 50_000),
      used('GLACIER.restore-expedited', 50),
      used('GLACIER.retrieval-expedited', 50_000),
      used('GLACIER.select-scanned-expedited', 50_000),
      used('GLACIER.retrieval-expedited', 50_000),
      used('GLACIER.select-scanned-bulk', 50_000),
      used('GLACIER.select-returned-bulk', 50_000),
      used('GLACIER.storage', 50_000),
    ],
    'deep archive': [
      1_482.324,
      used('DEEP_ARCHIVE.storage', 60_000),
      used('DEEP_ARCHIVE.put', 60),
      used('DEEP_ARCHIVE.get', 60),
      used('DEEP_ARCHIVE.transition', 60),
      used('DEEP_ARCHIVE.restore', 60),
      used('DEEP_ARCHIVE.retrieval', 60_000),
      used('DEEP_ARCHIVE.restore-bulk', 60),
      used('DEEP_ARCHIVE.retrieval-bulk', 60_000),
      used('DEEP_ARCHIVE.storage', 60_000),
    ],
  }

  test.for(Object.entries(bills))('%s', ([, [total, ...events]]) => {
    const { unpriced, total: priced } = priceBill(events, rates)
    expect(unpriced).toEqual([])
    expect(priced).toBeCloseTo(total, 2)
  })

  test('together $11,811.53', () => {
    const total = Object.values(bills)
      .map(([, ...events]) => priceBill(events, rates).total)
      .reduce((sum, one) => sum + one, 0)
    expect(total.toFixed(2)).toBe('11811.53')
  })
})

test('restoring 15 million objects of 100 TB costs $1,774', () => {
  const bill = priceBill([used('GLACIER.restore', 15_000), used('GLACIER.retrieval', 102_400)], ratesOf(book))
  expect(bill.total).toBeCloseTo(1_774, 6)
})

test('an m5.xlarge and a c5.4xlarge hour of EMR is the machine and a quarter of it', () => {
  const rates = ratesOf(book)
  const hour = (meter: string): number =>
    priceBill([{ month: '2026-11-01', region: 'us-east-1', resource: 'c', meter, quantity: 1 }], rates).total
  expect(hour('emr.m5.xlarge.uplift')).toBeCloseTo(hour('ec2.m5.xlarge.ondemand') * 0.25, 6)
  expect(hour('emr.c5.4xlarge.uplift')).toBeCloseTo(hour('ec2.c5.4xlarge.ondemand') * 0.25, 6)
})

/**
 * Every amount that the tests of aws-samples/aws-emr-advisor fix (AwsCostsTest at 2b42ead), from use alone. Its tests of
 * whole runs cannot be reproduced: the totals of AppOptimizerAnalyzerTest are core seconds of its own simulation, and
 * commented out there; EmrServerlessEnvTest tests worker sizes and no money.
 */
describe('what aws-emr-advisor fixes in its tests', () => {
  // It takes its spot discount and a price of a GB-month as arguments.
  const rates = ratesOf({
    lines: [...book.lines, rate('ec2.m5.xlarge.spot', 0.192 * (1 - 0.2)), rate('ebs.gp2', 0.1)],
  })
  type Use = readonly [meter: string, quantity: number]
  test.for<readonly [what: string, total: number, digits: number, uses: readonly Use[]]>([
    ['10 m5.xlarge for 2 hours', 3.84, 9, [['ec2.m5.xlarge.ondemand', 10 * 2]]],
    ['the same on spot at 20 % off', 3.072, 9, [['ec2.m5.xlarge.spot', 10 * 2]]],
    // It fixes 3.334 within a thousandth.
    ['2,000 GB of EBS for 12 of the 720 hours of its month', 3.334, 2, [['ebs.gp2', (2_000 * 12) / 720]]],
    ["EMR's own price of 5 m5.xlarge for 2 hours", 0.48, 9, [['emr.m5.xlarge.uplift', 5 * 2]]],
    [
      '100 vCPU and 300 GB on EKS for 2 hours',
      2.6908,
      3,
      [
        ['emr-eks.vcpu', 100 * 2],
        ['emr-eks.memory', 300 * 2],
      ],
    ],
    [
      '100 vCPU and 750 GB on EMR Serverless for an hour',
      9.596275,
      9,
      [
        ['emr-serverless.vcpu', 100],
        ['emr-serverless.memory', 750],
      ],
    ],
  ])('%s', ([, total, digits, uses]) => {
    const where = { month: '2026-11-01', region: 'us-east-1', resource: 'job' }
    const bill = priceBill(
      uses.map(([meter, quantity]) => ({ ...where, meter, quantity })),
      rates,
    )
    expect(bill.unpriced).toEqual([])
    expect(bill.total).toBeCloseTo(total, digits)
  })
})

test('tiers count the whole account, and every resource pays the average', () => {
  const { rows, total } = priceBill(
    [used('STANDARD.storage', 51_200, 'a'), used('STANDARD.storage', 51_200, 'b')],
    ratesOf(book),
  )
  expect(total).toBeCloseTo(51_200 * 0.023 + 51_200 * 0.022, 6)
  expect(rows.map(({ BilledCost }) => BilledCost)).toEqual([rows[0]!.BilledCost, rows[0]!.BilledCost])
})

test('a bill adds up, whatever the order and however events are split', () => {
  const meter = fc.constantFrom('STANDARD.storage', 'STANDARD.put', 'GLACIER.storage')
  const event = fc.record({
    meter,
    quantity: fc.integer({ min: 0, max: 600_000 }),
    resource: fc.constantFrom('a', 'b'),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), (list) => {
      const events = list.map(({ meter: name, quantity, resource }) => used(name, quantity, resource))
      const halves = events.flatMap((one) => [
        { ...one, quantity: one.quantity / 2 },
        { ...one, quantity: one.quantity / 2 },
      ])
      const whole = priceBill(events, ratesOf(book))
      const split = priceBill(halves.toReversed(), ratesOf(book))
      expect(split.total).toBeCloseTo(whole.total, 4)
      expect(whole.rows.every((row) => row.ListCost === row.ListUnitPrice * row.PricingQuantity)).toBe(true)
    }),
  )
})

test('a meter without a rate is said, not counted as free', () => {
  const bill = priceBill([used('STANDARD.teleport', 3)], ratesOf(book))
  expect(bill.unpriced).toHaveLength(1)
  expect(bill.rows).toEqual([])
})
