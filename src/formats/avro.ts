// Avro object container files: header, blocks, codecs; rows with only the wanted values.
// Avro 1.11 specification, "Object Container Files".
import zlib from 'node:zlib'
import { snappyUncompress } from 'hyparquet'
import { SourceError } from '../model/errors.ts'
import { type Cursor, type ReadRow, type Want, readLong, rowReader } from './avro-decode.ts'
import { type AvroType, avroSchema, takesNoBytes } from './avro-schema.ts'
import { parseJson } from './json.ts'

export interface AvroFile {
  readonly schema: AvroType
  /** The header's metadata as text: `avro.codec`, Iceberg's `format-version`, `partition-spec`, … */
  readonly metadata: ReadonlyMap<string, string>
  /**
   * Calls `visit` for every row in file order. The row array and the bytes in it are reused: keep copies only.
   * Throws SourceError 'corrupt' or 'too-large'; rows visited before that were read right.
   */
  rows(wants: readonly Want[], visit: (row: readonly unknown[]) => void): void
}

/** Limits of one file. Writers make blocks of 16 KiB to 4 MiB; what is bigger than this is not a manifest. */
export const MAX_BLOCK_BYTES = 128 * 1_048_576
export const MAX_INFLATED_BYTES = 2_048 * 1_048_576
const MAX_HEADER_BYTES = 16 * 1_048_576

const MAGIC = Buffer.from('Obj\u0001', 'latin1')
const SYNC_BYTES = 16

const readHeader = rowReader(
  avroSchema({
    type: 'record',
    name: 'header',
    fields: [
      { name: 'metadata', type: { type: 'map', values: 'bytes' } },
      { name: 'sync', type: { type: 'fixed', name: 'sync', size: SYNC_BYTES } },
    ],
  }),
  ['metadata', 'sync'],
)

/** Reads the header; the rows are read when they are asked for. */
export function openAvro(bytes: Uint8Array, subject: string): AvroFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!buffer.subarray(0, 4).equals(MAGIC)) {
    const head = buffer.subarray(0, 4).toString('hex')
    throw new SourceError(
      'corrupt',
      `${subject} is not an Avro file: it starts with ${head || 'nothing'}, not 4f626a01`,
      {
        subject,
      },
    )
  }
  const cursor: Cursor = { bytes: buffer.subarray(0, MAX_HEADER_BYTES), at: MAGIC.length }
  const metadata = new Map<string, string>()
  const header: [{ key: string; value: Buffer }[], Buffer] = [[], MAGIC]
  const schema = guarded(subject, 'header', () => {
    readHeader(cursor, header)
    for (const { key, value } of header[0]) metadata.set(key, value.toString('utf8'))
    return avroSchema(parseJson(metadata.get('avro.schema') ?? '', { subject: `${subject} (Avro schema)` }))
  })
  const sync = header[1]
  return {
    schema,
    metadata,
    rows(wants, visit) {
      const inflate = codec(metadata.get('avro.codec') ?? 'null', subject)
      readBlocks({ bytes: buffer, at: cursor.at }, { subject, sync, inflate, schema, wants, visit })
    },
  }
}

interface BlockReading {
  readonly subject: string
  readonly sync: Buffer
  readonly inflate: Inflate
  readonly schema: AvroType
  readonly wants: readonly Want[]
  readonly visit: (row: readonly unknown[]) => void
}

