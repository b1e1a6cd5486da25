// Exports as the providers shape them (FOCUS 1.0 and 1.2, CUR 2.0, the old CUR), written by hand: no bill of anybody.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import zlib from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { beforeEach, describe, expect, test } from 'vitest'
import { bill } from '../../../src/collectors/bill/bill.ts'
import type { BillFact } from '../../../src/model/bill.ts'
import type { Fact } from '../../../src/model/facts.ts'
import { MINUTE, timestamp } from '../../../src/model/units.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, poll, testIo } from '../connect.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bill-'))
})

const put = (name: string, body: string | Uint8Array): void => {
  const file = path.join(folder, name)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, body)
}
const touch = (name: string, seconds: number): void =>
  fs.utimesSync(path.join(folder, name), seconds, seconds)
const watch = (name = '') => connect(bill, { path: path.join(folder, name) }, testIo(folder))
const bills = (facts: readonly Fact[]): BillFact[] => facts.filter((fact) => fact.kind === 'bill')
const cursorOf = (facts: readonly Fact[]): string =>
  facts.findLast((fact) => fact.kind === 'cursor')?.value ?? ''

/** Columns in AWS's order are many: those that are read, among others, in any. */
const FOCUS = `BillingCurrency,BilledCost,ChargePeriodStart,ChargeCategory,EffectiveCost,ListCost,ContractedCost,ServiceName,x_ServiceCode,RegionId,ResourceId,x_UsageType,PricingQuantity,PricingUnit,Tags
USD,23.00,2026-10-01T00:00:00Z,Usage,23.00,23.00,23.00,Amazon Simple Storage Service,AmazonS3,us-east-1,arn:aws:s3:::lake,TimedStorage-ByteHrs,1000,GB-Mo,"{""team"": ""data,
platform""}"
USD,23.00,2026-10-02T00:00:00Z,Usage,20.00,23.00,23.00,Amazon Simple Storage Service,AmazonS3,us-east-1,arn:aws:s3:::lake,TimedStorage-ByteHrs,1000,GB-Mo,{}
USD,0,2026-10-01T00:00:00Z,Usage,4.10,6.80,6.80,Amazon Elastic Compute Cloud,AmazonEC2,us-east-1,i-0abc,BoxUsage:c5.4xlarge,10,Hrs,
USD,3.5,2026-10-01T00:00:00Z,Tax,3.5,3.5,3.5,Tax,,,,,,,
EUR,10,2026-10-01T00:00:00Z,Usage,10,10,10,Other Cloud,,eu-1,disk,disks,1,GB,
USD,none,2026-10-01T00:00:00Z,Usage,1,1,1,Broken,,,,,,,
`

test('FOCUS as CSV: added up by month, service, region, resource and meter', async () => {
  put('export.csv', FOCUS)
  await expect(
    `${JSON.stringify(
      bills(await poll(watch())).map((fact) => ({ ...fact, at: undefined })),
      null,
      2,
    )}\n`,
  ).toMatchFileSnapshot('golden/focus.json')
})

/** The old report's header, and lines of a Savings Plan: what is covered, taken back, and the plan's own fee. */
const CUR = `identity/LineItemId,lineItem/UsageStartDate,lineItem/LineItemType,lineItem/ProductCode,lineItem/UsageType,lineItem/ResourceId,lineItem/UsageAmount,lineItem/CurrencyCode,lineItem/UnblendedCost,pricing/publicOnDemandCost,pricing/unit,product/region,savingsPlan/SavingsPlanEffectiveCost,savingsPlan/TotalCommitmentToDate,savingsPlan/UsedCommitment,reservation/ReservationARN,reservation/EffectiveCost
a,2026-10-01T00:00:00Z,SavingsPlanCoveredUsage,AmazonEC2,EUC1-BoxUsage:c5.4xlarge,i-1,100,USD,77.6,77.6,Hrs,eu-central-1,50,,,,
b,2026-10-01T00:00:00Z,SavingsPlanNegation,AmazonEC2,EUC1-BoxUsage:c5.4xlarge,i-1,100,USD,-77.6,0,Hrs,eu-central-1,0,,,,
c,2026-10-01T00:00:00Z,SavingsPlanRecurringFee,ComputeSavingsPlans,ComputeSP:1yrNoUpfront,,1,USD,60,0,Hrs,eu-central-1,,60,50,,
d,2026-10-01T00:00:00Z,DiscountedUsage,AmazonEC2,EUC1-HeavyUsage:m5.xlarge,i-2,10,USD,0,2.3,Hrs,eu-central-1,,,,arn:ri,1.4
e,2026-10-01T00:00:00Z,Usage,AmazonS3,EUC1-Requests-Tier2,lake,500000,USD,0.21,0.21,Requests,eu-central-1,,,,,
f,2026-10-01T00:00:00Z,Fee,AmazonEC2,,,1,USD,100,0,,,,,,arn:ri,
`

