// Series as the rest of Tidemark sees them: append what a scope knows now, find series, read their samples.
import { explainError } from '../model/errors.ts'
import type { Labels, Matcher, Range, Sample, Samples, SeriesReader, SeriesWriter } from '../model/series.ts'
import type { Millis, Timestamp } from '../model/units.ts'
import type { Database } from './database.ts'
import { gathered } from './gather.ts'
import { Head } from './head.ts'
import { Journal } from './journal.ts'
import { labelProblem, sameLabels } from './labels.ts'
import type { Series } from './series.ts'
import { Segments } from './segments.ts'
import type { Timeline } from './timeline.ts'
import { HEAD_MAX, type Parts, upkeep } from './upkeep.ts'
import type { StoreLog, Writing } from './writing.ts'

/** Weighing the head looks at every page of every scope. */
const WEIGH_EVERY = 50_000

export interface MetricsLimits {
  /** Series at a time; more are refused and counted. */
  readonly series: number
}

/** An append's samples as series and values, duplicates left out. */
interface Resolved {
  readonly series: readonly Series[]
  readonly values: Float64Array
  readonly ended: readonly Series[]
}

export class Metrics implements SeriesReader, SeriesWriter {
  readonly #head: Head
  readonly #journal: Journal
  readonly #log: StoreLog
  readonly #limits: MetricsLimits
  readonly #segments: Segments
  readonly #parts: Parts
  #upkeep: Generator<void> | null = null
  #shed = false
  #values = new Float64Array(0)
  /** Samples appended since the head was weighed. */
  #unweighed = 0
  #mark = 0
  #dropped = 0
  #duplicates = 0
  #complaints = 0

