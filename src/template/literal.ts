// Go's literals: quoted strings, raw strings, character constants and numbers.

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}
const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs

/** The text of a quoted or raw string; undefined for an escape that Go does not know. */
export function unquote(literal: string): string | undefined {
  const quote = literal[0]
  const body = literal.slice(1, -1)
  if (quote === '`') return body.replaceAll('\r', '')
  let bad = false
  const text = body.replaceAll(
    ESCAPE,
    (_, hex?: string, short?: string, long?: string, octal?: string, simple?: string) => {
      const digits = hex ?? short ?? long
      if (digits !== undefined || octal !== undefined) {
        const code = digits !== undefined ? Number.parseInt(digits, 16) : Number.parseInt(octal!, 8)
        if (code <= 0x10ffff) return String.fromCodePoint(code)
      } else if (simple !== undefined && Object.hasOwn(SIMPLE, simple)) {
        if (!((simple === "'" && quote === '"') || (simple === '"' && quote === "'"))) return SIMPLE[simple]!
      }
      bad = true
      return ''
    },
  )
  return bad ? undefined : text
}

/** An int as bigint, a float as number, a character as its code point. */
export function readNumber(literal: string): bigint | number | undefined {
  if (literal.startsWith("'")) {
    const char = unquote(literal)
    return char !== undefined && Array.from(char).length === 1 ? BigInt(char.codePointAt(0)!) : undefined
  }
  const plain = literal.replaceAll('_', '')
  const [, sign, digits] = /^([+-]?)(.*)$/.exec(plain)!
  if (/^0[xXbBoO]/.test(digits!) || /^\d+$/.test(digits!)) {
    const octal = /^0[0-7]+$/.test(digits!) ? `0o${digits!.slice(1)}` : digits!
    try {
      return sign === '-' ? -BigInt(octal) : BigInt(octal)
    } catch {
      return undefined
    }
  }
  const value = Number(plain)
  return Number.isNaN(value) ? undefined : value
}
