// The write-ahead of samples in metrics.db: the series dictionary, and one compressed blob an append.
import { crc32 } from 'node:zlib'
import type { Labels } from '../model/series.ts'
import type { Database } from './database.ts'
import { NAME } from './labels.ts'
import { ByteReader, ByteWriter } from './varint.ts'
import { ZSTD_FAST, ZSTD_SMALL, compress, decompress } from './zstd.ts'

export const TICKS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS series (first INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS scopes (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, layout INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS layouts (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS ticks (
    id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, at INTEGER NOT NULL, layout INTEGER NOT NULL, base INTEGER,
    crc INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS tick_bodies (tick INTEGER PRIMARY KEY, ended BLOB NOT NULL, body BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL, crc INTEGER NOT NULL);
`

/** Series in one row of the dictionary: small enough to rewrite when some of them are forgotten. */
export const DICTIONARY_ROW = 4_096

/** A series of the dictionary; its labels include the name. */
export interface Named {
  readonly id: number
  readonly labels: Labels
}

/** Texts once, series as numbers: `[id, name, key, value, key, value…]`. */
export function encodeDictionary(series: readonly Named[]): Uint8Array {
  const texts = new Map<string, number>()
  const number = (text: string): number => {
    let known = texts.get(text)
    if (known === undefined) texts.set(text, (known = texts.size))
    return known
  }
  const rows = series.map(({ id, labels }) => [
    id,
    number(labels[NAME]!),
    ...Object.entries(labels).flatMap(([key, value]) => (key === NAME ? [] : [number(key), number(value)])),
  ])
  return compress(Buffer.from(JSON.stringify([[...texts.keys()], rows])), ZSTD_SMALL)
}

export function decodeDictionary(body: Uint8Array): Named[] {
  const [texts, rows] = JSON.parse(Buffer.from(decompress(body)).toString()) as [string[], number[][]]
  return rows.map((row) => {
    const labels: Record<string, string> = { [NAME]: texts[row[1]!]! }
    for (let i = 2; i < row.length; i += 2) labels[texts[row[i]!]!] = texts[row[i + 1]!]!
    return { id: row[0]!, labels }
  })
}

/** Ids in their order; neighbours usually follow each other. */
export function encodeIds(ids: Iterable<number>): Uint8Array {
  const out = new ByteWriter()
  let last = 0
  for (const id of ids) {
    out.zigzag(id - last)
    last = id
  }
  return compress(out.bytes(), ZSTD_FAST)
}

export function decodeIds(body: Uint8Array): number[] {
  const bytes = decompress(body)
  const reader = new ByteReader(bytes)
  const ids: number[] = []
  let last = 0
  while (reader.offset < bytes.length) ids.push((last += reader.zigzag()))
  return ids
}

/** Bitwise difference of two appends of the same series: what did not change becomes zeros. */
export function difference(values: Float64Array, base: Float64Array | null, out: Float64Array): Uint8Array {
  const count = values.length * 2
  const a = new Uint32Array(values.buffer, values.byteOffset, count)
  const c = new Uint32Array(out.buffer, out.byteOffset, count)
  if (base === null) c.set(a)
  else {
    const b = new Uint32Array(base.buffer, base.byteOffset, count)
    for (let i = 0; i < count; i += 1) c[i] = a[i]! ^ b[i]!
  }
  return new Uint8Array(out.buffer, out.byteOffset, count * 4)
}

export const encodeValues = (bytes: Uint8Array): Uint8Array => compress(bytes, ZSTD_FAST)

export function decodeValues(body: Uint8Array, base: Float64Array | null, count: number): Float64Array {
  const bytes = decompress(body)
  if (bytes.length !== count * 8) throw new RangeError(`${bytes.length} bytes for ${count} values`)
  const values = new Float64Array(count)
  new Uint8Array(values.buffer).set(bytes)
  if (base !== null) difference(values, base, values)
  return values
}

export interface Tick {
  readonly id: number
  readonly scope: number
  readonly at: number
  readonly layout: number
  readonly base: number | null
}

/** A wrong time would be a wrong sample; SQLite does not notice a flipped bit in a number. */
export const tickCrc = ({ id, scope, at, layout, base }: Tick): number =>
  crc32(`${id} ${scope} ${at} ${layout} ${base}`)

export function writeTick(database: Database, tick: Tick, ended: Uint8Array, body: Uint8Array): void {
  database
    .prepare('INSERT INTO ticks (id, scope, at, layout, base, crc) VALUES (?, ?, ?, ?, ?, ?)')
    .run(tick.id, tick.scope, tick.at, tick.layout, tick.base, tickCrc(tick))
  database.prepare('INSERT INTO tick_bodies (tick, ended, body) VALUES (?, ?, ?)').run(tick.id, ended, body)
}
