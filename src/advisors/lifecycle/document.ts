// A bucket's lifecycle document: ours are merged into what is there by id, and nothing that was there is lost.
import type { LifecycleDocument } from '../../model/lifecycle-rules.ts'

/** S3's limit on rules of one document. */
const MAX_RULES = 1_000
/** Rules of ours carry it: a later document of ours replaces them, and nobody else's. */
export const OWN = 'tidemark-'

export const EMPTY: LifecycleDocument = { Rules: [] }

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
  Rules: document.Rules.filter((rule) => !ids.has(typeof rule['ID'] === 'string' ? rule['ID'] : '')),
})

export const ownRules = ({ Rules }: LifecycleDocument): LifecycleDocument['Rules'] =>
  Rules.filter(({ ID }) => typeof ID === 'string' && ID.startsWith(OWN))
