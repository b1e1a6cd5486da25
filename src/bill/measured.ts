// What our own measurements say was used in a month, as meter events: bytes in buckets, core hours of applications.
import type { ApplicationFact } from '../model/application-facts.ts'
import type { BucketFact } from '../model/bucket.ts'
import type { Reader } from '../model/store.ts'
import { DAY, GIB, HOUR, type Timestamp, timestamp } from '../model/units.ts'
import type { MeterEvent } from './calculator.ts'

export interface Measured {
  readonly events: readonly MeterEvent[]
  /** What of the month could not be measured, one sentence each. */
  readonly notes: readonly string[]
}

/** More applications in a month are left out, and said. */
const MAX_APPLICATIONS = 50_000
/** A DPU is 4 cores and 16 GiB. */
const CORES_A_DPU = 4

/** `month`: `2026-11`. Applications tell no region: theirs is `region`. Days that nobody measured count nothing. */
export function measuredIn(known: Reader, month: string, region: string, now: Timestamp): Measured {
  const from = timestamp(Date.parse(`${month}-01T00:00:00Z`))
  const begin = new Date(from)
  const end = timestamp(Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + 1, 1))
  const period = { month, from, end, days: Math.round((end - from) / DAY), now }
  const stored = storageIn(known, period)
  const ran = applicationsIn(known, period, region)
  return { events: [...stored.events, ...ran.events], notes: [...stored.notes, ...ran.notes] }
}

interface Period {
  readonly month: string
  readonly from: Timestamp
  readonly end: Timestamp
  readonly days: number
  readonly now: Timestamp
}

/**
 * What storage metrics said of each day, as parts of a month: what S3 bills as GB-months (1 GB is 1 GiB there). The metrics
 * tell of days before we watched too; days that they do not tell any more are those of our own samples.
 */
function storageIn(known: Reader, { month, from, end, days, now }: Period): Measured {
  const events: MeterEvent[] = []
  const notes: string[] = []
  const sampled = sampledDays(known, { from, end })
  // A bucket that two sources look at is stored once.
  const told = new Set<string>()
  const facts = known.facts('bucket')
  let seenDays = 0
  for (const { source, bucket, region, daily } of facts.toSorted((a, b) => (a.source < b.source ? -1 : 1))) {
    const samples = sampled.get(`${source}\n${bucket}`)
    const classes = new Set([...Object.keys(daily ?? {}), ...(samples?.keys() ?? [])])
    for (const storageClass of told.has(bucket) ? [] : classes) {
      const read = Object.entries(bytesByDay(daily, storageClass)).filter(([day]) => day.startsWith(month))
      const byDay = new Map([...(samples?.get(storageClass) ?? []), ...read])
      if (byDay.size === 0) continue
      seenDays = Math.max(seenDays, byDay.size)
      const gibMonths = [...byDay.values()].reduce((sum, bytes) => sum + bytes / GIB, 0) / days
      // Its tiers have prices of their own, and the metric of the class does not tell them apart.
      if (storageClass === 'INTELLIGENT_TIERING')
        notes.push(`${month}: ${bucket}: Intelligent-Tiering is not calculated, its tiers are not told apart`)
      else
        events.push({
          month,
          region,
          resource: bucket,
          meter: `s3.${storageClass}.storage`,
          quantity: gibMonths,
        })
    }
    if (classes.size > 0) told.add(bucket)
  }
  // Metrics of a day come with the next.
  const past = Math.min(days, Math.floor((now - from) / DAY))
  if (facts.length > 0 && seenDays < past)
    notes.push(
      `${month}: storage was measured on ${seenDays} of ${past} days; the other days are not calculated`,
    )
  return { events, notes }
}

const bytesByDay = (daily: BucketFact['daily'], storageClass: string): Readonly<Record<string, number>> =>
  Object.entries(daily ?? {}).find(([name]) => name === storageClass)?.[1] ?? {}

