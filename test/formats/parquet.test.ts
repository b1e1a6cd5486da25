// Our column reader against the library's own row reader, over files of every encoding and codec the writer knows.
import fc from 'fast-check'
import { parquetReadObjects } from 'hyparquet'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compressors } from 'hyparquet-compressors'
import { inflate } from '../../src/formats/parquet-page.ts'
import { eachNumber, eachValue, mayHaveValues, openParquet, readLeaves } from '../../src/formats/parquet.ts'
import { bytesOf } from '../../src/model/bytes.ts'

type Column = { name: string; data: unknown[]; type: string; encoding?: string }

function write(columns: readonly Column[], options: Record<string, unknown> = {}): Uint8Array {
  const writer = new ByteWriter()
  void parquetWrite({ writer, columnData: columns as never, rowGroupSize: 50, pageSize: 200, ...options })
  return new Uint8Array(writer.getBuffer())
}

const text = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString() : value

async function read(bytes: Uint8Array, name: string): Promise<unknown[]> {
  const file = await openParquet(bytesOf('t.parquet', bytes))
  const values: unknown[] = Array.from({ length: file.rows }, () => null)
  let start = 0
  for (const [group, { rows }] of file.groups.entries()) {
    const base = start
    await readLeaves(
      file,
      group,
      new Map([
        [
          name,
          (page, first, leaf) =>
            eachValue(page, first, leaf, (row, value) => (values[base + row] = text(value))),
        ],
      ]),
      async () => {},
    )
    start += rows
  }
  return values
}

const oracle = async (bytes: Uint8Array, name: string): Promise<unknown[]> =>
  (await parquetReadObjects({ file: bytes.slice().buffer, compressors })).map((row) => row[name] ?? null)

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<(T | null)[]> =>
  fc.array(fc.option(value, { freq: 4 }), { minLength: 1, maxLength: 200 })
const CASES = {
  STRING: [
    maybe(fc.constantFrom('a', 'bb', 'ü', 'a long one that repeats')),
    ['PLAIN', 'RLE_DICTIONARY', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY'],
  ],
  INT64: [
    maybe(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n })),
    ['PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED'],
  ],
  INT32: [maybe(fc.integer({ min: -1000, max: 1000 })), ['PLAIN', 'RLE_DICTIONARY', 'DELTA_BINARY_PACKED']],
  DOUBLE: [maybe(fc.double({ noNaN: true })), ['PLAIN']],
  BOOLEAN: [maybe(fc.boolean()), ['PLAIN', 'RLE']],
} as const

describe('values', () => {
  test.each(
    Object.entries(CASES).flatMap(([type, [, encodings]]) =>
      encodings.map((encoding) => [type, encoding] as const),
    ),
  )('%s in %s', async (type, encoding) => {
    const values: fc.Arbitrary<unknown[]> = CASES[type as keyof typeof CASES][0]
    await fc.assert(
      fc.asyncProperty(values, async (data) => {
        const bytes = write([{ name: 'c', data, type, encoding }])
        expect(await read(bytes, 'c')).toEqual(await oracle(bytes, 'c'))
      }),
      { numRuns: 30 },
    )
  })

  test.each(['GZIP', 'ZSTD', 'UNCOMPRESSED', 'SNAPPY'])('compressed with %s', async (codec) => {
    const data = Array.from({ length: 300 }, (_, i) => `value ${i % 7}`)
    const write_ = { GZIP: (b: Uint8Array) => gzipSync(b), ZSTD: (b: Uint8Array) => zstdCompressSync(b) }
    const bytes = write([{ name: 'c', data, type: 'STRING', encoding: 'PLAIN' }], {
      codec,
      compressors: write_,
    })

    expect(await read(bytes, 'c')).toEqual(data)
  })
})

test('reads only the columns that are asked for', async () => {
  const data = Array.from({ length: 20_000 }, (_, i) => `${i}`)
  const bytes = write(
    [
      { name: 'big', data: data.map((one) => one.repeat(20)), type: 'STRING', encoding: 'PLAIN' },
      { name: 'small', data: data.map(Number), type: 'INT32' },
    ],
    { rowGroupSize: 20_000, codec: 'UNCOMPRESSED' },
  )
  let read = 0
  const source = bytesOf('t.parquet', bytes)
  const file = await openParquet({
    ...source,
    slice: async (start, end) => {
      const part = await source.slice(start, end)
      read += part.byteLength
      return part
    },
  })
  await readLeaves(
    file,
    0,
    new Map([
      ['small', () => {}],
      ['absent', () => {}],
    ]),
    async () => {},
  )

  expect(bytes.length).toBeGreaterThan(1_500_000)
  expect(read).toBeLessThan(700_000)
})

test('a column of nulls is not read at all', async () => {
  const bytes = write([
    { name: 'c', data: [null, null], type: 'STRING' },
    { name: 'd', data: ['x', null], type: 'STRING' },
  ])
  const file = await openParquet(bytesOf('t.parquet', bytes))

  expect(['c', 'd', 'e'].map((name) => mayHaveValues(file, 0, name))).toEqual([false, true, false])
})

describe('what inflates to more than it says', () => {
  const zeros = new Uint8Array(50_000_000)
  test.each([
    ['GZIP', gzipSync(zeros)],
    ['ZSTD', zstdCompressSync(zeros)],
    ['GZIP', deflateRawSync(zeros)],
    ['SNAPPY', new Uint8Array([255, 255, 255, 255, 15, 0])],
  ] as const)('%s', (codec, bomb) => {
    expect(() => inflate(bomb, codec, 1_000)).toThrow(Error)
  })

  test('a page above the limit is refused before it is inflated', () => {
    expect(() => inflate(new Uint8Array(9), 'ZSTD', 1e12)).toThrow(/the limit is/)
  })
})

test('64-bit integers as numbers, the nearest where no number is exact', () => {
  const leaf = { path: 'x', type: 'INT64', typeLength: undefined, maxDef: 1, maxRep: 0, entryDef: 0 } as const
  fc.assert(
    fc.property(fc.array(fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))), (values) => {
      const page = {
        count: values.length,
        defs: Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
        reps: null,
        values: BigInt64Array.from(values.filter((value) => value !== null)),
        indices: null,
      }
      const read: Array<number | null> = values.map(() => null)
      eachNumber(page, 100, { ...leaf, time: null, scale: null }, (row, value) => {
        read[row - 100] = value
      })
      expect(read).toEqual(values.map((value) => (value === null ? null : Number(value))))
    }),
  )
})
