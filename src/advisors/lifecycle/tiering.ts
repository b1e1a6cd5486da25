// Which storage class: by the break-even of what is read, or, where nobody knows what is read, the class that finds out.
import type { StorageClass } from '../../model/bucket.ts'
import type { TableFact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { KIB, MIB, bytes, readableBytes, readableUsd, usd } from '../../model/units.ts'
import { type Findings, NOTHING, together } from '../advisor.ts'
import { total } from '../draft.ts'
import { meterLines } from '../prices.ts'
import { type BucketView, need, proposeRules, seen } from './bucket-view.ts'
import { type ObjectGroup, leastObject, monthIn, transitionTo } from './break-even.ts'
import { CLASSES, gib } from './classes.ts'
import type { LifecycleDocument } from '../../model/lifecycle-rules.ts'
import { OWN } from './document.ts'
import { prefixIn } from './safety.ts'

/** Objects below this on average: compact first, the monitoring fee would eat a quarter of the saving. */
const LEAST_AVERAGE = MIB
/** Only objects above it move: what is smaller is billed as this anyway. */
const LEAST_MOVED = 128 * KIB
const AGE_DAYS = 30
/** Intelligent-Tiering is an insurance: below this average its fees are more than a hundredth of the bill. */
const LEAST_TIERED = 16 * MIB
/** Of the bill: what may be paid for nothing when all of it turns out to be read. */
const MOST_PREMIUM = 0.02
const HORIZON_MONTHS = 12
const MOST_PAYBACK_MONTHS = 3
/** Observed reads of fewer days say too little of monthly and quarterly work. */
const LEAST_DAYS = 30
const CANDIDATES: readonly StorageClass[] = ['STANDARD_IA', 'GLACIER_IR', 'INTELLIGENT_TIERING']

export function tiering(view: BucketView): Findings {
  const { bucket } = view
  const standard = bucket.bytes?.STANDARD ?? null
  if (standard === null || bucket.objects === null || bucket.bytesAMonthAgo === null)
    return need(
      view,
      'a month of daily storage metrics (cloudwatch:GetMetricStatistics): bytes by class, objects',
    )
  if (standard === 0 || bucket.objects === 0) return NOTHING
  if (bucket.lifecycle!.some(({ enabled, transitions }) => enabled && transitions.length > 0)) return NOTHING
  const all = Object.values(bucket.bytes ?? {}).reduce<number>((sum, size) => sum + size, 0)
  const average = all / bucket.objects
  if (average < LEAST_AVERAGE)
    return need(
      view,
      `larger objects: ${readableBytes(bytes(average))} on average; compact first, small ones cost more in every cheaper class`,
    )
  // What was there a month ago is what can be a month old now.
  const old = Math.min(standard, bucket.bytesAMonthAgo)
  const group = { bytes: old, objects: Math.ceil(old / average), gets: 0, bytesRead: 0 }
  const { access } = bucket
  if (access === null || access.days < LEAST_DAYS) return unknownReads(view, group)
  const month = 30 / access.days
  const read = { ...group, gets: access.gets * month, bytesRead: access.busiestMonth }
  // New data is read most, and does not move: half of what is read at all is a high guess for what is old.
  const usual = { ...group, gets: (access.gets * month) / 2, bytesRead: (access.bytesRead * month) / 2 }
  return knownReads(view, read, { usual, never: group })
}

/** The data of each table, never its metadata; the whole bucket where no table lives in it. */
function dataRules(view: BucketView, to: StorageClass): LifecycleDocument['Rules'] {
  const { bucket, tables } = view
  const prefixes =
    tables.length === 0 ? [''] : tables.flatMap((table) => dataPrefix(bucket.bucket, table) ?? [])
  return prefixes.toSorted().map((prefix, i) => ({
    ID: `${OWN}tier-${i + 1}`,
    Status: 'Enabled',
    Filter:
      prefix === ''
        ? { ObjectSizeGreaterThan: LEAST_MOVED }
        : { And: { Prefix: prefix, ObjectSizeGreaterThan: LEAST_MOVED } },
    Transitions: [
      { Days: to === 'INTELLIGENT_TIERING' ? 0 : Math.max(AGE_DAYS, CLASSES[to].leastAge), StorageClass: to },
    ],
  }))
}

/** Lifecycle prefixes know no exceptions: one that starts where data does and metadata does not. */
function dataPrefix(bucket: string, table: TableFact): string | null {
  const folder = prefixIn(bucket, table.location)
  if (folder === undefined) return null
  if (table.format === 'iceberg') return hashesPaths(table) ? null : `${folder}data/`
  if (table.format !== 'delta') return null
  const [first] = table.partitions?.columns ?? []
  return first === undefined ? `${folder}part-` : `${folder}${first}=`
}

/** Hashed or foreign paths: no prefix holds the data of this table alone. */
const hashesPaths = ({ properties }: TableFact): boolean =>
  properties['write.object-storage.enabled'] === 'true' ||
  properties['write.data.path'] !== undefined ||
  properties['write.object-storage.path'] !== undefined

interface Option {
  readonly to: StorageClass
  readonly before: NonNullable<ReturnType<typeof meterLines>>
  readonly after: NonNullable<ReturnType<typeof meterLines>>
  readonly once: NonNullable<ReturnType<typeof meterLines>>
  readonly monthly: number
}

function option(view: BucketView, group: ObjectGroup, to: StorageClass): Known<Option> {
  const { prices, bucket } = view
  const before = meterLines(prices, bucket.id, monthIn('STANDARD', group))
  const after = meterLines(prices, bucket.id, monthIn(to, group))
  const once = meterLines(prices, bucket.id, transitionTo(to, group.objects))
  const least = leastObject(prices, to, HORIZON_MONTHS)
  if (before === null || after === null || once === null || least === null) return null
  const monthly = total(before) - total(after)
  const pays =
    monthly > 0 &&
    group.bytes / group.objects >= least &&
    total(once) <= monthly * MOST_PAYBACK_MONTHS &&
    monthly * HORIZON_MONTHS > total(once)
  return pays ? { to, before, after, once, monthly } : null
}

/** Decided by the busiest week; told as what is usual, between the busiest and no reads at all. */
function knownReads(
  view: BucketView,
  group: ObjectGroup,
  told: { readonly usual: ObjectGroup; readonly never: ObjectGroup },
): Findings {
  const { bucket } = view
  const { access } = bucket
  const rate = group.bytesRead / group.bytes
  const best = CANDIDATES.filter((to) => to !== 'INTELLIGENT_TIERING')
    .map((to) => option(view, group, to))
    .filter((one) => one !== null)
    .toSorted((a, b) => b.monthly - a.monthly)[0]
  // It is read too often for classes that bill reading: Intelligent-Tiering still finds what is cold in it.
  if (best === undefined) return unknownReads(view, group)
  const days = access?.days ?? 0
  const usual = option(view, told.usual, best.to) ?? best
  const never = option(view, told.never, best.to) ?? best
  const spread = { low: (0.9 * best.monthly) / usual.monthly, high: (1.15 * never.monthly) / usual.monthly }
  return proposeRules(view, dataRules(view, best.to), {
    topic: 'storage-class',
    stage: 'storage',
    title: `Move data of ${bucket.bucket} to ${best.to} after ${AGE_DAYS} days`,
    why: `${readableBytes(bytes(group.bytes))} in STANDARD are older than ${AGE_DAYS} days, and all that is read of the bucket in its busiest week makes ${rate.toFixed(2)} full reads a month: below the limit at which ${best.to} costs more.`,
    evidence: [
      seen(view, 'bytes in STANDARD a month ago', group.bytes, 'bytes'),
      seen(view, 'full reads a month', rate, 'reads/month', {
        statistic: 'busiest week',
        window: `${days}d`,
        n: days,
        from: access?.from ?? '',
      }),
    ],
    inputsMissing: ['reads by prefix: server access logs or S3 Inventory with access logs'],
    effects: ['reading costs $ per GB; files answer as fast as before'],
    confidence: 0.6,
    cost: { before: usual.before, after: usual.after, oneOff: best.once, spread },
    risk: {
      performance: 0,
      dataLoss: 'none',
      reasons: [
        `what is deleted or rewritten within ${CLASSES[best.to].leastDays} days is billed until then: keep cold partitions out of OPTIMIZE`,
        'going back means copying: nothing returns to STANDARD by a rule',
        'work that comes once a year was not seen: ask its owner',
      ],
    },
    preconditions: ['no table rewrites data that is older than the rule says'],
    unitCost: {
      cost: {
        metric: 'tidemark_bucket_size_bytes',
        labels: { bucket: bucket.bucket, storage_class: 'STANDARD' },
      },
      per: null,
    },
  })
}

function unknownReads(view: BucketView, group: ObjectGroup): Findings {
  const { bucket, prices } = view
  const to = 'INTELLIGENT_TIERING'
  if (group.bytes / group.objects < LEAST_TIERED)
    return need(view, `larger objects (compact first), or ${MEASURE}`)
  const fee = prices.price('s3.INTELLIGENT_TIERING.monitoring')
  const frequent = prices.price('s3.INTELLIGENT_TIERING.storage')
  const lower = prices.price('s3.INTELLIGENT_TIERING.storage-infrequent')
  if (fee === null || frequent === null || lower === null)
    return need(view, `prices of Intelligent-Tiering in ${prices.region}: set advise.prices.overrides`)
  const monitoring = (group.objects / 1_000) * fee.usd
  const most = gib(group.bytes) * (frequent.usd - lower.usd)
  const share = most === 0 ? 1 : monitoring / most
  const once = meterLines(prices, bucket.id, transitionTo(to, group.objects))
  // Large buckets pay less for STANDARD than Intelligent-Tiering's first tier costs: that is a premium, not an insurance.
  const standard = prices.price('s3.STANDARD.storage', gib(group.bytes))
  const bill = gib(group.bytes) * (standard?.usd ?? frequent.usd)
  const premium = Math.max(0, gib(group.bytes) * frequent.usd - bill)
  if (monitoring + premium > bill * MOST_PREMIUM) return need(view, MEASURE)
  // Not worth a rule even if nothing were ever read.
  if (share >= 0.5 || most < 5) return NOTHING
  return together([
    proposeRules(view, dataRules(view, to), {
      topic: 'intelligent-tiering',
      stage: 'storage',
      title: `Put data of ${bucket.bucket} into Intelligent-Tiering`,
      why: `Nothing tells how often ${readableBytes(bytes(group.bytes))} older than ${AGE_DAYS} days are read. Intelligent-Tiering moves what is not read for 30 days by itself and bills no reading: the most it can lose is its fee.`,
      evidence: [
        seen(view, 'bytes in STANDARD a month ago', group.bytes, 'bytes'),
        seen(view, 'average object', group.bytes / group.objects, 'bytes'),
      ],
      inputsMissing: [MEASURE],
      effects: ['reads cost the same; what was not read for 90 days costs a sixth'],
      confidence: 0.5,
      cost: {
        before: null,
        after: null,
        oneOff: once,
        breakEven: `the fee is ${readableUsd(usd(monitoring))} a month: it pays when more than ${(share * 100).toFixed(0)} % of the data is not read for 30 days, and saves up to ${readableUsd(usd(most - monitoring))} a month in the first tier alone`,
      },
      risk: {
        performance: 0,
        dataLoss: 'none',
        reasons: [
          'its archive tiers must stay off: files there do not answer at once',
          'small objects are neither monitored nor moved',
        ],
      },
      preconditions: ['the bucket has no Intelligent-Tiering archive configuration'],
    }),
    need(view, MEASURE),
  ])
}

const MEASURE =
  'how often the data is read: request metrics on the bucket (CloudWatch), storage class analysis for 30 days, or server access logs'
