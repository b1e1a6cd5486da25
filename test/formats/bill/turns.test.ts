// Large bills give others their turn: a million rows are not gone through in one go.
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import type { Charge } from '../../../src/formats/bill/charges.ts'
import { parquetRows } from '../../../src/formats/bill/parquet-rows.ts'
import { BillTally } from '../../../src/formats/bill/tally.ts'
import { bytesOf } from '../../../src/model/bytes.ts'

const ROWS = 20_000

test('rows of one Parquet group', async () => {
  const body = parquetWriteBuffer({
    columnData: [
      { name: 'ChargePeriodStart', data: Array<string>(ROWS).fill('2026-10-01'), type: 'STRING' },
      { name: 'BilledCost', data: Array<number>(ROWS).fill(1), type: 'DOUBLE' },
    ],
    rowGroupSize: ROWS,
  })
  const rows = await parquetRows(bytesOf('a.parquet', new Uint8Array(body)))
  let inOneGo = 0
  let most = 0
  let all = 0
  const pause = async () => {
    inOneGo = 0
  }
  await rows.each(() => {
    all += 1
    inOneGo += 1
    most = Math.max(most, inOneGo)
  }, pause)

  expect(all).toBe(ROWS)
  expect(most).toBeLessThanOrEqual(5_000)
})

test('lines that are folded, of which the largest stay, and of equals the first', async () => {
  const tally = new BillTally()
  const charge = (resource: number, billed: number): Charge => ({
    month: '2026-10',
    service: 'S',
    region: '',
    resource: `r${resource}`,
    meter: 'm',
    unit: '',
    category: 'Usage',
    currency: 'USD',
    quantity: 1,
    billed,
    effective: billed,
    list: billed,
  })
  for (let i = 0; i < ROWS; i++) tally.add(charge(i, i % 100 === 0 ? i + 1 : 0))
  let turns = 0
  const { lines, linesFolded } = await tally.result(async () => void (turns += 1))
  const kept = lines.slice(0, 1_000).map(({ resource }) => Number(resource.slice(1)))

  expect(turns).toBeGreaterThan(4)
  expect([lines.length, linesFolded]).toEqual([1_001, ROWS - 1_000])
  expect(kept.slice(0, 200)).toEqual(Array.from({ length: 200 }, (_, i) => ROWS - 100 * (i + 1)))
  expect(Math.max(...kept.slice(200))).toBeLessThan(1_000)
  expect(lines.reduce((sum, { rows }) => sum + rows, 0)).toBe(ROWS)
})
