// Label matchers in Alertmanager's two syntaxes (UTF-8 first, the classic one where that fails), and matching.
import { RE2JS } from 're2js'
import { ConfigError, explainError } from '../model/errors.ts'
import type { Labels, MatchOp, Matcher } from '../model/series.ts'
import { compareBytes, goQuote } from './fingerprint.ts'

const MAX_LENGTH = 8_192

/** A compiled matcher answers for one value; a label that is not there is the empty string. */
type Test = (value: string) => boolean

export interface Matchers {
  readonly list: readonly Matcher[]
  /** `{a="b",c=~"d"}` */
  readonly text: string
  matches(labels: Labels): boolean
}

export function compileMatchers(matchers: readonly Matcher[]): Matchers {
  const list = matchers.toSorted(
    (a, b) =>
      compareBytes(a.name, b.name) || compareBytes(a.value, b.value) || OPS.indexOf(a.op) - OPS.indexOf(b.op),
  )
  const tests = list.map((matcher): readonly [string, Test] => [matcher.name, compile(matcher)])
  return {
    list,
    text: `{${list.map(printMatcher).join(',')}}`,
    matches: (labels) => tests.every(([name, test]) => test(labels[name] ?? '')),
  }
}

/** A predicate over label sets. */
export function matchesAll(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const compiled = compileMatchers(matchers)
  return (labels) => compiled.matches(labels)
}

const OPS: readonly MatchOp[] = ['=', '!=', '=~', '!~']

function compile(matcher: Matcher): Test {
  const { op, value } = matcher
  if (op === '=') return (text) => text === value
  if (op === '!=') return (text) => text !== value
  // RE2 semantics like Go's, and no way to make it run for ever. Matchers are anchored at both ends.
  let pattern: RE2JS
  try {
    pattern = RE2JS.compile(`^(?:${value})$`)
  } catch (error) {
    throw new ConfigError(`matcher ${printMatcher(matcher)}: ${explainError(error)}`, { cause: error })
  }
  const wanted = op === '=~'
  return (text) => pattern.testExact(text) === wanted
}

export const printMatcher = (matcher: Matcher): string =>
  /[{}!=~,"'`\\\s]/.test(matcher.name)
    ? `${goQuote(matcher.name)}${matcher.op}${goQuote(matcher.value)}`
    : `${matcher.name}${matcher.op}"${matcher.value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`

/** Parses `a=b`, `{a="b", c=~"d.*"}` and so on. Throws ConfigError. */
export function parseMatchers(text: string): Matcher[] {
  if (text.length > MAX_LENGTH) {
    throw new ConfigError(`matchers of ${text.length} characters; the limit is ${MAX_LENGTH}`)
  }
  let matchers: Matcher[]
  try {
    matchers = parseUtf8(text)
  } catch (error) {
    try {
      matchers = parseClassic(text)
    } catch {
      throw error
    }
  }
  for (const matcher of matchers) compile(matcher)
  return matchers
}

const TOKEN = /\s*(?:([{},])|(=~|!~|=|!=)|("(?:[^"\\]|\\[\s\S])*")|([^{}!=~,\\"'`\s]+))/y

interface Token {
  readonly kind: 'mark' | 'op' | 'text' | 'end'
  readonly value: string
  readonly at: number
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  while (/\S/.test(text.slice(TOKEN.lastIndex))) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null)
      throw new ConfigError(`matchers ${JSON.stringify(text)}: unexpected text at character ${at + 1}`)
    const [, mark, op, quoted, bare] = match
    if (mark !== undefined) tokens.push({ kind: 'mark', value: mark, at })
    else if (op !== undefined) tokens.push({ kind: 'op', value: op, at })
    else tokens.push({ kind: 'text', value: bare ?? unquote(quoted!), at })
  }
  return tokens
}

/** Go string escapes. */
function unquote(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(
      /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]))/g,
      (whole, x, u, U, octal, char) => {
        if (x ?? u ?? U)
          return String.fromCodePoint(checked(Number.parseInt((x ?? u ?? U) as string, 16), whole as string))
        if (octal) return String.fromCodePoint(Number.parseInt(octal as string, 8))
        const plain = ESCAPES[char as string]
        if (plain === undefined) throw new ConfigError(`unknown escape ${String(whole)} in ${quoted}`)
        return plain
      },
    )
}

function checked(codePoint: number, written: string): number {
  if (codePoint > 0x10ffff) throw new ConfigError(`${written} is no character`)
  return codePoint
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
}

function parseUtf8(text: string): Matcher[] {
  const tokens = tokenize(text)
  const end: Token = { kind: 'end', value: 'the end', at: text.length }
  let next = 0
  const peek = () => tokens[next] ?? end
  const take = (wanted: string, kind: Token['kind'], value?: string): Token => {
    const token = peek()
    if (token.kind !== kind || (value !== undefined && token.value !== value)) {
      throw new ConfigError(
        `matchers ${JSON.stringify(text)}: expected ${wanted} at character ${token.at + 1}, found ${token.value}`,
      )
    }
    next += 1
    return token
  }
  const braces = peek().kind === 'mark' && peek().value === '{'
  if (braces) next += 1
  const matchers: Matcher[] = []
  while (peek().kind === 'text') {
    const name = take('a label name', 'text').value
    const op = take('one of = != =~ !~', 'op').value as MatchOp
    matchers.push({ name, op, value: take('a value', 'text').value })
    if (peek().kind === 'mark' && peek().value === ',') next += 1
    else break
  }
  if (braces) take('a closing brace', 'mark', '}')
  if (peek().kind !== 'end') take('the end', 'end')
  return matchers
}

const CLASSIC = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*([\s\S]*?)\s*$/

/** The syntax before 0.27: more tolerant of values, stricter about names. */
function parseClassic(text: string): Matcher[] {
  const inner = text.replace(/^\{/, '').replace(/\}$/, '')
  return splitOutsideQuotes(inner).map((part) => {
    const match = CLASSIC.exec(part)
    if (match === null) throw new ConfigError(`bad matcher format: ${part}`)
    return { name: match[1]!, op: match[2] as MatchOp, value: classicValue(match[3]!) }
  })
}

function splitOutsideQuotes(text: string): string[] {
  const parts = ['']
  let inside = false
  let escaped = false
  for (const char of text) {
    if (char === ',' && !inside) {
      parts.push('')
      continue
    }
    if (char === '"' && !escaped) inside = !inside
    escaped = char === '\\' && !escaped
    parts[parts.length - 1] += char
  }
  if (parts.at(-1)!.trim() === '') parts.pop()
  return parts
}

function classicValue(raw: string): string {
  const quoted = raw.startsWith('"')
  const inner = quoted ? raw.slice(1) : raw
  if (quoted && !/^(?:[^"\\]|\\[\s\S])*"$/.test(inner))
    throw new ConfigError(`matcher value contains unescaped double quote: ${raw}`)
  const body = quoted ? inner.slice(0, -1) : inner
  if (!quoted && /(?:^|[^\\])"/.test(body))
    throw new ConfigError(`matcher value contains unescaped double quote: ${raw}`)
  return body.replace(/\\([n"\\])/g, (_, char: string) => (char === 'n' ? '\n' : char))
}
