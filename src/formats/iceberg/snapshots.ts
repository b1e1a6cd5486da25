// What snapshots say by themselves: the main line, which of them changed data, and each as a commit.
// Iceberg spec, "Snapshots" and appendix "Optional Snapshot Summary Fields".
import type { CommitFact, CommitRef, Known, SchemaChange } from '../../model/facts.ts'
import { type Bytes, bytes } from '../../model/units.ts'
import type { IcebergMetadata, Snapshot } from './metadata.ts'

/** A number of a snapshot's summary; null where the writer did not give it. */
export function countOf(snapshot: Snapshot, key: string): Known<number> {
  const text = snapshot.summary[key]
  const value = text === undefined || !/^\d{1,18}$/.test(text) ? null : Number(text)
  return value === null && text === undefined && hasCounts(snapshot) && /^(added|deleted|removed)-/.test(key)
    ? 0
    : value
}

/** Writers leave out what is zero, so a missing count is 0 exactly where others are given. */
const hasCounts = (snapshot: Snapshot): boolean =>
  Object.keys(snapshot.summary).some((key) =>
    /^(added|deleted|removed|total)-(data|delete)-files$|^total-records$/.test(key),
  )

const EFFECTS = [
  'added-data-files',
  'deleted-data-files',
  'added-delete-files',
  'removed-delete-files',
  'added-dvs',
  'removed-dvs',
  'added-records',
  'deleted-records',
]

/** Compactions are `replace`; a commit that touched no file changed nothing. Without any count it is taken to have. */
export const changesData = (snapshot: Snapshot): boolean =>
  snapshot.operation !== 'replace' &&
  (!hasCounts(snapshot) || EFFECTS.some((key) => (countOf(snapshot, key) ?? 0) > 0))

/** A `replace` that rewrote files; rewriting manifests is one too, and compacts nothing. */
export const compacts = (snapshot: Snapshot): boolean =>
  snapshot.operation === 'replace' &&
  (!hasCounts(snapshot) || EFFECTS.some((key) => (countOf(snapshot, key) ?? 0) > 0))

/** The snapshots that led to the current one, oldest first, as far as they are kept. */
export function mainLine(metadata: IcebergMetadata): readonly Snapshot[] {
  const byId = new Map(metadata.snapshots.map((snapshot) => [snapshot.id, snapshot]))
  const line: Snapshot[] = []
  let next: Snapshot | undefined = metadata.current ?? undefined
  while (next !== undefined) {
    line.push(next)
    // Each snapshot once: parents that point in a circle end the walk.
    byId.delete(next.id)
    next = next.parentId === null ? undefined : byId.get(next.parentId)
  }
  const oldest = line.at(-1)
  // Parents are optional. Where the oldest states none, what was current before it led to it.
  if (oldest?.parentId === null) {
    const before = metadata.snapshotLog.slice(0, metadata.snapshotLog.indexOf(oldest.id))
    for (const id of before.toReversed()) {
      const snapshot = byId.get(id)
      if (snapshot === undefined) continue
      line.push(snapshot)
      byId.delete(id)
    }
  }
  return line.reverse()
}

export const commitRef = (snapshot: Snapshot | undefined | null): CommitRef | null =>
  snapshot ? { at: snapshot.at, version: snapshot.id, operation: snapshot.operation } : null

export function commitFact(
  snapshot: Snapshot,
  table: { readonly id: string; readonly source: string; readonly table: string },
  schemaChanges: readonly SchemaChange[],
): CommitFact {
  const count = (key: string): number | null => countOf(snapshot, key)
  return {
    kind: 'commit',
    id: `${table.id}@${snapshot.id}`,
    tableId: table.id,
    source: table.source,
    table: table.table,
    version: snapshot.id,
    at: snapshot.at,
    operation: snapshot.operation,
    changesData: changesData(snapshot),
    rowsAdded: count('added-records'),
    rowsRemoved: rowsRemoved(snapshot),
    filesAdded: count('added-data-files'),
    filesRemoved: count('deleted-data-files'),
    bytesAdded: bytesOf(count('added-files-size')),
    bytesRemoved: bytesOf(count('removed-files-size')),
    engine: engineOf(snapshot),
    schemaChanges,
  }
}

/** Rows of dropped files and rows marked by position; how many an equality delete hits only its readers know. */
function rowsRemoved(snapshot: Snapshot): number | null {
  const deleted = countOf(snapshot, 'deleted-records')
  const marked = countOf(snapshot, 'added-position-deletes')
  if (deleted === null || marked === null) return null
  if ((countOf(snapshot, 'added-equality-deletes') ?? 0) > 0) return null
  // A rewrite of delete files or vectors removes the old marks and adds them again.
  return deleted + Math.max(0, marked - (countOf(snapshot, 'removed-position-deletes') ?? 0))
}

function engineOf(snapshot: Snapshot): string | null {
  const { summary } = snapshot
  const name = summary['engine-name']
  if (name !== undefined) return `${name} ${summary['engine-version'] ?? ''}`.trim().slice(0, 200)
  return summary['iceberg-version']?.slice(0, 200) ?? null
}

const bytesOf = (count: number | null): Known<Bytes> => (count === null ? null : bytes(count))
