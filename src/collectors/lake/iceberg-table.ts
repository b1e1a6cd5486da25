// An Iceberg table under watch: metadata, manifest list and manifests in, facts out; every manifest is read once.
import type { ObjectStore } from '../../io/object-store.ts'
import { inParallel } from '../../io/parallel.ts'
import { type EventColumn, eventColumn } from '../../formats/iceberg/event-time.ts'
import { type NamedColumn, boundColumns } from '../../formats/iceberg/bound-columns.ts'
import { MAX_SAMPLED_FILES } from '../../formats/skipping.ts'
import { type Located, type Root, locate, movedPrefix } from '../../formats/iceberg/location.ts'
import { MAX_MANIFEST_BYTES, type ManifestStatistics, readManifest } from '../../formats/iceberg/manifest.ts'
import { type ManifestRef, readManifestList } from '../../formats/iceberg/manifest-list.ts'
import type { IcebergMetadata, Snapshot } from '../../formats/iceberg/metadata.ts'
import { type PartitionBytes, readPartitionStatistics } from '../../formats/iceberg/partition-statistics.ts'
import { schemaHistory } from '../../formats/iceberg/schema-history.ts'
import { commitFact, mainLine } from '../../formats/iceberg/snapshots.ts'
import { type ReadManifest, type TableReading, tableFact } from '../../formats/iceberg/table-fact.ts'
import { compareTotals, totalsOf } from '../../formats/iceberg/totals.ts'
import { SourceError, explainError, reasonOf } from '../../model/errors.ts'
import type { CommitFact } from '../../model/facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { icebergReferences } from './iceberg-references.ts'
import { type FoundMetadata, findMetadata, findNewer, stillThere } from './iceberg-metadata.ts'
import type { References } from './references.ts'
import type { OpenTable, TableAsk, TableIdentity, TableNews } from './table.ts'

export interface IcebergOptions {
  /** The column that holds the event time, where it is not the obvious one. */
  readonly eventTimeColumn?: string
  /** Folders outside of the table's that its metadata may lead to, under the location it calls them by. */
  readonly roots?: ReadonlyArray<{ readonly location: string; readonly objects: ObjectStore }>
}

const MANIFESTS_AT_ONCE = 8
/** Commits told at the first look; older ones are not news to anyone. */
const MAX_COMMITS = 1_000
/** Live files of one table kept in memory, some 30 bytes each; above it only the snapshot summary is told. */
const MAX_LIVE_FILES = 20_000_000
/** A probe for the next version does not tell a quiet table from one that is gone: look for the file each so many. */
const LOOK_FOR_FILE_EVERY = 10

const QUIET: TableNews = { changed: false, table: null, commits: [], problems: [] }

export const openIcebergTable = (
  objects: ObjectStore,
  identity: TableIdentity,
  options: IcebergOptions = {},
): OpenTable => new IcebergTable(objects, identity, options)

/** What one look gave, and what the next one builds upon. */
interface Look {
  readonly found: FoundMetadata
  readonly line: readonly Snapshot[]
  readonly column: EventColumn | null
  readonly boundColumns: readonly NamedColumn[]
  /** Statistics by manifest path, of the manifests that the current snapshot reaches. */
  readonly manifests: ReadonlyMap<string, ManifestStatistics>
  readonly lastExpiry: Timestamp | null
}

/** Of which columns bounds are read: the event time's of every file, others' of a share of them. */
interface Columns {
  readonly bound: EventColumn | null
  readonly asked: readonly NamedColumn[]
}

class IcebergTable implements OpenTable {
  readonly #objects: ObjectStore
  readonly #identity: TableIdentity
  readonly #options: IcebergOptions
  #last: Look | null = null
  #quiet = 0

  constructor(objects: ObjectStore, identity: TableIdentity, options: IcebergOptions) {
    this.#objects = objects
    this.#identity = identity
    this.#options = options
  }

