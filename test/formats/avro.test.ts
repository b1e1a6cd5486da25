import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_BLOCK_BYTES, openAvro } from '../../src/formats/avro.ts'
import type { Want } from '../../src/formats/avro-decode.ts'
import { SourceError } from '../../src/model/errors.ts'
import { type Codec, avroFile, avroHeader, avscType, block } from './avro-file.ts'

const SCHEMA = {
  type: 'record',
  name: 'row',
  namespace: 'test',
  fields: [
    { name: 'flag', type: 'boolean' },
    { name: 'small', type: 'int' },
    { name: 'big', type: 'long' },
    { name: 'half', type: 'float' },
    { name: 'full', type: 'double' },
    { name: 'blob', type: 'bytes' },
    { name: 'text', type: ['null', 'string'] },
    { name: 'suit', type: { type: 'enum', name: 'suit', symbols: ['hearts', 'spades'] } },
    { name: 'id', type: { type: 'fixed', name: 'id', size: 3 } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    {
      name: 'bounds',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'k1',
          fields: [
            { name: 'key', type: 'int' },
            { name: 'value', type: 'bytes' },
          ],
        },
      },
    },
    {
      name: 'inner',
      type: {
        type: 'record',
        name: 'inner',
        fields: [
          { name: 'suit', type: ['null', 'suit'] },
          { name: 'empty', type: { type: 'record', name: 'empty', fields: [] } },
          { name: 'number', type: 'long' },
        ],
      },
    },
  ],
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const suit = fc.constantFrom('hearts', 'spades')
const Row = fc.record({
  flag: fc.boolean(),
  small: fc.integer(),
  big: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.maxSafeInteger().map(BigInt),
    fc.integer().map(BigInt),
  ),
  half: fc.float({ noNaN: true }),
  full: fc.double({ noNaN: true }),
  blob: bytes,
  text: fc.option(fc.string({ unit: 'binary' })),
  suit,
  id: fc.uint8Array({ minLength: 3, maxLength: 3 }).map((array) => Buffer.from(array)),
  tags: fc.array(fc.string(), { maxLength: 5 }),
  bounds: fc.uniqueArray(fc.record({ key: fc.integer({ min: 0, max: 9 }), value: bytes }), {
    selector: ({ key }) => key,
  }),
  inner: fc.record({
    suit: fc.option(suit),
    empty: fc.constant({}),
    number: fc.maxSafeInteger().map(BigInt),
  }),
})
const FIELDS = SCHEMA.fields.map(({ name }) => name)
const CODECS: readonly Codec[] = ['null', 'deflate', 'zstandard', 'snappy']

function readAll(file: Uint8Array, wants: readonly Want[]): unknown[][] {
  const rows: unknown[][] = []
  openAvro(file, 'a.avro').rows(wants, (row) => rows.push(structuredClone([...row])))
  return rows
}

/** What was written, in the shape that reading gives: exact longs as numbers where those hold them. */
const asRead = (value: unknown): unknown => {
  if (typeof value === 'bigint')
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(asRead)
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asRead(inner)]))
  }
  return value
}

const failure = (work: () => unknown): string => {
  try {
    work()
    return 'no error'
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return `${error.reason}: ${error.message}`
  }
}

