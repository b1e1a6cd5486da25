// Server access logs as evidence of reads: an even sample of the files of the newest days, scaled by bytes.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { linesOf } from '../../formats/delta/lines.ts'
import { readLogLine } from '../../formats/s3/access-log.ts'
import type { ObjectInfo, ObjectStore } from '../../io/object-store.ts'
import { type BucketAccess, FOLDER_DEPTH } from '../../model/bucket.ts'
import { reasonOf } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'
import { DAY, type Timestamp, bytes, readableCount } from '../../model/units.ts'
import { folderPrefix } from './inventory-tally.ts'

const DAYS = 35
/** Files that are listed, and of these how many are read, and how large one may be. */
const MAX_LISTED = 100_000
const MAX_FILES = 2_000
const MAX_FILE_BYTES = 64 * 1_048_576
const MAX_SAMPLE_BYTES = 1_073_741_824
const MAX_PREFIXES = 10_000
const MAX_TOLD = 100

export interface LogAsk {
  /** The destination bucket from its root, and the folder that the logs are delivered to. */
  readonly destination: ObjectStore
  readonly folder: string
  readonly bucket: string
  readonly now: Timestamp
  readonly signal: AbortSignal
}

/** Null where no log tells of this bucket. `problems` says what was passed over. */
export async function readAccessLogs(
  ask: LogAsk,
): Promise<{ readonly access: Known<BucketAccess>; readonly problems: readonly string[] }> {
  const { files, leftOut } = await listFiles(ask)
  if (files.length === 0) return { access: null, problems: [] }
  const sample = chooseEvenly(files)
  const reads = new Reads(ask.bucket)
  let sampled = 0
  for (const { key, size } of sample) {
    if (await readFile(ask, key, reads)) sampled += size
  }
  const problems =
    reads.bad === 0
      ? []
      : [
          `${ask.destination.urlOf(ask.folder)}: ${reads.bad} lines are no access log lines of S3 and are not counted`,
        ]
  if (reads.lines === 0 || sampled === 0) return { access: null, problems }
  const all = files.reduce((sum, { size }) => sum + size, 0)
  const from = `server access logs (${readableCount(sample.length)} of ${readableCount(files.length)} files)`
  const access = reads.told(from, Math.max(1, all / sampled))
  return { access: { ...access, complete: access.complete === true && !leftOut }, problems }
}

/** All days where that is not too much, else the newest. Both key formats of S3: one folder, or one a day below account and region. */
async function listFiles(
  ask: LogAsk,
): Promise<{ readonly files: readonly ObjectInfo[]; readonly leftOut: boolean }> {
  const partitioned = await partitionedFolders(ask)
  const days = Array.from({ length: DAYS }, (_, i) => dayOf(ask.now - (i + 1) * DAY))
  let files: ObjectInfo[] =
    partitioned.length > 0 ? [] : await filesBetween(ask, days.at(-1)!, dayOf(ask.now))
  if (partitioned.length > 0 || files.length >= MAX_LISTED) {
    files = []
    for (const day of days) {
      if (files.length >= MAX_LISTED) break
      if (partitioned.length === 0) files.push(...(await filesBetween(ask, day, dayAfter(day))))
      for (const folder of partitioned) files.push(...(await filesBelow(ask, folder, day)))
    }
  }
  const read = files.filter(({ size }) => size > 0 && size <= MAX_FILE_BYTES)
  return {
    files: read,
    leftOut: files.length >= MAX_LISTED || files.some(({ size }) => size > MAX_FILE_BYTES),
  }
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)
const dayAfter = (day: string): string => dayOf(Date.parse(day) + DAY)

/** Files whose names start with a day from `first` to before `end`. */
async function filesBetween(
  { destination, folder, signal }: LogAsk,
  first: string,
  end: string,
): Promise<ObjectInfo[]> {
  const below = folder === '' ? '' : `${folder}/`
  const files: ObjectInfo[] = []
  for await (const entry of destination.children(folder, {
    startAfter: `${below}${first}`,
    limit: MAX_LISTED,
    signal,
  })) {
    if ('folder' in entry) continue
    if (entry.key >= `${below}${end}`) break
    files.push(entry)
  }
  return files
}

async function filesBelow(
  { destination, signal }: LogAsk,
  folder: string,
  day: string,
): Promise<ObjectInfo[]> {
  const below = `${folder}${day.replaceAll('-', '/')}`
  return Array.fromAsync(destination.list(below, { limit: MAX_LISTED, signal }))
}

