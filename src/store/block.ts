// The samples of up to 64 series over a day or less, as bytes: decimals become whole numbers, whole numbers become
// differences, differences become variable-length bytes, and zstd does the rest.
import type { Gather } from './gather.ts'
import { ByteReader, ByteWriter, ZIGZAG_MAX } from './varint.ts'
import { ZSTD_SMALL, compress, decompress } from './zstd.ts'

export const BLOCK_SERIES = 64

/** Values with more decimals are kept as they are. Any difference of two scaled values must fit ZIGZAG_MAX. */
const DECIMALS_MAX = 9
const SCALED_MAX = ZIGZAG_MAX / 2
const RAW = 0xff
const POWERS = Float64Array.from({ length: DECIMALS_MAX + 1 }, (_, i) => 10 ** i)

/**
 * Layout: number of series; number of distinct time columns; the time columns, each its length in bytes and content
 * (count, first, differences of differences); each series' length in bytes; the series, each the number of its
 * time column, whether a staleness bitmap follows, the bitmap, the decimals (or RAW), and the values.
 */
export class BlockEncoder {
  readonly #times: Float64Array[] = []
  #lengths: number[] = []
  readonly #columns = new ByteWriter(65_536)
  readonly #out = new ByteWriter(65_536)
  readonly #scratch = new ByteWriter()

  get series(): number {
    return this.#lengths.length
  }

  /** The samples must be settled. */
  add(samples: Gather): void {
    const out = this.#columns
    const before = out.length
    out.varint(this.#timeColumn(samples.timestamps.subarray(0, samples.length)))
    writeStaleness(out, samples)
    writeValues(out, samples.anyStale ? plainValues(samples) : samples.values.subarray(0, samples.length))
    this.#lengths.push(out.length - before)
  }

  /** The block; the encoder is empty again. */
  finish(): Uint8Array {
    const out = this.#out
    out.clear()
    out.varint(this.#lengths.length)
    out.varint(this.#times.length)
    for (const times of this.#times) {
      this.#scratch.clear()
      writeTimes(this.#scratch, times)
      out.varint(this.#scratch.length)
      out.append(this.#scratch.bytes())
    }
    for (const length of this.#lengths) out.varint(length)
    out.append(this.#columns.bytes())
    this.#times.length = 0
    this.#lengths = []
    this.#columns.clear()
    return compress(out.bytes(), ZSTD_SMALL)
  }

  /** Series of one scope share their times: most blocks have one column of them. */
  #timeColumn(times: Float64Array): number {
    const known = this.#times.findLastIndex((column) => sameNumbers(column, times))
    return known >= 0 ? known : this.#times.push(times.slice()) - 1
  }
}

export class Block {
  readonly #bytes: Uint8Array
  readonly #timeOffsets: readonly number[]
  readonly #times: Array<Float64Array | undefined> = []
  readonly #columnOffsets: readonly number[]

  /** Throws where the bytes are no block. */
  constructor(compressed: Uint8Array) {
    // A copy of its own: blocks are cached, and what zlib returns may hold a larger buffer.
    this.#bytes = new Uint8Array(decompress(compressed))
    const reader = new ByteReader(this.#bytes)
    const columns = reader.varint()
    const times = reader.varint()
    this.#timeOffsets = Array.from({ length: times }, () => {
      const length = reader.varint()
      reader.take(length)
      return reader.offset - length
    })
    const lengths = Array.from({ length: columns }, () => reader.varint())
    this.#columnOffsets = lengths.map((length) => {
      reader.take(length)
      return reader.offset - length
    })
  }

  get byteLength(): number {
    return this.#bytes.length
  }

  /** Pushes the samples of the block's n-th series from `from` to `to`, both inclusive. */
  read(n: number, from: number, to: number, out: Gather): void {
    const offset = this.#columnOffsets[n]
    if (offset === undefined)
      throw new RangeError(`no series ${n} in a block of ${this.#columnOffsets.length}`)
    const reader = new ByteReader(this.#bytes, offset)
    const times = this.#timeColumn(reader.varint())
    const stale = reader.byte() === 1 ? reader.take(Math.ceil(times.length / 8)) : null
    const decimals = reader.byte()
    const next = decimals === RAW ? rawReader(reader) : scaledReader(reader, decimals)
    for (let i = 0; i < times.length; i += 1) {
      const at = times[i]!
      if (at > to) return
      const ended = stale !== null && (stale[i >> 3]! & (1 << (i & 7))) !== 0
      const value = ended ? Number.NaN : next()
      if (at >= from) out.push(at, value, ended)
    }
  }

  #timeColumn(n: number): Float64Array {
    let times = this.#times[n]
    if (times === undefined) {
      const offset = this.#timeOffsets[n]
      if (offset === undefined) throw new RangeError(`no time column ${n}`)
      times = readTimes(new ByteReader(this.#bytes, offset))
      this.#times[n] = times
    }
    return times
  }
}

function writeTimes(out: ByteWriter, times: Float64Array): void {
  out.varint(times.length)
  let [last, step] = [0, 0]
  for (const at of times) {
    out.zigzag(at - last - step)
    step = at - last
    last = at
  }
}

function readTimes(reader: ByteReader): Float64Array {
  const count = reader.varint()
  // Each takes a byte at least: damaged bytes must not ask for gigabytes.
  if (count > reader.left) throw new RangeError(`${count} times in ${reader.left} bytes`)
  const times = new Float64Array(count)
  let [last, step] = [0, 0]
  for (let i = 0; i < times.length; i += 1) {
    step += reader.zigzag()
    last += step
    times[i] = last
  }
  return times
}

function writeStaleness(out: ByteWriter, { stale, length, anyStale }: Gather): void {
  out.byte(anyStale ? 1 : 0)
  if (!anyStale) return
  const bits = new Uint8Array(Math.ceil(length / 8))
  for (let i = 0; i < length; i += 1) if (stale[i] === 1) bits[i >> 3]! |= 1 << (i & 7)
  out.append(bits)
}

const plainValues = ({ values, stale, length }: Gather): Float64Array =>
  values.subarray(0, length).filter((_, i) => stale[i] === 0)

function writeValues(out: ByteWriter, values: Float64Array): void {
  const decimals = decimalsOf(values)
  if (decimals === null) {
    out.byte(RAW)
    out.append(new Uint8Array(values.slice().buffer))
    return
  }
  out.byte(decimals)
  const scale = POWERS[decimals]!
  let last = 0
  for (let i = 0; i < values.length; i += 1) {
    const scaled = Math.round(values[i]! * scale)
    out.zigzag(scaled - last)
    last = scaled
  }
}

/** The fewest decimals with which all values are whole numbers and come back bit for bit; null when there are none. */
function decimalsOf(values: Float64Array): number | null {
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals += 1)
    if (allWhole(values, POWERS[decimals]!)) return decimals
  return null
}

function allWhole(values: Float64Array, scale: number): boolean {
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!
    const scaled = Math.round(value * scale)
    // Also false for NaN and infinities. Zero needs its sign.
    if (!(scaled <= SCALED_MAX && scaled >= -SCALED_MAX) || scaled / scale !== value) return false
    if (value === 0 && Object.is(value, -0)) return false
  }
  return true
}

function scaledReader(reader: ByteReader, decimals: number): () => number {
  const scale = POWERS[decimals]
  if (scale === undefined) throw new RangeError(`${decimals} decimals`)
  let last = 0
  return () => {
    last += reader.zigzag()
    return last / scale
  }
}

function rawReader(reader: ByteReader): () => number {
  return () => {
    const bytes = reader.take(8)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)
  }
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}
