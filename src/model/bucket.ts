// What a source of buckets tells: bytes and objects by storage class, lifecycle rules, versions, unfinished uploads.
import type { Known } from './known.ts'
import type { Bytes, Timestamp } from './units.ts'

/** S3's names, with Intelligent-Tiering's tiers told apart. */
export type StorageClass =
  | 'STANDARD'
  | 'STANDARD_IA'
  | 'ONEZONE_IA'
  | 'INTELLIGENT_TIERING'
  | 'GLACIER_IR'
  | 'GLACIER'
  | 'DEEP_ARCHIVE'

/** One rule of a lifecycle document, as far as safety and money depend on it. */
export interface LifecycleRule {
  readonly id: string
  readonly enabled: boolean
  readonly prefix: string
  readonly tags: Readonly<Record<string, string>>
  readonly largerThan: Known<Bytes>
  readonly smallerThan: Known<Bytes>
  readonly transitions: ReadonlyArray<{ readonly days: number; readonly to: string }>
  /** By age or date: null where the rule does not expire current objects. */
  readonly expires: Known<number>
  readonly noncurrentExpires: Known<number>
  readonly noncurrentTransitions: ReadonlyArray<{ readonly days: number; readonly to: string }>
  readonly abortsUploadsAfter: Known<number>
}

/** Levels of folders that access logs and inventories are added up by: what lies deeper is in the folder above. */
export const FOLDER_DEPTH = 3

/** How often what is in a bucket is read, where something counts that. */
export interface BucketAccess {
  /** Where it comes from, best first: server access logs, storage class analysis, CloudWatch request metrics. */
  readonly from: string
  readonly days: number
  readonly gets: number
  readonly bytesRead: Bytes
  /** Bytes read in the busiest week, a month's worth of it: what is decided by. */
  readonly busiestMonth: Bytes
  /** The folders that are read most, from access logs; null or absent where nothing tells. */
  readonly byPrefix?: Known<
    ReadonlyArray<{ readonly prefix: string; readonly gets: number; readonly bytesRead: Bytes }>
  >
  /** Every read of these days is in `byPrefix`: a folder that it does not name was not read. Absent where that is not known. */
  readonly complete?: boolean
  /** The same as bytesRead, of objects of at least so many days, from storage class analysis; null or absent where nothing tells. */
  readonly byAge?: Known<
    ReadonlyArray<{ readonly fromDays: number; readonly stored: Bytes; readonly bytesRead: Bytes }>
  >
}

export interface Objects {
  readonly objects: number
  readonly bytes: Bytes
}

/** The ages that S3's own analysis groups objects by, in days: from each to the next. */
export const AGE_GROUPS = [0, 15, 30, 45, 60, 75, 90, 120, 150, 180, 365, 730] as const

/** What an S3 Inventory report lists: every object, counted once. It knows sizes and ages, never reads or unfinished uploads. */
export interface BucketInventory {
  /** When S3 began to write the report. */
  readonly asOf: Timestamp
  readonly format: 'CSV' | 'Parquet'
  /** Rows that were counted, and those that could not be understood. */
  readonly rows: number
  readonly badRows: number
  /** Files of the report beyond our limits: above 0 everything here is a lower bound. */
  readonly filesLeftOut: number
  readonly current: Objects
  readonly byClass: Readonly<Record<string, Objects>>
  /** Current objects by days since they were written. */
  readonly ages: ReadonlyArray<Objects & { readonly fromDays: number }>
  /** Those in STANDARD that a lifecycle rule moves by default: larger than 128 KiB. */
  readonly movable: ReadonlyArray<Objects & { readonly fromDays: number }>
  /** Current objects by size: at least so many bytes, below the next. */
  readonly sizes: ReadonlyArray<Objects & { readonly from: Bytes }>
  /** Folders by what they hold, largest first, bounded; what is not listed is in `otherPrefixes`. */
  readonly prefixes: ReadonlyArray<
    Objects & {
      readonly prefix: string
      /** Written 30 days ago or earlier. */
      readonly old: Objects
      readonly noncurrent: Objects
    }
  >
  readonly otherPrefixes: Objects
  /** Replaced versions by days since they were written; null where the report lists current objects only. */
  readonly noncurrent: Known<Objects & { readonly old: Objects }>
  readonly deleteMarkers: Known<number>
}

export interface BucketFact {
  readonly kind: 'bucket'
  /** `s3://name` */
  readonly id: string
  readonly source: string
  readonly bucket: string
  readonly region: string
  /** Day of the newest storage metrics. */
  readonly asOf: Known<Timestamp>
  readonly bytes: Known<Readonly<Partial<Record<StorageClass, Bytes>>>>
  readonly objects: Known<number>
  /** Bytes of all classes a month ago: what is older than a month now is at most that. */
  readonly bytesAMonthAgo: Known<Bytes>
  /** By class, bytes of each day (`2026-10-31`, UTC) of the last weeks, watched by us or not; absent in facts of older versions. */
  readonly daily?: Known<Readonly<Partial<Record<StorageClass, Readonly<Record<string, Bytes>>>>>>
  readonly versioning: Known<'enabled' | 'suspended' | 'off'>
  /** Rules in force; an empty list where there is no document. */
  readonly lifecycle: Known<readonly LifecycleRule[]>
  /** The document as S3 gave it, as JSON; null where it could not be read. `{"Rules":[]}` where there is none. */
  readonly lifecycleDocument: Known<string>
  readonly unfinishedUploads: Known<{
    readonly count: number
    readonly oldest: Known<Timestamp>
    readonly bytes: Known<Bytes>
  }>
  readonly noncurrent: Known<{ readonly objects: number; readonly bytes: Bytes }>
  /** Object Lock, legal holds and replication forbid what lifecycle rules would do. */
  readonly locked: Known<boolean>
  readonly replicated: Known<boolean>
  readonly access: Known<BucketAccess>
  /** Its owner said that what a month shows is all the reading there is; absent: nobody said so. */
  readonly readsAreMonthly?: boolean
  /** The newest report of S3 Inventory; null where none is configured or readable; absent in facts of older versions. */
  readonly inventory?: Known<BucketInventory>
  readonly partial: readonly string[]
}
