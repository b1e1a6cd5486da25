// Which files below a folder are one delivery of a bill: replaced together, and counted once.
import { createHash } from 'node:crypto'
import type { ObjectInfo } from '../../io/object-store.ts'

export interface Delivery {
  /** The folder of the billing period, or the file: stays when it is delivered again. */
  readonly key: string
  readonly files: readonly ObjectInfo[]
  /** Another one whenever any file of it has changed. */
  readonly look: string
}

const IS_BILL = /\.(?:csv|csv\.gz|parquet)$/i

export const isBill = (key: string): boolean => IS_BILL.test(key) && !/(?:^|\/)[._][^/]*$/.test(key)

/** AWS Data Exports write `BILLING_PERIOD=2026-11/`, the old report `20261101-20261201/`. */
const PERIOD = /^(?:.*\/)?(?:billing_period=\d{4}-\d\d|\d{8}-\d{8})(?=\/)/i

/**
 * Files of one period are one delivery. Where the export keeps old deliveries, each in a folder of its own below the
 * period's, only the newest folder counts. A file of no period's folder is a delivery by itself.
 */
export function deliveriesOf(files: readonly ObjectInfo[]): readonly Delivery[] {
  const periods = Map.groupBy(files, ({ key }) => PERIOD.exec(key)?.[0] ?? key)
  return [...periods].map(([key, all]) => {
    const folders = Map.groupBy(all, (file) => file.key.slice(0, file.key.lastIndexOf('/') + 1))
    const newest = [...folders.values()].reduce((a, b) => (age(b) > age(a) ? b : a))
    const parts = newest.toSorted((a, b) => (a.key < b.key ? -1 : 1))
    return { key, files: parts, look: lookOf(parts) }
  })
}

const age = (files: readonly ObjectInfo[]): number => Math.max(...files.map(({ modified }) => modified))

const lookOf = (files: readonly ObjectInfo[]): string =>
  createHash('sha256')
    .update(JSON.stringify(files.map(({ key, size, etag, modified }) => [key, size, etag ?? modified])))
    .digest('base64url')
    .slice(0, 12)
