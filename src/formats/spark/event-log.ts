// Reads one event log, of one file or of several parts in their order, as a stream: bytes → the application.
import { SourceError, explainError } from '../../model/errors.ts'
import type { JsonOrigin } from '../json.ts'
import { ApplicationLog } from './application-log.ts'
import type { SparkApplication } from './application.ts'
import { decompress } from './decompress.ts'
import { isEvent, isWanted, readEvent } from './events.ts'
import { type LineCounts, MAX_LINE_BYTES, wantedLines } from './lines.ts'

/** Of text, all parts together: a log that goes on beyond was not meant to be read. */
const MAX_LOG_BYTES = 64 * 1_073_741_824

export interface LogPart {
  readonly pieces: AsyncIterable<Uint8Array>
  readonly origin: JsonOrigin
}

export interface EventLog {
  readonly application: SparkApplication
  /** Bytes of a part that do not follow its format; what stood before them is in the application. */
  readonly damage: SourceError | null
  readonly textBytes: number
}

/**
 * `known`: what is known to be missing from it.
 * Throws SourceError: 'corrupt' where the bytes are no event log or do not tell which application they are of, and
 * whatever the source of the bytes throws.
 */
export async function readEventLog(
  parts: Iterable<LogPart> | AsyncIterable<LogPart>,
  origin: JsonOrigin,
  known: readonly string[] = [],
): Promise<EventLog> {
  const log = new ApplicationLog()
  const counts: LineCounts = { bytes: 0, lines: 0, tooLong: 0 }
  let damage: SourceError | null = null
  let torn = 0
  for await (const part of parts) {
    try {
      const text = limited(onlyEvents(decompress(part.pieces, part.origin), part.origin), counts, part.origin)
      for await (const line of wantedLines(text, isWanted, counts)) {
        const event = readEvent(line)
        if (event === undefined) torn += 1
        else log.take(event)
      }
    } catch (error) {
      if (!(error instanceof SourceError) || !isAboutBytes(error)) throw error
      damage ??= error
    }
  }
  const doubts = [
    ...known,
    ...(damage === null ? [] : [explainError(damage)]),
    ...(torn === 0 ? [] : [`${torn} of ${counts.lines} lines are torn or no events`]),
    ...(counts.tooLong === 0
      ? []
      : [`${counts.tooLong} lines longer than ${MAX_LINE_BYTES} bytes were left out`]),
  ]
  try {
    return { application: log.finish(origin, doubts), damage, textBytes: counts.bytes }
  } catch (error) {
    throw damage ?? error
  }
}

const isAboutBytes = ({ reason }: SourceError): boolean => reason === 'corrupt' || reason === 'too-large'

/** Refuses text that does not start as an event log does, before gigabytes of it are looked through. */
async function* onlyEvents(
  pieces: AsyncIterable<Uint8Array>,
  origin: JsonOrigin,
): AsyncGenerator<Uint8Array> {
  let head = ''
  let checked = false
  for await (const piece of pieces) {
    if (!checked) {
      head += Buffer.from(piece.buffer, piece.byteOffset, Math.min(piece.byteLength, 200)).toString('latin1')
      checked = head.length >= 100
      if (checked && !isEvent(head)) throw noLog(head, origin)
    }
    yield piece
  }
  if (!checked && head !== '' && !isEvent(head)) throw noLog(head, origin)
}

const noLog = (head: string, origin: JsonOrigin): SourceError =>
  new SourceError(
    'corrupt',
    `${origin.subject} is no Spark event log: it starts ${JSON.stringify(head.slice(0, 40).replaceAll(/[^\x20-\x7e]/g, '.'))}`,
    origin,
  )

async function* limited(
  pieces: AsyncIterable<Uint8Array>,
  counts: LineCounts,
  origin: JsonOrigin,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    if (counts.bytes > MAX_LOG_BYTES)
      throw new SourceError(
        'too-large',
        `${origin.subject} has more than ${MAX_LOG_BYTES} bytes of text; the rest is not read`,
        origin,
      )
    yield piece
  }
}
