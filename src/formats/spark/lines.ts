// The text of an event log → the lines that matter, one at a time: most of a log's bytes are plans and accumulators of
// events that nobody reads, and they are never held.

/** Enough of a line to tell its event. */
const HEAD_BYTES = 128
/** The longest line that is parsed: a job of thousands of stages stays below. */
export const MAX_LINE_BYTES = 64 * 1_048_576

const NEWLINE = 10

export interface LineCounts {
  /** Of text, newlines included. */
  bytes: number
  lines: number
  /** Lines that matter and were longer than MAX_LINE_BYTES: left out. */
  tooLong: number
}

/**
 * Lines whose head is wanted, without their newline. A last line without a newline is yielded too: it may be torn.
 * The bytes are valid until the next step.
 */
export async function* wantedLines(
  pieces: AsyncIterable<Uint8Array>,
  wanted: (head: Buffer) => boolean,
  counts: LineCounts,
): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let restBytes = 0
  /** The line under way is known to be unwanted, or too long: only its end is looked for. */
  let skipping = false
  const whole = (last: Buffer): Buffer | undefined => {
    const line = restBytes === 0 ? last : Buffer.concat([...rest, last])
    const skipped = skipping
    rest = []
    restBytes = 0
    skipping = false
    return skipped || line.length === 0 || !wanted(line.subarray(0, HEAD_BYTES)) ? undefined : line
  }
  for await (const piece of pieces) {
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    counts.bytes += buffer.length
    let start = 0
    for (;;) {
      const end = buffer.indexOf(NEWLINE, start)
      if (end < 0) break
      counts.lines += 1
      const line = whole(buffer.subarray(start, end))
      if (line !== undefined) yield line
      start = end + 1
    }
    if (skipping || start === buffer.length) continue
    rest.push(Buffer.from(buffer.subarray(start)))
    restBytes += buffer.length - start
    if (restBytes < HEAD_BYTES) continue
    if (rest[0]!.length < HEAD_BYTES) rest = [Buffer.concat(rest)]
    const unwanted = !wanted(rest[0]!.subarray(0, HEAD_BYTES))
    if (!unwanted && restBytes <= MAX_LINE_BYTES) continue
    if (!unwanted) counts.tooLong += 1
    skipping = true
    rest = []
    restBytes = 0
  }
  if (restBytes === 0) return
  counts.lines += 1
  const last = whole(Buffer.alloc(0))
  if (last !== undefined) yield last
}
