// What is given to paste: it must mean in its engine what it says, whatever tables and columns are called.
import { describe, expect, test } from 'vitest'
import {
  clusterBy,
  compact,
  expireSnapshots,
  repartition,
  setProperties,
  undoRepartition,
} from '../../src/advisors/layout/statements.ts'
import { aTable } from '../model/a-table.ts'

const iceberg = (table = 'gold/orders') =>
  aTable({ format: 'iceberg', table, clustering: [], zOrder: [], sortOrder: [] })

describe('strings of Spark escape with a backslash: doubled quotes are two strings put together', () => {
  test.each([
    ["gold/o'r", String.raw`'gold.o\'r'`],
    // It would take the closing quote away.
    ['gold/o\\', String.raw`'gold.o\\'`],
    ["gold/o\\'; DROP TABLE x; --", String.raw`'gold.o\\\'; DROP TABLE x; --'`],
  ])('%s', (name, literal) => expect(compact(iceberg(name)).sql).toContain(`table => ${literal}`))

  test('values of properties too, but not those of Trino', () => {
    const table = aTable({ properties: { a: "it's" } })
    expect(setProperties(table, { a: 'b' }).undo).toContain(String.raw`'a' = 'it\'s'`)
    const { otherForms } = clusterBy(iceberg(), ["o'r"])
    expect(otherForms[0]!.text).toContain("ARRAY['o''r']")
  })
})

test('the arguments of a procedure of Iceberg are literals: no time is counted in them', () => {
  const { sql } = expireSnapshots(iceberg(), { days: 5, least: 1 })
  expect(sql).toBe("CALL my_catalog.system.expire_snapshots(table => 'gold.orders', retain_last => 1);")
})

describe('columns', () => {
  test('a nested one is a path', () => {
    const table = aTable({ clustering: [], zOrder: [] })
    expect(clusterBy(table, ['meta.id']).sql).toContain('ZORDER BY (`meta`.`id`)')
    expect(clusterBy(iceberg(), ['meta.id']).sql).toContain('WRITE ORDERED BY `meta`.`id`')
  })

  test('a sort order quotes what is no plain word', () => {
    expect(clusterBy(iceberg(), ['order id']).sql).toContain("sort_order => '`order id` ASC NULLS LAST'")
    expect(clusterBy(iceberg(), ['a', 'b,c']).sql).toContain("sort_order => 'zorder(a, `b,c`)'")
  })
})

describe('other partitions', () => {
  test('a coarser column of a Delta table is made before it is partitioned by', () => {
    const table = aTable({ format: 'delta' })
    const { sql, preconditions } = repartition(table, { from: 'dt', to: 'dt_month', cluster: ['region'] })
    expect(sql).toBe(
      [
        'CREATE OR REPLACE TABLE delta.`s3://lake/gold/orders` USING DELTA PARTITIONED BY (`dt_month`, `region`)',
        "  AS SELECT *, CAST(date_trunc('month', `dt`) AS DATE) AS `dt_month` FROM delta.`s3://lake/gold/orders`;",
      ].join('\n'),
    )
    expect(preconditions.join()).toContain('properties')
  })

  test.each([
    [{ from: 'hour(ts)', to: 'day(ts)' }, 'REPLACE PARTITION FIELD day(`ts`) WITH hour(`ts`);'],
    [{ from: 'x; DROP TABLE y', to: null }, 'ADD PARTITION FIELD `x; DROP TABLE y`;'],
  ])('%j is undone', (change, undo) =>
    expect(undoRepartition(iceberg(), { ...change, cluster: [] })).toBe(
      `ALTER TABLE my_catalog.\`gold\`.\`orders\` ${undo}`,
    ),
  )
})

test.each(['100%', 'a%20b', '50% off'])('a folder called %j is that folder', (folder) => {
  const table = aTable({ name: `gold/${folder}`, location: `s3://lake/gold/${folder}` })
  expect(compact(table).sql).toContain(`delta.\`s3://lake/gold/${folder}\``)
})
