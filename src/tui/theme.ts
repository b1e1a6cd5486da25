// What tones look like: Okabe and Ito's colours (blue, orange, vermilion) where there are 256, names of 16 elsewhere.
import { type Line, type Tone, plainText } from './line.ts'

type Codes = Readonly<Partial<Record<Tone, string>>>

const BASIC: Codes = {
  ok: '34',
  warn: '33',
  bad: '1;31',
  unknown: '35',
  accent: '36',
  dim: '2',
  title: '1',
  key: '1',
}
/** Nearest of the 256: sky blue, orange, vermilion, reddish purple; readable on dark and light. */
const INDEXED: Codes = {
  ok: '38;5;32',
  warn: '38;5;172',
  bad: '1;38;5;166',
  unknown: '38;5;139',
  accent: '38;5;36',
  dim: '38;5;244',
  title: '1',
  key: '1;38;5;32',
}
/** Without colours the cursor and titles still show: inverse and bold are no colours. */
const NONE: Codes = { title: '1', bad: '1', key: '1' }

/** `depth`: bits for colour, as a tty's getColorDepth tells (1 for NO_COLOR and TERM=dumb); null is no terminal: text only. */
export function createPaint(depth: number | null): (line: Line) => string {
  if (depth === null) return plainText
  const codes = depth >= 8 ? INDEXED : depth >= 4 ? BASIC : NONE
  return (line) => {
    // One bar: colours inside of it would be backgrounds that nobody can read.
    if (line.selected) return `\u001b[7m${plainText(line)}\u001b[0m`
    return line.spans
      .map(({ text, tone }) => {
        const code = codes[tone]
        return code === undefined || text === '' ? text : `\u001b[${code}m${text}\u001b[0m`
      })
      .join('')
  }
}
