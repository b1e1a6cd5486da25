// The live files of a table in typed arrays: 52 bytes a file, whatever its path's length.
import { SourceError } from '../../model/errors.ts'
import type { PathKey } from './path-key.ts'

const FIRST_CAPACITY = 16
const NO_SLOTS = new Int32Array(1).fill(-1)

/** Live files of one table: 1 GB of memory. Beyond it a table is reported as too large, not half read. */
const MAX_LIVE_FILES = 16_000_000

export interface LiveFile {
  readonly size: number
  /** Physical rows and rows its deletion vector marks; NaN = not recorded. */
  readonly rows: number
  readonly deleted: number
  /** Which partition, from Partitions.idOf. */
  readonly partition: number
  /** Newest event time inside, epoch milliseconds; NaN = unknown. */
  readonly eventTime: number
}

/**
 * A set keyed by (path, deletion vector) as the protocol demands: an update of the vector is a remove and an add
 * of the same path in one commit, in any order. Open addressing on the path's key; records are kept dense.
 */
export class LiveFiles {
  #count = 0
  // Nothing is allocated before the first file: most tables that are watched are small, and there are many.
  #capacity = 0
  #slots: Int32Array = NO_SLOTS
  #high = new Uint32Array(0)
  #low = new Uint32Array(0)
  #vector = new Uint32Array(0)
  #size = new Float64Array(0)
  #rows = new Float64Array(0)
  #deleted = new Float64Array(0)
  #partition = new Uint32Array(0)
  #eventTime = new Float64Array(0)

  get count(): number {
    return this.#count
  }
  get bytes(): number {
    let total = 0
    for (let i = 0; i < this.#count; i++) total += this.#size[i]!
    return total
  }
  /** Views of the live records, valid until the next change. */
  get highs(): Uint32Array {
    return this.#high.subarray(0, this.#count)
  }
  get lows(): Uint32Array {
    return this.#low.subarray(0, this.#count)
  }
  get sizes(): Float64Array {
    return this.#size.subarray(0, this.#count)
  }
  get rows(): Float64Array {
    return this.#rows.subarray(0, this.#count)
  }
  get deleted(): Float64Array {
    return this.#deleted.subarray(0, this.#count)
  }
  get vectors(): Uint32Array {
    return this.#vector.subarray(0, this.#count)
  }
  get partitions(): Uint32Array {
    return this.#partition.subarray(0, this.#count)
  }
  get eventTimes(): Float64Array {
    return this.#eventTime.subarray(0, this.#count)
  }

  /** Makes room for as many more, so that a big checkpoint does not double its way up. */
  reserve(more: number): void {
    if (this.#count + more > this.#capacity) this.#grow(Math.min(this.#count + more, MAX_LIVE_FILES))
  }

  /** Adds or replaces. */
  add(key: PathKey, vector: number, file: LiveFile): void {
    let at = this.#find(key, vector)
    if (at < 0) {
      if (this.#count >= this.#capacity) this.#grow(Math.max(FIRST_CAPACITY, this.#capacity * 2))
      at = this.#count++
      this.#high[at] = key.high
      this.#low[at] = key.low
      this.#vector[at] = vector
      this.#slots[this.#freeSlot(key.low)] = at
    }
    this.#size[at] = file.size
    this.#rows[at] = file.rows
    this.#deleted[at] = file.deleted
    this.#partition[at] = file.partition
    this.#eventTime[at] = file.eventTime
  }

  /** What was removed; null when it was not live. */
  remove(key: PathKey, vector: number): LiveFile | null {
    const slot = this.#slotOf(key, vector)
    if (slot < 0) return null
    const at = this.#slots[slot]!
    const file = this.#at(at)
    this.#closeGap(slot)
    const last = --this.#count
    if (at !== last) this.#move(last, at)
    return file
  }

  /** What is known of one; null when it is not there. */
  peek(key: PathKey, vector: number): LiveFile | null {
    const at = this.#find(key, vector)
    return at < 0 ? null : this.#at(at)
  }

  /** True when the path is live, with any deletion vector. */
  hasPath(high: number, low: number): boolean {
    const mask = this.#slots.length - 1
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = this.#slots[slot]!
      if (at < 0) return false
      if (this.#low[at] === low && this.#high[at] === high) return true
    }
  }

  /** The event column changed: what was known is about another column. */
  forgetEventTimes(): void {
    this.#eventTime.fill(Number.NaN)
  }

  #at(at: number): LiveFile {
    return {
      size: this.#size[at]!,
      rows: this.#rows[at]!,
      deleted: this.#deleted[at]!,
      partition: this.#partition[at]!,
      eventTime: this.#eventTime[at]!,
    }
  }

  #find(key: PathKey, vector: number): number {
    const slot = this.#slotOf(key, vector)
    return slot < 0 ? -1 : this.#slots[slot]!
  }

  #slotOf({ high, low }: PathKey, vector: number): number {
    const mask = this.#slots.length - 1
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = this.#slots[slot]!
      if (at < 0) return -1
      if (this.#low[at] === low && this.#high[at] === high && this.#vector[at] === vector) return slot
    }
  }

