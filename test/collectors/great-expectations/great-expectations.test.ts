import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { greatExpectations } from '../../../src/collectors/great-expectations/great-expectations.ts'
import { checksOf } from '../../../src/collectors/great-expectations/validation.ts'
import type { JsonObject } from '../../../src/formats/json.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { DAY, timestamp } from '../../../src/model/units.ts'
import { memory } from '../../ledger/memory.ts'
import { printLedger } from '../../ledger/print.ts'
import { NOW } from '../../model/a-table.ts'
import { connect, poll } from '../connect.ts'

const recorded = path.join(import.meta.dirname, 'recorded')
const later = timestamp(Date.now() + DAY)
const read = (json: unknown, datasets: Record<string, string> = {}) => [
  ...checksOf(
    {
      key: 'a.json',
      url: 's3://gx/a.json',
      modified: NOW,
      json: JSON.parse(JSON.stringify(json)) as JsonObject,
    },
    { source: 'gx', namespace: 'great-expectations', datasets },
  ),
]

test.each(['gx1', 'gx018'])('what the real %s writes', async (version) => {
  const known = memory()
  known.take(await poll(connect(greatExpectations, { path: path.join(recorded, version) }), { now: later }))

  await expect(printLedger(known)).toMatchFileSnapshot(`golden/${version}.txt`)
})

const result = (change: object = {}) => ({
  success: true,
  expectation_config: { type: 'expect_x', kwargs: { column: 'a' } },
  result: {},
  exception_info: { raised_exception: false },
  ...change,
})
const validation = (...results: object[]) => ({
  success: true,
  suite_name: 'q',
  meta: {
    run_id: { run_time: '2026-11-22T12:00:00+00:00' },
    active_batch_definition: { datasource_name: 'shop', data_asset_name: 'orders' },
  },
  results,
})

describe('a validation result', () => {
  test('names the dataset that the configuration says it is', () => {
    expect(read(validation(result()), { 'shop.orders': 's3://lake/gold/orders' })).toMatchObject([
      { datasetId: 's3://lake/gold/orders', dataset: 'gold/orders', at: NOW },
    ])
  })

  test('names the place that its batch was read from', () => {
    const one = validation(result())
    const meta = { ...one.meta, batch_spec: { path: 's3a://lake/raw/orders/day=1/part.csv' } }

    expect(read({ ...one, meta })).toMatchObject([{ datasetId: 's3://lake/raw/orders/part.csv' }])
  })

  test('of the same expectation with other arguments is another check', () => {
    const config = (value: number) => ({ type: 'expect_x', kwargs: { column: 'a', value, batch_id: 'b' } })
    const ids = read(
      validation(result({ expectation_config: config(1) }), result({ expectation_config: config(2) })),
    ).map((check) => check.id)

    expect(new Set(ids).size).toBe(2)
  })

  test('holds no samples of rows', () => {
    const sampled = result({
      success: false,
      result: { unexpected_count: 1, element_count: 4, partial_unexpected_list: ['secret'] },
    })

    expect(JSON.stringify(read(validation(sampled)))).not.toContain('secret')
    expect(read(validation(sampled))).toMatchObject([
      { observed: '1 of 4 unexpected', failing: 1, result: 'fail' },
    ])
  })

  test('of a whole checkpoint is read as all of them', () => {
    expect(
      read({ run_results: { a: { validation_result: validation(result()) }, b: validation(result()) } }),
    ).toHaveLength(2)
  })

  test('that is none is a typed problem', () => {
    expect(() => read({ hello: 1 })).toThrow(SourceError)
  })

  test('whatever it holds, only typed errors come out', () => {
    fc.assert(
      fc.property(fc.record({ results: fc.array(fc.anything()), meta: fc.anything() }), (json) => {
        try {
          read({ ...json, meta: { ...(json.meta as object), run_id: { run_time: '2026-11-22T12:00:00Z' } } })
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError)
        }
      }),
    )
  })
})

test('a restart goes on where it was: old files are not read again', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gx-'))
  const put = (name: string, age: number) => {
    fs.writeFileSync(path.join(folder, name), JSON.stringify(validation(result())))
    fs.utimesSync(path.join(folder, name), new Date(NOW - age), new Date(NOW - age))
  }
  put('old.json', 3 * DAY)
  put('new.json', 0)
  const first = await poll(connect(greatExpectations, { path: folder }))
  const cursor = first.find((fact) => fact.kind === 'cursor')!.value
  const again = await poll(connect(greatExpectations, { path: folder }), { cursor })
  fs.rmSync(folder, { recursive: true })

  expect(first.filter((fact) => fact.kind === 'check-report')).toHaveLength(2)
  expect(again.filter((fact) => fact.kind === 'check-report')).toHaveLength(1)
})