function readBlocks(file: Cursor, reading: BlockReading): void {
  const { subject, sync, inflate, schema, wants, visit } = reading
  const read = guarded(subject, 'schema', () => {
    if (takesNoBytes(schema)) throw new RangeError('rows take no bytes')
    return rowReader(schema, wants)
  })
  const row: unknown[] = wants.map(() => null)
  const cursor: Cursor = { bytes: file.bytes, at: 0 }
  let inflated = 0
  for (let block = 0; file.at < file.bytes.length; block++) {
    const rows = guarded(subject, `block ${block}`, () => {
      const count = Number(readLong(file))
      const size = Number(readLong(file))
      const end = file.at + size
      if (count < 0 || size < 0 || end + SYNC_BYTES > file.bytes.length) {
        throw new RangeError(`${count} rows in ${size} bytes at byte ${file.at} of ${file.bytes.length}`)
      }
      if (sync.compare(file.bytes, end, end + SYNC_BYTES) !== 0)
        throw new RangeError(`no sync marker at byte ${end}`)
      cursor.bytes = inflate(file.bytes.subarray(file.at, end))
      cursor.at = 0
      file.at = end + SYNC_BYTES
      // Every row takes at least a byte, so a count above the bytes is a lie.
      if (count > cursor.bytes.length) throw new RangeError(`${count} rows in ${cursor.bytes.length} bytes`)
      return count
    })
    inflated += cursor.bytes.length
    if (inflated > MAX_INFLATED_BYTES) {
      throw tooLarge(subject, `inflates to more than ${MAX_INFLATED_BYTES} bytes`)
    }
    for (let i = 0; i < rows; i++) {
      row.fill(null)
      readOne(subject, block, read, cursor, row)
      visit(row)
    }
    if (cursor.at !== cursor.bytes.length) {
      const left = cursor.bytes.length - cursor.at
      throw new SourceError('corrupt', `${subject}: block ${block} has ${left} bytes after its last row`, {
        subject,
      })
    }
  }
}

/** Apart from `visit`, whose errors are not about the file. */
function readOne(subject: string, block: number, read: ReadRow, cursor: Cursor, row: unknown[]): void {
  try {
    read(cursor, row)
  } catch (error) {
    throw asCorrupt(subject, `block ${block}`, error)
  }
}

type Inflate = (block: Buffer) => Buffer

function codec(name: string, subject: string): Inflate {
  const limit = { maxOutputLength: MAX_BLOCK_BYTES }
  switch (name) {
    case 'null':
      return (block) => block
    case 'deflate':
      return (block) => zlib.inflateRawSync(block, limit)
    case 'zstandard':
      return (block) => zlib.zstdDecompressSync(block, limit)
    case 'snappy':
      return inflateSnappy
    default: {
      const shown = JSON.stringify(name.slice(0, 40))
      throw new SourceError(
        'unsupported',
        `${subject} is compressed with ${shown}; null, deflate, zstandard and snappy are read`,
        { subject },
      )
    }
  }
}

/** Snappy blocks end with the CRC-32 of what they inflate to. */
function inflateSnappy(block: Buffer): Buffer {
  const body = block.subarray(0, Math.max(block.length - 4, 0))
  const size = snappyLength(body)
  if (size > MAX_BLOCK_BYTES)
    throw new RangeError(`snappy block of ${size} bytes, the limit is ${MAX_BLOCK_BYTES}`)
  const output = Buffer.alloc(size)
  snappyUncompress(body, output)
  if (zlib.crc32(output) !== block.readUInt32BE(body.length))
    throw new RangeError('snappy block has a wrong checksum')
  return output
}

function snappyLength(body: Buffer): number {
  let size = 0
  for (let i = 0; i < 5; i++) {
    const byte = body[i]
    if (byte === undefined) break
    size += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return size
  }
  throw new RangeError('snappy block without a length')
}

function guarded<T>(subject: string, part: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw asCorrupt(subject, part, error)
  }
}

function asCorrupt(subject: string, part: string, cause: unknown): SourceError {
  if (cause instanceof SourceError) return cause
  if (cause instanceof RangeError && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
    return tooLarge(subject, `${part} inflates to more than ${MAX_BLOCK_BYTES} bytes`)
  }
  const found = cause instanceof Error ? cause.message : 'unreadable'
  return new SourceError('corrupt', `${subject}: ${part} is corrupt: ${found}`, { subject, cause })
}

const tooLarge = (subject: string, what: string): SourceError =>
  new SourceError('too-large', `${subject} ${what}`, { subject })
