// Reads Avro values out of bytes, only the wanted ones, without trusting a length or a count.
// Our own instead of a library's: those generate code from the foreign schema and loop over declared counts.
import { type AvroType, takesNoBytes } from './avro-schema.ts'

/** Where reading is; shared by every reader of a block. */
export interface Cursor {
  bytes: Buffer
  at: number
}

/** A long as a number where a double holds it, else as bigint. */
export type AvroLong = number | bigint

/**
 * Values that a caller wants of each row: a path through records (`data_file.file_size_in_bytes`), or with `key`
 * the value of one key of a map that is written as an array of key/value records. With `keys` it is a function that
 * reads the values of those keys when it is called, before the next row: for the few rows of which somebody asks.
 */
export type Want =
  | string
  | { readonly path: string; readonly key: number }
  | { readonly path: string; readonly keys: readonly number[] }

/** What a want with `keys` gives: by key, null where the map has none of it. */
export type ReadKeys = () => readonly unknown[]

export type ReadRow = (cursor: Cursor, row: unknown[]) => void
type Read = (cursor: Cursor) => unknown
type Skip = (cursor: Cursor) => void

/** Wanted parts of a type: the slot its value goes to, or those of its fields. */
interface Selection {
  slot: number | null
  key: number | null
  later: { readonly slot: number; readonly keys: readonly number[] } | null
  fields: Map<string, Selection>
}

/** Fills `row[i]` with the value of `wants[i]`, null where the schema or the value has none. */
export function rowReader(type: AvroType, wants: readonly Want[]): ReadRow {
  const nothing = (): Selection => ({ slot: null, key: null, later: null, fields: new Map() })
  const root = nothing()
  for (const [slot, want] of wants.entries()) {
    let node = root
    for (const name of (typeof want === 'string' ? want : want.path).split('.')) {
      let next = node.fields.get(name)
      if (!next) node.fields.set(name, (next = nothing()))
      node = next
    }
    if (typeof want !== 'string' && 'keys' in want) {
      node.later = { slot, keys: want.keys }
      continue
    }
    node.slot = slot
    if (typeof want !== 'string') node.key = want.key
  }
  return into(type, root) ?? (() => {})
}

/** Throws RangeError where the bytes end too early. */
export function readLong(cursor: Cursor): AvroLong {
  const { bytes } = cursor
  let at = cursor.at
  let byte = bytes[at++]
  if (byte === undefined) throw short(cursor, 1)
  let low = byte & 0x7f
  for (let shift = 7; byte > 0x7f && shift < 28; shift += 7) {
    byte = bytes[at++]
    if (byte === undefined) throw short(cursor, 1)
    low |= (byte & 0x7f) << shift
  }
  cursor.at = at
  return byte > 0x7f ? readLongTail(cursor, low) : (low >>> 1) ^ -(low & 1)
}

/** The rest of a varint whose first 28 bits are `low`. */
function readLongTail(cursor: Cursor, low: number): AvroLong {
  const { bytes } = cursor
  let middle = 0
  let high = 0
  for (let shift = 28; ; shift += 7) {
    const byte = bytes[cursor.at++]
    if (byte === undefined) throw short(cursor, 1)
    if (shift > 63) throw new RangeError(`a long at byte ${cursor.at} is longer than 10 bytes`)
    if (shift < 56) middle |= (byte & 0x7f) << (shift - 28)
    else high |= (byte & 0x7f) << (shift - 56)
    if (byte <= 0x7f) break
  }
  const sign = low & 1
  // Half of the zigzag number fits in 53 bits when bits 54 and up are empty.
  if (high === 0 && middle < 0x400_0000) {
    const half = (low >>> 1) + middle * 0x800_0000
    return sign === 0 ? half : -half - 1
  }
  const half = (BigInt(low) | (BigInt(middle) << 28n) | (BigInt.asUintN(8, BigInt(high)) << 56n)) >> 1n
  return sign === 0 ? half : -half - 1n
}

