// The pure parts of the Iceberg reader: names, locations, values, and what they do with bytes that are none.
import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { locate, movedPrefix, normalLocation } from '../../../src/formats/iceberg/location.ts'
import { readManifest } from '../../../src/formats/iceberg/manifest.ts'
import { readManifestList } from '../../../src/formats/iceberg/manifest-list.ts'
import {
  MAX_METADATA_INFLATED_BYTES,
  hintedNames,
  newestNames,
  parseMetadataName,
} from '../../../src/formats/iceberg/metadata-file.ts'
import { parseMetadata } from '../../../src/formats/iceberg/metadata.ts'
import { partitionText, timeOfBound, timeOfPartition } from '../../../src/formats/iceberg/partition-value.ts'
import { parseSchema } from '../../../src/formats/iceberg/schema.ts'
import { schemaHistory } from '../../../src/formats/iceberg/schema-history.ts'
import { mainLine } from '../../../src/formats/iceberg/snapshots.ts'
import { SourceError } from '../../../src/model/errors.ts'
import { SCHEMA, T0, id, manifest, manifestList, metadataJson, snapshotJson } from './write-table.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text)
const metadataOf = (parts: Record<string, unknown>) =>
  parseMetadata(bytesOf(metadataJson(parts)), 'v1.metadata.json')
const asManifest = (bytes: Uint8Array) =>
  readManifest(bytes, 'm.avro', { specs: [], specId: null, bound: { fieldId: 2, type: 'timestamptz' } })

const outcome = (work: () => unknown): string => {
  try {
    work()
    return 'no error'
  } catch (error) {
    if (!(error instanceof SourceError)) throw error
    return `${error.reason}: ${error.message}`
  }
}

describe('names of metadata files', () => {
  test.for<[string, string | null, number?]>([
    ['v3.metadata.json', 'hadoop', 3],
    ['v3.gz.metadata.json', 'hadoop', 3],
    ['v3.metadata.json.gz', 'hadoop', 3],
    ['v3.zstd.metadata.json', 'hadoop', 3],
    ['00012-8e0437dd-32a4-4e40-bf9d-4f3c28a967fe.metadata.json', 'catalog', 12],
    ['00012-8e0437dd-32a4-4e40-bf9d-4f3c28a967fe.gz.metadata.json', 'catalog', 12],
    ['vfinal.metadata.json', 'other', -1],
    ['v3.1.metadata.json', 'other', -1],
    ['v12345678901234567890.metadata.json', 'other', -1],
    ['.v3.metadata.json.crc', null],
    ['.v3.metadata.json', null],
    ['snap-1.avro', null],
  ])('%s', ([name, naming, version]) => {
    const file = parseMetadataName(name)

    expect(file && [file.naming, file.version]).toEqual(naming === null ? null : [naming, version])
  })

  test('the newest are those with the greatest number, and names without one only where nothing else is', () => {
    const newest = (...names: string[]): string[] => newestNames(names).map(({ name }) => name)

    expect(newest('v9.metadata.json', 'v10.metadata.json', 'x.avro')).toEqual(['v10.metadata.json'])
    expect(newest('00002-a.metadata.json', '00002-b.metadata.json', 'vx.metadata.json')).toHaveLength(2)
    expect(newest('vx.metadata.json')).toEqual(['vx.metadata.json'])
    expect(newest('a', 'b')).toEqual([])
  })

  test('a hint never leads out of the folder', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (hint) => {
        for (const name of hintedNames(hint)) expect(name).not.toMatch(/[/\\\0]|^\./)
      }),
    )
    expect(['../7', '7/..', '', '-1', '1e3 '].flatMap(hintedNames)).toEqual([
      '-1.metadata.json',
      '1e3.metadata.json',
    ])
  })
})

describe('locations', () => {
  test.for<[string, string, string | null]>([
    ['s3://b/t', 's3://b/t/metadata/x', 'metadata/x'],
    ['s3://b/t', 's3a://b/t//metadata/x', 'metadata/x'],
    ['s3://b/t/', 's3n://b/t/metadata/x', 'metadata/x'],
    ['file:///d/t', '/d/t/metadata/x', 'metadata/x'],
    ['file:/d/t', 'file:///d/t/metadata/x', 'metadata/x'],
    ['./t', 't/metadata/x', 'metadata/x'],
    ['file://data/t', 'file://data/t/metadata/x', 'metadata/x'],
    ['s3://b/t', 's3://b/t2/metadata/x', null],
    ['s3://b/t', 'gs://b/t/metadata/x', null],
    ['s3://b/t', 's3://b/t/../u/metadata/x', null],
    ['s3://b/t', 's3://b/t/metadata/../../x', null],
    ['s3://b/t', 's3://b/t', null],
    ['', '/etc/passwd', null],
    ['/', '/etc/passwd', null],
  ])('%s holds %s as %s', ([location, path, key]) => {
    expect(locate(path, [{ names: [location] }])?.key ?? null).toBe(key)
  })

  test('a key never has a part that leads out of the root', () => {
    const part = fc.constantFrom('..', '.', '', 'a', 't', 's3:', 'file:', '/', '\0')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(part, { maxLength: 4 }), (path, root) => {
        const key = locate(path.join('/'), [{ names: [root.join('/')] }])?.key
        for (const each of key?.split('/') ?? []) expect(['..', '.', '', '\0']).not.toContain(each)
      }),
    )
  })

  test('normal spelling is a fixed point', () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        expect(normalLocation(normalLocation(url))).toBe(normalLocation(url))
      }),
    )
  })

  test('a copy keeps the name of its folder', () => {
    expect(movedPrefix('data/t/metadata/x', 'file:///here/t')).toBe('data/t')
    expect(movedPrefix('data/u/metadata/x', 'file:///here/t')).toBeNull()
    expect(movedPrefix('data/t/x', 'file:///here/t')).toBeNull()
  })
})

