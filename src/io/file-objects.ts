// A local folder as an object store. Nothing outside of the folder is ever opened, whatever a key or a link says.
import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ByteSource } from '../model/bytes.ts'
import { SourceError } from '../model/errors.ts'
import { type Bytes, bytes as asBytes, readableBytes } from '../model/units.ts'
import { explainFileError, isGone } from './file-errors.ts'
import { type FolderPlace, entriesOf, filesBelow, infoOf, isWithin } from './file-listing.ts'
import { checkFolder, checkKey, compareKeys } from './keys.ts'
import type { Limiter } from './limiter.ts'
import type {
  ByteRange,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectCounters,
  ObjectStore,
} from './object-store.ts'

/** Real file handles open at once, over all local stores. */
export const FILES_AT_ONCE = 64
const PIECE = 1 << 20
/** O_NOFOLLOW: the path was resolved, so its last part is no link. O_NONBLOCK: opening a pipe must not wait for a writer. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

interface Root {
  readonly dir: string
  /** Its own path with links resolved, checked to lie within the store it was made from. */
  real(): Promise<string>
}

interface Opened {
  readonly file: fs.FileHandle
  readonly info: ReturnType<typeof infoOf>
}

const tooLarge = (subject: string, size: number, limit: number): SourceError =>
  new SourceError(
    'too-large',
    `${subject} has ${readableBytes(size as Bytes)}; at most ${readableBytes(asBytes(limit))} are read`,
    { subject },
  )

export const createFileObjects = (dir: string, limiter: Limiter): ObjectStore =>
  fileObjects({ dir, real: () => realRoot(dir) }, limiter, {
    gets: 0,
    lists: 0,
    heads: 0,
    bytes: 0,
    retries: 0,
    failures: 0,
  })

