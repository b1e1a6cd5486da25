// A line of the screen: spans of safe text with a tone, measured in terminal cells.
import stringWidth from 'string-width'
import { printable } from '../model/text.ts'

/** What a text means; the theme knows how that looks. */
export type Tone = 'plain' | 'ok' | 'warn' | 'bad' | 'unknown' | 'accent' | 'dim' | 'title' | 'key'

export interface Span {
  readonly text: string
  readonly tone: Tone
}

export interface Line {
  readonly spans: readonly Span[]
  /** The cursor is here: drawn inverse over the whole width. */
  readonly selected?: true
}

const MAX_TEXT = 1_000
const ASCII = /^[\x20-\x7e]*$/

/** The only maker of spans: whatever comes from outside is made safe here. */
export const span = (text: string, tone: Tone = 'plain'): Span => ({
  text: ASCII.test(text) && text.length <= MAX_TEXT ? text : printable(text, MAX_TEXT),
  tone,
})

export const line = (...parts: ReadonlyArray<Span | string>): Line => ({
  spans: parts.map((part) => (typeof part === 'string' ? span(part) : part)),
})

export const EMPTY: Line = { spans: [] }

export const widthOf = (text: string): number => (ASCII.test(text) ? text.length : stringWidth(text))

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The text in exactly `width` cells: padded, or cut with an ellipsis. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return ''
  const safe = span(text).text
  const cut = cutTo(safe, width)
  const pad = ' '.repeat(Math.max(0, width - widthOf(cut)))
  return align === 'right' ? pad + cut : cut + pad
}

function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  if (ASCII.test(text)) return `${text.slice(0, width - 1)}…`
  let kept = ''
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const next = used + widthOf(segment)
    if (next > width - 1) break
    kept += segment
    used = next
  }
  return `${kept}…`
}

export const plainText = ({ spans }: Line): string => spans.map(({ text }) => text).join('')

/** The line in exactly `width` cells, so that nothing of an older frame stays behind. */
export function fitLine(one: Line, width: number): Line {
  const spans: Span[] = []
  let left = width
  for (const { text, tone } of one.spans) {
    if (left <= 0) break
    const shown = widthOf(text) <= left ? text : fit(text, left)
    spans.push({ text: shown, tone })
    left -= widthOf(shown)
  }
  if (left > 0) spans.push({ text: ' '.repeat(left), tone: 'plain' })
  return { ...one, spans }
}

/** Long text in lines of at most `width` cells, broken at spaces where there are any. */
export function wrap(text: string, width: number, tone: Tone = 'plain'): Line[] {
  const lines: string[] = ['']
  for (const word of span(text).text.split(' ')) {
    const last = lines.at(-1)!
    const joined = last === '' ? word : `${last} ${word}`
    if (widthOf(joined) <= width) lines[lines.length - 1] = joined
    else if (last === '') lines[lines.length - 1] = word
    else lines.push(word)
  }
  return lines.map((one) => line(span(one, tone)))
}
