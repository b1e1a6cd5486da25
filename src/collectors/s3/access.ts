// How often a bucket is read: from the best source that there is.
import type { DailyMetric } from '../../io/bucket-metrics.ts'
import type { BucketAccess } from '../../model/bucket.ts'
import type { Known } from '../../model/known.ts'
import { DAY, bytes } from '../../model/units.ts'
import { readAccessLogs } from './access-logs.ts'
import { type Look, orUnknown } from './look.ts'
import { readStorageAnalysis } from './storage-analysis.ts'

const ACCESS_DAYS = 60
/** Evidence of reads shorter than this leaves out monthly work: a source that covers more goes before. */
const ENOUGH_DAYS = 30

/**
 * Best first: what S3 wrote down of each read, what it analysed, what it counted. Files are read once a day. A source
 * that covers less than a month is used only where none covers more.
 */
export async function readAccess(look: Look, partial: string[]): Promise<Known<BucketAccess>> {
  const { memory, ask } = look
  if (memory.reads === null || ask.now - memory.reads.at >= DAY) {
    const problems: string[] = []
    const faults: string[] = []
    const tried = orUnknown(look, faults)
    const logs = await tried(loggedReads(look, problems))
    const access = enough(logs) ? logs : ((await tried(analysedReads(look, problems))) ?? logs)
    // What could not be read today is tried again at the next poll.
    if (faults.length === 0) memory.reads = { at: ask.now, access, problems }
    else return (partial.push(...faults), counted(look, partial, access))
  }
  partial.push(...memory.reads.problems)
  return counted(look, partial, memory.reads.access)
}

const enough = (found: Known<BucketAccess>): boolean => found !== null && found.days >= ENOUGH_DAYS

async function counted(
  look: Look,
  partial: string[],
  found: Known<BucketAccess>,
): Promise<Known<BucketAccess>> {
  if (enough(found)) return found
  const metrics = await orUnknown(look, partial)(countedReads(look))
  return enough(metrics) ? metrics : (found ?? metrics)
}

async function loggedReads(
  { places, bucket, ask: { now, signal } }: Look,
  partial: string[],
): Promise<Known<BucketAccess>> {
  if (places.accessLogs === null) return null
  const { objects: destination, folder } = places.accessLogs
  const read = await readAccessLogs({ destination, folder, bucket, now, signal })
  partial.push(...read.problems)
  return read.access
}

async function analysedReads(
  { places, bucket, single, ask: { now, signal } }: Look,
  partial: string[],
): Promise<Known<BucketAccess>> {
  if (places.storageAnalysis === null) return null
  const { objects: destination, folder: above } = places.storageAnalysis
  const folder = single ? above : [above, bucket].filter((part) => part !== '').join('/')
  const read = await readStorageAnalysis({ destination, folder, now, signal })
  partial.push(...read.problems)
  return read.access
}

/** Where request metrics are switched on; a day without any is a day without reads only if other days have some. */
async function countedReads({ buckets, bucket, ask }: Look): Promise<Known<BucketAccess>> {
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
