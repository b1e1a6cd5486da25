// The values a template works on, in Go's terms: an int is a bigint here and a float64 a number.

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | Struct

/** A function a template may call. It throws TemplateError (or any Error) to fail the expansion. */
export type TemplateFunction = (...args: Value[]) => Value

/** A value with named fields and methods; unlike a map, asking it for another name is an error. */
export interface Struct {
  /** Go's name of the type, for messages. */
  readonly type: string
  readonly fields: Readonly<Record<string, Value | TemplateFunction>>
  /** What `{{ . }}` prints. */
  print(): string
  /** What arithmetic functions see: seconds of a duration. */
  readonly number?: number
}

const METHODS = Symbol('methods')

/** Gives a list or a map methods, as Go's named types have them; a map's own entries of the same name are hidden. */
export const withMethods = <V extends readonly Value[] | ReadonlyMap<string, Value>>(
  value: V,
  methods: Readonly<Record<string, TemplateFunction>>,
): V => Object.assign(value, { [METHODS]: methods })

export function methodOf(value: Value, name: string): TemplateFunction | undefined {
  if (!isList(value) && !isMap(value)) return undefined
  const methods = (value as { readonly [METHODS]?: Readonly<Record<string, TemplateFunction>> })[METHODS]
  return methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined
}

/** A template that does not parse, or could not be expanded. `line` and `column` count from 1. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly line: number
  readonly column: number
  constructor(message: string, at: { readonly line: number; readonly column: number }, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.line = at.line
    this.column = at.column
  }
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isMap = (value: Value): value is ReadonlyMap<string, Value> => value instanceof Map
export const isStruct = (value: Value): value is Struct =>
  typeof value === 'object' && value !== null && !isList(value) && !isMap(value)

/** Go's name of a value's type. */
export function typeName(value: Value): string {
  if (value === null) return 'nil'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (isList(value)) return '[]interface {}'
  if (isMap(value)) return 'map[string]string'
  return value.type
}

/** What `if` and `with` take for true: anything but the zero value of its type. */
export function isTrue(value: Value): boolean {
  if (value === null) return false
  if (typeof value === 'object')
    return isList(value) ? value.length > 0 : isMap(value) ? value.size > 0 : true
  return Boolean(value)
}
