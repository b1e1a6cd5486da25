// Writes small Iceberg metadata, manifest lists and manifests, with avsc as the encoder, for tests.
import { type AvroFileOptions, avroFile } from '../avro-file.ts'

export const T0 = 1_800_000_000_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

export interface Entry {
  /** 0 existing, 1 added (the default), 2 deleted. */
  readonly status?: number
  /** 0 data (the default), 1 position deletes, 2 equality deletes. */
  readonly content?: number
  /** Full path; `data/<index>.parquet` of the table is the default. */
  readonly path?: string
  readonly rows: number
  readonly bytes: number
  readonly format?: string
  /** Days since 1970. */
  readonly day?: number | null
  /** Upper bound of field 2, a timestamp, epoch ms. */
  readonly newest?: number
  /** Bounds of field 1, a long. */
  readonly ids?: readonly [number, number]
  /** Of a deletion vector. */
  readonly vectorBytes?: number
}

const keyed = (value: string, name: string): unknown => [
  'null',
  {
    type: 'array',
    logicalType: 'map',
    items: {
      type: 'record',
      name,
      fields: [
        { name: 'key', type: 'int' },
        { name: 'value', type: value },
      ],
    },
  },
]

const partitionFields = (partitioned: boolean): readonly unknown[] =>
  partitioned
    ? [{ name: 'ts_day', type: ['null', { type: 'int', logicalType: 'date' }], 'field-id': 1000 }]
    : []

export const manifestSchema = (partitioned: boolean): unknown => ({
  type: 'record',
  name: 'manifest_entry',
  fields: [
    { name: 'status', type: 'int', 'field-id': 0 },
    { name: 'snapshot_id', type: ['null', 'long'], 'field-id': 1 },
    {
      name: 'data_file',
      'field-id': 2,
      type: {
        type: 'record',
        name: 'r2',
        fields: [
          { name: 'content', type: 'int', 'field-id': 134 },
          { name: 'file_path', type: 'string', 'field-id': 100 },
          { name: 'file_format', type: 'string', 'field-id': 101 },
          {
            name: 'partition',
            'field-id': 102,
            type: { type: 'record', name: 'r102', fields: partitionFields(partitioned) },
          },
          { name: 'record_count', type: 'long', 'field-id': 103 },
          { name: 'file_size_in_bytes', type: 'long', 'field-id': 104 },
          { name: 'column_sizes', type: keyed('long', 'k117'), 'field-id': 108 },
          { name: 'lower_bounds', type: keyed('bytes', 'k126'), 'field-id': 125 },
          { name: 'upper_bounds', type: keyed('bytes', 'k129'), 'field-id': 128 },
          { name: 'content_size_in_bytes', type: ['null', 'long'], 'field-id': 145 },
        ],
      },
    },
  ],
})

export function manifest(
  entries: readonly Entry[],
  options: AvroFileOptions & { partitioned?: boolean } = {},
): Buffer {
  const { partitioned = true, ...file } = options
  return avroFile(manifestSchema(partitioned), entries.map(entryRow), { codec: 'deflate', ...file })
}

function entryRow(entry: Entry, index: number): unknown {
  return {
    status: entry.status ?? 1,
    snapshot_id: 1n,
    data_file: {
      content: entry.content ?? 0,
      file_path: entry.path ?? `s3://lake/orders/data/${index}.parquet`,
      file_format: entry.format ?? 'PARQUET',
      partition: { ts_day: entry.day ?? null },
      record_count: BigInt(entry.rows),
      file_size_in_bytes: BigInt(entry.bytes),
      column_sizes: [{ key: 1, value: 10n }],
      lower_bounds: entry.ids === undefined ? null : [{ key: 1, value: int64(BigInt(entry.ids[0])) }],
      upper_bounds:
        entry.newest === undefined && entry.ids === undefined
          ? null
          : [
              { key: 1, value: int64(BigInt(entry.ids?.[1] ?? 7)) },
              ...(entry.newest === undefined
                ? []
                : [{ key: 2, value: int64(BigInt(entry.newest) * 1_000n) }]),
            ],
      content_size_in_bytes: entry.vectorBytes === undefined ? null : BigInt(entry.vectorBytes),
    },
  }
}

function int64(value: bigint): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigInt64LE(value)
  return buffer
}

export interface ListEntry {
  readonly path: string
  readonly specId?: number
  /** 1 for deletes. */
  readonly content?: number
  readonly addedBy?: bigint
  readonly live?: number | null
}

export const LIST_SCHEMA = {
  type: 'record',
  name: 'manifest_file',
  fields: [
    { name: 'manifest_path', type: 'string', 'field-id': 500 },
    { name: 'manifest_length', type: 'long', 'field-id': 501 },
    { name: 'partition_spec_id', type: 'int', 'field-id': 502 },
    { name: 'content', type: 'int', 'field-id': 517 },
    { name: 'added_snapshot_id', type: 'long', 'field-id': 503 },
    { name: 'added_files_count', type: ['null', 'int'], 'field-id': 504 },
    { name: 'existing_files_count', type: ['null', 'int'], 'field-id': 505 },
  ],
}

export const manifestList = (entries: readonly ListEntry[], options: AvroFileOptions = {}): Buffer =>
  avroFile(
    LIST_SCHEMA,
    entries.map(({ path, specId = 0, content = 0, addedBy = 1n, live = null }) => ({
      manifest_path: path,
      manifest_length: 1n,
      partition_spec_id: specId,
      content,
      added_snapshot_id: addedBy,
      added_files_count: live,
      existing_files_count: live === null ? null : 0,
    })),
    options,
  )

export const SCHEMA = {
  type: 'struct',
  'schema-id': 0,
  fields: [
    { id: 1, name: 'id', required: true, type: 'long' },
    { id: 2, name: 'ts', required: false, type: 'timestamptz' },
    { id: 3, name: 'note', required: false, type: 'string' },
  ],
}

export const DAY_SPEC = {
  'spec-id': 0,
  fields: [{ name: 'ts_day', transform: 'day', 'source-id': 2, 'field-id': 1000 }],
}

/** A metadata file; ids are given as text so that they may exceed what JSON numbers hold. */
export function metadataJson(parts: Record<string, unknown> = {}): string {
  return JSON.stringify({
    'format-version': 2,
    'table-uuid': 'b2f1a4f0-0000-4000-8000-000000000000',
    location: 's3://lake/orders',
    'last-updated-ms': T0,
    'last-column-id': 3,
    schemas: [SCHEMA],
    'current-schema-id': 0,
    'partition-specs': [DAY_SPEC],
    'default-spec-id': 0,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    'default-sort-order-id': 0,
    properties: {},
    'current-snapshot-id': -1,
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
    refs: {},
    ...parts,
  }).replaceAll(/"id:(\d+)"/g, '$1')
}

/** An id that metadataJson writes as a bare number. */
export const id = (digits: string): string => `id:${digits}`

export interface SnapshotParts {
  readonly id: string
  readonly parent?: string
  readonly at: number
  readonly summary: Readonly<Record<string, string>>
  readonly schemaId?: number
}

export const snapshotJson = ({
  id: own,
  parent,
  at,
  summary,
  schemaId = 0,
}: SnapshotParts): Record<string, unknown> => ({
  'snapshot-id': id(own),
  ...(parent === undefined ? {} : { 'parent-snapshot-id': id(parent) }),
  'timestamp-ms': at,
  'manifest-list': `s3://lake/orders/metadata/snap-${own}.avro`,
  summary,
  'schema-id': schemaId,
})
