// Intelligent-Tiering: it finds what is idle by itself and bills no reading. Advised where part of the data is surely idle
// and the fees are small against that; else what is at stake is said, and how to find out.
import type { BucketFact } from '../../model/bucket.ts'
import { bytes, readableBytes, readableUsd, usd } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { total } from '../draft.ts'
import { meterLines } from '../prices.ts'
import { type ObjectGroup, transitionTo } from './break-even.ts'
import { type BucketView, need, proposeRules, seen } from './bucket-view.ts'
import { gib } from './classes.ts'
import { AGE_DAYS, dataRules } from './data-rules.ts'

/** Observed reads of fewer days say too little of monthly and quarterly work. */
export const LEAST_DAYS = 30
/** Months of the first three in which what is idle costs less: it is watched for the first. */
const LOWER_MONTHS = 2 / 3
/** Of one month's saving at the low end, what all fees of the first three months may be: lost when all is read again. */
const MOST_FEES = 0.25

/** A reader of a columnar file asks for its footer and some columns: so many requests touch one object. */
const GETS_A_FILE = 3

/**
 * Bytes of objects that nobody touches for a month, at the least: at the pace of the busiest week every read is of
 * another object. Who reads a column touches the whole object: requests tell of those whose bytes do not. Where storage
 * class analysis tells reads by age, what is read of new data is no sign for the old.
 */
function idleAtLeast({ access }: BucketFact, stored: number, average: number): number {
  if (access === null) return 0
  if (access.bytesRead === 0) return access.gets === 0 ? stored : 0
  const wholes = Math.max(1, ((access.gets / GETS_A_FILE) * average) / access.bytesRead)
  if (access.byAge == null) return Math.max(0, stored - access.busiestMonth * wholes)
  const busiest = access.busiestMonth / access.bytesRead
  const idle = access.byAge
    .filter(({ fromDays }) => fromDays >= AGE_DAYS)
    .reduce((sum, one) => sum + Math.max(0, one.stored - one.bytesRead * busiest * wholes), 0)
  return Math.min(stored, idle)
}

/** A month of the first three in Intelligent-Tiering, when this share of it is idle. */
function tieredLines({ prices, bucket }: BucketView, group: ObjectGroup, idle: number) {
  const lower = gib(group.bytes) * idle * LOWER_MONTHS
  return meterLines(prices, bucket.id, [
    ['s3.INTELLIGENT_TIERING.storage', gib(group.bytes) - lower],
    ['s3.INTELLIGENT_TIERING.storage-infrequent', lower],
    ['s3.INTELLIGENT_TIERING.monitoring', group.objects / 1_000],
  ])
}

export function tiered(view: BucketView, group: ObjectGroup): Findings {
  const { bucket, prices } = view
  const to = 'INTELLIGENT_TIERING'
  const least = idleAtLeast(bucket, group.bytes, group.bytes / group.objects) / group.bytes
  const before = meterLines(prices, bucket.id, [['s3.STANDARD.storage', gib(group.bytes)]])
  const once = meterLines(prices, bucket.id, transitionTo(to, group.objects))
  const [low, mid, high] = [least, (1 + least) / 2, 1].map((idle) => tieredLines(view, group, idle))
  if (before === null || once === null || !low || !mid || !high)
    return need(view, `prices of Intelligent-Tiering in ${prices.region}: set advise.prices.overrides`)
  const saved = (after: typeof low): number => total(before) - total(after)
  const fees = total(once) + 3 * total(low.filter(({ meter }) => meter.endsWith('.monitoring')))
  const aMonth = (saved(low) * 3 + fees - total(once)) / (3 * LOWER_MONTHS)
  if (fees > aMonth * MOST_FEES) return uncertain(view, group)
  const instant = meterLines(prices, bucket.id, [
    ['s3.INTELLIGENT_TIERING.storage-archive-instant', gib(group.bytes)],
    ['s3.INTELLIGENT_TIERING.monitoring', group.objects / 1_000],
  ])
  const later = instant === null ? null : saved(instant)
  const days = bucket.access?.days ?? 0
  return proposeRules(view, dataRules(view, to), {
    topic: 'intelligent-tiering',
    stage: 'storage',
    title: `Put data of ${bucket.bucket} into Intelligent-Tiering`,
    why: `At the pace of the busiest of ${days} days at least ${readableBytes(bytes(group.bytes * least))} of ${readableBytes(bytes(group.bytes))} are read by nobody for a month. Intelligent-Tiering finds them itself and bills no reading: if all of it is read again, only its fees are lost.`,
    evidence: [
      seen(view, 'bytes in STANDARD', group.bytes, 'bytes'),
      seen(view, 'share that is not read for a month, at least', least, 'ratio', {
        statistic: bucket.access?.byAge == null ? 'busiest week' : 'busiest week, by age',
        window: `${days}d`,
        n: days,
        from: bucket.access?.from ?? '',
      }),
      seen(view, 'fees of three months', fees, 'dollars'),
    ],
    inputsMissing: bucket.access?.byAge == null ? [BY_AGE] : [],
    effects: ['reads cost the same; what was not read for 90 days costs a sixth from the fourth month on'],
    confidence: 0.75,
    cost: {
      before,
      after: mid,
      oneOff: once,
      spread: { low: (0.9 * saved(low)) / saved(mid), high: (1.15 * saved(high)) / saved(mid) },
      breakEven: `told of its first three months; from the fourth on what stays idle for 90 days saves more${later === null ? '' : `, up to ${readableUsd(usd(later))} a month`}`,
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
    unitCost: {
      cost: {
        metric: 'tidemark_bucket_size_bytes',
        labels: { bucket: bucket.bucket, storage_class: 'STANDARD' },
      },
      per: null,
    },
  })
}

/** Nothing shows that it pays: what is at stake, and how to find out. */
export function uncertain(view: BucketView, group: ObjectGroup): Findings {
  const { bucket, prices } = view
  const before = meterLines(prices, bucket.id, [['s3.STANDARD.storage', gib(group.bytes)]])
  const [hot, idle] = [0, 1].map((share) => tieredLines(view, group, share))
  const once = meterLines(prices, bucket.id, transitionTo('INTELLIGENT_TIERING', group.objects))
  if (before === null || !hot || !idle || once === null)
    return need(view, `prices of Intelligent-Tiering in ${prices.region}: set advise.prices.overrides`)
  const best = total(before) - total(idle)
  if (best * 3 - total(once) < LEAST_AT_STAKE * 3) return NOTHING
  const worst = total(hot) - total(before) + total(once) / 3
  return need(
    view,
    `${bucket.access === null || bucket.access.days < LEAST_DAYS ? MEASURE : BY_AGE}. Intelligent-Tiering would save up to ${readableUsd(usd(best))} a month of its first three if nothing were read, and cost ${readableUsd(usd(worst))} if all of it were`,
  )
}

/** Dollars a month below which nobody need measure anything. */
const LEAST_AT_STAKE = 5
const BY_AGE = 'reads by age of the data: storage class analysis for 30 days, or server access logs'
const MEASURE =
  'how often the data is read: request metrics on the bucket (CloudWatch), storage class analysis for 30 days, or server access logs'
