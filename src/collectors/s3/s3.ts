// The s3 collector: buckets as facts, from daily storage metrics and their settings. Costs a few dozen requests a poll.
import { z } from 'zod'
import type { DailyMetric } from '../../io/bucket-metrics.ts'
import type { BucketFact, BucketInventory, StorageClass } from '../../model/bucket.ts'
import { explainError, reasonOf } from '../../model/errors.ts'
import type { Fact, ProblemFact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { parseDocument, rulesOf } from '../../model/lifecycle-rules.ts'
import { type Bytes, DAY, HOUR, type Timestamp, bytes, millis, timestamp } from '../../model/units.ts'
import { type Ask, defineCollector } from '../collector.ts'
import { readAccess } from './access.ts'
import { readInventory } from './inventory.ts'
import { type Destination, type Look, Memory, orUnknown } from './look.ts'

/** Storage metrics come once a day, one to two days late. */
const METRIC_DAYS = 70
const METRIC_LATE = 2 * DAY
/** Uploads told of, and of how many the parts are added up. */
const MAX_UPLOADS = 1_000
const MEASURED_UPLOADS = 50
const DEFAULT_VERSIONS = 100_000

const Bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected the name of a bucket')

const Place = z
  .string()
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[^\0]*)?$/, 'expected s3://bucket/prefix')

export const s3 = defineCollector({
  type: 's3',
  // Storage metrics come once a day.
  every: millis(6 * HOUR),
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
    reads_are_monthly: z
      .boolean()
      .prefault(false)
      .describe(
        'You say that no work reads these buckets less often than monthly. Without it, classes that bill reading are advised after thirteen months of observed reads only.',
      ),
    inventory: Place.optional().describe(
      'Where S3 Inventory delivers its reports (CSV or Parquet): the destination bucket and prefix, above the folder with the name of the bucket.',
    ),
    access_logs: Place.optional().describe(
      'The folder that server access logs are delivered to: an even sample of the newest 35 days is read once a day.',
    ),
    storage_analysis: Place.optional().describe(
      'The folder that storage class analysis exports its CSV files to; with several buckets, one folder of the name of each below it.',
    ),
  }),
  connect(identity, config, io) {
    const options = { region: config.region, endpoint: config.endpoint }
    const buckets = io.buckets(options)
    const place = (location: string | undefined): Known<Destination> => {
      const [, bucket, path = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(location ?? '') ?? []
      if (bucket === undefined) return null
      return { objects: io.objects(`s3://${bucket}`, options), folder: path.replace(/\/+$/, '') }
    }
    const places = {
      inventory: place(config.inventory),
      accessLogs: place(config.access_logs),
      storageAnalysis: place(config.storage_analysis),
    }
    const single = config.buckets.length === 1
    const memories = new Map(config.buckets.map((bucket) => [bucket, new Memory()]))
    return {
      mode: 'poll',
      async *poll(ask: Ask): AsyncGenerator<Fact> {
        for (const bucket of config.buckets) {
          const look: Look = {
            buckets,
            bucket,
            source: identity.name,
            versions: config.versions,
            places,
            single,
            memory: memories.get(bucket)!,
            ask,
          }
          try {
            yield { ...(await readBucket(look)), readsAreMonthly: config.reads_are_monthly }
          } catch (error) {
            if (ask.signal.aborted) throw error
            yield problem(look, error)
          }
        }
      },
    }
  },
})

async function readBucket(look: Look): Promise<BucketFact> {
  const { buckets, bucket, source, ask } = look
  const { signal } = ask
  const partial: string[] = []
  const known = orUnknown(look, partial)
  // Whether the bucket is there at all: a failure here is the bucket's.
  const region = await buckets.regionOf(bucket, signal)
  const document = await known(buckets.lifecycle(bucket, signal))
  const storage = await known(sizes(look))
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
    daily: storage?.daily ?? null,
    versioning: await known(buckets.versioning(bucket, signal)),
    lifecycle: document === null ? null : rulesOf(parseDocument(document) ?? { Rules: [] }),
    lifecycleDocument: document,
    unfinishedUploads: await known(uploads(look, known)),
    noncurrent: look.versions ? await known(noncurrent(look, partial)) : null,
    locked: await known(buckets.isLocked(bucket, signal)),
    replicated: await known(buckets.isReplicated(bucket, signal)),
    access: await readAccess(look, partial),
    inventory: await known(inventory(look, partial)),
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
  readonly daily: NonNullable<BucketFact['daily']>
}

async function sizes({ buckets, bucket, ask }: Look): Promise<Known<Sizes>> {
  const read = (metric: string, type: string) =>
    buckets.storage({ bucket, metric, type, days: METRIC_DAYS, until: ask.now }, ask.signal)
  const found: Array<{ readonly storageClass: StorageClass; readonly days: readonly DailyMetric[] }> = []
  for (const [type, storageClass] of STORAGE_TYPES)
    found.push({ storageClass, days: await read('BucketSizeBytes', type) })
  const newest = found.flatMap(({ days }) => days.at(-1)?.at ?? [])
  if (newest.length === 0) return null
  const asOf = timestamp(Math.max(...newest))
  const byClass: Partial<Record<StorageClass, Bytes>> = {}
  const daily: Partial<Record<StorageClass, Record<string, Bytes>>> = {}
  let before = 0
  let isOld = false
  for (const { storageClass, days } of found) {
    const last = days.at(-1)
    if (last === undefined) continue
    // A class that was emptied has no more values: its last one is of the past.
    if (asOf - last.at <= METRIC_LATE)
      byClass[storageClass] = bytes((byClass[storageClass] ?? 0) + last.value)
    const told = (daily[storageClass] ??= {})
    for (const { at, value } of days) {
      const day = new Date(at).toISOString().slice(0, 10)
      told[day] = bytes((told[day] ?? 0) + value)
    }
    const old = monthBefore(days, ask.now)
    isOld ||= old !== undefined
    before += old?.value ?? 0
  }
  const objects = (await read('NumberOfObjects', 'AllStorageTypes')).at(-1)?.value ?? null
  return { asOf, byClass, objects, aMonthAgo: isOld ? bytes(before) : null, daily }
}

const monthBefore = (days: readonly DailyMetric[], now: Timestamp): DailyMetric | undefined =>
  days.findLast(({ at }) => now - at >= 30 * DAY && now - at < 40 * DAY)

async function uploads(
  { buckets, bucket, ask }: Look,
  known: ReturnType<typeof orUnknown>,
): Promise<NonNullable<BucketFact['unfinishedUploads']>> {
  const found = await buckets.uploads(bucket, MAX_UPLOADS, ask.signal)
  const times = found.flatMap(({ initiated }) => initiated ?? [])
  const measured = found.slice(0, MEASURED_UPLOADS)
  const sum = await known(
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

async function inventory(look: Look, partial: string[]): Promise<Known<BucketInventory>> {
  const { places, memory, bucket, ask } = look
  if (places.inventory === null) return null
  const { objects: destination, folder: prefix } = places.inventory
  memory.report = await readInventory(
    { destination, prefix, bucket, now: ask.now, signal: ask.signal },
    memory.report,
  )
  if (memory.report === null) {
    partial.push(
      `${destination.urlOf([prefix, bucket].filter((part) => part !== '').join('/'))} has no report of S3 Inventory of the last 45 days`,
    )
    return null
  }
  partial.push(...memory.report.problems)
  return memory.report.report
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
