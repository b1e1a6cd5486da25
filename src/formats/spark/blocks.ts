// Streams of length-prefixed compressed blocks, as lz4-java and snappy-java write them: one block in memory at a time.
import { SourceError, explainError } from '../../model/errors.ts'
import type { JsonOrigin } from '../json.ts'

/** Writers use 32 to 64 KiB. */
export const MAX_BLOCK_BYTES = 32 * 1_048_576

export interface Block {
  readonly stored: number
  /** Length after decompression; null where only the block itself tells. */
  readonly plain: number | null
  /** Null for a block stored as it is. */
  readonly inflate: ((block: Uint8Array) => Uint8Array) | null
}

export interface BlockFormat {
  readonly name: string
  /** Bytes before the first block, and in front of each. */
  readonly preamble: number
  readonly header: number
  /** Throws where it is no header. */
  read(header: Buffer): Block
}

/** A stream cut short ends; a damaged one throws 'corrupt' after what could be read was yielded. */
export async function* inflateBlocks(
  pieces: AsyncIterable<Uint8Array>,
  format: BlockFormat,
  origin: JsonOrigin,
): AsyncGenerator<Uint8Array> {
  let buffer = Buffer.alloc(0)
  let skip = format.preamble
  for await (const piece of pieces) {
    buffer = buffer.length === 0 ? Buffer.from(piece) : Buffer.concat([buffer, piece])
    let at = Math.min(skip, buffer.length)
    skip -= at
    while (skip === 0 && buffer.length - at >= format.header) {
      const block = headerAt(buffer.subarray(at, at + format.header), format, origin)
      const end = at + format.header + block.stored
      if (end > buffer.length) break
      if (block.stored > 0) yield plainOf(block, buffer.subarray(at + format.header, end), format, origin)
      at = end
    }
    buffer = buffer.subarray(at)
  }
}

function headerAt(header: Buffer, format: BlockFormat, origin: JsonOrigin): Block {
  try {
    const block = format.read(header)
    const longest = Math.max(block.stored, block.plain ?? 0)
    if (block.stored < 0 || (block.plain ?? 0) < 0 || longest > MAX_BLOCK_BYTES)
      throw new Error(`a block of ${longest} bytes, the limit is ${MAX_BLOCK_BYTES}`)
    return block
  } catch (error) {
    throw damaged(error, format, origin)
  }
}

function plainOf(block: Block, stored: Uint8Array, format: BlockFormat, origin: JsonOrigin): Uint8Array {
  try {
    if (block.inflate === null) return stored
    return block.inflate(stored)
  } catch (error) {
    throw damaged(error, format, origin)
  }
}

const damaged = (cause: unknown, format: BlockFormat, origin: JsonOrigin): SourceError =>
  new SourceError('corrupt', `${origin.subject} is damaged: ${format.name}: ${explainError(cause)}`, {
    ...origin,
    cause,
  })