  async refresh(ask: TableAsk): Promise<TableNews> {
    const found = await this.#find(ask.signal)
    if (found === null) return QUIET
    try {
      return await this.#tell(found, ask)
    } catch (error) {
      // Expiry may delete a manifest between the metadata that named it and our reading it: then newer metadata is there.
      if (reasonOf(error) !== 'missing') throw error
      const again = await findMetadata(this.#objects, ask.signal)
      if (again.file.name === found.file.name) throw error
      return this.#tell(again, ask)
    }
  }

  async references({ signal }: TableAsk): Promise<References | null> {
    if (this.#last === null) return null
    const { metadata, file } = this.#last.found
    const places = new Places(this.#objects, this.#identity.location, metadata, this.#options)
    return icebergReferences(places, { metadata, name: file.name }, signal)
  }

  async #find(signal: AbortSignal): Promise<FoundMetadata | null> {
    const last = this.#last
    try {
      if (last === null) return await findMetadata(this.#objects, signal)
      const newer = await findNewer(this.#objects, last.found, signal)
      this.#quiet = newer === null ? this.#quiet + 1 : 0
      if (newer !== null || this.#quiet % LOOK_FOR_FILE_EVERY !== 0) return newer
      return (await stillThere(this.#objects, last.found, signal))
        ? null
        : await findMetadata(this.#objects, signal)
    } catch (error) {
      if (last === null || !(error instanceof SourceError) || error.reason !== 'missing') throw error
      const message = `${this.#identity.location} is no longer an Iceberg table: ${error.message}`
      throw new SourceError('vanished', message, { subject: error.subject, cause: error })
    }
  }

  async #tell(found: FoundMetadata, { now, signal }: TableAsk): Promise<TableNews> {
    const { metadata } = found
    const last = this.#last
    const partial = [...found.partial]
    const problems = [...found.problems]
    const line = mainLine(metadata)
    const column = eventColumn(metadata, this.#options.eventTimeColumn)
    if (column === null && this.#options.eventTimeColumn !== undefined) {
      problems.push(
        `the event time column ${this.#options.eventTimeColumn} is not a date or timestamp of this table`,
      )
    }
    const places = new Places(this.#objects, this.#identity.location, metadata, this.#options)
    const asked = this.#boundColumns(metadata, column)
    const manifests = await this.#manifests(places, metadata, { bound: column, asked }, partial, signal)
    if (metadata.current && manifests) problems.push(...disagreements(metadata.current, manifests))
    const reading: TableReading = {
      now,
      metadata,
      line,
      manifests,
      partitionBytes: manifests === null ? await partitionBytes(places, metadata, problems, signal) : null,
      eventColumn: column,
      boundColumns: asked,
      lastExpiry: expiredSince(last, metadata),
      partial,
    }
    const table = tableFact(this.#identity, reading)
    const commits = this.#commits(reading)
    const statistics = new Map(manifests?.map(({ ref, statistics }) => [ref.path, statistics]))
    const { lastExpiry } = reading
    this.#last = { found, line, column, boundColumns: asked, manifests: statistics, lastExpiry }
    return { changed: true, table, commits, problems }
  }

  #commits({ metadata, line, manifests }: TableReading): CommitFact[] {
    const told = new Set(this.#last?.line.map(({ id }) => id))
    const news = line.filter(({ id }) => !told.has(id)).slice(-MAX_COMMITS)
    const changes = Map.groupBy(
      schemaHistory(metadata, line, manifests?.map(({ ref }) => ref) ?? []),
      ({ version }) => version,
    )
    return news.map((snapshot) => commitFact(snapshot, this.#identity, changes.get(snapshot.id) ?? []))
  }

  /** Statistics that are still good: of this table, not of one made anew in its place, and with this column's bounds. */
  #known(metadata: IcebergMetadata, column: EventColumn | null): Look['manifests'] {
    const last = this.#last
    const same =
      last?.found.metadata.tableUuid === metadata.tableUuid && last?.column?.fieldId === column?.fieldId
    return same && last ? last.manifests : new Map()
  }

  /** Settled once: manifests that were read have no bounds of others. */
  #boundColumns(metadata: IcebergMetadata, column: EventColumn | null): readonly NamedColumn[] {
    const last = this.#known(metadata, column).size > 0 ? (this.#last?.boundColumns ?? null) : null
    return last ?? boundColumns(metadata, column)
  }

  /** Null, with a reason in `partial`, where they are not for us to read. */
  async #manifests(
    places: Places,
    metadata: IcebergMetadata,
    columns: Columns,
    partial: string[],
    signal: AbortSignal,
  ): Promise<readonly ReadManifest[] | null> {
    if (metadata.current === null) return []
    const refs = await manifestRefs(places, metadata.current, signal)
    const outside =
      refs === null
        ? [metadata.current.manifestList ?? '']
        : refs.filter(({ path }) => places.at(path) === null).map(({ path }) => path)
    if (refs === null || outside.length > 0) {
      partial.push(
        `${outside.length} of the table's metadata files lie outside of its folder and are not opened, ${outside[0]!.slice(0, 300)} among them; declare its root`,
      )
      return null
    }
    const known = this.#known(metadata, columns.bound)
    const read: ReadManifest[] = []
    const wanted: ManifestRef[] = []
    for (const ref of refs) {
      const statistics = known.get(ref.path)
      if (statistics) read.push({ ref, statistics })
      else wanted.push(ref)
    }
    const live = refs.reduce((sum, ref) => sum + (ref.liveFiles ?? 0), 0)
    if (live > MAX_LIVE_FILES) {
      partial.push(`the table has ${live} live files, manifests are read up to ${MAX_LIVE_FILES}`)
      return null
    }
    for await (const one of inParallel(wanted, MANIFESTS_AT_ONCE, (ref) =>
      settle(
        readOne(places, metadata, ref, { ...columns, share: MAX_SAMPLED_FILES / Math.max(1, live) }, signal),
      ),
    )) {
      if (one.status === 'rejected') throw one.reason
      read.push(one.value)
    }
    return read
  }
}

/** Where the objects that metadata names are, for this table. */
class Places {
  readonly #stores: readonly ObjectStore[]
  readonly #roots: readonly Root[]
  readonly #foundAt: string

  constructor(
    objects: ObjectStore,
    foundAt: string,
    metadata: IcebergMetadata,
    { roots = [] }: IcebergOptions,
  ) {
    this.#stores = [objects, ...roots.map((root) => root.objects)]
    this.#foundAt = foundAt
    this.#roots = [
      { names: [metadata.location, foundAt, objects.url] },
      ...roots.map(({ location, objects: { url } }) => ({ names: [location, url] })),
    ]
  }

  at(path: string): (Located & { readonly objects: ObjectStore }) | null {
    const moved = movedPrefix(path, this.#foundAt)
    const located = locate(path, this.#roots) ?? (moved === null ? null : locate(path, [{ names: [moved] }]))
    return located && { ...located, objects: this.#stores[located.root]! }
  }

  ownKey(path: string): string | null {
    const place = this.at(path)
    return place?.root === 0 ? place.key : null
  }

  async read(path: string, signal: AbortSignal): Promise<{ bytes: Uint8Array; subject: string }> {
    const place = this.at(path)
    if (place === null) {
      const message = `${path.slice(0, 500)} lies outside of ${this.#foundAt} and is not opened; declare its root`
      throw new SourceError('outside-root', message, { subject: path.slice(0, 500) })
    }
    const { bytes } = await place.objects.get(place.key, { maxBytes: MAX_MANIFEST_BYTES, signal })
    return { bytes, subject: place.objects.urlOf(place.key) }
  }
}

/** What a partition statistics file of the current snapshot says, where there is one that can be read. */
async function partitionBytes(
  places: Places,
  metadata: IcebergMetadata,
  problems: string[],
  signal: AbortSignal,
): Promise<readonly PartitionBytes[] | null> {
  const place = metadata.partitionStatistics === null ? null : places.at(metadata.partitionStatistics)
  if (place === null) return null
  try {
    const source = await place.objects.source(place.key, { signal })
    return await readPartitionStatistics(source, metadata, async () => signal.throwIfAborted())
  } catch (error) {
    if (signal.aborted) throw error
    problems.push(explainError(error))
    return null
  }
}

/** Null when the manifest list lies outside of the roots. */
async function manifestRefs(
  places: Places,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<readonly ManifestRef[] | null> {
  if (snapshot.manifestList === null) {
    return snapshot.manifests.map((path) => ({
      path,
      specId: null,
      content: 'data',
      addedBy: null,
      liveFiles: null,
    }))
  }
  if (places.at(snapshot.manifestList) === null) return null
  const { bytes, subject } = await places.read(snapshot.manifestList, signal)
  return readManifestList(bytes, subject)
}

async function readOne(
  places: Places,
  metadata: IcebergMetadata,
  ref: ManifestRef,
  { bound, asked, share }: Columns & { readonly share: number },
  signal: AbortSignal,
): Promise<ReadManifest> {
  const { bytes, subject } = await places.read(ref.path, signal)
  return {
    ref,
    statistics: readManifest(bytes, subject, {
      specs: metadata.specs,
      specId: ref.specId,
      bound,
      sample: { columns: asked, share },
    }),
  }
}

/** Its outcome as a value, so that one failure leaves no other promise without an owner. */
const settle = async <T>(reading: Promise<T>): Promise<PromiseSettledResult<T>> =>
  (await Promise.allSettled([reading]))[0]

/** A cheap check of our own reading, or of the writer's. */
function disagreements(current: Snapshot, manifests: readonly ReadManifest[]): string[] {
  const totals = totalsOf(manifests.map(({ statistics }) => statistics))
  return compareTotals(current, totals)
    .filter(({ summary, manifests: found }) => summary !== found)
    .map(
      ({ key, summary, manifests: found }) =>
        `snapshot ${current.id} states ${key} ${summary}, its manifests hold ${found}`,
    )
}

/** Snapshots that were there at the last look and are not now were expired in between. */
function expiredSince(last: Look | null, metadata: IcebergMetadata): Timestamp | null {
  if (last === null || last.found.metadata.tableUuid !== metadata.tableUuid) return null
  const kept = new Set(metadata.snapshots.map(({ id }) => id))
  const expired = last.found.metadata.snapshots.some(({ id }) => !kept.has(id))
  return expired ? metadata.lastUpdated : last.lastExpiry
}
