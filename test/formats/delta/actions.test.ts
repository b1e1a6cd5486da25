// Actions, statistics and checksums from text: what is understood, and that anything else fails in our words.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAction } from '../../../src/formats/delta/actions.ts'
import { readChecksum } from '../../../src/formats/delta/checksum.ts'
import { zOrderOf } from '../../../src/formats/delta/commit.ts'
import { eventTimeColumn, parseSchema } from '../../../src/formats/delta/schema.ts'
import { readStats, timeOf } from '../../../src/formats/delta/stats.ts'
import { parseInterval, parseSize } from '../../../src/formats/delta/table-fact.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { type Field, schema } from './write-log.ts'

const origin = { subject: 's3://lake/t/_delta_log/00000000000000000007.json', version: '7' }

const outcome = (work: () => unknown): string => {
  try {
    work()
    return 'read'
  } catch (error) {
    return error instanceof SourceError ? error.reason : `not ours: ${String(error)}`
  }
}

describe('actions', () => {
  test.each([
    [
      '{"add":{"path":"a","partitionValues":{"d":""},"size":3,"dataChange":true}}',
      { kind: 'add', path: 'a', partitionValues: { d: null }, size: 3, stats: null, vector: null },
    ],
    [
      '{"add":null,"remove":{"path":"a"},"txn":null}',
      { kind: 'remove', path: 'a', deleted: null, size: null, dataChange: true },
    ],
    [
      '{"add":{"path":"a","size":3,"deletionVector":{"storageType":"u","pathOrInlineDv":"x","offset":4,"cardinality":2}}}',
      { vector: { id: 'ux@4', cardinality: 2 } },
    ],
    [
      '{"commitInfo":{"operation":"WRITE","operationParameters":{"mode":{"x":[1]}}}}',
      { kind: 'commitInfo', parameters: { mode: { x: [1] } } },
    ],
    ['{"cdc":{"path":"x"}}', null],
    ['{"constructor":{"path":"x"}}', null],
    ['{}', null],
  ])('%s', (line, expected) => {
    const action = readAction(line, origin)

    if (expected === null) expect(action).toBeNull()
    else expect(action).toMatchObject(expected)
  })

  test.each([
    '',
    '[]',
    '7',
    '{"add":{"size":1}}',
    '{"add":{"path":"a"}}',
    '{"add":{"path":"a","size":-1}}',
    '{"protocol":{}}',
    '{"add"',
  ])('corrupt: %s', (line) => {
    expect(outcome(() => readAction(line, origin))).toBe('corrupt')
  })

  test('anything else fails in our words', () => {
    const names = fc.constantFrom(
      'add',
      'remove',
      'metaData',
      'protocol',
      'commitInfo',
      'domainMetadata',
      'sidecar',
      'txn',
    )
    const fields = fc.constantFrom(
      'path',
      'size',
      'deletionVector',
      'stats',
      'partitionValues',
      'tags',
      'schemaString',
      'minReaderVersion',
      'domain',
    )
    const line = fc
      .dictionary(names, fc.oneof(fc.dictionary(fields, fc.jsonValue()), fc.jsonValue()))
      .map((one) => JSON.stringify(one))
    fc.assert(
      fc.property(fc.oneof(fc.string(), line), (text) => {
        expect(outcome(() => readAction(text, origin))).toMatch(/^(read|corrupt)$/)
        expect(outcome(() => readChecksum(text, origin))).toMatch(/^(read|corrupt)$/)
        expect(outcome(() => parseSchema(text, 'x'))).toMatch(/^(read|corrupt)$/)
        expect(outcome(() => readStats(text, ['a', 'b']))).toBe('read')
      }),
    )
  })

  test('a schema too deep is refused, not followed', () => {
    const deep = `${'{"type":"struct","fields":[{"name":"a","type":'.repeat(200)}"long"${'}]}'.repeat(200)}`

    expect(outcome(() => parseSchema(deep, 'x'))).toBe('too-large')
  })
})