/** Source and bucket → class → day → mean of our samples. */
function sampledDays(
  known: Reader,
  { from, end }: Pick<Period, 'from' | 'end'>,
): Map<string, Map<string, Map<string, number>>> {
  const found = new Map<string, Map<string, Map<string, number>>>()
  for (const series of known.series.find([
    { name: '__name__', op: '=', value: 'tidemark_bucket_size_bytes' },
  ])) {
    const { source = '', bucket = '', storage_class: storageClass = '' } = series.labels
    const means = dailyMeans(series.samples({ from, to: timestamp(end - 1) }))
    if (means.size === 0) continue
    const key = `${source}\n${bucket}`
    const classes = found.get(key) ?? new Map<string, Map<string, number>>()
    found.set(key, classes.set(storageClass, means))
  }
  return found
}

function dailyMeans(samples: {
  readonly timestamps: Float64Array
  readonly values: Float64Array
  readonly stale: Uint8Array | null
}): Map<string, number> {
  const sums = new Map<number, { sum: number; count: number }>()
  for (const [i, at] of samples.timestamps.entries()) {
    if (samples.stale?.[i] === 1) continue
    const day = Math.floor(at / DAY)
    const { sum, count } = sums.get(day) ?? { sum: 0, count: 0 }
    sums.set(day, { sum: sum + samples.values[i]!, count: count + 1 })
  }
  return new Map(
    Array.from(sums, ([day, { sum, count }]) => [
      new Date(day * DAY).toISOString().slice(0, 10),
      sum / count,
    ]),
  )
}

function applicationsIn(known: Reader, { month, from, end }: Period, region: string): Measured {
  const all = known.facts('application', { from, to: timestamp(end - 1), limit: MAX_APPLICATIONS })
  const notes =
    all.length < MAX_APPLICATIONS
      ? []
      : [`${month}: of its applications the last ${MAX_APPLICATIONS} are calculated`]
  let unknown = 0
  const events = all.flatMap((application) => {
    const used = executorUse(application)
    if (used.length === 0 && application.platform !== 'local') unknown += 1
    return used.map(([meter, quantity]) => ({
      month,
      region,
      resource: application.application,
      meter,
      quantity,
    }))
  })
  if (unknown > 0)
    notes.push(
      `${month}: ${unknown} of ${all.length} executions are not calculated: their platform, instance type or memory is not known`,
    )
  return { events, notes }
}

/** Executors only: drivers and masters are in no event log. */
function executorUse({
  platform,
  instanceType,
  executors: { coreTime, coresEach, memoryEach },
}: ApplicationFact): ReadonlyArray<readonly [meter: string, quantity: number]> {
  const coreHours = coreTime / HOUR
  switch (platform) {
    case 'emr':
    case 'ec2': {
      const cores = instanceType === null ? null : vcpusOf(instanceType)
      if (cores === null) return []
      const hours = coreHours / cores
      return [
        [`ec2.${instanceType}.ondemand`, hours],
        ...(platform === 'emr' ? [[`emr.${instanceType}.uplift`, hours] as const] : []),
      ]
    }
    case 'emr-serverless':
      if (coresEach === null || memoryEach === null) return []
      return [
        ['emr-serverless.vcpu', coreHours],
        ['emr-serverless.memory', ((coreHours / coresEach) * memoryEach) / GIB],
      ]
    case 'glue':
      return [['glue.dpu', coreHours / CORES_A_DPU]]
    default:
      return []
  }
}

/** AWS's sizes: `large` has 2, `xlarge` 4, `4xlarge` 16. */
function vcpusOf(instanceType: string): number | null {
  const size = instanceType.slice(instanceType.indexOf('.') + 1)
  if (size === 'medium') return 1
  if (size === 'large') return 2
  const [, times] = /^(\d{0,2})xlarge$/.exec(size) ?? []
  return times === undefined ? null : 4 * (times === '' ? 1 : Number(times))
}
