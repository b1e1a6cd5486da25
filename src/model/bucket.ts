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

/** How often what is in a bucket is read, where something counts that. */
export interface BucketAccess {
  /** Where it comes from, best first: `request metrics`, `storage class analysis`, … */
  readonly from: string
  readonly days: number
  readonly gets: number
  readonly bytesRead: Bytes
  /** Bytes read in the busiest week, a month's worth of it: what is decided by. */
  readonly busiestMonth: Bytes
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
  readonly partial: readonly string[]
}
