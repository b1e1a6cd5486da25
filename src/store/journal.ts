// Samples on their way to disk and back: each append is written before it is acknowledged, and replayed at start.
import { crc32 } from 'node:zlib'
import { StoreError, explainError } from '../model/errors.ts'
import type { Database } from './database.ts'
import { type Append, type Head, type Watermark, isBelow } from './head.ts'
import { NAME } from './labels.ts'
import { Runs } from './runs.ts'
import type { Series } from './series.ts'
import {
  DICTIONARY_ROW,
  type Tick,
  decodeDictionary,
  decodeIds,
  decodeValues,
  difference,
  encodeDictionary,
  encodeIds,
  encodeValues,
  tickCrc,
  writeTick,
} from './ticks.ts'
import type { Timeline } from './timeline.ts'
import type { StoreLog, Writing } from './writing.ts'

/** Appends that are written as the difference to one full append. */
const BASE_LIFE = 60
/** Of a scope that has only written late samples. */
const NO_LAYOUT = 0

/** The series of an append, by position. */
type Layouts = ReadonlyMap<number, readonly Series[]>

type TickRow = Tick & { readonly crc: number; readonly ended: Uint8Array; readonly body: Uint8Array }

/** What the next append of a scope is compared with, and the layout it shares. */
interface Written {
  series: readonly Series[]
  layout: number
  base: { readonly tick: number; readonly values: Float64Array; uses: number } | null
}

export class Journal {
  readonly #database: Database
  readonly #writing: Writing
  readonly #log: StoreLog
  readonly #scopes = new Map<string, Timeline>()
  readonly #written = new Map<number, Written>()
  /** Series that are not in the dictionary on disk yet: new ones, and those of failed writes. */
  #unsaved: Series[] = []
  #nextSeries = 1
  #nextScope = 1
  #nextLayout = 1
  #nextTick = 1
  #scratch = new Float64Array(0)

  constructor(database: Database, writing: Writing, log: StoreLog) {
    this.#database = database
    this.#writing = writing
    this.#log = log
  }

  /** The newest append's number. */
  get lastTick(): number {
    return this.#nextTick - 1
  }

  takeTick(): number {
    return this.#nextTick++
  }

