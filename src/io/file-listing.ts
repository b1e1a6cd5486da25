// Lists a local folder the way S3 lists a prefix: streamed, in the order of the keys' UTF-8 bytes.
import fs from 'node:fs/promises'
import path from 'node:path'
import { SourceError } from '../model/errors.ts'
import { timestamp } from '../model/units.ts'
import { explainFileError, isGone } from './file-errors.ts'
import { compareKeys, joinKeys } from './keys.ts'
import type { ListOptions, ObjectInfo } from './object-store.ts'

/** Files looked at together; keeps the thread pool busy without reading far ahead of the consumer. */
const BATCH = 32
const DEPTH_LIMIT = 64

export interface FolderPlace {
  /** The folder on disk, links resolved. */
  readonly dir: string
  /** Its key, '' for the root. */
  readonly key: string
  /** What nothing may lead out of, links resolved. */
  readonly root: string
  readonly urlOf: (key: string) => string
  /** Called once for each folder read. */
  readonly counted: () => void
}

interface Entry {
  readonly name: string
  readonly key: string
  readonly isFolder: boolean
  readonly isLink: boolean
}

export const infoOf = (key: string, stat: { size: bigint; mtimeNs: bigint; ino: bigint }): ObjectInfo => ({
  key,
  size: Number(stat.size),
  modified: timestamp(Number(stat.mtimeNs / 1_000_000n)),
  etag: `"${stat.mtimeNs.toString(36)}-${stat.size.toString(36)}-${stat.ino.toString(36)}"`,
})

/** Is `real` the folder `root` or below it? Both with links resolved. */
export const isWithin = (real: string, root: string): boolean =>
  real === root || real.startsWith(root.endsWith(path.sep) ? root : root + path.sep)

/** Without a `skipped` callback a problem ends the listing; with one it is told and the listing goes on. */
function report(problem: SourceError, options: ListOptions): void {
  if (options.skipped === undefined) throw problem
  options.skipped(problem)
}

async function readFolder(place: FolderPlace): Promise<Entry[]> {
  place.counted()
  const found = await fs.readdir(place.dir, { withFileTypes: true })
  return found
    .filter((entry) => entry.isFile() || entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => ({
      name: entry.name,
      key: joinKeys(place.key, entry.name) + (entry.isDirectory() ? '/' : ''),
      isFolder: entry.isDirectory(),
      isLink: entry.isSymbolicLink(),
    }))
    .toSorted((a, b) => compareKeys(a.key, b.key))
}

/** A file as an object; null where it is gone by now, is a link to a folder (never followed), or was reported. */
async function look(place: FolderPlace, entry: Entry, options: ListOptions): Promise<ObjectInfo | null> {
  const full = path.join(place.dir, entry.name)
  try {
    if (entry.isLink && !isWithin(await fs.realpath(full), place.root)) {
      const message = `${place.urlOf(entry.key)} is a symbolic link that leads out of ${place.urlOf('')}; it was not followed`
      report(new SourceError('outside-root', message, { subject: place.urlOf(entry.key) }), options)
      return null
    }
    const stat = await fs.stat(full, { bigint: true })
    return stat.isFile() ? infoOf(entry.key, stat) : null
  } catch (error) {
    if (error instanceof SourceError) throw error
    if (entry.name.includes('\u{fffd}')) {
      const subject = place.urlOf(entry.key)
      const message = `Could not look at ${subject}: its name is not UTF-8`
      report(new SourceError('unsupported', message, { subject, cause: error }), options)
    } else if (!isGone(error)) report(explainFileError(error, 'look at', place.urlOf(entry.key)), options)
    return null
  }
}

/** The files and folders directly in a folder, in key order; folders have a key that ends in a slash. */
export async function* entriesOf(
  place: FolderPlace,
  options: ListOptions,
): AsyncGenerator<ObjectInfo | { readonly folder: string }> {
  let entries: Entry[]
  try {
    entries = await readFolder(place)
  } catch (error) {
    // A folder that is gone holds nothing, as on S3.
    if (!isGone(error)) report(explainFileError(error, 'list', place.urlOf(place.key)), options)
    return
  }
  const { startAfter } = options
  const wanted = entries.filter(
    (entry) =>
      startAfter === undefined ||
      compareKeys(entry.key, startAfter) > 0 ||
      (entry.isFolder && startAfter.startsWith(entry.key)),
  )
  for (let i = 0; i < wanted.length; i += BATCH) {
    options.signal.throwIfAborted()
    const batch = wanted.slice(i, i + BATCH)
    const infos = await Promise.all(
      batch.map(async (entry) => (entry.isFolder ? null : look(place, entry, options))),
    )
    for (const [n, entry] of batch.entries()) {
      const info = infos[n]
      if (entry.isFolder) yield { folder: entry.key }
      else if (info) yield info
    }
  }
}

/** All files below a folder, in key order. */
export async function* filesBelow(
  place: FolderPlace,
  options: ListOptions,
  depth = 0,
): AsyncGenerator<ObjectInfo> {
  if (depth > DEPTH_LIMIT) {
    const subject = place.urlOf(place.key)
    const message = `${subject} is ${depth} folders deep; at most ${DEPTH_LIMIT} are looked into`
    report(new SourceError('too-large', message, { subject }), options)
    return
  }
  for await (const entry of entriesOf(place, options)) {
    if (!('folder' in entry)) yield entry
    else {
      const key = entry.folder.slice(0, -1)
      yield* filesBelow(
        { ...place, dir: path.join(place.dir, path.posix.basename(key)), key },
        options,
        depth + 1,
      )
    }
  }
}
