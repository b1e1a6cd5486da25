// Reads a table's `_delta_log` from an object store: its listing, commits whole or in pieces, its checksum files.
import { type Action, readAction } from '../../formats/delta/actions.ts'
import { linesOf } from '../../formats/delta/lines.ts'
import { type LogFile, type LogListing, readListing } from '../../formats/delta/log-listing.ts'
import { LAST_CHECKPOINT, LOG_FOLDER, commitName, padVersion } from '../../formats/delta/log-names.ts'
import { numberOf, parseJsonObject } from '../../formats/json.ts'
import type { ListOptions, ObjectStore } from '../../io/object-store.ts'
import { SourceError, reasonOf } from '../../model/errors.ts'
import type { Timestamp } from '../../model/units.ts'
import type { Reading } from './delta-checkpoint.ts'

/** Entries of a log listed at once: ten pages of S3. Longer logs are listed from their last checkpoint on. */
const MAX_LISTED = 10_000
/** A log of more files than this is not read: a year of one commit every half minute. */
const MAX_LOG_FILES = 1_000_000
/** How far before the last checkpoint a long log is listed, for its history. */
const HISTORY_VERSIONS = 1_000
/** A commit up to this size is read and understood as a whole before any of it takes effect. */
export const WHOLE_COMMIT_BYTES = 8 * 1_048_576
/** CONVERT and CLONE write commits of gigabytes; nothing sane writes more. */
const MAX_COMMIT_BYTES = 16 * 1_073_741_824
const MAX_LAST_CHECKPOINT_BYTES = 16 * 1_048_576
/** Small commits fetched ahead while earlier ones are replayed. */
const FETCH_AHEAD = 16

export const openLog = (table: ObjectStore): ObjectStore => table.below(LOG_FOLDER)

/** One pass over the folder; `_last_checkpoint` matters only where the log is too long for that. */
export async function listLog(log: ObjectStore, signal: AbortSignal): Promise<LogListing> {
  const files = await listFiles(log, { limit: MAX_LISTED, signal })
  if (files.length < MAX_LISTED) return readListing(files)
  const version = await lastCheckpoint(log, signal)
  const startAfter = padVersion(Math.max(0, (version ?? 0) - HISTORY_VERSIONS))
  const rest = await listFiles(log, { startAfter, limit: MAX_LOG_FILES, signal })
  if (rest.length < MAX_LOG_FILES) return readListing(rest, startAfter === padVersion(0))
  throw new SourceError(
    'too-large',
    `${log.url} has more than ${MAX_LOG_FILES} files, the limit; clean the log (delta.logRetentionDuration) or write a checkpoint`,
    { subject: log.url },
  )
}

async function listFiles(log: ObjectStore, options: ListOptions): Promise<LogFile[]> {
  const files: LogFile[] = []
  for await (const entry of log.children('', options)) {
    if (!('folder' in entry)) files.push({ name: entry.key, size: entry.size, modified: entry.modified })
  }
  return files
}

/** The version it points to; null when it is missing or cannot be understood: it is a hint, not the truth. */
async function lastCheckpoint(log: ObjectStore, signal: AbortSignal): Promise<number | null> {
  try {
    const { bytes } = await log.get(LAST_CHECKPOINT, { maxBytes: MAX_LAST_CHECKPOINT_BYTES, signal })
    const subject = log.urlOf(LAST_CHECKPOINT)
    return numberOf(parseJsonObject(Buffer.from(bytes).toString('utf8'), { subject })['version'])
  } catch (error) {
    if (['missing', 'corrupt', 'too-large', 'vanished'].includes(reasonOf(error))) return null
    throw error
  }
}

/** True when the log has a commit after `version`. */
export async function hasLaterCommit(
  log: ObjectStore,
  version: number,
  signal: AbortSignal,
): Promise<boolean> {
  const files = await listFiles(log, { startAfter: commitName(version), limit: 100, signal })
  return readListing(files).newest > version
}

export interface FetchedCommit {
  readonly modified: Timestamp
  /** In the order that replay wants: what describes the table before its files. */
  readonly actions: readonly Action[]
}

/** Null when there is no such commit. Throws 'too-large' for one that must be streamed. */
export async function fetchCommit(
  log: ObjectStore,
  version: number,
  signal: AbortSignal,
): Promise<FetchedCommit | null> {
  const name = commitName(version)
  try {
    const body = await log.get(name, { maxBytes: WHOLE_COMMIT_BYTES, signal })
    const actions = await wholeActions(body.bytes, log.urlOf(name), version)
    return { modified: body.modified, actions }
  } catch (error) {
    if (reasonOf(error) === 'missing') return null
    throw error
  }
}

async function wholeActions(bytes: Uint8Array, subject: string, version: number): Promise<readonly Action[]> {
  const head: Action[] = []
  const files: Action[] = []
  const origin = { subject, version: String(version) }
  for await (const lines of linesOf(onePiece(bytes), origin)) {
    for (const line of lines) {
      const action = readAction(line.toString('utf8'), origin)
      if (action !== null) (action.kind === 'add' || action.kind === 'remove' ? files : head).push(action)
    }
  }
  return [...head, ...files]
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Files before the metadata of their own commit, held back until it is known; more than these are taken as they come. */
const MAX_HELD = 10_000

/** The actions of a commit of any size, as they come. */
export async function* streamActions(
  log: ObjectStore,
  name: string,
  version: number,
  metadataKnown: () => boolean,
  { signal, pause }: Reading,
): AsyncGenerator<readonly Action[]> {
  const origin = { subject: log.urlOf(name), version: String(version) }
  let held: Action[] = []
  for await (const lines of linesOf(log.stream(name, { maxBytes: MAX_COMMIT_BYTES, signal }), origin)) {
    for (const line of lines) {
      const action = readAction(line.toString('utf8'), origin)
      if (action === null) continue
      if (action.kind === 'add' || action.kind === 'remove') held.push(action)
      else yield [action]
    }
    if (held.length > 0 && (metadataKnown() || held.length > MAX_HELD)) {
      yield held
      held = []
    }
    await pause()
  }
  if (held.length > 0) yield held
}

/** Calls `fetch` for each item in order, up to FETCH_AHEAD of them at once. */
export async function* fetchAhead<T, R>(
  items: readonly T[],
  fetch: (item: T) => Promise<R>,
): AsyncGenerator<{ item: T; result: R }> {
  for (let start = 0; start < items.length; start += FETCH_AHEAD) {
    const batch = items.slice(start, start + FETCH_AHEAD).map((item) => ({ item, result: fetch(item) }))
    // Each failure is seen where its result is awaited; until then it must not end the process.
    for (const { result } of batch) result.catch(() => {})
    for (const { item, result } of batch) yield { item, result: await result }
  }
}
