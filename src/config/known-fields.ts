// Which fields a place of the configuration may have, read off its JSON Schema.
import { z } from 'zod'

const Schema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  $ref: z.string().optional(),
  const: z.unknown().optional(),
})
type Schema = z.output<typeof Schema>

/** The names of the fields that `schema` allows at `path` of `value`; of alternatives told apart by `type`, those of its type. */
export function fieldsAt(schema: unknown, value: unknown, path: readonly PropertyKey[]): string[] {
  const definitions =
    z.object({ $defs: z.record(z.string(), z.unknown()).catch({}) }).safeParse(schema).data?.$defs ?? {}

  function alternatives(schemaHere: unknown, here: unknown): Schema[] {
    const { success, data } = Schema.safeParse(schemaHere)
    if (!success) return []
    const referred = data.$ref === undefined ? undefined : definitions[data.$ref.replace('#/$defs/', '')]
    const others = [referred ?? [], data.anyOf ?? [], data.oneOf ?? [], data.allOf ?? []].flat()
    const own = isOfType(data, here) ? [data] : []
    return [...own, ...others.flatMap((other) => alternatives(other, here))]
  }

  let here = value
  let schemas = alternatives(schema, value)
  for (const step of path) {
    const key = String(step)
    here = fieldOf(here, key)
    schemas = schemas.flatMap(({ properties, items, additionalProperties }) =>
      alternatives(properties?.[key] ?? items ?? additionalProperties, here),
    )
  }
  return [...new Set(schemas.flatMap(({ properties }) => Object.keys(properties ?? {})))].toSorted()
}

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined

function isOfType({ properties }: Schema, value: unknown): boolean {
  const wanted = Schema.safeParse(properties?.['type']).data?.const
  return wanted === undefined || wanted === fieldOf(value, 'type')
}