  constructor(
    database: Database,
    writing: Writing,
    { log, limits, retention }: { log: StoreLog; limits: MetricsLimits; retention: Millis },
  ) {
    this.#log = log
    this.#limits = limits
    this.#head = new Head((series, range) => this.#read(series, range))
    this.#journal = new Journal(database, writing, log)
    this.#segments = new Segments(database, writing, log)
    this.#journal.load(this.#head)
    this.#parts = {
      database,
      writing,
      retention,
      head: this.#head,
      journal: this.#journal,
      segments: this.#segments,
    }
  }

  get generation(): number {
    return this.#head.index.generation
  }

  get size(): number {
    return this.#head.index.size
  }

  get headSamples(): number {
    return this.#head.stored
  }

  /** Samples refused since start because of the series limit or their labels. */
  get dropped(): number {
    return this.#dropped
  }

  /** Samples left out since start because their series had one at that time. */
  get duplicates(): number {
    return this.#duplicates
  }

  find(matchers: readonly Matcher[]): readonly Series[] {
    return this.#head.index.find(matchers)
  }

  /**
   * Durable when it returns. Where the disk fails it throws a StoreError, and the samples are in memory all the same:
   * rules go on.
   */
  append(scope: string, samples: readonly Sample[], at: Timestamp): void {
    if (!Number.isSafeInteger(at))
      throw new RangeError(`append to ${scope} at ${at}: expected whole milliseconds`)
    this.#unweighed += samples.length + 1
    if (this.#unweighed > WEIGH_EVERY) {
      this.#unweighed = 0
      if (this.#head.stored > HEAD_MAX * 2) this.#relieve(at)
    }
    const timeline = this.#journal.timeline(this.#head, scope)
    // Most rules have nothing to say most of the time: nothing is written, nothing ends.
    if (samples.length === 0 && timeline.current.length === 0) return
    const late = at <= timeline.lastAt
    const resolved = late ? this.#resolveLate(samples, at) : this.#resolve(timeline, samples, at)
    if (late && resolved.series.length === 0) return
    const append = { timeline, at, tick: this.#journal.takeTick(), ...resolved }
    try {
      this.#journal.write(scope, append)
    } finally {
      this.#head.apply(append)
    }
  }

  /** Most appends bring the same series in the same order as the previous one: then nothing is looked up. */
  #resolve(timeline: Timeline, samples: readonly Sample[], at: number): Resolved {
    const { current } = timeline
    const values = this.#room(samples.length)
    let same = 0
    if (!timeline.disturbed)
      while (same < samples.length && same < current.length) {
        const { name, labels, value } = samples[same]!
        if (!sameLabels(current[same]!.labels, name, labels)) break
        values[same] = value
        same += 1
      }
    if (same === samples.length && same === current.length && !timeline.disturbed)
      return { series: current, values, ended: [] }
    return this.#resolveChanged(timeline, samples, { at, same, values })
  }

  /** One array for the values of all appends: nobody keeps it. */
  #room(length: number): Float64Array {
    if (this.#values.length < length) this.#values = new Float64Array(Math.ceil(length * 1.1))
    return this.#values.subarray(0, length)
  }

  #resolveChanged(
    timeline: Timeline,
    samples: readonly Sample[],
    { at, same, values }: { readonly at: number; readonly same: number; readonly values: Float64Array },
  ): Resolved {
    const { current } = timeline
    const mark = ++this.#mark
    const series = current.slice(0, same)
    for (const one of series) one.mark = mark
    let expected = same
    for (let i = same; i < samples.length; i += 1) {
      const { name, labels, value } = samples[i]!
      const guess = current[expected]
      const one = guess && sameLabels(guess.labels, name, labels) ? guess : this.#seriesOf(name, labels)
      if (one === undefined) continue
      // After something new or missing the rest usually follows in its old order.
      if (one.timeline === timeline && one.position >= 0) expected = one.position + 1
      if (one.mark === mark || (one.timeline !== timeline && this.#mayHave(one, at) && this.#has(one, at))) {
        this.#duplicates += 1
        continue
      }
      one.mark = mark
      values[series.length] = value
      series.push(one)
    }
    const ended = current.filter(
      (one) => one.mark !== mark && (one.timeline === timeline || one.timeline === null),
    )
    return { series, values: values.subarray(0, series.length), ended }
  }

  /** Older than what the scope has written: kept where there is nothing at that time yet; ends nothing. */
  #resolveLate(samples: readonly Sample[], at: number): Resolved {
    const mark = ++this.#mark
    const series: Series[] = []
    const values: number[] = []
    for (const { name, labels, value } of samples) {
      const one = this.#seriesOf(name, labels)
      if (one === undefined) continue
      if (one.mark === mark || this.#has(one, at)) {
        this.#duplicates += 1
        continue
      }
      one.mark = mark
      series.push(one)
      values.push(value)
    }
    return { series, values: Float64Array.from(values), ended: [] }
  }

  #seriesOf(name: string, labels: Labels): Series | undefined {
    const known = this.#head.index.lookup(name, labels)
    if (known) return known
    const problem =
      labelProblem(name, labels) ??
      (this.size >= this.#limits.series ? `the limit of ${this.#limits.series} series is reached` : null)
    if (problem === null) return this.#journal.newSeries(this.#head, name, labels)
    this.#dropped += 1
    if (this.#complaints++ < 10) this.#log.warn({ metric: name.slice(0, 80), problem }, 'sample refused')
    return undefined
  }

  /** False, without a look, for what is new or only on disk. */
  #mayHave({ timeline, late }: Series, at: number): boolean {
    return timeline !== null || late !== null || at < this.#head.kept.cut
  }

  #has(series: Series, at: number): boolean {
    return this.#read(series, { from: at as Timestamp, to: at as Timestamp }).timestamps.length > 0
  }

  #read(series: Series, range: Range): Samples {
    const { timeline, row } = series
    if (timeline === null || series.late !== null || series.earlier !== null)
      return this.#readScattered(series, range)
    const floor = Math.max(series.floor, timeline.floor)
    if (range.from >= floor || !this.#segments.covers(range.from, floor)) return timeline.samples(row, range)
    const older = { from: range.from, to: Math.min(range.to, floor - 1) as Timestamp }
    return gathered((out) => {
      this.#segments.read(series, older, out)
      timeline.gather(row, range, out)
    })
  }

  /** A series with late samples, or of several scopes, or with nothing in the head. */
  #readScattered(series: Series, range: Range): Samples {
    return gathered((out) => {
      this.#segments.read(series, range, out)
      this.#head.gather(series, range, out)
    })
  }

  /** Compaction and retention; each step is short. Goes on where an earlier call stopped. */
  *maintain(now: Timestamp): Generator<void> {
    if (this.#shed) return
    this.#upkeep ??= upkeep(this.#parts, now)
    while (this.#step()) yield
  }

  #step(): boolean {
    try {
      if (this.#upkeep?.next().done === false) return true
    } catch (error) {
      this.#upkeep = null
      throw error
    }
    this.#upkeep = null
    return false
  }

  /** The last resort where nobody maintains: memory is bounded even if the event loop has to wait. */
  #relieve(now: Timestamp): void {
    this.#log.warn({ samples: this.#head.stored }, 'the head is full: compacting at once')
    if (this.#shed) return this.#head.shed(HEAD_MAX)
    try {
      if (this.#upkeep !== null) while (this.#step());
      else for (const _ of this.maintain(now));
    } catch (error) {
      this.#log.error(
        { error: explainError(error) },
        'compaction failed: the oldest samples leave memory until a restart reads them from disk',
      )
      // Compacting now would take what is missing in memory for gone.
      this.#shed = true
      this.#head.shed(HEAD_MAX)
    }
  }
}
