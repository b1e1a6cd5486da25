// What functions take: arity and types are checked as Go checks them, with messages in its words.
import { type TemplateFunction, type Value, isList, isStruct, typeName } from './value.ts'

type Kinds = { any: Value; string: string; float: number; int: number; list: readonly Value[] }
type Kind = keyof Kinds
type Arguments<K extends readonly Kind[]> = { [I in keyof K]: Kinds[K[I]] }

/** A function of fixed parameters. */
export function takes<const K extends readonly Kind[]>(
  kinds: K,
  call: (...args: Arguments<K>) => Value,
): TemplateFunction {
  return (...args) => {
    if (args.length !== kinds.length)
      throw new Error(`wrong number of args: want ${kinds.length} got ${args.length}`)
    return call(...(args.map((value, i) => convert(value, kinds[i]!)) as unknown as Arguments<K>))
  }
}

function convert(value: Value, kind: Kind): Value {
  switch (kind) {
    case 'any':
      return value
    case 'string':
      if (typeof value === 'string') return value
      throw new Error(`wrong type for value; expected string; got ${typeName(value)}`)
    case 'float':
      return toFloat(value)
    case 'int':
      if (typeof value === 'bigint') return Number(value)
      throw new Error(`wrong type for value; expected int; got ${typeName(value)}`)
    case 'list':
      if (isList(value)) return value
      throw new Error(`wrong type for value; expected a list; got ${typeName(value)}`)
  }
}

/** Numbers of every kind, durations as seconds, and texts that read as a number. */
export function toFloat(value: Value): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  if (isStruct(value) && value.number !== undefined) return value.number
  if (typeof value === 'string') {
    const special = /^([+-]?)(inf|infinity|nan)$/i.exec(value)
    if (special) return special[2]!.toLowerCase() === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity
    if (value.trim() === value && value !== '' && Number.isFinite(Number(value))) return Number(value)
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`)
  }
  throw new Error(`can't convert ${typeName(value)} to float`)
}
