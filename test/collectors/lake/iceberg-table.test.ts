// What an Iceberg table's fact says, whatever its metadata holds.
import { describe, expect, test } from 'vitest'
import {
  DAY,
  DAY_SPEC,
  HOUR,
  SCHEMA,
  T0,
  id,
  manifest,
  manifestList,
  metadataJson,
  snapshotJson,
} from '../../formats/iceberg/write-table.ts'
import type { MemoryObjects } from '../../memory-objects.ts'
import { printed } from './delta-lake.ts'
import { NOW, lake, watch } from './iceberg-lake.ts'

const MB = 1_000_000
const WIDER = {
  ...SCHEMA,
  'schema-id': 1,
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'event_time', required: false, type: 'timestamptz' },
    { id: 4, name: 'price', required: true, type: 'decimal(9, 2)' },
    {
      id: 5,
      name: 'tags',
      required: false,
      type: { type: 'list', 'element-id': 6, element: 'string', 'element-required': true },
    },
    {
      id: 7,
      name: 'place',
      required: false,
      type: { type: 'struct', fields: [{ id: 8, name: 'city', required: false, type: 'string' }] },
    },
  ],
}
const REGION_SPEC = {
  'spec-id': 1,
  fields: [
    { name: 'ts_day', transform: 'day', 'source-id': 2, 'field-id': 1000 },
    { name: 'id_bucket', transform: 'bucket[16]', 'source-id': 1, 'field-id': 1001 },
  ],
}
/** Beyond what a double holds. */
const [FIRST, SECOND, THIRD, FOURTH, ASIDE] = [1, 2, 3, 4, 5].map((n) => `900719925474099300${n}`) as [
  string,
  string,
  string,
  string,
  string,
]