describe('values', () => {
  const type = (kind: string, logical = '', scale = 0) => ({ kind, logical, scale })

  test.for<[unknown, ReturnType<typeof type>, string, string]>([
    [null, type('int'), 'day', 'null'],
    [20_833, type('int', 'date'), 'day', '2027-01-15'],
    [20_833, type('int'), 'day', '2027-01-15'],
    [-1, type('int'), 'month', '1969-12'],
    [57, type('int'), 'year', '2027'],
    [500_001, type('int'), 'hour', '2027-01-15-09'],
    [3, type('int'), 'bucket[16]', '3'],
    [1_692_695_720_000_000, type('long', 'timestamp-micros'), 'identity', '2023-08-22T09:15:20.000'],
    [2n ** 62n, type('long'), 'identity', '4611686018427387904'],
    [30_069_000_000, type('long', 'time-micros'), 'identity', '08:21:09.000'],
    [Buffer.from('ff85', 'hex'), type('bytes', 'decimal', 2), 'identity', '-1.23'],
    [Buffer.from('7b', 'hex'), type('fixed', 'decimal', 4), 'identity', '0.0123'],
    [
      Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
      type('fixed', 'uuid'),
      'identity',
      '00112233-4455-6677-8899-aabbccddeeff',
    ],
    [Buffer.from('beef', 'hex'), type('bytes'), 'identity', 'beef'],
    [true, type('boolean'), 'identity', 'true'],
    [1e18, type('long', 'timestamp-millis'), 'identity', '1000000000000000000'],
    ['a'.repeat(500), type('string'), 'identity', 'a'.repeat(200)],
  ])('%o as %o by %s is %s', ([value, valueType, transform, text]) => {
    expect(partitionText(value, valueType, transform)).toBe(text)
  })

  test('a partition period starts where its text says', () => {
    fc.assert(
      fc.property(fc.integer({ min: -300_000, max: 700_000 }), (hours) => {
        const text = partitionText(hours, type('int'), 'hour')

        expect(timeOfPartition(text)).toBe(hours * 3_600_000)
      }),
    )
    expect(['null', 'x', '2027', '2027-02'].map(timeOfPartition)).toEqual([
      null,
      null,
      Date.UTC(2027),
      Date.UTC(2027, 1),
    ])
  })

  test('bounds of any bytes are times or nothing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 12 }),
        fc.constantFrom('date', 'timestamp', 'timestamptz_ns', 'string'),
        (bytes, column) => {
          const time = timeOfBound(bytes, column)
          expect(time === null ? null : new Date(time).getTime()).toBe(time)
        },
      ),
    )
  })
})

describe('history', () => {
  test('the main line is what led to the current snapshot, whatever the parents say', () => {
    const shot = (own: string, parent?: string) =>
      snapshotJson({ id: own, ...(parent ? { parent } : {}), at: T0, summary: {} })
    const line = (snapshots: unknown[], current: string, log: string[] = []): string[] =>
      mainLine(
        metadataOf({
          snapshots,
          'current-snapshot-id': id(current),
          'snapshot-log': log.map((one) => ({ 'snapshot-id': id(one), 'timestamp-ms': T0 })),
        }),
      ).map((snapshot) => snapshot.id)

    expect(line([shot('1'), shot('2', '1'), shot('3', '1')], '3')).toEqual(['1', '3'])
    expect(line([shot('2', '1'), shot('3', '2')], '3')).toEqual(['2', '3'])
    expect(line([shot('1', '2'), shot('2', '1')], '2')).toEqual(['1', '2'])
    // Without parents, what the log says was current.
    expect(line([shot('1'), shot('2'), shot('3')], '3', ['1', '2', '3'])).toEqual(['1', '2', '3'])
  })

  test('a schema change has the time of the first snapshot written with it, or of the last update', () => {
    const columns = (...fields: [number, string, string][]) =>
      fields.map(([field, name, type]) => ({ id: field, name, type, required: false }))
    const schemas = [
      columns([1, 'a', 'int']),
      columns([1, 'a', 'long'], [2, 'b', 'float']),
      columns([1, 'a', 'long'], [2, 'c', 'float']),
      columns([1, 'a', 'string']),
    ].map((fields, i) => ({ type: 'struct', 'schema-id': i, fields }))
    const snapshots = [
      snapshotJson({ id: '1', at: T0 + 1, schemaId: 0, summary: {} }),
      snapshotJson({ id: '2', parent: '1', at: T0 + 2, schemaId: 2, summary: {} }),
    ]
    const changes = (from: number): string[] => {
      const metadata = metadataOf({
        schemas,
        'current-schema-id': 3,
        snapshots: snapshots.slice(from),
        'current-snapshot-id': id('2'),
        'last-updated-ms': T0 + 9,
      })
      return schemaHistory(metadata, mainLine(metadata), []).map(
        ({ at, version, change, column, from: was, to }) =>
          `${at - T0} @${version} ${change} ${column} ${was} → ${to}`,
      )
    }

    expect(changes(0)).toEqual([
      '2 @2 widened a int → long',
      '2 @2 added b null → float',
      '2 @2 renamed c b → c',
      '9 @ retyped a long → string',
      '9 @ dropped c float → null',
    ])
    // The snapshot before was expired: when its successor's schema came is not known.
    expect(changes(1)).toEqual(['9 @ retyped a long → string', '9 @ dropped c float → null'])
  })

  test('types are spelled with what they hold', () => {
    const map = {
      type: 'map',
      'key-id': 3,
      key: 'string',
      'value-id': 4,
      value: { type: 'struct', fields: [{ id: 5, name: 'x', type: 'int' }] },
    }
    const fields = [
      { id: 1, name: 'm', required: true, type: map },
      { id: 2, name: 'd', type: 'decimal(38,  9)' },
    ]

    expect(
      parseSchema({ fields }).columns.map(({ name, type, identity }) => `${identity} ${name} ${type}`),
    ).toEqual(['1 m map<string, struct>', '3 m.key string', '5 m.value.x int', '2 d decimal(38,9)'])
  })
})

