// What keeps the samples small and bounded: the head into segments, a day's segments into one, old ones away.
// Everything is a generator whose steps are short, so that the daemon breathes in between, or drains it when it must.
import { HOUR, type Millis, type Timestamp } from '../model/units.ts'
import type { Database } from './database.ts'
import { Gather } from './gather.ts'
import { type Head, type Watermark, isBelow } from './head.ts'
import type { Journal } from './journal.ts'
import type { Series } from './series.ts'
import { type Segment, type Segments, dayOf } from './segments.ts'
import type { Span } from './timeline.ts'
import type { Writing } from './writing.ts'

/** The head is compacted up to full steps of this length, and keeps this much for quick reading. */
const COMPACT_EVERY = 2 * HOUR
/** Samples that come this late are still compacted with their neighbours. */
const GRACE = 5 * 60_000
/** Numbers the head may hold: 8 bytes each. Above it the head is compacted and trimmed whatever its age. */
export const HEAD_MAX = 8_000_000

export interface Parts {
  readonly database: Database
  readonly writing: Writing
  readonly head: Head
  readonly journal: Journal
  readonly segments: Segments
  readonly retention: Millis
}

/** All of it, as often as the daemon likes. */
export function* upkeep(parts: Parts, now: Timestamp): Generator<void> {
  const { head } = parts
  const full = head.stored > HEAD_MAX
  const cut = full ? newestIn(head) + 1 : Math.floor((now - GRACE) / COMPACT_EVERY) * COMPACT_EVERY
  if (cut > head.kept.cut) yield* compact(parts, cut)
  head.trim(now - COMPACT_EVERY, full ? HEAD_MAX / 2 : HEAD_MAX)
  yield* mergeDays(parts, dayOf(head.kept.cut))
  yield* retire(parts, now)
  yield* shrink(parts)
}

/** Writes what the head has before `cut` into segments, one a day. */
function* compact(parts: Parts, cut: number): Generator<void> {
  const { head, journal, segments } = parts
  const mark: Watermark = { cut, tick: journal.lastTick }
  const wanted = (at: number, tick: number): boolean =>
    isBelow(mark, at, tick) && !isBelow(head.kept, at, tick)
  const added: Segment[] = []
  for (const day of daysIn(head, wanted)) {
    const inDay = (at: number, tick: number): boolean => wanted(at, tick) && dayOf(at) === day
    const spans = new Map<unknown, readonly Span[]>()
    for (const timeline of head.timelines.values()) spans.set(timeline, timeline.spans(inDay))
    const read = ({ timeline, row, earlier, late }: Series, out: Gather): void => {
      for (const one of late ?? []) if (inDay(one.at, one.tick)) out.push(one.at, one.value, one.stale)
      for (const place of [...(earlier ?? []), { timeline, row }])
        for (const { page, from, to } of spans.get(place.timeline) ?? [])
          page.gather(place.row, from, to, out)
    }
    const segment = yield* segments.write(day, inOrder(head), read, new Gather())
    if (segment !== null) added.push(segment)
  }
  segments.swap(added, [], () => journal.saveKept(mark))
  head.kept = mark
  yield* journal.sweep(mark)
}

/** Makes one segment of each day before `today` that has several. */
function* mergeDays({ head, segments }: Parts, today: number): Generator<void> {
  for (const [day, several] of Map.groupBy(segments.live, (segment) => segment.day)) {
    if (day >= today || several.length < 2) continue
    const all = { from: -Infinity as Timestamp, to: Infinity as Timestamp }
    const read = (series: Series, out: Gather): void => segments.read(series, all, out, several)
    const merged = yield* segments.write(day, inOrder(head), read, new Gather())
    segments.swap(merged === null ? [] : [merged], several)
  }
  yield* segments.sweep()
}

/** Drops segments that are past the retention as a whole, and series that have nothing left. */
function* retire({ head, journal, segments, retention }: Parts, now: Timestamp): Generator<void> {
  const old = segments.live.filter(({ lastAt }) => lastAt < now - retention)
  if (old.length === 0) return
  segments.swap([], old)
  yield* segments.sweep()
  const alive = new Set<number>()
  for (const ids of segments.ids()) {
    for (const id of ids) alive.add(id)
    yield
  }
  for (const { current } of head.timelines.values()) for (const { id } of current) alive.add(id)
  const gone = head.index.all.filter(
    ({ id, timeline, earlier, late }) =>
      !alive.has(id) && timeline === null && earlier === null && late === null,
  )
  head.index.remove(new Set(gone))
  yield* journal.forget(new Set(gone))
}

/** Gives freed pages back to the file system, a little at a time. */
function* shrink({ database, writing }: Parts): Generator<void> {
  const free = database.prepare(
    'SELECT freelist_count AS free, page_count AS pages FROM pragma_freelist_count, pragma_page_count',
  )
  for (;;) {
    const row = free.get()!
    // Some slack is kept: the next appends use it.
    if (Number(row['free']) * 4 < Number(row['pages'])) return
    writing.facts(database, 'shrink the database', () => database.sql.exec('PRAGMA incremental_vacuum(512)'))
    yield
  }
}

/** Metric by metric: neighbours in a block are alike, and a query about one metric reads few blocks. */
function* inOrder(head: Head): Generator<Series> {
  const metrics = [...head.index.byMetric()].toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [, series] of metrics) yield* series
}

function daysIn(head: Head, wanted: (at: number, tick: number) => boolean): readonly number[] {
  const days = new Set<number>()
  for (const timeline of head.timelines.values())
    for (const { page, from, to } of timeline.spans(wanted))
      for (let i = from; i < to; i += 1) days.add(dayOf(page.times[i]!))
  for (const { late } of head.late)
    for (const { at, tick } of late ?? []) if (wanted(at, tick)) days.add(dayOf(at))
  return [...days].toSorted((a, b) => a - b)
}

const newestIn = (head: Head): number =>
  [...head.timelines.values()].reduce((newest, { lastAt }) => Math.max(newest, lastAt), 0)