/** A table that was appended to, deleted from, compacted, and changed; with a tag and a snapshot aside of main. */
function story(objects: MemoryObjects): void {
  objects.put(
    'metadata/old.avro',
    manifest([
      { rows: 100, bytes: 10 * MB, day: 20_833, newest: T0 - 2 * HOUR },
      { rows: 900, bytes: 200 * MB, day: 20_833, newest: T0 - HOUR },
      { status: 2, rows: 5_000, bytes: 900 * MB, day: 20_833 },
      { status: 0, rows: 3_000, bytes: 700 * MB, day: 20_834, newest: T0 + DAY },
      { rows: 1, bytes: 1_000, day: null, newest: Date.UTC(9999, 0) },
    ]),
  )
  // Two vectors in one Puffin file of 5,000 bytes.
  objects.put(
    'metadata/deletes.avro',
    manifest(
      [
        { content: 1, format: 'PUFFIN', rows: 30, bytes: 5_000, vectorBytes: 40, day: 20_834 },
        { content: 1, format: 'PUFFIN', rows: 10, bytes: 5_000, vectorBytes: 60, day: 20_833 },
      ],
      { metadata: { content: 'deletes' } },
    ),
  )
  objects.put(
    'metadata/new.avro',
    manifest([{ rows: 50, bytes: 100 * MB, day: 20_834, newest: T0 + 2 * DAY }]),
  )
  objects.put(
    `metadata/snap-${FOURTH}.avro`,
    manifestList([
      { path: 's3://lake/orders/metadata/old.avro', addedBy: BigInt(THIRD), live: 4 },
      { path: 's3://lake/orders/metadata/deletes.avro', content: 1, addedBy: BigInt(SECOND), live: 2 },
      { path: 's3://lake/orders/metadata/new.avro', specId: 1, addedBy: BigInt(FOURTH), live: 1 },
    ]),
  )
  const snapshots = [
    snapshotJson({
      id: FIRST,
      at: T0,
      summary: {
        operation: 'append',
        'added-data-files': '4',
        'added-records': '9001',
        'added-files-size': '1810001000',
        'total-records': '9001',
        'engine-name': 'spark',
        'engine-version': '4.0.1',
      },
    }),
    snapshotJson({
      id: SECOND,
      parent: FIRST,
      at: T0 + HOUR,
      summary: {
        operation: 'delete',
        'added-delete-files': '2',
        'added-dvs': '2',
        'added-position-deletes': '40',
        'total-records': '9001',
      },
    }),
    snapshotJson({
      id: ASIDE,
      parent: SECOND,
      at: T0 + 90 * 60_000,
      summary: { operation: 'append', 'wap.id': 'x', 'added-records': '1', 'total-records': '9002' },
    }),
    snapshotJson({
      id: THIRD,
      parent: SECOND,
      at: T0 + 2 * HOUR,
      summary: {
        operation: 'replace',
        'added-data-files': '1',
        'deleted-data-files': '7',
        'added-files-size': '700000000',
        'removed-files-size': '900000000',
        'total-records': '4001',
      },
    }),
    snapshotJson({
      id: FOURTH,
      parent: THIRD,
      at: T0 + 3 * HOUR,
      schemaId: 1,
      // An append of nothing: it counts as a commit and not as a change.
      summary: {
        operation: 'append',
        'total-data-files': '5',
        'total-delete-files': '2',
        'total-records': '4051',
        'total-files-size': '1010001100',
        'total-position-deletes': '40',
        'total-equality-deletes': '0',
      },
    }),
  ]
  objects.put(
    'metadata/v9.metadata.json',
    metadataJson({
      'format-version': 3,
      'last-updated-ms': T0 + 3 * HOUR,
      schemas: [SCHEMA, WIDER],
      'current-schema-id': 1,
      'partition-specs': [DAY_SPEC, REGION_SPEC],
      'default-spec-id': 1,
      'sort-orders': [
        {
          'order-id': 1,
          fields: [
            { transform: 'identity', 'source-id': 2, direction: 'desc', 'null-order': 'nulls-last' },
            { transform: 'truncate[4]', 'source-id': 1, direction: 'asc', 'null-order': 'nulls-first' },
          ],
        },
      ],
      'default-sort-order-id': 1,
      properties: { 'write.target-file-size-bytes': '268435456', 'gc.enabled': 'false', secret: 'not told' },
      'current-snapshot-id': id(FOURTH),
      snapshots,
      'snapshot-log': [FIRST, SECOND, THIRD, FOURTH].map((one) => ({
        'snapshot-id': id(one),
        'timestamp-ms': T0,
      })),
      'metadata-log': [
        { 'metadata-file': 's3://lake/orders/metadata/v1.metadata.json', 'timestamp-ms': T0 - HOUR },
      ],
      refs: {
        main: { 'snapshot-id': id(FOURTH), type: 'branch' },
        audited: { 'snapshot-id': id(FIRST), type: 'tag', 'max-ref-age-ms': DAY },
      },
    }),
  )
}

