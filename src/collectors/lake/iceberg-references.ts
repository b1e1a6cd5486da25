// Which files an Iceberg table's kept snapshots name: every manifest of every snapshot, read once for this question.
import { LiveFiles } from '../../formats/delta/live-files.ts'
import { type PathKey, keyOfPath } from '../../formats/delta/path-key.ts'
import { eachManifestFile } from '../../formats/iceberg/manifest-files.ts'
import { readManifestList } from '../../formats/iceberg/manifest-list.ts'
import type { IcebergMetadata, Snapshot } from '../../formats/iceberg/metadata.ts'
import { inParallel } from '../../io/parallel.ts'
import type { FileRole } from '../../model/table-files.ts'
import { DAY, millis } from '../../model/units.ts'
import { type References, isHidden } from './references.ts'

/** The default of `remove_orphan_files`. */
const MARGIN = millis(3 * DAY)
/** Snapshots and manifests that are read for it, and paths that are held (52 bytes each). */
const MAX_SNAPSHOTS = 5_000
const MAX_MANIFESTS = 20_000
const MAX_PATHS = 10_000_000
const MAX_ELSEWHERE = 100_000
const AT_ONCE = 8

/** How this table's files are found and read. */
export interface IcebergPlaces {
  /** The key below the table's own folder; null where the path leads anywhere else. */
  ownKey(path: string): string | null
  read(path: string, signal: AbortSignal): Promise<{ bytes: Uint8Array; subject: string }>
}

export async function icebergReferences(
  places: IcebergPlaces,
  { metadata, name }: { readonly metadata: IcebergMetadata; readonly name: string },
  signal: AbortSignal,
): Promise<References> {
  const names = new Names(places)
  const current = metadata.current
  const snapshots = [
    ...(current === null ? [] : [current]),
    ...metadata.snapshots.filter((one) => one !== current),
  ]
  let unsure = snapshots.length > MAX_SNAPSHOTS ? `it keeps more than ${MAX_SNAPSHOTS} snapshots` : null
  const manifests = new Map<string, FileRole>()
  for await (const { paths, snapshot } of inParallel(
    snapshots.slice(0, MAX_SNAPSHOTS),
    AT_ONCE,
    async (snapshot) => ({ snapshot, paths: await manifestsOf(places, snapshot, signal) }),
  )) {
    if (snapshot.manifestList !== null) names.note(snapshot.manifestList, 'metadata')
    for (const path of paths)
      if (snapshot === current || !manifests.has(path))
        manifests.set(path, snapshot === current ? 'live' : 'retained')
  }
  if (manifests.size > MAX_MANIFESTS) unsure = `its snapshots have more than ${MAX_MANIFESTS} manifests`
  const wanted = [...manifests].slice(0, MAX_MANIFESTS)
  for await (const { role, bytes, subject } of inParallel(wanted, AT_ONCE, async ([path, role]) => ({
    role,
    ...(await places.read(path, signal)),
  }))) {
    eachManifestFile(bytes, subject, (path, isLive) => names.note(path, isLive ? role : 'retained'))
    signal.throwIfAborted()
  }
  for (const path of manifests.keys()) names.note(path, 'metadata')
  for (const { file } of metadata.metadataLog) names.note(file, 'metadata')
  if (names.isFull) unsure = `its snapshots name more than ${MAX_PATHS} files`
  return {
    roleOf: (key) => (key === `metadata/${name}` ? 'metadata' : names.roleOf(key)),
    live: names.live,
    elsewhere: names.elsewhere,
    newestCommit: metadata.lastUpdated,
    margin: MARGIN,
    unsure,
    how: `files in its folder that none of its ${snapshots.length} kept snapshots names; statistics and hidden files are not judged`,
  }
}

async function manifestsOf(
  places: IcebergPlaces,
  { manifestList, manifests }: Snapshot,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (manifestList === null) return manifests
  const { bytes, subject } = await places.read(manifestList, signal)
  return readManifestList(bytes, subject).map(({ path }) => path)
}

const ROLES: readonly FileRole[] = ['live', 'retained', 'metadata']
/** In the metadata folder only what commits write is judged: statistics have names of their writer's choice. */
const JUDGED = /^metadata\/[^/]*\.(?:avro|metadata\.json(?:\.gz)?|gz\.metadata\.json)$/

/** A file keeps the strongest role that anything gives it. */
class Names {
  readonly elsewhere: string[] = []
  live = 0
  isFull = false
  readonly #places: IcebergPlaces
  readonly #known = new LiveFiles()
  readonly #key: PathKey = { high: 0, low: 0 }

  constructor(places: IcebergPlaces) {
    this.#places = places
  }

  note(path: string, role: FileRole): void {
    const own = this.#places.ownKey(path)
    if (own === null) {
      if (role !== 'live') return
      this.live += 1
      if (this.elsewhere.length < MAX_ELSEWHERE) this.elsewhere.push(path.slice(0, 2_000))
      else this.isFull = true
      return
    }
    keyOfPath(own, '', this.#key)
    const before = this.#known.peek(this.#key, 0)
    const rank = ROLES.indexOf(role)
    if (before !== null && before.size <= rank) return
    if (before === null && this.#known.count >= MAX_PATHS) {
      this.isFull = true
      return
    }
    if (rank === 0) this.live += 1
    this.#known.add(this.#key, 0, { size: rank, rows: 0, deleted: 0, partition: 0, eventTime: 0 })
  }

  roleOf(key: string): FileRole {
    keyOfPath(key, '', this.#key)
    const known = this.#known.peek(this.#key, 0)
    if (known !== null) return ROLES[known.size]!
    if (key === 'metadata/version-hint.text') return 'metadata'
    if (key.startsWith('metadata/')) return JUDGED.test(key) ? 'orphan' : 'unknown'
    return isHidden(key) ? 'unknown' : 'orphan'
  }
}
