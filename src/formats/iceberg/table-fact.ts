// One Iceberg table as a fact: what its metadata, snapshots and manifests say together.
import type {
  Column,
  Deletes,
  Exactness,
  FileSizes,
  Layout,
  Partitions,
  TableFact,
} from '../../model/facts.ts'
import { type Bytes, bytes, readableBytes, timestamp, type Timestamp } from '../../model/units.ts'
import { judgeFileSizes } from '../file-sizes.ts'
import type { SampledFile } from '../bound-ranks.ts'
import { layoutOf } from '../layout.ts'
import { judgePartitions } from '../partitions.ts'
import { MAX_SAMPLED_FILES, skippingOf } from '../skipping.ts'
import { type NamedColumn, comparableColumns } from './bound-columns.ts'
import { type EventColumn, newestEvent } from './event-time.ts'
import { DATA, type ManifestStatistics } from './manifest.ts'
import type { ManifestRef } from './manifest-list.ts'
import { parseMetadataName } from './metadata-file.ts'
import type { IcebergMetadata, Snapshot } from './metadata.ts'
import type { PartitionBytes } from './partition-statistics.ts'
import { reclaimableBytes } from './reclaimable.ts'
import { columnNames, partitionColumns, schemaHistory } from './schema-history.ts'
import { spellTransform } from './schema.ts'
import { changesData, commitRef, compacts, countOf } from './snapshots.ts'
import { type Totals, totalsOf } from './totals.ts'

export type Identity = Pick<TableFact, 'source' | 'table' | 'namespace' | 'name' | 'id' | 'location'>

export interface ReadManifest {
  readonly ref: ManifestRef
  readonly statistics: ManifestStatistics
}

export interface TableReading {
  readonly now: Timestamp
  readonly metadata: IcebergMetadata
  /** The main line of snapshots, oldest first. */
  readonly line: readonly Snapshot[]
  /** Every manifest of the current snapshot; null when they could not all be read. */
  readonly manifests: readonly ReadManifest[] | null
  /** Bytes by partition from the partition statistics file; asked for only without manifests, null where there is none. */
  readonly partitionBytes: readonly PartitionBytes[] | null
  readonly eventColumn: EventColumn | null
  /** Columns whose bounds were kept of a sample of the files. */
  readonly boundColumns: readonly NamedColumn[]
  /** When snapshots were seen to have been expired. */
  readonly lastExpiry: Timestamp | null
  /** What could not be observed, one sentence each. */
  readonly partial: readonly string[]
}

const TARGET_PROPERTY = 'write.target-file-size-bytes'
/** Iceberg's default of that property. */
const DEFAULT_TARGET = 512 * 2 ** 20
const PROPERTIES = /^(write|commit|history|read|gc|format-version|owner|comment|delta|engine)\b/
const MAX_PROPERTIES = 100
const MAX_PROPERTY_CHARS = 500
/** Columns of one fact; the rest is cut off with a sentence in `partial`. */
const MAX_COLUMNS = 5_000

export function tableFact(identity: Identity, reading: TableReading): TableFact {
  const { metadata, line, manifests } = reading
  const { current } = metadata
  const partial = [...reading.partial]
  const statistics = manifests?.map((manifest) => manifest.statistics) ?? null
  const contents = contentsOf(current, statistics, partial)
  const columns = metadata.schemas.find(({ id }) => id === metadata.currentSchemaId)?.columns ?? []
  if (columns.length > MAX_COLUMNS)
    partial.push(`only the first ${MAX_COLUMNS} of ${columns.length} columns are listed`)
  const name = columnNames(metadata)
  return {
    kind: 'table',
    ...identity,
    format: 'iceberg',
    formatVersion: String(metadata.formatVersion),
    version: current?.id ?? null,
    vanished: null,
    lastChange: commitRef(line.findLast(changesData)),
    lastCommit: commitRef(current),
    created: createdAt(metadata),
    eventTime: eventTime(reading, statistics, partial),
    ...contents,
    fileSizes: statistics && fileSizes(metadata, statistics),
    partitions: partitionsOf(reading, statistics),
    layout: statistics && layout(reading, statistics),
    snapshots: metadata.snapshots.length,
    oldestSnapshot: metadata.snapshots.reduce<Timestamp | null>(
      (oldest, { at }) => (oldest === null || at < oldest ? at : oldest),
      null,
    ),
    reclaimable: reclaimableBytes(metadata, line),
    clustering: [],
    zOrder: [],
    sortOrder: metadata.sortOrder.fields.map(
      (field) => `${spellTransform(field, name)}${field.descending ? ' desc' : ''}`,
    ),
    lastCompaction: line.findLast(compacts)?.at ?? null,
    // Removing orphan files leaves no trace in the metadata.
    lastVacuum: null,
    lastExpiry: reading.lastExpiry,
    columns: columns
      .slice(0, MAX_COLUMNS)
      .map(({ name: column, type, nullable }): Column => ({ name: column, type, nullable })),
    schemaChanges: schemaHistory(metadata, line, manifests?.map(({ ref }) => ref) ?? []),
    properties: properties(metadata),
    partial,
  }
}