  newSeries(head: Head, name: string, labels: Series['labels']): Series {
    const series = head.index.add(this.#nextSeries++, name, labels)
    this.#unsaved.push(series)
    return series
  }

  timeline(head: Head, scope: string): Timeline {
    let timeline = this.#scopes.get(scope)
    if (timeline === undefined) {
      timeline = head.addTimeline(this.#nextScope++)
      this.#scopes.set(scope, timeline)
    }
    return timeline
  }

  /** Durable when it returns; a StoreError when it is not. */
  write(scope: string, { timeline, at, tick, series, values, ended }: Append): void {
    const late = at <= timeline.lastAt
    const before = this.#written.get(timeline.scope)
    const sameLayout = before !== undefined && before.series === series
    const layout = sameLayout ? before.layout : this.#nextLayout
    const base = sameLayout && before.base !== null && before.base.uses < BASE_LIFE ? before.base : null
    const row: Tick = { id: tick, scope: timeline.scope, at, layout, base: base?.tick ?? null }
    if (this.#scratch.length < values.length) this.#scratch = new Float64Array(Math.ceil(values.length * 1.1))
    const bytes = difference(values, base?.values ?? null, this.#scratch)
    const body = encodeValues(bytes)
    const endedIds = encodeIds(ended.map(({ id }) => id))
    this.#writing.samples(this.#database, 'append samples', () => {
      this.#saveSeries()
      if (!sameLayout) this.#saveLayout(layout, series)
      // A late append says nothing of what the scope writes now.
      if (!late && !sameLayout) this.#saveScope(scope, timeline, layout)
      else if (before === undefined) this.#saveScope(scope, timeline, NO_LAYOUT)
      writeTick(this.#database, row, endedIds, body)
    })
    this.#unsaved = []
    if (!sameLayout) this.#nextLayout += 1
    if (late) return
    if (base !== null) base.uses += 1
    this.#written.set(timeline.scope, {
      series,
      layout,
      base: base ?? { tick, values: values.slice(), uses: 0 },
    })
  }

  /** Reads everything back into an empty head. */
  load(head: Head): void {
    head.kept = { cut: this.#meta('cut'), tick: this.#meta('tick') }
    const byId = this.#loadSeries(head)
    const layouts = this.#loadLayouts(byId)
    this.#loadScopes(head, layouts)
    this.#replay(head, byId, layouts)
    this.#resume(head)
    const newest = this.#database.prepare(
      'SELECT (SELECT max(id) FROM ticks) AS tick, (SELECT max(id) FROM layouts) AS layout',
    )
    const { tick, layout } = newest.get()!
    this.#nextTick = Math.max(Number(tick ?? 0), head.kept.tick) + 1
    this.#nextLayout = Number(layout ?? 0) + 1
    this.#nextSeries = Math.max(this.#nextSeries, this.#meta('series'))
  }

  /** Notes, in the running transaction, that everything below the mark is in segments. */
  saveKept(mark: Watermark): void {
    this.#setMeta('cut', mark.cut)
    this.#setMeta('tick', mark.tick)
  }

  /** Deletes appends that are in segments, except those that newer ones are written as a difference to. */
  *sweep(mark: Watermark): Generator<void> {
    // From now on appends stand for themselves, so that the old bases can go with the next sweep.
    for (const written of this.#written.values()) written.base = null
    const old = this.#database
      .prepare(
        `SELECT id FROM ticks WHERE id <= ? AND at < ?
           AND id NOT IN (SELECT base FROM ticks WHERE base IS NOT NULL AND NOT (id <= ? AND at < ?))`,
      )
      .all(mark.tick, mark.cut, mark.tick, mark.cut)
    for (const row of old) {
      this.#writing.facts(this.#database, 'delete old samples', () => {
        this.#database.prepare('DELETE FROM ticks WHERE id = ?').run(row['id']!)
        this.#database.prepare('DELETE FROM tick_bodies WHERE tick = ?').run(row['id']!)
      })
      yield
    }
    this.#writing.facts(this.#database, 'delete old samples', () =>
      this.#database.sql.exec(
        'DELETE FROM layouts WHERE id NOT IN (SELECT layout FROM scopes UNION SELECT layout FROM ticks)',
      ),
    )
  }

  /** Takes series out of the dictionary. Each step rewrites one row of it. */
  *forget(gone: ReadonlySet<Series>): Generator<void> {
    if (gone.size === 0) return
    this.#unsaved = this.#unsaved.filter((series) => !gone.has(series))
    const ids = new Set([...gone].map(({ id }) => id))
    this.#writing.facts(this.#database, 'forget series', () => this.#setMeta('series', this.#nextSeries))
    for (const { first } of this.#database.prepare('SELECT first FROM series').all() as unknown as Array<{
      first: number
    }>) {
      const row = this.#database.prepare('SELECT body FROM series WHERE first = ?').get(first)!
      const before = decodeDictionary(row['body'] as Uint8Array)
      const after = before.filter(({ id }) => !ids.has(id))
      if (after.length < before.length)
        this.#writing.facts(this.#database, 'forget series', () => {
          this.#database.prepare('DELETE FROM series WHERE first = ?').run(first)
          if (after.length > 0)
            this.#database
              .prepare('INSERT INTO series (first, body) VALUES (?, ?)')
              .run(after[0]!.id, encodeDictionary(after))
        })
      yield
    }
  }

  /** Throws where the number is damaged: with a wrong mark nothing else can be read right. */
  #meta(key: string): number {
    const row = this.#database.prepare('SELECT value, crc FROM meta WHERE key = ?').get(key)
    if (row === undefined) return 0
    const value = Number(row['value'])
    if (row['crc'] !== crc32(`${key} ${value}`))
      throw new StoreError('corrupt', `${key} is damaged in metrics.db`)
    return value
  }

  #setMeta(key: string, value: number): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO meta (key, value, crc) VALUES (?, ?, ?)')
      .run(key, value, crc32(`${key} ${value}`))
  }

  #saveSeries(): void {
    const insert = this.#database.prepare('INSERT OR REPLACE INTO series (first, body) VALUES (?, ?)')
    for (let i = 0; i < this.#unsaved.length; i += DICTIONARY_ROW) {
      const part = this.#unsaved.slice(i, i + DICTIONARY_ROW)
      insert.run(part[0]!.id, encodeDictionary(part))
    }
  }

  #saveLayout(layout: number, series: readonly Series[]): void {
    this.#database
      .prepare('INSERT INTO layouts (id, body) VALUES (?, ?)')
      .run(layout, encodeIds(series.map(({ id }) => id)))
  }

  #saveScope(scope: string, { scope: id }: Timeline, layout: number): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO scopes (id, name, layout) VALUES (?, ?, ?)')
      .run(id, scope, layout)
  }

  #loadSeries(head: Head): Map<number, Series> {
    const byId = new Map<number, Series>()
    const rows = this.#database.prepare('SELECT first, body FROM series ORDER BY first')
    for (const { first, body } of rows.iterate() as unknown as Iterable<{
      first: number
      body: Uint8Array
    }>) {
      // Ids of a row that cannot be read are not given out again: blocks on disk still mean the old series.
      this.#nextSeries = first + DICTIONARY_ROW
      try {
        for (const { id, labels } of decodeDictionary(body)) {
          const series = head.index.add(id, labels[NAME]!, labels)
          series.floor = head.kept.cut
          byId.set(id, series)
        }
      } catch (error) {
        this.#log.error(
          { first, error: explainError(error) },
          'damaged series dictionary: their samples are left out',
        )
      }
    }
    return byId
  }

  #loadLayouts(byId: ReadonlyMap<number, Series>): Map<number, readonly Series[]> {
    const rows = this.#database.prepare(
      'SELECT id, body FROM layouts WHERE id IN (SELECT layout FROM scopes UNION SELECT layout FROM ticks)',
    )
    const layouts = new Map<number, readonly Series[]>()
    for (const { id, body } of rows.all() as unknown as Array<{ id: number; body: Uint8Array }>)
      try {
        layouts.set(
          id,
          decodeIds(body).map((series) => known(byId, series)),
        )
      } catch (error) {
        this.#log.error(
          { layout: id, error: explainError(error) },
          'damaged layout: its samples are left out',
        )
      }
    return layouts
  }

  #loadScopes(head: Head, layouts: ReadonlyMap<number, readonly Series[]>): void {
    const rows = this.#database.prepare('SELECT id, name, layout FROM scopes')
    for (const { id, name, layout } of rows.all() as unknown as Array<{
      id: number
      name: string
      layout: number
    }>) {
      const timeline = head.addTimeline(id)
      this.#scopes.set(name, timeline)
      this.#nextScope = Math.max(this.#nextScope, id + 1)
      this.#written.set(id, { series: layouts.get(layout) ?? [], layout, base: null })
    }
  }

  /** What each scope wrote last, so that what is missing in its next append ends; rows are given out when it comes. */
  #resume(head: Head): void {
    for (const timeline of head.timelines.values()) {
      const { series } = this.#written.get(timeline.scope)!
      if (timeline.current === series) continue
      timeline.current = series
      timeline.disturbed = true
    }
  }

  #replay(head: Head, byId: ReadonlyMap<number, Series>, layouts: Layouts): void {
    const bases = new Map<number, Float64Array>()
    const runs = new Runs(head)
    const rows = this.#database.prepare(
      `SELECT id, scope, at, layout, base, crc, ended, body FROM ticks JOIN tick_bodies ON tick = id ORDER BY id`,
    )
    let damaged = 0
    for (const row of rows.iterate() as unknown as Iterable<TickRow>) {
      const inSegments = isBelow(head.kept, row.at, row.id)
      // What is being swept may have lost its base already.
      if (inSegments && row.base !== null) continue
      try {
        if (row.crc !== tickCrc(row)) throw new RangeError('checksum differs')
        const series = known(layouts, row.layout)
        const base = row.base === null ? null : known(bases, row.base)
        const values = decodeValues(row.body, base, series.length)
        if (base === null) bases.set(row.id, values)
        if (inSegments) continue
        const timeline = known(head.timelines, row.scope)
        const ended = decodeIds(row.ended).map((id) => known(byId, id))
        runs.take({ timeline, at: row.at, tick: row.id, series, values, ended })
      } catch (error) {
        damaged += 1
        if (damaged === 1)
          this.#log.error({ tick: row.id, error: explainError(error) }, 'damaged samples left out')
      }
    }
    runs.flush()
    if (damaged > 1) this.#log.error({ appends: damaged }, 'damaged samples left out')
  }
}

function known<V>(map: ReadonlyMap<number, V>, id: number): V {
  const value = map.get(id)
  if (value === undefined) throw new RangeError(`${id} is not known`)
  return value
}
