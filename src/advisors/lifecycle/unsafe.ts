// Rules that are in force and take from tables: the bucket breaks them sooner or later.
import { type Findings, NOTHING } from '../advisor.ts'
import { type BucketView, proposeDocument, seen } from './bucket-view.ts'
import { without } from './document.ts'
import { explainViolations, violations } from './safety.ts'

export function unsafeRules(view: BucketView): Findings {
  const { bucket, tables, document } = view
  const broken = violations(bucket.lifecycle ?? [], bucket.bucket, tables)
  if (broken.length === 0) return NOTHING
  const ids = new Set(broken.map(({ rule }) => rule))
  return proposeDocument(view, {
    topic: 'unsafe-lifecycle',
    stage: 'eliminate',
    urgent: true,
    title: `Take ${ids.size} lifecycle rules off ${bucket.bucket}: they take files from live tables`,
    why: `Deleting belongs to VACUUM and snapshot expiry: a bucket does not know which files a table still needs.\n${explainViolations(broken)}`,
    evidence: [seen(view, 'rules that reach tables', ids.size, 'rules', { n: broken.length })],
    inputsMissing: [],
    effects: ['nothing is expired or archived below these tables any more'],
    confidence: 0.95,
    cost: { before: null, after: null, oneOff: [], breakEven: 'it saves tables, not money' },
    risk: {
      performance: 0,
      dataLoss: 'none',
      reasons: ['what the rules kept small will grow: vacuum the tables instead'],
    },
    document: without(document, ids),
    preconditions: [],
  })
}
