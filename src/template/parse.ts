// Tokens → syntax tree, with the checks that Go makes before anything is executed: functions and variables exist.
import { type Place, type Token, type TokenType, lex, placeOf } from './lex.ts'
import type { Block, Command, Node, Operand, Pipe } from './node.ts'
import { unquote, readNumber } from './literal.ts'
import { TemplateError } from './value.ts'

/** A template longer than this is not read (characters). */
const TEMPLATE_LENGTH_MAX = 65_536
/** Parentheses and blocks inside one another. */
const NESTING_MAX = 100

const KEYWORDS = new Set([
  'if',
  'else',
  'end',
  'range',
  'with',
  'template',
  'define',
  'block',
  'break',
  'continue',
])

export interface Tree {
  readonly root: Block
  readonly defined: ReadonlyMap<string, Block>
}

/** Names that exist before the template starts. */
export interface Known {
  readonly functions: { has(name: string): boolean }
  /** With their dollar. */
  readonly variables: readonly string[]
}

export function parse(text: string, known: Known): Tree {
  if (text.length > TEMPLATE_LENGTH_MAX) {
    throw new TemplateError(
      `the template has ${text.length} characters, the limit is ${TEMPLATE_LENGTH_MAX}`,
      { line: 1, column: 1 },
    )
  }
  const parser = new Parser(text, known)
  return parser.parseAll()
}

class Parser {
  readonly #text: string
  readonly #known: Known
  readonly #tokens: readonly Token[]
  #next = 0
  #variables: string[]
  #nesting = 0
  #loops = 0
  readonly #defined = new Map<string, Block>()

  constructor(text: string, known: Known) {
    this.#text = text
    this.#known = known
    this.#tokens = lex(text)
    this.#variables = ['$', ...known.variables]
  }

  parseAll(): Tree {
    const { nodes, end } = this.#block(true)
    if (end !== null) this.#fail(`unexpected {{${end}}}`)
    return { root: nodes, defined: this.#defined }
  }

  #fail(message: string, offset = this.#tokens[Math.max(0, this.#next - 1)]!.offset): never {
    throw new TemplateError(message, this.#place(offset))
  }

  #place(offset: number): Place {
    return placeOf(this.#text, offset)
  }

  #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #take(): Token {
    const token = this.#tokens[this.#next]!
    if (token.type !== 'end') this.#next += 1
    return token
  }

  #skipSpace(): void {
    if (this.#peek().type === 'space') this.#next += 1
  }

