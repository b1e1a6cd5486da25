// Text from outside: made safe to show on a terminal, and held against the names that were meant.

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

/** The name that `name` becomes with the fewest edits, if they are few: for "did you mean". */
export function nearest(name: string, names: readonly string[]): string | undefined {
  let best: { name: string; edits: number } | undefined
  for (const other of names) {
    const edits = distance(name, other)
    if (edits <= name.length / 4 && (best === undefined || edits < best.edits)) best = { name: other, edits }
  }
  return best?.name
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (a[i] === b[j] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}
