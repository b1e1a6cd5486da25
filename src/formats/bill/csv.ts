// CSV as RFC 4180 has it, in pieces of any size: quoted fields may hold commas, quotes and line breaks.
import { SourceError } from '../../model/errors.ts'

/** Longest record: an export's rows have a few hundred columns. */
const MAX_RECORD = 4 * 1_048_576

/** Yields the fields of each record; the last one may end without a line break. Throws SourceError 'corrupt'. */
export async function* csvRecords(
  pieces: AsyncIterable<Uint8Array>,
  subject: string,
): AsyncGenerator<readonly string[]> {
  const decoder = new TextDecoder('utf-8')
  let text = ''
  for await (const piece of pieces) {
    text += decoder.decode(piece, { stream: true })
    const { records, rest } = split(text, false)
    yield* records
    text = rest
    if (text.length > MAX_RECORD)
      throw new SourceError('corrupt', `${subject} has a record of more than ${MAX_RECORD} characters`, {
        subject,
      })
  }
  const { records, rest } = split(text + decoder.decode(), true)
  yield* records
  if (rest !== '') throw new SourceError('corrupt', `${subject} ends within quotes`, { subject })
}

const COMMA = 44
const NEWLINE = 10
const QUOTE = 34
const RETURN = 13

function split(text: string, isEnd: boolean): { records: string[][]; rest: string } {
  const records: string[][] = []
  let fields: string[] = []
  let begin = 0
  let at = 0
  while (at < text.length) {
    const field = text.charCodeAt(at) === QUOTE ? quotedField(text, at) : plainField(text, at)
    // The piece ends here: whether more of the field follows is not known yet.
    if (field === undefined || (field.end >= text.length && !isEnd)) break
    fields.push(field.text)
    at = field.end
    const next = text.charCodeAt(at)
    if (next === COMMA) {
      at += 1
      // A comma at the very end leaves an empty last field.
      if (at < text.length || !isEnd) continue
      fields.push('')
    }
    at += 1
    if (fields.length > 1 || fields[0] !== '') records.push(fields)
    fields = []
    begin = Math.min(at, text.length)
  }
  return { records, rest: text.slice(begin) }
}

interface Field {
  readonly text: string
  /** Where the comma, the line break or the end is. */
  readonly end: number
}

function plainField(text: string, from: number): Field {
  let end = from
  while (end < text.length) {
    const code = text.charCodeAt(end)
    if (code === COMMA || code === NEWLINE) break
    end += 1
  }
  // The line break of a record may be \r\n.
  const cut =
    end > from && text.charCodeAt(end - 1) === RETURN && text.charCodeAt(end) !== COMMA ? end - 1 : end
  return { text: text.slice(from, cut), end }
}

/** Undefined where the closing quote is not in the text. What follows it up to the next comma is kept. */
function quotedField(text: string, from: number): Field | undefined {
  let value = ''
  let at = from
  for (;;) {
    const quote = text.indexOf('"', at + 1)
    if (quote < 0) return undefined
    value += text.slice(at + 1, quote)
    at = quote + 1
    if (text.charCodeAt(at) !== QUOTE) break
    value += '"'
  }
  const after = plainField(text, at)
  return { text: value + after.text, end: after.end }
}
