// A bill's Parquet file, row by row: only the columns that are asked for, one row group at a time.
import type { ByteSource } from '../../model/bytes.ts'
import { SourceError } from '../../model/errors.ts'
import type { Leaf } from '../parquet-page.ts'
import { type ParquetValue, eachValue, openParquet, readLeaves } from '../parquet.ts'
import { type Cell, type Row, type Vocabulary, columnKey, vocabularyOf } from './charges.ts'

/** Writers make at most a million; the columns of one group are held at once. */
const MAX_GROUP_ROWS = 2_000_000

/** Rows after which others have their turn. */
const TURN = 2_000

export interface ParquetRows {
  readonly vocabulary: Vocabulary | undefined
  readonly has: (column: string) => boolean
  /** Calls back for each row. `pause` is awaited between pages and every few thousand rows, and may throw to stop. */
  each(take: (row: Row) => void, pause: () => Promise<void>): Promise<void>
}

export async function parquetRows(source: ByteSource): Promise<ParquetRows> {
  const file = await openParquet(source)
  const byKey = new Map(
    [...file.leaves].filter(([, leaf]) => leaf.maxRep === 0).map(([path]) => [columnKey(path), path]),
  )
  const has = (column: string): boolean => byKey.has(column)
  const vocabulary = vocabularyOf(has)
  const wanted = (vocabulary?.columns ?? []).filter(has)
  return {
    vocabulary,
    has,
    async each(take, pause) {
      for (const [group, { rows }] of file.groups.entries()) {
        if (rows > MAX_GROUP_ROWS)
          throw new SourceError(
            'too-large',
            `${source.name} has a row group of ${rows} rows, the limit is ${MAX_GROUP_ROWS}`,
            { subject: source.name },
          )
        const columns = new Map(wanted.map((key) => [key, Array.from<Cell>({ length: rows }).fill(null)]))
        const visits = wanted.map((key) => {
          const cells = columns.get(key)!
          const path = byKey.get(key)!
          const read = cellReader(file.leaves.get(path)!)
          const visit: Visit = (page, firstRow, leaf) =>
            eachValue(page, firstRow, leaf, (row, value) => (cells[row] = read(value)))
          return [path, visit] as const
        })
        await readLeaves(file, group, new Map(visits), pause)
        for (let row = 0; row < rows; row++) {
          take((column) => columns.get(column)?.[row] ?? null)
          if (row % TURN === TURN - 1) await pause()
        }
        await pause()
      }
    },
  }
}

type Visit = Parameters<typeof readLeaves>[2] extends ReadonlyMap<string, infer V> ? V : never

const MILLIS = { millis: 1, micros: 1e-3, nanos: 1e-6, days: 86_400_000 } as const

function cellReader({ time, scale }: Leaf): (value: ParquetValue) => Cell {
  const decoder = new TextDecoder()
  // Values of a dictionary are the same object each time.
  const texts = new Map<Uint8Array, string>()
  const textOf = (bytes: Uint8Array): string => {
    const known = texts.get(bytes)
    if (known !== undefined) return known
    const text = decoder.decode(bytes)
    if (texts.size < 100_000) texts.set(bytes, text)
    return text
  }
  return (value) => {
    if (value instanceof Uint8Array) return scale === null ? textOf(value) : wholeOf(value) / 10 ** scale
    if (typeof value === 'boolean') return String(value)
    const amount = Number(value)
    return time !== null ? amount * MILLIS[time] : scale !== null ? amount / 10 ** scale : amount
  }
}

/** Big-endian two's complement; what a double cannot hold is rounded. */
function wholeOf(bytes: Uint8Array): number {
  let value = bytes.length > 0 && bytes[0]! >= 0x80 ? -1 : 0
  for (const byte of bytes) value = value * 256 + byte
  return value
}