describe('what another encoder wrote is read back', () => {
  test.for(CODECS)('all types, whole rows, compressed with %s', (codec) => {
    fc.assert(
      fc.property(fc.array(Row, { maxLength: 20 }), fc.integer({ min: 1, max: 7 }), (rows, rowsPerBlock) => {
        const file = avroFile(SCHEMA, rows, { codec, rowsPerBlock })

        expect(readAll(file, FIELDS).map((row) => row.map(asRead))).toEqual(
          rows.map((row) => FIELDS.map((name) => asRead((row as Record<string, unknown>)[name]))),
        )
      }),
      { numRuns: 60 },
    )
  })

  test('any choice of values is read as it is when everything is', () => {
    const wants: readonly Want[] = [
      ...FIELDS,
      'inner.number',
      'inner.suit',
      'inner.nothing',
      'no.such',
      { path: 'bounds', key: 3 },
    ]
    fc.assert(
      fc.property(
        fc.array(Row, { minLength: 1, maxLength: 5 }),
        fc.shuffledSubarray([...wants]),
        (rows, chosen) => {
          const names = FIELDS.filter(
            (name) => !chosen.some((want) => typeof want === 'string' && want === name),
          )
          // A value cannot be wanted whole and in part at once.
          const parts = chosen.filter((want) =>
            names.includes((typeof want === 'string' ? want : want.path).split('.')[0]!),
          )
          const read = readAll(avroFile(SCHEMA, rows), parts)

          expect(read.map((row) => row.map(asRead))).toEqual(
            rows.map((row) => parts.map((want) => asRead(valueAt(row as Record<string, unknown>, want)))),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  test('arrays and maps in blocks with their size in front, which are skipped in one step', () => {
    const schema = {
      type: 'record',
      name: 'r',
      fields: [
        { name: 'list', type: { type: 'array', items: 'int' } },
        { name: 'map', type: { type: 'map', values: 'int' } },
        { name: 'last', type: 'int' },
      ],
    }
    // -2 items, 2 bytes, 5, 6, end; -1 entries, 3 bytes, "a" → 7, end; 8
    const row = Buffer.from([3, 4, 10, 12, 0, 1, 6, 2, 0x61, 14, 0, 16])
    const file = Buffer.concat([avroHeader(schema, 'null'), block(1, row)])

    expect(readAll(file, ['last'])).toEqual([[8]])
    expect(readAll(file, ['list', 'map', 'last'])).toEqual([[[5, 6], [{ key: 'a', value: 7 }], 8]])
  })

  test('a type written as an object around its name, as BigQuery does', () => {
    const schema = { type: 'record', name: 'r', fields: [{ name: 'n', type: 'long' }] }
    const statedSchema = {
      type: 'record',
      name: 'r',
      fields: [{ name: 'n', type: { type: { type: 'long' } } }],
    }

    expect(readAll(avroFile(schema, [{ n: 7n }], { statedSchema }), ['n'])).toEqual([[7]])
  })
})

function valueAt(row: Record<string, unknown>, want: Want): unknown {
  if (typeof want !== 'string') {
    const pairs = row[want.path] as { key: number; value: unknown }[]
    const at = (wanted: number): unknown => pairs.find(({ key }) => key === wanted)?.value ?? null
    return 'keys' in want ? want.keys.map(at) : at(want.key)
  }
  return want
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name] ?? null, row)
}

describe('files that lie', () => {
  const schemaOf = (type: unknown): unknown => ({ type: 'record', name: 'r', fields: [{ name: 'x', type }] })
  const one = (type: unknown, content: readonly number[], rows = 1): Buffer =>
    Buffer.concat([avroHeader(schemaOf(type), 'null'), block(rows, Buffer.from(content))])
  const manyItems = [0x80, 0x80, 0x80, 0x80, 0x80, 0x20]

  test.for<[string, Buffer, string]>([
    [
      'an array of 2^40 items',
      one({ type: 'array', items: 'int' }, manyItems),
      'corrupt: a.avro: block 0 is corrupt: 549755813888 items declared at byte 6 of 6',
    ],
    [
      'an array of items without bytes',
      one({ type: 'array', items: 'null' }, manyItems),
      'corrupt: a.avro: header is corrupt: schema has an array whose items take no bytes',
    ],
    [
      'a string of -1 bytes',
      one('string', [1]),
      'corrupt: a.avro: block 0 is corrupt: -1 bytes expected at byte 1 of 1',
    ],
    ['more rows than bytes', one('int', [0], 3), 'corrupt: a.avro: block 0 is corrupt: 3 rows in 1 bytes'],
    ['rows without bytes', one('null', [], 9_000), 'corrupt: a.avro: schema is corrupt: rows take no bytes'],
    [
      'bytes after the last row',
      one('int', [0, 0]),
      'corrupt: a.avro: block 0 has 1 bytes after its last row',
    ],
    [
      'a union branch that is not there',
      one(['null', 'int'], [4]),
      'corrupt: a.avro: block 0 is corrupt: union branch 2 of 2 at byte 1',
    ],
    [
      'a long of 11 bytes',
      one('long', Array<number>(11).fill(0x80)),
      'corrupt: a.avro: block 0 is corrupt: a long at byte 11 is longer than 10 bytes',
    ],
    [
      'a type that contains itself',
      one('r', [0]),
      'corrupt: a.avro: header is corrupt: schema type "r" contains itself',
    ],
    [
      'a name nobody declared',
      one('constructor', [0]),
      'corrupt: a.avro: header is corrupt: schema names "constructor", which it does not declare',
    ],
    [
      'a fixed type of 2 GB',
      one({ type: 'fixed', name: 'f', size: 2 ** 31 }, [0]),
      'corrupt: a.avro: header is corrupt: schema has a fixed type of 2147483648 bytes, expected 0 to 1048576',
    ],
  ])('%s', ([, file, expected]) => {
    expect(failure(() => readAll(file, ['x']))).toBe(expected)
    expect(failure(() => readAll(file, []))).toMatch(/^corrupt/)
  })

  test('a schema that doubles with every type it names', () => {
    let type: unknown = { type: 'record', name: 'n0', fields: [{ name: 'x', type: 'int' }] }
    for (let i = 1; i < 40; i++) {
      const fields = [
        { name: 'a', type },
        { name: 'b', type: `n${i - 1}` },
      ]
      type = { type: 'record', name: `n${i}`, fields }
    }

    expect(failure(() => readAll(one(type, [0]), ['x']))).toMatch(
      /corrupt: .*schema has more than 20000 types/,
    )
  })

  test('a schema nested too deep', () => {
    let type: unknown = 'int'
    for (let i = 0; i < 1_000; i++) type = { type: 'array', items: type }

    expect(failure(() => readAll(one(type, [0]), ['x']))).toMatch(/schema is nested deeper than 64/)
  })

  test('a block that inflates to more than the limit', () => {
    const bomb = Buffer.alloc(MAX_BLOCK_BYTES + 1)
    for (const codec of ['deflate', 'zstandard'] as const) {
      const file = Buffer.concat([avroHeader(schemaOf('bytes'), codec), block(1, bomb, codec)])

      expect(failure(() => readAll(file, ['x']))).toBe(
        `too-large: a.avro block 0 inflates to more than ${MAX_BLOCK_BYTES} bytes`,
      )
    }
  })

  test('a snappy block with a wrong checksum, and one that says it is 4 GB', () => {
    const file = avroFile(schemaOf('int'), [{ x: 5 }], { codec: 'snappy' })
    file[file.length - 17]! ^= 1
    expect(failure(() => readAll(file, ['x']))).toMatch(/snappy block has a wrong checksum/)

    const huge = block(1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0]))
    expect(
      failure(() => readAll(Buffer.concat([avroHeader(schemaOf('int'), 'snappy'), huge]), ['x'])),
    ).toMatch(/snappy block of 4294967295 bytes, the limit is 134217728/)
  })

  test('a codec that nobody here reads', () => {
    const file = Buffer.concat([avroHeader(schemaOf('int'), 'xz'), block(1, Buffer.from([0]))])

    expect(failure(() => readAll(file, ['x']))).toMatch(/^unsupported: a.avro is compressed with "xz"/)
  })
})

describe('any bytes in, only typed errors out', () => {
  const file = avroFile(SCHEMA, fc.sample(Row, { numRuns: 12, seed: 7 }), { rowsPerBlock: 4 })

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(failure(() => readAll(noise, FIELDS))).toMatch(/^corrupt/)
        // Also behind a good header.
        expect(failure(() => readAll(Buffer.concat([avroHeader(SCHEMA, 'null'), noise]), FIELDS))).toMatch(
          /^(corrupt|no error)/,
        )
      }),
      { numRuns: 500 },
    )
  })

  test('a real file cut anywhere', () => {
    for (let end = 0; end < file.length; end++) {
      const whole = openAvroRows(file.subarray(0, end))
      // Between two blocks a cut cannot be seen: what was read is right then.
      expect(whole.outcome === 'no error' ? whole.rows % 4 : 0).toBe(0)
    }
  })

  test('a real file with bytes changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const changed = Buffer.from(file)
          for (const [at, value] of changes) changed[at] = value
          expect(openAvroRows(changed).outcome).toMatch(/^(corrupt|too-large|unsupported|no error)/)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('any JSON as schema', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array({ maxLength: 20 }), (schema, content) => {
        const bytes = Buffer.concat([avroHeader(schema, 'null'), block(1, Buffer.from(content))])
        expect(openAvroRows(bytes).outcome).toMatch(/^(corrupt|no error)/)
      }),
      { numRuns: 500 },
    )
  })

  function openAvroRows(bytes: Uint8Array): { outcome: string; rows: number } {
    let rows = 0
    const outcome = failure(() => openAvro(bytes, 'a.avro').rows(FIELDS, () => rows++))
    return { outcome, rows }
  }
})

test('avsc agrees that the test schema is one', () => {
  expect(avscType(SCHEMA).typeName).toBe('record')
})
