// Finds tables below a folder by the folders that table formats keep: `_delta_log/`, `metadata/`, `.hoodie/`.
import { parseMetadataName } from '../../formats/iceberg/metadata-file.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import { inParallel } from '../../io/parallel.ts'
import { type Reason, type SourceError, explainError, reasonOf } from '../../model/errors.ts'
import type { TableFormat } from '../../model/facts.ts'

const MAX_DEPTH = 12
const MAX_FOLDERS = 200_000
/** A folder with more entries than this is data, not a place where tables live. */
const MAX_CHILDREN = 50_000
const CONCURRENCY = 16

export interface FoundTable {
  /** The folder below the root, '' for the root itself. */
  readonly folder: string
  readonly format: TableFormat
}

interface Failure {
  readonly folder: string
  readonly reason: Reason
  readonly message: string
}

export interface Discovery {
  readonly tables: readonly FoundTable[]
  /** What could not be listed: what is below it is unknown, not gone. */
  readonly failures: readonly Failure[]
}

export async function discover(objects: ObjectStore, signal: AbortSignal): Promise<Discovery> {
  const tables: FoundTable[] = []
  const failures: Failure[] = []
  let level = ['']
  let seen = 0
  for (let depth = 0; level.length > 0; depth++) {
    const below: string[] = []
    for await (const look of inParallel(level, CONCURRENCY, (folder) => lookAt(objects, folder, signal))) {
      // The root itself must be readable: otherwise this is not a lake that we see.
      if (look.folder === '' && look.error !== undefined) throw look.error
      failures.push(...look.failures)
      if (look.format) tables.push({ folder: look.folder, format: look.format })
      below.push(...look.below)
    }
    seen += below.length
    if (below.length > 0 && (depth >= MAX_DEPTH || seen > MAX_FOLDERS)) {
      failures.push({
        folder: below[0]!,
        reason: 'too-large',
        message: `stopped looking for tables at depth ${depth + 1} with ${seen} folders (limits: ${MAX_DEPTH} and ${MAX_FOLDERS}); point the source at a deeper folder`,
      })
      break
    }
    level = below
  }
  return { tables: tables.toSorted((a, b) => (a.folder < b.folder ? -1 : 1)), failures }
}

interface Look {
  readonly folder: string
  readonly format?: TableFormat
  readonly below: readonly string[]
  readonly failures: readonly Failure[]
  /** Set when the folder itself could not be listed. */
  readonly error?: unknown
}

async function lookAt(objects: ObjectStore, folder: string, signal: AbortSignal): Promise<Look> {
  const failures: Failure[] = []
  const skipped = (error: SourceError) =>
    failures.push({ folder: subjectOf(objects, error, folder), reason: error.reason, message: error.message })
  try {
    const folders: string[] = []
    let entries = 0
    for await (const child of objects.children(folder, { signal, limit: MAX_CHILDREN, skipped })) {
      entries += 1
      if ('folder' in child) folders.push(child.folder.replace(/\/$/, ''))
    }
    const names = new Map(folders.map((path) => [path.slice(path.lastIndexOf('/') + 1), path]))
    // A UniForm table keeps both; its Delta log is the one that is written first.
    if (names.has('_delta_log')) return { folder, format: 'delta', below: [], failures }
    if (names.has('.hoodie')) return { folder, format: 'hudi', below: [], failures }
    const metadata = names.get('metadata')
    if (metadata !== undefined && (await holdsIcebergMetadata(objects, metadata, signal))) {
      return { folder, format: 'iceberg', below: [], failures }
    }
    // `day=2026-01-01` is a partition, `_temporary` and `.git` are nobody's table.
    const below = [...names].filter(([name]) => !/^[_.]|=/.test(name)).map(([, path]) => path)
    if (entries >= MAX_CHILDREN) {
      const message = `more than ${MAX_CHILDREN} entries in one folder; only the first were looked at`
      failures.push({ folder, reason: 'too-large', message })
    }
    return { folder, below, failures }
  } catch (error) {
    if (signal.aborted) throw error
    return {
      folder,
      below: [],
      error,
      failures: [{ folder, reason: reasonOf(error), message: explainError(error) }],
    }
  }
}

/** An entry that was left out, named below the root where its error names it. */
const subjectOf = (objects: ObjectStore, { subject }: SourceError, folder: string): string =>
  subject.startsWith(`${objects.url}/`) ? subject.slice(objects.url.length + 1) : folder

async function holdsIcebergMetadata(
  objects: ObjectStore,
  folder: string,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const child of objects.children(folder, { signal, limit: MAX_CHILDREN })) {
    if ('folder' in child) continue
    const name = child.key.slice(child.key.lastIndexOf('/') + 1)
    if (name === 'version-hint.text' || parseMetadataName(name) !== null) return true
  }
  return false
}
