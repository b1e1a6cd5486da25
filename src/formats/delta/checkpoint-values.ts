// Values of a checkpoint's leaves: texts, the entries of lists and maps, times of every Parquet spelling.
import type { Leaf, Page } from '../parquet-page.ts'
import type { ParquetValue } from '../parquet.ts'
import { timeOf } from './stats.ts'

/** Awaited often while decoding: lets other work have its turn. */
export type Pause = () => Promise<void>
export type Visit = (page: Page, firstRow: number, leaf: Leaf) => void

/** Collects a repeated leaf's text entries row by row; decodes each dictionary entry once. */
export function entriesOf(call: (row: number, entries: (string | null)[]) => void): Visit {
  let row = -1
  let entries: (string | null)[] = []
  const decoded = new Map<Uint8Array, string>()
  return (page, _first, leaf) => {
    const values = page.values as unknown as ArrayLike<Uint8Array>
    let next = 0
    for (let i = 0; i < page.count; i++) {
      if (page.reps === null || page.reps[i] === 0) {
        if (row >= 0 && entries.length > 0) call(row, entries)
        row += 1
        entries = []
      }
      const def = page.defs === null ? leaf.maxDef : page.defs[i]!
      if (def === leaf.maxDef) {
        const at = page.indices === null ? next : page.indices[next]!
        next += 1
        entries.push(decodeOnce(values[at]!, page.indices !== null, decoded))
      } else if (def >= leaf.entryDef) entries.push(null)
    }
    // The last row of a page is complete: rows do not continue over pages but in rare V1 files, whose rest is added then.
    if (row >= 0 && entries.length > 0) call(row, entries)
  }
}

function decodeOnce(bytes: Uint8Array, shared: boolean, decoded: Map<Uint8Array, string>): string {
  const known = shared ? decoded.get(bytes) : undefined
  if (known !== undefined) return known
  const text = textOf(bytes)
  if (shared) decoded.set(bytes, text)
  return text
}

export const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

export function eventTimeOf(value: ParquetValue, leaf: Leaf): number {
  if (value instanceof Uint8Array) return timeOf(textOf(value))
  if (leaf.time === 'days') return Number(value) * 86_400_000
  if (leaf.time === 'micros') return Math.floor(Number(value) / 1_000)
  if (leaf.time === 'millis') return Number(value)
  return leaf.time === 'nanos' && leaf.type === 'INT96' ? nanosOfInt96(value) : Number(value) / 1_000_000
}

/** Twelve bytes as one integer: the Julian day above 64 bits of nanoseconds within it. */
function nanosOfInt96(value: ParquetValue): number {
  if (typeof value !== 'bigint') return Number.NaN
  const day = Number(value >> 64n) - 2_440_588
  return day * 86_400_000 + Math.floor(Number(value & 0xffffffffffffffffn) / 1_000_000)
}
