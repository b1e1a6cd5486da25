// Which files a table's metadata names, and what in its folder is left over: a listing against what is known.
import type { ObjectStore } from '../../io/object-store.ts'
import { SourceError } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'
import type { FileRole, Orphans } from '../../model/table-files.ts'
import { type Millis, type Timestamp, bytes, readableDuration, timestamp } from '../../model/units.ts'

/** Files of one folder that are listed: a thousand requests of S3, half a cent. */
const MAX_LISTED = 1_000_000

export interface References {
  /** By the key below the table's folder. */
  roleOf(key: string): FileRole
  /** Different live files: each must be found, or paths are spelled in a way that we do not understand. */
  readonly live: number
  /** Live files that lie elsewhere, by their full address; bounded. */
  readonly elsewhere: readonly string[]
  readonly newestCommit: Known<Timestamp>
  /** The engine's own: nothing younger is anybody's to delete. */
  readonly margin: Millis
  /** Why it cannot be told which files are nobody's; null where it can. */
  readonly unsure: Known<string>
  /** What was compared with what, for people. */
  readonly how: string
}

export interface ListedFile {
  readonly key: string
  readonly size: number
  readonly modified: Timestamp
  readonly role: FileRole
}

/** Everything in the folder with its role. Throws SourceError 'too-large' beyond a million files. */
export async function* filesOf(
  objects: ObjectStore,
  references: References,
  signal: AbortSignal,
): AsyncGenerator<ListedFile> {
  let listed = 0
  for await (const { key, size, modified } of objects.list('', { limit: MAX_LISTED + 1, signal })) {
    listed += 1
    if (listed > MAX_LISTED)
      throw new SourceError(
        'too-large',
        `${objects.url} has more than ${MAX_LISTED} files, the limit for telling which are nobody's`,
        { subject: objects.url },
      )
    yield { key, size, modified, role: references.roleOf(key) }
  }
}

/** Null, with the reason, where the listing and the metadata do not fit together: then nothing is called an orphan. */
export async function findOrphans(
  objects: ObjectStore,
  references: References,
  { now, signal }: { readonly now: Timestamp; readonly signal: AbortSignal },
): Promise<{ readonly orphans: Orphans } | { readonly unsure: string }> {
  const { margin, newestCommit, unsure } = references
  if (unsure !== null) return { unsure }
  if (newestCommit === null) return { unsure: 'no commit tells which files may still be written' }
  const olderThan = timestamp(Math.min(now - margin, newestCommit))
  let live = 0
  const found = { files: 0, bytes: 0, metadataFiles: 0, metadataBytes: 0 }
  let oldest: Timestamp | null = null
  for await (const { key, size, modified, role } of filesOf(objects, references, signal)) {
    if (role === 'live') live += 1
    if (role !== 'orphan' || modified >= olderThan) continue
    found.files += 1
    found.bytes += size
    if (key.startsWith('metadata/')) {
      found.metadataFiles += 1
      found.metadataBytes += size
    }
    if (oldest === null || modified < oldest) oldest = modified
  }
  const wanted = references.live - references.elsewhere.length
  if (live < wanted)
    return {
      unsure: `${wanted - live} of ${references.live} live files were not found in its folder: they lie elsewhere, or are gone`,
    }
  return {
    orphans: {
      ...found,
      bytes: bytes(found.bytes),
      metadataBytes: bytes(found.metadataBytes),
      oldest,
      olderThan,
      at: now,
      how: `${references.how}; written more than ${readableDuration(margin)} ago and before the newest commit`,
    },
  }
}

/** Names that engines keep to themselves: `_` or `.` in front, unless it is a partition column's folder. */
export const isHidden = (key: string): boolean =>
  key.split('/').some((part, i, parts) => /^[_.]/.test(part) && !(i < parts.length - 1 && part.includes('=')))
