// Finds the metadata file of an Iceberg table that is current, and cheaply whether there is a newer one.
import type { ObjectStore } from '../../io/object-store.ts'
import { SourceError, reasonOf } from '../../model/errors.ts'
import {
  MAX_METADATA_BYTES,
  type MetadataFileName,
  hintedNames,
  newestNames,
  parseMetadataName,
} from '../../formats/iceberg/metadata-file.ts'
import { type IcebergMetadata, parseMetadata } from '../../formats/iceberg/metadata.ts'

export interface FoundMetadata {
  readonly file: MetadataFileName
  readonly metadata: IcebergMetadata
  readonly etag: string | null
  /** The files that had the greatest number: these need not be compared again. */
  readonly compared: readonly string[]
  /** How sure it is that this is the current one, where it is not. */
  readonly partial: readonly string[]
  readonly problems: readonly string[]
}

const FOLDER = 'metadata'
const HINT = `${FOLDER}/version-hint.text`
const MAX_HINT_BYTES = 1_024
/** Names looked at in `metadata/`; it also holds every manifest. */
const MAX_LISTED = 1_000_000
/** Names listed from the number we know: newer metadata comes first, manifests named by other uuids after it. */
const LISTED_AHEAD = 100
/** Versions probed ahead of a stale hint before the folder is listed instead. */
const MAX_PROBES = 100
/** Files with the same greatest number that are compared; more is a broken writer. */
const MAX_BRANCHES = 16

/** Cold: hint, then probing forward; without a usable hint the greatest number in a listing. Throws 'missing'. */
export async function findMetadata(objects: ObjectStore, signal: AbortSignal): Promise<FoundMetadata> {
  const problems: string[] = []
  const hint = await optional(objects.get(HINT, { maxBytes: MAX_HINT_BYTES, signal }))
  const text = hint ? Buffer.from(hint.bytes).toString('utf8') : ''
  const hinted = hintedNames(text)
  if (hint && hinted.length === 0) {
    problems.push(
      `${objects.urlOf(HINT)} holds ${JSON.stringify(text.slice(0, 40))}, which names no metadata file`,
    )
  }
  const first = hinted.map(parseMetadataName).find((file) => file !== null)
  if (first?.naming === 'hadoop') {
    const found = await optional(readMetadata(objects, first, signal))
    if (found) return { ...(await newest(objects, found, signal)), problems }
  }
  const files = newestNames(await metadataNames(objects, signal))
  const best = files.some(({ name }) => name === first?.name)
    ? files.filter(({ name }) => name === first?.name)
    : files
  return { ...(await newestOf(objects, best, signal)), problems }
}

/**
 * Warm: null when nothing is newer. Costs one request on a quiet table: a GET of v(N+1), which its writer creates by
 * rename; for a catalog's NNNNN-uuid names a LIST that starts at the number we know, because nobody can guess a uuid;
 * for other names a conditional GET.
 */
export async function findNewer(
  objects: ObjectStore,
  known: FoundMetadata,
  signal: AbortSignal,
): Promise<FoundMetadata | null> {
  const { file } = known
  if (file.naming === 'hadoop') {
    const next = await optional(readMetadata(objects, successor(file, 1), signal))
    return next && newest(objects, next, signal)
  }
  if (file.naming === 'catalog') {
    const digits = /^\d+/.exec(file.name)![0]
    const part = { startAfter: `${FOLDER}/${digits}-`, limit: LISTED_AHEAD }
    const names = await metadataNames(objects, signal, part)
    // 100000 sorts before 99999: where the number grows a digit, or ours is gone, only a full look tells.
    const grows = String(file.version + 1).length > digits.length
    if (grows || names.length === LISTED_AHEAD || !names.includes(file.name)) {
      const found = await findMetadata(objects, signal)
      return found.file.name === file.name ? null : found
    }
    const files = newestNames(names)
    if (files.every(({ name }) => known.compared.includes(name))) return null
    const found = await newestOf(objects, files, signal)
    return found.file.name === file.name ? null : found
  }
  if (known.etag === null) return findMetadata(objects, signal)
  const key = keyOf(file)
  const body = await objects.get(key, { ifNoneMatch: known.etag, maxBytes: MAX_METADATA_BYTES, signal })
  return body && { ...known, etag: body.etag, metadata: parseMetadata(body.bytes, objects.urlOf(key)) }
}