  #expect(type: TokenType, context: string): Token {
    this.#skipSpace()
    const token = this.#take()
    if (token.type !== type) this.#fail(`unexpected ${describe(token)} in ${context}`, token.offset)
    return token
  }

  #close(context: string): void {
    this.#expect('close', context)
  }

  /** Nodes up to `{{end}}`, `{{else …}}` or the end of the text; says which of them ended it. */
  #block(top: boolean): { nodes: Node[]; end: 'end' | 'else' | null } {
    if (++this.#nesting > NESTING_MAX) this.#fail(`more than ${NESTING_MAX} blocks inside one another`)
    const nodes: Node[] = []
    for (;;) {
      const token = this.#take()
      if (token.type === 'end') {
        if (!top) this.#fail('unexpected EOF: an {{end}} is missing', token.offset)
        this.#nesting -= 1
        return { nodes, end: null }
      }
      if (token.type === 'text') {
        nodes.push({ kind: 'text', text: token.text })
        continue
      }
      this.#skipSpace()
      const word = this.#peek()
      if (word.type === 'word' && (word.text === 'end' || word.text === 'else')) {
        this.#take()
        this.#nesting -= 1
        if (word.text === 'end') this.#close('end')
        return { nodes, end: word.text }
      }
      nodes.push(...this.#action(word))
    }
  }

  #action(first: Token): Node[] {
    const keyword = first.type === 'word' && KEYWORDS.has(first.text) ? first.text : null
    if (keyword !== null) this.#take()
    switch (keyword) {
      case 'if':
      case 'with':
      case 'range':
        return [this.#control(keyword)]
      case 'break':
      case 'continue':
        if (this.#loops === 0) this.#fail(`{{${keyword}}} outside {{range}}`)
        this.#close(keyword)
        return [{ kind: keyword }]
      case 'template':
        return [this.#template(first)]
      case 'define':
        this.#define()
        return []
      case 'block':
        return [this.#blockAction(first)]
      default: {
        const pipe = this.#pipe('command')
        this.#close('command')
        return [{ kind: 'action', pipe }]
      }
    }
  }

  #control(kind: 'if' | 'with' | 'range'): Node {
    const scope = this.#variables.length
    const pipe = this.#pipe(kind)
    this.#close(kind)
    if (kind === 'range') this.#loops += 1
    const inner = this.#variables.length
    const { nodes: body, end } = this.#block(false)
    if (kind === 'range') this.#loops -= 1
    this.#variables.length = inner
    const otherwise = end === 'else' ? this.#otherwise(kind) : []
    this.#variables.length = scope
    return { kind, pipe, body, otherwise }
  }

  /** `{{else}}`, or `{{else if …}}` and `{{else with …}}`, which are a block of one node. */
  #otherwise(kind: 'if' | 'with' | 'range'): Block {
    this.#skipSpace()
    const word = this.#peek()
    if (word.type === 'word' && word.text === kind && kind !== 'range') {
      this.#take()
      return [this.#control(kind)]
    }
    this.#close('else')
    const { nodes, end } = this.#block(false)
    if (end === 'else') this.#fail('expected end; found {{else}}')
    return nodes
  }

  #name(context: string): string {
    const token = this.#expect('string', context)
    return unquote(token.text) ?? this.#fail(`bad string ${token.text}`, token.offset)
  }

  #template(first: Token): Node {
    const name = this.#name('template clause')
    this.#skipSpace()
    const pipe = this.#peek().type === 'close' ? null : this.#pipe('template clause')
    this.#close('template clause')
    return { kind: 'template', name, pipe, at: this.#place(first.offset) }
  }

  #define(): void {
    const name = this.#name('define clause')
    this.#close('define clause')
    this.#defined.set(
      name,
      this.#separately(() => this.#body('define')),
    )
  }

  #blockAction(first: Token): Node {
    const name = this.#name('block clause')
    const pipe = this.#pipe('block clause')
    this.#close('block clause')
    this.#defined.set(
      name,
      this.#separately(() => this.#body('block')),
    )
    return { kind: 'template', name, pipe, at: this.#place(first.offset) }
  }

  #body(context: string): Block {
    const { nodes, end } = this.#block(false)
    if (end === 'else') this.#fail(`unexpected {{else}} in ${context} clause`)
    return nodes
  }

  /** A definition sees the variables that exist from the start, not those around it. */
  #separately(read: () => Block): Block {
    const [variables, loops] = [this.#variables, this.#loops]
    this.#variables = ['$', ...this.#known.variables]
    this.#loops = 0
    const block = read()
    this.#variables = variables
    this.#loops = loops
    return block
  }

  #pipe(context: string): Pipe {
    if (++this.#nesting > NESTING_MAX) this.#fail(`more than ${NESTING_MAX} levels inside one another`)
    const { variables, assign } = this.#declarations(context)
    const commands: Command[] = []
    for (;;) {
      commands.push(this.#command(context))
      this.#skipSpace()
      const token = this.#peek()
      if (token.type === 'punctuation' && token.text === '|') this.#take()
      else break
    }
    commands.forEach((command, i) => {
      const [head] = command.operands
      if (i > 0 && (head!.kind === 'constant' || head!.kind === 'dot')) {
        throw new TemplateError(`non executable command in pipeline stage ${i + 1}`, command.at)
      }
    })
    if (!assign) this.#variables.push(...variables)
    this.#nesting -= 1
    return { variables, assign, commands }
  }

  #declarations(context: string): { variables: string[]; assign: boolean } {
    this.#skipSpace()
    const start = this.#next
    const variables: string[] = []
    while (this.#peek().type === 'variable') {
      variables.push(this.#take().text)
      this.#skipSpace()
      const token = this.#peek()
      if (token.type !== 'punctuation') break
      this.#take()
      if (token.text === ',' && context === 'range' && variables.length < 2) {
        this.#skipSpace()
        continue
      }
      if (token.text === ':=' || token.text === '=') {
        const assign = token.text === '='
        if (assign) variables.forEach((name) => this.#declared(name, token.offset))
        if (variables.length === 2 && context !== 'range')
          this.#fail(`too many declarations in ${context}`, token.offset)
        return { variables, assign }
      }
      break
    }
    this.#next = start
    return { variables: [], assign: false }
  }

  #command(context: string): Command {
    this.#skipSpace()
    const start = this.#peek()
    const operands: Operand[] = []
    for (;;) {
      this.#skipSpace()
      const operand = this.#operand()
      if (operand === null) break
      operands.push(operand)
      if (this.#peek().type !== 'space') break
    }
    if (operands.length === 0)
      this.#fail(
        start.type === 'close'
          ? `missing value for ${context}`
          : `unexpected ${describe(start)} in ${context}`,
        start.offset,
      )
    const after = this.#peek()
    const ends =
      after.type === 'close' ||
      after.type === 'space' ||
      (after.type === 'punctuation' && (after.text === '|' || after.text === ')'))
    if (!ends) this.#fail(`unexpected ${describe(after)} in operand`, after.offset)
    return { operands, at: this.#place(start.offset) }
  }

  #operand(): Operand | null {
    const term = this.#term()
    if (term === null) return null
    const path = this.#path()
    if (path.length === 0) return term
    if (term.kind === 'constant' || term.kind === 'dot') this.#fail(`unexpected . after term`)
    if (term.kind === 'field' || term.kind === 'variable' || term.kind === 'pipe')
      return { ...term, path: [...term.path, ...path] }
    return { kind: 'chain', of: term, path, at: term.at }
  }

  #path(): string[] {
    const path: string[] = []
    while (this.#peek().type === 'field') path.push(this.#take().text)
    return path
  }

  #term(): Operand | null {
    const token = this.#peek()
    const at = this.#place(token.offset)
    switch (token.type) {
      case 'word':
        this.#take()
        return this.#word(token, at)
      case 'dot':
        this.#take()
        return { kind: 'dot', at }
      case 'field':
        this.#take()
        return { kind: 'field', path: [token.text], at }
      case 'variable':
        this.#take()
        this.#declared(token.text, token.offset)
        return { kind: 'variable', name: token.text, path: [], at }
      case 'number':
      case 'char':
        this.#take()
        return {
          kind: 'constant',
          value:
            readNumber(token.text) ??
            this.#fail(`bad number syntax: ${JSON.stringify(token.text)}`, token.offset),
          at,
        }
      case 'string':
        this.#take()
        return {
          kind: 'constant',
          value: unquote(token.text) ?? this.#fail(`bad string ${token.text}`, token.offset),
          at,
        }
      case 'punctuation': {
        if (token.text !== '(') return null
        this.#take()
        const scope = this.#variables.length
        const pipe = this.#pipe('parenthesized pipeline')
        this.#variables.length = scope
        this.#skipSpace()
        const close = this.#take()
        if (close.text !== ')') this.#fail(`unclosed left paren`, token.offset)
        return { kind: 'pipe', pipe, path: [], at }
      }
      default:
        return null
    }
  }

  #word(token: Token, at: Place): Operand {
    if (token.text === 'true' || token.text === 'false')
      return { kind: 'constant', value: token.text === 'true', at }
    if (token.text === 'nil') return { kind: 'constant', value: null, at }
    if (KEYWORDS.has(token.text)) this.#fail(`unexpected <${token.text}> in command`, token.offset)
    if (!this.#known.functions.has(token.text))
      this.#fail(`function ${JSON.stringify(token.text)} not defined`, token.offset)
    return { kind: 'function', name: token.text, at }
  }

  #declared(name: string, offset: number): void {
    if (!this.#variables.includes(name)) this.#fail(`undefined variable ${JSON.stringify(name)}`, offset)
  }
}

const describe = (token: Token): string =>
  token.type === 'end' ? 'EOF' : token.type === 'space' ? 'space' : JSON.stringify(token.text)
