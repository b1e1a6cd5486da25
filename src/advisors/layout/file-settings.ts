// Table properties that set the size of files and row groups, where somebody set them to what hurts.
import type { Advice } from '../../model/advice.ts'
import { GIB, MIB, bytes, readableBytes, readableCount } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { NO_TARGET, finish } from '../draft.ts'
import { setProperties } from './statements.ts'
import { LOOKBACK_DAYS, type TableView, measured, seen } from './table-view.ts'

/** A row group is read as a whole: smaller ones are many requests, larger ones one task and a writer's memory. */
const LEAST_ROW_GROUP = 16 * MIB
const MOST_ROW_GROUP = 512 * MIB
/** The default of Parquet and of Iceberg. */
const ROW_GROUP = 128 * MIB
/** Files of the target are too small from so many on, and too large where so few make the table. */
const LEAST_TARGET = 64 * MIB
const MANY_FILES = 1_000
const FEW_FILES = 8
const LEAST_TABLE = 10 * GIB
/** Commits a month that rewrite rows in large files: Databricks then aims at smaller ones. */
const REWRITES = 30
const LARGE_FILE = 512 * MIB

const TARGETS: Readonly<Record<string, string>> = {
  delta: 'delta.targetFileSize',
  iceberg: 'write.target-file-size-bytes',
}
/** Writers of Delta take it from their own configuration; a table may carry it all the same. */
const ROW_GROUPS = ['write.parquet.row-group-size-bytes', 'parquet.block.size']

export function fileSettings(view: TableView): Findings {
  const advice = [targetSize(view), rowGroup(view), rewrittenFiles(view)].filter((one) => one !== null)
  return advice.length === 0 ? NOTHING : { advice, needs: [] }
}

interface Setting {
  readonly key: string
  readonly value: string
  readonly title: string
  readonly why: string
  readonly breakEven: string
  readonly found: readonly (readonly [name: string, value: number, unit: string])[]
  readonly effects: readonly string[]
  readonly metric: string
}

/** A target that somebody set, and that makes thousands of files, or fewer than there are readers' cores. */
function targetSize(view: TableView): Advice | null {
  const { table } = view
  const key = TARGETS[table.format]
  const size = table.bytes ?? 0
  if (key === undefined || table.fileSizes === null || table.fileSizes.targetFrom !== key) return null
  const { target } = table.fileSizes
  const files = size / target
  const isSmall = target < LEAST_TARGET && size >= LEAST_TABLE && files >= MANY_FILES
  const isLarge = target > GIB && size >= LEAST_TABLE && files < FEW_FILES
  if (!isSmall && !isLarge) return null
  const wanted = tunedSize(size)
  return setting(view, {
    key,
    value: String(wanted),
    title: `Let ${table.table} aim at files of ${readableBytes(bytes(wanted))}`,
    why: `${key} asks for ${readableBytes(target)}: ${readableCount(Math.ceil(files))} files for ${readableBytes(bytes(size))}, ${isSmall ? 'each opened and planned by itself' : 'fewer than a job has cores to read them'}.`,
    breakEven: `a table as it should be has about ${readableCount(Math.ceil(size / wanted))} files instead of ${readableCount(Math.ceil(files))}`,
    found: [
      [key, target, 'bytes'],
      ['tidemark_table_size_bytes', size, 'bytes'],
    ],
    effects: ['it holds for what is written or compacted from now on'],
    metric: 'tidemark_table_files',
  })
}

/** As Databricks tunes files by the size of the table: 256 MiB below 2.56 TB, 1 GiB above 10 TB, in between in line. */
function tunedSize(size: number): number {
  const [from, to] = [2.56 * 1_024 * GIB, 10 * 1_024 * GIB]
  const share = Math.min(1, Math.max(0, (size - from) / (to - from)))
  return Math.round((256 + share * 768) / 64) * 64 * MIB
}

