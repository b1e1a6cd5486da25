// The lifecycle advisor: what buckets keep that nobody needs, and which storage class what they keep belongs in.
import { type Advisor, type Findings, judgeEach, together } from '../advisor.ts'
import { type BucketView, need, viewOfBucket } from './bucket-view.ts'
import { leftovers } from './leftovers.ts'
import { tiering } from './tiering.ts'
import { unsafeRules } from './unsafe.ts'

const RULES: ReadonlyArray<(view: BucketView) => Findings> = [unsafeRules, leftovers, tiering]

export const lifecycle: Advisor = {
  name: 'lifecycle',
  advise(view, prices, now) {
    const tables = view.facts('table')
    const buckets = view.facts('bucket').map((bucket) => ({
      name: bucket.id,
      view: () => judgeable(viewOfBucket(bucket, tables, prices, now)),
    }))
    return judgeEach('lifecycle', buckets, [unread, ...RULES])
  },
}

/** What of a bucket could not be read: a permission, a report, lines of a log. */
const unread = (view: BucketView): Findings =>
  together(view.bucket.partial.map((sentence) => need(view, sentence)))

function judgeable(view: BucketView): BucketView | Findings {
  const { bucket } = view
  if (bucket.lifecycle === null || bucket.lifecycleDocument === null) {
    return need(
      view,
      's3:GetLifecycleConfiguration on the bucket: rules are merged with what is there, never guessed',
    )
  }
  return view
}