function skipLong(cursor: Cursor): void {
  const { bytes } = cursor
  let at = cursor.at
  while (bytes[at]! > 0x7f) at += 1
  if (at >= bytes.length) throw short(cursor, 1)
  cursor.at = at + 1
}

/** A long that says how much follows: checked against what is there before anything is made of it. */
function readLength(cursor: Cursor): number {
  const length = readLong(cursor)
  const left = cursor.bytes.length - cursor.at
  if (length < 0 || length > left) throw short(cursor, length)
  return Number(length)
}

function advance(cursor: Cursor, length: number): number {
  const start = cursor.at
  if (start + length > cursor.bytes.length) throw short(cursor, length)
  cursor.at = start + length
  return start
}

const short = (cursor: Cursor, needed: AvroLong): RangeError =>
  new RangeError(`${needed} bytes expected at byte ${cursor.at} of ${cursor.bytes.length}`)

/** How many items the next part of an array or map has; 0 ends it. Each item takes at least one byte. */
function readCount(cursor: Cursor): number {
  const count = readLong(cursor)
  if (count < 0) skipLong(cursor)
  const items = count < 0 ? -count : Number(count)
  if (items > cursor.bytes.length - cursor.at) {
    throw new RangeError(`${items} items declared at byte ${cursor.at} of ${cursor.bytes.length}`)
  }
  return Number(items)
}

/** Reads a value of any type whole: records as objects without prototype, bytes as views of the block. */
function reader(type: AvroType): Read {
  switch (type.kind) {
    case 'null':
      return () => null
    case 'boolean':
      return (c) => c.bytes[advance(c, 1)] === 1
    case 'int':
    case 'long':
      return readLong
    case 'float':
      return (c) => c.bytes.readFloatLE(advance(c, 4))
    case 'double':
      return (c) => c.bytes.readDoubleLE(advance(c, 8))
    case 'bytes':
      return readBytes
    case 'string':
      return readString
    case 'fixed':
      return (c) => {
        const start = advance(c, type.size)
        return c.bytes.subarray(start, start + type.size)
      }
    case 'enum':
      return (c) => {
        const index = Number(readLong(c))
        const symbol = type.symbols[index]
        if (symbol === undefined) throw new RangeError(`enum value ${index} of ${type.symbols.length}`)
        return symbol
      }
    case 'array':
      return repeated(reader(type.items))
    case 'map': {
      const value = reader(type.values)
      return repeated((c) => ({ key: readString(c), value: value(c) }))
    }
    case 'union': {
      const branches = type.branches.map(reader)
      return (c) => branch(branches, c)(c)
    }
    case 'record': {
      const fields = type.fields.map((field) => [field.name, reader(field.type)] as const)
      return (c) => {
        const record: Record<string, unknown> = Object.create(null) as Record<string, unknown>
        for (const [name, read] of fields) record[name] = read(c)
        return record
      }
    }
  }
}

function readBytes(c: Cursor): Buffer {
  const length = readLength(c)
  const start = advance(c, length)
  return c.bytes.subarray(start, start + length)
}

function readString(c: Cursor): string {
  const length = readLength(c)
  const start = advance(c, length)
  return c.bytes.toString('utf8', start, start + length)
}

function repeated(item: Read): Read {
  return (c) => {
    const items: unknown[] = []
    for (let count = readCount(c); count > 0; count = readCount(c)) {
      for (; count > 0; count--) items.push(item(c))
    }
    return items
  }
}

function branch<T>(branches: readonly T[], c: Cursor): T {
  const index = Number(readLong(c))
  const chosen = branches[index]
  if (chosen === undefined)
    throw new RangeError(`union branch ${index} of ${branches.length} at byte ${c.at}`)
  return chosen
}

