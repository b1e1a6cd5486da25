// The newest samples of all series, in memory: what queries and rules mostly read.
import type { Range } from '../model/series.ts'
import type { Gather } from './gather.ts'
import { SeriesIndex } from './series-index.ts'
import type { Late, ReadSamples, Series } from './series.ts'
import type { Column } from './page.ts'
import { Timeline } from './timeline.ts'

/** One append, resolved to series: from a writer, or read back from disk. */
export interface Append extends Column {
  readonly timeline: Timeline
  /** By position; the timeline's own list where nothing changed. */
  readonly series: readonly Series[]
  /** Series of the previous append that are not in this one. */
  readonly ended: readonly Series[]
}

/** Appends until `tick`, of samples before `cut`. */
export interface Watermark {
  readonly cut: number
  readonly tick: number
}

export const isBelow = (mark: Watermark, at: number, tick: number): boolean =>
  tick <= mark.tick && at < mark.cut

export class Head {
  readonly index: SeriesIndex
  readonly timelines = new Map<number, Timeline>()
  /** What is on disk in segments: what was appended until `tick` and is older than `cut`. Both only grow. */
  kept: Watermark = { cut: 0, tick: 0 }
  /** Series that have late samples. */
  readonly late = new Set<Series>()

  constructor(read: ReadSamples) {
    this.index = new SeriesIndex(read)
  }

  /** Numbers held. */
  get stored(): number {
    let sum = 0
    for (const { pages } of this.timelines.values()) for (const page of pages) sum += page.stored
    return sum
  }

  addTimeline(scope: number): Timeline {
    const timeline = new Timeline(scope, this.kept.cut - 1)
    this.timelines.set(scope, timeline)
    return timeline
  }

  apply({ timeline, series, ended, at, tick, values }: Append): void {
    if (at <= timeline.lastAt) {
      for (const [i, one] of series.entries())
        this.#addLate(one, { at, value: values[i]!, stale: false, tick })
      for (const one of ended) this.#addLate(one, { at, value: Number.NaN, stale: true, tick })
      return
    }
    if (series !== timeline.current || timeline.disturbed) this.arrange(timeline, series)
    for (const one of ended) timeline.claim(one)
    timeline.appendLast({ at, tick, values }, ended)
  }

  /** Gives the series of a scope's append their rows. */
  arrange(timeline: Timeline, series: readonly Series[]): void {
    for (const one of timeline.current) one.position = -1
    for (const [i, one] of series.entries()) {
      timeline.claim(one)
      one.position = i
    }
    timeline.current = series
    timeline.rows = Int32Array.from(series, (one) => one.row)
    timeline.disturbed = false
  }

  /** Late samples first: a column was compared with them before it was written. */
  gather(series: Series, range: Range, out: Gather): void {
    for (const { at, value, stale } of series.late ?? [])
      if (at >= range.from && at <= range.to) out.push(at, value, stale)
    for (const { timeline, row } of series.earlier ?? []) timeline.gather(row, range, out)
    series.timeline?.gather(series.row, range, out)
  }

  /** Drops pages that are on disk: those older than `before`, and the oldest beyond `most` numbers. */
  trim(before: number, most: number): void {
    let stored = this.stored
    const droppable = [...this.timelines.values()]
      .flatMap((timeline) => timeline.pages.map((page) => ({ timeline, page })))
      .toSorted((a, b) => a.page.lastAt - b.page.lastAt)
    const blocked = new Set<Timeline>()
    for (const { timeline, page } of droppable) {
      const last = page.columns - 1
      const onDisk = isBelow(this.kept, page.times[last]!, page.ticks[last]!)
      if (!onDisk || (page.lastAt >= before && (stored <= most || !page.sealed))) blocked.add(timeline)
      if (blocked.has(timeline)) continue
      stored -= page.stored
      timeline.dropOldest()
    }
    this.#forgetLate()
  }

  /** Drops the oldest pages beyond `most` numbers, on disk or not: the last resort. */
  shed(most: number): void {
    const all = [...this.timelines.values()].flatMap((timeline) =>
      timeline.pages.map((page) => ({ timeline, page })),
    )
    let stored = this.stored
    for (const { timeline, page } of all.toSorted((a, b) => a.page.lastAt - b.page.lastAt)) {
      if (stored <= most) return
      stored -= page.stored
      timeline.dropOldest()
    }
  }

  /** Forgets late samples that are on disk now and would be read there. */
  #forgetLate(): void {
    for (const series of this.late) {
      const floor = series.timeline === null ? Infinity : Math.max(series.floor, series.timeline.floor)
      const goes = ({ at, tick }: Late): boolean =>
        isBelow(this.kept, at, tick) && (at < floor || series.earlier !== null)
      const gone = series.late!.filter(goes)
      if (gone.length === 0) continue
      series.late = gone.length < series.late!.length ? series.late!.filter((late) => !goes(late)) : null
      series.floor = Math.max(series.floor, gone.at(-1)!.at + 1)
      if (series.late === null) this.late.delete(series)
    }
  }

  #addLate(series: Series, late: Late): void {
    const list = series.late ?? []
    const before = list.filter(({ at }) => at <= late.at)
    series.late = [...before, late, ...list.slice(before.length)]
    this.late.add(series)
  }
}
