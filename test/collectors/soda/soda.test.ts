import { expect, test } from 'vitest'
import { checksOf } from '../../../src/collectors/soda/scan-results.ts'
import type { JsonObject } from '../../../src/formats/json.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { NOW } from '../../model/a-table.ts'

const read = (json: JsonObject) => [
  ...checksOf(
    { key: 'a.json', url: 's3://soda/a.json', modified: NOW, json },
    { source: 'soda', namespace: 'soda', datasets: {} },
  ),
]

test('a scan is a check per check, an outcome that is missing an error', () => {
  const checks = read({
    scanEndTimestamp: '2026-11-22T12:00:00+00:00',
    defaultDataSource: 'shop',
    checks: [
      {
        name: 'rows',
        table: 'orders',
        outcome: 'pass',
        type: 'generic',
        definition: 'row_count > 0',
        diagnostics: { value: 7 },
      },
      { name: 'ids', table: 'orders', column: 'id', outcome: 'fail' },
      { name: 'late', table: 'orders', outcome: 'warn' },
      { name: 'broken', table: 'orders', outcome: null },
    ],
  })

  expect(
    checks.map(({ check, result, dataset, observed, at }) => [check, result, dataset, observed, at]),
  ).toEqual([
    ['rows', 'pass', 'shop.orders', '7', NOW],
    ['ids', 'fail', 'shop.orders', null, NOW],
    ['late', 'warn', 'shop.orders', null, NOW],
    ['broken', 'error', 'shop.orders', null, NOW],
  ])
})

test('a file that is no scan is a typed problem', () => {
  expect(() => read({ a: 1 })).toThrow(SourceError)
})
