// Partitions that are too many, too small or too uneven: a coarser grain, none at all, or a bucket of what is skewed.
import type { Advice } from '../../model/advice.ts'
import type { Partitions } from '../../model/facts.ts'
import { GIB, MIB, readableBytes, readableCount } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { NO_TARGET, finish } from '../draft.ts'
import { bucketCount } from './buckets.ts'
import { breakEvenScans, keptDays, openingCosts, rewriteCosts } from './rewrite-cost.ts'
import { repartition, sparkName, undoRepartition } from './statements.ts'
import { LOOKBACK_DAYS, type TableView, measured, seen } from './table-view.ts'
import { total } from '../draft.ts'

/** Partitions of less than this on the median are too small whatever they are for. */
const LEAST_MEDIAN = 128 * MIB
const LEAST_PARTITIONS = 32
/** A smaller table is not partitioned at all (Databricks' guidance; newer text says 100 TB). */
const LEAST_PARTITIONED = 1_024 * GIB
/** Planners read the partitions of a query one by one; beyond this that shows. */
const MANY_PARTITIONS = 10_000
const SKEWED = 10
const LEAST_LARGEST = 8 * GIB

export function partitioning(view: TableView): Findings {
  const { table } = view
  if (table.partitions === null || table.bytes === null || table.files === null) return NOTHING
  const { partitions } = table
  if (partitions.columns.length === 0) return NOTHING
  const advice = bucketCount(view, partitions) ?? uneven(view, partitions)
  return advice === null ? NOTHING : { advice: [advice], needs: [] }
}

function uneven(view: TableView, partitions: Partitions): Advice | null {
  if (isTooFine(partitions)) return tooFine(view, partitions)
  return isSkewed(partitions) ? skewed(view, partitions) : null
}

const isTooFine = ({ count, medianBytes, belowGib }: Partitions): boolean =>
  count >= LEAST_PARTITIONS && ((medianBytes < LEAST_MEDIAN && belowGib > 0.5) || count > MANY_PARTITIONS)

const isSkewed = ({ skew, largestBytes }: Partitions): boolean =>
  skew >= SKEWED && largestBytes >= LEAST_LARGEST

interface Grain {
  /** As the table spells it. */
  readonly field: string
  readonly column: string
  readonly unit: 'hour' | 'day' | 'month' | 'year'
}

const TRANSFORM = /^(hour|day|month|year)s?\((.+)\)$/
/** Delta's partition columns have no transform: their names tell what they hold. */
const DATE_NAMES = /(^|_)(date|day|dt|ds)$/i

function grainOf(field: string): Grain | null {
  const [, unit, column] = TRANSFORM.exec(field) ?? []
  if (unit !== undefined && column !== undefined) return { field, column, unit: unit as Grain['unit'] }
  return DATE_NAMES.test(field) ? { field, column: field, unit: 'day' } : null
}

const HOURS = { hour: 1, day: 24, month: 24 * 30, year: 24 * 365 }

/** The finest grain whose partitions hold a GiB, coarser than the present one; null: no partitions at all. */
function coarser(grain: Grain, bytesEach: number): Grain['unit'] | null {
  const units = (['day', 'month', 'year'] as const).filter((unit) => HOURS[unit] > HOURS[grain.unit])
  return units.find((unit) => (bytesEach * HOURS[unit]) / HOURS[grain.unit] >= GIB) ?? null
}

interface Better {
  readonly from: string
  readonly to: string | null
  readonly cluster: readonly string[]
  readonly words: string
  /** Partitions afterwards, about. */
  readonly count: number
}

function better({ table }: TableView, partitions: Partitions): Better {
  const grains = partitions.columns.flatMap((field) => grainOf(field) ?? [])
  const grain = grains[0]
  const size = table.bytes ?? 0
  const others = partitions.columns.filter((field) => field !== grain?.field)
  const perGrain = grain === undefined ? 0 : size / Math.max(1, distinctOf(partitions, others.length))
  if (grain !== undefined && size >= LEAST_PARTITIONED) {
    const unit = coarser(grain, perGrain)
    if (unit !== null) {
      const to = table.format === 'iceberg' ? `${unit}(${grain.column})` : `${grain.column}_${unit}`
      const count = Math.ceil((partitions.count * HOURS[grain.unit]) / HOURS[unit])
      return { from: grain.field, to, cluster: others, words: `by ${unit} instead of ${grain.unit}`, count }
    }
  }
  const [field = ''] =
    others.length > 0 && grain !== undefined && table.format === 'iceberg' ? others : partitions.columns
  if (others.length > 0 && grain !== undefined && table.format === 'iceberg')
    return {
      from: field,
      to: null,
      cluster: [],
      words: `without ${field}`,
      count: distinctOf(partitions, others.length),
    }
  return {
    from: field,
    to: null,
    cluster: partitions.columns,
    words: 'by nothing, and cluster it by the same columns',
    count: 1,
  }
}

/** How many values the time column has, if each of the others splits every one of them alike: a guess. */
const distinctOf = ({ count }: Partitions, others: number): number =>
  others === 0 ? count : Math.max(1, Math.round(Math.sqrt(count)))

