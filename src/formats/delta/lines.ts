// A commit's bytes → its lines, one at a time, so that a commit of gigabytes needs the memory of one line.
import { SourceError } from '../../model/errors.ts'
import type { JsonOrigin } from '../json.ts'

/** The longest single action; schemas and statistics of very wide tables stay far below. */
export const MAX_LINE_BYTES = 32 * 1_048_576

const NEWLINE = 10

/** Lines without their newline; empty ones are skipped. The bytes are valid until the next step. */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  origin: JsonOrigin,
): AsyncGenerator<Buffer[]> {
  let rest: Uint8Array[] = []
  let restBytes = 0
  for await (const piece of pieces) {
    const lines: Buffer[] = []
    let start = 0
    for (;;) {
      const end = piece.indexOf(NEWLINE, start)
      if (end < 0) break
      const part = piece.subarray(start, end)
      checkLength(restBytes + part.byteLength, origin)
      const line =
        rest.length === 0
          ? Buffer.from(part.buffer, part.byteOffset, part.byteLength)
          : Buffer.concat([...rest, part])
      if (rest.length > 0) {
        rest = []
        restBytes = 0
      }
      if (!isBlank(line)) lines.push(line)
      start = end + 1
    }
    if (start < piece.byteLength) {
      rest.push(piece.slice(start))
      restBytes += piece.byteLength - start
      checkLength(restBytes, origin)
    }
    yield lines
  }
  const last = Buffer.concat(rest)
  if (!isBlank(last)) yield [last]
}

function isBlank(line: Buffer): boolean {
  for (let i = 0; i < line.length; i++) {
    if (line[i] !== 32 && line[i] !== 13 && line[i] !== 9) return false
  }
  return true
}

function checkLength(bytes: number, origin: JsonOrigin): void {
  if (bytes <= MAX_LINE_BYTES) return
  throw new SourceError(
    'too-large',
    `${origin.subject} has a line of more than ${MAX_LINE_BYTES} bytes, the limit for one action`,
    origin,
  )
}