function fileObjects(root: Root, limiter: Limiter, counters: ObjectCounters): ObjectStore {
  const url = pathToFileURL(root.dir).href.replace(/(?<=\/\/.*)\/+$/, '')
  const urlOf = (key: string): string => (key === '' ? url : pathToFileURL(path.join(root.dir, key)).href)

  /** Where a key really is; throws when that is not below the root. */
  const resolve = async (key: string): Promise<{ real: string; realRoot: string }> => {
    checkKey(key, urlOf)
    const realRoot = await root.real()
    const real = await fs.realpath(path.join(root.dir, key))
    if (isWithin(real, realRoot)) return { real, realRoot }
    throw new SourceError(
      'outside-root',
      `${urlOf(key)} leads out of ${url} through a symbolic link; only files below it are opened`,
      { subject: urlOf(key) },
    )
  }

  /** Runs one request within the limits and explains what goes wrong. */
  const request = async <T>(doing: string, key: string, signal: AbortSignal, work: () => Promise<T>) => {
    try {
      return await limiter.run(work, signal)
    } catch (error) {
      const explained = signal.aborted
        ? new SourceError('timeout', `Stopped before it could ${doing} ${urlOf(key)}`, {
            subject: urlOf(key),
            cause: signal.reason,
          })
        : explainFileError(error, doing, urlOf(key))
      if (explained.reason !== 'missing') counters.failures += 1
      throw explained
    }
  }

  const open = async (key: string): Promise<Opened> => {
    const { real } = await resolve(key)
    const file = await fs.open(real, READ)
    try {
      const stat = await file.stat({ bigint: true })
      if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EISDIR' })
      return { file, info: infoOf(key, stat) }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  const readRange = async ({ file, info }: Opened, range: ByteRange, maxBytes: number) => {
    const start = Math.min(range.start, info.size)
    const length = Math.max(0, Math.min(range.end, info.size) - start)
    if (length > maxBytes) throw tooLarge(urlOf(info.key), length, maxBytes)
    const buffer = Buffer.allocUnsafeSlow(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, start + filled)
      if (bytesRead === 0) throw cutShort(urlOf(info.key), length, filled)
      filled += bytesRead
    }
    counters.bytes += length
    return new Uint8Array(buffer.buffer, buffer.byteOffset, length)
  }

  function get(key: string, options: GetOptions): Promise<ObjectBody>
  function get(key: string, options: GetOptions & { ifNoneMatch: string }): Promise<ObjectBody | null>
  function get(key: string, options: GetOptions): Promise<ObjectBody | null> {
    return request('read', key, options.signal, async () => {
      counters.gets += 1
      const opened = await open(key)
      try {
        const { etag, modified, size } = opened.info
        if (options.ifNoneMatch !== undefined && options.ifNoneMatch === etag) return null
        const range = options.range ?? { start: 0, end: size }
        return { bytes: await readRange(opened, range, options.maxBytes), etag, modified }
      } finally {
        await opened.file.close()
      }
    })
  }

  async function* stream(key: string, options: Omit<GetOptions, 'range' | 'ifNoneMatch'>) {
    const { signal, maxBytes } = options
    counters.gets += 1
    const opened = await request('read', key, signal, () => open(key))
    try {
      const { size } = opened.info
      // Each piece takes its own place: a consumer that reads other files between pieces must not wait for itself.
      const piece = (start: number) =>
        request('read', key, signal, async () => {
          if (size > maxBytes) throw tooLarge(urlOf(key), size, maxBytes)
          return readRange(opened, { start, end: Math.min(size, start + PIECE) }, maxBytes)
        })
      for (let at = 0; at < size; at += PIECE) yield await piece(at)
    } finally {
      await opened.file.close()
    }
  }

  const head = (key: string, signal: AbortSignal) =>
    request('look at', key, signal, async () => {
      counters.heads += 1
      const { real } = await resolve(key)
      const stat = await fs.stat(real, { bigint: true })
      if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'EISDIR' })
      return infoOf(key, stat)
    })

  const placeOf = async (folder: string, signal: AbortSignal): Promise<FolderPlace | null> => {
    const key = checkFolder(folder, urlOf)
    try {
      const { real, realRoot } = await resolve(key)
      const counted = () => void (counters.lists += 1)
      return { dir: real, key, root: realRoot, urlOf, counted }
    } catch (error) {
      if (isGone(error)) return null
      return request('list', key, signal, () => Promise.reject(error as Error))
    }
  }

  async function* limited<T>(entries: AsyncIterable<T>, options: ListOptions, keyOf: (entry: T) => string) {
    let left = options.limit ?? Infinity
    for await (const entry of entries) {
      if (left <= 0) return
      if (options.startAfter !== undefined && compareKeys(keyOf(entry), options.startAfter) <= 0) continue
      left -= 1
      yield entry
    }
  }

  return {
    url,
    urlOf,
    counters,
    get,
    stream,
    head,
    async *list(prefix, options) {
      const place = await placeOf(prefix, options.signal)
      if (place) yield* limited(filesBelow(place, options), options, (entry) => entry.key)
    },
    async *children(folder, options) {
      const place = await placeOf(folder, options.signal)
      const keyOf = (entry: { key: string } | { folder: string }) =>
        'folder' in entry ? entry.folder : entry.key
      if (place) yield* limited(entriesOf(place, options), options, keyOf)
    },
    async source(key, options): Promise<ByteSource> {
      const size = options.size ?? (await head(key, options.signal)).size
      let etag: string | null = null
      return {
        name: urlOf(key),
        byteLength: size,
        async slice(start, end = size) {
          if (end <= start) return new Uint8Array(0)
          const range = { start, end: Math.min(end, size) }
          const body = await get(key, { range, maxBytes: end - start, signal: options.signal })
          if (etag !== null && body.etag !== etag)
            throw new SourceError('vanished', `${urlOf(key)} was replaced while it was read`, {
              subject: urlOf(key),
            })
          etag = body.etag
          return body.bytes
        },
      }
    },
    below(folder) {
      const key = checkFolder(folder, urlOf)
      const dir = path.join(root.dir, key)
      return fileObjects({ dir, real: async () => (await resolve(key)).real }, limiter, counters)
    },
  }
}

/** That the root itself is gone must not read as «this object is missing»: an unmounted disk is no empty lake. */
async function realRoot(dir: string): Promise<string> {
  try {
    return await fs.realpath(dir)
  } catch (error) {
    if (!isGone(error)) throw error
    const message = `The folder ${dir} is not there; check the path, and that its disk is mounted`
    throw new SourceError('unreachable', message, { subject: pathToFileURL(dir).href, cause: error })
  }
}

const cutShort = (subject: string, wanted: number, got: number): SourceError =>
  new SourceError(
    'vanished',
    `${subject} was cut short while it was read: ${wanted} bytes expected, ${got} found`,
    {
      subject,
    },
  )
