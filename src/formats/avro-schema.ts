// The schema of an Avro file as a checked tree: names resolved, sizes bounded, nothing left to trust.
// Avro 1.11 specification, "Schema Declaration".
import { type Json, type JsonObject, arrayOf, isObject, numberOf, stringOf } from './json.ts'

export interface AvroField {
  readonly name: string
  /** Iceberg writes the table's field id beside the name; null where there is none. */
  readonly fieldId: number | null
  readonly type: AvroType
}

export type AvroType =
  | AvroPrimitive
  | { readonly kind: 'fixed'; readonly size: number; readonly logical: AvroLogical }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }
  | { readonly kind: 'record'; readonly fields: readonly AvroField[] }

export interface AvroPrimitive {
  readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'
  readonly logical: AvroLogical
}

/** What a value means: `{ name: 'decimal', scale: 2 }`; name '' for none. */
export interface AvroLogical {
  readonly name: string
  readonly scale: number
}

/** Deeper nesting, more types or longer fixed values than this are an attack or a broken writer. */
export const MAX_SCHEMA_DEPTH = 64
export const MAX_SCHEMA_TYPES = 20_000
export const MAX_FIXED_BYTES = 1_048_576

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'])
const NO_LOGICAL: AvroLogical = { name: '', scale: 0 }

/** Throws RangeError with what is wrong; the caller knows which file it is. */
export function avroSchema(json: Json): AvroType {
  return new SchemaReader().read(json, '', 0)
}

/** Whether values of the type take no bytes at all, so that any number of them would fit in a file. */
export function takesNoBytes(type: AvroType): boolean {
  if (type.kind === 'fixed') return type.size === 0
  if (type.kind === 'record') return type.fields.every((field) => takesNoBytes(field.type))
  return type.kind === 'null'
}

class SchemaReader {
  /** Full name → type; null while its declaration is being read, which makes a recursion visible. */
  readonly #named = new Map<string, { type: AvroType; types: number } | null>()
  /** Types so far with every reference counted as if written out: reading a value costs that much. */
  #types = 0

  read(json: Json, namespace: string, depth: number): AvroType {
    if (depth > MAX_SCHEMA_DEPTH) throw new RangeError(`schema is nested deeper than ${MAX_SCHEMA_DEPTH}`)
    this.#count(1)
    if (typeof json === 'string') return this.#byName(json, namespace, NO_LOGICAL)
    if (Array.isArray(json)) {
      if (json.length === 0) throw new RangeError('schema has a union without branches')
      return { kind: 'union', branches: json.map((branch: Json) => this.read(branch, namespace, depth + 1)) }
    }
    if (!isObject(json)) throw new RangeError('schema has a type that is neither a name nor an object')
    const type = json['type']
    // BigQuery writes {"type": {"type": "long"}} where others write {"type": "long"}.
    if (typeof type !== 'string') return this.read(type ?? null, namespace, depth + 1)
    switch (type) {
      case 'array':
        return { kind: 'array', items: this.#repeated(json['items'], namespace, depth) }
      case 'map':
        // A map's key takes bytes, whatever its values do.
        return { kind: 'map', values: this.read(json['values'] ?? null, namespace, depth + 1) }
      case 'record':
      case 'error':
        return this.#declare(json, namespace, (inner) => ({
          kind: 'record',
          fields: this.#fields(json, inner, depth),
        }))
      case 'enum':
        return this.#declare(json, namespace, () => ({
          kind: 'enum',
          symbols: arrayOf(json['symbols']).map((symbol) => stringOf(symbol) ?? ''),
        }))
      case 'fixed':
        return this.#declare(json, namespace, () => ({
          kind: 'fixed',
          size: fixedSize(json['size']),
          logical: logicalOf(json),
        }))
      default:
        return this.#byName(type, namespace, logicalOf(json))
    }
  }

  #fields(json: JsonObject, namespace: string, depth: number): AvroField[] {
    const seen = new Set<string>()
    return arrayOf(json['fields']).map((field) => {
      const name = isObject(field) ? stringOf(field['name']) : null
      if (!isObject(field) || name === null) throw new RangeError('schema has a record field without a name')
      if (seen.has(name))
        throw new RangeError(`schema has two fields ${JSON.stringify(name.slice(0, 80))} in one record`)
      seen.add(name)
      return {
        name,
        fieldId: numberOf(field['field-id']),
        type: this.read(field['type'] ?? null, namespace, depth + 1),
      }
    })
  }

  #repeated(json: Json | undefined, namespace: string, depth: number): AvroType {
    const items = this.read(json ?? null, namespace, depth + 1)
    if (takesNoBytes(items)) throw new RangeError('schema has an array whose items take no bytes')
    return items
  }

  #declare(json: JsonObject, namespace: string, build: (namespace: string) => AvroType): AvroType {
    const name = stringOf(json['name']) ?? ''
    const full = fullName(name, stringOf(json['namespace']) ?? namespace)
    // Iceberg's partition record is called r102 in each manifest; a name declared twice would be ambiguous.
    if (this.#named.has(full))
      throw new RangeError(`schema declares ${JSON.stringify(full.slice(0, 80))} twice`)
    this.#named.set(full, null)
    const before = this.#types
    const type = build(full.includes('.') ? full.slice(0, full.lastIndexOf('.')) : '')
    this.#named.set(full, { type, types: this.#types - before })
    return type
  }

  #byName(name: string, namespace: string, logical: AvroLogical): AvroType {
    if (PRIMITIVES.has(name)) return { kind: name as AvroPrimitive['kind'], logical }
    const known = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name)
    if (known === undefined) {
      throw new RangeError(`schema names ${JSON.stringify(name.slice(0, 80))}, which it does not declare`)
    }
    if (known === null) {
      throw new RangeError(`schema type ${JSON.stringify(name.slice(0, 80))} contains itself`)
    }
    this.#count(known.types)
    return known.type
  }

  #count(types: number): void {
    this.#types += types
    if (this.#types > MAX_SCHEMA_TYPES) throw new RangeError(`schema has more than ${MAX_SCHEMA_TYPES} types`)
  }
}

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`

function fixedSize(json: Json | undefined): number {
  const size = numberOf(json)
  if (size === null || !Number.isInteger(size) || size < 0 || size > MAX_FIXED_BYTES) {
    throw new RangeError(
      `schema has a fixed type of ${size ?? 'unknown'} bytes, expected 0 to ${MAX_FIXED_BYTES}`,
    )
  }
  return size
}

const logicalOf = (json: JsonObject): AvroLogical => {
  const name = stringOf(json['logicalType'])
  return name === null ? NO_LOGICAL : { name, scale: numberOf(json['scale']) ?? 0 }
}
