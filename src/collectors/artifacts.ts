// A folder of JSON files that other tools write: yields each file when it is new or has changed, and says what cannot
// be read for as long as it cannot.
import type { ObjectInfo, ObjectStore } from '../io/object-store.ts'
import { type JsonObject, parseJsonObject } from '../formats/json.ts'
import { SourceError, explainError, reasonOf } from '../model/errors.ts'
import type { Fact, ProblemFact } from '../model/facts.ts'
import { HOUR, MINUTE, type Timestamp, millis, timestamp } from '../model/units.ts'
import type { Ask } from './collector.ts'

/** Files read in one poll, oldest first; the rest waits for the next. */
const FILES_AT_ONCE = 2_000
/** Files known at once: what is beyond would be read again and again. */
const FILES_KNOWN = 200_000
const MAX_FILE = 128 * 1_048_576
/** A file that does not parse may be in the middle of being written; after this long it is damaged. */
const WRITING = millis(2 * MINUTE)
/** A file that appears with a time this long before the newest one read is still read. */
const LATE = HOUR

export interface ArtifactKind {
  readonly wanted: (key: string) => boolean
  /** Folders that are not entered. */
  readonly skips: (folder: string) => boolean
  /** How many folders deep files are looked for; Infinity lists everything at once, which costs least in deep trees. */
  readonly depth: number
  /** Files with a smaller rank are read before others, whatever their age: they explain them. */
  readonly rank: (key: string) => number
}

export interface Artifact {
  readonly key: string
  readonly url: string
  readonly modified: Timestamp
  readonly json: JsonObject
}

export class ArtifactFolder {
  readonly #objects: ObjectStore
  readonly #kind: ArtifactKind
  readonly #source: string
  /** Key → what it looked like when it was last read. */
  readonly #read = new Map<string, string>()
  readonly #broken = new Map<string, ProblemFact>()
  #newest: Timestamp | undefined

  constructor(source: string, objects: ObjectStore, kind: ArtifactKind) {
    this.#source = source
    this.#objects = objects
    this.#kind = kind
  }

  /** Newest time of a file that was read: from there on a restart goes on. */
  get cursor(): string | undefined {
    return this.#newest === undefined ? undefined : String(this.#newest)
  }

  /**
   * Facts of every new or changed file, oldest first, as `read` makes them. What `read` throws as SourceError is a
   * problem of that file. `since`: a cursor; files much older than it were read before a restart.
   */
  async *changes(
    ask: Ask,
    since: string | undefined,
    read: (artifact: Artifact) => Iterable<Fact>,
  ): AsyncGenerator<Fact> {
    const before = this.#newest ?? timestamp(Number(since ?? NaN))
    const found = await this.#look(ask)
    this.#forget(found)
    const { rank } = this.#kind
    const fresh = found
      .filter((info) => this.#read.get(info.key) !== look(info))
      .filter((info) => this.#read.has(info.key) || !(info.modified < before - LATE))
      .toSorted((a, b) => rank(a.key) - rank(b.key) || a.modified - b.modified || (a.key < b.key ? -1 : 1))
      .slice(0, FILES_AT_ONCE)
    for (const info of fresh) yield* this.#take(info, ask, read)
    yield* this.#broken.values()
  }

  async *#take(
    info: ObjectInfo,
    ask: Ask,
    read: (artifact: Artifact) => Iterable<Fact>,
  ): AsyncGenerator<Fact> {
    const url = this.#objects.urlOf(info.key)
    try {
      const { bytes } = await this.#objects.get(info.key, { maxBytes: MAX_FILE, signal: ask.signal })
      const json = parseJsonObject(new TextDecoder().decode(bytes), { subject: url })
      yield* read({ key: info.key, url, modified: info.modified, json })
      this.#broken.delete(info.key)
    } catch (error) {
      ask.signal.throwIfAborted()
      if (!(error instanceof SourceError)) throw error
      if (error.reason === 'missing') return
      if (error.reason === 'corrupt' && ask.now - info.modified < WRITING) return
      this.#broken.set(info.key, this.#problem(info.key, error, ask.now))
      // What cannot be read now may be readable later without having changed.
      if (error.reason !== 'corrupt' && error.reason !== 'too-large') return
    }
    this.#read.set(info.key, look(info))
    this.#newest = timestamp(Math.max(this.#newest ?? 0, info.modified))
  }

  #forget(found: readonly ObjectInfo[]): void {
    const there = new Set(found.map((info) => info.key))
    for (const key of this.#read.keys()) if (!there.has(key)) this.#read.delete(key)
    for (const key of this.#broken.keys()) if (!there.has(key)) this.#broken.delete(key)
  }

  async #look(ask: Ask): Promise<ObjectInfo[]> {
    const { depth, skips, wanted } = this.#kind
    const { signal } = ask
    const found: ObjectInfo[] = []
    const take = (info: ObjectInfo): void => {
      if (!wanted(info.key) || found.push(info) <= FILES_KNOWN) return
      const message = `more than ${FILES_KNOWN} files below ${this.#objects.url}; move old ones away`
      throw new SourceError('too-large', message, { subject: this.#objects.url })
    }
    const visit = async (folder: string, level: number): Promise<void> => {
      for await (const entry of this.#objects.children(folder, { signal })) {
        if (!('folder' in entry)) take(entry)
        else if (level < depth && !skips(lastPart(entry.folder))) await visit(entry.folder, level + 1)
      }
    }
    if (depth === Infinity) for await (const info of this.#objects.list('', { signal })) take(info)
    else await visit('', 0)
    return found
  }

  #problem(subject: string, error: SourceError, now: Timestamp): ProblemFact {
    return {
      kind: 'problem',
      id: `${this.#source}/${subject}`,
      source: this.#source,
      subject,
      tableId: null,
      reason: reasonOf(error),
      message: explainError(error),
      since: now,
      resolved: null,
    }
  }
}

const lastPart = (folder: string): string => folder.replace(/\/$/, '').split('/').at(-1)!

const look = ({ size, modified, etag }: ObjectInfo): string => `${size} ${modified} ${etag ?? ''}`
