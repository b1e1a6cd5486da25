// Go's spelling of strings and numbers, which Prometheus' label values and messages carry.

/**
 * A byte that is not UTF-8 (`"\xc5"`) is kept as a lone low surrogate, U+DC80 + (byte - 0x80), so that it can be
 * told apart and printed again.
 */
const RAW_BYTE = 0xdc00

export const isValidUtf8 = (text: string): boolean => text.isWellFormed()

/** Bytes to text, invalid ones as raw-byte surrogates. */
export function decodeBytes(bytes: readonly number[]): string {
  const buffer = Uint8Array.from(bytes)
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const decode = (from: number, to: number): string | null => {
    try {
      return strict.decode(buffer.subarray(from, to))
    } catch {
      return null
    }
  }
  const whole = decode(0, buffer.length)
  if (whole !== null) return whole
  let text = ''
  for (let i = 0; i < buffer.length;) {
    // A character has four bytes at most; the shortest run that decodes is one character.
    const length = [1, 2, 3, 4].find((n) => i + n <= buffer.length && decode(i, i + n) !== null)
    text += length === undefined ? String.fromCharCode(RAW_BYTE + buffer[i]!) : decode(i, i + length)!
    i += length ?? 1
  }
  return text
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
}

/** As Go's %q. */
export function quote(text: string): string {
  let out = '"'
  for (const char of text) {
    const code = char.codePointAt(0)!
    const escape = ESCAPES[char]
    if (escape !== undefined) out += escape
    else if (code >= RAW_BYTE + 0x80 && code <= RAW_BYTE + 0xff)
      out += `\\x${(code - RAW_BYTE).toString(16).padStart(2, '0')}`
    else if (code >= 0xd800 && code <= 0xdfff) out += '\\ufffd'
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, '0')}`
    else if (/[\p{C}\p{Zl}\p{Zp}]|[^\S ]/u.test(char))
      out +=
        code > 0xffff
          ? `\\U${code.toString(16).padStart(8, '0')}`
          : `\\u${code.toString(16).padStart(4, '0')}`
    else out += char
  }
  return out + '"'
}

/** As Go's FormatFloat(value, 'f', -1, 64): never an exponent. */
export function formatPlain(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const text = String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (!match) return text
  const [, sign, first, rest = '', exponent] = match
  const digits = first! + rest
  const shift = Number(exponent)
  return shift < 0 ? `${sign}0.${'0'.repeat(-shift - 1)}${digits}` : `${sign}${digits.padEnd(shift + 1, '0')}`
}

/** As Go's %v or FormatFloat(value, 'g', -1, 64): an exponent of two digits at least, from 1e+21 and below 1e-4. */
export function formatShort(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e21) return formatPlain(value)
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`
}

/** As Go's ParseFloat; null where it fails. */
export function parseNumber(text: string): number | null {
  if (/^[+-]?(inf|infinity)$/i.test(text))
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^[+-]?nan$/i.test(text)) return Number.NaN
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null
}
