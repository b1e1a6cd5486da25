// The arithmetic of overlapping files against counting by hand, and the simulated sort on tables whose answer is known.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bound, type SampledFile, ranksOf } from '../../src/formats/bound-ranks.ts'
import { columnsToAsk } from '../../src/formats/skipping-columns.ts'
import { depthsOf, scanned, skippingOf } from '../../src/formats/skipping.ts'

const file = (low: Bound, high: Bound, partition = 0, size = 100): SampledFile => ({
  size,
  partition,
  bounds: [low, high],
})

/** Of one column; all files are in the sample. */
const skipping = (files: readonly SampledFile[], target = 100, of = files.length) => {
  const partitionBytes = new Float64Array(1 + Math.max(...files.map(({ partition }) => partition)))
  for (const { partition, size } of files) partitionBytes[partition]! += (size * of) / files.length
  const columns = [{ name: 'x', type: 'long', distinct: null }]
  return skippingOf({ files, of, columns, omitted: 0, partitionBytes, target })
}

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))

describe('tables whose answer is known', () => {
  test('sorted: no two files overlap', () => {
    const [column] = skipping(times(100, (i) => file(i * 10, i * 10 + 9)))!.columns
    expect(column).toMatchObject({
      unbounded: 0,
      depth: { average: 1, p90: 1 },
      distinct: { atLeast: 200, atMost: 1_000 },
    })
    expect(column?.now.equality).toBeCloseTo(0.01, 12)
    expect(column?.sorted.equality).toBeCloseTo(0.01, 12)
  })

  test('shuffled: every file holds everything, and a sort leaves one in a hundred', () => {
    const [column] = skipping(times(100, (i) => file(i, 1_000_000 - i)))!.columns
    expect(column?.depth).toEqual({ average: 100, p90: 100 })
    expect(column?.now).toEqual({ equality: 1, range: 1 })
    expect(column?.sorted.equality).toBeCloseTo(0.01, 12)
    // ceil(0.01 · 100) + 1 files; Z-order with one other column: 1 of 10 ranges, ceil(0.01 · 10) + 1 of 10.
    expect(column?.sorted.range).toBeCloseTo(0.02, 12)
    expect(column?.zOrdered.equality).toBeCloseTo(0.1, 12)
    expect(column?.zOrdered.range).toBeCloseTo(0.2, 12)
  })

  test('a rewrite into files of the target: 100 of 100 become 10 of 1,000', () => {
    const [column] = skipping(
      times(100, (i) => file(i, 1_000_000 - i)),
      1_000,
    )!.columns
    expect(column?.sorted.equality).toBeCloseTo(0.1, 12)
  })

  test('a value that only one partition reaches is read in one partition', () => {
    const inPartition = (i: number, partition: number): SampledFile =>
      file(partition * 1_000 + i, partition * 1_000 + 900 - i, partition)
    const files = times(100, (i) => inPartition(i % 10, Math.floor(i / 10)))
    const [column] = skipping(files)!.columns
    expect(column?.depth.average).toBe(10)
    expect(column?.now.equality).toBeCloseTo(0.1, 12)
    expect(column?.sorted.equality).toBeCloseTo(0.01, 12)
  })

  test('a value that every partition holds is read in each of them', () => {
    const [column] = skipping(times(100, (i) => file(0, 1_000_000, i % 10)))!.columns
    expect(column?.depth.average).toBe(10)
    expect(column?.sorted.equality).toBeCloseTo(0.1, 12)
  })

  test('files without bounds are always read', () => {
    const files = [...times(50, (i) => file(i, i)), ...times(50, () => file(null, null))]
    const [column] = skipping(files)!.columns
    expect(column?.unbounded).toBe(0.5)
    expect(column?.depth.average).toBe(51)
    expect(column?.now.equality).toBeCloseTo(0.51, 12)
  })

  test('a sample stands for all: what overlaps is scaled, what a file is by itself is not', () => {
    const [alone] = skipping(
      times(100, (i) => file(i * 10, i * 10 + 9)),
      100,
      10_000,
    )!.columns
    expect(alone?.depth.average).toBe(1)
    const [together] = skipping(
      times(100, () => file(0, 9)),
      100,
      10_000,
    )!.columns
    expect(together?.depth.average).toBeCloseTo(10_000, 9)
  })

  test('bounds that crowd at both ends: the middle of the values counts, not that of the bounds', () => {
    const [column] = skipping(times(100, (i) => file((i * 37) % 100, 1_000_000 - ((i * 61) % 100))))!.columns
    expect(column?.depth.average).toBe(100)
    expect(column?.now.equality).toBe(1)
  })

  test('a sentinel stretches nothing', () => {
    const sorted = times(99, (i) => file(i * 10, i * 10 + 9))
    const [column] = skipping([...sorted, file(990, 253_402_300_799_000)])!.columns
    expect(column?.depth.average).toBe(1)
  })

  test.for<[string, SampledFile[]]>([
    ['few files', times(15, (i) => file(i, i))],
    ['no bounds of the column', times(50, () => file(null, null))],
    ['no statistics', times(50, () => ({ size: 1, partition: 0, bounds: null }))],
    ['a minimum above its maximum', times(50, () => file(2, 1))],
    ['bounds of two kinds', times(50, () => file('a', 1))],
  ])('nothing is said of %s', ([, files]) => {
    expect(skipping(files)).toBeNull()
  })

  test('distinct values are counted by the bounds, or told by the format', () => {
    const two = times(40, () => file(0, 1))
    expect(skipping(two)?.columns[0]?.distinct).toEqual({ atLeast: 2, atMost: 2 })
    const told = skippingOf({
      files: two,
      of: 40,
      columns: [{ name: 'x', type: 'string', distinct: 7 }],
      omitted: 3,
      partitionBytes: Float64Array.of(4_000),
      target: 100,
    })
    expect(told?.columns[0]?.distinct).toEqual({ atLeast: 7, atMost: 7 })
    expect(told).toMatchObject({ files: 40, of: 40, outputs: 40, omitted: 3 })
  })
})

