// An Iceberg table in a lake in memory, and how tests look at it.
import { type IcebergOptions, openIcebergTable } from '../../../src/collectors/lake/iceberg-table.ts'
import type { TableNews } from '../../../src/collectors/lake/table.ts'
import { reasonOf } from '../../../src/model/errors.ts'
import { timestamp } from '../../../src/model/units.ts'
import {
  DAY,
  type Entry,
  T0,
  id,
  manifest,
  manifestList,
  metadataJson,
  snapshotJson,
} from '../../formats/iceberg/write-table.ts'
import { type MemoryObjects, memoryObjects } from '../../memory-objects.ts'

export const NOW = T0 + 30 * DAY

/** Files of the table go below `orders/`. */
export function lake(): MemoryObjects {
  const objects = memoryObjects('s3://lake')
  return { ...objects, put: (key, content, modified) => objects.put(`orders/${key}`, content, modified) }
}

export function watch(objects: MemoryObjects, options: IcebergOptions = {}) {
  const identity = {
    source: 'lake',
    table: 'orders',
    namespace: 's3://lake',
    name: 'orders',
    id: 's3://lake/orders',
    location: 's3://lake/orders',
  }
  const table = openIcebergTable(objects.store.below('orders'), identity, options)
  return (now: number = NOW): Promise<TableNews> =>
    table.refresh({ now: timestamp(now), signal: new AbortController().signal })
}

export const failure = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work
    return 'none'
  } catch (error) {
    return `${reasonOf(error)}: ${(error as Error).message}`
  }
}

/** A table that only ever appends: one snapshot, one manifest and one file an hour. */
export function append(objects: MemoryObjects, version: number, name = `v${version}.metadata.json`): string {
  const ids = Array.from({ length: version }, (_, i) => String(i + 1))
  const newest = String(version)
  putManifest(objects, `m${newest}`, [{ rows: 10, bytes: 1_000, day: 20_833, newest: T0 + version }])
  objects.put(
    `metadata/snap-${newest}.avro`,
    manifestList(
      ids.map((one) => ({ path: `s3://lake/orders/metadata/m${one}.avro`, addedBy: BigInt(one), live: 1 })),
    ),
  )
  const snapshots = ids.map((one, i) =>
    snapshotJson({
      id: one,
      ...(i === 0 ? {} : { parent: ids[i - 1]! }),
      at: T0 + i * 3_600_000,
      summary: {
        operation: 'append',
        'added-data-files': '1',
        'added-records': '10',
        'total-data-files': String(i + 1),
        'total-records': String(10 * (i + 1)),
      },
    }),
  )
  objects.put(
    `metadata/${name}`,
    metadataJson({
      'current-snapshot-id': id(newest),
      'last-updated-ms': T0 + version * 3_600_000,
      snapshots,
      refs: { main: { 'snapshot-id': id(newest), type: 'branch' } },
    }),
  )
  return name
}

export const putManifest = (objects: MemoryObjects, name: string, entries: readonly Entry[]): void =>
  objects.put(`metadata/${name}.avro`, manifest(entries))