/**
 * Whether the file is still there and the one we know: a probe of the next version cannot tell a quiet table
 * from one that is gone or was made anew.
 */
export async function stillThere(
  objects: ObjectStore,
  known: FoundMetadata,
  signal: AbortSignal,
): Promise<boolean> {
  const info = await optional(objects.head(keyOf(known.file), signal))
  return info !== null && (info.etag === null || known.etag === null || info.etag === known.etag)
}

/** Follows vN, v(N+1), … to the last that exists. */
async function newest(
  objects: ObjectStore,
  start: FoundMetadata,
  signal: AbortSignal,
): Promise<FoundMetadata> {
  let last = start.file
  for (let ahead = 1; ahead <= MAX_PROBES; ahead++) {
    const next = successor(start.file, ahead)
    if ((await optional(objects.head(keyOf(next), signal))) === null) {
      return last === start.file ? start : readMetadata(objects, last, signal)
    }
    last = next
  }
  return newestOf(objects, newestNames(await metadataNames(objects, signal)), signal)
}

async function newestOf(
  objects: ObjectStore,
  files: readonly MetadataFileName[],
  signal: AbortSignal,
): Promise<FoundMetadata> {
  if (files.length === 0) {
    const subject = objects.urlOf(FOLDER)
    throw new SourceError('missing', `${subject} holds no metadata file of an Iceberg table`, { subject })
  }
  let best: FoundMetadata | undefined
  for (const file of files.slice(0, MAX_BRANCHES)) {
    const found = await readMetadata(objects, file, signal)
    if (best === undefined || (found.metadata.lastUpdated ?? 0) > (best.metadata.lastUpdated ?? 0))
      best = found
  }
  const partial = [...best!.partial]
  if (files.length > 1) {
    partial.push(
      `${files.length} metadata files have the number ${files[0]!.version}; the one updated last was taken`,
    )
  }
  return { ...best!, partial, compared: files.map(({ name }) => name) }
}

async function readMetadata(
  objects: ObjectStore,
  file: MetadataFileName,
  signal: AbortSignal,
): Promise<FoundMetadata> {
  const key = keyOf(file)
  const body = await objects.get(key, { maxBytes: MAX_METADATA_BYTES, signal })
  return {
    file,
    metadata: parseMetadata(body.bytes, objects.urlOf(key)),
    etag: body.etag,
    compared: [file.name],
    partial:
      file.naming === 'hadoop'
        ? []
        : [
            `which metadata is current was told by file names without the catalog: best effort (${file.name})`,
          ],
    problems: [],
  }
}

async function metadataNames(
  objects: ObjectStore,
  signal: AbortSignal,
  part?: { readonly startAfter: string; readonly limit: number },
): Promise<string[]> {
  const names: string[] = []
  let listed = 0
  for await (const { key } of objects.list(FOLDER, { ...part, signal })) {
    listed += 1
    if (listed > MAX_LISTED) {
      const subject = objects.urlOf(FOLDER)
      throw new SourceError(
        'too-large',
        `${subject} holds more than ${MAX_LISTED} files; remove old metadata`,
        {
          subject,
        },
      )
    }
    const name = key.slice(FOLDER.length + 1)
    if (parseMetadataName(name) !== null) names.push(name)
  }
  return names
}

const keyOf = (file: MetadataFileName): string => `${FOLDER}/${file.name}`

function successor(file: MetadataFileName, ahead: number): MetadataFileName {
  const version = file.version + ahead
  return { ...file, version, name: `v${version}${file.suffix}` }
}

/** The result, or null where the object is not there. */
async function optional<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (reasonOf(error) === 'missing') return null
    throw error
  }
}
