// A bill set against what was measured: golden rows, and no dollar that is neither explained nor said to be unexplained.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ratesOf, reckon } from '../../src/bill/bill.ts'
import { createLog } from '../../src/io/log.ts'
import type { BillFact, BillLine } from '../../src/model/bill.ts'
import type { Fact } from '../../src/model/facts.ts'
import { DAY, GIB, HOUR, bytes, millis, timestamp } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { factView } from '../advisors/fact-view.ts'
import { aBucket } from '../advisors/worlds.ts'
import { anApplication } from '../model/an-application.ts'

const NOW = timestamp(Date.parse('2026-11-22T12:00:00Z'))
const RETENTION = { samples: millis(90 * DAY), commits: millis(400 * DAY), runs: millis(90 * DAY) }
const rates = ratesOf(JSON.parse(fs.readFileSync('prices/aws.json', 'utf8')))

const line = (more: Partial<BillLine>): BillLine => ({
  month: '2026-10',
  service: 'AmazonS3',
  region: 'us-east-1',
  resource: 'archive',
  meter: 'TimedStorage-ByteHrs',
  unit: 'GB-Mo',
  category: 'Usage',
  currency: 'USD',
  quantity: 1,
  billed: 1,
  effective: 1,
  list: 1,
  rows: 1,
  ...more,
})
const aBill = (lines: readonly BillLine[]): BillFact => ({
  kind: 'bill',
  id: 'bill/october',
  source: 'bill',
  delivery: 'october',
  format: 'focus',
  at: NOW,
  lines,
  rows: lines.length,
  badRows: 0,
  linesFolded: 0,
  partial: [],
})

/** A store that knows these facts, and `days` of October with so many GiB of the bucket in STANDARD. */
async function reckoned(facts: readonly Fact[], gib = 0, days = 0) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'reckon-'))
  await using store = await openStore({ directory, now: NOW, log: createLog('silent'), retention: RETENTION })
  const { source, bucket } = aBucket()
  const labels = { source, bucket, storage_class: 'STANDARD' }
  for (let day = 0; day < days; day++)
    store.series.append(
      'test',
      [{ name: 'tidemark_bucket_size_bytes', labels, value: gib * GIB }],
      timestamp(Date.UTC(2026, 9, 1 + day, 12)),
    )
  store.record(facts, NOW)
  return reckon(store, rates, 'us-east-1', NOW)
}

test('rows as text: explained, partly explained, not at all', async () => {
  const bill = aBill([
    // 1,000 GiB for the whole month, of which one day is not measured.
    line({ quantity: 1_000, billed: 23, effective: 23, list: 23 }),
    // Twice the hours that are known, at a commitment's price.
    line({
      service: 'AmazonEC2',
      meter: 'BoxUsage:m5.4xlarge',
      unit: 'Hrs',
      billed: 0,
      effective: 8,
      list: 15.36,
    }),
    line({
      service: 'AmazonS3',
      meter: 'DataTransfer-Out-Bytes',
      unit: 'GB',
      billed: 9,
      effective: 9,
      list: 9,
    }),
    line({ service: 'Tax', meter: '', category: 'Tax', billed: 4, effective: 4, list: null }),
    line({ currency: 'EUR', billed: 7 }),
  ])
  const job = anApplication({
    platform: 'ec2',
    instanceType: 'm5.4xlarge',
    at: timestamp(Date.UTC(2026, 9, 15)),
    executors: { coreTime: millis(160 * HOUR) },
  })
  const fact = await reckoned([aBucket({ region: 'us-east-1' }), bill, job], 1_000, 30)

  await expect(`${JSON.stringify({ ...fact, at: undefined }, null, 2)}\n`).toMatchFileSnapshot(
    'golden/reckoning.json',
  )
})

test.for<readonly [by: string, resource: string]>([
  ['an ARN', 'arn:aws:s3:::archive'],
  ['a name', 'archive'],
  ['nothing', ''],
])(
  'a bill that names a bucket by %s is explained by its daily metrics, also of days before we watched',
  ([, resource]) => {
    const october = Object.fromEntries(
      Array.from({ length: 31 }, (_, i) => [`2026-10-${`${i + 1}`.padStart(2, '0')}`, bytes(1_000 * GIB)]),
    )
    const bucket = aBucket({ daily: { STANDARD: { '2026-09-30': bytes(7 * GIB), ...october } } })
    const bill = aBill([line({ resource, quantity: 1_000, billed: 23, effective: 23, list: 23 })])
    const [row] = reckon(factView([bucket, bill]), rates, 'us-east-1', NOW)!.rows
    expect(row).toMatchObject({ from: '1000 GB-month of 1 bucket', calculated: 23, attributed: 23 })
    expect(row!.unattributed).toBeCloseTo(0, 9)
  },
)

test('of a day that metrics and samples tell the metrics count, and a bucket of two sources counts once', async () => {
  const daily = { STANDARD: { '2026-10-01': bytes(310 * GIB), '2026-10-31': bytes(310 * GIB) } }
  const buckets = [aBucket({ daily }), aBucket({ daily, source: 'x-other', id: 's3://archive#2' })]
  const fact = await reckoned([...buckets, aBill([line({ billed: 40, effective: 40, list: 40 })])], 31, 2)
  // Two days of 310 GiB, and the second of October with the 31 that were sampled.
  expect(fact?.rows[0]?.from).toBe('21 GB-month of 1 bucket')
  expect(fact?.notes).toContain(
    '2026-10: storage was measured on 3 of 31 days; the other days are not calculated',
  )
})

test('without a bill there is nothing to set against', async () => {
  expect(await reckoned([aBucket()])).toBeUndefined()
})

test('what is paid is what is attributed and what is not, whatever was measured', () => {
  const amount = fc.double({ min: -100, max: 1_000, noNaN: true })
  const lines = fc.array(
    fc.record({
      meter: fc.constantFrom('TimedStorage-ByteHrs', 'Requests-Tier1', 'other'),
      billed: amount,
      effective: fc.option(amount),
      list: fc.option(amount),
    }),
  )
  fc.assert(
    fc.property(lines, (some) => {
      const view = factView([aBill(some.map(line))])
      for (const row of reckon(view, rates, 'us-east-1', NOW)!.rows) {
        expect(row.attributed + row.unattributed).toBeCloseTo(row.effective ?? row.billed, 6)
        expect(row.attributed).toBeGreaterThanOrEqual(0)
      }
    }),
  )
})
