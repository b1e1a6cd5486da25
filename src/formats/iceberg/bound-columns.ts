// The columns of an Iceberg table whose bounds are looked at.
import { columnsToAsk } from '../skipping-columns.ts'
import { isComparable } from './bound-value.ts'
import type { EventColumn } from './event-time.ts'
import type { BoundColumn } from './manifest.ts'
import type { IcebergMetadata } from './metadata.ts'

export interface NamedColumn extends BoundColumn {
  readonly name: string
}

/** Columns whose bounds compare; what the table is partitioned by as it is tells files apart already. */
export function comparableColumns(metadata: IcebergMetadata): readonly NamedColumn[] {
  const schema = metadata.schemas.find(({ id }) => id === metadata.currentSchemaId)
  const spec = metadata.specs.find(({ id }) => id === metadata.defaultSpecId)
  const identity = spec?.fields.filter(({ transform }) => transform === 'identity') ?? []
  return (schema?.columns ?? []).flatMap(({ name, type, identity: id }) => {
    const fieldId = Number(id)
    // Bounds of what is inside a list or map are not those of rows.
    const isRow = Number.isInteger(fieldId) && !/\.(element|key|value)(\.|$)/.test(name)
    const isPartition = identity.some(({ sourceId }) => sourceId === fieldId)
    return isRow && !isPartition && isComparable(type) ? [{ name, type, fieldId }] : []
  })
}

/** What the table is sorted by, then its event time, then what people mostly filter by. */
export function boundColumns(metadata: IcebergMetadata, event: EventColumn | null): readonly NamedColumn[] {
  const columns = comparableColumns(metadata)
  const sorted = metadata.sortOrder.fields.flatMap(
    ({ sourceId }) => columns.find(({ fieldId }) => fieldId === sourceId)?.name ?? [],
  )
  return columnsToAsk(columns, event === null ? sorted : [...sorted, event.name])
}
