// The event time of an Iceberg table: which column tells it, and the newest one in the data.
import type { Timestamp } from '../../model/units.ts'
import { FUTURE_TOLERANCE_MS, obviousEventTime } from '../event-time.ts'
import { type BoundColumn, DATA, type ManifestStatistics } from './manifest.ts'
import type { IcebergMetadata } from './metadata.ts'
import { isTimeType, timeOfPartition } from './partition-value.ts'

export interface EventColumn extends BoundColumn {
  readonly name: string
}

const TIME_TRANSFORM = /^(identity|year|month|day|hour)$/

/** The configured column, else the obvious one, else the one the table is partitioned by in time. Null when there is none. */
export function eventColumn(metadata: IcebergMetadata, configured: string | undefined): EventColumn | null {
  const schema = metadata.schemas.find(({ id }) => id === metadata.currentSchemaId)
  const columns = (schema?.columns ?? []).flatMap(({ name, type, identity }) =>
    // Statistics of what is inside a list or map are not those of rows.
    isTimeType(type) && !/\.(element|key|value)(\.|$)/.test(name)
      ? [{ name, type, fieldId: Number(identity) }]
      : [],
  )
  if (configured !== undefined) return columns.find(({ name }) => name === configured) ?? null
  const spec = metadata.specs.find(({ id }) => id === metadata.defaultSpecId)
  const partitioned = columns.filter(({ fieldId }) =>
    spec?.fields.some(({ sourceId, transform }) => sourceId === fieldId && TIME_TRANSFORM.test(transform)),
  )
  return obviousEventTime(columns) ?? partitioned[0] ?? null
}

export interface NewestEvent {
  readonly newest: number | null
  /** Where it comes from: all files have an upper bound, only some have, or it is the start of a partition. */
  readonly from: 'bounds' | 'some bounds' | 'partitions'
  /** Files left out because their bound is in the future. */
  readonly future: number
}

export function newestEvent(
  metadata: IcebergMetadata,
  column: EventColumn,
  manifests: readonly ManifestStatistics[],
  now: Timestamp,
): NewestEvent {
  const limit = now + FUTURE_TOLERANCE_MS
  let newest: number | null = null
  let future = 0
  let unbounded = 0
  for (const { kinds, rows, bounds } of manifests) {
    for (let i = 0; i < kinds.length; i++) {
      if (kinds[i] !== DATA || rows[i] === 0) continue
      const bound = bounds[i] ?? Number.NaN
      if (Number.isNaN(bound)) unbounded += 1
      else if (bound > limit) future += 1
      else if (newest === null || bound > newest) newest = bound
    }
  }
  if (newest !== null && unbounded === 0) return { newest, from: 'bounds', future }
  const started = newestPartition(metadata, column, manifests, limit)
  // Both only say what is there at least; the later one says more.
  if (started !== null && (newest === null || started > newest))
    return { newest: started, from: 'partitions', future }
  return { newest, from: 'some bounds', future }
}

/** The start of the newest period that the table is partitioned by and has rows in. */
function newestPartition(
  metadata: IcebergMetadata,
  column: EventColumn,
  manifests: readonly ManifestStatistics[],
  limit: number,
): number | null {
  let newest: number | null = null
  for (const manifest of manifests) {
    const fields = metadata.specs.find(({ id }) => id === manifest.specId)?.fields ?? []
    const field = fields.find(
      ({ sourceId, transform }) => sourceId === column.fieldId && TIME_TRANSFORM.test(transform),
    )
    if (field === undefined) continue
    for (const name of partitionsWithRows(manifest)) {
      const value = name.split('/').find((part) => part.startsWith(`${field.name}=`))
      const time = value === undefined ? null : timeOfPartition(value.slice(field.name.length + 1))
      if (time !== null && time <= limit && (newest === null || time > newest)) newest = time
    }
  }
  return newest
}

function partitionsWithRows({ kinds, rows, partitionOf, partitions }: ManifestStatistics): readonly string[] {
  const used = new Set<number>()
  for (let i = 0; i < kinds.length; i++) if (kinds[i] === DATA && rows[i]! > 0) used.add(partitionOf[i]!)
  return [...used].map((index) => partitions[index]!)
}
