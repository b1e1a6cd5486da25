// Compacted samples in metrics.db: segments of at most one day, each a list of blocks of 64 series.
import { explainError } from '../model/errors.ts'
import type { Range } from '../model/series.ts'
import { DAY } from '../model/units.ts'
import { BLOCK_SERIES, Block, BlockEncoder } from './block.ts'
import type { Database } from './database.ts'
import type { Gather } from './gather.ts'
import { NAME } from './labels.ts'
import type { Series } from './series.ts'
import { decodeIds, encodeIds } from './ticks.ts'
import type { StoreLog, Writing } from './writing.ts'

export const SEGMENTS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS segments (
    id INTEGER PRIMARY KEY, day INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
    samples INTEGER NOT NULL, directory INTEGER NOT NULL, live INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS directories (id INTEGER PRIMARY KEY, metrics TEXT NOT NULL, body BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
`

/** A block's id is its segment's times this, plus its number. */
const BLOCKS_PER_SEGMENT = 2 ** 20
/** Decompressed blocks kept for the next reader. */
const CACHE_BYTES = 24 * 1_048_576

/** Which series a segment has: ids in the order of the blocks, and where each metric begins. */
interface Directory {
  readonly id: number
  readonly ids: Uint32Array
  readonly metrics: ReadonlyMap<string, readonly [from: number, to: number]>
}

export interface Segment {
  readonly id: number
  readonly day: number
  readonly firstAt: number
  readonly lastAt: number
  readonly samples: number
  readonly directory: number
}

export const dayOf = (at: number): number => Math.floor(at / DAY)

export class Segments {
  readonly #database: Database
  readonly #writing: Writing
  readonly #log: StoreLog
  #live: readonly Segment[] = []
  #next = 1
  readonly #directories = new Map<number, Directory>()
  /** Least recently used first. */
  readonly #cache = new Map<number, Block>()
  #cached = 0
  #damaged = 0

  constructor(database: Database, writing: Writing, log: StoreLog) {
    this.#database = database
    this.#writing = writing
    this.#log = log
    const rows = database.prepare(
      'SELECT id, day, first_at AS firstAt, last_at AS lastAt, samples, directory FROM segments WHERE live = 1 ORDER BY day, id',
    )
    this.#live = rows.all() as unknown as Segment[]
    // Blocks of an unfinished segment may be left from before a crash: their number is not used again.
    const last = database.prepare(
      `SELECT max(coalesce((SELECT max(id) FROM segments), 0), coalesce((SELECT max(id) / ${BLOCKS_PER_SEGMENT} FROM blocks), 0)) AS id`,
    )
    this.#next = Number(last.get()!['id']) + 1
  }

  /** By day, then by age. */
  get live(): readonly Segment[] {
    return this.#live
  }

  get samples(): number {
    return this.#live.reduce((sum, segment) => sum + segment.samples, 0)
  }

  /** Whether any segment may have samples from `from` to before `to`. */
  covers(from: number, to: number): boolean {
    for (const segment of this.#live) if (segment.lastAt >= from && segment.firstAt < to) return true
    return false
  }

  read(series: Series, { from, to }: Range, out: Gather, segments: readonly Segment[] = this.#live): void {
    for (const segment of segments) {
      if (segment.lastAt < from || segment.firstAt > to) continue
      const position = this.#position(segment, series)
      if (position < 0) continue
      try {
        this.#block(segment, Math.floor(position / BLOCK_SERIES)).read(position % BLOCK_SERIES, from, to, out)
      } catch (error) {
        // What is damaged is missing; the rest of the series still counts.
        if (this.#damaged++ === 0)
          this.#log.error({ segment, error: explainError(error) }, 'damaged block left out')
      }
    }
  }

  has(segment: Segment, series: Series): boolean {
    return this.#position(segment, series) >= 0
  }

  /** All ids that live segments know, one directory a step. */
  *ids(): Generator<Uint32Array> {
    for (const id of new Set(this.#live.map(({ directory }) => directory))) yield this.#directory(id).ids
  }

  /**
   * Writes one segment; `series` in the order of metrics, `read` pushes what a series has. Returns null when nothing
   * had samples. The segment is not live until `swap`. Each step writes one block.
   */
  *write(
    day: number,
    series: Iterable<Series>,
    read: (series: Series, out: Gather) => void,
    out: Gather,
  ): Generator<void, Segment | null> {
    const id = this.#next++
    const encoder = new BlockEncoder()
    const members: Series[] = []
    let [blocks, samples, firstAt, lastAt] = [0, 0, Infinity, -Infinity]
    const insert = this.#database.prepare('INSERT INTO blocks (id, body) VALUES (?, ?)')
    const flush = (): void => {
      const body = encoder.finish()
      this.#writing.samples(this.#database, 'compact samples', () =>
        insert.run(id * BLOCKS_PER_SEGMENT + blocks, body),
      )
      blocks += 1
    }
    for (const one of series) {
      out.clear()
      read(one, out)
      out.settle()
      if (out.length === 0) continue
      encoder.add(out)
      members.push(one)
      samples += out.length
      firstAt = Math.min(firstAt, out.timestamps[0]!)
      lastAt = Math.max(lastAt, out.timestamps[out.length - 1]!)
      if (encoder.series < BLOCK_SERIES) continue
      flush()
      yield
    }
    if (encoder.series > 0) flush()
    if (members.length === 0) return null
    return { id, day, firstAt, lastAt, samples, directory: this.#saveDirectory(members) }
  }

  /** Puts segments in the place of others; `also` runs in the same transaction. */
  swap(added: readonly Segment[], removed: readonly Segment[], also: () => void = () => {}): void {
    const insert = this.#database.prepare(
      'INSERT INTO segments (id, day, first_at, last_at, samples, directory, live) VALUES (?, ?, ?, ?, ?, ?, 1)',
    )
    const remove = this.#database.prepare('DELETE FROM segments WHERE id = ?')
    this.#writing.samples(this.#database, 'compact samples', () => {
      for (const one of added)
        insert.run(one.id, one.day, one.firstAt, one.lastAt, one.samples, one.directory)
      for (const { id } of removed) remove.run(id)
      also()
    })
    const gone = new Set(removed)
    this.#live = [...this.#live.filter((segment) => !gone.has(segment)), ...added].toSorted(
      (a, b) => a.day - b.day || a.id - b.id,
    )
  }

  /** Deletes blocks and directories that no live segment has: those replaced, and those a crash left behind. */
  *sweep(): Generator<void> {
    const some = this.#database.prepare(
      `DELETE FROM blocks WHERE id IN (SELECT id FROM blocks WHERE id >= ? AND id < ? LIMIT 64)`,
    )
    const first = this.#database.prepare('SELECT min(id) AS id FROM blocks WHERE id >= ?')
    const live = new Set(this.#live.map(({ id }) => id))
    for (let id = first.get(0)?.['id']; typeof id === 'number';) {
      const segment = Math.floor(id / BLOCKS_PER_SEGMENT)
      const [from, to] = [segment * BLOCKS_PER_SEGMENT, (segment + 1) * BLOCKS_PER_SEGMENT]
      const deleteSome = (): boolean =>
        this.#writing.facts(this.#database, 'delete old samples', () => some.run(from, to)).changes > 0
      if (!live.has(segment)) while (deleteSome()) yield
      id = first.get(to)?.['id']
    }
    this.#writing.facts(this.#database, 'delete old samples', () =>
      this.#database
        .prepare('DELETE FROM directories WHERE id NOT IN (SELECT directory FROM segments)')
        .run(),
    )
    const used = new Set(this.#live.map(({ directory }) => directory))
    for (const id of this.#directories.keys()) if (!used.has(id)) this.#directories.delete(id)
  }

  /** A series' place among the segment's series, or -1. */
  #position(segment: Segment, series: Series): number {
    const { ids, metrics } = this.#directory(segment.directory)
    const run = metrics.get(series.labels[NAME]!)
    if (run === undefined) return -1
    let [low, high] = run
    while (low < high) {
      const middle = (low + high) >> 1
      if (ids[middle]! < series.id) low = middle + 1
      else high = middle
    }
    return low < run[1] && ids[low] === series.id ? low : -1
  }

  #block(segment: Segment, n: number): Block {
    const id = segment.id * BLOCKS_PER_SEGMENT + n
    const known = this.#cache.get(id)
    if (known !== undefined) {
      this.#cache.delete(id)
      this.#cache.set(id, known)
      return known
    }
    const select = this.#database.prepare('SELECT body FROM blocks WHERE id = ?')
    const row = this.#database.read('read samples', () => select.get(id))
    if (row === undefined) throw new RangeError(`block ${n} of segment ${segment.id} is missing`)
    const block = new Block(row['body'] as Uint8Array)
    this.#cache.set(id, block)
    this.#cached += block.byteLength
    for (const [oldest, { byteLength }] of this.#cache) {
      if (this.#cached <= CACHE_BYTES) break
      this.#cache.delete(oldest)
      this.#cached -= byteLength
    }
    return block
  }

  /** Segments with the same series share one directory: most days do. */
  #saveDirectory(members: readonly Series[]): number {
    const ids = Uint32Array.from(members, ({ id }) => id)
    for (const { directory } of this.#live.slice(-1))
      if (sameIds(this.#directory(directory).ids, ids)) return directory
    const metrics: Array<[string, number]> = []
    for (const [i, { labels }] of members.entries())
      if (metrics.at(-1)?.[0] !== labels[NAME]) metrics.push([labels[NAME]!, i])
    return this.#writing.samples(this.#database, 'compact samples', () =>
      Number(
        this.#database
          .prepare('INSERT INTO directories (metrics, body) VALUES (?, ?)')
          .run(JSON.stringify(metrics), encodeIds(ids)).lastInsertRowid,
      ),
    )
  }

  #directory(id: number): Directory {
    const known = this.#directories.get(id)
    if (known !== undefined) return known
    let directory: Directory = { id, ids: new Uint32Array(0), metrics: new Map() }
    try {
      const row = this.#database.prepare('SELECT metrics, body FROM directories WHERE id = ?').get(id)!
      const ids = Uint32Array.from(decodeIds(row['body'] as Uint8Array))
      const starts = JSON.parse(String(row['metrics'])) as Array<[string, number]>
      const metrics = starts.map(
        ([name, from], i) => [name, [from, starts[i + 1]?.[1] ?? ids.length]] as const,
      )
      directory = { id, ids, metrics: new Map(metrics) }
    } catch (error) {
      this.#log.error(
        { directory: id, error: explainError(error) },
        'damaged directory: its samples are left out',
      )
    }
    this.#directories.set(id, directory)
    return directory
  }
}

function sameIds(a: Uint32Array, b: Uint32Array): boolean {
  return Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)) === 0
}
