// The newest report of S3 Inventory: found, checked against its checksums, streamed into counts. Each report is read once.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { linesOf } from '../../formats/delta/lines.ts'
import {
  type InventoryFile,
  type InventoryManifest,
  readInventoryManifest,
} from '../../formats/s3/inventory-manifest.ts'
import { csvRows, eachParquetRow } from '../../formats/s3/inventory-rows.ts'
import { openParquet } from '../../formats/parquet.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import type { BucketInventory } from '../../model/bucket.ts'
import { bytesOf } from '../../model/bytes.ts'
import { SourceError, explainError } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'
import { DAY, type Timestamp } from '../../model/units.ts'
import { InventoryTally } from './inventory-tally.ts'

const MAX_MANIFEST_BYTES = 16 * 1_048_576
/** Configurations of one bucket, and reports of one configuration, that are looked through. */
const MAX_CONFIGURATIONS = 100
const MAX_REPORTS = 1_000
/** Reports come daily or weekly: an older one tells of a bucket that was. */
const OLDEST_REPORT = 45 * DAY
/** Rows and compressed bytes of one report: beyond them files are left out, and counted. */
const MAX_ROWS = 50_000_000
const MAX_REPORT_BYTES = 8 * 1_073_741_824
/** A Parquet file is checked and read whole. */
const MAX_PARQUET_BYTES = 512 * 1_048_576
/** What a gzip of that size may become, so that a bomb ends. */
const MAX_RATIO = 100

export interface InventoryAsk {
  /** The destination bucket, from its root; the prefix that the inventory is configured with below it. */
  readonly destination: ObjectStore
  readonly prefix: string
  readonly bucket: string
  readonly now: Timestamp
  readonly signal: AbortSignal
}

/** What was read last, by the manifest that it came from. */
export interface ReadReport {
  readonly manifest: string
  readonly report: BucketInventory
  readonly problems: readonly string[]
}

/** Null where there is no report of the last 45 days. Throws SourceError where there is one that cannot be read. */
export async function readInventory(ask: InventoryAsk, last: Known<ReadReport>): Promise<Known<ReadReport>> {
  const { destination, bucket, signal } = ask
  const folder = await newestReport(ask)
  if (folder === null) return null
  const key = `${folder}manifest.json`
  if (last?.manifest === key) return last
  const { bytes } = await destination.get(key, { maxBytes: MAX_MANIFEST_BYTES, signal })
  await checkManifest(ask, folder, bytes)
  const subject = destination.urlOf(key)
  const manifest = readInventoryManifest(Buffer.from(bytes).toString('utf8'), subject)
  if (manifest.sourceBucket !== bucket)
    throw new SourceError(
      'corrupt',
      `${subject} is of the bucket ${manifest.sourceBucket.slice(0, 63)}, not of ${bucket}: set inventory to the prefix above the folder ${bucket}/`,
      { subject },
    )
  return { manifest: key, ...(await readFiles(ask, manifest, subject)) }
}

/** `<prefix>/<bucket>/<configuration>/<YYYY-MM-DDTHH-MMZ>/`: the newest over all configurations that has a manifest. */
async function newestReport({
  destination,
  prefix,
  bucket,
  now,
  signal,
}: InventoryAsk): Promise<Known<string>> {
  const root = [prefix, bucket].filter((part) => part !== '').join('/')
  const reports: string[] = []
  for await (const entry of destination.children(root, { limit: MAX_CONFIGURATIONS, signal })) {
    if (!('folder' in entry)) continue
    const startAfter = `${entry.folder}${new Date(now - OLDEST_REPORT).toISOString().slice(0, 10)}`
    const below = entry.folder.replace(/\/$/, '')
    for await (const report of destination.children(below, { startAfter, limit: MAX_REPORTS, signal }))
      if ('folder' in report && DATED.test(report.folder)) reports.push(report.folder)
  }
  const time = (folder: string): string => DATED.exec(folder)![1]!
  // S3 makes the folder before it has written the manifest.
  for (const folder of reports.toSorted((a, b) => (time(a) < time(b) ? 1 : -1)).slice(0, 3)) {
    for await (const entry of destination.children(folder.replace(/\/$/, ''), { limit: 10, signal }))
      if ('key' in entry && entry.key.endsWith('/manifest.json')) return folder
  }
  return null
}
const DATED = /\/(\d{4}-\d\d-\d\dT\d\d-\d\dZ)\/$/