/** Passes over a value; null when there is nothing to pass over. */
function skipper(type: AvroType): Skip | null {
  if (takesNoBytes(type)) return null
  switch (type.kind) {
    case 'null':
      return null
    case 'boolean':
      return (c) => void advance(c, 1)
    case 'int':
    case 'long':
    case 'enum':
      return skipLong
    case 'float':
      return (c) => void advance(c, 4)
    case 'double':
      return (c) => void advance(c, 8)
    case 'bytes':
    case 'string':
      return skipText
    case 'fixed':
      return (c) => void advance(c, type.size)
    case 'array':
      return skipRepeated(skipper(type.items))
    case 'map':
      return skipRepeated(sequence([skipText, skipper(type.values)]))
    case 'union': {
      const branches = type.branches.map((option) => skipper(option) ?? (() => {}))
      return (c) => branch(branches, c)(c)
    }
    case 'record':
      return sequence(type.fields.map((field) => skipper(field.type)))
  }
}

function skipText(c: Cursor): void {
  // Not `+=`: that would take the position from before the length was read.
  c.at = readLength(c) + c.at
}

function sequence(steps: readonly (Skip | null)[]): Skip | null {
  const real = steps.filter((step) => step !== null)
  const [first, second] = real
  if (first === undefined) return null
  if (second === undefined) return first
  // Most of a manifest are maps of two primitives: no loop for those.
  if (real.length === 2) {
    return (c) => {
      first(c)
      second(c)
    }
  }
  return (c) => {
    for (const step of real) step(c)
  }
}

function skipRepeated(item: Skip | null): Skip {
  return (c) => {
    for (;;) {
      const count = readLong(c)
      if (count === 0) return
      if (count < 0) {
        // Negative counts are followed by the size of their items, which is there to be skipped.
        c.at = readLength(c) + c.at
        continue
      }
      if (count > c.bytes.length - c.at) {
        throw new RangeError(`${count} items declared at byte ${c.at} of ${c.bytes.length}`)
      }
      if (item) for (let i = Number(count); i > 0; i--) item(c)
    }
  }
}

/** Reads a value, putting what is selected of it into the row; null when it takes no bytes and is not wanted. */
function into(type: AvroType, selection: Selection | undefined): ReadRow | null {
  if (selection === undefined) return skipper(type)
  const { slot, key, later } = selection
  if (later !== null) return deferred(type, later, into(type, { ...selection, later: null }))
  if (slot !== null) {
    const read = key === null ? reader(type) : keyReader(type, key)
    return (c, row) => {
      row[slot] = read(c)
    }
  }
  if (type.kind === 'union') {
    const branches = type.branches.map((option) => into(option, selection) ?? (() => {}))
    return (c, row) => branch(branches, c)(c, row)
  }
  if (type.kind !== 'record') return skipper(type)
  const steps = type.fields
    .map((field) => into(field.type, selection.fields.get(field.name)))
    .filter((step) => step !== null)
  return (c, row) => {
    for (const step of steps) step(c, row)
  }
}

/** Notes where a map begins and goes on; the values are read from there when somebody asks. */
function deferred(
  type: AvroType,
  { slot, keys }: { readonly slot: number; readonly keys: readonly number[] },
  next: ReadRow | null,
): ReadRow {
  const place: Cursor = { bytes: Buffer.alloc(0), at: 0 }
  const readers = keys.map((key) => keyReader(type, key))
  const read: ReadKeys = () => readers.map((reader) => reader({ ...place }))
  return (c, row) => {
    place.bytes = c.bytes
    place.at = c.at
    row[slot] = read
    next?.(c, row)
  }
}

/** The value under one key of a map that is written as an array of records {key, value}; null where it is not there. */
function keyReader(type: AvroType, key: number): Read {
  if (type.kind === 'union') {
    const branches = type.branches.map((option) => keyReader(option, key))
    return (c) => branch(branches, c)(c)
  }
  const fields = type.kind === 'array' && type.items.kind === 'record' ? type.items.fields : []
  const [first, second] = fields
  if (fields.length !== 2 || first?.type.kind !== 'int' || second === undefined) {
    const skip = skipper(type)
    return (c) => {
      skip?.(c)
      return null
    }
  }
  const read = reader(second.type)
  const skip = skipper(second.type)
  return (c) => {
    let found: unknown = null
    for (let count = readCount(c); count > 0; count = readCount(c)) {
      for (; count > 0; count--) {
        if (readLong(c) === key) found = read(c)
        else skip?.(c)
      }
    }
    return found
  }
}
