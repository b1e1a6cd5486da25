// Query text to tokens, with the lexical rules of Prometheus: what a letter means depends on the brackets around it.
import { decodeBytes } from './go.ts'
import { PromqlError } from './errors.ts'

export type TokenKind =
  | 'identifier' // letters, digits, `_`; keywords too: the parser knows where they are keywords
  | 'metric' // an identifier with colons
  | 'number'
  | 'duration'
  | 'string'
  | 'punctuation'
  | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As written; for strings the unquoted value. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const IDENTIFIER = /[a-zA-Z_][a-zA-Z0-9_]*/y
const METRIC = /[a-zA-Z_:][a-zA-Z0-9_:]*/y
const NUMBER =
  /(?:0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+(?:_\d+)*)?)(?![a-zA-Z0-9_.])/y
const DURATION = /(?:\d+(?:ms|[smhdwy]))+(?![a-zA-Z0-9_])/y
const PUNCTUATION = /==|=~|!=|!~|<=|>=|<\/|>\/|[-+*/%^=<>(){}[\],@:]/y
const BLANK = /(?:[ \t\r\n]+|#[^\r\n]*)+/y

/** All tokens of the text, the last of them `end`. */
export function lex(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let inBrackets = false
  const open: string[] = []
  const fail = (message: string): never => {
    throw new PromqlError(message, { start: at, end: text.length }, text)
  }
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0] ?? null
  }
  for (;;) {
    at += take(BLANK)?.length ?? 0
    if (at >= text.length) break
    const char = text[at]!
    if (char === '"' || char === "'" || char === '`') {
      const { value, end } = readString(text, at)
      tokens.push({ kind: 'string', text: value, start: at, end })
      at = end
      continue
    }
    const [kind, word] = nextWord(take, inBrackets)
    if (word === null) return fail(describe(char, text, at))
    if (kind === 'punctuation') {
      if (word === '[') inBrackets = true
      if (word === ']') inBrackets = false
      const problem = bracket(word, open)
      if (problem !== null) fail(problem)
    }
    tokens.push({ kind, text: word, start: at, end: at + word.length })
    at += word.length
  }
  const unclosed = open.at(-1)
  if (unclosed === '(') fail('unclosed left parenthesis')
  if (unclosed === '[') fail('unclosed left bracket')
  if (unclosed === '{') fail('unexpected end of input inside braces')
  tokens.push({ kind: 'end', text: '', start: text.length, end: text.length })
  return tokens
}

function nextWord(take: (pattern: RegExp) => string | null, inBrackets: boolean): [TokenKind, string | null] {
  const duration = take(DURATION)
  if (duration !== null) return ['duration', duration]
  const number = take(NUMBER)
  if (number !== null) return ['number', number]
  // Inside [ ] a colon separates range and step; everywhere else it may be part of a name.
  const name = take(inBrackets ? IDENTIFIER : METRIC)
  if (name !== null) return [name.includes(':') ? 'metric' : 'identifier', name]
  return ['punctuation', take(PUNCTUATION)]
}

/** Keeps the stack of open brackets; a sentence where they do not pair. */
function bracket(word: string, open: string[]): string | null {
  switch (word) {
    case '(':
      open.push(word)
      return null
    case '[':
      if (open.includes('[')) return 'unexpected left bracket "["'
      open.push(word)
      return null
    case '{':
      if (open.at(-1) === '{') return 'unexpected left brace "{"'
      open.push(word)
      return null
    case ')':
      return open.at(-1) === '(' ? (open.pop(), null) : 'unexpected right parenthesis ")"'
    case ']':
      return open.at(-1) === '[' ? (open.pop(), null) : 'unexpected right bracket "]"'
    case '}':
      return open.at(-1) === '{' ? (open.pop(), null) : 'unexpected right brace "}"'
    default:
      return null
  }
}

function describe(char: string, text: string, at: number): string {
  if (/[0-9.]/.test(char)) {
    const word = /^[0-9a-zA-Z_.]*/.exec(text.slice(at, at + 50))?.[0] ?? char
    return `bad number or duration syntax: "${word}"`
  }
  return `unexpected character: "${String.fromCodePoint(text.codePointAt(at)!)}"`
}

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
}
/** Escapes that name a byte or a code point: how many digits, of which base. */
const CODED: Readonly<Record<string, readonly [number, number]>> = { x: [2, 16], u: [4, 16], U: [8, 16] }

function readString(text: string, start: number): { value: string; end: number } {
  const quote = text[start]!
  const fail: Fail = (message, at) => {
    throw new PromqlError(message, { start: at, end: text.length }, text)
  }
  if (quote === '`') {
    const end = text.indexOf('`', start + 1)
    if (end < 0) fail('unterminated raw string', start)
    return { value: text.slice(start + 1, end).replaceAll('\r', ''), end: end + 1 }
  }
  const bytes: number[] = []
  for (let at = start + 1; ;) {
    const char = text[at]
    if (char === undefined || char === '\n') return fail('unterminated quoted string', start)
    if (char === quote) return { value: decodeBytes(bytes), end: at + 1 }
    if (char === '\\') {
      at += readEscape(text, at, quote, bytes, fail)
      continue
    }
    const whole = String.fromCodePoint(text.codePointAt(at)!)
    if (!whole.isWellFormed()) return fail('invalid UTF-8 rune', at)
    bytes.push(...encoder.encode(whole))
    at += whole.length
  }
}

type Fail = (message: string, at: number) => never
const encoder = new TextEncoder()

/** Reads the escape at `at` into bytes; returns its length. */
function readEscape(text: string, at: number, quote: string, bytes: number[], fail: Fail): number {
  const escape = text[at + 1] ?? ''
  if (escape === '') return fail('escape sequence not terminated', at)
  const simple = SIMPLE[escape] ?? (escape === quote ? quote.charCodeAt(0) : undefined)
  if (simple !== undefined) {
    bytes.push(simple)
    return 2
  }
  const octal = /[0-7]/.test(escape)
  const coded = octal ? ([3, 8] as const) : CODED[escape]
  if (coded === undefined) return fail(`unknown escape sequence "\\${escape}"`, at)
  const [count, base] = coded
  const from = at + (octal ? 1 : 2)
  const digits = text.slice(from, from + count)
  const wanted = octal ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/
  if (digits.length < count || !wanted.test(digits))
    return fail(`illegal character in escape sequence "${text.slice(at, from + count)}"`, at)
  const code = Number.parseInt(digits, base)
  const isByte = octal || escape === 'x'
  if (isByte ? code > 255 : code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    return fail('escape sequence is an invalid Unicode code point', at)
  if (isByte) bytes.push(code)
  else bytes.push(...encoder.encode(String.fromCodePoint(code)))
  return from + count - at
}
