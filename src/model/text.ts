// Text from outside, made safe to show on a terminal.

// Control characters, format characters (zero width, bidirectional, tags), line and paragraph separators.
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Control, bidirectional and invisible characters become visible escapes; longer text is cut with an ellipsis. */
export function printable(text: string, max = 500): string {
  const safe = text.replace(UNSAFE, (char) => {
    const code = char.codePointAt(0)!
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
  })
  return safe.length <= max ? safe : `${safe.slice(0, max - 1)}…`
}
