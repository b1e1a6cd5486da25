// One bucket with the tables that live in it, and what advice on it has alike.
import type { Advice, Change, Evidence } from '../../model/advice.ts'
import type { BucketFact } from '../../model/bucket.ts'
import type { TableFact } from '../../model/facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { type CostDraft, type Draft, NO_TARGET, finish } from '../draft.ts'
import { type Prices } from '../prices.ts'
import { type LifecycleDocument, parseDocument, rulesOf } from '../../model/lifecycle-rules.ts'
import { EMPTY, merge, printDocument } from './document.ts'
import { explainViolations, liesIn, violations } from './safety.ts'
import { terraformOf } from './terraform.ts'

export interface BucketView {
  readonly bucket: BucketFact
  /** Tables that have files in the bucket. */
  readonly tables: readonly TableFact[]
  readonly document: LifecycleDocument
  readonly prices: Prices
  readonly now: Timestamp
}

export const viewOfBucket = (
  bucket: BucketFact,
  tables: readonly TableFact[],
  prices: Prices,
  now: Timestamp,
): BucketView => ({
  bucket,
  tables: tables.filter((table) => table.vanished === null && liesIn(bucket.bucket, table)),
  document: parseDocument(bucket.lifecycleDocument ?? '') ?? EMPTY,
  prices,
  now,
})

export const need = ({ bucket }: BucketView, collect: string): Findings => ({
  advice: [],
  needs: [{ advisor: 'lifecycle', subject: bucket.bucket, collect }],
})

export const seen = (
  { bucket, now }: BucketView,
  metric: string,
  value: number,
  unit: string,
  more: Partial<Evidence> = {},
): Evidence => ({
  metric,
  value,
  unit,
  statistic: 'last',
  window: 'now',
  n: 1,
  from: `source ${bucket.source}: bucket ${bucket.bucket}`,
  asOf: bucket.asOf ?? now,
  ...more,
})

export interface RuleDraft extends Pick<
  Draft,
  'topic' | 'stage' | 'title' | 'why' | 'evidence' | 'inputsMissing' | 'effects' | 'confidence' | 'urgent'
> {
  readonly cost: CostDraft
  readonly risk: Omit<Advice['risk'], 'blastRadius'>
  readonly document: LifecycleDocument
  readonly preconditions: readonly string[]
  readonly unitCost?: Advice['verification']['unitCost']
}

/** Rules of ours, merged with what is there and tried against every table; refused with the list where one would break. */
export function proposeRules(
  view: BucketView,
  rules: LifecycleDocument['Rules'],
  draft: Omit<RuleDraft, 'document'>,
): Findings {
  const document = merge(view.document, rules)
  if (document === undefined)
    return need(view, 'fewer lifecycle rules: with ours the document would have more than 1,000')
  const broken = violations(rulesOf({ Rules: rules }), view.bucket.bucket, view.tables)
  if (broken.length > 0)
    return need(
      view,
      `other prefixes: the rule is refused, it would take from live tables:\n${explainViolations(broken)}`,
    )
  return proposeDocument(view, { ...draft, document })
}

export function proposeDocument(view: BucketView, draft: RuleDraft): Findings {
  const { bucket, prices, now } = view
  const { risk, document, preconditions, unitCost = null, ...rest } = draft
  if (printDocument(document) === printDocument(view.document)) return NOTHING
  const advice = finish(
    {
      ...rest,
      advisor: 'lifecycle',
      shape: rest.topic,
      target: { ...NO_TARGET, source: bucket.source, region: bucket.region, resource: bucket.id },
      lookbackDays: 30,
      risk: { ...risk, blastRadius: `bucket ${bucket.bucket}` },
      effort: 'very low',
      restartNeeded: false,
      rollbackPossible: risk.dataLoss !== 'irreversible',
      change: changeOf(view, document, preconditions),
      verification: {
        method: 'storage metrics and the bill of the bucket, from the first full month on',
        unitCost,
        baselineDays: 14,
        windowDays: 60,
      },
    },
    prices,
    now,
  )
  return { advice: [advice], needs: [] }
}

function changeOf(view: BucketView, document: LifecycleDocument, preconditions: readonly string[]): Change {
  const { bucket } = view.bucket
  const { TransitionDefaultMinimumObjectSize: least, ...rules } = document
  const minimum = least === undefined ? '' : ` --transition-default-minimum-object-size ${least}`
  const put = (file: string): string =>
    `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket}${minimum} --lifecycle-configuration file://${file}`
  const terraform = terraformOf(bucket, document)
  return {
    format: 's3-lifecycle-json',
    before: printDocument(view.document),
    after: printDocument(document),
    applyCommand: put('lifecycle.json'),
    otherForms: [
      {
        format: 'aws-cli',
        text: `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket}${minimum} --lifecycle-configuration '${JSON.stringify(rules).replaceAll("'", "'\\''")}'`,
      },
      ...(terraform === null ? [] : [{ format: 'terraform' as const, text: terraform }]),
    ],
    preconditions: [
      'the whole document is replaced: the bucket still has the document that was read',
      ...preconditions,
    ],
    verifySteps: [
      `aws s3api get-bucket-lifecycle-configuration --bucket ${bucket} shows all rules, old and new`,
    ],
    rollback:
      view.document.Rules.length === 0
        ? `aws s3api delete-bucket-lifecycle --bucket ${bucket}`
        : `${put('before.json')}, where before.json is:\n${printDocument(view.document)}`,
  }
}