describe('times', () => {
  test('are those of Date, for every time it prints', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          fc.pre(date.getUTCFullYear() > 99)
          const iso = date.toISOString()
          expect(timeOf(iso)).toBe(date.getTime())
          expect(timeOf(iso.replace('T', ' ').replace('Z', '456'))).toBe(date.getTime())
          expect(timeOf(iso.slice(0, 10))).toBe(Math.floor(date.getTime() / 86_400_000) * 86_400_000)
        },
      ),
    )
  })

  test.each([
    ['2026-01-01T12:00:00.000+02:00', Date.UTC(2026, 0, 1, 10)],
    ['2026-01-01 12:00:00-0130', Date.UTC(2026, 0, 1, 13, 30)],
    ['2026-01-01T12:00', Date.UTC(2026, 0, 1, 12)],
    ['+10000-01-01T00:00:00Z', Number.NaN],
    ['2026-01-01T12:00:00 Europe/Berlin', Number.NaN],
    ['2026-01-0x', Number.NaN],
    ['yesterday', Number.NaN],
    [7, Number.NaN],
    [undefined, Number.NaN],
  ])('%s', (text, expected) => {
    expect(timeOf(text)).toBe(expected)
  })
})

test.each([
  ['{"numRecords":5,"maxValues":{"a":{"b":"2026-01-01"}}}', 5, Date.UTC(2026, 0, 1)],
  ['{"numRecords":"5","maxValues":{"a":"2026-01-01"}}', 5, Number.NaN],
  ['{"maxValues":null}', Number.NaN, Number.NaN],
  ['{"numRecords":-1}', Number.NaN, Number.NaN],
  ['null', Number.NaN, Number.NaN],
  ['', Number.NaN, Number.NaN],
])('statistics %s', (text, rows, eventTime) => {
  expect(readStats(text, ['a', 'b'])).toEqual({ rows, eventTime })
})

test.each([
  ['{"numRecords":5,"maxValues":{"ts":"2026-01-01"}}', Date.UTC(2026, 0, 1)],
  [
    '{"numRecords":5,"maxValues":{"a":1,"ts":"2026-01-01","z":"}"},"nullCount":{"ts":0}}',
    Date.UTC(2026, 0, 1),
  ],
  ['{"numRecords":5,"minValues":{"maxValues":{"ts":"2026-01-01"}}}', Number.NaN],
  ['{"numRecords":5,"minValues":{"s":"}"},"maxValues":{"ts":"2026-01-01"}}', Date.UTC(2026, 0, 1)],
  ['{"numRecords":5,"maxValues":{"in":{"ts":"2026-01-01"}}}', Number.NaN],
  ['{"numRecords":5,"maxValues":{"a":"x"},"nullCount":{"ts":"2026-01-01"}}', Number.NaN],
  ['{"numRecords":5,"maxValues":{"a\\"ts":"2026-01-01"}}', Number.NaN],
  ['{"numRecords":5,"maxValues":{"ts":"2026-01-01","ts":"2026-01-02"}}', Date.UTC(2026, 0, 2)],
])('the event time in %s', (text, eventTime) => {
  expect(readStats(text, ['ts'])).toEqual({ rows: 5, eventTime })
})