const someFile = fc.record({
  low: fc.integer({ min: -20, max: 20 }),
  length: fc.nat(15),
  partition: fc.nat(3),
  size: fc.integer({ min: 1, max: 50 }),
  known: fc.boolean(),
})
const someFiles = fc
  .array(someFile, { minLength: 1, maxLength: 60 })
  .map((files) =>
    files.map(({ low, length, partition, size, known }) =>
      known ? file(low, low + length, partition, size) : file(null, null, partition, size),
    ),
  )

describe('against counting every pair', () => {
  test('depth', () => {
    fc.assert(
      fc.property(someFiles, (files) => {
        const ranks = ranksOf(files, 0)
        const counted = ranks.bounded.map((one) => {
          const middle = ranks.middle[one]!
          return files.filter(
            ({ partition }, other) =>
              partition === files[one]!.partition &&
              (ranks.lower[other]! < 0 || (ranks.lower[other]! <= middle && ranks.upper[other]! >= middle)),
          ).length
        })
        expect([...depthsOf(files, ranks, 1)]).toEqual(counted.toSorted((a, b) => a - b))
      }),
    )
  })

  test('bytes that a filter reads', () => {
    const someQuery = fc.record({
      at: fc.integer({ min: 0, max: 90 }),
      width: fc.nat(10),
      weight: fc.integer({ min: 1, max: 9 }),
    })
    fc.assert(
      fc.property(someFiles, fc.array(someQuery, { minLength: 1, maxLength: 10 }), (files, asked) => {
        const ranks = ranksOf(files, 0)
        const bytes = files.reduce((sum, { size }) => sum + size, 0)
        const queries = asked.map(({ at, width, weight }) => ({ from: at / 2, to: (at + width) / 2, weight }))
        const read = queries.map(({ from, to }) =>
          files.reduce(
            (sum, { size }, i) =>
              ranks.lower[i]! < 0 || (ranks.lower[i]! <= to && ranks.upper[i]! >= from) ? sum + size : sum,
            0,
          ),
        )
        const weights = queries.reduce((sum, { weight }) => sum + weight, 0)
        const mean = queries.reduce((sum, { weight }, i) => sum + (weight * read[i]!) / bytes, 0) / weights
        expect(scanned(files, ranks, bytes, queries)).toBeCloseTo(mean, 9)
      }),
    )
  })

  test('ranks keep the order of numbers and texts', () => {
    const value = fc.oneof(fc.integer(), fc.double({ noNaN: true }))
    fc.assert(
      fc.property(fc.array(fc.oneof(value, value.map(String))), (values) => {
        const files = values.map((one) => file(one, one))
        const { bounded, lower } = ranksOf(files, 0)
        for (const a of bounded) {
          for (const b of bounded) {
            expect(Math.sign(lower[a]! - lower[b]!)).toBe(
              values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0,
            )
          }
        }
      }),
    )
  })

  test('shares are shares, whatever the files', () => {
    fc.assert(
      fc.property(someFiles, fc.integer({ min: 1, max: 500 }), (files, target) => {
        for (const { now, sorted, zOrdered, depth } of skipping(files, target)?.columns ?? []) {
          for (const share of [now, sorted, zOrdered].flatMap(({ equality, range }) => [equality, range])) {
            expect(share).toBeGreaterThan(0)
            expect(share).toBeLessThanOrEqual(1 + 1e-9)
          }
          expect(depth.average).toBeGreaterThanOrEqual(1)
          expect(depth.p90).toBeLessThanOrEqual(files.length)
        }
      }),
    )
  })
})

test('columns that somebody uses come first, then what looks like a key, then the schema', () => {
  const columns = ['a', 'b', 'customer_id', 'c', 'orderKey', 'd', 'e', 'f', 'ts', 'g'].map((name) => ({
    name,
  }))
  expect(columnsToAsk(columns, ['ts', 'gone']).map(({ name }) => name)).toEqual([
    'ts',
    'customer_id',
    'orderKey',
    'a',
    'b',
    'c',
    'd',
    'e',
  ])
})
