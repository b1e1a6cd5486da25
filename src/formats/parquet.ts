// Parquet files column by column: the footer, then only the leaves and row groups that are asked for.
// hyparquet reads thrift and the value encodings; projection into nested leaves and all limits are ours.
import { type FileMetaData, type SchemaTree, parquetMetadata, parquetSchema } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import type { ColumnMetaData, DecodedArray } from 'hyparquet'
import type { ByteSource } from '../model/bytes.ts'
import { SourceError } from '../model/errors.ts'
import { type Leaf, type Page, inflate, readDataPage, readDictionary } from './parquet-page.ts'

/** The last bytes, read in one request; a small file is read whole by it. */
const TAIL_BYTES = 512 * 1024
const MAX_FOOTER_BYTES = 64 * 1_048_576
/** Rows per row group (writers make 0.1 to 1 million) and values per row that repeated leaves may have on average. */
const MAX_GROUP_ROWS = 20_000_000
const MAX_ENTRIES_PER_ROW = 100

export interface ParquetFile {
  readonly source: ByteSource
  readonly rows: number
  readonly groups: readonly RowGroup[]
  /** By dotted path. */
  readonly leaves: ReadonlyMap<string, Leaf>
}

interface RowGroup {
  readonly rows: number
  readonly chunks: ReadonlyMap<string, Chunk>
}

/** Where a column of a row group lies. A damaged footer has anything anywhere: these are checked to be numbers. */
interface Chunk {
  readonly codec: ColumnMetaData['codec']
  readonly start: number
  readonly end: number
  readonly values: number
  /** Null where statistics do not say. */
  readonly nulls: number | null
}

export async function openParquet(source: ByteSource): Promise<ParquetFile> {
  const tail = await source.slice(Math.max(0, source.byteLength - TAIL_BYTES))
  const end = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  const length = tail.byteLength >= 12 ? end.getUint32(tail.byteLength - 8, true) : -1
  if (length < 0 || end.getUint32(tail.byteLength - 4, true) !== 0x31524150) {
    throw corrupt(
      source,
      `${source.byteLength} bytes that do not end as a Parquet file does; it may be truncated`,
    )
  }
  if (length > source.byteLength - 12) {
    throw corrupt(source, `a footer of ${length} bytes in a file of ${source.byteLength}`)
  }
  if (length > MAX_FOOTER_BYTES) {
    throw new SourceError(
      'too-large',
      `${source.name} has a footer of ${length} bytes, the limit is ${MAX_FOOTER_BYTES}`,
      {
        subject: source.name,
      },
    )
  }
  const footer = length + 8 <= tail.byteLength ? tail : await source.slice(source.byteLength - length - 8)
  return guarded(source, () =>
    describe(remembering(source, tail), parquetMetadata(footer, { geoparquet: false })),
  )
}

/** True when the leaf has a value somewhere in the group, as far as its statistics tell. */
export function mayHaveValues(file: ParquetFile, group: number, path: string): boolean {
  const chunk = file.groups[group]?.chunks.get(path)
  return chunk !== undefined && file.leaves.has(path) && (chunk.nulls === null || chunk.nulls < chunk.values)
}

/**
 * Reads leaves of one row group: their chunks at once, then page by page in the order asked. Leaves that the file
 * does not have, or that are null throughout, are skipped. `pause` is awaited between pages.
 */
export async function readLeaves(
  file: ParquetFile,
  group: number,
  visits: ReadonlyMap<string, (page: Page, firstRow: number, leaf: Leaf) => void>,
  pause: () => Promise<void>,
): Promise<void> {
  const wanted = [...visits].filter(([path]) => mayHaveValues(file, group, path))
  const { chunks, rows } = file.groups[group]!
  const bodies = await Promise.all(wanted.map(([path]) => fetchChunk(file.source, path, chunks.get(path)!)))
  for (const [i, [path, visit]] of wanted.entries()) {
    const leaf = file.leaves.get(path)!
    const pages = pagesOf(bodies[i]!, leaf, chunks.get(path)!, rows)
    let row = 0
    for (;;) {
      const page = guarded(file.source, () => pages.next(), path)
      if (page.done) break
      guarded(file.source, () => visit(page.value, row, leaf), path)
      row += page.value.count
      await pause()
    }
    // A chunk can end early without breaking any page: rows would silently be missing.
    if (leaf.maxRep === 0 && row !== rows) {
      throw corrupt(file.source, `column ${path} has ${row} of ${rows} rows`)
    }
  }
}

export type ParquetValue = number | bigint | boolean | Uint8Array

/** Calls back for each present value of a leaf that is not repeated. */
export function eachValue(
  page: Page,
  firstRow: number,
  leaf: Leaf,
  call: (row: number, value: ParquetValue) => void,
): void {
  const values = page.values as unknown as ArrayLike<ParquetValue>
  let next = 0
  for (let i = 0; i < page.count; i++) {
    if (page.defs !== null && page.defs[i] !== leaf.maxDef) continue
    const at = page.indices === null ? next : page.indices[next]!
    next += 1
    call(firstRow + i, values[at]!)
  }
}

/**
 * As eachValue, of numbers: 64-bit ones are put together from two words (the lower
 * comes first, as in the file), as a bigint would be an object for each.
 */
export function eachNumber(
  page: Page,
  firstRow: number,
  leaf: Leaf,
  call: (row: number, value: number) => void,
): void {
  const { values, defs, indices } = page
  if (!(values instanceof BigInt64Array)) {
    eachValue(page, firstRow, leaf, (row, value) => call(row, Number(value)))
    return
  }
  const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
  let next = 0
  for (let i = 0; i < page.count; i++) {
    if (defs !== null && defs[i] !== leaf.maxDef) continue
    const at = 2 * (indices === null ? next : indices[next]!)
    next += 1
    call(firstRow + i, words[at + 1]! * 2 ** 32 + (words[at]! >>> 0))
  }
}

