// One Parquet data page → levels and values, with every count checked before it is believed.
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { ColumnMetaData, DecodedArray, PageHeader } from 'hyparquet'
import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js'
import { readPlain } from 'hyparquet/src/plain.js'
import { compressors } from 'hyparquet-compressors'

/** Largest page that is inflated. Writers stop at 1 MiB; some put a whole row group into one. */
export const MAX_PAGE_BYTES = 256 * 1_048_576

export interface Leaf {
  readonly path: string
  readonly type: NonNullable<ColumnMetaData['type']>
  readonly typeLength: number | undefined
  /** Definition level of a present value, and repetition level of the innermost list. */
  readonly maxDef: number
  readonly maxRep: number
  /** From this definition level on an entry of the innermost list exists, possibly as null. */
  readonly entryDef: number
  /** What an INT64, INT32 or INT96 means, if it is a time. */
  readonly time: 'millis' | 'micros' | 'nanos' | 'days' | null
  /** Digits after the point of a DECIMAL, whose values are whole numbers or bytes of them; null where it is none. */
  readonly scale: number | null
}

export interface Page {
  /** Rows, or list entries where the leaf is repeated. */
  readonly count: number
  /** Null when every value is present. */
  readonly defs: Uint8Array | null
  readonly reps: Uint8Array | null
  /** The present values, or the dictionary that `indices` point into. */
  readonly values: DecodedArray
  readonly indices: Int32Array | null
}

export function inflate(bytes: Uint8Array, codec: ColumnMetaData['codec'], size: number): Uint8Array {
  if (!(size >= 0 && size <= MAX_PAGE_BYTES)) {
    throw new RangeError(`a page of ${size} bytes, the limit is ${MAX_PAGE_BYTES}`)
  }
  const limit = { maxOutputLength: Math.max(size, 1) }
  const page = inflateWith(bytes, codec, size, limit)
  if (page.length !== size) throw new RangeError(`a page inflates to ${page.length} bytes instead of ${size}`)
  return page
}

function inflateWith(
  bytes: Uint8Array,
  codec: ColumnMetaData['codec'],
  size: number,
  limit: { maxOutputLength: number },
): Uint8Array {
  if (size === 0) return new Uint8Array(0)
  if (codec === 'UNCOMPRESSED') return bytes
  if (codec === 'ZSTD') return zstdDecompressSync(bytes, limit)
  if (codec === 'GZIP') return gunzipSync(bytes, limit)
  if (codec === 'BROTLI') return brotliDecompressSync(bytes, limit)
  const decompress = compressors[codec]
  if (decompress === undefined) throw new RangeError(`unknown compression ${codec}`)
  return decompress(bytes, size)
}

export function readDictionary(page: Uint8Array, header: PageHeader, leaf: Leaf): DecodedArray {
  const count = header.dictionary_page_header?.num_values ?? 0
  return readPlainChecked(page, 0, leaf, count)
}

export function readDataPage(
  bytes: Uint8Array,
  header: PageHeader,
  leaf: Leaf,
  codec: ColumnMetaData['codec'],
  dictionary: DecodedArray | null,
): Page {
  const v2 = header.data_page_header_v2
  if (v2) {
    const repsEnd = v2.repetition_levels_byte_length
    const levelsEnd = repsEnd + v2.definition_levels_byte_length
    const rest = bytes.subarray(levelsEnd)
    const size = header.uncompressed_page_size - levelsEnd
    const data = v2.is_compressed === false ? rest : inflate(rest, codec, size)
    const reps = leaf.maxRep ? readRuns(bytes.subarray(0, repsEnd), width(leaf.maxRep), v2.num_values) : null
    const defs = readDefs(bytes.subarray(repsEnd, levelsEnd), leaf, v2.num_values)
    return withValues(data, 0, v2.encoding, leaf, v2.num_values, defs, reps, dictionary)
  }
  const v1 = header.data_page_header
  if (!v1) throw new RangeError('a page without a header')
  const data = inflate(bytes, codec, header.uncompressed_page_size)
  let offset = 0
  const levels = (): Uint8Array => {
    const length = new DataView(data.buffer, data.byteOffset + offset, 4).getUint32(0, true)
    const start = offset + 4
    if (start + length > data.length) throw new RangeError(`levels of ${length} bytes leave the page`)
    offset = start + length
    return data.subarray(start, offset)
  }
  const reps = leaf.maxRep ? readRuns(levels(), width(leaf.maxRep), v1.num_values) : null
  const defs = leaf.maxDef ? readDefs(levels(), leaf, v1.num_values) : null
  return withValues(data, offset, v1.encoding, leaf, v1.num_values, defs, reps, dictionary)
}

function withValues(
  data: Uint8Array,
  offset: number,
  encoding: string,
  leaf: Leaf,
  count: number,
  defs: Uint8Array | null,
  reps: Uint8Array | null,
  dictionary: DecodedArray | null,
): Page {
  let present = count
  if (defs !== null) for (let i = 0; i < defs.length; i++) if (defs[i] !== leaf.maxDef) present -= 1
  const page = { count, defs: present === count ? null : defs, reps }
  if (present === 0) return { ...page, values: [], indices: null }
  if (encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY') {
    if (dictionary === null) throw new RangeError('a page refers to a dictionary that is not there')
    const indices = readIndices(data, offset, present, dictionary.length)
    return { ...page, values: dictionary, indices }
  }
  return { ...page, values: readValues(data, offset, encoding, leaf, present), indices: null }
}

