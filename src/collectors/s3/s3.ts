// The s3 collector: buckets as facts, from daily storage metrics and their settings. Costs a few dozen requests a poll.
import { z } from 'zod'
import type { Buckets, DailyMetric } from '../../io/buckets.ts'
import type { BucketAccess, BucketFact, StorageClass } from '../../model/bucket.ts'
import { explainError, reasonOf } from '../../model/errors.ts'
import type { Fact, ProblemFact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { parseDocument, rulesOf } from '../../model/lifecycle-rules.ts'
import { type Bytes, DAY, type Timestamp, bytes } from '../../model/units.ts'
import { type Ask, defineCollector } from '../collector.ts'

/** Storage metrics come once a day, one to two days late. */
const METRIC_DAYS = 40
const ACCESS_DAYS = 60
/** Uploads told of, and of how many the parts are added up. */
const MAX_UPLOADS = 1_000
const MEASURED_UPLOADS = 50
const DEFAULT_VERSIONS = 100_000

const Bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected the name of a bucket')

export const s3 = defineCollector({
  type: 's3',
  Config: z.strictObject({
    buckets: z.array(Bucket).min(1).max(200).describe('The buckets that are looked at.'),
    region: z
      .string()
      .optional()
      .describe('AWS region of the buckets; the standard AWS environment is the default.'),
    endpoint: z.url().optional().describe('Another S3 and CloudWatch endpoint than those of the AWS region.'),
    versions: z
      .boolean()
      .prefault(false)
      .describe('Count replaced versions by listing them: one request a thousand.'),
  }),
  connect(identity, config, io) {
    const buckets = io.buckets({ region: config.region, endpoint: config.endpoint })
    return {
      mode: 'poll',
      async *poll(ask: Ask): AsyncGenerator<Fact> {
        for (const bucket of config.buckets) {
          const look: Look = { buckets, bucket, source: identity.name, versions: config.versions, ask }
          try {
            yield await readBucket(look)
          } catch (error) {
            if (ask.signal.aborted) throw error
            yield problem(look, error)
          }
        }
      },
    }
  },
})

interface Look {
  readonly buckets: Buckets
  readonly bucket: string
  readonly source: string
  readonly versions: boolean
  readonly ask: Ask
}

async function readBucket(look: Look): Promise<BucketFact> {
  const { buckets, bucket, source, ask } = look
  const { signal } = ask
  const partial: string[] = []
  /** What may not be read is unknown, and said so; the rest of the bucket is told. */
  const orUnknown = async <T>(asked: Promise<T>): Promise<Known<T>> => {
    try {
      return await asked
    } catch (error) {
      if (signal.aborted) throw error
      partial.push(explainError(error))
      return null
    }
  }
  // Whether the bucket is there at all: a failure here is the bucket's.
  const region = await buckets.regionOf(bucket, signal)
  const document = await orUnknown(buckets.lifecycle(bucket, signal))
  const storage = await orUnknown(sizes(look))
  return {
    kind: 'bucket',
    id: `s3://${bucket}`,
    source,
    bucket,
    region,
    asOf: storage?.asOf ?? null,
    bytes: storage?.byClass ?? null,
    objects: storage?.objects ?? null,
    bytesAMonthAgo: storage?.aMonthAgo ?? null,
    versioning: await orUnknown(buckets.versioning(bucket, signal)),
    lifecycle: document === null ? null : rulesOf(parseDocument(document) ?? { Rules: [] }),
    lifecycleDocument: document,
    unfinishedUploads: await orUnknown(uploads(look, orUnknown)),
    noncurrent: look.versions ? await orUnknown(noncurrent(look, partial)) : null,
    locked: await orUnknown(buckets.isLocked(bucket, signal)),
    replicated: await orUnknown(buckets.isReplicated(bucket, signal)),
    access: await orUnknown(access(look)),
    partial,
  }
}

/** CloudWatch's storage types → classes; what Intelligent-Tiering splits into tiers is one class. */
const STORAGE_TYPES: ReadonlyArray<readonly [type: string, storageClass: StorageClass]> = [
  ['StandardStorage', 'STANDARD'],
  ['StandardIAStorage', 'STANDARD_IA'],
  ['OneZoneIAStorage', 'ONEZONE_IA'],
  ['IntelligentTieringFAStorage', 'INTELLIGENT_TIERING'],
  ['IntelligentTieringIAStorage', 'INTELLIGENT_TIERING'],
  ['IntelligentTieringAIAStorage', 'INTELLIGENT_TIERING'],
  ['GlacierInstantRetrievalStorage', 'GLACIER_IR'],
  ['GlacierStorage', 'GLACIER'],
  ['DeepArchiveStorage', 'DEEP_ARCHIVE'],
]

interface Sizes {
  readonly asOf: Timestamp
  readonly byClass: Readonly<Partial<Record<StorageClass, Bytes>>>
  readonly objects: Known<number>
  readonly aMonthAgo: Known<Bytes>
}

async function sizes({ buckets, bucket, ask }: Look): Promise<Known<Sizes>> {
  const read = (metric: string, type: string) =>
    buckets.storage({ bucket, metric, type, days: METRIC_DAYS, until: ask.now }, ask.signal)
  const byClass: Partial<Record<StorageClass, Bytes>> = {}
  let asOf: Timestamp | null = null
  let before = 0
  let isOld = false
  for (const [type, storageClass] of STORAGE_TYPES) {
    const days = await read('BucketSizeBytes', type)
    const last = days.at(-1)
    if (last === undefined) continue
    byClass[storageClass] = bytes((byClass[storageClass] ?? 0) + last.value)
    asOf = asOf === null || last.at > asOf ? last.at : asOf
    const old = monthBefore(days, ask.now)
    isOld ||= old !== undefined
    before += old?.value ?? 0
  }
  if (asOf === null) return null
  const objects = (await read('NumberOfObjects', 'AllStorageTypes')).at(-1)?.value ?? null
  return { asOf, byClass, objects, aMonthAgo: isOld ? bytes(before) : null }
}

const monthBefore = (days: readonly DailyMetric[], now: Timestamp): DailyMetric | undefined =>
  days.findLast(({ at }) => now - at >= 30 * DAY)

async function uploads(
  { buckets, bucket, ask }: Look,
  orUnknown: <T>(asked: Promise<T>) => Promise<Known<T>>,
): Promise<NonNullable<BucketFact['unfinishedUploads']>> {
  const found = await buckets.uploads(bucket, MAX_UPLOADS, ask.signal)
  const times = found.flatMap(({ initiated }) => initiated ?? [])
  const measured = found.slice(0, MEASURED_UPLOADS)
  const sum = await orUnknown(
    (async () => {
      let total = 0
      for (const upload of measured) total += await buckets.bytesOfUpload(bucket, upload, ask.signal)
      return total
    })(),
  )
  return {
    count: found.length,
    oldest: times.reduce<Timestamp | null>(
      (oldest, at) => (oldest === null || at < oldest ? at : oldest),
      null,
    ),
    // Of more than were measured, the rest is taken to be alike.
    bytes:
      sum === null
        ? null
        : bytes(measured.length === 0 ? 0 : Math.round((sum * found.length) / measured.length)),
  }
}

async function noncurrent(
  { buckets, bucket, ask }: Look,
  partial: string[],
): Promise<BucketFact['noncurrent']> {
  const found = await buckets.noncurrent(bucket, DEFAULT_VERSIONS, ask.signal)
  if (found === null) {
    partial.push(
      `more than ${DEFAULT_VERSIONS} versions: replaced ones were not counted; S3 Inventory would tell`,
    )
    return null
  }
  return { objects: found.objects, bytes: bytes(found.bytes) }
}

/** Where request metrics are switched on; a day without any is a day without reads only if other days have some. */
async function access({ buckets, bucket, ask }: Look): Promise<Known<BucketAccess>> {
  const read = (metric: string) =>
    buckets.requests({ bucket, metric, days: ACCESS_DAYS, until: ask.now }, ask.signal)
  const downloaded = await read('BytesDownloaded')
  const gets = await read('GetRequests')
  const [first] = gets
  if (first === undefined) return null
  const sum = (days: readonly DailyMetric[]): number => days.reduce((total, { value }) => total + value, 0)
  const weeks = Map.groupBy(downloaded, ({ at }) => Math.floor((at - first.at) / (7 * DAY)))
  const busiest = Math.max(0, ...[...weeks.values()].map(sum))
  return {
    from: 'CloudWatch request metrics (EntireBucket)',
    days: Math.max(1, Math.round((ask.now - first.at) / DAY)),
    gets: sum(gets),
    bytesRead: bytes(sum(downloaded)),
    busiestMonth: bytes((busiest / 7) * 30),
  }
}

const problem = ({ source, bucket, ask }: Look, error: unknown): ProblemFact => ({
  kind: 'problem',
  id: `${source}/${bucket}`,
  source,
  subject: bucket,
  tableId: null,
  reason: reasonOf(error),
  message: explainError(error),
  since: ask.now,
  resolved: null,
})