function rowGroup(view: TableView): Advice | null {
  const { table } = view
  const key = ROW_GROUPS.find((one) => table.properties[one] !== undefined)
  const size = Number(table.properties[key ?? ''])
  const median = table.fileSizes?.median ?? null
  if (key === undefined || !(size > 0) || median === null || (table.bytes ?? 0) < LEAST_TABLE) return null
  const isSmall = size < LEAST_ROW_GROUP && median >= 4 * size
  const isLarge = size > MOST_ROW_GROUP && median > ROW_GROUP
  if (!isSmall && !isLarge) return null
  return setting(view, {
    key,
    value: String(ROW_GROUP),
    title: `Give ${table.table} row groups of ${readableBytes(bytes(ROW_GROUP))}`,
    why: isSmall
      ? `${key} is ${readableBytes(bytes(size))}: a file of ${readableBytes(median)} has ${readableCount(Math.ceil(median / size))} row groups, each with a request for every column and statistics in the footer.`
      : `${key} is ${readableBytes(bytes(size))}: a row group is read by one task and filled in a writer's memory, and a file of ${readableBytes(median)} has ${readableCount(Math.max(1, Math.ceil(median / size)))}.`,
    breakEven: isSmall
      ? `a full scan makes about ${readableCount(Math.ceil((table.bytes ?? 0) / size))} requests a column, and would make ${readableCount(Math.ceil((table.bytes ?? 0) / ROW_GROUP))}`
      : `a file is read by ${readableCount(Math.max(1, Math.ceil(median / size)))} tasks at once, and could be by ${readableCount(Math.ceil(median / ROW_GROUP))}`,
    found: [
      [key, size, 'bytes'],
      ['fileSizes.median', median, 'bytes'],
    ],
    effects: [
      'it holds for what is written or rewritten from now on',
      ...(table.format === 'delta'
        ? ['writers of Delta read it from spark.hadoop.parquet.block.size: set it there too']
        : []),
    ],
    metric: 'tidemark_table_files',
  })
}

/** MERGE, UPDATE and DELETE rewrite whole files for a few rows of each. */
function rewrittenFiles(view: TableView): Advice | null {
  const { table, commits } = view
  const median = table.fileSizes?.median ?? null
  if (table.format !== 'delta' || median === null || median < LARGE_FILE) return null
  if (
    table.properties['delta.tuneFileSizesForRewrites'] !== undefined ||
    TARGETS['delta']! in table.properties
  )
    return null
  if (table.properties['delta.enableDeletionVectors'] === 'true') return null
  const rewrites = commits.filter(({ operation }) => /^(MERGE|UPDATE|DELETE)$/.test(operation))
  const removed = rewrites.reduce((sum, { bytesRemoved }) => sum + (bytesRemoved ?? 0), 0)
  if (rewrites.length < REWRITES || removed < (table.bytes ?? Infinity)) return null
  return setting(view, {
    key: 'delta.tuneFileSizesForRewrites',
    value: 'true',
    title: `Let ${table.table} have smaller files: they are rewritten ${readableCount(rewrites.length)} times a month`,
    why: `MERGE, UPDATE and DELETE rewrote ${readableBytes(bytes(removed))} in ${LOOKBACK_DAYS} days, in files of ${readableBytes(median)}: each is written again for a few of its rows.`,
    breakEven: `each rewrite of a file moves ${readableBytes(median)}; smaller files, or deletion vectors (delta.enableDeletionVectors), move less`,
    found: [
      ['MERGE, UPDATE and DELETE commits', rewrites.length, 'commits'],
      ['bytes they removed', removed, 'bytes'],
      ['fileSizes.median', median, 'bytes'],
    ],
    effects: [
      'Databricks aims at smaller files; other engines: set delta.targetFileSize',
      'scans open more files',
    ],
    metric: 'tidemark_table_files',
  })
}

function setting(view: TableView, one: Setting): Advice {
  const { table } = view
  const { apply, undo } = setProperties(table, { [one.key]: one.value })
  return finish(
    {
      advisor: 'layout',
      topic: 'file-settings',
      stage: 'layout',
      shape: one.key,
      title: one.title,
      why: one.why,
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      evidence: one.found.map(([name, value, unit]) => seen(view, name, value, unit)),
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: ['how long tasks that read the table take: Spark event logs'],
      cost: { before: null, after: null, oneOff: null, breakEven: one.breakEven },
      effects: one.effects,
      risk: {
        performance: 1,
        dataLoss: 'none',
        blastRadius: `${table.table}: what is written from now on`,
        reasons: ['other readers may have wanted the setting as it is: ask who set it'],
      },
      confidence: 0.5,
      effort: 'very low',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: table.properties[one.key] === undefined ? null : `${one.key} = ${table.properties[one.key]}`,
        after: apply.sql,
        applyCommand: null,
        otherForms: apply.otherForms,
        preconditions: apply.preconditions,
        verifySteps: ['files written after it have the size that it asks for'],
        rollback: undo,
      },
      verification: {
        method: 'files of the table, and the duration of the runs that read and write it',
        unitCost: measured(table, one.metric),
        baselineDays: 14,
        windowDays: 14,
      },
    },
    view.prices,
    view.now,
  )
}