describe('any bytes in, only typed errors out', () => {
  const entries = [
    { rows: 5, bytes: 50, day: 20_000, newest: T0 },
    { rows: 1, bytes: 10, content: 1, format: 'PUFFIN', vectorBytes: 3 },
  ]
  const files: readonly [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ['manifest', manifest(entries, { codec: 'null' }), asManifest],
    [
      'manifest list',
      manifestList([{ path: 's3://b/t/metadata/m.avro', live: 3 }]),
      (bytes) => readManifestList(bytes, 'l.avro'),
    ],
    [
      'metadata',
      bytesOf(
        metadataJson({
          snapshots: [
            snapshotJson({
              id: '9007199254740993001',
              at: T0,
              summary: { operation: 'append', 'added-records': '1' },
            }),
          ],
          'current-snapshot-id': id('9007199254740993001'),
        }),
      ),
      (bytes) => parseMetadata(bytes, 'v1.metadata.json'),
    ],
  ]

  test.for(files)('%s', ([, real, read]) => {
    expect(outcome(() => read(real))).toBe('no error')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(outcome(() => read(noise))).toMatch(/^corrupt: /)
      }),
    )
    const Change = fc.tuple(fc.nat(real.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(Change, { maxLength: 4 }), fc.nat(real.length), (changes, end) => {
        const bytes = Buffer.from(real)
        for (const [at, value] of changes) bytes[at] = value
        expect(outcome(() => read(bytes))).toMatch(/^(no error|corrupt: |unsupported: |too-large: )/)
        expect(outcome(() => read(bytes.subarray(0, end)))).toMatch(
          /^(no error|corrupt: |unsupported: |too-large: )/,
        )
      }),
      { numRuns: 1_000 },
    )
  })

  test('metadata whose fields hold any JSON', () => {
    const keys = Object.keys(JSON.parse(metadataJson()) as object)
    fc.assert(
      fc.property(
        fc.constantFrom(...keys, 'schema', 'partition-spec', 'partition-statistics'),
        fc.jsonValue(),
        (key, value) => {
          expect(outcome(() => metadataOf({ [key]: value }))).toMatch(/^(no error|corrupt: |unsupported: )/)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('limits say their numbers', () => {
    const deep = (depth: number): unknown =>
      depth === 0 ? 'int' : { type: 'list', 'element-id': depth, element: deep(depth - 1) }
    const schemas = [{ ...SCHEMA, fields: [{ id: 1, name: 'x', type: deep(500) }] }]
    const bomb = Buffer.alloc(MAX_METADATA_INFLATED_BYTES + 1)

    expect(outcome(() => metadataOf({ schemas }))).toBe(
      'corrupt: v1.metadata.json: a schema is nested deeper than 64',
    )
    for (const packed of [zlib.gzipSync(bomb), zlib.zstdCompressSync(bomb)]) {
      expect(outcome(() => parseMetadata(packed, 'v1.metadata.json'))).toBe(
        'too-large: v1.metadata.json inflates to more than 67108864 bytes',
      )
    }
    expect(outcome(() => metadataOf({ 'current-snapshot-id': 5 }))).toBe(
      'corrupt: v1.metadata.json: its current snapshot 5 is not among its 0 snapshots',
    )
    expect(outcome(() => parseMetadata(bytesOf('{"properties":{}}'), 'v0'))).toBe(
      'corrupt: v0 is not Iceberg table metadata: it has no format-version or no location (it has properties)',
    )
  })
})
