// Lifecycle rules as S3 spells them → what safety and money depend on. What is not understood is taken for the worst.
import type { LifecycleRule } from './bucket.ts'
import type { JsonValue } from './json-value.ts'
import { bytes } from './units.ts'

export interface LifecycleDocument {
  readonly Rules: ReadonlyArray<Readonly<Record<string, JsonValue>>>
  /** Set explicitly on every write: S3 changes its default when an old document is edited. */
  readonly TransitionDefaultMinimumObjectSize?: string
}

/** Undefined where the text is no lifecycle document. */
export function parseDocument(text: string): LifecycleDocument | undefined {
  try {
    const value = JSON.parse(text) as unknown
    const isDocument =
      typeof value === 'object' && value !== null && 'Rules' in value && Array.isArray(value.Rules)
    return isDocument ? (value as LifecycleDocument) : undefined
  } catch {
    return undefined
  }
}

type Json = Readonly<Record<string, JsonValue>>

const object = (value: JsonValue | undefined): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
const list = (value: JsonValue | undefined): readonly Json[] =>
  Array.isArray(value) ? value.map(object) : []
const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '')
const number = (value: JsonValue | undefined): number | null => (typeof value === 'number' ? value : null)

export const rulesOf = ({ Rules }: LifecycleDocument): readonly LifecycleRule[] => Rules.map(ruleOf)

function ruleOf(rule: Json): LifecycleRule {
  // `And` joins several conditions; an old document has its prefix on the rule itself.
  const filter = object(rule['Filter'])
  const all = { ...filter, ...object(filter['And']) }
  const tags = [...list(all['Tags']), ...(all['Tag'] === undefined ? [] : [object(all['Tag'])])]
  const expiration = rule['Expiration'] === undefined ? null : object(rule['Expiration'])
  const larger = number(all['ObjectSizeGreaterThan'])
  const smaller = number(all['ObjectSizeLessThan'])
  return {
    id: text(rule['ID']),
    enabled: text(rule['Status']) !== 'Disabled',
    prefix: text(all['Prefix']) || text(rule['Prefix']),
    tags: Object.fromEntries(tags.map((tag) => [text(tag['Key']), text(tag['Value'])])),
    largerThan: larger === null ? null : bytes(larger),
    smallerThan: smaller === null ? null : bytes(smaller),
    transitions: transitions(rule['Transitions'] ?? rule['Transition'], 'Days'),
    // A date expires everything at once; only a delete marker's own expiry takes nothing.
    expires:
      expiration === null
        ? null
        : (number(expiration['Days']) ?? (expiration['Date'] === undefined ? null : 0)),
    noncurrentExpires: number(object(rule['NoncurrentVersionExpiration'])['NoncurrentDays']),
    noncurrentTransitions: transitions(rule['NoncurrentVersionTransitions'], 'NoncurrentDays'),
    abortsUploadsAfter: number(object(rule['AbortIncompleteMultipartUpload'])['DaysAfterInitiation']),
  }
}

const transitions = (value: JsonValue | undefined, days: string): LifecycleRule['transitions'] =>
  (Array.isArray(value) ? list(value) : value === undefined ? [] : [object(value)]).map((one) => ({
    days: number(one[days]) ?? 0,
    to: text(one['StorageClass']),
  }))
