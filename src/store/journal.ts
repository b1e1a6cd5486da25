// Samples on their way to disk and back: each append is written before it is acknowledged, and replayed at start.
import { explainError } from '../model/errors.ts'
import type { Database } from './database.ts'
import type { Append, Head } from './head.ts'
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
  writeTick,
} from './ticks.ts'
import type { Timeline } from './timeline.ts'
import type { StoreLog, Writing } from './writing.ts'

/** Appends that are written as the difference to one full append. */
const BASE_LIFE = 60

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
    const before = this.#written.get(timeline.scope)
    const sameLayout = before !== undefined && before.series === series
    const layout = sameLayout ? before.layout : this.#nextLayout
    const base = sameLayout && before.base !== null && before.base.uses < BASE_LIFE ? before.base : null
    const row: Tick = { id: tick, scope: timeline.scope, at, layout, base: base?.tick ?? null }
    const bytes = difference(values, base?.values ?? null, new Float64Array(values.length))
    const body = encodeValues(bytes)
    const endedIds = encodeIds(ended.map(({ id }) => id))
    this.#writing.samples(this.#database, 'append samples', () => {
      this.#saveSeries()
      if (!sameLayout) this.#saveLayout(scope, timeline, layout, series)
      writeTick(this.#database, row, endedIds, body)
    })
    this.#unsaved = []
    if (!sameLayout) this.#nextLayout += 1
    if (base !== null) base.uses += 1
    this.#written.set(timeline.scope, {
      series,
      layout,
      base: base ?? { tick, values: values.slice(), uses: 0 },
    })
  }

  /** Reads everything back into an empty head. */
  load(head: Head): void {
    const meta = this.#database.prepare("SELECT value FROM meta WHERE key = 'cut'").get()
    head.cut = Number(meta?.['value'] ?? 0)
    const byId = this.#loadSeries(head)
    const layouts = this.#loadLayouts(byId)
    this.#loadScopes(head, layouts)
    this.#replay(head, byId, layouts)
    const next = this.#database.prepare(
      `SELECT coalesce(max(id), 0) + 1 AS tick, (SELECT coalesce(max(id), 0) + 1 FROM layouts) AS layout FROM ticks`,
    )
    const numbers = next.get()!
    const last = this.#database.prepare("SELECT value FROM meta WHERE key = 'tick'").get()
    this.#nextTick = Math.max(Number(numbers['tick']), Number(last?.['value'] ?? 0) + 1)
    this.#nextLayout = Number(numbers['layout'])
  }

  /** The bases are about to be deleted: the next appends stand for themselves. */
  dropBases(): void {
    for (const written of this.#written.values()) written.base = null
  }

  #saveSeries(): void {
    const insert = this.#database.prepare('INSERT OR REPLACE INTO series (first, body) VALUES (?, ?)')
    for (let i = 0; i < this.#unsaved.length; i += DICTIONARY_ROW) {
      const part = this.#unsaved.slice(i, i + DICTIONARY_ROW)
      insert.run(part[0]!.id, encodeDictionary(part))
    }
  }

  #saveLayout(scope: string, timeline: Timeline, layout: number, series: readonly Series[]): void {
    this.#database
      .prepare('INSERT INTO layouts (id, body) VALUES (?, ?)')
      .run(layout, encodeIds(series.map(({ id }) => id)))
    this.#database
      .prepare('INSERT OR REPLACE INTO scopes (id, name, layout) VALUES (?, ?, ?)')
      .run(timeline.scope, scope, layout)
  }

  #loadSeries(head: Head): Map<number, Series> {
    const byId = new Map<number, Series>()
    const rows = this.#database.prepare('SELECT body FROM series ORDER BY first')
    for (const { body } of rows.iterate() as unknown as Iterable<{ body: Uint8Array }>)
      for (const { id, name, labels } of decodeDictionary(body)) {
        byId.set(id, head.index.add(id, name, labels))
        this.#nextSeries = id + 1
      }
    return byId
  }

  #loadLayouts(byId: ReadonlyMap<number, Series>): Map<number, readonly Series[]> {
    const rows = this.#database.prepare(
      'SELECT id, body FROM layouts WHERE id IN (SELECT layout FROM scopes UNION SELECT layout FROM ticks)',
    )
    return new Map(
      (rows.all() as unknown as Array<{ id: number; body: Uint8Array }>).map(({ id, body }) => [
        id,
        decodeIds(body).map((series) => byId.get(series)!),
      ]),
    )
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
      // Known so that what is missing in the next append ends; rows are given out when it comes.
      const series = layouts.get(layout) ?? []
      timeline.current = series
      timeline.disturbed = true
      this.#written.set(id, { series, layout, base: null })
    }
  }

  #replay(
    head: Head,
    byId: ReadonlyMap<number, Series>,
    layouts: ReadonlyMap<number, readonly Series[]>,
  ): void {
    const bases = new Map<number, Float64Array>()
    const rows = this.#database.prepare(
      `SELECT id, scope, at, layout, base, kept, ended, body FROM ticks JOIN tick_bodies ON tick = id ORDER BY id`,
    )
    let damaged = 0
    for (const row of rows.iterate() as unknown as Iterable<
      Tick & { kept: number; ended: Uint8Array; body: Uint8Array }
    >) {
      try {
        const series = layouts.get(row.layout)!
        const values = decodeValues(row.body, row.base === null ? null : bases.get(row.base)!, series.length)
        if (row.base === null) bases.set(row.id, values)
        if (row.kept === 1) continue
        const timeline = head.timelines.get(row.scope)!
        const ended = decodeIds(row.ended).map((id) => byId.get(id)!)
        head.apply({ timeline, at: row.at, tick: row.id, series, values, ended })
      } catch (error) {
        damaged += 1
        if (damaged === 1)
          this.#log.error({ tick: row.id, error: explainError(error) }, 'damaged samples left out')
      }
    }
    if (damaged > 1) this.#log.error({ appends: damaged }, 'damaged samples left out')
  }
}
