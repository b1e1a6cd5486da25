// Which column tells when the data happened, and the newest such time.
import type { IcebergMetadata } from './metadata.ts'
import type { BoundColumn, ManifestStatistics } from './manifest.ts'
import { DATA } from './manifest.ts'
import { isTimeType, timeOfPartition } from './partition-value.ts'

export interface EventColumn extends BoundColumn {
  readonly name: string
}

const USUAL_NAMES = /^(event|occurred|happened)|(^|_)(ts|time|timestamp|datetime|at|date|day)$|timestamp$/i

/**
 * The configured column; else the one that the table is partitioned by in time; else the only time column, or the
 * first with a usual name. Null when there is none or the configured one is not a time.
 */
export function eventColumn(metadata: IcebergMetadata, configured: string | undefined): EventColumn | null {
  const schema = metadata.schemas.find(({ id }) => id === metadata.currentSchemaId)
  const columns = (schema?.columns ?? []).flatMap(({ name, type, identity }) =>
    isTimeType(type) && !/\.(element|key|value)(\.|$)/.test(name)
      ? [{ name, type, fieldId: Number(identity) }]
      : [],
  )
  if (configured !== undefined) return columns.find(({ name }) => name === configured) ?? null
  const spec = metadata.specs.find(({ id }) => id === metadata.defaultSpecId)
  const partitioned = columns.find(({ fieldId }) => spec?.fields.some(({ sourceId }) => sourceId === fieldId))
  if (partitioned) return partitioned
  const top = columns.filter(({ name }) => !name.includes('.'))
  return (top.length === 1 ? top[0] : top.find(({ name }) => USUAL_NAMES.test(name))) ?? null
}

/** From upper bounds where every file has one; else from partition values, whose period's start it then is. */
export function newestEvent(
  metadata: IcebergMetadata,
  column: EventColumn,
  manifests: readonly ManifestStatistics[],
): { newest: number | null; from: 'bounds' | 'some bounds' | 'partitions' } {
  const newest = greatest(manifests.map(({ newestBound }) => newestBound))
  const unbounded = manifests.some((manifest) => manifest.unbounded > 0)
  if (newest !== null && !unbounded) return { newest, from: 'bounds' }
  const labels = metadata.specs.flatMap(({ fields }) =>
    fields
      .filter(
        ({ sourceId, transform }) =>
          sourceId === column.fieldId && /^(identity|year|month|day|hour)$/.test(transform),
      )
      .map(({ name }) => `${name}=`),
  )
  const partitioned = greatest(
    labels.length === 0
      ? []
      : manifests.flatMap((manifest) => dataPartitions(manifest).map((name) => partitionTime(name, labels))),
  )
  // Both only say what is there at least; the later one says more.
  if (partitioned !== null && (newest === null || partitioned > newest))
    return { newest: partitioned, from: 'partitions' }
  return { newest, from: 'some bounds' }
}

function dataPartitions({ kinds, rows, partitionOf, partitions }: ManifestStatistics): readonly string[] {
  const used = new Set<number>()
  for (let i = 0; i < kinds.length; i++) if (kinds[i] === DATA && rows[i]! > 0) used.add(partitionOf[i]!)
  return [...used].map((index) => partitions[index]!)
}

function partitionTime(name: string, labels: readonly string[]): number | null {
  for (const part of name.split('/')) {
    const label = labels.find((prefix) => part.startsWith(prefix))
    if (label !== undefined) return timeOfPartition(part.slice(label.length))
  }
  return null
}

const greatest = (times: readonly (number | null)[]): number | null =>
  times.reduce((best, time) => (time !== null && (best === null || time > best) ? time : best), null)
