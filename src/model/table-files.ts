// The files in a table's folder by what the table's own metadata says of them.
import type { Known } from './known.ts'
import type { Bytes, Timestamp } from './units.ts'

/**
 * `live`: of the current version. `retained`: of a version that can still be read. `expired`: removed, and past its
 * retention. `metadata`: what the table is read by. `orphan`: named by nothing that is kept. `unknown`: not ours to judge
 * (hidden names, files that engines keep for themselves).
 */
export type FileRole = 'live' | 'retained' | 'expired' | 'metadata' | 'orphan' | 'unknown'

export interface TableFile {
  /** From the root of the bucket. */
  readonly key: string
  /** Null where only its name is known: then every limit on sizes is taken to be met. */
  readonly size: Known<number>
  readonly role: FileRole
}

/** Files that no version names: left by writes that failed. */
export interface Orphans {
  readonly files: number
  readonly bytes: Bytes
  /** Of these, files in the metadata folder: left by commits that failed, or metadata files that are kept for ever. */
  readonly metadataFiles: number
  readonly metadataBytes: Bytes
  readonly oldest: Known<Timestamp>
  /** Only files written before it are counted: a younger one may belong to a write that is not finished. */
  readonly olderThan: Timestamp
  /** When the folder was listed. */
  readonly at: Timestamp
  readonly how: string
}
