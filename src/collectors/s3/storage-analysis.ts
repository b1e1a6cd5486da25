// The export of S3 storage class analysis as evidence of reads: how much of what age was retrieved.
import { linesOf } from '../../formats/delta/lines.ts'
import { type AnalysisDay, analysisRows } from '../../formats/s3/storage-analysis.ts'
import type { ObjectInfo, ObjectStore } from '../../io/object-store.ts'
import type { BucketAccess } from '../../model/bucket.ts'
import type { Known } from '../../model/known.ts'
import { DAY, type Timestamp, bytes } from '../../model/units.ts'
import { busiestMonth } from './access-logs.ts'

const DAYS = 60
/** The file grows by a few lines a day, for as long as the analysis is on. */
const MAX_EXPORT_BYTES = 64 * 1_048_576
const MAX_FILES = 1_000
const MAX_EXPORTS = 20

export interface AnalysisAsk {
  readonly destination: ObjectStore
  /** The folder with the exports of this bucket. */
  readonly folder: string
  readonly now: Timestamp
  readonly signal: AbortSignal
}

/** Null where there is no export. Of several filters the one that covers most bytes is taken: filters may overlap. */
export async function readStorageAnalysis(
  ask: AnalysisAsk,
): Promise<{ readonly access: Known<BucketAccess>; readonly problems: readonly string[] }> {
  const { destination, folder, now, signal } = ask
  const exports: ObjectInfo[] = []
  for await (const file of destination.list(folder, { limit: MAX_FILES, signal }))
    if (file.key.endsWith('.csv')) exports.push(file)
  const newest = exports.toSorted((a, b) => b.modified - a.modified).slice(0, MAX_EXPORTS)
  let bad = 0
  let best: { readonly access: BucketAccess; readonly stored: number } | null = null
  for (const { key } of newest) {
    const read = await readExport(ask, key)
    bad += read.bad
    const recent = read.days.filter(({ at }) => now - at < DAYS * DAY)
    const found = accessOf(recent, key)
    if (found !== null && (best === null || found.stored > best.stored)) best = found
  }
  const where = destination.urlOf(folder)
  const problems =
    bad === 0 ? [] : [`${where}: ${bad} lines are no rows of a storage class analysis and are not counted`]
  return { access: best?.access ?? null, problems }
}

async function readExport(
  { destination, signal }: AnalysisAsk,
  key: string,
): Promise<{ readonly days: readonly AnalysisDay[]; readonly bad: number }> {
  const days: AnalysisDay[] = []
  let bad = 0
  let rowOf: ReturnType<typeof analysisRows> | null = null
  const body = destination.stream(key, { maxBytes: MAX_EXPORT_BYTES, signal })
  for await (const lines of linesOf(body, { subject: destination.urlOf(key) })) {
    for (const line of lines) {
      const text = line.toString('utf8').trimEnd()
      if (rowOf === null) {
        rowOf = analysisRows(text)
        // Another CSV file in the same place.
        if (rowOf === undefined) return { days: [], bad: 0 }
        continue
      }
      const day = rowOf?.(text)
      if (day === undefined) bad += 1
      else days.push(day)
    }
  }
  return { days, bad }
}

function accessOf(
  days: readonly AnalysisDay[],
  key: string,
): { readonly access: BucketAccess; readonly stored: number } | null {
  const all = days.filter(({ fromDays }) => fromDays === null)
  const groups = Map.groupBy(
    days.filter(({ fromDays }) => fromDays !== null),
    ({ fromDays }) => fromDays!,
  )
  const total = all.length > 0 ? all : days
  if (total.length === 0) return null
  // A file may have more rows than a call may have arguments.
  const first = total.reduce((least, { at }) => Math.min(least, at), Infinity)
  const last = total.reduce((most, { at }) => Math.max(most, at), -Infinity)
  const sum = (list: readonly AnalysisDay[], of: (day: AnalysisDay) => number | null): number =>
    list.reduce((amount, day) => amount + (of(day) ?? 0), 0)
  const byDay = Map.groupBy(total, ({ at }) => (at - first) / DAY)
  const retrieved = [...byDay].map(
    ([day, rows]) => [day, sum(rows, ({ retrievedBytes }) => retrievedBytes)] as const,
  )
  const stored = sum(
    total.filter(({ at }) => at === last),
    ({ storedBytes }) => storedBytes,
  )
  const access: BucketAccess = {
    from: `storage class analysis (${key.slice(key.lastIndexOf('/') + 1).slice(0, 100)})`,
    days: (last - first) / DAY + 1,
    gets: Math.round(sum(total, ({ gets }) => gets)),
    bytesRead: bytes(Math.round(sum(total, ({ retrievedBytes }) => retrievedBytes))),
    busiestMonth: bytes(Math.round(busiestMonth(retrieved))),
    byPrefix: null,
    byAge: [...groups]
      .toSorted(([a], [b]) => a - b)
      .map(([fromDays, rows]) => ({
        fromDays,
        stored: bytes(
          Math.round(
            sum(
              rows.filter(({ at }) => at === last),
              ({ storedBytes }) => storedBytes,
            ),
          ),
        ),
        bytesRead: bytes(Math.round(sum(rows, ({ retrievedBytes }) => retrievedBytes))),
      })),
  }
  return { access, stored }
}
