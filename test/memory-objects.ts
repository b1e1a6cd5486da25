// An object store in memory whose faults a test decides: objects that vanish, are cut short, are denied or never answer.
import { type ObjectInfo, type ObjectStore, noCounts } from '../src/io/object-store.ts'
import { type Reason, SourceError } from '../src/model/errors.ts'
import { timestamp } from '../src/model/units.ts'

export type Fault =
  | { readonly kind: 'fail'; readonly reason: Reason }
  /** Listed, but gone when it is read. */
  | { readonly kind: 'vanish' }
  /** Reads see only the first bytes, listings the full size. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** Answers only when the caller gives up. */
  | { readonly kind: 'hang' }

interface Stored {
  readonly bytes: Uint8Array
  readonly modified: number
  readonly etag: string
}

export interface MemoryObjects {
  readonly store: ObjectStore
  put(key: string, content: string | Uint8Array, modified?: number): void
  remove(prefix: string): void
  /** For every request of this key until it is undone with null. */
  fault(key: string, fault: Fault | null): void
  /** Requests since the last call: `get key`, `list prefix`, `head key`, `range key`. */
  requests(): string[]
}

export function memoryObjects(url = 's3://lake'): MemoryObjects {
  const objects = new Map<string, Stored>()
  const faults = new Map<string, Fault>()
  let requests: string[] = []
  let writes = 0
  const world = {
    objects,
    faults,
    note: (request: string): void => {
      requests.push(request)
    },
  }
  return {
    store: storeBelow(world, url, '', noCounts()),
    put(key, content, modified = 0) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
      objects.set(key, { bytes, modified, etag: `"${(writes += 1)}"` })
    },
    remove(prefix) {
      for (const key of objects.keys()) if (key.startsWith(prefix)) objects.delete(key)
    },
    fault(key, fault) {
      if (fault === null) faults.delete(key)
      else faults.set(key, fault)
    },
    requests() {
      const done = requests
      requests = []
      return done
    },
  }
}

interface World {
  readonly objects: ReadonlyMap<string, Stored>
  readonly faults: ReadonlyMap<string, Fault>
  note(request: string): void
}

function storeBelow(
  world: World,
  root: string,
  folder: string,
  counters: ReturnType<typeof noCounts>,
): ObjectStore {
  const full = (key: string): string => (folder === '' ? key : `${folder}/${key}`)
  const urlOf = (key: string): string => (full(key) === '' ? root : `${root}/${full(key)}`)
  const failed = (reason: Reason, key: string): SourceError =>
    new SourceError(reason, `read ${urlOf(key)}: ${reason}`, { subject: urlOf(key) })
  const find = async (key: string, signal: AbortSignal): Promise<Stored> => {
    signal.throwIfAborted()
    const fault = world.faults.get(full(key))
    if (fault?.kind === 'fail') throw failed(fault.reason, key)
    if (fault?.kind === 'hang') {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(failed('timeout', key)))
      })
    }
    const stored = world.objects.get(full(key))
    if (stored === undefined || fault?.kind === 'vanish') throw failed('missing', key)
    return fault?.kind === 'truncate' ? { ...stored, bytes: stored.bytes.subarray(0, fault.bytes) } : stored
  }
  const body = async (key: string, maxBytes: number, signal: AbortSignal): Promise<Stored> => {
    counters.gets += 1
    world.note(`get ${full(key)}`)
    const stored = await find(key, signal)
    if (stored.bytes.byteLength > maxBytes) throw failed('too-large', key)
    counters.bytes += stored.bytes.byteLength
    return stored
  }
  const infos = (prefix: string): ObjectInfo[] =>
    [...world.objects]
      .filter(([key]) => key.startsWith(prefix === '' ? full('') : `${full(prefix)}/`))
      .map(([key, { bytes, modified, etag }]) => ({
        key: folder === '' ? key : key.slice(folder.length + 1),
        size: bytes.byteLength,
        modified: timestamp(modified),
        etag,
      }))
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  const store = {
    url: urlOf('').replace(/\/$/, ''),
    urlOf,
    counters,
    below: (name: string) => storeBelow(world, root, full(name), counters),
    async *list(prefix, { startAfter = '', limit = Infinity }) {
      counters.lists += 1
      world.note(`list ${full(prefix)}`)
      const found = infos(prefix).filter(({ key }) => key > startAfter)
      yield* found.slice(0, limit)
    },
    async *children(name, { startAfter = '', limit = Infinity }) {
      counters.lists += 1
      world.note(`list ${full(name)}`)
      const below = name === '' ? '' : `${name}/`
      const folders = new Set<string>()
      const entries: (ObjectInfo | { folder: string })[] = []
      for (const info of infos(name)) {
        const rest = info.key.slice(below.length)
        const slash = rest.indexOf('/')
        if (slash < 0) entries.push(info)
        else if (!folders.has(rest.slice(0, slash))) {
          folders.add(rest.slice(0, slash))
          entries.push({ folder: `${below}${rest.slice(0, slash)}/` })
        }
      }
      const after = entries.filter((entry) => ('folder' in entry ? entry.folder : entry.key) > startAfter)
      yield* after.slice(0, limit)
    },
    async get(key, { range, ifNoneMatch, maxBytes, signal }) {
      const { bytes, etag, modified } = await body(key, maxBytes, signal)
      if (ifNoneMatch === etag) return null
      return { bytes: bytes.subarray(range?.start, range?.end), etag, modified: timestamp(modified) }
    },
    async *stream(key, { maxBytes, signal }) {
      const { bytes } = await body(key, maxBytes, signal)
      for (let at = 0; at < bytes.byteLength; at += 1_000) yield bytes.subarray(at, at + 1_000)
    },
    async head(key, signal) {
      counters.heads += 1
      world.note(`head ${full(key)}`)
      const { bytes, etag, modified } = await find(key, signal)
      return { key, size: bytes.byteLength, etag, modified: timestamp(modified) }
    },
    async source(key, { size, signal }) {
      const stored = await find(key, signal)
      return {
        name: urlOf(key),
        byteLength: size ?? stored.bytes.byteLength,
        async slice(start, end) {
          counters.gets += 1
          world.note(`range ${full(key)}`)
          return (await find(key, signal)).bytes.slice(start, end)
        },
      }
    },
  } as ObjectStore
  return store
}
