// How schema and partitioning changed over the kept snapshots, matched by field id.
import type { SchemaChange } from '../../model/facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { MAX_SCHEMA_CHANGES, diffPartitioning, diffSchemas } from '../schema-changes.ts'
import type { IcebergMetadata, Snapshot } from './metadata.ts'
import type { ManifestRef } from './manifest-list.ts'
import { spellTransform } from './schema.ts'

/**
 * Changes, oldest first. Each happened when it was first used: by the first snapshot of the main line written with
 * the newer schema; at the last metadata update, with version '', where no snapshot has used it yet. What came before the oldest
 * kept snapshot has no known time and is left out.
 */
export function schemaHistory(
  metadata: IcebergMetadata,
  line: readonly Snapshot[],
  manifests: readonly ManifestRef[],
): readonly SchemaChange[] {
  const changes = [...columnChanges(metadata, line), ...specChanges(metadata, manifests)]
  return changes.toSorted((a, b) => a.at - b.at).slice(-MAX_SCHEMA_CHANGES)
}

function columnChanges(metadata: IcebergMetadata, line: readonly Snapshot[]): SchemaChange[] {
  const changes: SchemaChange[] = []
  const first = line[0]
  // Without a parent it is the first write: what the schema went through before belongs to it.
  let used = first === undefined || first.parentId === null ? metadata.schemas[0]?.id : first.schemaId
  const step = (to: number, when: { at: Timestamp; version: string }): void => {
    if (used != null && used !== to) changes.push(...between(metadata, used, to, when))
    used = to
  }
  for (const snapshot of line) {
    if (snapshot.schemaId !== null) step(snapshot.schemaId, { at: snapshot.at, version: snapshot.id })
  }
  if (metadata.lastUpdated !== null && metadata.current?.schemaId !== null) {
    step(metadata.currentSchemaId, { at: metadata.lastUpdated, version: '' })
  }
  return changes
}

/** Through every kept schema on the way, so that a column added and then renamed shows both. */
function between(
  metadata: IcebergMetadata,
  from: number,
  to: number,
  when: { at: Timestamp; version: string },
): readonly SchemaChange[] {
  const onTheWay = metadata.schemas
    .filter(({ id }) => id === to || (id >= from && id < to))
    .toSorted((a, b) => a.id - b.id)
  const before = metadata.schemas.find(({ id }) => id === from)
  // Going back to an older schema takes one step.
  const steps = to < from && before ? [before, ...onTheWay] : onTheWay
  return steps.slice(1).flatMap((schema, i) => diffSchemas(steps[i]!.columns, schema.columns, when))
}

/** A spec is first used by the oldest snapshot of which a manifest written with it is still there. */
function specChanges(metadata: IcebergMetadata, manifests: readonly ManifestRef[]): SchemaChange[] {
  const snapshots = new Map(metadata.snapshots.map((snapshot) => [snapshot.id, snapshot]))
  const specs = metadata.specs.toSorted((a, b) => a.id - b.id)
  return specs.slice(1).flatMap((spec, i) => {
    const used = manifests
      .filter(({ specId }) => specId === spec.id)
      .flatMap(({ addedBy }) => snapshots.get(addedBy ?? '') ?? [])
      .toSorted((a, b) => a.at - b.at)[0]
    const at = used?.at ?? metadata.lastUpdated
    if (at === null) return []
    const version = used?.id ?? ''
    return diffPartitioning(partitionColumns(metadata, specs[i]!.id), partitionColumns(metadata, spec.id), {
      at,
      version,
    })
  })
}

/** `day(ts)`, `region`; a dropped field stays in v1 specs as void, and is no partitioning. */
export function partitionColumns(metadata: IcebergMetadata, specId: number): readonly string[] {
  const spec = metadata.specs.find(({ id }) => id === specId)
  const name = columnNames(metadata)
  return (spec?.fields ?? [])
    .filter(({ transform }) => transform !== 'void')
    .map((field) => spellTransform(field, name))
}

/** Names by field id: the current schema's, else the newest that has it. */
export function columnNames(metadata: IcebergMetadata): (id: number) => string | undefined {
  const names = new Map<string, string>()
  const current = metadata.schemas.filter(({ id }) => id === metadata.currentSchemaId)
  for (const schema of [...metadata.schemas, ...current]) {
    for (const { identity, name } of schema.columns) names.set(identity, name)
  }
  return (id) => names.get(String(id))
}
