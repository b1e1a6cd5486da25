// A Delta table in a lake in memory, and how tests look at it.
import { openDeltaTable } from '../../../src/collectors/lake/delta-table.ts'
import type { TableNews } from '../../../src/collectors/lake/table.ts'
import { reasonOf } from '../../../src/model/errors.ts'
import { DAY, timestamp } from '../../../src/model/units.ts'
import { type Json, type Row, add, schema, stats } from '../../formats/delta/write-log.ts'
import { type MemoryObjects, memoryObjects } from '../../memory-objects.ts'

export const T0 = Date.UTC(2026, 0, 1)
export const NOW = timestamp(T0 + 30 * DAY)
export const HOUR = 3_600_000
export const SCHEMA = schema(
  { name: 'id', type: 'long' },
  { name: 'ts', type: 'timestamp' },
  { name: 'day', type: 'string' },
)

export function watch(objects: MemoryObjects, options = {}) {
  const identity = {
    source: 'lake',
    table: 'orders',
    namespace: 's3://lake',
    name: 'orders',
    id: 's3://lake/orders',
    location: 's3://lake/orders',
  }
  const table = openDeltaTable(objects.store.below('orders'), identity, options)
  return (now: number = NOW, signal = new AbortController().signal): Promise<TableNews> =>
    table.refresh({ now: timestamp(now), signal })
}

/** Files of the log go below `orders/`. */
export function lake(): MemoryObjects {
  const objects = memoryObjects('s3://lake')
  return { ...objects, put: (key, content, modified) => objects.put(`orders/${key}`, content, modified) }
}

export const failure = async (work: Promise<unknown>): Promise<{ reason: string; message: string }> => {
  try {
    await work
  } catch (error) {
    return { reason: reasonOf(error), message: (error as Error).message }
  }
  return { reason: 'none', message: '' }
}

export const file = (
  name: string,
  day: string | null,
  size: number,
  rows: number,
  ts: string,
  rest: Record<string, Json> = {},
): Json => add(`day=${day}/${name}`, size, { partitionValues: { day }, ...stats(rows, { ts }), ...rest })

export const META: Row = {
  metaData: {
    id: 'table-id',
    schemaString: SCHEMA,
    partitionColumns: ['day'],
    configuration: { 'delta.targetFileSize': '100mb' },
    createdTime: BigInt(T0),
  },
}
export const HEAD: readonly Row[] = [
  META,
  {
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ['deletionVectors'],
      writerFeatures: ['deletionVectors'],
    },
  },
  {
    domainMetadata: {
      domain: 'delta.clustering',
      configuration: '{"clusteringColumns":[["id"]]}',
      removed: false,
    },
  },
]
/** Statistics as text, as struct, or both: writers differ. */
export const FILES: readonly Row[] = Array.from({ length: 40 }, (_, i): Row => {
  const ts = new Date(T0 + i * HOUR)
  return {
    add: {
      path: `day=${i % 3}/f${i}`,
      partitionValues: { day: i % 3 === 0 ? null : String(i % 3) },
      size: BigInt(1_000 + i),
      modificationTime: BigInt(T0),
      dataChange: false,
      stats:
        i % 4 === 1
          ? (null as never)
          : JSON.stringify({ numRecords: 10 + i, maxValues: { ts: ts.toISOString() } }),
      ...(i % 4 === 2 ? {} : { stats_parsed: { numRecords: BigInt(10 + i), maxValues: { ts } } as never }),
      ...(i % 5 === 0
        ? {
            deletionVector: {
              storageType: 'u',
              pathOrInlineDv: 'abc',
              offset: i,
              sizeInBytes: 3,
              cardinality: 2n,
            } as never,
          }
        : {}),
    },
  }
})
export const REMOVED: readonly Row[] = [
  { remove: { path: 'day=1/gone', deletionTimestamp: BigInt(T0), dataChange: true, size: 50n } },
]
export const ALL = [...FILES.slice(0, 20), ...REMOVED, ...FILES.slice(20)]

export const printed = (news: TableNews): string => {
  const dates = (key: string, value: unknown): unknown =>
    typeof value === 'number' && value > 1e12 && value < 3e12 && !/bytes/i.test(key)
      ? new Date(value).toISOString()
      : value
  const commits = news.commits.map(
    (c) =>
      `${c.version} ${new Date(c.at).toISOString()} ${c.operation}${c.changesData ? ' (changes data)' : ''} rows +${c.rowsAdded} -${c.rowsRemoved} files +${c.filesAdded} -${c.filesRemoved} bytes +${c.bytesAdded} -${c.bytesRemoved}`,
  )
  return [JSON.stringify(news.table, dates, 2), '', ...commits, '', ...news.problems, ''].join('\n')
}