function tooFine(view: TableView, partitions: Partitions): Advice {
  const { table, now, prices } = view
  const plan = better(view, partitions)
  const statement = repartition(table, plan)
  const size = table.bytes!
  const after = Math.max(plan.count, Math.ceil(size / GIB))
  const less = Math.max(0, table.files! - after)
  const oneOff = view.billed ? rewriteCosts(view, { bytes: size, outputs: after }, keptDays(view)) : null
  const scans = view.readsAMonth
  const atWhich = oneOff === null ? null : breakEvenScans(view, less, total(oneOff))
  return finish(
    {
      advisor: 'layout',
      topic: 'repartition',
      stage: 'layout',
      shape: `${plan.from}->${plan.to ?? ''}`,
      title: `Partition ${table.table} ${plan.words}`,
      why: `${readableCount(partitions.count)} partitions by ${partitions.columns.join(', ')} hold ${readableBytes(partitions.medianBytes)} each on the median, ${(partitions.belowGib * 100).toFixed(0)} % of them less than 1 GiB: files cannot grow beyond their partition, and each is planned and opened by itself.`,
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      evidence: [
        seen(view, 'tidemark_table_partitions', partitions.count, 'partitions'),
        seen(view, 'partitions.medianBytes', partitions.medianBytes, 'bytes', {
          statistic: 'p50',
          n: partitions.count,
        }),
        seen(view, 'tidemark_table_partitions_below_1gib_ratio', partitions.belowGib, 'ratio', {
          n: partitions.count,
        }),
        seen(view, 'tidemark_table_size_bytes', size, 'bytes'),
      ],
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: [`which columns queries of ${table.table} filter by: query logs`],
      cost: {
        before: scans === null || !view.billed ? null : openingCosts(view, table.files!, scans),
        after: scans === null || !view.billed ? null : openingCosts(view, table.files! - less, scans),
        oneOff,
        spread: { low: 0.2, high: 1.5 },
        breakEven:
          atWhich === null
            ? `each full scan opens about ${readableCount(less)} files fewer`
            : `each full scan opens about ${readableCount(less)} files fewer; it pays back within three months from ${readableCount(Math.ceil(atWhich))} full scans a month`,
      },
      effects: [
        'queries that filter by the dropped column no longer skip whole partitions: statistics of the files must do',
      ],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `${table.table}, its writers, and queries that name its partitions`,
        reasons: [
          'queries and jobs that name partition columns or paths may have to change',
          'try it on a copy, with your real queries',
        ],
      },
      confidence: 0.5,
      effort: table.format === 'iceberg' ? 'medium' : 'high',
      restartNeeded: true,
      rollbackPossible: true,
      conflictsWith: [],
      change: {
        format: 'sql',
        before: `PARTITIONED BY (${partitions.columns.join(', ')})`,
        after: statement.sql,
        applyCommand: null,
        otherForms: statement.otherForms,
        preconditions: statement.preconditions,
        verifySteps: [
          `tidemark_table_partitions of ${table.table} falls to about ${readableCount(plan.count)}`,
          'the slowest query of the table is not slower',
        ],
        rollback:
          table.format === 'iceberg'
            ? undoRepartition(table, plan)
            : `RESTORE TABLE ${sparkName(table)} TO VERSION AS OF ${table.version ?? '<version before>'};`,
      },
      verification: {
        method: 'duration of the runs that read it, against matched days',
        unitCost: null,
        baselineDays: 14,
        windowDays: 14,
      },
    },
    prices,
    now,
  )
}

function skewed(view: TableView, partitions: Partitions): Advice | null {
  const { table, now, prices } = view
  // Time partitions of unlike days are no skew of a key.
  const key = partitions.columns.find((field) => grainOf(field) === null && !/^(bucket|truncate)/.test(field))
  if (key === undefined) return null
  const buckets = Math.min(256, Math.max(2, Math.ceil(partitions.largestBytes / (8 * GIB))))
  const isIceberg = table.format === 'iceberg'
  return finish(
    {
      advisor: 'layout',
      topic: 'partition-skew',
      stage: 'layout',
      shape: key,
      title: `Even out the partitions of ${table.table}`,
      why: `${partitions.largest} holds ${readableBytes(partitions.largestBytes)}, ${partitions.skew.toFixed(0)} times the median of ${readableBytes(partitions.medianBytes)}: whoever reads or writes it waits for one.`,
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      evidence: [
        seen(view, 'tidemark_table_partition_skew_ratio', partitions.skew, 'ratio', { n: partitions.count }),
        seen(view, 'partitions.largestBytes', partitions.largestBytes, 'bytes', {
          statistic: partitions.largest,
        }),
      ],
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: [`the column that splits ${partitions.largest} evenly: its number of distinct values`],
      cost: {
        before: null,
        after: null,
        oneOff: null,
        breakEven:
          'what it saves depends on how long tasks wait for the largest partition: Spark event logs tell',
      },
      effects: ['new data is spread over more partitions'],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: table.table,
        reasons: ['queries by the key read several buckets'],
      },
      confidence: 0.4,
      effort: 'medium',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: `PARTITIONED BY (${partitions.columns.join(', ')})`,
        after: isIceberg
          ? `ALTER TABLE ${sparkName(table)} ADD PARTITION FIELD bucket(${buckets}, <an id column>);`
          : `-- Delta: cluster by the partition columns instead\n${repartition(table, { from: key, to: null, cluster: partitions.columns }).sql}`,
        applyCommand: null,
        otherForms: [],
        preconditions: ['an id column with many distinct values, which queries filter or join by'],
        verifySteps: [`tidemark_table_partition_skew_ratio of ${table.table} falls below ${SKEWED}`],
        rollback: isIceberg
          ? `ALTER TABLE ${sparkName(table)} DROP PARTITION FIELD bucket(${buckets}, <an id column>);`
          : `RESTORE TABLE ${sparkName(table)} TO VERSION AS OF ${table.version ?? '<version before>'};`,
      },
      verification: {
        method: 'the skew of the partitions',
        unitCost: measured(table, 'tidemark_table_partition_skew_ratio'),
        baselineDays: 14,
        windowDays: 14,
      },
    },
    prices,
    now,
  )
}
