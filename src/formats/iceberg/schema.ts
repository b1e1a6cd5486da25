// Iceberg schemas, partition specs and sort orders in our words: columns by field id, transforms as `day(ts)`.
// Iceberg spec, "Schemas and Data Types", "Partition Transforms", "Sorting".
import { type Json, type JsonObject, arrayOf, numberOf, objectOf, stringOf } from '../json.ts'
import type { IdentifiedColumn } from '../schema-changes.ts'

export interface IcebergSchema {
  readonly id: number
  /** Flat, nested fields spelled with dots; `identity` is the field id. */
  readonly columns: readonly IdentifiedColumn[]
}

export interface PartitionField {
  readonly fieldId: number
  readonly name: string
  /** The first source column; multi-argument transforms have more. */
  readonly sourceId: number
  /** `identity`, `day`, `bucket[16]`, … as the spec writes it. */
  readonly transform: string
}

export interface PartitionSpec {
  readonly id: number
  readonly fields: readonly PartitionField[]
}

export interface SortField {
  readonly sourceId: number
  readonly transform: string
  readonly descending: boolean
}

export interface SortOrder {
  readonly id: number
  readonly fields: readonly SortField[]
}

/** More columns, deeper nesting or longer type names than this are cut off or refused. */
const MAX_COLUMNS = 20_000
const MAX_TYPE_DEPTH = 64
const MAX_NAME = 500

/** Throws RangeError where the schema is beyond our limits. */
export function parseSchema(json: JsonObject): IcebergSchema {
  const columns: IdentifiedColumn[] = []
  addFields(json['fields'], '', columns, 0)
  return { id: numberOf(json['schema-id']) ?? 0, columns }
}

function addFields(
  fields: Json | undefined,
  prefix: string,
  columns: IdentifiedColumn[],
  depth: number,
): void {
  for (const entry of arrayOf(fields)) {
    const field = objectOf(entry)
    const name = prefix + (stringOf(field['name']) ?? '').slice(0, MAX_NAME)
    add({ name, id: field['id'], required: field['required'] === true, type: field['type'] }, columns, depth)
  }
}

interface Nested {
  readonly name: string
  readonly id: Json | undefined
  readonly required: boolean
  readonly type: Json | undefined
}

/** A struct is its fields; a list or map is a column, and what is inside of it is one too. */
function add({ name, id, required, type }: Nested, columns: IdentifiedColumn[], depth: number): void {
  if (depth > MAX_TYPE_DEPTH) throw new RangeError(`a schema is nested deeper than ${MAX_TYPE_DEPTH}`)
  if (columns.length >= MAX_COLUMNS) throw new RangeError(`a schema has more than ${MAX_COLUMNS} columns`)
  const nested = objectOf(type)
  if (nested['type'] === 'struct') return addFields(nested['fields'], `${name}.`, columns, depth + 1)
  const identity = String(numberOf(id) ?? name)
  columns.push({ name, type: typeName(type, depth).slice(0, MAX_NAME), nullable: !required, identity })
  const inside = (part: 'element' | 'key' | 'value'): void =>
    add(
      {
        name: `${name}.${part}`,
        id: nested[`${part}-id`],
        required: part === 'key' || nested[`${part}-required`] === true,
        type: nested[part],
      },
      columns,
      depth + 1,
    )
  if (nested['type'] === 'list') inside('element')
  if (nested['type'] === 'map') {
    inside('key')
    inside('value')
  }
}

/** In Iceberg's words: `decimal(9,2)`, `list<string>`, `map<string, struct>`. */
function typeName(type: Json | undefined, depth: number): string {
  if (typeof type === 'string') return type.replace(/^decimal\((\d+),\s*(\d+)\)$/, 'decimal($1,$2)')
  if (depth > MAX_TYPE_DEPTH) throw new RangeError(`a schema is nested deeper than ${MAX_TYPE_DEPTH}`)
  const nested = objectOf(type)
  const of = (part: string): string => typeName(nested[part], depth + 1)
  if (nested['type'] === 'list') return `list<${of('element')}>`
  if (nested['type'] === 'map') return `map<${of('key')}, ${of('value')}>`
  return stringOf(nested['type']) ?? 'unknown'
}

/** `id` for v1's `partition-spec`, which is a bare list of fields. */
export function parseSpec(json: Json | undefined, id = 0): PartitionSpec {
  const fields = Array.isArray(json) ? json : arrayOf(objectOf(json)['fields'])
  return {
    id: numberOf(objectOf(json)['spec-id']) ?? id,
    fields: fields.map((entry: Json, index: number) => {
      const field = objectOf(entry)
      return {
        // v1 writers may leave ids out: they are then assigned from 1000 in order.
        fieldId: numberOf(field['field-id']) ?? 1_000 + index,
        name: (stringOf(field['name']) ?? `field${index}`).slice(0, MAX_NAME),
        ...source(field),
      }
    }),
  }
}

export function parseSortOrder(json: JsonObject): SortOrder {
  return {
    id: numberOf(json['order-id']) ?? 0,
    fields: arrayOf(json['fields']).map((entry) => {
      const field = objectOf(entry)
      return { ...source(field), descending: field['direction'] === 'desc' }
    }),
  }
}

const source = (field: JsonObject): { sourceId: number; transform: string } => ({
  sourceId: numberOf(field['source-id']) ?? numberOf(arrayOf(field['source-ids'])[0]) ?? -1,
  transform: (stringOf(field['transform']) ?? 'identity').slice(0, MAX_NAME),
})

/** `region`, `day(ts)`, `bucket(16, id)`; a source column that no kept schema has is spelled `#7`. */
export function spellTransform(
  field: { readonly sourceId: number; readonly transform: string },
  columnName: (id: number) => string | undefined,
): string {
  const column = columnName(field.sourceId) ?? `#${field.sourceId}`
  if (field.transform === 'identity') return column
  const parameter = /^(\w+)\[(\d+)\]$/.exec(field.transform)
  return parameter ? `${parameter[1]}(${parameter[2]}, ${column})` : `${field.transform}(${column})`
}