describe('what a table tells', () => {
  test('the whole story', async () => {
    const objects = lake()
    story(objects)

    await expect(printed(await watch(objects)())).toMatchFileSnapshot('golden/iceberg-story.txt')
  })

  test('without a snapshot: known to be empty', async () => {
    const objects = lake()
    for (const none of [{ 'current-snapshot-id': -1 }, { 'current-snapshot-id': null }, {}]) {
      objects.put('metadata/v1.metadata.json', metadataJson(none))

      expect((await watch(objects)()).table).toMatchObject({
        version: null,
        lastChange: null,
        lastCommit: null,
        created: T0,
        rows: 0,
        files: 0,
        bytes: 0,
        snapshots: 0,
        oldestSnapshot: null,
        reclaimable: null,
        partial: [],
      })
    }
  })

  test('deletes by position and by value say how far the rows are known', async () => {
    const rows = async (deletes: Parameters<typeof manifest>[0]): Promise<unknown> => {
      const objects = lake()
      objects.put('metadata/data.avro', manifest([{ rows: 100, bytes: 9 }]))
      objects.put('metadata/deletes.avro', manifest(deletes, { metadata: { content: 'deletes' } }))
      const paths = ['data', 'deletes'].map((name, content) => ({
        path: `s3://lake/orders/metadata/${name}.avro`,
        content,
      }))
      objects.put('metadata/snap-1.avro', manifestList(paths))
      const snapshots = [snapshotJson({ id: '1', at: T0, summary: { operation: 'append' } })]
      objects.put('metadata/v1.metadata.json', metadataJson({ 'current-snapshot-id': id('1'), snapshots }))
      const { table } = await watch(objects)()
      return [table?.rows, table?.rowsExactness, table?.deletes?.rows, table?.bytes]
    }

    expect(await rows([])).toEqual([100, 'exact', 0, 9])
    expect(await rows([{ content: 1, rows: 7, bytes: 5, format: 'PUFFIN', vectorBytes: 2 }])).toEqual([
      93,
      'exact',
      7,
      9,
    ])
    expect(await rows([{ content: 1, rows: 7, bytes: 5 }])).toEqual([93, 'lower bound', 7, 9])
    expect(await rows([{ content: 2, rows: 1, bytes: 5 }])).toEqual([100, 'upper bound', null, 9])
    expect(await rows([{ content: 1, rows: 700, bytes: 5 }])).toEqual([0, 'lower bound', 100, 9])
  })

  test('of the first format version: manifests named in place, counts and ids left out', async () => {
    const objects = lake()
    objects.put(
      'metadata/m.avro',
      manifest([{ rows: 4, bytes: 40, day: 20_833 }], { metadata: { 'partition-spec-id': '0' } }),
    )
    const {
      schemas,
      'partition-specs': specs,
      ...rest
    } = JSON.parse(metadataJson()) as Record<string, unknown[]>
    objects.put(
      'metadata/v1.metadata.json',
      JSON.stringify({
        ...rest,
        'format-version': 1,
        schema: schemas![0],
        'partition-spec': (specs![0] as { fields: unknown }).fields,
        'current-snapshot-id': 1,
        snapshots: [
          { 'snapshot-id': 1, 'timestamp-ms': T0, manifests: ['s3://lake/orders/metadata/m.avro'] },
        ],
      }),
    )

    const { table, commits } = await watch(objects)()

    expect(table).toMatchObject({
      formatVersion: '1',
      rows: 4,
      files: 1,
      partitions: { columns: ['day(ts)'], count: 1, largest: 'ts_day=2027-01-15' },
    })
    expect(commits).toMatchObject([
      { operation: 'unknown', changesData: true, rowsAdded: null, filesAdded: null, engine: null },
    ])
  })

  test('the newest event is in the partitions where files have no bounds, and never far in the future', async () => {
    const objects = lake()
    objects.put(
      'metadata/m.avro',
      manifest([
        { rows: 1, bytes: 1, day: 20_833 },
        { rows: 1, bytes: 1, day: 2_932_896 },
        { rows: 0, bytes: 1, day: 20_840 },
      ]),
    )
    objects.put('metadata/snap-1.avro', manifestList([{ path: 's3://lake/orders/metadata/m.avro' }]))
    const snapshots = [snapshotJson({ id: '1', at: T0, summary: { operation: 'append' } })]
    objects.put('metadata/v1.metadata.json', metadataJson({ 'current-snapshot-id': id('1'), snapshots }))

    const { table } = await watch(objects)(NOW)

    expect(table?.eventTime).toEqual({ column: 'ts', newest: 20_833 * DAY })
    expect(table?.partial).toEqual([
      'the newest ts is the start of its newest partition: events may be newer',
    ])
  })

  test('a format that is newer than this reader is said so, not guessed', async () => {
    const objects = lake()
    objects.put('metadata/v1.metadata.json', metadataJson({ 'format-version': 4 }))

    await expect(watch(objects)()).rejects.toMatchObject({
      reason: 'unsupported',
      message: 's3://lake/orders/metadata/v1.metadata.json has Iceberg format version 4; 1 to 3 are read',
    })
  })
})