type Contents = Pick<TableFact, 'rows' | 'rowsExactness' | 'files' | 'bytes' | 'deletes'>

/** From the manifests; without them from what the snapshot's summary states. */
function contentsOf(
  current: Snapshot | null,
  statistics: readonly ManifestStatistics[] | null,
  partial: string[],
): Contents {
  if (statistics !== null) return fromTotals(totalsOf(statistics), partial)
  if (current === null) return { rows: null, rowsExactness: 'exact', files: null, bytes: null, deletes: null }
  const total = (key: string): number | null => countOf(current, `total-${key}`)
  const rows = total('records')
  const size = total('files-size')
  partial.push('files, bytes and rows are what the snapshot summary states; its manifests were not read')
  if (total('delete-files') !== 0 && size !== null) partial.push('bytes include delete files')
  return {
    rows,
    rowsExactness: total('delete-files') === 0 ? 'exact' : 'upper bound',
    files: total('data-files'),
    bytes: size === null ? null : bytes(size),
    deletes: null,
  }
}

function fromTotals(totals: Totals, partial: string[]): Contents {
  const { dataRows, positions, vectorRows, equalityFiles } = totals
  const unknown = equalityFiles > 0
  if (unknown) {
    partial.push(
      `${equalityFiles} equality delete files (${totals.equalityRows} keys) hide a number of rows that only reading the data tells`,
    )
  }
  // Positions may be there twice or point to files that are gone: they delete at most as many rows.
  const deleted = Math.min(dataRows, vectorRows + positions)
  const exactness: Exactness = unknown ? 'upper bound' : positions > 0 ? 'lower bound' : 'exact'
  return {
    rows: unknown ? dataRows - Math.min(dataRows, vectorRows) : dataRows - deleted,
    rowsExactness: exactness,
    files: totals.dataFiles,
    bytes: bytes(totals.dataBytes),
    deletes: {
      files: totals.positionFiles + equalityFiles,
      deletionVectors: totals.vectors,
      equalityFiles,
      rows: unknown ? null : deleted,
      share: unknown ? null : dataRows === 0 ? 0 : deleted / dataRows,
    } satisfies Deletes,
  }
}

function fileSizes(metadata: IcebergMetadata, statistics: readonly ManifestStatistics[]): FileSizes {
  let count = 0
  for (const { kinds } of statistics) for (const kind of kinds) if (kind === DATA) count += 1
  const sizes = new Float64Array(count)
  let next = 0
  for (const { kinds, sizes: all } of statistics) {
    for (let i = 0; i < kinds.length; i++) if (kinds[i] === DATA) sizes[next++] = all[i]!
  }
  return judgeFileSizes(sizes, targetOf(metadata))
}

function targetOf(metadata: IcebergMetadata): { bytes: Bytes; from: string } | null {
  const target = Number(metadata.properties.get(TARGET_PROPERTY) ?? 0)
  return target > 0 && Number.isFinite(target) ? { bytes: bytes(target), from: TARGET_PROPERTY } : null
}

