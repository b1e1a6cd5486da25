// How often the data files of one table are read, from the access logs of its bucket by folder.
import { type BucketFact, FOLDER_DEPTH } from '../../model/bucket.ts'
import type { TableFact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'

export interface TableAccess {
  /** Of the logs: at least the days in which something of the bucket was read. */
  readonly days: number
  readonly gets: number
  readonly bytesRead: number
  /** All reads of these days were told: 0 means that nobody read it. */
  readonly complete: boolean
  readonly from: string
}

/** Readers of metadata are planners and whoever watches the table, we among them: no reads of its data. */
const METADATA: Readonly<Partial<Record<TableFact['format'], string>>> = {
  delta: '_delta_log/',
  iceberg: 'metadata/',
}

/** Null where the table's data may be elsewhere too, or a folder that the logs name holds more than it. */
export function accessOf(table: TableFact, buckets: readonly BucketFact[]): Known<TableAccess> {
  const metadata = METADATA[table.format]
  const bucket = buckets.find(({ id, access }) => access?.byPrefix != null && isBelow(table.location, id))
  const access = bucket?.access ?? null
  if (bucket === undefined || access?.byPrefix == null || metadata === undefined || isElsewhere(table))
    return null
  const folder = `${table.location.slice(bucket.id.length + 1).replace(/\/+$/, '')}/`
  // Metadata of so deep a table is added up with its data.
  if (folder === '/' || folder.split('/').length - 1 >= FOLDER_DEPTH) return null
  const own = access.byPrefix.filter(
    ({ prefix }) => prefix.startsWith(folder) && !prefix.startsWith(folder + metadata),
  )
  return {
    days: access.days,
    gets: own.reduce((sum, { gets }) => sum + gets, 0),
    bytesRead: own.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    complete: access.complete === true,
    from: `${access.from} of bucket ${bucket.bucket}`,
  }
}

const isBelow = (location: string, bucket: string): boolean =>
  location.replace(/^s3[an]:/, 's3:').startsWith(`${bucket}/`)

const isElsewhere = ({ properties }: TableFact): boolean =>
  properties['write.data.path'] !== undefined ||
  properties['write.object-storage.path'] !== undefined ||
  properties['write.object-storage.enabled'] === 'true'

/** A reader of a columnar file asks for its footer and some columns. */
const GETS_A_FILE = 3

/** Full scans a month that so many requests of its files come to: a scan asks each of them three times. */
export const fullScans = ({ gets, days }: TableAccess, files: number): number =>
  (gets / GETS_A_FILE / Math.max(1, files)) * (30 / Math.max(1, days))
