// What S3's storage classes ask for: AWS S3 user guide, "Storage classes" and "Lifecycle transition considerations".
import type { StorageClass } from '../../model/bucket.ts'
import { GIB, KIB } from '../../model/units.ts'

export interface ClassRules {
  /** Smaller objects are billed as if they were this large. */
  readonly leastBytes: number
  /** Objects that leave earlier pay for the rest of it. */
  readonly leastDays: number
  /** A GET answers at once; where not, tables break. */
  readonly synchronous: boolean
  /** Bytes an object costs beside its own: at the price of STANDARD, and at that of its class. */
  readonly overhead: { readonly standard: number; readonly own: number }
  /** A lifecycle rule may not move younger objects there. */
  readonly leastAge: number
}

const none = { standard: 0, own: 0 }
const archive = { standard: 8 * KIB, own: 32 * KIB }

export const CLASSES: Readonly<Record<StorageClass, ClassRules>> = {
  STANDARD: { leastBytes: 0, leastDays: 0, synchronous: true, overhead: none, leastAge: 0 },
  INTELLIGENT_TIERING: { leastBytes: 0, leastDays: 0, synchronous: true, overhead: none, leastAge: 0 },
  STANDARD_IA: { leastBytes: 128 * KIB, leastDays: 30, synchronous: true, overhead: none, leastAge: 30 },
  ONEZONE_IA: { leastBytes: 128 * KIB, leastDays: 30, synchronous: true, overhead: none, leastAge: 30 },
  GLACIER_IR: { leastBytes: 128 * KIB, leastDays: 90, synchronous: true, overhead: none, leastAge: 0 },
  GLACIER: { leastBytes: 0, leastDays: 90, synchronous: false, overhead: archive, leastAge: 0 },
  DEEP_ARCHIVE: { leastBytes: 0, leastDays: 180, synchronous: false, overhead: archive, leastAge: 0 },
}

export const isSynchronous = (storageClass: string): boolean =>
  (CLASSES as Readonly<Record<string, ClassRules>>)[storageClass]?.synchronous ?? false

export const gib = (bytes: number): number => bytes / GIB
