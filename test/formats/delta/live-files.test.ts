// The live files' table against a plain map, and the keys of paths.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LiveFiles } from '../../../src/formats/delta/live-files.ts'
import { type PathKey, keyOfPath, keyOfPathBytes, keyOfVector } from '../../../src/formats/delta/path-key.ts'
import { PartitionIds } from '../../../src/formats/delta/partition-values.ts'

const ROOT = 's3://lake/orders'
const key = (path: string): PathKey => {
  const into = { high: 0, low: 0 }
  keyOfPath(path, ROOT, into)
  return into
}

test('behaves as a map of (path, vector)', () => {
  // Few low halves, so that the runs in the table become long and are torn by removals.
  const place = fc.record({ high: fc.nat(3), low: fc.nat(6), vector: fc.nat(2) })
  const steps = fc.array(fc.tuple(fc.boolean(), place, fc.nat(1_000)), { maxLength: 700 })
  fc.assert(
    fc.property(steps, (all) => {
      const files = new LiveFiles()
      const model = new Map<string, number>()
      for (const [isAdd, { high, low, vector }, size] of all) {
        const id = `${high}/${low}/${vector}`
        if (isAdd) {
          files.add({ high, low }, vector, { size, rows: 1, deleted: 0, partition: 0, eventTime: 0 })
          model.set(id, size)
        } else {
          expect(files.remove({ high, low }, vector)?.size).toBe(model.get(id))
          model.delete(id)
        }
        const paths = [...model.keys()].map((one) => one.slice(0, one.lastIndexOf('/')))
        expect(files.hasPath(high, low)).toBe(paths.includes(`${high}/${low}`))
      }
      const ascending = (values: Iterable<number>): number[] => [...values].toSorted((a, b) => a - b)
      expect(ascending(files.sizes)).toEqual(ascending(model.values()))
    }),
    { numRuns: 60 },
  )
})

test('grows beyond its first size and keeps all', () => {
  const files = new LiveFiles()
  for (let i = 0; i < 5_000; i++) {
    files.add(key(`f${i}`), 0, { size: i, rows: 1, deleted: 0, partition: 0, eventTime: 0 })
  }
  for (let i = 0; i < 5_000; i += 2) files.remove(key(`f${i}`), 0)

  expect(files.count).toBe(2_500)
  expect(files.remove(key('f4999'), 0)?.size).toBe(4_999)
})

describe('keys', () => {
  test('text and bytes of a path have the same key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        // Lone surrogates have no UTF-8: a log cannot hold them.
        fc.pre(path.isWellFormed())
        const into = { high: 0, low: 0 }
        keyOfPathBytes(Buffer.from(path), ROOT, into)
        expect(into).toEqual(key(path))
      }),
    )
  })

  test('the spelling of a path does not matter', () => {
    expect(key('a%20b/%C3%BC')).toEqual(key('a b/ü'))
    expect(key(`${ROOT}/a`)).toEqual(key('a'))
    expect(key('100%')).toEqual(key('100%'))
    expect(key('s3://elsewhere/a')).not.toEqual(key('a'))
  })

  test('100,000 similar paths have different keys', () => {
    const keys = new Set<string>()
    for (let i = 0; i < 100_000; i++) {
      const { high, low } = key(`day=2026-01-01/part-${i}.parquet`)
      keys.add(`${high}:${low}`)
    }
    expect(keys.size).toBe(100_000)
  })

  test('a deletion vector never has the key of none', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(keyOfVector(id)).toBeGreaterThan(0)
      }),
    )
  })
})

test('partitions: null, the text null and two columns are told apart', () => {
  const ids = new PartitionIds()
  ids.columns = ['a', 'b']
  const tuples = [
    ['1', null],
    ['1', 'null'],
    [null, '1'],
    ['11', ''],
    ['1', '1'],
  ] as const
  const given = tuples.map((values) => ids.idOf(values))

  expect(new Set(given).size).toBe(tuples.length)
  expect(tuples.map((values) => ids.idOf(values))).toEqual(given)
  expect(ids.nameOf(given[0]!)).toBe('a=1/b=null')
})
