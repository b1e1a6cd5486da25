// A Delta schemaString → flat columns, their physical names, and the column that tells event time.
import { SourceError } from '../../model/errors.ts'
import { obviousEventTime } from '../event-time.ts'
import {
  type Json,
  type JsonObject,
  arrayOf,
  isObject,
  objectOf,
  parseJsonObject,
  stringOf,
} from '../json.ts'
import type { IdentifiedColumn } from '../schema-changes.ts'

const MAX_COLUMNS = 20_000
const MAX_DEPTH = 100

export interface DeltaColumn extends IdentifiedColumn {
  /** Names as statistics and partition values spell them (column mapping gives files other names than users see). */
  readonly physical: readonly string[]
  /** True when it can have statistics: not inside an array or map. */
  readonly plain: boolean
}

export function parseSchema(schemaString: string, subject: string): readonly DeltaColumn[] {
  if (schemaString === '') return []
  const columns: DeltaColumn[] = []
  const schema = parseJsonObject(schemaString, { subject: `${subject} (schemaString)` })
  flatten(schema, { name: [], physical: [], nullable: true, plain: true }, columns, subject)
  return columns
}

interface Path {
  readonly name: readonly string[]
  readonly physical: readonly string[]
  readonly nullable: boolean
  readonly plain: boolean
}

function flatten(type: Json | undefined, at: Path, columns: DeltaColumn[], subject: string): void {
  if (at.name.length > MAX_DEPTH || columns.length > MAX_COLUMNS) {
    throw new SourceError(
      'too-large',
      `${subject}: the schema has more than ${MAX_COLUMNS} columns or ${MAX_DEPTH} levels`,
      { subject },
    )
  }
  if (isObject(type) && type['type'] === 'struct') {
    for (const field of arrayOf(type['fields'])) {
      if (isObject(field)) flatten(field['type'], below(at, field), columns, subject)
    }
    return
  }
  if (at.name.length > 0) {
    columns.push({
      name: at.name.join('.'),
      type: typeName(type),
      nullable: at.nullable,
      identity: at.physical.join('\u0000'),
      physical: at.physical,
      plain: at.plain,
    })
  }
  if (!isObject(type)) return
  const inside = (part: string, nullable: boolean): Path => ({
    name: [...at.name, part],
    physical: [...at.physical, part],
    nullable,
    plain: false,
  })
  if (type['type'] === 'array' && isObject(type['elementType'])) {
    flatten(type['elementType'], inside('element', type['containsNull'] !== false), columns, subject)
  } else if (type['type'] === 'map') {
    if (isObject(type['keyType'])) flatten(type['keyType'], inside('key', false), columns, subject)
    if (isObject(type['valueType'])) {
      flatten(type['valueType'], inside('value', type['valueContainsNull'] !== false), columns, subject)
    }
  }
}

function below(at: Path, field: JsonObject): Path {
  const name = stringOf(field['name']) ?? ''
  const physical = stringOf(objectOf(field['metadata'])['delta.columnMapping.physicalName']) ?? name
  return {
    name: [...at.name, name],
    physical: [...at.physical, physical],
    nullable: field['nullable'] !== false,
    plain: at.plain,
  }
}

/** A type in Delta's words: `array<string>`, `map<string, struct>`; the fields of nested structs are columns of their own. */
function typeName(type: Json | undefined): string {
  if (typeof type === 'string') return type
  const nested = objectOf(type)
  if (nested['type'] === 'array') return `array<${typeName(nested['elementType'])}>`
  if (nested['type'] === 'map') return `map<${typeName(nested['keyType'])}, ${typeName(nested['valueType'])}>`
  return stringOf(nested['type']) ?? 'unknown'
}

/** The configured column, else the obvious one; partition columns may hold times as text. */
export function eventTimeColumn(
  columns: readonly DeltaColumn[],
  partitionColumns: readonly string[],
  configured: string | undefined,
): DeltaColumn | null {
  if (configured !== undefined) return columns.find(({ name }) => name === configured) ?? null
  const plain = columns.filter((column) => column.plain)
  const partitions = plain.filter(({ name, type }) => type === 'string' && partitionColumns.includes(name))
  return obviousEventTime(plain, partitions)
}
