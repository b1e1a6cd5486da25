// A template's text cut into tokens, by the lexical rules of Go's text/template.
import { TemplateError } from './value.ts'

export type TokenType =
  | 'text'
  | 'open' // {{
  | 'close' // }}
  | 'space'
  | 'word' // identifier or keyword
  | 'field' // .name, without the dot
  | 'dot'
  | 'variable' // $name, with the dollar
  | 'number'
  | 'char'
  | 'string'
  | 'punctuation' // ( ) | , = :=
  | 'end'

export interface Token {
  readonly type: TokenType
  readonly text: string
  readonly offset: number
}

export interface Place {
  readonly line: number
  readonly column: number
}

export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') }
}

const TOKENS: ReadonlyArray<readonly [TokenType, RegExp]> = [
  ['space', /[ \t\r\n]+/y],
  [
    'number',
    /[+-]?(?:0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y,
  ],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['dot', /\./y],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['char', /'(?:[^'\\\n]|\\.)+'/y],
  ['punctuation', /:=|[()|,=]/y],
]

/** What may follow a word, a field, a variable or a number without a space between. */
const TERMINATOR = /[\s.,|:=()}]|-?\}\}/

export function lex(text: string): Token[] {
  const tokens: Token[] = []
  const fail = (message: string, offset: number): never => {
    throw new TemplateError(message, placeOf(text, offset))
  }
  let at = 0
  let trimNext = false
  while (at < text.length) {
    const open = text.indexOf('{{', at)
    const end = open < 0 ? text.length : open
    const trimThis = open >= 0 && /^-\s/.test(text.slice(open + 2, open + 4))
    let content = text.slice(at, end)
    if (trimNext) content = content.replace(/^[ \t\r\n]+/, '')
    if (trimThis) content = content.replace(/[ \t\r\n]+$/, '')
    if (content !== '') tokens.push({ type: 'text', text: content, offset: at })
    trimNext = false
    if (open < 0) break

    at = open + (trimThis ? 3 : 2)
    const comment = /\s*\/\*/y
    comment.lastIndex = at
    if (comment.test(text)) {
      const close = text.indexOf('*/', comment.lastIndex)
      const tail = /\s+-\}\}|\}\}/y
      tail.lastIndex = close + 2
      const closed = close < 0 ? null : tail.exec(text)
      if (closed === null)
        return fail(close < 0 ? 'unclosed comment' : 'comment ends before closing delimiter', open)
      trimNext = closed[0].includes('-')
      at = tail.lastIndex
      continue
    }
    tokens.push({ type: 'open', text: '{{', offset: open })
    ;({ at, trimNext } = lexAction(text, at, open, tokens, fail))
  }
  tokens.push({ type: 'end', text: '', offset: text.length })
  return tokens
}

function lexAction(
  text: string,
  start: number,
  open: number,
  tokens: Token[],
  fail: (message: string, offset: number) => never,
): { at: number; trimNext: boolean } {
  let at = start
  const close = /(\s+-)?\}\}/y
  for (;;) {
    close.lastIndex = at
    const closed = close.exec(text)
    if (closed !== null) {
      tokens.push({ type: 'close', text: '}}', offset: at })
      return { at: close.lastIndex, trimNext: closed[1] !== undefined }
    }
    if (at >= text.length) fail('unclosed action', open)
    const token = nextToken(text, at)
    if (token === null) return fail(unreadable(text, at), at)
    at += token.text.length
    const needsEnd =
      token.type === 'word' || token.type === 'field' || token.type === 'variable' || token.type === 'number'
    if (needsEnd && at < text.length && !TERMINATOR.test(text[at]!))
      fail(`bad character ${JSON.stringify(text[at])}`, at)
    tokens.push(token.type === 'field' ? { ...token, text: token.text.slice(1) } : token)
  }
}

function nextToken(text: string, at: number): Token | null {
  for (const [type, pattern] of TOKENS) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match !== null) return { type, text: match[0], offset: at }
  }
  return null
}

function unreadable(text: string, at: number): string {
  const char = text[at]!
  if (char === '"') return 'unterminated quoted string'
  if (char === '`') return 'unterminated raw quoted string'
  if (char === "'") return 'unterminated character constant'
  return `unexpected ${JSON.stringify(char)} in command`
}
