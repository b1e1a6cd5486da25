// The head of one scope: its appends' times, and its series' values in pages.
import type { Range, Samples } from '../model/series.ts'
import { type Gather, NO_SAMPLES, gathered } from './gather.ts'
import { type Column, PAGE_COLUMNS, Page } from './page.ts'
import type { Rows, Series } from './series.ts'

/** Columns [from, to) of one page. */
export interface Span {
  readonly page: Page
  readonly from: number
  readonly to: number
}

/** Where a range lies, shared by all rows that are read for the same range. */
interface Slice {
  readonly from: number
  readonly to: number
  readonly version: number
  readonly spans: readonly Span[]
  readonly timestamps: Float64Array
}

export class Timeline implements Rows {
  /** The scope's id in the database. */
  readonly scope: number
  floor = 0
  /** Later appends are columns, earlier ones are late. */
  lastAt: number
  /** The series of the previous append, by position, and their rows. */
  current: readonly Series[] = []
  rows: Int32Array = new Int32Array(0)
  /** Set when `current` cannot be taken as it is: another scope took a series over, or rows are not given out yet. */
  disturbed = false
  #pages: Page[] = []
  #sequence = 0
  #usedRows = 0
  #freeRows: number[] = []
  /** Rows whose series ended or went to another scope, with the last page they are in. */
  readonly #ended = new Map<number, { series: Series; sequence: number }>()
  #version = 0
  #slice: Slice | null = null

  constructor(scope: number, lastAt: number) {
    this.scope = scope
    this.lastAt = lastAt
  }

  get pages(): readonly Page[] {
    return this.#pages
  }

  /** Makes this the timeline that the series' next sample goes to. */
  claim(series: Series): void {
    const before = series.timeline
    if (before === this) {
      this.#ended.delete(series.row)
      return
    }
    const known = series.earlier?.find((place) => place.timeline === this)
    const others = (series.earlier ?? []).filter((place) => place.timeline !== this)
    if (before !== null) {
      others.push({ timeline: before, row: series.row })
      before.disturbed = true
      before.leave(series)
    }
    series.earlier = others.length > 0 ? others : null
    series.timeline = this
    if (known) {
      this.#ended.delete(known.row)
      series.row = known.row
    } else series.row = this.#freeRows.pop() ?? this.#newRow()
  }

  /** The series gets no more samples here for now: its row can be given out again when its pages are gone. */
  leave(series: Series): void {
    this.#ended.set(series.row, { series, sequence: this.#sequence })
  }

  /** Writes columns: the current series' values by position. Several at once are several times faster than singly. */
  append(columns: readonly Column[]): void {
    for (let done = 0; done < columns.length;) {
      const page = this.#openPage()
      const fitting = columns.slice(done, done + PAGE_COLUMNS - page.columns)
      page.write(this.rows, this.current.length, fitting)
      if (page.columns === PAGE_COLUMNS) page.seal()
      done += fitting.length
    }
    this.lastAt = columns.at(-1)!.at
    this.#version += 1
  }

  /** Writes one column, and staleness into it for series that ended. */
  appendLast(column: Column, ended: readonly Series[]): void {
    if (ended.length > 0) {
      const page = this.#openPage()
      page.writeStale(Int32Array.from(ended, ({ row }) => row))
    }
    this.append([column])
    for (const series of ended) this.leave(series)
  }

  samples(row: number, { from, to }: Range): Samples {
    const slice = this.#sliceOf(from, to)
    const { spans, timestamps } = slice
    const [only] = spans
    if (only === undefined) return NO_SAMPLES
    let values: Float64Array | null
    if (spans.length === 1) values = only.page.view(row, only.from, only.to)
    else {
      values = new Float64Array(timestamps.length)
      let at = 0
      for (const span of spans) {
        if (!span.page.copy(row, span.from, span.to, values, at)) {
          values = null
          break
        }
        at += span.to - span.from
      }
    }
    if (values !== null) return { timestamps, values, stale: null }
    return gathered((out) => {
      for (const span of spans) span.page.gather(row, span.from, span.to, out)
    })
  }

  gather(row: number, { from, to }: Range, out: Gather): void {
    for (const span of this.#sliceOf(from, to).spans) span.page.gather(row, span.from, span.to, out)
  }

  /** The columns that `wanted` picks, which must lie together, for `gatherSpans`. */
  spans(wanted: (at: number, tick: number) => boolean): readonly Span[] {
    return this.#pages.flatMap((page) => {
      const columns = Array.from({ length: page.columns }, (_, i) => i)
      const picked = columns.filter((i) => wanted(page.times[i]!, page.ticks[i]!))
      return picked.length > 0 ? [{ page, from: picked[0]!, to: picked.at(-1)! + 1 }] : []
    })
  }

  /** Drops the oldest page; what it held must be on disk. */
  dropOldest(): void {
    const page = this.#pages.shift()
    if (page === undefined) return
    this.floor = page.lastAt + 1
    this.#version += 1
    this.#slice = null
    const oldest = this.#pages[0]?.sequence ?? Infinity
    for (const [row, { series, sequence }] of this.#ended) {
      if (sequence >= oldest) continue
      this.#ended.delete(row)
      this.#freeRows.push(row)
      series.floor = Math.max(series.floor, this.floor)
      if (series.timeline === this) series.timeline = null
      else series.earlier = series.earlier?.filter((place) => place.timeline !== this) ?? null
      if (series.earlier?.length === 0) series.earlier = null
    }
  }

  #newRow(): number {
    const row = this.#usedRows
    this.#usedRows += 1
    const page = this.#pages.at(-1)
    if (page && !page.sealed && row < page.capacity) page.clearRows(row, row + 1)
    return row
  }

  #openPage(): Page {
    const last = this.#pages.at(-1)
    if (last && !last.sealed) {
      if (this.#usedRows <= last.capacity) return last
      last.seal()
    }
    this.#sequence += 1
    const page = new Page(this.#sequence, Math.ceil(this.#usedRows * 1.25) + 16, this.#usedRows)
    this.#pages.push(page)
    return page
  }

  #sliceOf(from: number, to: number): Slice {
    const known = this.#slice
    if (known && known.from === from && known.to === to && known.version === this.#version) return known
    const spans: Span[] = []
    let length = 0
    for (const page of this.#pages) {
      if (page.lastAt < from || page.times[0]! > to) continue
      const span = {
        page,
        from: firstColumn(page, (at) => at >= from),
        to: firstColumn(page, (at) => at > to),
      }
      if (span.to > span.from) spans.push(span)
      length += span.to - span.from
    }
    const timestamps = spans.length === 1 ? timesOf(spans[0]!) : new Float64Array(length)
    if (spans.length > 1) {
      let at = 0
      for (const span of spans) {
        timestamps.set(timesOf(span), at)
        at += span.to - span.from
      }
    }
    this.#slice = { from, to, version: this.#version, spans, timestamps }
    return this.#slice
  }
}

const timesOf = ({ page, from, to }: Span): Float64Array => page.times.subarray(from, to)

function firstColumn({ times, columns }: Page, reached: (at: number) => boolean): number {
  let low = 0
  let high = columns
  while (low < high) {
    const middle = (low + high) >> 1
    if (reached(times[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
