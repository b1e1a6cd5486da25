// Go's fmt: how values print with `%v`, and printf.
import { type Value, isList, isMap, typeName } from './value.ts'

/** Digits or spaces that a format may ask for; more would only waste memory. */
const WIDTH_MAX = 1_000

export function printValue(value: Value): string {
  if (value === null) return '<nil>'
  if (typeof value === 'number') return formatFloat(value, 'g', -1)
  if (typeof value !== 'object') return String(value)
  if (isList(value)) return `[${value.map(printValue).join(' ')}]`
  if (isMap(value)) {
    const entries = [...value].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, item]) => `${key}:${printValue(item)}`).join(' ')}]`
  }
  return value.print()
}

/** As Go's strconv.FormatFloat with a precision of -1 for the shortest text that reads back. */
export function formatFloat(value: number, verb: 'e' | 'f' | 'g', precision: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  return sign + formatMagnitude(Math.abs(value), verb, precision)
}

function formatMagnitude(value: number, verb: 'e' | 'f' | 'g', precision: number): string {
  if (verb === 'f') return precision < 0 ? plain(value) : fixed(value, precision)
  if (verb === 'e') return exponential(precision < 0 ? value.toExponential() : scientific(value, precision))
  const significant = precision === 0 ? 1 : precision
  const [mantissa, exponent] = scientific(value, significant - 1).split('e') as [string, string]
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa
  const power = Number(exponent)
  // The shortest text switches to an exponent where %g with 6 digits would: 1e+06.
  const border = significant < 0 ? 6 : significant
  if (power < -4 || power >= border) return exponential(`${trimmed}e${exponent}`)
  return plainDigits(trimmed.replace('.', ''), power)
}

/** Digits enough to tell a tie from what is near one, and as many as JavaScript prints. */
const TIE_DIGITS = 25
const DIGITS_MAX = 100

/** `d.ddde+x`. Go rounds ties to even, JavaScript away from zero. */
function scientific(value: number, decimals: number): string {
  if (decimals < 0) return value.toExponential()
  const digits = Math.min(decimals, DIGITS_MAX - TIE_DIGITS)
  const [mantissa, exponent] = value.toExponential(digits + TIE_DIGITS).split('e') as [string, string]
  const even = evenTie(mantissa)
  return even === null ? value.toExponential(digits) : `${even}e${exponent}`
}

/** The text cut to its precision when what is cut is exactly half and the last digit that stays is even. */
function evenTie(long: string): string | null {
  const cut = long.slice(0, -TIE_DIGITS)
  return /[02468]\.?$/.test(cut) && /^50*$/.test(long.slice(-TIE_DIGITS)) ? cut.replace(/\.$/, '') : null
}

const exponential = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2')

/** Digits d.ddd × 10^power without an exponent. */
function plainDigits(digits: string, power: number): string {
  if (power < 0) return `0.${'0'.repeat(-power - 1)}${digits}`
  const padded = digits.padEnd(power + 1, '0')
  return padded.length > power + 1 ? `${padded.slice(0, power + 1)}.${padded.slice(power + 1)}` : padded
}

function plain(value: number): string {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  return plainDigits(mantissa.replace('.', ''), Number(exponent))
}

/** toFixed gives up above 1e21, where a float is an integer. */
function fixed(value: number, precision: number): string {
  const digits = Math.min(precision, DIGITS_MAX - TIE_DIGITS)
  if (value >= 1e21) return `${BigInt(value)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`
  return evenTie(value.toFixed(digits + TIE_DIGITS)) ?? value.toFixed(digits)
}

/** As Go's %q for strings. */
export function quoteText(text: string): string {
  const escapes: Readonly<Record<string, string>> = {
    '"': '\\"',
    '\\': '\\\\',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
    '\x07': '\\a',
  }
  const body = text.replaceAll(/["\\]|[\p{C}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = char.codePointAt(0)!
    return (
      escapes[char] ??
      (code < 0x80
        ? `\\x${code.toString(16).padStart(2, '0')}`
        : code > 0xffff
          ? `\\U${code.toString(16).padStart(8, '0')}`
          : `\\u${code.toString(16).padStart(4, '0')}`)
    )
  })
  return `"${body}"`
}

const DIRECTIVE = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(.|$)/gsu

/** As Go's fmt.Sprintf for the values a template has; what does not fit is said in the text, as Go does. */
export function sprintf(format: string, args: readonly Value[]): string {
  let next = 0
  const integer = (): number => {
    const value = args[next++]
    return typeof value === 'bigint' ? Number(value) : 0
  }
  const text = format.replaceAll(
    DIRECTIVE,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '') return '%!(NOVERB)'
      if (verb === '%') return '%'
      const wide = width === '*' ? integer() : Number(width ?? 0)
      const exact = precision === undefined ? -1 : precision === '*' ? integer() : Number(precision)
      if (next >= args.length) return `%!${verb}(MISSING)`
      const value = args[next++]!
      const body =
        formatOne(value, verb, flags, Math.min(exact, WIDTH_MAX)) ??
        `%!${verb}(${typeName(value)}=${printValue(value)})`
      return pad(
        body,
        Math.min(Math.abs(wide), WIDTH_MAX),
        wide < 0 ? `${flags}-` : flags,
        typeof value === 'number' || typeof value === 'bigint',
      )
    },
  )
  if (next >= args.length) return text
  const extra = args.slice(next).map((value) => `${typeName(value)}=${printValue(value)}`)
  return `${text}%!(EXTRA ${extra.join(', ')})`
}

function pad(text: string, width: number, flags: string, numeric: boolean): string {
  const missing = width - Array.from(text).length
  if (missing <= 0) return text
  if (flags.includes('-')) return text + ' '.repeat(missing)
  // Inf and NaN are never padded with zeros.
  if (!flags.includes('0') || !numeric || /[IN]/.test(text)) return ' '.repeat(missing) + text
  const [, sign, digits] = /^([+-]?)(.*)$/s.exec(text)!
  return sign + '0'.repeat(missing) + digits!
}

/** undefined when the verb does not fit the value. */
function formatOne(value: Value, verb: string, flags: string, precision: number): string | undefined {
  if (verb === 'v')
    return typeof value === 'number' && precision >= 0
      ? signed(formatFloat(value, 'g', precision), flags)
      : printValue(value)
  if (verb === 'T') return typeName(value)
  if (verb === 't') return typeof value === 'boolean' ? String(value) : undefined
  if (typeof value === 'number') return formatNumber(value, verb, flags, precision)
  if (typeof value === 'bigint') return formatInteger(value, verb, flags)
  if (verb === 's' || verb === 'q' || verb === 'x' || verb === 'X') {
    if (typeof value === 'boolean' || value === null) return undefined
    const text = printValue(value)
    const cut = precision >= 0 ? Array.from(text).slice(0, precision).join('') : text
    if (verb === 's') return cut
    if (verb === 'q') return quoteText(cut)
    const hex = Buffer.from(cut, 'utf8').toString('hex')
    return verb === 'X' ? hex.toUpperCase() : hex
  }
  return undefined
}

const signed = (text: string, flags: string): string =>
  /^[+-]/.test(text) ? text : flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text

function formatNumber(value: number, verb: string, flags: string, precision: number): string | undefined {
  switch (verb) {
    case 'f':
    case 'F':
      return signed(formatFloat(value, 'f', precision < 0 ? 6 : precision), flags)
    case 'e':
      return signed(formatFloat(value, 'e', precision < 0 ? 6 : precision), flags)
    case 'E':
      return signed(formatFloat(value, 'e', precision < 0 ? 6 : precision), flags).toUpperCase()
    case 'g':
      return signed(formatFloat(value, 'g', precision), flags)
    case 'G':
      return signed(formatFloat(value, 'g', precision), flags).toUpperCase()
    default:
      return undefined
  }
}

function formatInteger(value: bigint, verb: string, flags: string): string | undefined {
  const prefix = flags.includes('#')
  switch (verb) {
    case 'd':
      return signed(value.toString(), flags)
    case 'x':
      return `${prefix ? '0x' : ''}${value.toString(16)}`
    case 'X':
      return `${prefix ? '0X' : ''}${value.toString(16).toUpperCase()}`
    case 'o':
      return `${prefix ? '0' : ''}${value.toString(8)}`
    case 'b':
      return value.toString(2)
    case 'c':
      return value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd'
    case 'q':
      return `'${value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd'}'`
    case 'U':
      return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`
    default:
      return undefined
  }
}
