// When another storage class is cheaper: a month's bill of a group of objects, and the limits that follow from it.
import type { StorageClass } from '../../model/bucket.ts'
import type { Known } from '../../model/known.ts'
import { GIB } from '../../model/units.ts'
import type { Prices } from '../prices.ts'
import { CLASSES, gib } from './classes.ts'

export interface ObjectGroup {
  readonly bytes: number
  readonly objects: number
  /** A month. */
  readonly gets: number
  readonly bytesRead: number
}

export type Quantity = readonly [meter: string, quantity: number]

/** What a month of the group counts on each meter when it lies in a class. */
export function monthIn(storageClass: StorageClass, group: ObjectGroup): readonly Quantity[] {
  const { leastBytes, overhead } = CLASSES[storageClass]
  const billed = Math.max(group.bytes, group.objects * leastBytes) + group.objects * overhead.own
  const meter = (name: string): string => `s3.${storageClass}.${name}`
  return [
    [meter('storage'), gib(billed)],
    ...(overhead.standard > 0
      ? [['s3.STANDARD.storage', gib(group.objects * overhead.standard)] as const]
      : []),
    [meter('get'), group.gets / 1_000],
    [meter('retrieval'), gib(group.bytesRead)],
    ...(storageClass === 'INTELLIGENT_TIERING'
      ? [[meter('monitoring'), group.objects / 1_000] as const]
      : []),
  ]
}

export const transitionTo = (storageClass: StorageClass, objects: number): readonly Quantity[] => [
  [`s3.${storageClass}.transition`, objects / 1_000],
]

const price = (prices: Prices, storageClass: StorageClass, meter: string): Known<number> =>
  prices.price(`s3.${storageClass}.${meter}`)?.usd ?? null

/** Full reads of the data a month above which `to` costs more than `from`; null where a price is not known. */
export function readLimit(prices: Prices, from: StorageClass, to: StorageClass): Known<number> {
  const [a, b] = [price(prices, from, 'storage'), price(prices, to, 'storage')]
  const [ra, rb] = [price(prices, from, 'retrieval'), price(prices, to, 'retrieval')]
  if (a === null || b === null || ra === null || rb === null) return null
  return (a - b) / (rb - ra)
}

/** The average object size in bytes below which moving from STANDARD does not pay back within `months`. */
export function leastObject(prices: Prices, to: StorageClass, months: number): Known<number> {
  const standard = price(prices, 'STANDARD', 'storage')
  const own = price(prices, to, 'storage')
  const moved = price(prices, to, 'transition')
  if (standard === null || own === null || moved === null) return null
  const { overhead, leastBytes } = CLASSES[to]
  const fee = gib(overhead.standard) * standard + gib(overhead.own) * own
  const size = ((moved / 1_000 + months * fee) / (months * (standard - own))) * GIB
  return Math.max(size, leastBytes)
}

/** The object size in bytes at which Intelligent-Tiering's fee is all that its lower tier saves. */
export function tieringLimit(
  prices: Prices,
  tier: 'storage-infrequent' | 'storage-archive-instant',
): Known<number> {
  const frequent = price(prices, 'INTELLIGENT_TIERING', 'storage')
  const lower = price(prices, 'INTELLIGENT_TIERING', tier)
  const fee = price(prices, 'INTELLIGENT_TIERING', 'monitoring')
  if (frequent === null || lower === null || fee === null) return null
  return (fee / 1_000 / (frequent - lower)) * GIB
}
