// Strict YAML with places: every value is read as the text that stands in the file, as Prometheus reads it.
import {
  type Document,
  LineCounter,
  type Node,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
} from 'yaml'
import { type Millis, parseDuration } from '../model/units.ts'
import type { Finding } from './finding.ts'

/** A rule or test file larger than this is not read (characters). */
const FILE_LENGTH_MAX = 8_388_608
/** Aliases behind aliases, and merges inside merges. */
const INDIRECTIONS_MAX = 20

export interface Place {
  readonly line: number
  readonly column: number
}

/** A node with its aliases followed; null where nothing is written. */
export type YamlNode = Node | null

export class YamlReader {
  readonly path: string
  readonly findings: Finding[] = []
  /** Unknown fields are warnings instead of errors. */
  readonly #lenient: boolean
  readonly #text: string
  readonly #lines = new LineCounter()
  #document: Document | undefined

  constructor(path: string, text: string, options: { readonly ignoreUnknownFields?: boolean } = {}) {
    this.path = path
    this.#text = text
    this.#lenient = options.ignoreUnknownFields === true
  }

  /** The first document's root; null when the file is empty or does not parse (then `findings` says why). */
  root(): YamlNode {
    if (this.#text.length > FILE_LENGTH_MAX) {
      this.fail(
        null,
        'limit',
        `the file has ${this.#text.length} characters, the limit is ${FILE_LENGTH_MAX}`,
      )
      return null
    }
    const options = {
      lineCounter: this.#lines,
      schema: 'failsafe',
      strict: true,
      uniqueKeys: false,
      logLevel: 'silent',
    } as const
    const documents = parseAllDocuments(this.#text, options)
    const [first, second] = 'empty' in documents ? [] : (documents as Document[])
    if (first === undefined) return null
    for (const error of first.errors) this.#at(error.pos[0], 'error', 'syntax', error.message.split('\n')[0]!)
    if (second !== undefined) {
      this.#at(second.range?.[0] ?? 0, 'warning', 'documents', 'only the first YAML document is read')
    }
    this.#document = first as Document
    return first.errors.length > 0 ? null : this.#follow(first.contents as YamlNode)
  }

  place(node: YamlNode): Place {
    return this.#place(node?.range?.[0] ?? 0)
  }

  /** The place of an offset inside a scalar's own text, such as an expression's parse error. */
  placeInside(node: YamlNode, offset: number): Place {
    const start = this.place(node)
    if (!isScalar(node)) return start
    if (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED') {
      const quoted = node.type === 'PLAIN' ? 0 : 1
      return (node.source ?? '').includes('\n')
        ? start
        : { line: start.line, column: start.column + quoted + offset }
    }
    const lines = this.#text.split('\n')
    const indent = /^ */.exec(lines[start.line] ?? '')![0].length
    let rest = offset
    let line = start.line
    // A fold is one character of the text, as a line's end is.
    for (
      let length = lines[line]!.length - indent;
      rest > length && line + 1 < lines.length;
      length = lines[line]!.length - indent
    ) {
      rest -= Math.max(0, length) + 1
      line += 1
    }
    return { line: line + 1, column: indent + Math.max(0, rest) + 1 }
  }

  fail(node: YamlNode, check: string, message: string): void {
    this.#at(node?.range?.[0] ?? 0, 'error', check, message)
  }

  failAt({ line, column }: Place, check: string, message: string): void {
    this.findings.push({ path: this.path, line, column, severity: 'error', check, message })
  }

  get failed(): boolean {
    return this.findings.some((finding) => finding.severity === 'error')
  }

  /** The entries of a mapping, merges (`<<`) included; a key that is not among `known` is an error. */
  fields(node: YamlNode, what: string, known: readonly string[]): ReadonlyMap<string, YamlNode> {
    const fields = new Map<string, YamlNode>()
    for (const [key, value, keyNode] of this.#entries(node, what)) {
      if (!known.includes(key)) {
        const message = `unknown field ${JSON.stringify(key)} in ${what}; known are ${known.join(', ')}`
        this.#at(keyNode.range?.[0] ?? 0, this.#lenient ? 'warning' : 'error', 'field', message)
      } else if (fields.has(key))
        this.fail(keyNode, 'field', `the field ${JSON.stringify(key)} is there twice in ${what}`)
      else fields.set(key, value)
    }
    return fields
  }

  /** A mapping of text to text, such as labels. */
  texts(
    node: YamlNode,
    what: string,
  ): Array<{ readonly name: string; readonly text: string; readonly key: Node; readonly value: YamlNode }> {
    const seen = new Set<string>()
    return this.#entries(node, what).flatMap(([name, value, key]) => {
      if (seen.has(name)) this.fail(key, 'field', `${JSON.stringify(name)} is there twice in ${what}`)
      seen.add(name)
      const text = this.text(value, `${what}.${name}`)
      return text === null ? [] : [{ name, text, key, value }]
    })
  }

  list(node: YamlNode, what: string): YamlNode[] {
    if (isNothing(node)) return []
    if (isSeq(node)) return node.items.map((item) => this.#follow(item as YamlNode))
    this.fail(node, 'type', `${what} must be a list`)
    return []
  }

  /** A scalar's text as written; '' where nothing is; null (and a finding) for a list or a mapping. */
  text(node: YamlNode, what: string): string | null {
    if (isNothing(node)) return ''
    if (isScalar(node)) return node.source ?? String(node.value)
    this.fail(node, 'type', `${what} must be a text, not a ${isSeq(node) ? 'list' : 'mapping'}`)
    return null
  }

  duration(node: YamlNode, what: string): Millis | null {
    if (isNothing(node)) return null
    const text = this.text(node, what)
    if (text === null) return null
    const length = parseDuration(text)
    if (length === undefined)
      this.fail(
        node,
        'duration',
        `${what}: not a duration: ${JSON.stringify(text)}; write it like 30s, 5m or 1h30m`,
      )
    return length ?? null
  }

  integer(node: YamlNode, what: string): number | null {
    if (isNothing(node)) return null
    const text = this.text(node, what)
    if (text === null) return null
    if (/^[+-]?\d{1,15}$/.test(text)) return Number(text)
    this.fail(node, 'type', `${what} must be a whole number, found ${JSON.stringify(text)}`)
    return null
  }

  #entries(node: YamlNode, what: string, depth = 0): Array<[key: string, value: YamlNode, keyNode: Node]> {
    if (isNothing(node)) return []
    if (!isMap(node)) {
      this.fail(node, 'type', `${what} must be a mapping`)
      return []
    }
    const own: Array<[string, YamlNode, Node]> = []
    const merged: Array<[string, YamlNode, Node]> = []
    for (const pair of node.items) {
      const key = this.#follow((isPair(pair) ? pair.key : null) as YamlNode)
      if (key === null || !isScalar(key)) {
        this.fail(key ?? node, 'type', `a key of ${what} must be a text`)
        continue
      }
      const name = key.source ?? String(key.value)
      const value = this.#follow(pair.value as YamlNode)
      if (name !== '<<') own.push([name, value, key])
      else if (depth < INDIRECTIONS_MAX) {
        const sources = isSeq(value) ? value.items.map((item) => this.#follow(item as YamlNode)) : [value]
        for (const source of sources) merged.push(...this.#entries(source, what, depth + 1))
      }
    }
    const names = new Set(own.map(([name]) => name))
    const first = new Map(merged.toReversed().map((entry) => [entry[0], entry]))
    return [...own, ...[...first.values()].filter(([name]) => !names.has(name))]
  }

  #follow(node: YamlNode): YamlNode {
    let target = node
    for (let i = 0; isAlias(target) && i < INDIRECTIONS_MAX; i++) {
      const next: Node | undefined = this.#document === undefined ? undefined : target.resolve(this.#document)
      if (next === undefined) {
        this.fail(target, 'syntax', `the alias *${target.source} stands for nothing`)
        return null
      }
      target = next
    }
    return target ?? null
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  #at(offset: number, severity: Finding['severity'], check: string, message: string): void {
    this.findings.push({ path: this.path, ...this.#place(offset), severity, check, message })
  }
}

/** Nothing written, or YAML's null: both leave a field at its default. */
export const isNothing = (node: YamlNode | undefined): node is null | undefined =>
  node === null ||
  node === undefined ||
  (isScalar(node) && node.type === 'PLAIN' && /^(~|null|Null|NULL)?$/.test(node.source ?? ''))

/** The offset of a line and column (from 1) in a text. */
export function offsetOf(text: string, { line, column }: Place): number {
  const before = text.split('\n').slice(0, line - 1)
  return before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1
}
