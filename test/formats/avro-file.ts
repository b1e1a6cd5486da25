// Writes Avro container files with avsc: an encoder that is not ours, for tests and benchmarks.
import zlib from 'node:zlib'
import avsc from 'avsc'

export type Codec = 'null' | 'deflate' | 'zstandard' | 'snappy'

/** 64-bit longs as bigint, because avsc's own are doubles. Internals of BigInt get in the way of nothing here. */
const long = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint | number) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(BigInt(value))
    return buffer
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
})

export const avscType = (schema: unknown): avsc.Type =>
  avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: false, registry: { long } })

const header = avsc.Type.forSchema({
  type: 'record',
  name: 'header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'magic', size: 4 } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'sync', size: 16 } },
  ],
})
const count = avsc.Type.forSchema('long')

export interface AvroFileOptions {
  readonly codec?: Codec
  readonly rowsPerBlock?: number
  readonly metadata?: Readonly<Record<string, string>>
  /** The schema as the header states it, where that is to differ from the one that writes. */
  readonly statedSchema?: unknown
}

export function avroFile(schema: unknown, rows: readonly unknown[], options: AvroFileOptions = {}): Buffer {
  const { codec = 'null', rowsPerBlock = 100, metadata = {}, statedSchema = schema } = options
  const type = avscType(schema)
  const blocks: Uint8Array[] = []
  for (let i = 0; i < rows.length; i += rowsPerBlock) {
    const part = rows.slice(i, i + rowsPerBlock)
    blocks.push(block(part.length, Buffer.concat(part.map((row) => type.toBuffer(row))), codec))
  }
  return Buffer.concat([avroHeader(statedSchema, codec, metadata), ...blocks])
}

export const SYNC = Buffer.from('sixteen bytes ok')

export function avroHeader(
  schema: unknown,
  codec: string,
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  const texts = { 'avro.schema': JSON.stringify(schema), 'avro.codec': codec, ...metadata }
  const meta = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text)]))
  return header.toBuffer({ magic: Buffer.from('Obj\u0001'), meta, sync: SYNC })
}

export function block(rows: number, content: Buffer, codec: Codec = 'null'): Buffer {
  const packed = pack(content, codec)
  return Buffer.concat([count.toBuffer(rows), count.toBuffer(packed.length), packed, SYNC])
}

function pack(content: Buffer, codec: Codec): Buffer {
  if (codec === 'deflate') return zlib.deflateRawSync(content)
  if (codec === 'zstandard') return zlib.zstdCompressSync(content)
  if (codec === 'snappy') return snappy(content)
  return content
}

/** Snappy without compressing: literals only, as the format allows, then the CRC-32 that Avro adds. */
function snappy(content: Buffer): Buffer {
  const parts: Buffer[] = [varint(content.length)]
  for (let i = 0; i < content.length; i += 60) {
    const literal = content.subarray(i, i + 60)
    parts.push(Buffer.from([(literal.length - 1) << 2]), literal)
  }
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(zlib.crc32(content))
  return Buffer.concat([...parts, checksum])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
