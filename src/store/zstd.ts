// zstd frames with a checksum: SQLite does not notice a flipped bit inside a blob, we do.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** Fast for what is written at each append and compacted soon, small for what stays. */
export const ZSTD_FAST = 1
export const ZSTD_SMALL = 3

/** Node hands out its results as a view of a whole buffer of this size, 64 KiB unless told: too much for small ones. */
const chunkSize = (expected: number): number => Math.min(65_536, Math.max(512, expected))

export const compress = (bytes: Uint8Array, level: typeof ZSTD_FAST | typeof ZSTD_SMALL): Uint8Array =>
  zstdCompressSync(bytes, {
    chunkSize: chunkSize(bytes.length),
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  })

/** Throws where the frame is damaged. */
export const decompress = (bytes: Uint8Array): Uint8Array =>
  zstdDecompressSync(bytes, { chunkSize: chunkSize(bytes.length * 8) })
