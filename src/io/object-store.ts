// The contract of a place that holds objects: a local folder or an S3 prefix. Keys are relative to its root.
import type { ByteSource } from '../model/bytes.ts'
import type { SourceError } from '../model/errors.ts'
import type { Timestamp } from '../model/units.ts'

export interface ObjectInfo {
  /** Relative to the root, `/` separated, never leading out of it. */
  readonly key: string
  readonly size: number
  readonly modified: Timestamp
  readonly etag: string | null
}

export interface ListOptions {
  /** Only keys after this one, as S3's StartAfter. */
  readonly startAfter?: string
  /** Stop after this many entries. */
  readonly limit?: number
  /**
   * Told of an entry that cannot be listed (a folder without permission, a link that leads out of the root); the
   * listing goes on without it. Where this is not given such an entry throws, so that nothing is skipped in silence.
   */
  readonly skipped?: (problem: SourceError) => void
  readonly signal: AbortSignal
}

export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface GetOptions {
  /** Inclusive start, exclusive end. */
  readonly range?: ByteRange
  /** Answer null instead of a body when the object still has this etag. */
  readonly ifNoneMatch?: string
  /** Refuse bodies above this with SourceError 'too-large', before reading them where the length is known. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export interface ObjectBody {
  readonly bytes: Uint8Array
  readonly etag: string | null
  readonly modified: Timestamp
}

/**
 * Every failure is a SourceError whose subject is the object's URL: 'missing' (the object is not there although its
 * store is; a root folder or bucket that is gone is 'unreachable'), 'denied', 'timeout', 'unreachable',
 * 'throttled', 'too-large', 'outside-root' (a key or symbolic link that leads out of the root).
 */
export interface ObjectStore {
  /** `file:///data/lake` or `s3://bucket/prefix`, without a trailing slash. */
  readonly url: string
  /** A key's full URL, for messages. */
  urlOf(key: string): string
  /** All objects below `prefix` (a folder, '' for the root), in key order (UTF-8 bytes); none where there is no such folder. */
  list(prefix: string, options: ListOptions): AsyncIterable<ObjectInfo>
  /** The names directly below a folder: folders with a trailing `/`, and files. */
  children(folder: string, options: ListOptions): AsyncIterable<ObjectInfo | { readonly folder: string }>
  get(key: string, options: GetOptions): Promise<ObjectBody>
  get(key: string, options: GetOptions & { ifNoneMatch: string }): Promise<ObjectBody | null>
  /** A body in pieces, for line-by-line reading of large logs. */
  stream(key: string, options: Omit<GetOptions, 'range' | 'ifNoneMatch'>): AsyncIterable<Uint8Array>
  head(key: string, signal: AbortSignal): Promise<ObjectInfo>
  /** An object as random-access bytes; one HEAD (or none when `size` is known), then ranged GETs. */
  source(key: string, options: { size?: number; signal: AbortSignal }): Promise<ByteSource>
  /** The same store seen from a folder below its root; shares limits and counters. */
  below(folder: string): ObjectStore
  readonly counters: Readonly<ObjectCounters>
}

/** Every attempt counts as a request, because every attempt costs one. */
export interface ObjectCounters {
  gets: number
  lists: number
  heads: number
  /** Of bodies; listings are not counted. */
  bytes: number
  /** Attempts after the first of a request. */
  retries: number
  /** Requests that failed for good. That an object is missing is an answer, not a failure. */
  failures: number
}

export const noCounts = (): ObjectCounters => ({
  gets: 0,
  lists: 0,
  heads: 0,
  bytes: 0,
  retries: 0,
  failures: 0,
})
