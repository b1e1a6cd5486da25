// What a block gives back is what it was given, bit for bit; other bytes are refused.
import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Block, BlockEncoder } from '../../src/store/block.ts'
import { Gather } from '../../src/store/gather.ts'
import { ByteReader, ByteWriter, ZIGZAG_MAX } from '../../src/store/varint.ts'

interface Point {
  readonly at: number
  readonly value: number
  readonly stale: boolean
}

const encode = (columns: ReadonlyArray<readonly Point[]>): Uint8Array => {
  const encoder = new BlockEncoder()
  const points = new Gather()
  for (const column of columns) {
    points.clear()
    for (const { at, value, stale } of column) points.push(at, value, stale)
    points.settle()
    encoder.add(points)
  }
  return encoder.finish()
}

const decode = (block: Block, n: number, from = -Infinity, to = Infinity): Point[] => {
  const points = new Gather()
  block.read(n, from, to, points)
  const { timestamps, values, stale } = points.finish()
  return Array.from(timestamps, (at, i) => ({ at, value: values[i]!, stale: stale?.[i] === 1 }))
}

const decimals = fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 0, max: 6 }))
const value = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 40 }),
  decimals.map(([n, places]) => n / 10 ** places),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE),
)
/** Alike values are the usual case, and another path than mixed ones. */
const values = fc.oneof(
  fc.array(value),
  fc.array(fc.integer({ min: 0, max: 50 })),
  fc.array(decimals.map(([n]) => n / 100)),
)
const column = fc
  .record({ start: fc.integer({ min: 0, max: 2e12 }), values })
  .chain(({ start, values: list }) =>
    fc
      .array(fc.record({ gap: fc.integer({ min: 1, max: 90_000 }), stale: fc.boolean() }), {
        minLength: list.length,
        maxLength: list.length,
      })
      .map((steps): Point[] => {
        let at = start
        return steps
          .map(({ gap, stale }, i) => ({
            at: (at += gap),
            value: stale ? Number.NaN : list[i]!,
            stale: stale && i % 3 === 0,
          }))
          .map((point) =>
            point.stale ? point : { ...point, value: Number.isNaN(point.value) ? 1 : point.value },
          )
      }),
  )

describe('a block', () => {
  test('gives back what it was given', () => {
    fc.assert(
      fc.property(fc.array(column, { minLength: 1, maxLength: 8 }), (columns) => {
        const block = new Block(encode(columns))
        for (const [n, points] of columns.entries()) expect(decode(block, n)).toEqual(points)
      }),
    )
  })

  test('gives back a part', () => {
    const points = Array.from({ length: 100 }, (_, i) => ({ at: i * 1_000, value: i / 4, stale: i === 50 }))
    const kept = points.map((point) => (point.stale ? { ...point, value: Number.NaN } : point))
    const block = new Block(encode([kept]))

    expect(decode(block, 0, 49_000, 51_999)).toEqual(kept.slice(49, 52))
    expect(decode(block, 0, 49_001, 49_999)).toEqual([])
  })

  test('spends little on what is regular', () => {
    const day = (of: (i: number) => number) =>
      Array.from({ length: 64 }, (_, n) =>
        Array.from({ length: 1_440 }, (__, i) => ({ at: i * 60_000, value: of(i + n), stale: false })),
      )
    const bytesPerSample = (of: (i: number) => number) => encode(day(of)).length / (64 * 1_440)

    expect(bytesPerSample(() => 42)).toBeLessThan(0.01)
    expect(bytesPerSample((i) => i * 1_000)).toBeLessThan(0.05)
    expect(bytesPerSample((i) => ((i * 7_919) % 10_000) / 100)).toBeLessThan(2)
  })

  test('that is damaged is refused', () => {
    const bytes = encode([[{ at: 1, value: 2, stale: false }]])
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = new Uint8Array(bytes)
        damaged[at]! ^= flip

        // One bit of the frame header is reserved and may change without effect.
        let points: Point[] = []
        try {
          points = decode(new Block(damaged), 0)
        } catch {
          return
        }
        expect(points).toEqual([{ at: 1, value: 2, stale: false }])
      }),
    )
  })

  test('of any bytes throws or gives points, and ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(new Block(zlib.zstdCompressSync(bytes)), 0)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

test('whole numbers survive as variable-length bytes', () => {
  const whole = fc.oneof(
    fc.integer({ min: -200, max: 200 }),
    fc.integer({ min: -ZIGZAG_MAX, max: ZIGZAG_MAX }),
  )
  fc.assert(
    fc.property(fc.array(whole), (numbers) => {
      const out = new ByteWriter(1)
      for (const number of numbers) out.zigzag(number)
      const reader = new ByteReader(out.bytes())

      expect(numbers.map(() => reader.zigzag() + 0)).toEqual(numbers.map((number) => number + 0))
      expect(reader.offset).toBe(out.length)
    }),
  )
})
