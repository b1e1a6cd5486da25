// Writes small Delta logs for tests: commits as lines of JSON, checkpoints as Parquet in the shape Spark gives them.
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { MemoryObjects } from '../../memory-objects.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
export type Row = Readonly<Record<string, { readonly [key: string]: Json | bigint | Date }>>

export const logFile = (version: number, rest = 'json'): string =>
  `_delta_log/${String(version).padStart(20, '0')}.${rest}`

export const NDJSON = (actions: readonly Json[]): string =>
  actions.map((action) => `${JSON.stringify(action)}\n`).join('')

export function commit(objects: MemoryObjects, version: number, at: number, actions: readonly Json[]): void {
  objects.put(logFile(version), NDJSON(actions), at)
}

export interface Field {
  readonly name: string
  readonly type: Json
  readonly nullable?: boolean
  readonly metadata?: Json
}

export const schema = (...fields: readonly Field[]): string =>
  JSON.stringify({
    type: 'struct',
    fields: fields.map((field) => ({ nullable: true, metadata: {}, ...field })),
  })

export const PROTOCOL = { protocol: { minReaderVersion: 1, minWriterVersion: 2 } }

export const metaData = (
  schemaString: string,
  partitionColumns: readonly string[] = [],
  configuration: Readonly<Record<string, string>> = {},
): Json => ({
  metaData: {
    id: 'table-id',
    format: { provider: 'parquet', options: {} },
    schemaString,
    partitionColumns,
    configuration,
    createdTime: 1_767_225_600_000,
  },
})

export const info = (operation: string, timestamp: number, rest: Record<string, Json> = {}): Json => ({
  commitInfo: { timestamp, operation, operationParameters: {}, engineInfo: 'test', ...rest },
})

export const add = (path: string, size: number, rest: Record<string, Json> = {}): Json => ({
  add: { path, partitionValues: {}, size, modificationTime: 1_767_225_600_000, dataChange: true, ...rest },
})

export const remove = (path: string, deletionTimestamp: number, rest: Record<string, Json> = {}): Json => ({
  remove: { path, deletionTimestamp, dataChange: true, ...rest },
})

export const stats = (numRecords: number, maxValues: Json = {}): { stats: string } => ({
  stats: JSON.stringify({ numRecords, minValues: {}, maxValues, nullCount: {} }),
})

export const vector = (id: string, cardinality: number, offset = 1): { deletionVector: Json } => ({
  deletionVector: { storageType: 'u', pathOrInlineDv: id, offset, sizeInBytes: 40, cardinality },
})

const text = (name: string) =>
  ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }) as const
const long = (name: string) => ({ name, type: 'INT64', repetition_type: 'OPTIONAL' }) as const
const int = (name: string) => ({ name, type: 'INT32', repetition_type: 'OPTIONAL' }) as const
const bool = (name: string) => ({ name, type: 'BOOLEAN', repetition_type: 'OPTIONAL' }) as const
const time = (name: string) =>
  ({ name, type: 'INT64', converted_type: 'TIMESTAMP_MICROS', repetition_type: 'OPTIONAL' }) as const
type Element = { readonly name: string }
const group = (name: string, ...children: readonly (readonly Element[])[]): Element[] => [
  { name, num_children: children.length, repetition_type: 'OPTIONAL' } as Element,
  ...children.flat(),
]
const texts = (name: string): Element[] => [
  { name, num_children: 1, repetition_type: 'OPTIONAL', converted_type: 'LIST' } as Element,
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' } as Element,
  text('element'),
]
const map = (name: string): Element[] => [
  { name, num_children: 1, repetition_type: 'OPTIONAL', converted_type: 'MAP' } as Element,
  { name: 'key_value', num_children: 2, repetition_type: 'REPEATED' } as Element,
  { ...text('key'), repetition_type: 'REQUIRED' } as Element,
  text('value'),
]
const dv = group(
  'deletionVector',
  [text('storageType')],
  [text('pathOrInlineDv')],
  [int('offset')],
  [int('sizeInBytes')],
  [long('cardinality')],
)
const COLUMNS: Readonly<Record<string, Element[]>> = {
  add: group(
    'add',
    [text('path')],
    map('partitionValues'),
    [long('size')],
    [long('modificationTime')],
    [bool('dataChange')],
    [text('stats')],
    dv,
    group(
      'stats_parsed',
      [long('numRecords')],
      group('minValues', [long('id')], [time('ts')]),
      group('maxValues', [long('id')], [time('ts')]),
    ),
  ),
  remove: group(
    'remove',
    [text('path')],
    [long('deletionTimestamp')],
    [bool('dataChange')],
    [long('size')],
    dv,
  ),
  metaData: group(
    'metaData',
    [text('id')],
    [text('schemaString')],
    texts('partitionColumns'),
    map('configuration'),
    [long('createdTime')],
  ),
  protocol: group(
    'protocol',
    [int('minReaderVersion')],
    [int('minWriterVersion')],
    texts('readerFeatures'),
    texts('writerFeatures'),
  ),
  domainMetadata: group('domainMetadata', [text('domain')], [text('configuration')], [bool('removed')]),
  sidecar: group('sidecar', [text('path')], [long('sizeInBytes')], [long('modificationTime')]),
}

/** Rows as they are in a checkpoint: `{ add: {…} }`, `{ metaData: {…} }`; integers of 64 bits as bigint. */
export function checkpoint(rows: readonly Row[], rowGroupSize = 1_000): Uint8Array {
  const columns = Object.keys(COLUMNS)
  const names = columns.filter((name) => rows.some((row) => name in row))
  const root = { name: 'root', num_children: names.length } as Element
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: names.map((name) => ({ name, data: rows.map((row) => row[name]) as never })),
      schema: [root, ...names.flatMap((name) => COLUMNS[name]!)] as never,
      rowGroupSize,
    }),
  )
}
