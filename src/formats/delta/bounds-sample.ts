// The bounds of a sample of the live files: by a hash of their path, so that files come and go and the sample stays fair.
import { type Bound, MAX_BOUND_CHARS, type SampledFile } from '../bound-ranks.ts'
import { type Json, isObject } from '../json.ts'
import { MAX_SAMPLED_FILES } from '../skipping.ts'
import type { PathKey } from './path-key.ts'
import type { DeltaColumn } from './schema.ts'
import { timeOf } from './stats.ts'

interface Sampled {
  readonly size: number
  readonly partition: number
  /** The statistics as the log has them, until somebody asks: of most files that come nobody ever does. */
  text: string | null
  bounds: readonly Bound[] | null
}

/** The half of the key that decides is the upper part, so that it can be told from the key. */
const HIGH_BITS = 2 ** 21

export class BoundsSample {
  #files = new Map<number, Sampled>()
  /** Files whose hash is below are in: all of them at first. */
  #limit = 2 ** 32
  #columns: readonly DeltaColumn[] | null = null

  /** Files whose hash, the lower half of their path's key, is below are taken. */
  get limit(): number {
    return this.#limit
  }

  takes(low: number): boolean {
    return low < this.#limit
  }

  /** Kept where it is one of the sample; `bounds` are in the order of the columns. */
  add(key: PathKey, vector: number, file: Sampled): void {
    if (!this.takes(key.low)) return
    this.#files.set(numberOf(key, vector), file)
    if (this.#files.size > 2 * MAX_SAMPLED_FILES) this.#thin()
  }

  /** So many live files are there or about to be: none is added whose place is lost before they all are. */
  expect(files: number): void {
    while (files * (this.#limit / 2 ** 32) > 2 * MAX_SAMPLED_FILES) this.#thin()
  }

  remove(key: PathKey, vector: number): void {
    if (this.takes(key.low)) this.#files.delete(numberOf(key, vector))
  }

  /** The columns whose bounds are kept: settled once, as the texts of most files are gone when another is wanted. */
  settle(wanted: () => readonly DeltaColumn[], schema: readonly DeltaColumn[]): readonly DeltaColumn[] {
    const known = this.#columns?.some(({ identity }) => schema.some((one) => one.identity === identity))
    if (this.#columns === null || known !== true) {
      // Another table under the same name: what is known is about columns that are gone.
      if (this.#columns !== null) for (const file of this.#files.values()) file.bounds = null
      this.#columns = wanted()
    }
    return this.#columns
  }

  /** The sample, its texts read. */
  files(): readonly SampledFile[] {
    while (this.#files.size > MAX_SAMPLED_FILES) this.#thin()
    const columns = this.#columns ?? []
    for (const file of this.#files.values()) {
      if (file.text === null) continue
      file.bounds = boundsOf(file.text, columns)
      file.text = null
    }
    return [...this.#files.values()]
  }

  #thin(): void {
    this.#limit /= 2
    for (const number of this.#files.keys())
      if (Math.floor(number / HIGH_BITS) >= this.#limit) this.#files.delete(number)
  }
}

/** 53 bits of the key: two of ten thousand files meet once in a hundred million tables. */
const numberOf = ({ high, low }: PathKey, vector: number): number =>
  low * HIGH_BITS + (((high ^ vector) >>> 0) % HIGH_BITS)

/** Statistics that cannot be read are as good as none. */
function boundsOf(text: string, columns: readonly DeltaColumn[]): readonly Bound[] | null {
  let stats: Json
  try {
    stats = JSON.parse(text) as Json
  } catch {
    return null
  }
  if (!isObject(stats)) return null
  const { minValues, maxValues } = stats
  return columns.flatMap(({ physical, type }) => [
    boundOf(at(minValues, physical), type),
    boundOf(at(maxValues, physical), type),
  ])
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  let inner = value
  for (const part of path) inner = isObject(inner) ? inner[part] : undefined
  return inner
}

const COMPARABLE =
  /^(byte|short|integer|long|float|double|decimal\(.*\)|string|date|timestamp|timestamp_ntz)$/

/** Its values have an order that statistics keep. */
export const isComparable = ({ plain, type }: DeltaColumn): boolean => plain && COMPARABLE.test(type)

const isTime = (type: string): boolean => type === 'date' || type.startsWith('timestamp')

function boundOf(value: Json | undefined, type: string): Bound {
  if (isTime(type)) {
    const time = timeOf(value)
    return Number.isNaN(time) ? null : time
  }
  if (type === 'string') return typeof value === 'string' ? value.slice(0, MAX_BOUND_CHARS) : null
  return typeof value === 'number' ? value : null
}