async function fetchChunk(source: ByteSource, path: string, { start, end }: Chunk): Promise<Uint8Array> {
  if (start >= 0 && end >= start && end <= source.byteLength) return source.slice(start, end)
  throw corrupt(source, `column ${path} at bytes ${start} to ${end} of ${source.byteLength}`)
}

function* pagesOf(bytes: Uint8Array, leaf: Leaf, chunk: Chunk, rows: number): Generator<Page> {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
  const most = leaf.maxRep === 0 ? rows : rows * MAX_ENTRIES_PER_ROW
  let dictionary: DecodedArray | null = null
  let seen = 0
  while (reader.offset < bytes.byteLength - 1 && seen < chunk.values) {
    const header = parquetHeader(reader)
    const end = reader.offset + header.compressed_page_size
    if (!(header.compressed_page_size >= 0) || end > bytes.byteLength) {
      throw new RangeError(`a page of ${header.compressed_page_size} bytes leaves its column`)
    }
    const body = bytes.subarray(reader.offset, end)
    reader.offset = end
    if (header.type === 'DICTIONARY_PAGE') {
      dictionary = readDictionary(inflate(body, chunk.codec, header.uncompressed_page_size), header, leaf)
      continue
    }
    const count = (header.data_page_header ?? header.data_page_header_v2)?.num_values ?? 0
    seen += count
    if (!(count >= 0) || seen > most) throw new RangeError(`${seen} values in a group of ${rows} rows`)
    yield readDataPage(body, header, leaf, chunk.codec, dictionary)
  }
}

function describe(source: ByteSource, metadata: FileMetaData): ParquetFile {
  const leaves = new Map<string, Leaf>()
  const walk = (node: SchemaTree, maxDef: number, maxRep: number, entryDef: number): void => {
    for (const child of node.children) {
      const { element } = child
      const def = maxDef + (element.repetition_type === 'REQUIRED' ? 0 : 1)
      const repeated = element.repetition_type === 'REPEATED'
      const entry = repeated ? def : entryDef
      if (child.children.length > 0) walk(child, def, maxRep + (repeated ? 1 : 0), entry)
      else if (element.type !== undefined) {
        const path = child.path.join('.')
        leaves.set(path, {
          path,
          type: element.type,
          typeLength: element.type_length,
          maxDef: def,
          maxRep: maxRep + (repeated ? 1 : 0),
          entryDef: entry,
          time: timeOf(element),
          scale: scaleOf(element),
        })
      }
    }
  }
  walk(parquetSchema(metadata), 0, 0, 0)
  const groups = metadata.row_groups.map((group) => ({
    rows: checkedRows(Number(group.num_rows)),
    chunks: new Map(
      group.columns.flatMap(({ meta_data }) =>
        meta_data === undefined ? [] : [[meta_data.path_in_schema.join('.'), chunkOf(meta_data)] as const],
      ),
    ),
  }))
  return { source, rows: groups.reduce((sum, group) => sum + group.rows, 0), groups, leaves }
}

function chunkOf(column: ColumnMetaData): Chunk {
  const start = Number(column.dictionary_page_offset || column.data_page_offset)
  const nulls = column.statistics?.null_count
  return {
    codec: column.codec,
    start,
    end: start + Number(column.total_compressed_size),
    values: Number(column.num_values),
    nulls: nulls === undefined || nulls === null ? null : Number(nulls),
  }
}

function timeOf({ type, converted_type, logical_type }: SchemaTree['element']): Leaf['time'] {
  if (type === 'INT96') return 'nanos'
  if (converted_type === 'DATE' || logical_type?.type === 'DATE') return 'days'
  if (converted_type === 'TIMESTAMP_MILLIS') return 'millis'
  if (converted_type === 'TIMESTAMP_MICROS') return 'micros'
  if (logical_type?.type !== 'TIMESTAMP') return null
  return logical_type.unit === 'MICROS' ? 'micros' : logical_type.unit === 'NANOS' ? 'nanos' : 'millis'
}

const scaleOf = ({ converted_type, logical_type, scale }: SchemaTree['element']): Leaf['scale'] =>
  logical_type?.type === 'DECIMAL' ? logical_type.scale : converted_type === 'DECIMAL' ? (scale ?? 0) : null

function checkedRows(rows: number): number {
  if (rows >= 0 && rows <= MAX_GROUP_ROWS) return rows
  throw new RangeError(`a row group of ${rows} rows, the limit is ${MAX_GROUP_ROWS}`)
}

/** Serves what lies in the tail from memory, so a small file costs one request. */
const remembering = (source: ByteSource, tail: Uint8Array): ByteSource => {
  const from = source.byteLength - tail.byteLength
  return {
    name: source.name,
    byteLength: source.byteLength,
    slice: async (start, end) =>
      start >= from
        ? tail.subarray(start - from, end === undefined ? undefined : end - from)
        : source.slice(start, end),
  }
}

/** Whatever a decoder throws over bytes that are not what they claim to be is corruption of that file. */
function guarded<T>(source: ByteSource, decode: () => T, column?: string): T {
  try {
    return decode()
  } catch (cause) {
    if (cause instanceof SourceError) throw cause
    throw corrupt(
      source,
      column === undefined ? 'its footer cannot be read' : `column ${column} cannot be read`,
      cause,
    )
  }
}

const corrupt = (source: ByteSource, what: string, cause?: unknown): SourceError =>
  new SourceError('corrupt', `${source.name}: ${what}`, { subject: source.name, cause })
