// Random-access bytes: a file, a ranged GET or a buffer look the same to a format.

export interface ByteSource {
  readonly byteLength: number
  /** For messages. */
  readonly name: string
  /** Bytes from `start` (inclusive) to `end` (exclusive, default the end). */
  slice(start: number, end?: number): Promise<Uint8Array>
}

export const bytesOf = (name: string, buffer: Uint8Array): ByteSource => ({
  name,
  byteLength: buffer.byteLength,
  slice: async (start, end) => buffer.subarray(start, end),
})
