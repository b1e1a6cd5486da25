// A place in a list of tokens, and the errors of a parser that stands there.
import { PromqlError } from './errors.ts'
import type { Span } from './ast.ts'
import type { Token } from './lex.ts'

export class Cursor {
  readonly #tokens: readonly Token[]
  readonly #text: string
  #at = 0

  constructor(tokens: readonly Token[], text: string) {
    this.#tokens = tokens
    this.#text = text
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]!
  }

  next(): Token {
    const token = this.peek()
    this.#at += 1
    return token
  }

  /** The token taken last. */
  last(): Token {
    return this.#tokens[Math.max(0, this.#at - 1)]!
  }

  is(punctuation: string): boolean {
    const token = this.peek()
    return token.kind === 'punctuation' && token.text === punctuation
  }

  take(punctuation: string): boolean {
    const found = this.is(punctuation)
    if (found) this.#at += 1
    return found
  }

  expect(punctuation: string, context: string): Token {
    if (!this.is(punctuation)) this.unexpected(context, `"${punctuation}"`)
    return this.next()
  }

  /** Operators and keywords may be written in any case. */
  peekKeyword(): string {
    const token = this.peek()
    return token.kind === 'identifier'
      ? token.text.toLowerCase()
      : token.kind === 'punctuation'
        ? token.text
        : ''
  }

  isKeyword(...words: readonly string[]): boolean {
    return this.peek().kind === 'identifier' && words.includes(this.peekKeyword())
  }

  takeKeyword(word: string): boolean {
    const found = this.isKeyword(word)
    if (found) this.#at += 1
    return found
  }

  fail(message: string, where: Span = this.peek()): never {
    throw new PromqlError(message, { start: where.start, end: where.end }, this.#text)
  }

  unexpected(context: string, expected = '', token: Token = this.peek()): never {
    const what =
      token.kind === 'end'
        ? 'end of input'
        : token.kind === 'punctuation'
          ? `"${token.text}"`
          : `${token.kind} "${token.text.slice(0, 50)}"`
    this.fail(
      `unexpected ${what}${context === '' ? '' : ` in ${context}`}${expected === '' ? '' : `, expected ${expected}`}`,
      token,
    )
  }
}
