// Times as producers of OpenLineage events write them.
import { type Json, stringOf } from '../../formats/json.ts'
import type { Known } from '../../model/known.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'

/** ISO 8601, any precision; a time without a zone is UTC, as its producers mean it. Null for anything else. */
export function facetTime(value: Json | undefined): Known<Timestamp> {
  const text = stringOf(value) ?? ''
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || text.length > 100) return null
  // Java's ZonedDateTime adds the zone's name in brackets.
  const plain = text.replace(/\[.*$/, '')
  const ms = Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/i.test(plain) ? plain : `${plain}Z`)
  return Number.isFinite(ms) ? timestamp(ms) : null
}