test('the old CUR, gzipped in two members: cost is amortised', async () => {
  const [head, ...lines] = CUR.split(/(?<=\n)/)
  const body = Buffer.concat([zlib.gzipSync(head!), zlib.gzipSync(lines.join(''))])
  put('report/20261001-20261101/one/report-00001.csv.gz', body)
  const [fact] = bills(await poll(watch()))
  const rows = fact!.lines.map(({ service, meter, billed, effective, list, category }) =>
    [service, meter, category, billed, effective, list].join(' '),
  )

  expect([fact!.format, fact!.delivery, fact!.partial]).toEqual(['cur', 'report/20261001-20261101', []])
  expect(rows.toSorted()).toEqual([
    'AmazonEC2  Purchase 100 0 0',
    'AmazonEC2 EUC1-BoxUsage:c5.4xlarge Usage 0 50 77.6',
    'AmazonEC2 EUC1-HeavyUsage:m5.xlarge Usage 0 1.4 2.3',
    'AmazonS3 EUC1-Requests-Tier2 Usage 0.21 0.21 0.21',
    'ComputeSavingsPlans ComputeSP:1yrNoUpfront Purchase 60 10 0',
  ])
})

test('FOCUS as Parquet: times and decimals as their types say', async () => {
  const start = new Date('2026-10-03T00:00:00Z')
  put(
    'data/BILLING_PERIOD=2026-10/part-1.snappy.parquet',
    new Uint8Array(
      parquetWriteBuffer({
        schema: [
          { name: 'root', num_children: 7 },
          {
            name: 'ChargePeriodStart',
            type: 'INT64',
            repetition_type: 'REQUIRED',
            converted_type: 'TIMESTAMP_MILLIS',
          },
          {
            name: 'BilledCost',
            type: 'INT32',
            repetition_type: 'REQUIRED',
            converted_type: 'DECIMAL',
            scale: 2,
            precision: 9,
          },
          {
            name: 'EffectiveCost',
            type: 'FIXED_LEN_BYTE_ARRAY',
            type_length: 16,
            repetition_type: 'OPTIONAL',
            converted_type: 'DECIMAL',
            scale: 10,
            precision: 38,
          },
          { name: 'ListCost', type: 'DOUBLE', repetition_type: 'OPTIONAL' },
          { name: 'ServiceName', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED', converted_type: 'UTF8' },
          { name: 'SkuMeter', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL', converted_type: 'UTF8' },
          { name: 'ChargeCategory', type: 'BYTE_ARRAY', repetition_type: 'REQUIRED', converted_type: 'UTF8' },
        ],
        columnData: [
          { name: 'ChargePeriodStart', data: [start, start, start] },
          { name: 'BilledCost', data: [1.5, 2, -1] },
          { name: 'EffectiveCost', data: [1.25, 2, -1] },
          { name: 'ListCost', data: [1.5, 2.5, 0] },
          { name: 'ServiceName', data: ['AWS Glue', 'AWS Glue', 'AWS Glue'] },
          { name: 'SkuMeter', data: ['ETL-DPU-Hour', 'ETL-DPU-Hour', null] },
          { name: 'ChargeCategory', data: ['Usage', 'Usage', 'Credit'] },
        ],
      }),
    ),
  )
  const [fact] = bills(await poll(watch()))

  expect(fact!.lines).toMatchObject([
    {
      month: '2026-10',
      service: 'AWSGlue',
      meter: 'ETL-DPU-Hour',
      billed: 3.5,
      effective: 3.25,
      list: 4,
      rows: 2,
    },
    { meter: '', category: 'Credit', billed: -1, effective: -1, rows: 1 },
  ])
})

describe('deliveries', () => {
  const row = (cost: number, month = '2026-10') =>
    `ChargePeriodStart,BilledCost,ServiceName\n${month}-01,${cost},S\n`
  const costs = (facts: readonly Fact[]) =>
    bills(facts).map(({ delivery, lines }) => [delivery, lines.reduce((sum, { billed }) => sum + billed!, 0)])

  test('a period delivered again is replaced, and not read when nothing changed', async () => {
    put('d/BILLING_PERIOD=2026-10/a.csv', row(1))
    put('d/BILLING_PERIOD=2026-10/b.csv', row(2))
    const source = watch()
    const first = await poll(source)
    expect(costs(first)).toEqual([['d/BILLING_PERIOD=2026-10', 3]])
    expect(await poll(source, { cursor: cursorOf(first) })).toEqual([])

    fs.rmSync(path.join(folder, 'd/BILLING_PERIOD=2026-10/b.csv'))
    put('d/BILLING_PERIOD=2026-10/a.csv', row(10))
    // A restart knows from its cursor what it has read.
    expect(costs(await poll(watch(), { cursor: cursorOf(first) }))).toEqual([
      ['d/BILLING_PERIOD=2026-10', 10],
    ])
  })

  test('of deliveries kept side by side the newest counts', async () => {
    put('r/20261001-20261101/old/r-1.csv', row(1))
    put('r/20261001-20261101/new/r-1.csv', row(5))
    touch('r/20261001-20261101/old/r-1.csv', 1_000)
    expect(costs(await poll(watch()))).toEqual([['r/20261001-20261101', 5]])
  })

  test('what is taken away is told as nothing', async () => {
    put('a.csv', row(1))
    const first = await poll(watch())
    fs.rmSync(path.join(folder, 'a.csv'))
    put('b.csv', row(2))
    expect(costs(await poll(watch(), { cursor: cursorOf(first) }))).toEqual([
      ['a.csv', 0],
      ['b.csv', 2],
    ])
  })

  test('what is broken is not read again and again, but once it looks different', async () => {
    put('a.csv', 'a,b\n1,2\n')
    const source = watch()
    const first = await poll(source)
    expect(first.filter(({ kind }) => kind === 'problem')).toHaveLength(1)
    // Read again it would be a problem since then.
    expect(await poll(source, { now: timestamp(NOW + MINUTE) })).toEqual(first)

    put('a.csv', row(4))
    expect(costs(await poll(source))).toEqual([['a.csv', 4]])
  })

  test('deliveries beyond the newest are kept as they were told, not taken back', async () => {
    for (let i = 0; i < 121; i++) {
      put(`${i}.csv`, row(1))
      touch(`${i}.csv`, 1_000_000 + i)
    }
    const first = await poll(watch())
    put('new.csv', row(1))
    const next = await poll(watch(), { cursor: cursorOf(first) })
    expect(costs(next)).toEqual([['new.csv', 1]])
    expect(next.filter(({ kind }) => kind === 'problem')).toMatchObject([{ reason: 'too-large' }])
  })

  test('a folder that holds nothing is a problem, and takes nothing back', async () => {
    put('a.csv', row(1))
    const first = await poll(watch())
    fs.rmSync(path.join(folder, 'a.csv'))
    const empty = await poll(watch(), { cursor: cursorOf(first) })
    expect(empty).toMatchObject([{ kind: 'problem', reason: 'missing' }])
  })

  test('one file may be named', async () => {
    put('a.csv', row(1))
    put('b.csv', row(2))
    expect(costs(await poll(watch('b.csv')))).toEqual([['b.csv', 2]])
  })

  test('half a bill is none: what was told before stays, with a problem', async () => {
    const whole = zlib.gzipSync(row(1) + `2026-10-01,1,S\n`.repeat(5_000))
    put('p/BILLING_PERIOD=2026-10/a.csv.gz', whole.subarray(0, whole.length - 20))
    put('p/BILLING_PERIOD=2026-10/b.csv', row(2))
    put('other.csv', 'a,b\n1,2\n')
    put('fine.csv', row(7))
    const facts = await poll(watch())

    expect(costs(facts)).toEqual([['fine.csv', 7]])
    expect(facts.filter(({ kind }) => kind === 'problem')).toMatchObject([
      { reason: expect.stringMatching(/corrupt|unsupported/) as string },
      { reason: expect.stringMatching(/corrupt|unsupported/) as string },
    ])
  })
})

test('resources are given up before meters, meters before services, and no cost is lost', async () => {
  const rows = Array.from(
    { length: 6_000 },
    (_, i) => `2026-10-01,${i},S,r${i},${i < 3_000 ? 'one' : `m${i}`},1`,
  )
  put(
    'many.csv',
    ['ChargePeriodStart,BilledCost,ServiceName,ResourceId,SkuMeter,PricingQuantity', ...rows, ''].join('\n'),
  )
  const [fact] = bills(await poll(watch()))
  const folded = fact!.lines.filter(({ resource }) => resource === '(rest)')

  expect(fact!.lines.reduce((sum, { billed }) => sum + billed!, 0)).toBe((5_999 * 6_000) / 2)
  expect(folded.find(({ meter }) => meter === '(rest)')?.quantity).toBeNull()
  expect([folded.length, new Set(folded.map(({ service }) => service))]).toEqual([501, new Set(['S'])])
})

test('many lines: the largest are kept, and no cost is lost', async () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => `2026-10-01,${i / 100},S${i % 3},r${i}`)
  put('many.csv', ['ChargePeriodStart,BilledCost,ServiceName,ResourceId', ...rows, ''].join('\n'))
  const [fact] = bills(await poll(watch()))
  const total = fact!.lines.reduce((sum, { billed }) => sum + billed!, 0)

  expect([fact!.lines.length, fact!.linesFolded, fact!.rows]).toEqual([1_003, 2_000, 3_000])
  expect(total).toBeCloseTo((2_999 * 3_000) / 200, 6)
  expect(fact!.lines.slice(1_000).map(({ resource, rows: folded }) => [resource, folded])).toEqual(
    Array.from({ length: 3 }, () => ['(rest)', expect.closeTo(667, -1)]),
  )
})
