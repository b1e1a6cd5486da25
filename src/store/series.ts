// One series: its labels, and where in the head its newest samples are.
import type { Labels, Range, Samples, SeriesHandle } from '../model/series.ts'
import type { Gather } from './gather.ts'

/** What a series knows of the timeline that its samples are in. */
export interface Rows {
  /** What the timeline had before this time is on disk only. */
  readonly floor: number
  /** Set when the rows by position cannot be taken as they are. */
  disturbed: boolean
  leave(series: Series): void
  samples(row: number, range: Range): Samples
  gather(row: number, range: Range, out: Gather): void
}

/** A row of one series in the timeline of a scope that wrote it. */
export interface Place {
  readonly timeline: Rows
  readonly row: number
}

/** Samples that came after newer ones of their timeline; few, in time order. */
export interface Late {
  readonly at: number
  readonly value: number
  readonly stale: boolean
  readonly tick: number
}

export type ReadSamples = (series: Series, range: Range) => Samples

export class Series implements SeriesHandle {
  readonly id: number
  readonly labels: Labels
  readonly hash: number
  /** The timeline that wrote it last, and its row there; null while all its samples are on disk. */
  timeline: Rows | null = null
  row = -1
  /** Where else the head has samples of it: scopes that wrote it before. */
  earlier: readonly Place[] | null = null
  late: readonly Late[] | null = null
  /** Samples before this time may be on disk only, whatever its timeline has. */
  floor = 0
  /** The append that saw it last: finds duplicates and what is missing without a set. */
  mark = 0
  /** Its position in its timeline's previous append. */
  position = -1
  readonly #read: ReadSamples

  constructor(id: number, labels: Labels, hash: number, read: ReadSamples) {
    this.id = id
    this.labels = labels
    this.hash = hash
    this.#read = read
  }

  samples(range: Range): Samples {
    return this.#read(this, range)
  }
}