test('statistics are read the same as by parsing all of them', () => {
  const time = fc.oneof(
    fc.constantFrom('2026-01-02T03:04:05.678Z', '2026-01-02', 'a "quoted" {text}', ''),
    fc.jsonValue(),
  )
  const values = fc.dictionary(
    fc.constantFrom('ts', 'a', 'maxValues', 'minValues', 'numRecords', 't\\'),
    fc.oneof(time, fc.dictionary(fc.constantFrom('ts', 'maxValues'), time)),
  )
  const stats = fc.record(
    {
      numRecords: fc.oneof(fc.nat(), fc.jsonValue()),
      minValues: values,
      maxValues: values,
      nullCount: values,
      tightBounds: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(stats, fc.constantFrom(['ts'], ['a', 'ts'], ['maxValues']), (generated, column) => {
      // What JSON cannot say (-0) is not there to be read.
      const given = JSON.parse(JSON.stringify(generated)) as typeof generated
      const number =
        typeof given.numRecords === 'string' && given.numRecords.trim() !== ''
          ? Number(given.numRecords)
          : given.numRecords
      const at = column.reduce<unknown>(
        (inner, part) =>
          inner !== null && typeof inner === 'object' ? (inner as Record<string, unknown>)[part] : undefined,
        given.maxValues,
      )

      expect(readStats(JSON.stringify(given), column)).toEqual({
        rows: typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : Number.NaN,
        eventTime: timeOf(at as never),
      })
    }),
    { numRuns: 2_000 },
  )
})

test('the checksum file in both dialects', () => {
  const histogram = { sortedBinBoundaries: [0, 8192], fileCounts: [1, 2], totalBytes: [5, 20_000] }
  const expected = { boundaries: [0, 8192], counts: [1, 2], bytes: [5, 20_000] }

  expect(
    readChecksum(
      JSON.stringify({ numFiles: 3, tableSizeBytes: 20_005, fileSizeHistogram: histogram }),
      origin,
    ),
  ).toEqual({
    files: 3,
    bytes: 20_005,
    deletionVectors: null,
    deletedRows: null,
    histogram: expected,
  })
  expect(
    readChecksum(JSON.stringify({ histogramOpt: histogram, numDeletionVectorsOpt: 1 }), origin),
  ).toMatchObject({ deletionVectors: 1, histogram: expected })
})

describe('the event-time column', () => {
  const column = (
    fields: readonly Field[],
    partitions: string[] = [],
    configured?: string,
  ): string | undefined => eventTimeColumn(parseSchema(schema(...fields), 'x'), partitions, configured)?.name
  const ts = (name: string) => ({ name, type: 'timestamp' })

  test.each([
    ['the only timestamp', [ts('whenever'), { name: 'born', type: 'date' }], [], undefined, 'whenever'],
    ['the only date', [{ name: 'born', type: 'date' }], [], undefined, 'born'],
    [
      'the best known name of several',
      [ts('ingested'), ts('event_time'), ts('created_at')],
      [],
      undefined,
      'event_time',
    ],
    ['a partition column of text', [{ name: 'day', type: 'string' }], ['day'], undefined, 'day'],
    ['nothing stands out', [ts('a'), ts('b')], [], undefined, undefined],
    ['as configured', [ts('a'), ts('b')], [], 'b', 'b'],
    ['configured, but not there', [ts('a')], [], 'b', undefined],
    [
      'not inside an array',
      [
        {
          name: 'a',
          type: {
            type: 'array',
            elementType: { type: 'struct', fields: [{ name: 't', type: 'timestamp' }] },
          },
        },
      ],
      [],
      undefined,
      undefined,
    ],
  ] as const)('%s', (_, fields, partitions, configured, expected) => {
    expect(column(fields, [...partitions], configured)).toBe(expected)
  })
})

test.each([
  ['interval 7 days', 7 * 86_400_000],
  ['INTERVAL 1 week 2 hours', 7 * 86_400_000 + 2 * 3_600_000],
  ['interval x days', null],
  ['7d', null],
  [undefined, null],
])('the interval %s', (text, expected) => {
  expect(parseInterval(text)).toBe(expected)
})

test.each([
  ['104857600', 104_857_600],
  ['128mb', 128 * 2 ** 20],
  ['1G', 2 ** 30],
  ['0', null],
  ['big', null],
  [undefined, null],
])('the size %s', (text, expected) => {
  expect(parseSize(text)).toBe(expected)
})

test.each([
  ['["a","b"]', ['a', 'b']],
  ['[]', []],
  [['a'], ['a']],
  [null, []],
])('Z-order columns of %j', (zOrderBy, expected) => {
  expect(zOrderOf({ zOrderBy })).toEqual(expected)
})
