// The event logs below a folder, or one log file: which there are, and which have not been read yet.
import { createHash } from 'node:crypto'
import { type LogFiles, logFilesOf } from '../../formats/spark/log-files.ts'
import type { ObjectInfo, ObjectStore } from '../../io/object-store.ts'
import { SourceError } from '../../model/errors.ts'
import { HOUR, type Timestamp, timestamp } from '../../model/units.ts'

/** Files known at once: the cursor names every log that was read. */
const FILES_KNOWN = 200_000
/** An unfinished log is read when it is new, has doubled, or was left alone for this long: twice its bytes in all. */
const LEFT_ALONE = HOUR

export interface FoundLog extends LogFiles {
  readonly objects: ObjectStore
  readonly size: number
  readonly modified: Timestamp
  /** Names, sizes and etags of its parts in few bytes: a log that changes has another one. */
  readonly look: string
}

/** What of a log was read already. */
export interface ReadLog {
  readonly look: string
  readonly size: number
}

/** `alone`: the folder that holds it and its name, in case the location is one file. */
export async function findLogs(
  objects: ObjectStore,
  alone: { readonly objects: ObjectStore; readonly key: string } | null,
  signal: AbortSignal,
): Promise<FoundLog[]> {
  const files = new Map<string, ObjectInfo>()
  let failure: unknown
  try {
    for await (const info of objects.list('', { signal })) {
      files.set(info.key, info)
      if (files.size <= FILES_KNOWN) continue
      const message = `more than ${FILES_KNOWN} files below ${objects.url}; move old logs away (spark.history.fs.cleaner)`
      throw new SourceError('too-large', message, { subject: objects.url })
    }
  } catch (error) {
    if (files.size > 0 || !(error instanceof SourceError)) throw error
    failure = error
  }
  if (files.size > 0) return logFilesOf(files.keys()).map((log) => found(log, objects, files))
  if (alone !== null) {
    const info = await alone.objects.head(alone.key, signal).catch(() => null)
    if (info !== null)
      return logFilesOf([info.key]).map((log) => found(log, alone.objects, new Map([[info.key, info]])))
  }
  if (failure !== undefined) throw failure
  return []
}

function found(log: LogFiles, objects: ObjectStore, files: ReadonlyMap<string, ObjectInfo>): FoundLog {
  const parts = log.parts.flatMap((key) => files.get(key) ?? [])
  return {
    ...log,
    objects,
    size: parts.reduce((sum, { size }) => sum + size, 0),
    modified: timestamp(parts.reduce((newest, { modified }) => Math.max(newest, modified), 0)),
    look: lookOf(log, parts),
  }
}

/** 72 bits: of a hundred thousand logs no two are alike. */
const LOOK_CHARS = 12
const lookOf = ({ name, inProgress }: LogFiles, parts: readonly ObjectInfo[]): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        name,
        inProgress,
        parts.map(({ key, size, etag, modified }) => [key, size, etag ?? modified]),
      ]),
    )
    .digest('base64url')
    .slice(0, LOOK_CHARS)

export function isDue(log: FoundLog, before: ReadLog | undefined, now: Timestamp): boolean {
  if (before?.look === log.look) return false
  if (!log.inProgress || before === undefined) return true
  return log.size >= before.size * 2 || now - log.modified > LEFT_ALONE
}

/** The looks of logs that need not be read again, as one text. */
export const printLooks = (looks: Iterable<string>): string => [...looks].toSorted().join('')

export function readLooks(cursor: string | undefined): ReadonlySet<string> {
  const text = cursor ?? ''
  return new Set(
    Array.from({ length: Math.floor(text.length / LOOK_CHARS) }, (_, i) =>
      text.slice(i * LOOK_CHARS, (i + 1) * LOOK_CHARS),
    ),
  )
}