function layout(reading: TableReading, manifests: readonly ManifestStatistics[]): Layout {
  const { metadata } = reading
  const count = manifests.reduce(
    (sum, { kinds }) => sum + kinds.reduce((n, kind) => n + (kind === DATA ? 1 : 0), 0),
    0,
  )
  const files = {
    sizes: new Float64Array(count),
    partitionOf: new Uint32Array(count),
    rows: new Float64Array(count),
  }
  const sampled: SampledFile[] = []
  const limit = sampleLimit(manifests)
  const names: string[] = []
  const groups = new Map<string, number>()
  let next = 0
  for (const { specId, kinds, sizes, rows, partitionOf, partitions, sample } of manifests) {
    const mine = partitions.map((name) => {
      const key = `${specId}/${name}`
      const known = groups.get(key)
      if (known !== undefined) return known
      groups.set(key, names.length)
      return names.push(name) - 1
    })
    for (let i = 0; i < kinds.length; i++) {
      if (kinds[i] !== DATA) continue
      files.sizes[next] = sizes[i]!
      files.rows[next] = rows[i]!
      files.partitionOf[next++] = mine[partitionOf[i]!]!
    }
    for (const [at, entry] of sample.entries.entries()) {
      if (sample.hashes[at]! >= limit) continue
      const partition = mine[partitionOf[entry]!]!
      sampled.push({ size: sizes[entry]!, partition, bounds: sample.bounds[at]! })
    }
  }
  const target = targetOf(metadata)
  const size = target?.bytes ?? DEFAULT_TARGET
  const summary = layoutOf(
    { ...files, deleted: null, partitions: names.length, nameOf: (id) => names[id] ?? '' },
    { kind: 'iceberg', target: size },
    `rewrite_data_files (binpack), files of ${readableBytes(bytes(size))} (${target?.from ?? 'its default'})`,
  )
  const partitionBytes = new Float64Array(names.length)
  for (let i = 0; i < count; i++) partitionBytes[files.partitionOf[i]!]! += files.sizes[i]!
  const skipping = skippingOf({
    files: sampled,
    of: count,
    columns: reading.boundColumns.map(({ name, type, fieldId }) => ({
      name,
      type,
      distinct: metadata.distinct.get(fieldId) ?? null,
    })),
    omitted: Math.max(0, comparableColumns(metadata).length - reading.boundColumns.length),
    partitionBytes,
    target: size,
  })
  return skipping === null ? summary : { ...summary, skipping }
}

/** Manifests that were read when the table was smaller gave a larger share of their files: the smallest counts. */
function sampleLimit(manifests: readonly ManifestStatistics[]): number {
  let limit = manifests.reduce((least, { sample }) => Math.min(least, sample.limit), 2 ** 32)
  const hashes = manifests.flatMap(({ sample }) => sample.hashes.filter((hash) => hash < limit))
  while (hashes.reduce((count, hash) => count + (hash < limit ? 1 : 0), 0) > 2 * MAX_SAMPLED_FILES) limit /= 2
  return limit
}

function partitionsOf(
  { metadata, partitionBytes }: TableReading,
  statistics: readonly ManifestStatistics[] | null,
): Partitions | null {
  if (statistics !== null) return partitionSizes(metadata, statistics)
  return partitionBytes && judgePartitions(partitionColumns(metadata, metadata.defaultSpecId), partitionBytes)
}

/** Bytes of data files by partition; the same values under another spec are another group. */
function partitionSizes(metadata: IcebergMetadata, manifests: readonly ManifestStatistics[]): Partitions {
  const groups = new Map<string, { name: string; bytes: number }>()
  for (const statistics of manifests) {
    const { specId, kinds, sizes, partitionOf, partitions } = statistics
    const mine = partitions.map((name) => {
      const key = `${specId}/${name}`
      return () => {
        let group = groups.get(key)
        if (!group) groups.set(key, (group = { name, bytes: 0 }))
        return group
      }
    })
    for (let i = 0; i < kinds.length; i++) {
      if (kinds[i] === DATA) mine[partitionOf[i]!]!().bytes += sizes[i]!
    }
  }
  return judgePartitions(partitionColumns(metadata, metadata.defaultSpecId), groups.values())
}

function eventTime(
  { metadata, eventColumn, now }: TableReading,
  statistics: readonly ManifestStatistics[] | null,
  partial: string[],
): TableFact['eventTime'] {
  if (eventColumn === null || statistics === null) return null
  const { name } = eventColumn
  const { newest, from, future } = newestEvent(metadata, eventColumn, statistics, now)
  if (future > 0)
    partial.push(`${future} files have ${name} more than a day in the future; they are left out`)
  if (newest === null) return null
  if (from === 'partitions')
    partial.push(`the newest ${name} is the start of its newest partition: events may be newer`)
  if (from === 'some bounds') partial.push(`some files have no upper bound for ${name}: events may be newer`)
  return { column: name, newest: timestamp(newest) }
}

/** The first metadata file's time, where the log still reaches back to it. */
function createdAt(metadata: IcebergMetadata): Timestamp | null {
  const [first] = metadata.metadataLog
  if (first === undefined) return metadata.snapshots.length <= 1 ? metadata.lastUpdated : null
  const file = parseMetadataName(first.file.slice(first.file.lastIndexOf('/') + 1))
  const start = file?.naming === 'hadoop' ? 1 : 0
  return file?.version === start ? first.at : null
}

function properties(metadata: IcebergMetadata): Record<string, string> {
  const wanted = [...metadata.properties].filter(([key]) => PROPERTIES.test(key)).slice(0, MAX_PROPERTIES)
  return Object.fromEntries(
    wanted.map(([key, value]) => [key.slice(0, MAX_PROPERTY_CHARS), value.slice(0, MAX_PROPERTY_CHARS)]),
  )
}
