// File sizes, partitions and schema differences: the judgements that all table formats share.
import { describe, expect, test } from 'vitest'
import { judgeFileSizes, median } from '../../src/formats/file-sizes.ts'
import { judgePartitions, partitionName } from '../../src/formats/partitions.ts'
import {
  type IdentifiedColumn,
  diffPartitioning,
  diffSchemas,
  typeChange,
} from '../../src/formats/schema-changes.ts'
import { GIB, MIB, bytes, timestamp } from '../../src/model/units.ts'

describe('file sizes', () => {
  test('against our defaults: the bounds themselves are in range', () => {
    const sizes = [0, 1, 128 * MIB - 1, 128 * MIB, 2 * GIB, 2 * GIB + 1]

    expect(judgeFileSizes(sizes, null)).toMatchObject({
      targetFrom: 'default',
      small: 3,
      inRange: 2,
      large: 1,
      smallBytes: 128 * MIB,
      median: 128 * MIB - 1,
    })
  })

  test("against the table's own target: 0.75 to 1.8 of it are in range", () => {
    const target = { bytes: bytes(100), from: 'delta.targetFileSize' }

    expect(judgeFileSizes([74, 75, 180, 181], target)).toMatchObject({
      target: 100,
      small: 1,
      inRange: 2,
      large: 1,
      smallBytes: 74,
    })
  })

  test('each file is in one bucket, bounds inclusive', () => {
    const { bounds, counts } = judgeFileSizes([MIB, MIB + 1, 1e15], null)

    expect(counts).toHaveLength(bounds.length + 1)
    expect([counts[0], counts[1], counts.at(-1)]).toEqual([1, 1, 1])
  })

  test('no files', () => {
    expect(judgeFileSizes([], null)).toMatchObject({ small: 0, inRange: 0, median: null })
  })

  test('the median of an even count is the lower middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7]), median([])]).toEqual([2, 2, 7, 0])
  })
})

describe('partitions', () => {
  test('count, median, largest, skew', () => {
    const found = judgePartitions(
      ['day'],
      [
        { name: 'day=1', bytes: GIB },
        { name: 'day=2', bytes: 4 * GIB },
        { name: 'day=3', bytes: 10 },
      ],
    )

    expect(found).toEqual({
      columns: ['day'],
      count: 3,
      medianBytes: GIB,
      largestBytes: 4 * GIB,
      largest: 'day=2',
      skew: 4,
      belowGib: 1 / 3,
    })
  })

  test('a table without partition columns is known to have none', () => {
    expect(judgePartitions([], [{ name: '', bytes: 5 }])).toMatchObject({ count: 0, skew: 1 })
  })

  test.each([
    [[0], 1],
    [[0, 0, 5], 5],
    [[], 1],
  ])('skew of %j is finite', (sizes, skew) => {
    expect(
      judgePartitions(
        ['a'],
        sizes.map((size) => ({ name: 'x', bytes: size })),
      ).skew,
    ).toBe(skew)
  })

  test('names', () => {
    expect(partitionName(['day', 'region'], ['2026-01-01', null])).toBe('day=2026-01-01/region=null')
  })
})

describe('schema changes', () => {
  const column = (name: string, type = 'long', identity = name, nullable = true): IdentifiedColumn => ({
    name,
    type,
    identity,
    nullable,
  })
  const when = { at: timestamp(1), version: '2' }
  const kinds = (before: IdentifiedColumn[], after: IdentifiedColumn[]): string[] =>
    diffSchemas(before, after, when).map(
      ({ change, column: name, from, to }) => `${change} ${name} ${from}→${to}`,
    )

  test.each([
    ['added', [], [column('a')], ['added a null→long']],
    ['dropped', [column('a')], [], ['dropped a long→null']],
    ['renamed', [column('a', 'long', '1')], [column('b', 'long', '1')], ['renamed b a→b']],
    ['moved is no change', [column('a'), column('b')], [column('b'), column('a')], []],
    ['nullability', [column('a')], [column('a', 'long', 'a', false)], ['nullability a nullable→required']],
    [
      'renamed and widened',
      [column('a', 'int', '1')],
      [column('b', 'long', '1')],
      ['renamed b a→b', 'widened b int→long'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(kinds(before, after)).toEqual(expected)
  })

  test.each([
    ['int', 'long', 'widened'],
    ['long', 'integer', 'narrowed'],
    ['float', 'double', 'widened'],
    ['integer', 'double', 'widened'],
    ['long', 'double', 'retyped'],
    ['date', 'timestamp_ntz', 'widened'],
    ['decimal(10,2)', 'decimal(12,2)', 'widened'],
    ['decimal(10,2)', 'decimal(10,4)', 'retyped'],
    ['decimal(10,4)', 'decimal(9,4)', 'narrowed'],
    ['integer', 'decimal(10,0)', 'widened'],
    ['string', 'long', 'retyped'],
  ])('%s to %s is %s', (from, to, expected) => {
    expect(typeChange(from, to)).toBe(expected)
  })

  test('partitioning', () => {
    expect(diffPartitioning(['a'], ['a', 'b'], when)).toEqual([
      { ...when, change: 'partitioning', column: 'a, b', from: 'a', to: 'a, b' },
    ])
    expect(diffPartitioning(['a'], ['a'], when)).toEqual([])
  })
})
