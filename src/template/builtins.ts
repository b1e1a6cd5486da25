// The functions every Go template has: comparisons, index, len, slice, printing and escaping.
import { printValue, sprintf } from './print.ts'
import { type TemplateFunction, type Value, isList, isMap, isTrue, typeName } from './value.ts'

const MISSING_ARGUMENT = 'missing argument for comparison'

function equal(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b
  if (typeof a !== typeof b || typeof a === 'object') {
    throw new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
  }
  return a === b
}

function less(a: Value, b: Value): boolean {
  const ordered = typeof a === 'string' || typeof a === 'number' || typeof a === 'bigint'
  if (!ordered) throw new Error(`invalid type for comparison: ${typeName(a)}`)
  if (typeof a !== typeof b)
    throw new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`)
  return a < (b as typeof a)
}

const comparison =
  (decide: (a: Value, b: Value) => boolean): TemplateFunction =>
  (...args) => {
    if (args.length !== 2) throw new Error(`wrong number of args: want 2 got ${args.length}`)
    return decide(args[0]!, args[1]!)
  }

function position(value: Value, length: number, upTo: number): number {
  if (typeof value !== 'bigint') throw new Error(`cannot index slice/array with type ${typeName(value)}`)
  if (value < 0n || value > BigInt(upTo)) throw new Error(`index out of range: ${value} of ${length}`)
  return Number(value)
}

function index(item: Value, ...keys: Value[]): Value {
  let value = item
  for (const key of keys) {
    if (isMap(value)) {
      if (typeof key !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`)
      value = value.get(key) ?? ''
    } else if (isList(value)) value = value[position(key, value.length, value.length - 1)]!
    else if (typeof value === 'string')
      value = BigInt(Buffer.from(value)[position(key, value.length, Buffer.byteLength(value) - 1)]!)
    else throw new Error(`can't index item of type ${typeName(value)}`)
  }
  return value
}

function slice(item: Value, ...bounds: Value[]): Value {
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`)
  const cut = (length: number): [number, number] => {
    const from = bounds[0] === undefined ? 0 : position(bounds[0], length, length)
    const to = bounds[1] === undefined ? length : position(bounds[1], length, length)
    if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`)
    return [from, to]
  }
  if (isList(item)) return item.slice(...cut(item.length))
  if (typeof item !== 'string') throw new Error(`can't slice item of type ${typeName(item)}`)
  const bytes = Buffer.from(item)
  return bytes.subarray(...cut(bytes.length)).toString()
}

function length(value: Value): Value {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value))
  if (isList(value)) return BigInt(value.length)
  if (isMap(value)) return BigInt(value.size)
  throw new Error(`len of type ${typeName(value)}`)
}

/** Spaces between operands when neither is a string. */
function print(...args: Value[]): string {
  let text = ''
  args.forEach((value, i) => {
    if (i > 0 && typeof value !== 'string' && typeof args[i - 1] !== 'string') text += ' '
    text += printValue(value)
  })
  return text
}

const HTML: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
}
const escapeHtml = (text: string): string => text.replaceAll(/["'&<>\0]/g, (char) => HTML[char]!)

const escapeJs = (text: string): string =>
  text.replaceAll(/[\\'"<>&=\p{C}]/gu, (char) => {
    const code = char.codePointAt(0)!
    if (char === '\\' || char === "'" || char === '"') return `\\${char}`
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
  })

/** As Go's url.QueryEscape. */
export const escapeQuery = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** `and` and `or` stand here for their names; the interpreter evaluates them lazily. */
export const builtins: Readonly<Record<string, TemplateFunction>> = {
  and: () => null,
  or: () => null,
  not: (...args) => {
    if (args.length !== 1) throw new Error(`wrong number of args: want 1 got ${args.length}`)
    return !isTrue(args[0]!)
  },
  eq: (...args) => {
    if (args.length < 2) throw new Error(MISSING_ARGUMENT)
    return args.slice(1).some((other) => equal(args[0]!, other))
  },
  ne: comparison((a, b) => !equal(a, b)),
  lt: comparison(less),
  le: comparison((a, b) => less(a, b) || equal(a, b)),
  // As in Go, the opposites of le and lt: NaN is greater than everything.
  gt: comparison((a, b) => !less(a, b) && !equal(a, b)),
  ge: comparison((a, b) => !less(a, b)),
  index: (...args) => {
    if (args.length === 0) throw new Error('wrong number of args: want at least 1 got 0')
    return index(args[0]!, ...args.slice(1))
  },
  slice: (...args) => {
    if (args.length === 0) throw new Error('wrong number of args: want at least 1 got 0')
    return slice(args[0]!, ...args.slice(1))
  },
  len: (...args) => {
    if (args.length !== 1) throw new Error(`wrong number of args: want 1 got ${args.length}`)
    return length(args[0]!)
  },
  call: () => {
    throw new Error('no value of a template is a function')
  },
  print,
  println: (...args) => `${args.map(printValue).join(' ')}\n`,
  printf: (...args) => {
    if (typeof args[0] !== 'string') throw new Error('wrong type for value; expected string')
    return sprintf(args[0], args.slice(1))
  },
  html: (...args) => escapeHtml(print(...args)),
  js: (...args) => escapeJs(print(...args)),
  urlquery: (...args) => escapeQuery(print(...args)),
}
