// The bytes of a Spark event log → its text's bytes: what it is compressed with is told by its first bytes, not by its name.
import { type Gunzip, type ZstdDecompress, constants, createGunzip, createZstdDecompress } from 'node:zlib'
import { decompressLz4Raw, decompressSnappy } from 'hyparquet-compressors'
import { SourceError, explainError } from '../../model/errors.ts'
import type { JsonOrigin } from '../json.ts'
import { type BlockFormat, MAX_BLOCK_BYTES, inflateBlocks } from './blocks.ts'

const MAGIC_BYTES = 16

/**
 * Pieces of text in any sizes. What is cut short ends without an error: how much of an application it told is for its
 * events to say. Damaged bytes throw SourceError 'corrupt' after everything before them was yielded.
 */
export async function* decompress(
  pieces: AsyncIterable<Uint8Array>,
  origin: JsonOrigin,
): AsyncGenerator<Uint8Array> {
  const rest = pieces[Symbol.asyncIterator]()
  const head: Uint8Array[] = []
  let bytes = 0
  while (bytes < MAGIC_BYTES) {
    const { value, done } = await rest.next()
    if (done) break
    head.push(value)
    bytes += value.byteLength
  }
  const all = joined(Buffer.concat(head), rest)
  const start = Buffer.concat(head).subarray(0, MAGIC_BYTES)
  const codec = CODECS.find(({ magic }) => start.subarray(0, magic.length).equals(magic))
  yield* codec === undefined ? all : codec.inflate(all, origin)
}

interface Codec {
  readonly magic: Buffer
  inflate(pieces: AsyncIterable<Uint8Array>, origin: JsonOrigin): AsyncIterable<Uint8Array>
}

/** lz4-java's block stream, which Spark's `lz4` codec writes: magic, token, two lengths, checksum, then the block. */
const LZ4_BLOCKS: BlockFormat = {
  name: 'LZ4',
  preamble: 0,
  header: 21,
  read(header) {
    const method = header.readUInt8(8) & 0xf0
    const [stored, plain] = [header.readInt32LE(9), header.readInt32LE(13)]
    if (header.toString('latin1', 0, 8) !== 'LZ4Block') throw new Error('a block does not start as one')
    if (method === 0x10) return { stored, plain, inflate: null }
    if (method !== 0x20) throw new Error(`a block of the unknown method ${method}`)
    return { stored, plain, inflate: (block) => decompressLz4Raw(block, plain) }
  },
}

/** snappy-java's stream, which Spark's `snappy` codec writes: a header of 16 bytes, then lengths and blocks. */
const SNAPPY_BLOCKS: BlockFormat = {
  name: 'Snappy',
  preamble: 16,
  header: 4,
  read(header) {
    const stored = header.readInt32BE(0)
    return { stored, plain: null, inflate: (block) => decompressSnappy(block, snappyLength(block)) }
  },
}

/** A Snappy block starts with its plain length as a varint. */
function snappyLength(block: Uint8Array): number {
  let length = 0
  for (let i = 0; i < 5 && i < block.length; i++) {
    length += (block[i]! & 0x7f) * 2 ** (7 * i)
    if (block[i]! < 0x80 && length <= MAX_BLOCK_BYTES) return length
  }
  throw new Error(`a block of ${length} bytes or more, the limit is ${MAX_BLOCK_BYTES}`)
}

const CODECS: readonly Codec[] = [
  {
    magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    // Flushing at the end yields what a cut frame still holds.
    inflate: (pieces, origin) =>
      throughZlib(pieces, () => createZstdDecompress({ finishFlush: constants.ZSTD_e_flush }), origin),
  },
  {
    magic: Buffer.from([0x1f, 0x8b]),
    inflate: (pieces, origin) =>
      throughZlib(pieces, () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }), origin),
  },
  {
    magic: Buffer.from('LZ4Block'),
    inflate: (pieces, origin) => inflateBlocks(pieces, LZ4_BLOCKS, origin),
  },
  {
    magic: Buffer.from('\x82SNAPPY\0', 'latin1'),
    inflate: (pieces, origin) => inflateBlocks(pieces, SNAPPY_BLOCKS, origin),
  },
]

type Inflate = Gunzip | ZstdDecompress

/**
 * Writers that flush end a frame each time. Node's streams end with a frame and drop what was written with its end:
 * here the next frame gets a stream of its own, and the rest of those bytes.
 */
async function* throughZlib(
  pieces: AsyncIterable<Uint8Array>,
  open: () => Inflate,
  origin: JsonOrigin,
): AsyncGenerator<Uint8Array> {
  const source = pieces[Symbol.asyncIterator]()
  const feed: Feed = { source, rest: null, over: false, error: undefined }
  try {
    while (!feed.over) {
      const inflate = open()
      const feeding = feedFrame(feed, inflate)
      try {
        for await (const piece of inflate) yield piece as Uint8Array
      } finally {
        inflate.destroy()
        await feeding
      }
      // An error of the source is the source's own; one of the codec is about the bytes.
      if (feed.error !== undefined) throw feed.error
    }
  } catch (error) {
    if (feed.error !== undefined) throw feed.error
    throw new SourceError('corrupt', `${origin.subject} is damaged: ${explainError(error)}`, {
      ...origin,
      cause: error,
    })
  } finally {
    await source.return?.()
  }
}

interface Feed {
  readonly source: AsyncIterator<Uint8Array>
  /** Bytes after the end of a frame. */
  rest: Uint8Array | null
  over: boolean
  error: unknown
}

async function feedFrame(feed: Feed, inflate: Inflate): Promise<void> {
  try {
    for (;;) {
      const piece = feed.rest ?? (await nextPiece(feed))
      feed.rest = null
      if (piece === undefined) return void inflate.end()
      const before = inflate.bytesWritten
      await written(piece, inflate)
      const taken = inflate.bytesWritten - before
      if (taken < piece.byteLength) feed.rest = piece.subarray(taken)
      if (inflate.destroyed || feed.rest !== null) return
    }
  } catch (error) {
    feed.error = error
    inflate.destroy()
  }
}

/** A codec that fails never answers the write: it closes. */
function written(piece: Uint8Array, inflate: Inflate): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => resolve()
  inflate.once('close', done)
  inflate.write(piece, () => {
    inflate.off('close', done)
    resolve()
  })
  return promise
}

async function nextPiece(feed: Feed): Promise<Uint8Array | undefined> {
  const { value, done } = await feed.source.next()
  if (!done) return value
  feed.over = true
  return undefined
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.byteLength > 0) yield head
    for (;;) {
      const { value, done } = await rest.next()
      if (done) return
      yield value
    }
  } finally {
    await rest.return?.()
  }
}
