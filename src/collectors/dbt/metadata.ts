// What every artifact of dbt says about itself.
import { type Json, type JsonObject, objectOf, stringOf } from '../../formats/json.ts'
import { SourceError } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'

export interface Metadata {
  readonly invocation: string
  readonly generatedAt: Timestamp
  readonly startedAt: Known<Timestamp>
}

export function metadataOf(artifact: JsonObject, url: string): Metadata {
  const metadata = objectOf(artifact['metadata'])
  const invocation = stringOf(metadata['invocation_id'])
  const generatedAt = dbtTime(metadata['generated_at'])
  if (invocation === null || generatedAt === null) {
    throw new SourceError(
      'unsupported',
      `${url}: expected metadata.invocation_id and metadata.generated_at; is it an artifact of dbt 0.19 or newer?`,
      { subject: url },
    )
  }
  return { invocation, generatedAt, startedAt: dbtTime(metadata['invocation_started_at']) }
}

/** ISO 8601; old versions write UTC without saying so. */
export function dbtTime(value: Json | undefined): Known<Timestamp> {
  const text = stringOf(value)
  if (text === null || !/^\d{4}-\d\d-\d\d[T ]/.test(text)) return null
  const ms = Date.parse((/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`).replace(' ', 'T'))
  return Number.isFinite(ms) ? timestamp(ms) : null
}

/** `model.shop.orders` → its type, package and name. */
export function uniqueId(id: string): { type: string; project: string; name: string } {
  const [type = '', project = '', ...name] = id.split('.')
  return { type, project, name: name.join('.') }
}
