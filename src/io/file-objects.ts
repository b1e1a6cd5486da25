// A local folder as an object store. Nothing outside of the folder is ever opened, whatever a key or a link says.
import { constants } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ByteSource } from '../model/bytes.ts'
import { SourceError } from '../model/errors.ts'
import { type Bytes, bytes, readableBytes } from '../model/units.ts'
import { explainFileError, isGone } from './file-errors.ts'
import { type FolderPlace, entriesOf, filesBelow, infoOf, isWithin } from './file-listing.ts'
import { checkFolder, checkKey, compareKeys } from './keys.ts'
import type { Limiter } from './limiter.ts'
import {
  type ByteRange,
  type GetOptions,
  type ListOptions,
  type ObjectBody,
  type ObjectCounters,
  type ObjectInfo,
  type ObjectStore,
  noCounts,
} from './object-store.ts'

/** Files worked on at once, over all local stores. */
export const FILES_AT_ONCE = 64
const PIECE = 1 << 20
/** O_NOFOLLOW: the path was resolved, so its last part is no link. O_NONBLOCK: opening a pipe must not wait for a writer. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

interface Opened {
  readonly file: fs.FileHandle
  readonly info: ObjectInfo
}

export const createFileObjects = (dir: string, limiter: Limiter): ObjectStore =>
  new FileObjects(dir, () => realRoot(dir), limiter, noCounts())

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

class FileObjects implements ObjectStore {
  readonly url: string
  readonly counters: ObjectCounters
  readonly #dir: string
  /** The folder with links resolved, checked to lie within the store it was made from. */
  readonly #real: () => Promise<string>
  readonly #limiter: Limiter

  constructor(dir: string, real: () => Promise<string>, limiter: Limiter, counters: ObjectCounters) {
    this.url = pathToFileURL(dir).href
    this.counters = counters
    this.#dir = dir
    this.#real = real
    this.#limiter = limiter
  }

  urlOf = (key: string): string => (key === '' ? this.url : pathToFileURL(path.join(this.#dir, key)).href)

  below(folder: string): ObjectStore {
    const key = checkFolder(folder, this.urlOf)
    const real = async () => (await this.#resolve(key)).real
    return new FileObjects(path.join(this.#dir, key), real, this.#limiter, this.counters)
  }

  async *list(prefix: string, options: ListOptions): AsyncIterable<ObjectInfo> {
    const place = await this.#folder(prefix, options.signal)
    if (place) yield* limited(filesBelow(place, options), options, (entry) => entry.key)
  }

  async *children(
    folder: string,
    options: ListOptions,
  ): AsyncIterable<ObjectInfo | { readonly folder: string }> {
    const place = await this.#folder(folder, options.signal)
    const keyOf = (entry: ObjectInfo | { folder: string }) => ('folder' in entry ? entry.folder : entry.key)
    if (place) yield* limited(entriesOf(place, options), options, keyOf)
  }

  get(key: string, options: GetOptions): Promise<ObjectBody>
  get(key: string, options: GetOptions & { ifNoneMatch: string }): Promise<ObjectBody | null>
  get(key: string, options: GetOptions): Promise<ObjectBody | null> {
    return this.#request('read', key, options.signal, async () => {
      this.counters.gets += 1
      await using opened = await this.#open(key)
      const { etag, modified, size } = opened.info
      if (options.ifNoneMatch !== undefined && options.ifNoneMatch === etag) return null
      const range = options.range ?? { start: 0, end: size }
      return { bytes: await this.#read(opened, range, options.maxBytes), etag, modified }
    })
  }

  async *stream(
    key: string,
    { maxBytes, signal }: Omit<GetOptions, 'range' | 'ifNoneMatch'>,
  ): AsyncIterable<Uint8Array> {
    this.counters.gets += 1
    await using opened = await this.#request('read', key, signal, () => this.#open(key))
    const { size } = opened.info
    // Each piece takes its own place: a consumer that reads other files between pieces must not wait for itself.
    const piece = (start: number) =>
      this.#request('read', key, signal, async () => {
        if (size > maxBytes) throw tooLarge(this.urlOf(key), size, maxBytes)
        return this.#read(opened, { start, end: Math.min(size, start + PIECE) }, maxBytes)
      })
    for (let at = 0; at < size; at += PIECE) yield await piece(at)
  }

  head(key: string, signal: AbortSignal): Promise<ObjectInfo> {
    return this.#request('look at', key, signal, async () => {
      this.counters.heads += 1
      const stat = await fs.stat((await this.#resolve(key)).real, { bigint: true })
      if (!stat.isFile()) throw notAFile()
      return infoOf(key, stat)
    })
  }

  async source(key: string, { size, signal }: { size?: number; signal: AbortSignal }): Promise<ByteSource> {
    const byteLength = size ?? (await this.head(key, signal)).size
    let etag: string | null = null
    return {
      name: this.urlOf(key),
      byteLength,
      slice: async (start, end = byteLength) => {
        const range = { start, end: Math.min(end, byteLength) }
        if (range.end <= start) return new Uint8Array(0)
        const body = await this.get(key, { range, maxBytes: range.end - start, signal })
        if (etag !== null && body.etag !== etag)
          throw vanished(this.urlOf(key), 'was replaced while it was read')
        etag = body.etag
        return body.bytes
      },
    }
  }

  /** Where a key really is; throws when that is not below the root. */
  async #resolve(key: string): Promise<{ real: string; root: string }> {
    checkKey(key, this.urlOf)
    const root = await this.#real()
    const real = await fs.realpath(path.join(this.#dir, key))
    if (isWithin(real, root)) return { real, root }
    const message = `${this.urlOf(key)} leads out of ${this.url} through a symbolic link; only files below it are opened`
    throw new SourceError('outside-root', message, { subject: this.urlOf(key) })
  }

  /** Does one request within the limits and explains what goes wrong. */
  async #request<T>(doing: string, key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#limiter.run(work, signal)
    } catch (error) {
      const subject = this.urlOf(key)
      const explained = signal.aborted
        ? new SourceError('timeout', `Stopped before it could ${doing} ${subject}`, {
            subject,
            cause: signal.reason,
          })
        : explainFileError(error, doing, subject)
      if (explained.reason !== 'missing') this.counters.failures += 1
      throw explained
    }
  }

  async #open(key: string): Promise<Opened & AsyncDisposable> {
    const file = await fs.open((await this.#resolve(key)).real, READ)
    try {
      const stat = await file.stat({ bigint: true })
      if (!stat.isFile()) throw notAFile()
      return { file, info: infoOf(key, stat), [Symbol.asyncDispose]: () => file.close() }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async #read({ file, info }: Opened, range: ByteRange, maxBytes: number): Promise<Uint8Array> {
    const subject = this.urlOf(info.key)
    const length = Math.min(range.end, info.size) - range.start
    if (range.start > info.size || (length <= 0 && range.end > range.start))
      throw new SourceError(
        'corrupt',
        `${subject} has ${info.size} bytes; ${range.start} and on were asked for`,
        {
          subject,
        },
      )
    if (length > maxBytes) throw tooLarge(subject, length, maxBytes)
    const into = new Uint8Array(Math.max(0, length))
    for (let filled = 0; filled < length;) {
      const { bytesRead } = await file.read(into, filled, length - filled, range.start + filled)
      if (bytesRead === 0)
        throw vanished(subject, `was cut short while it was read, at ${filled} of ${length} bytes`)
      filled += bytesRead
    }
    this.counters.bytes += into.byteLength
    return into
  }

  /** A folder to list; null where it is not there. */
  async #folder(folder: string, signal: AbortSignal): Promise<FolderPlace | null> {
    const key = checkFolder(folder, this.urlOf)
    return this.#request('list', key, signal, async () => {
      try {
        const { real, root } = await this.#resolve(key)
        const counted = () => void (this.counters.lists += 1)
        return { dir: real, key, root, urlOf: this.urlOf, counted }
      } catch (error) {
        if (isGone(error)) return null
        throw error
      }
    })
  }
}

const notAFile = (): Error => Object.assign(new Error('not a regular file'), { code: 'EISDIR' })

const tooLarge = (subject: string, size: number, limit: number): SourceError =>
  new SourceError(
    'too-large',
    `${subject} has ${readableBytes(size as Bytes)}; at most ${readableBytes(bytes(limit))} are read`,
    { subject },
  )

const vanished = (subject: string, what: string): SourceError =>
  new SourceError('vanished', `${subject} ${what}`, { subject })

async function* limited<T>(
  entries: AsyncIterable<T>,
  { startAfter, limit = Infinity }: ListOptions,
  keyOf: (entry: T) => string,
): AsyncGenerator<T> {
  let left = limit
  if (left <= 0) return
  for await (const entry of entries) {
    if (startAfter !== undefined && compareKeys(keyOf(entry), startAfter) <= 0) continue
    yield entry
    left -= 1
    if (left <= 0) return
  }
}
