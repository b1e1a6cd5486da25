// A rectangle of the head: the samples of one scope's series (rows) at up to 32 consecutive appends (columns).
import type { Gather } from './gather.ts'

export const PAGE_COLUMNS = 32

// Two quiet NaNs that JavaScript's arithmetic never makes; told apart by their low word, which only typed arrays
// of integers touch. A NaN that was really appended has the low word 0. (Little-endian, as every platform Node runs on.)
const ABSENT = 1
const STALE = 2
const QUIET_NAN = 0x7ff80000

/** What one append brings: a value per position. */
export interface Column {
  readonly at: number
  readonly tick: number
  readonly values: Float64Array
}

/** Row numbers of a sealed page's index that are no dense row. */
const CONSTANT = -1
const EMPTY = -2

export class Page {
  /** Pages of a timeline are counted, so that one can say "after that page". */
  readonly sequence: number
  /** Rows that fit. */
  readonly capacity: number
  readonly times = new Float64Array(PAGE_COLUMNS)
  /** The append that wrote each column. */
  readonly ticks = new Float64Array(PAGE_COLUMNS)
  columns = 0
  #rows = 0
  /** Row-major; after sealing only the rows that are neither constant nor empty. */
  #values: Float64Array<ArrayBuffer>
  #words: Uint32Array
  /** Per row: dense row number, CONSTANT or EMPTY; null while open. */
  #index: Int32Array | null = null
  #constants = new Float64Array(0)
  #stride = PAGE_COLUMNS

  constructor(sequence: number, capacity: number, rows: number) {
    this.sequence = sequence
    this.capacity = capacity
    // Memory of rows that are never used is never touched, so a generous capacity costs nothing.
    this.#values = new Float64Array(capacity * PAGE_COLUMNS)
    this.#words = new Uint32Array(this.#values.buffer)
    this.clearRows(0, rows)
  }

  get sealed(): boolean {
    return this.#index !== null
  }

  /** Numbers held in memory. */
  get stored(): number {
    return this.sealed ? this.#values.length + this.#constants.length : this.#rows * PAGE_COLUMNS
  }

  get lastAt(): number {
    return this.times[this.columns - 1] ?? -Infinity
  }

  /** Makes rows ready for their first use: nothing was written to them. */
  clearRows(from: number, to: number): void {
    this.#rows = to
    new BigUint64Array(this.#values.buffer, from * PAGE_COLUMNS * 8, (to - from) * PAGE_COLUMNS).fill(
      (BigInt(QUIET_NAN) << 32n) | BigInt(ABSENT),
    )
  }

  /** Adds columns: each has a value for every row number. The page must be open and have room. */
  write(rows: Int32Array, count: number, columns: readonly Column[]): void {
    const cells = this.#values
    for (let i = 0; i < count; i += 1) {
      let cell = rows[i]! * PAGE_COLUMNS + this.columns
      for (let k = 0; k < columns.length; k += 1, cell += 1) {
        const value = columns[k]!.values[i]!
        if (value === value) cells[cell] = value
        else this.#mark(cell, 0)
      }
    }
    for (const { at, tick } of columns) {
      this.times[this.columns] = at
      this.ticks[this.columns] = tick
      this.columns += 1
    }
  }

  /** Marks the ends of rows in the column that will be written next. */
  writeStale(rows: Int32Array): void {
    for (const row of rows) this.#mark(row * PAGE_COLUMNS + this.columns, STALE)
  }

  /** No more columns: keeps one number for a row that never changed, and nothing for one that was never written. */
  seal(): void {
    const { columns, capacity } = this
    const rows = this.#rows
    const words = this.#words
    const index = new Int32Array(capacity).fill(EMPTY, rows)
    const constants = new Float64Array(rows)
    let dense = 0
    for (let row = 0; row < rows; row += 1) {
      const first = row * PAGE_COLUMNS
      const [low, high] = [words[first * 2]!, words[first * 2 + 1]!]
      let same = 1
      while (same < columns && words[(first + same) * 2] === low && words[(first + same) * 2 + 1] === high)
        same += 1
      if (same < columns) index[row] = dense++
      else if (this.#values[first] === this.#values[first]) {
        index[row] = CONSTANT
        constants[row] = this.#values[first]!
      } else if (low === ABSENT) index[row] = EMPTY
      else index[row] = dense++
    }
    const kept = new Float64Array(dense * columns)
    for (let row = 0; row < rows; row += 1)
      if (index[row]! >= 0) {
        const first = row * PAGE_COLUMNS
        kept.set(this.#values.subarray(first, first + columns), index[row]! * columns)
      }
    this.#values = kept
    this.#words = new Uint32Array(kept.buffer)
    this.#index = index
    this.#constants = constants
    this.#stride = columns
  }

  /** Columns [from, to) of a row as they lie in memory; null when one of them is not a plain number. */
  view(row: number, from: number, to: number): Float64Array | null {
    const line = this.#line(row)
    if (line === EMPTY) return null
    if (line === CONSTANT) return new Float64Array(to - from).fill(this.#constants[row]!)
    const view = this.#values.subarray(line + from, line + to)
    for (let i = 0; i < view.length; i += 1) if (view[i] !== view[i]) return null
    return view
  }

  /** Copies columns [from, to) of a row; false when one of them is not a plain number. */
  copy(row: number, from: number, to: number, out: Float64Array, at: number): boolean {
    const line = this.#line(row)
    if (line === EMPTY) return false
    if (line === CONSTANT) out.fill(this.#constants[row]!, at, at + to - from)
    else
      for (let i = from; i < to; i += 1) {
        const value = this.#values[line + i]!
        if (value !== value) return false
        out[at + i - from] = value
      }
    return true
  }

  /** Pushes what is there in columns [from, to) of a row. */
  gather(row: number, from: number, to: number, out: Gather): void {
    const line = this.#line(row)
    if (line === EMPTY) return
    for (let i = from; i < to; i += 1) {
      const value = line === CONSTANT ? this.#constants[row]! : this.#values[line + i]!
      if (value === value) out.push(this.times[i]!, value, false)
      else {
        const kind = this.#words[(line + i) * 2]
        if (kind !== ABSENT) out.push(this.times[i]!, Number.NaN, kind === STALE)
      }
    }
  }

  /** Where a row's cells begin, or CONSTANT or EMPTY. */
  #line(row: number): number {
    if (row >= this.capacity) return EMPTY
    if (this.#index === null) return row * PAGE_COLUMNS
    const line = this.#index[row]!
    return line < 0 ? line : line * this.#stride
  }

  #mark(cell: number, kind: number): void {
    this.#words[cell * 2] = kind
    this.#words[cell * 2 + 1] = QUIET_NAN
  }
}
