// What rewriting files costs and what fewer files save: priors of the reference, priced line by line.
import type { MeterLine } from '../../model/advice.ts'
import type { Known } from '../../model/known.ts'
import { GIB } from '../../model/units.ts'
import { type Prices, meterLines } from '../prices.ts'
import type { TableView } from './table-view.ts'

/**
 * Opening a file costs its reader so long (0.05–0.2 s on S3), and so many requests: its footer and two columns.
 * Measure both by regressing task time on files a task: these are the priors until then.
 */
const OPEN_SECONDS = 0.1
const GETS_A_FILE = 3
/** A rewrite reads and writes this much a second in 2 GB of memory (OpenHouse's planner); a Glue DPU has 16 GB. */
const REWRITE_BYTES_A_SECOND = 2 * 2 ** 20 * 8
const HALF_AN_HOUR = 0.5
/** A core decodes so much of Parquet a second: a prior as the others, on the fast side so that it promises little. */
const SCAN_BYTES_A_SECOND = 128 * 2 ** 20

/** A file is opened by what reads it, each time: requests and the core that waits. */
export function openingCosts(
  view: TableView,
  files: number,
  scansAMonth: number,
): Known<readonly MeterLine[]> {
  const opened = files * scansAMonth
  return meterLines(view.prices, view.table.id, [
    ['s3.STANDARD.get', (opened * GETS_A_FILE) / 1_000],
    ['emr-serverless.vcpu', (opened * OPEN_SECONDS) / 3_600],
  ])
}

/** Bytes that are read and decoded, out of so many files. */
export function scanCosts(
  view: TableView,
  read: { readonly bytes: number; readonly files: number },
): Known<readonly MeterLine[]> {
  const seconds = read.files * OPEN_SECONDS + read.bytes / SCAN_BYTES_A_SECOND
  return meterLines(view.prices, view.table.id, [
    ['s3.STANDARD.get', (read.files * GETS_A_FILE) / 1_000],
    ['emr-serverless.vcpu', seconds / 3_600],
  ])
}

/** One rewrite: compute, the requests that write, and both copies kept until the old one is vacuumed. */
export function rewriteCosts(
  { prices, table }: Pick<TableView, 'prices' | 'table'>,
  rewrite: { readonly bytes: number; readonly outputs: number },
  keptDays: number,
): Known<readonly MeterLine[]> {
  const hours = rewrite.bytes / REWRITE_BYTES_A_SECOND / 3_600 + HALF_AN_HOUR / 16
  return meterLines(prices, table.id, [
    ['glue.dpu', hours],
    ['s3.STANDARD.put', rewrite.outputs / 1_000],
    ['s3.STANDARD.storage', ((rewrite.bytes / GIB) * keptDays) / 30],
  ])
}

export const storageCosts = (prices: Prices, resource: string, bytes: number): Known<readonly MeterLine[]> =>
  meterLines(prices, resource, [['s3.STANDARD.storage', bytes / GIB]])

/** How long removed files of a table are kept anyway. */
export const keptDays = ({ table }: TableView): number => (table.format === 'delta' ? 7 : 5)

/** Full scans a month, at which the rewrite has paid for itself after three months. */
export function breakEvenScans(view: TableView, filesLess: number, once: number): Known<number> {
  const one = openingCosts(view, filesLess, 1)
  if (one === null || filesLess === 0) return null
  return once / 3 / one.reduce((sum, { cost }) => sum + cost, 0)
}
