// A bucket's lifecycle document: ours are merged into what is there by id, and nothing that was there is lost.
import type { JsonValue } from '../../model/json-value.ts'

/** S3's limit on rules of one document. */
const MAX_RULES = 1_000
/** Rules of ours carry it: a later document of ours replaces them, and nobody else's. */
export const OWN = 'tidemark-'

export interface LifecycleDocument {
  readonly Rules: ReadonlyArray<Readonly<Record<string, JsonValue>>>
  /** Set explicitly on every write: S3 changes its default when an old document is edited. */
  readonly TransitionDefaultMinimumObjectSize?: string
}

export const EMPTY: LifecycleDocument = { Rules: [] }

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

export const printDocument = (document: LifecycleDocument): string => JSON.stringify(document, null, 2)

/** Ours take the place of those with the same id; undefined where that is more than S3 takes. */
export function merge(
  document: LifecycleDocument,
  rules: LifecycleDocument['Rules'],
): LifecycleDocument | undefined {
  const own = new Set(rules.map((rule) => rule['ID']))
  const merged = [...document.Rules.filter((rule) => !own.has(rule['ID'])), ...rules]
  return merged.length > MAX_RULES ? undefined : { ...document, Rules: merged }
}

/** Without a rule, or without one of its actions. */
export const without = (document: LifecycleDocument, ids: ReadonlySet<string>): LifecycleDocument => ({
  ...document,
  Rules: document.Rules.filter((rule) => !ids.has(String(rule['ID'] ?? ''))),
})

export const ownRules = ({ Rules }: LifecycleDocument): LifecycleDocument['Rules'] =>
  Rules.filter(({ ID }) => typeof ID === 'string' && ID.startsWith(OWN))
