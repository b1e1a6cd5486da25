// Which storage class: what is surely not read goes where idle data costs less and reading costs nothing; where nobody
// knows what is read, nothing is advised but to find out.
import type { StorageClass } from '../../model/bucket.ts'
import type { Known } from '../../model/known.ts'
import { MIB, bytes, readableBytes } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { total } from '../draft.ts'
import { meterLines } from '../prices.ts'
import { type ObjectGroup, leastObject, monthIn, transitionTo } from './break-even.ts'
import { type BucketView, need, proposeRules, seen } from './bucket-view.ts'
import { CLASSES } from './classes.ts'
import { AGE_DAYS, dataRules } from './data-rules.ts'
import { LEAST_DAYS, tiered, uncertain } from './intelligent-tiering.ts'
import { movableFrom } from './listed.ts'

/** Objects below this on average: compact first, the monitoring fee would eat a quarter of the saving. */
const LEAST_AVERAGE = MIB
const HORIZON_MONTHS = 12
const MOST_PAYBACK_MONTHS = 3
/**
 * Classes that bill reading lose many times what they save when work comes back that was not seen. Thirteen months
 * show what comes once a year, or the owner says that nothing does.
 */
const LEAST_DAYS_FOR_CLASSES = 396
const CANDIDATES: readonly StorageClass[] = ['STANDARD_IA', 'GLACIER_IR']

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
  // Rules on objects do not move replaced versions. What was there a month ago is what can be a month old now.
  const now = Math.max(0, standard - (bucket.noncurrent?.bytes ?? 0))
  const old = Math.max(0, Math.min(standard, bucket.bytesAMonthAgo) - (bucket.noncurrent?.bytes ?? 0))
  const groupOf = (size: number): ObjectGroup => ({
    bytes: size,
    objects: Math.ceil(size / average),
    gets: 0,
    bytesRead: 0,
  })
  // An inventory counts both.
  const group = movableFrom(bucket, AGE_DAYS) ?? groupOf(old)
  const everything = movableFrom(bucket, 0) ?? groupOf(now)
  if (group.bytes === 0) return NOTHING
  const { access } = bucket
  if (access === null || access.days < LEAST_DAYS) return uncertain(view, everything)
  if (access.days < LEAST_DAYS_FOR_CLASSES && bucket.readsAreMonthly !== true) return tiered(view, everything)
  const month = 30 / access.days
  const read = { ...group, gets: access.gets * month, bytesRead: access.busiestMonth }
  // New data is read most, and does not move: half of what is read at all is a high guess for what is old.
  const usual = { ...group, gets: (access.gets * month) / 2, bytesRead: (access.bytesRead * month) / 2 }
  return knownReads(view, read, { usual, never: group, all: everything })
}

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
  told: { readonly usual: ObjectGroup; readonly never: ObjectGroup; readonly all: ObjectGroup },
): Findings {
  const { bucket } = view
  const { access } = bucket
  const rate = group.bytesRead / group.bytes
  const best = CANDIDATES.filter((to) => to !== 'INTELLIGENT_TIERING')
    .map((to) => option(view, group, to))
    .filter((one) => one !== null)
    .toSorted((a, b) => b.monthly - a.monthly)[0]
  // It is read too often for classes that bill reading: Intelligent-Tiering still finds what is cold in it.
  if (best === undefined) return tiered(view, told.all)
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