async function checkManifest(
  { destination, signal }: InventoryAsk,
  folder: string,
  manifest: Uint8Array,
): Promise<void> {
  const { bytes } = await destination.get(`${folder}manifest.checksum`, { maxBytes: 1_024, signal })
  const wanted = Buffer.from(bytes).toString('latin1').trim().toLowerCase()
  const found = createHash('md5').update(manifest).digest('hex')
  if (wanted === found) return
  const subject = destination.urlOf(`${folder}manifest.json`)
  throw new SourceError('corrupt', `${subject} has the MD5 ${found}, its checksum file says otherwise`, {
    subject,
  })
}

async function readFiles(
  ask: InventoryAsk,
  manifest: InventoryManifest,
  subject: string,
): Promise<Pick<ReadReport, 'report' | 'problems'>> {
  const tally = new InventoryTally(manifest.created)
  const problems: string[] = []
  let hasVersions = manifest.columns.includes('IsLatest')
  let bad = 0
  let compressed = 0
  let leftOut = 0
  for (const file of manifest.files) {
    compressed += file.size
    const tooMuch =
      tally.rows >= MAX_ROWS ||
      compressed > MAX_REPORT_BYTES ||
      (manifest.format === 'Parquet' && file.size > MAX_PARQUET_BYTES)
    if (tooMuch) {
      leftOut += 1
      continue
    }
    if (manifest.format === 'CSV') bad += await readCsv(ask, manifest, file, tally)
    else {
      const read = await readParquet(ask, file, tally)
      bad += read.bad
      hasVersions = read.hasVersions
    }
  }
  if (leftOut > 0)
    problems.push(
      `${subject}: ${leftOut} of ${manifest.files.length} files are left out (limits: ${MAX_ROWS} rows, ${MAX_REPORT_BYTES} bytes): its counts are lower bounds`,
    )
  if (bad > 0) problems.push(`${subject}: ${bad} rows could not be understood and are not counted`)
  const report = tally.done({ format: manifest.format, badRows: bad, filesLeftOut: leftOut }, hasVersions)
  return { report, problems }
}

async function readCsv(
  { destination, signal }: InventoryAsk,
  { columns }: InventoryManifest,
  file: InventoryFile,
  tally: InventoryTally,
): Promise<number> {
  const subject = destination.urlOf(file.key)
  const hash = createHash('md5')
  const rowOf = csvRows(columns)
  const body = destination.stream(file.key, { maxBytes: file.size, signal })
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      hash.update(piece)
      yield piece
    }
  }
  const most = Math.max(file.size, 65_536) * MAX_RATIO
  let inflated = 0
  async function* plain(): AsyncGenerator<Uint8Array> {
    const pieces = file.key.endsWith('.gz')
      ? (Readable.from(hashed()).compose(createGunzip()) as AsyncIterable<Uint8Array>)
      : hashed()
    try {
      for await (const piece of pieces) {
        inflated += piece.byteLength
        if (inflated > most)
          throw new SourceError('too-large', `${subject} inflates to more than ${most} bytes`, { subject })
        yield piece
      }
    } catch (cause) {
      if (signal.aborted || cause instanceof SourceError) throw cause
      throw new SourceError('corrupt', `${subject} cannot be inflated: ${explainError(cause)}`, {
        subject,
        cause,
      })
    }
  }
  let bad = 0
  for await (const lines of linesOf(plain(), { subject })) {
    for (const line of lines) {
      const row = rowOf(line.toString('utf8').trimEnd())
      if (row === undefined) bad += 1
      else tally.take(row)
    }
    await nextTurn()
    signal.throwIfAborted()
  }
  checkFile(hash.digest('hex'), file, subject)
  return bad
}

async function readParquet(
  { destination, signal }: InventoryAsk,
  file: InventoryFile,
  tally: InventoryTally,
): Promise<{ readonly bad: number; readonly hasVersions: boolean }> {
  const subject = destination.urlOf(file.key)
  const { bytes } = await destination.get(file.key, { maxBytes: Math.max(file.size, 1), signal })
  checkFile(createHash('md5').update(bytes).digest('hex'), file, subject)
  const source = bytesOf(subject, bytes)
  const { bad } = await eachParquetRow(
    source,
    (row) => tally.take(row),
    async () => {
      await nextTurn()
      signal.throwIfAborted()
    },
  )
  return { bad, hasVersions: (await openParquet(source)).leaves.has('is_latest') }
}

/** A file that is not what the manifest says counts for nothing: the whole report is given up. */
function checkFile(found: string, { md5 }: InventoryFile, subject: string): void {
  if (found === md5) return
  throw new SourceError('corrupt', `${subject} has the MD5 ${found}, its manifest says ${md5}`, { subject })
}
