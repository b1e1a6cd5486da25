// Applying advice on a bucket: decided purely against the document that is there now; only what can be undone.
import type { Advice } from '../../model/advice.ts'
import type { LifecycleRule } from '../../model/bucket.ts'
import type { TableFact } from '../../model/facts.ts'
import { type LifecycleDocument, parseDocument, rulesOf } from '../../model/lifecycle-rules.ts'
import { isDeepStrictEqual } from 'node:util'
import { merge, ownRules, printDocument, without } from './document.ts'
import { explainViolations, violations } from './safety.ts'

export interface Application {
  readonly bucket: string
  readonly next: string
  /** The document as it was: putting it back undoes the change. Null where there was none. */
  readonly rollback: string | null
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly kept: readonly string[]
  /** What is tried against the files of tables before anything is changed. */
  readonly rules: readonly LifecycleRule[]
}

export type Planned = { readonly plan: Application } | { readonly refused: string }

/** `current` is the document that the bucket has at this moment; `tables` are all that are known. */
export function planLifecycle(advice: Advice, current: string, tables: readonly TableFact[]): Planned {
  const { change, risk, target } = advice
  const [, bucket] = /^s3:\/\/([^/]+)$/.exec(target.resource ?? '') ?? []
  if (change.format !== 's3-lifecycle-json' || bucket === undefined)
    return { refused: `it changes ${change.format}, not a bucket's lifecycle rules: paste it yourself` }
  if (risk.dataLoss === 'irreversible')
    return {
      refused: 'it cannot be undone: only what can be is applied from here; the command is in the advice',
    }
  const [before, after, now] = [change.before ?? '', change.after, current].map(parseDocument)
  if (before === undefined || after === undefined || now === undefined)
    return { refused: 'the lifecycle document is not one that we can read' }
  const added = ownRules(after).filter((rule) => !before.Rules.some((one) => isDeepStrictEqual(one, rule)))
  const gone = new Set(ids(before).filter((id) => !ids(after).includes(id)))
  const next = merge(without(now, gone), added)
  if (next === undefined) return { refused: 'the document would have more than 1,000 rules' }
  const broken = violations(rulesOf({ Rules: added }), bucket, tables)
  if (broken.length > 0) return { refused: `it would take from live tables:\n${explainViolations(broken)}` }
  if (isInForce(current, printDocument(next))) return { refused: 'the bucket has these rules already' }
  return {
    plan: {
      bucket,
      next: printDocument(next),
      rollback: now.Rules.length === 0 ? null : current,
      added: ids({ Rules: added }),
      removed: ids(now).filter((id) => gone.has(id)),
      rules: rulesOf({ Rules: added }).filter(({ enabled }) => enabled),
      kept: ids(now).filter((id) => !gone.has(id) && !ids({ Rules: added }).includes(id)),
    },
  }
}

const ids = ({ Rules }: LifecycleDocument): string[] =>
  Rules.map(({ ID }, i) => (typeof ID === 'string' && ID !== '' ? ID : `rule ${i + 1}`))

/** S3 gives rules back in its own order and spelling: that they mean the same is what counts. */
export function isInForce(document: string, wanted: string): boolean {
  const [found, expected] = [parseDocument(document), parseDocument(wanted)]
  if (found === undefined || expected === undefined) return false
  const meaning = (one: LifecycleDocument) => rulesOf(one).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  return isDeepStrictEqual(meaning(found), meaning(expected))
}
