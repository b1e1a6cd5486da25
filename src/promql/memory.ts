// Series in memory: what rule tests, backtests and our own tests evaluate over.
import type { Labels, Matcher, Sample, SeriesHandle, SeriesReader, SeriesWriter } from '../model/series.ts'
import type { Timestamp } from '../model/units.ts'
import { NAME } from './ast.ts'
import { labelsKey } from './labels.ts'
import { labelsTest } from './match.ts'

/** Points of one series, in time order; NaN with `stale` set ends it there. */
export interface Points {
  readonly timestamps: readonly number[]
  readonly values: readonly number[]
  readonly stale?: readonly boolean[]
  /** When each sample's counter started; 0 = not known. */
  readonly starts?: readonly number[]
}

export interface MemorySeries extends SeriesReader, SeriesWriter {
  /** Adds points behind those that the series (labels with `__name__`) has; older ones are dropped. */
  load(labels: Labels, points: Points): void
}

export function memorySeries(): MemorySeries {
  const all = new Map<string, Column>()
  /** The same by metric name, which nearly every selector asks for. */
  const byName = new Map<string, Column[]>()
  /** Per scope: the series of its previous append. */
  const written = new Map<string, ReadonlySet<Column>>()
  let generation = 0

  const columnOf = (labels: Labels): Column => {
    const key = labelsKey(labels)
    let column = all.get(key)
    if (column === undefined) {
      column = new Column(labels)
      all.set(key, column)
      const name = labels[NAME] ?? ''
      const named = byName.get(name)
      if (named === undefined) byName.set(name, [column])
      else named.push(column)
      generation += 1
    }
    return column
  }

  return {
    get generation() {
      return generation
    },
    find(matchers: readonly Matcher[]): readonly SeriesHandle[] {
      const test = labelsTest(matchers)
      const name = matchers.find((matcher) => matcher.name === NAME && matcher.op === '=')
      const candidates = name === undefined ? [...all.values()] : (byName.get(name.value) ?? [])
      return candidates.filter((column) => test(column.labels))
    },
    load(labels, { timestamps, values, stale, starts }) {
      const column = columnOf(labels)
      for (const [i, at] of timestamps.entries())
        column.push(at, values[i]!, stale?.[i] === true, starts?.[i] ?? 0)
    },
    append(scope: string, samples: readonly Sample[], at: Timestamp) {
      const now = new Set<Column>()
      for (const { name, labels, value } of samples) {
        const column = columnOf({ [NAME]: name, ...labels })
        now.add(column)
        column.push(at, value, false, 0)
      }
      for (const column of written.get(scope) ?? [])
        if (!now.has(column)) column.push(at, Number.NaN, true, 0)
      written.set(scope, now)
    },
  }
}

const INITIAL = 16

/** One series: arrays that double when they are full. */
class Column implements SeriesHandle {
  readonly labels: Labels
  #timestamps = new Float64Array(INITIAL)
  #values = new Float64Array(INITIAL)
  #stale: Uint8Array | null = null
  #starts: Float64Array | null = null
  #length = 0

  constructor(labels: Labels) {
    this.labels = labels
  }

  push(at: number, value: number, stale: boolean, start: number): void {
    const last = this.#length === 0 ? Number.NEGATIVE_INFINITY : this.#timestamps[this.#length - 1]!
    if (at < last) return
    // Two samples at one time: the later word counts.
    if (at === last) this.#length -= 1
    if (this.#length === this.#timestamps.length) this.#grow()
    this.#timestamps[this.#length] = at
    this.#values[this.#length] = value
    if (stale) this.#stale ??= new Uint8Array(this.#timestamps.length)
    if (this.#stale !== null) this.#stale[this.#length] = stale ? 1 : 0
    if (start !== 0) this.#starts ??= new Float64Array(this.#timestamps.length)
    if (this.#starts !== null) this.#starts[this.#length] = start
    this.#length += 1
  }

  #grow(): void {
    const size = this.#timestamps.length * 2
    const wider = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(size)
      to.set(from)
      return to
    }
    this.#timestamps = wider(this.#timestamps)
    this.#values = wider(this.#values)
    if (this.#starts !== null) this.#starts = wider(this.#starts)
    if (this.#stale === null) return
    const stale = new Uint8Array(size)
    stale.set(this.#stale)
    this.#stale = stale
  }

  samples({ from, to }: { from: Timestamp; to: Timestamp }) {
    const start = this.#firstFrom(from)
    const end = this.#firstFrom(to + 1)
    return {
      timestamps: this.#timestamps.subarray(start, end),
      values: this.#values.subarray(start, end),
      stale: this.#stale?.subarray(start, end) ?? null,
      ...(this.#starts === null ? {} : { starts: this.#starts.subarray(start, end) }),
    }
  }

  /** Index of the first sample at or after `at`. */
  #firstFrom(at: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timestamps[middle]! < at) low = middle + 1
      else high = middle
    }
    return low
  }
}