  #freeSlot(low: number): number {
    const mask = this.#slots.length - 1
    let slot = low & mask
    while (this.#slots[slot]! >= 0) slot = (slot + 1) & mask
    return slot
  }

  /** Empties a slot and moves later entries of its run back, so that lookups never need grave markers. */
  #closeGap(slot: number): void {
    const mask = this.#slots.length - 1
    let hole = slot
    for (let next = (hole + 1) & mask; this.#slots[next]! >= 0; next = (next + 1) & mask) {
      const home = this.#low[this.#slots[next]!]! & mask
      const distance = (next - home) & mask
      if (distance >= ((next - hole) & mask)) {
        this.#slots[hole] = this.#slots[next]!
        hole = next
      }
    }
    this.#slots[hole] = -1
  }

  #move(from: number, to: number): void {
    const slot = this.#slotOf({ high: this.#high[from]!, low: this.#low[from]! }, this.#vector[from]!)
    for (const column of this.#columns()) column[to] = column[from]!
    this.#slots[slot] = to
  }

  #columns(): readonly (Uint32Array | Float64Array)[] {
    return [
      this.#high,
      this.#low,
      this.#vector,
      this.#size,
      this.#rows,
      this.#deleted,
      this.#partition,
      this.#eventTime,
    ]
  }

  #grow(capacity: number): void {
    if (this.#capacity >= MAX_LIVE_FILES) {
      throw new SourceError('too-large', `the table has more than ${MAX_LIVE_FILES} live files, the limit`, {
        subject: '_delta_log',
      })
    }
    this.#capacity = Math.min(capacity, MAX_LIVE_FILES)
    this.#high = grown(this.#high, new Uint32Array(this.#capacity))
    this.#low = grown(this.#low, new Uint32Array(this.#capacity))
    this.#vector = grown(this.#vector, new Uint32Array(this.#capacity))
    this.#size = grown(this.#size, new Float64Array(this.#capacity))
    this.#rows = grown(this.#rows, new Float64Array(this.#capacity))
    this.#deleted = grown(this.#deleted, new Float64Array(this.#capacity))
    this.#partition = grown(this.#partition, new Uint32Array(this.#capacity))
    this.#eventTime = grown(this.#eventTime, new Float64Array(this.#capacity))
    this.#slots = emptySlots(this.#capacity)
    for (let at = 0; at < this.#count; at++) this.#slots[this.#freeSlot(this.#low[at]!)] = at
  }
}

function grown<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** At most half full: a power of two of at least twice the records. */
const emptySlots = (records: number): Int32Array =>
  new Int32Array(2 ** Math.ceil(Math.log2(records * 2))).fill(-1)