/** `<account>/<region>/<bucket>/`, where logs are partitioned by date; none where they lie in the folder itself. */
async function partitionedFolders({ destination, folder, bucket, signal }: LogAsk): Promise<string[]> {
  const found: string[] = []
  for await (const account of destination.children(folder, { limit: 1_000, signal })) {
    if (!('folder' in account)) break
    if (!/(?:^|\/)\d{12}\/$/.test(account.folder)) continue
    const regions = destination.children(account.folder.replace(/\/$/, ''), { limit: 100, signal })
    for await (const region of regions) if ('folder' in region) found.push(`${region.folder}${bucket}/`)
  }
  return found
}

function chooseEvenly(files: readonly ObjectInfo[]): readonly ObjectInfo[] {
  const all = files.reduce((sum, { size }) => sum + size, 0)
  const step = Math.max(1, files.length / MAX_FILES, all / MAX_SAMPLE_BYTES)
  const chosen: ObjectInfo[] = []
  for (let at = 0; at < files.length; at += step) chosen.push(files[Math.floor(at)]!)
  return chosen
}

/** False for a file that is gone meanwhile: logs expire by rules of their own. */
async function readFile({ destination, signal }: LogAsk, key: string, reads: Reads): Promise<boolean> {
  const body = destination.stream(key, { maxBytes: MAX_FILE_BYTES, signal })
  try {
    for await (const lines of linesOf(body, { subject: destination.urlOf(key) })) {
      for (const line of lines) reads.take(line.toString('utf8').trimEnd())
      await nextTurn()
      signal.throwIfAborted()
    }
    return true
  } catch (error) {
    if (reasonOf(error) === 'missing') return false
    throw error
  }
}

class Reads {
  lines = 0
  bad = 0
  readonly #bucket: string
  readonly #prefixes = new Map<string, { gets: number; bytes: number }>()
  readonly #days = new Map<number, number>()
  #gets = 0
  #bytes = 0

  constructor(bucket: string) {
    this.#bucket = bucket
  }

  take(line: string): void {
    const read = readLogLine(line)
    if (read === undefined) {
      this.bad += 1
      return
    }
    // Buckets may share a folder: lines of another say nothing of whether this one is logged.
    if (line.split(' ', 2)[1] !== this.#bucket) return
    this.lines += 1
    if (read === 'other') return
    this.#gets += 1
    this.#bytes += read.bytesSent
    const day = Math.floor(read.at / DAY)
    if (this.#days.has(day) || this.#days.size < 400)
      this.#days.set(day, (this.#days.get(day) ?? 0) + read.bytesSent)
    const folder = folderPrefix(read.key, FOLDER_DEPTH)
    const prefix = this.#prefixes.has(folder) || this.#prefixes.size < MAX_PREFIXES ? folder : ''
    const sum = this.#prefixes.get(prefix) ?? { gets: 0, bytes: 0 }
    this.#prefixes.set(prefix, { gets: sum.gets + 1, bytes: sum.bytes + read.bytesSent })
  }

  told(from: string, scale: number): BucketAccess {
    const scaled = (count: number): number => Math.round(count * scale)
    const days = [...this.#days.keys()].toSorted((a, b) => a - b)
    const first = days[0] ?? 0
    return {
      from,
      days: days.length === 0 ? 1 : days.at(-1)! - first + 1,
      gets: scaled(this.#gets),
      bytesRead: bytes(scaled(this.#bytes)),
      busiestMonth: bytes(
        scaled(busiestMonth([...this.#days].map(([day, sum]) => [day - first, sum] as const))),
      ),
      byPrefix: [...this.#prefixes]
        .toSorted(([a, one], [b, other]) => other.bytes - one.bytes || (a < b ? -1 : 1))
        .slice(0, MAX_TOLD)
        .map(([prefix, sum]) => ({
          prefix: prefix.slice(0, 1_024),
          gets: scaled(sum.gets),
          bytesRead: bytes(scaled(sum.bytes)),
        })),
      complete: scale === 1 && this.bad === 0 && this.#prefixes.size <= MAX_TOLD,
      byAge: null,
    }
  }
}

/** Amounts by day number → a month of the busiest seven days in a row from the first. */
export function busiestMonth(days: ReadonlyArray<readonly [day: number, amount: number]>): number {
  const weeks = Map.groupBy(days, ([day]) => Math.floor(day / 7))
  const sums = [...weeks.values()].map((week) => week.reduce((sum, [, amount]) => sum + amount, 0))
  return (Math.max(0, ...sums) / 7) * 30
}
