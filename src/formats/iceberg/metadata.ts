// An Iceberg table's metadata file as values: schemas, specs, snapshots, refs. Iceberg spec, "Table Metadata".
import { SourceError } from '../../model/errors.ts'
import type { Known } from '../../model/facts.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'
import {
  type Json,
  type JsonObject,
  arrayOf,
  integerOf,
  isObject,
  numberOf,
  objectOf,
  parseJsonObject,
  stringOf,
} from '../json.ts'
import { metadataText } from './metadata-file.ts'
import {
  type IcebergSchema,
  type PartitionSpec,
  type SortOrder,
  parseSchema,
  parseSortOrder,
  parseSpec,
} from './schema.ts'

export interface Snapshot {
  /** 64 bits, so a decimal string. */
  readonly id: string
  readonly parentId: Known<string>
  readonly at: Timestamp
  readonly operation: string
  readonly summary: Readonly<Record<string, string>>
  /** Where its manifest list is; null for v1 snapshots that name their manifests themselves. */
  readonly manifestList: Known<string>
  readonly manifests: readonly string[]
  readonly schemaId: Known<number>
}

export interface IcebergMetadata {
  readonly formatVersion: number
  readonly tableUuid: Known<string>
  /** Where the table says it is: what its paths start with, not necessarily where it was found. */
  readonly location: string
  readonly lastUpdated: Known<Timestamp>
  readonly schemas: readonly IcebergSchema[]
  readonly currentSchemaId: number
  readonly specs: readonly PartitionSpec[]
  readonly defaultSpecId: number
  readonly sortOrder: SortOrder
  readonly properties: ReadonlyMap<string, string>
  readonly current: Known<Snapshot>
  readonly snapshots: readonly Snapshot[]
  /** Snapshots that were current, oldest first. */
  readonly snapshotLog: readonly string[]
  /** Earlier metadata files and when they were replaced, oldest first. */
  readonly metadataLog: readonly { readonly at: Timestamp; readonly file: string }[]
  /** Branches and tags other than main. */
  readonly refs: readonly string[]
  /** Distinct values by field id, as statistics of the current snapshot (Puffin's `ndv`) count them. */
  readonly distinct: ReadonlyMap<number, number>
  /** Partition statistics of the current snapshot. */
  readonly partitionStatistics: Known<string>
}

const NEWEST_FORMAT = 3
const MAX_SNAPSHOTS = 200_000
/** How far a snapshot's time may be from 1970: what a Date can hold. */
const MAX_TIME = 8_640_000_000_000_000

/** Throws SourceError 'corrupt', 'too-large' or 'unsupported'. */
export function parseMetadata(bytes: Uint8Array, subject: string): IcebergMetadata {
  const json = parseJsonObject(metadataText(bytes, subject), { subject })
  const formatVersion = numberOf(json['format-version'])
  if (formatVersion === null || typeof json['location'] !== 'string') {
    const has = Object.keys(json).slice(0, 8).join(', ').slice(0, 200)
    const message = `${subject} is not Iceberg table metadata: it has no format-version or no location (it has ${has || 'nothing'})`
    throw new SourceError('corrupt', message, { subject })
  }
  if (formatVersion > NEWEST_FORMAT || formatVersion < 1) {
    const message = `${subject} has Iceberg format version ${formatVersion}; 1 to ${NEWEST_FORMAT} are read`
    throw new SourceError('unsupported', message, { subject })
  }
  try {
    return { formatVersion, location: json['location'], ...tableOf(json) }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new SourceError('corrupt', `${subject}: ${cause.message}`, { subject, cause })
  }
}

