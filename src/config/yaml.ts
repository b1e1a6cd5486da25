// YAML text → plain values with `${env:X}` and `${file:X}` resolved, and zod issues → messages that name the line.
import { LineCounter, type Document, isMap, isNode, isScalar, isSeq, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { ConfigError, explainError } from '../model/errors.ts'
import { nearest } from '../model/text.ts'
import { fieldsAt } from './known-fields.ts'

/** Where `${env:X}` and `${file:X}` read from; the caller decides, so a test needs no real environment. */
export interface SecretSources {
  env(name: string): string | undefined
  file(path: string): string
}

export interface ParsedYaml {
  readonly value: unknown
  /** Resolved secret values, to be hidden wherever the config is shown. */
  readonly secrets: readonly string[]
  /** `schema`: the JSON Schema that the values were held against; it has the names that an unknown field may mean. */
  explain(error: z.ZodError, schema: unknown): ConfigError
}

const REFERENCE = /\$\{(env|file):([^}]+)\}/g
/** As shells and Compose write it: left as it is, it would be taken for the secret itself. */
const BARE_REFERENCE = /\$\{([A-Z][A-Z0-9_]*)\}/
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const MAX_CONFIG_BYTES = 1_048_576

/** `sources` null: references are text like any other. Throws ConfigError. */
export function parseYaml(file: string, text: string, sources: SecretSources | null): ParsedYaml {
  if (text.length > MAX_CONFIG_BYTES) {
    throw new ConfigError(`${file}: ${text.length} characters, more than the limit of ${MAX_CONFIG_BYTES}`)
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, merge: false })
  const [error] = document.errors
  if (error) {
    const { line, col } = lines.linePos(error.pos[0])
    throw new ConfigError(`${file}:${line}:${col}: ${yamlMessage(error.message)}`)
  }
  const secrets: string[] = []
  resolveReferences(document, secrets, sources, (offset, message) => {
    const { line, col } = lines.linePos(offset)
    return new ConfigError(`${file}:${line}:${col}: ${message}`)
  })
  const value = plainValue(document, file)
  return {
    value,
    secrets,
    explain(zodError, schema) {
      const found = describeIssues(zodError.issues, document, (path) => fieldsAt(schema, value, path))
      const messages = found
        .toSorted((a, b) => a.offset - b.offset)
        .map(({ offset, message }) => {
          const { line, col } = lines.linePos(offset)
          return `${file}:${line}:${col}: ${message}`
        })
      return new ConfigError(messages.join('\n'))
    },
  }
}

/** Aliases of aliases can stand for more than there is memory. */
function plainValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 50 })
  } catch (cause) {
    throw new ConfigError(`${file}: ${explainError(cause)}`, { cause })
  }
}

function resolveReferences(
  document: Document,
  secrets: string[],
  sources: SecretSources | null,
  fail: (offset: number, message: string) => ConfigError,
): void {
  visit(document, {
    Pair(_, pair) {
      if (isScalar(pair.key) && FORBIDDEN_KEYS.has(String(pair.key.value))) {
        throw fail(pair.key.range?.[0] ?? 0, `the key ${String(pair.key.value)} is not allowed`)
      }
    },
    Scalar(_, node) {
      if (sources === null || typeof node.value !== 'string' || !node.value.includes('${')) return
      const [bare, variable] = BARE_REFERENCE.exec(node.value) ?? []
      if (bare !== undefined)
        throw fail(
          node.range?.[0] ?? 0,
          `${bare} is not replaced; write \${env:${variable}} for the environment variable`,
        )
      node.value = node.value.replace(REFERENCE, (whole, kind: 'env' | 'file', name: string) => {
        const value = lookUp(kind, name, sources, (message) =>
          fail(node.range?.[0] ?? 0, `${whole}: ${message}`),
        )
        if (value.length >= 4) secrets.push(value)
        return value
      })
    },
  })
}

function lookUp(
  kind: 'env' | 'file',
  name: string,
  sources: SecretSources,
  fail: (message: string) => ConfigError,
): string {
  if (kind === 'env') {
    const value = sources.env(name)
    if (value === undefined) throw fail(`the environment variable ${name} is not set`)
    return value
  }
  try {
    return sources.file(name).trimEnd()
  } catch (error) {
    throw fail(`cannot read the file: ${explainError(error)}`)
  }
}

/** The first line of a parser's message, without the place, which stands before it. */
const yamlMessage = (message: string): string =>
  (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')

/** `path: what was expected` for each issue, and where it stands. */
function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  document: Document,
  known: (path: readonly PropertyKey[]) => readonly string[],
): Array<{ readonly offset: number; readonly message: string }> {
  return issues.flatMap((issue) => {
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const nested = issue.errors.flat().map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
      if (nested.length > 0) return describeIssues(nested, document, known)
    }
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined]
    return keys.map((key) => {
      const path = key === undefined ? issue.path : [...issue.path, key]
      const message = key === undefined ? plain(issue.message) : unknownField(key, known(issue.path))
      const where = path.map(String).join('.') || 'the document'
      return { offset: offsetOf(document, path), message: `${where}: ${message}` }
    })
  })
}

/** Zod tells of a field that is missing as of one that is `undefined`. */
function plain(message: string): string {
  const [, expected] = /^Invalid input: expected (.+), received undefined$/.exec(message) ?? []
  return expected === undefined ? message : `is missing; expected ${expected}`
}

function unknownField(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  const hint =
    near !== undefined ? `; did you mean ${near}?` : known.length > 0 ? `; known are ${known.join(', ')}` : ''
  return `unknown field ${JSON.stringify(key)}${hint}`
}

/** The offset of the node at `path`, of its key where it is a map's entry, or of the nearest parent that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step))
      if (!pair) return offset
      offset = isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      if (!isNode(node)) return offset
      offset = node.range?.[0] ?? offset
    } else return offset
  }
  return offset
}
