// Iceberg's bucket[n]: too many buckets keep files small, too few make each a table of its own.
import type { Advice } from '../../model/advice.ts'
import type { Partitions } from '../../model/facts.ts'
import { GIB, MIB, bytes, readableBytes, readableCount } from '../../model/units.ts'
import { NO_TARGET, finish, total } from '../draft.ts'
import { breakEvenScans, keptDays, openingCosts, rewriteCosts } from './rewrite-cost.ts'
import { rebucket } from './statements.ts'
import { LOOKBACK_DAYS, type TableView, measured, seen } from './table-view.ts'

/** A bucket (of one time partition, where there are such) holds this much on the median, or is left as it is. */
const LEAST_BUCKET = 128 * MIB
const MOST_BUCKET = 16 * GIB
/** What a new number of buckets aims at: a few files of the usual target. */
const GOOD_BUCKET = GIB
/** A smaller table is not worth the words. */
const LEAST_TABLE = GIB
const MAX_BUCKETS = 4_096
const BUCKET = /^bucket\((\d+), (.+)\)$/

/** Null where the table has no buckets, or as many as its bytes ask for. */
export function bucketCount(view: TableView, partitions: Partitions): Advice | null {
  const { table } = view
  const field = partitions.columns.find((column) => BUCKET.test(column))
  const [, spelled, column] = BUCKET.exec(field ?? '') ?? []
  if (field === undefined || spelled === undefined || column === undefined) return null
  const now = Number(spelled)
  const { medianBytes } = partitions
  if (table.bytes === null || table.files === null || table.bytes < LEAST_TABLE || partitions.count < 2)
    return null
  const wanted = wantedBuckets(now, medianBytes)
  const isSmall = medianBytes < LEAST_BUCKET && wanted <= now / 2
  const isLarge = medianBytes > MOST_BUCKET && wanted >= now * 2
  return isSmall || isLarge ? advice(view, partitions, { field, column, now, wanted }) : null
}

/** Powers of two, so that buckets of one number are parts of those of another and joins need no shuffle. */
function wantedBuckets(now: number, medianBytes: number): number {
  const exact = (now * medianBytes) / GOOD_BUCKET
  return Math.min(MAX_BUCKETS, Math.max(1, 2 ** Math.round(Math.log2(exact))))
}

interface Change {
  readonly field: string
  readonly column: string
  readonly now: number
  readonly wanted: number
}

function advice(view: TableView, partitions: Partitions, { field, column, now, wanted }: Change): Advice {
  const { table, prices } = view
  const { apply, undo } = rebucket(table, field, `bucket(${wanted}, ${column})`)
  const fewer = wanted < now
  const size = table.bytes!
  const outputs = Math.max(Math.ceil((partitions.count * wanted) / now), Math.ceil(size / (GIB / 2)))
  const less = Math.max(0, table.files! - outputs)
  const scans = fewer && view.billed ? view.readsAMonth : null
  const oneOff = view.billed ? rewriteCosts(view, { bytes: size, outputs }, keptDays(view)) : null
  const atWhich = oneOff === null || !fewer ? null : breakEvenScans(view, less, total(oneOff))
  const each = readableBytes(bytes(Math.round((partitions.medianBytes * now) / wanted)))
  return finish(
    {
      advisor: 'layout',
      topic: 'bucket-count',
      stage: 'layout',
      shape: `${field}->${wanted}`,
      title: `Give ${table.table} ${readableCount(wanted)} buckets of ${column} instead of ${readableCount(now)}`,
      why: fewer
        ? `A bucket holds ${readableBytes(partitions.medianBytes)} on the median: files cannot grow beyond it, and each write adds one to every bucket. ${readableCount(wanted)} would hold ${each} each.`
        : `A bucket holds ${readableBytes(partitions.medianBytes)} on the median: a filter or join by ${column} reads or shuffles that much at least, in one task group. ${readableCount(wanted)} would hold ${each} each.`,
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      evidence: [
        seen(view, 'buckets', now, 'buckets', { statistic: field }),
        seen(view, 'partitions.medianBytes', partitions.medianBytes, 'bytes', {
          statistic: 'p50',
          n: partitions.count,
        }),
        seen(view, 'tidemark_table_partitions', partitions.count, 'partitions'),
        seen(view, 'tidemark_table_files', table.files!, 'files'),
      ],
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: [
        `which tables are joined with ${table.table} by ${column}, and their number of buckets: query logs`,
        ...(view.readsAMonth === null
          ? ['how often the table is read: lineage of its readers with their runs']
          : []),
      ],
      cost: {
        before: scans === null ? null : openingCosts(view, table.files!, scans),
        after: scans === null ? null : openingCosts(view, table.files! - less, scans),
        oneOff,
        spread: { low: 0.2, high: 1.5 },
        breakEven:
          fewer && less > 0
            ? `each full scan opens about ${readableCount(less)} files fewer${atWhich === null ? '' : `; it pays back within three months from ${readableCount(Math.ceil(atWhich))} full scans a month`}`
            : `a filter by one ${column} reads about ${each} instead of ${readableBytes(partitions.medianBytes)}`,
      },
      effects: [
        'joins that rely on both tables having the same buckets (storage-partitioned joins) shuffle until both are changed',
      ],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `${table.table}, its writers, and joins by ${column}`,
        reasons: ['old and new buckets live side by side until all is rewritten'],
      },
      confidence: 0.5,
      effort: 'medium',
      restartNeeded: true,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: `PARTITIONED BY (${partitions.columns.join(', ')})`,
        after: apply.sql,
        applyCommand: null,
        otherForms: apply.otherForms,
        preconditions: apply.preconditions,
        verifySteps: [
          `tidemark_table_partitions of ${table.table} comes to about ${readableCount(Math.ceil((partitions.count * wanted) / now))}`,
        ],
        rollback: undo,
      },
      verification: {
        method: 'files of the table, and the duration of the runs that read it, against matched days',
        unitCost: fewer ? measured(table, 'tidemark_table_files') : null,
        baselineDays: 14,
        windowDays: 14,
      },
    },
    prices,
    view.now,
  )
}
