// What is so now and what happened: entities in memory and on disk, events on disk.
import zlib from 'node:zlib'
import { EVENT_KINDS, type Fact, type FactOf, type Kind, type Recorded } from '../model/facts.ts'
import type { FactReader, Gone, Where } from '../model/store.ts'
import { type Timestamp, timestamp } from '../model/units.ts'
import type { Database } from './database.ts'
import { printContent, sameContent } from './fact-content.ts'
import type { StoreLog, Writing } from './writing.ts'

export const FACTS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS entities (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
  );
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, source TEXT, table_id TEXT, at INTEGER NOT NULL,
    body TEXT NOT NULL, crc INTEGER NOT NULL, recorded_at INTEGER NOT NULL,
    UNIQUE (kind, id)
  );
  CREATE INDEX IF NOT EXISTS events_of_table ON events (kind, table_id, at) WHERE table_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS events_in_time ON events (kind, at);
  CREATE TABLE IF NOT EXISTS observed (one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL);
`

const EVENTS: ReadonlySet<string> = new Set(EVENT_KINDS)

/** Fields that facts may be found by, whatever their kind. */
interface Keys {
  readonly source?: string
  readonly tableId?: string | null
  readonly pipelineId?: string
  readonly at?: number
}

/** What a history belongs to and is bounded by. */
const ownerOf = ({ tableId, pipelineId }: Keys): string | undefined => tableId ?? pipelineId

interface Row {
  readonly kind: string
  readonly id: string
  readonly body: string
  readonly crc: number
  readonly recorded_at: number
}

type Entities = Map<string, Recorded<Fact>>

export class Facts implements FactReader {
  readonly #database: Database
  readonly #writing: Writing
  readonly #log: StoreLog
  readonly #entities = new Map<string, Entities>()
  /** Lists handed out for whole kinds, until the kind changes. */
  readonly #lists = new Map<string, readonly Fact[]>()
  /** Tables and pipelines with new events since their history was last bounded, by kind. */
  readonly #grown = new Map<string, Set<string>>()

  constructor(database: Database, writing: Writing, log: StoreLog) {
    this.#database = database
    this.#writing = writing
    this.#log = log
    this.#load()
  }

  facts<K extends Kind>(kind: K, where: Where = {}): readonly FactOf<K>[] {
    if (!EVENTS.has(kind) && Object.keys(where).length === 0) return this.#all(kind) as readonly FactOf<K>[]
    return this.recorded(kind, where).map((one) => one.fact)
  }

  recorded<K extends Kind>(kind: K, where: Where = {}): readonly Recorded<FactOf<K>>[] {
    const found = EVENTS.has(kind) ? this.#events(kind, where) : this.#entitiesWhere(kind, where)
    return found as readonly Recorded<FactOf<K>>[]
  }

  /** One transaction. What is in memory changes only once it is on disk. */
  record(facts: readonly Fact[], at: Timestamp, gone: readonly Gone[]): void {
    const changed = new Map<string, Fact>()
    const events: Fact[] = []
    for (const fact of facts) {
      if (fact.kind === 'observed') continue
      if (EVENTS.has(fact.kind)) events.push(fact)
      else changed.set(`${fact.kind}\n${fact.id}`, fact)
    }
    const removed = gone.filter(
      ({ kind, id }) => this.#entities.get(kind)?.has(id) || changed.has(`${kind}\n${id}`),
    )
    const replaced = [...changed.values()].filter(
      (fact) => !sameContent(this.#entities.get(fact.kind)?.get(fact.id)?.fact, fact),
    )
    if (replaced.length + events.length + removed.length > 0)
      this.#writing.facts(this.#database, 'record facts', () => {
        for (const fact of replaced) this.#write(fact, at)
        for (const fact of events) this.#writeEvent(fact, at)
        for (const { kind, id } of removed)
          this.#database.prepare('DELETE FROM entities WHERE kind = ? AND id = ?').run(kind, id)
      })
    this.#remember(changed.values(), new Set(replaced), at)
    for (const { kind, id } of removed) {
      this.#entities.get(kind)?.delete(id)
      this.#lists.delete(kind)
    }
    for (const fact of facts) if (fact.kind === 'observed') this.#observe(fact.tableIds, at)
  }

  /**
   * Drops events of a kind that are older than `before`, and all but the newest `most` of each table or pipeline that has grown.
   * A generator: each step is short.
   */
  *forget(kind: Kind, before: Timestamp, most: number): Generator<void> {
    const batch = this.#database.prepare(
      'DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE kind = ? AND at < ? LIMIT 500)',
    )
    while (this.#writing.facts(this.#database, 'forget old facts', () => batch.run(kind, before)).changes > 0)
      yield
    const bound = this.#database.prepare(
      `DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE kind = ? AND table_id = ?
         ORDER BY at DESC, seq DESC LIMIT -1 OFFSET ?)`,
    )
    const grown = this.#grown.get(kind) ?? new Set()
    this.#grown.delete(kind)
    for (const tableId of grown) {
      this.#writing.facts(this.#database, 'bound history', () => bound.run(kind, tableId, most))
      yield
    }
  }

  /** When tables were last confirmed moves in memory only; this keeps it, so that a restart knows it roughly. */
  saveObserved(): void {
    const times = [...(this.#entities.get('table') ?? [])].map(([id, one]) => [id, one.observedAt] as const)
    const body = zlib.zstdCompressSync(JSON.stringify(times))
    this.#writing.facts(this.#database, 'save observation times', () =>
      this.#database.prepare('INSERT OR REPLACE INTO observed (one, body) VALUES (1, ?)').run(body),
    )
  }

  #all(kind: string): readonly Fact[] {
    let list = this.#lists.get(kind)
    if (list === undefined) {
      list = [...(this.#entities.get(kind)?.values() ?? [])].map((one) => one.fact)
      this.#lists.set(kind, list)
    }
    return list
  }

  #entitiesWhere(kind: string, where: Where): readonly Recorded<Fact>[] {
    const all = this.#entities.get(kind)
    if (all === undefined) return []
    const candidates =
      where.id === undefined ? [...all.values()] : [all.get(where.id)].filter((one) => one !== undefined)
    const found = candidates.filter(({ fact }) => {
      const { source, tableId, pipelineId } = fact as Keys
      return (
        (where.source === undefined || source === where.source) &&
        (where.tableId === undefined || tableId === where.tableId) &&
        (where.pipelineId === undefined || pipelineId === where.pipelineId)
      )
    })
    if (where.limit === undefined) return found
    return found.toSorted((a, b) => b.recordedAt - a.recordedAt).slice(0, where.limit)
  }

  #events(kind: string, where: Where): readonly Recorded<Fact>[] {
    const tests: string[] = ['kind = ?']
    const values: Array<string | number> = [kind]
    const test = (sql: string, value: string | number | undefined): void => {
      if (value === undefined) return
      tests.push(sql)
      values.push(value)
    }
    test('id = ?', where.id)
    test('source = ?', where.source)
    test('table_id = ?', ownerOf(where))
    test('at >= ?', where.from)
    test('at <= ?', where.to)
    const order = where.limit === undefined ? 'ORDER BY at, seq' : 'ORDER BY at DESC, seq DESC LIMIT ?'
    if (where.limit !== undefined) values.push(where.limit)
    const sql = `SELECT kind, id, body, crc, recorded_at FROM events WHERE ${tests.join(' AND ')} ${order}`
    const rows = this.#database.read(
      'read facts',
      () => this.#database.prepare(sql).all(...values) as unknown as Row[],
    )
    return rows.map((row) => this.#read(row)).filter((one) => one !== undefined)
  }

  #write(fact: Fact, at: Timestamp): void {
    const body = printContent(fact)
    this.#database
      .prepare(
        `INSERT INTO entities (kind, id, body, crc, recorded_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, crc = excluded.crc, recorded_at = excluded.recorded_at`,
      )
      .run(fact.kind, fact.id, body, zlib.crc32(body), at)
  }

  #writeEvent(fact: Fact, at: Timestamp): void {
    const keys = fact as Keys
    const body = printContent(fact)
    const { changes } = this.#database
      .prepare(
        `INSERT INTO events (kind, id, source, table_id, at, body, crc, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (kind, id) DO UPDATE SET source = excluded.source, table_id = excluded.table_id, at = excluded.at,
           body = excluded.body, crc = excluded.crc, recorded_at = excluded.recorded_at WHERE body <> excluded.body`,
      )
      .run(
        fact.kind,
        fact.id,
        keys.source ?? null,
        ownerOf(keys) ?? null,
        keys.at ?? at,
        body,
        zlib.crc32(body),
        at,
      )
    const owner = ownerOf(keys)
    if (changes === 0 || owner === undefined) return
    const grown = this.#grown.get(fact.kind)
    if (grown) grown.add(owner)
    else this.#grown.set(fact.kind, new Set([owner]))
  }

  #remember(facts: Iterable<Fact>, replaced: ReadonlySet<Fact>, at: Timestamp): void {
    for (const fact of facts) {
      let known = this.#entities.get(fact.kind)
      if (known === undefined) this.#entities.set(fact.kind, (known = new Map()))
      const before = known.get(fact.id)
      if (before === undefined || replaced.has(fact)) {
        known.set(fact.id, { fact, recordedAt: at, observedAt: at })
        this.#lists.delete(fact.kind)
      } else known.set(fact.id, { ...before, observedAt: at })
    }
  }

  #observe(tableIds: readonly string[], at: Timestamp): void {
    const tables = this.#entities.get('table')
    for (const id of tableIds) {
      const before = tables?.get(id)
      if (before) tables!.set(id, { ...before, observedAt: at })
    }
  }

  /** A row whose content does not match its checksum is left out, loudly: better unknown than wrong. */
  #read(row: Row): Recorded<Fact> | undefined {
    try {
      if (zlib.crc32(row.body) !== row.crc) throw new Error('checksum differs')
      const recordedAt = timestamp(row.recorded_at)
      return { fact: JSON.parse(row.body) as Fact, recordedAt, observedAt: recordedAt }
    } catch (error) {
      this.#log.error({ kind: row.kind, id: row.id, error: String(error) }, 'damaged fact left out')
      return undefined
    }
  }

  #load(): void {
    const rows = this.#database.prepare(
      'SELECT kind, id, body, crc, recorded_at FROM entities ORDER BY rowid',
    )
    for (const row of rows.iterate() as unknown as Iterable<Row>) {
      const one = this.#read(row)
      if (one === undefined) continue
      const known = this.#entities.get(row.kind)
      if (known) known.set(one.fact.id, one)
      else this.#entities.set(row.kind, new Map([[one.fact.id, one]]))
    }
    this.#loadObserved()
  }

  #loadObserved(): void {
    const row = this.#database.prepare('SELECT body FROM observed').get()
    if (row === undefined) return
    try {
      const text = zlib.zstdDecompressSync(row['body'] as Uint8Array).toString()
      for (const [id, at] of JSON.parse(text) as Array<[string, number]>) this.#observe([id], timestamp(at))
    } catch (error) {
      this.#log.warn(
        { error: String(error) },
        'observation times are damaged; tables count as seen when recorded',
      )
    }
  }
}
