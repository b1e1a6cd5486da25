// What a whole inventory says better than metrics do: which objects rules can move, how old they are, what was replaced.
import type { BucketFact, BucketInventory, Objects } from '../../model/bucket.ts'
import type { Known } from '../../model/known.ts'
import type { ObjectGroup } from './break-even.ts'

/** Null where files of the report were left out: a part of the objects is no measure of all. */
const wholeInventory = ({ inventory = null }: BucketFact): Known<BucketInventory> =>
  inventory === null || inventory.filesLeftOut > 0 ? null : inventory

/** Objects in STANDARD above 128 KiB that were written at least so many days ago. */
export function movableFrom(bucket: BucketFact, days: number): Known<ObjectGroup> {
  const groups = wholeInventory(bucket)?.movable.filter(({ fromDays }) => fromDays >= days) ?? null
  if (groups === null) return null
  const sum = (of: (group: Objects) => number): number => groups.reduce((total, one) => total + of(one), 0)
  return { bytes: sum(({ bytes }) => bytes), objects: sum(({ objects }) => objects), gets: 0, bytesRead: 0 }
}

/** Replaced versions, and which share of their bytes was written a month ago or earlier; null where nothing tells. */
export function replacedVersions(bucket: BucketFact): Known<Objects & { readonly oldShare: Known<number> }> {
  const listed = wholeInventory(bucket)?.noncurrent ?? null
  if (listed !== null) return { ...listed, oldShare: listed.old.bytes / Math.max(1, listed.bytes) }
  if (bucket.noncurrent === null) return null
  return { ...bucket.noncurrent, oldShare: null }
}