function tableOf(json: JsonObject): Omit<IcebergMetadata, 'formatVersion' | 'location'> {
  const snapshots = arrayOf(json['snapshots'])
  if (snapshots.length > MAX_SNAPSHOTS) {
    throw new RangeError(`it has ${snapshots.length} snapshots, the limit is ${MAX_SNAPSHOTS}`)
  }
  const kept = snapshots.filter(isObject).map(parseSnapshot)
  const current = currentSnapshot(json, kept)
  // v1 has one schema and one spec outside of the lists that v2 introduced.
  const schemas = arrayOf(json['schemas']).filter(isObject).map(parseSchema)
  if (schemas.length === 0 && isObject(json['schema'])) schemas.push(parseSchema(json['schema']))
  const specs = arrayOf(json['partition-specs']).map((spec) => parseSpec(spec))
  const defaultSpecId = numberOf(json['default-spec-id']) ?? 0
  if (specs.length === 0) specs.push(parseSpec(json['partition-spec'], defaultSpecId))
  const orderId = numberOf(json['default-sort-order-id']) ?? 0
  const orders = arrayOf(json['sort-orders']).filter(isObject).map(parseSortOrder)
  const refs = objectOf(json['refs'])
  return {
    tableUuid: stringOf(json['table-uuid']),
    lastUpdated: timeOf(json['last-updated-ms']),
    schemas,
    currentSchemaId: numberOf(json['current-schema-id']) ?? schemas.at(-1)?.id ?? 0,
    specs,
    defaultSpecId,
    sortOrder: orders.find((order) => order.id === orderId) ?? { id: 0, fields: [] },
    properties: new Map(Object.entries(textsOf(json['properties']))),
    current,
    snapshots: kept,
    snapshotLog: arrayOf(json['snapshot-log']).flatMap((entry) => idOf(objectOf(entry)['snapshot-id']) ?? []),
    metadataLog: arrayOf(json['metadata-log']).flatMap((entry) => {
      const at = timeOf(objectOf(entry)['timestamp-ms'])
      const file = stringOf(objectOf(entry)['metadata-file'])
      return at === null || file === null ? [] : [{ at, file }]
    }),
    refs: Object.keys(refs).filter((name) => name !== 'main'),
    distinct: distinctOf(json['statistics'], current),
    partitionStatistics: statisticsOf(json['partition-statistics'], current),
  }
}

function currentSnapshot(json: JsonObject, kept: readonly Snapshot[]): Snapshot | null {
  const main = objectOf(objectOf(json['refs'])['main'])
  const id = idOf(json['current-snapshot-id']) ?? idOf(main['snapshot-id'])
  // -1 is how v1 and v2 writers spell that there is none.
  if (id === null || id === '-1') return null
  const current = kept.find((snapshot) => snapshot.id === id)
  if (current) return current
  throw new RangeError(`its current snapshot ${id} is not among its ${kept.length} snapshots`)
}

function parseSnapshot(json: JsonObject): Snapshot {
  const id = idOf(json['snapshot-id'])
  const at = timeOf(json['timestamp-ms'])
  if (id === null || at === null)
    throw new RangeError('it has a snapshot without snapshot-id or timestamp-ms')
  const summary = textsOf(json['summary'])
  return {
    id,
    parentId: idOf(json['parent-snapshot-id']),
    at,
    // v1 snapshots of old writers have no summary.
    operation: summary['operation'] ?? 'unknown',
    summary,
    manifestList: stringOf(json['manifest-list']),
    manifests: arrayOf(json['manifests']).filter((path) => typeof path === 'string'),
    schemaId: numberOf(json['schema-id']),
  }
}

function statisticsOf(json: Json | undefined, current: Snapshot | null): string | null {
  const entry = arrayOf(json).find(
    (one) => current !== null && idOf(objectOf(one)['snapshot-id']) === current.id,
  )
  return stringOf(objectOf(entry)['statistics-path'])
}

function distinctOf(json: Json | undefined, current: Snapshot | null): ReadonlyMap<number, number> {
  const entry = arrayOf(json).find(
    (one) => current !== null && idOf(objectOf(one)['snapshot-id']) === current.id,
  )
  const distinct = new Map<number, number>()
  for (const blob of arrayOf(objectOf(entry)['blob-metadata'])) {
    const [field] = arrayOf(objectOf(blob)['fields'])
    const count = numberOf(objectOf(objectOf(blob)['properties'])['ndv'])
    if (typeof field === 'number' && count !== null && count >= 0) distinct.set(field, count)
  }
  return distinct
}

const idOf = (json: Json | undefined): string | null => integerOf(json)?.toString() ?? null

function timeOf(json: Json | undefined): Timestamp | null {
  const ms = typeof json === 'number' ? json : null
  return ms !== null && Math.abs(ms) <= MAX_TIME ? timestamp(ms) : null
}

/** Summaries and properties are maps of strings; writers that put numbers there mean their text. */
function textsOf(json: Json | undefined): Record<string, string> {
  const texts = Object.create(null) as Record<string, string>
  for (const [key, value] of Object.entries(objectOf(json))) {
    if (value !== null && typeof value !== 'object') texts[key] = String(value)
  }
  return texts
}
