// One look at one bucket: what is asked of whom, and what is remembered between looks.
import type { Buckets } from '../../io/buckets.ts'
import type { ObjectStore } from '../../io/object-store.ts'
import type { BucketAccess } from '../../model/bucket.ts'
import { explainError } from '../../model/errors.ts'
import type { Known } from '../../model/known.ts'
import type { Timestamp } from '../../model/units.ts'
import type { Ask } from '../collector.ts'
import type { ReadReport } from './inventory.ts'

/** A bucket from its root, and a folder in it. */
export interface Destination {
  readonly objects: ObjectStore
  readonly folder: string
}

/** What is read of a bucket less often than it is polled. */
export class Memory {
  report: Known<ReadReport> = null
  reads: Known<{
    readonly at: Timestamp
    readonly access: Known<BucketAccess>
    readonly problems: readonly string[]
  }> = null
}

export interface Look {
  readonly buckets: Buckets
  readonly bucket: string
  readonly source: string
  readonly versions: boolean
  readonly places: Readonly<Record<'inventory' | 'accessLogs' | 'storageAnalysis', Known<Destination>>>
  /** Of this source: then what it is exported needs no folder of its own. */
  readonly single: boolean
  readonly memory: Memory
  readonly ask: Ask
}

/** What may not be read is unknown, and said so in `faults`; the rest of the bucket is told. */
export const orUnknown =
  ({ ask: { signal } }: Look, faults: string[]) =>
  async <T>(asked: Promise<T>): Promise<Known<T>> => {
    try {
      return await asked
    } catch (error) {
      if (signal.aborted) throw error
      faults.push(explainError(error))
      return null
    }
  }