function readValues(
  data: Uint8Array,
  offset: number,
  encoding: string,
  leaf: Leaf,
  count: number,
): DecodedArray {
  if (encoding === 'PLAIN') return readPlainChecked(data, offset, leaf, count)
  const reader = { view: new DataView(data.buffer, data.byteOffset, data.byteLength), offset }
  if (encoding === 'RLE' && leaf.type === 'BOOLEAN') {
    return Array.from(readRuns(data.subarray(offset + 4), 1, count), (bit) => bit === 1)
  }
  if (encoding === 'DELTA_BINARY_PACKED') {
    const values = leaf.type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count)
    deltaBinaryUnpack(reader, count, values)
    return values
  }
  const values: Uint8Array[] = Array.from({ length: count })
  if (encoding === 'DELTA_LENGTH_BYTE_ARRAY') deltaLengthByteArray(reader, count, values)
  else if (encoding === 'DELTA_BYTE_ARRAY') deltaByteArray(reader, count, values)
  else throw new RangeError(`unknown encoding ${encoding}`)
  return values
}

/** Bytes that a plain value takes at least; a count that cannot fit is refused before memory is taken for it. */
const LEAST_BITS: Readonly<Record<string, number>> = {
  BOOLEAN: 1,
  INT32: 32,
  FLOAT: 32,
  INT64: 64,
  DOUBLE: 64,
  INT96: 96,
  BYTE_ARRAY: 32,
  FIXED_LEN_BYTE_ARRAY: 8,
}

function readPlainChecked(data: Uint8Array, offset: number, leaf: Leaf, count: number): DecodedArray {
  const bits = LEAST_BITS[leaf.type] ?? 1
  if (!(count >= 0) || (count * bits) / 8 > data.length - offset + 1) {
    throw new RangeError(`${count} values of ${leaf.type} do not fit into ${data.length - offset} bytes`)
  }
  const reader = { view: new DataView(data.buffer, data.byteOffset, data.byteLength), offset }
  return readPlain(reader, leaf.type, count, leaf.typeLength)
}

function readIndices(data: Uint8Array, offset: number, count: number, size: number): Int32Array {
  const indices = new Int32Array(count)
  decodeRuns(data.subarray(offset + 1), data[offset] ?? 0, indices)
  for (let i = 0; i < count; i++) {
    if (indices[i]! < 0 || indices[i]! >= size) {
      throw new RangeError(`index ${indices[i]!} into a dictionary of ${size}`)
    }
  }
  return indices
}

function readRuns(data: Uint8Array, bits: number, count: number): Uint8Array {
  const values = new Uint8Array(count)
  decodeRuns(data, bits, values)
  return values
}

/** Null where nothing is missing: mostly one run says so, and there is nothing to decode. */
function readDefs(data: Uint8Array, { maxDef }: Leaf, count: number): Uint8Array | null {
  if (maxDef === 0 || isOneRun(data, maxDef, count)) return null
  return readRuns(data, width(maxDef), count)
}

/** Levels up to 255 take a byte in a run. */
function isOneRun(data: Uint8Array, level: number, count: number): boolean {
  let header = 0
  for (let at = 0; at < 4; at++) {
    const byte = data[at] ?? 0
    header |= (byte & 127) << (7 * at)
    if (byte < 128) return (header & 1) === 0 && header >>> 1 >= count && data[at + 1] === level
  }
  return false
}

const width = (max: number): number => 32 - Math.clz32(max)

/**
 * Parquet's hybrid of runs and bit-packed groups (Encodings.md). Ours instead of the library's
 * because a hostile run length must neither grow the output nor keep the loop busy.
 */
function decodeRuns(data: Uint8Array, bits: number, out: Uint8Array | Int32Array): void {
  if (bits > 32) throw new RangeError(`a bit width of ${bits}`)
  if (bits === 0) return
  let at = 0
  let seen = 0
  while (seen < out.length) {
    let header = 0
    let shift = 0
    for (;;) {
      const byte = data[at++]
      if (byte === undefined || shift > 28) throw new RangeError('a run leaves the page')
      header |= (byte & 127) << shift
      if (byte < 128) break
      shift += 7
    }
    const length = header >>> 1
    if ((header & 1) === 0) {
      let value = 0
      for (let i = 0; i < (bits + 7) >> 3; i++) value |= (data[at++] ?? 0) << (8 * i)
      const end = Math.min(seen + length, out.length)
      if (end === seen && length === 0 && at >= data.length)
        throw new RangeError('an empty run ends the page')
      out.fill(value, seen, end)
      seen = end
      continue
    }
    if (at >= data.length) throw new RangeError('a bit-packed group leaves the page')
    const end = Math.min(seen + length * 8, out.length)
    let bit = 0
    for (; seen < end; seen++, bit += bits) out[seen] = bitsAt(data, at, bit, bits)
    at += length * bits
  }
}

function bitsAt(data: Uint8Array, from: number, bit: number, bits: number): number {
  const at = from + (bit >>> 3)
  const shift = bit & 7
  // Up to 25 bits fit a 32-bit word whatever the shift; wider values need the fifth byte.
  const word =
    (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24)
  if (bits + shift <= 32) return (word >>> shift) & (bits === 32 ? -1 : (1 << bits) - 1)
  const low = word >>> shift
  return (low | ((data[at + 4] ?? 0) << (32 - shift))) & (bits === 32 ? -1 : (1 << bits) - 1)
}
