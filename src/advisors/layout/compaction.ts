// Too many small files: rewrite them, or, where they come back faster than a rewrite is worth, write fewer.
import type { Advice } from '../../model/advice.ts'
import type { Known } from '../../model/known.ts'
import { GIB, MIB, bytes, readableBytes, readableCount, readableUsd, usd } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { NO_TARGET, finish, total } from '../draft.ts'
import { breakEvenScans, keptDays, openingCosts, rewriteCosts } from './rewrite-cost.ts'
import { compact, setProperties, sparkName } from './statements.ts'
import { fullScans } from './table-access.ts'
import { LOOKBACK_DAYS, type TableView, type WriteRate, measured, seen, writeRate } from './table-view.ts'

/** Below this many files, or for fewer than a tenth of them, a rewrite is not worth the words. */
const LEAST_FILES = 16
const LEAST_SHARE = 0.1
/** Files that together fill no file of the target are left, unless there are as many as start Glue's compaction. */
const MANY_FILES = 100
/** More commits an hour than this, each with small files, are micro-batches. */
const MICRO_BATCHES = 6
const MICRO_BATCH_FILE = 32 * MIB
/** Readers of a partitioned table open its newest partitions: so many where nothing tells which. */
const READ_PARTITIONS = { low: 1, mid: 7 }
/** At most this part of it, at the high end of what is said. */
const READ_AT_MOST = 0.3

interface Fragments {
  readonly view: TableView
  readonly files: number
  /** Files that a rewrite rids the table of. */
  readonly less: number
  readonly bytes: number
  readonly outputs: number
  readonly rate: WriteRate | null
}

export function compaction(view: TableView): Findings {
  const { table } = view
  if (table.layout === null || table.files === null) {
    return need(view, 'the file sizes of the table: its metadata could not be read completely (see partial)')
  }
  const { rewrite, smallBelow } = table.layout
  const less = rewrite.files - rewrite.outputs
  const { files } = table
  const target = table.fileSizes?.target ?? smallBelow
  const enough = rewrite.bytes >= target || rewrite.files > MANY_FILES
  // Delta packs up to 1 GiB whatever the files' size: those that are large enough to read well are left in peace.
  const small = rewrite.bytes / rewrite.files < (table.fileSizes?.smallBelow ?? smallBelow)
  if (files < LEAST_FILES || less < files * LEAST_SHARE || !enough || !small) return NOTHING
  const rate = writeRate(view, smallBelow)
  const found = { view, files, less, bytes: rewrite.bytes, outputs: rewrite.outputs, rate }
  if (rate === null) return { advice: [compactNow(found, false)], needs: readersNeeded(view) }
  if (areReadWhileSmall(found, rate))
    return { advice: [fixWriter(newest(found), rate)], needs: readersNeeded(view) }
  const comeBack = rate.smallFilesADay * 30 > Math.max(less, LEAST_FILES)
  const advice = comeBack ? [fixWriter(found, rate), compactNow(found, true)] : [compactNow(found, false)]
  return { advice, needs: readersNeeded(view) }
}

/**
 * Whoever reads the newest partitions reads files that are younger than any rewrite: rewriting the old ones saves
 * nobody anything.
 */
const areReadWhileSmall = ({ view, files }: Fragments, { smallFilesADay }: WriteRate): boolean => {
  const { mid } = sharesRead(view)
  return mid < 1 && smallFilesADay * READ_PARTITIONS.mid >= (files * mid) / 2
}

/** Only the partitions that are read. */
function newest(found: Fragments): Fragments {
  const { mid } = sharesRead(found.view)
  return { ...found, bytes: found.bytes * mid, outputs: Math.max(1, Math.round(found.outputs * mid)) }
}

const readersNeeded = (view: TableView): Findings['needs'] =>
  scansOf(view) === null ? need(view, READS).needs : []

/** Of all its files, a month: from the runs that read it, else from requests that access logs tell. */
function scansOf(view: TableView): Known<number> {
  const { readsAMonth, access, table } = view
  if (readsAMonth !== null) return readsAMonth * sharesRead(view).mid
  return access === null || access.gets === 0 || table.files === null ? null : fullScans(access, table.files)
}

const READS =
  'how often the table is read: lineage of its readers (a source of type openlineage or dbt) with their runs, or query logs'

const need = ({ table }: TableView, collect: string): Findings => ({
  advice: [],
  needs: [{ advisor: 'layout', subject: table.table, collect }],
})

/** What part of its files a run opens: a guess in three numbers, sure only where there are no partitions. */
function sharesRead({ table }: TableView): {
  readonly low: number
  readonly mid: number
  readonly high: number
} {
  const { partitions } = table
  if (!partitions?.columns.length || partitions.count === 0) return { low: 0.3, mid: 1, high: 1.5 }
  const part = (count: number): number => Math.min(1, count / partitions.count)
  const mid = part(READ_PARTITIONS.mid)
  return { low: part(READ_PARTITIONS.low), mid, high: Math.max(mid, READ_AT_MOST) }
}

function costs({ view, files, less, bytes: size, outputs }: Fragments) {
  const shares = sharesRead(view)
  const scans = scansOf(view)
  const oneOff = view.billed ? rewriteCosts(view, { bytes: size, outputs }, keptDays(view)) : null
  const atWhich = oneOff === null ? null : breakEvenScans(view, less, total(oneOff))
  return {
    before: scans === null || !view.billed ? null : openingCosts(view, files, scans),
    after: scans === null || !view.billed ? null : openingCosts(view, files - less, scans),
    oneOff,
    spread: { low: shares.low / shares.mid / 2, high: shares.high / shares.mid },
    breakEven:
      atWhich === null
        ? `each full scan opens ${readableCount(less)} files fewer`
        : `each full scan opens ${readableCount(less)} files fewer; the rewrite (${readableUsd(usd(total(oneOff!)))}) pays back within three months from ${readableCount(Math.ceil(atWhich))} full scans a month`,
  }
}

/** Against files that come back each day's are rewritten for ever: that is no cost of once. */
function everyDay(found: Fragments): ReturnType<typeof costs> {
  const { view, rate } = found
  const once = costs(found)
  const size = (rate?.bytesADay ?? 0) * 30
  const month = view.billed ? rewriteCosts(view, { bytes: size, outputs: size / GIB }, keptDays(view)) : null
  return { ...once, after: once.after === null || month === null ? null : [...once.after, ...month] }
}

function evidence({ view, files, less, bytes: size, rate }: Fragments): Advice['evidence'] {
  const { table } = view
  const layout = table.layout!
  const window = `${LOOKBACK_DAYS}d`
  const scans = scansOf(view)
  return [
    seen(view, 'tidemark_table_files', files, 'files'),
    seen(view, 'layout.rewrite.files', layout.rewrite.files, 'files', { statistic: layout.planner }),
    seen(view, 'files fewer after the rewrite', less, 'files'),
    seen(view, 'layout.rewrite.bytes', size, 'bytes'),
    ...layout.partitions
      .slice(0, 3)
      .filter(({ rewriteFiles }) => rewriteFiles > 0)
      .map((one) =>
        seen(view, `files in ${one.name === '' ? 'the table' : one.name}`, one.files, 'files', {
          statistic: `${one.rewriteFiles} would become ${one.rewriteOutputs}`,
        }),
      ),
    ...(rate === null
      ? []
      : [
          seen(view, 'small files written a day', rate.smallFilesADay, 'files/day', {
            window,
            n: rate.commits,
          }),
          seen(view, 'commits an hour', rate.commitsAnHour, 'commits/hour', { window, n: rate.commits }),
        ]),
    ...(view.readsAMonth === null
      ? []
      : [seen(view, 'runs that read it', view.readsAMonth, 'runs/month', { window, from: 'lineage' })]),
    ...(view.readsAMonth !== null || scans === null || view.access === null
      ? []
      : [
          seen(view, 'full scans, three requests a file', scans, 'scans/month', {
            window: `${view.access.days}d`,
            n: view.access.gets,
            from: view.access.from,
          }),
        ]),
  ]
}

function common(found: Fragments) {
  const { view } = found
  const { table } = view
  return {
    advisor: 'layout',
    stage: 'layout' as const,
    target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
    evidence: evidence(found),
    lookbackDays: LOOKBACK_DAYS,
    inputsMissing: scansOf(view) === null ? [READS] : [],
    cost: costs(found),
    verification: {
      method: 'files of the table, and the duration of the runs that read it, against the days before',
      unitCost: measured(table, 'tidemark_table_files'),
      baselineDays: 14,
      windowDays: 14,
    },
  }
}

function compactNow(found: Fragments, again: boolean): Advice {
  const { view, less, files, bytes: size, outputs } = found
  const { table } = view
  const statement = compact(table)
  const every =
    again && found.rate !== null
      ? `; the files come back at ${Math.round(found.rate.smallFilesADay)} a day`
      : ''
  return finish(
    {
      ...common(found),
      cost: again ? everyDay(found) : costs(found),
      topic: 'compact',
      shape: 'rewrite',
      ...(again ? { alternatives: `small-files:${table.id}` } : {}),
      title: `Compact ${table.table}: ${readableCount(less)} of ${readableCount(files)} files go`,
      why: `${table.layout!.planner} would rewrite ${readableCount(table.layout!.rewrite.files)} files (${readableBytes(bytes(size))}) ${inPartitions(table)}into ${readableCount(outputs)}${every}. Every scan opens each file: requests, and cores that wait.`,
      effects: ['scans plan and open fewer files', 'the old files stay until they are vacuumed or expire'],
      risk: {
        performance: 1,
        dataLoss: 'none',
        blastRadius: `${table.table}, by partition`,
        reasons: [
          'it may conflict with writers that update or merge meanwhile: run it off their hours',
          'rewritten files are new: storage classes and ages start over',
        ],
      },
      confidence: view.readsAMonth === null ? 0.5 : 0.7,
      effort: 'low',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: null,
        after: again ? `-- on a schedule, daily:\n${statement.sql}` : statement.sql,
        applyCommand: null,
        otherForms: statement.otherForms,
        preconditions: statement.preconditions,
        verifySteps: [
          `tidemark_table_files of ${table.table} falls to about ${readableCount(files - less)}`,
          'tidemark_table_rows stays the same',
        ],
        rollback: undoRewrite(table),
      },
    },
    view.prices,
    view.now,
  )
}

const inPartitions = ({ layout, partitions }: TableView['table']): string =>
  partitions?.columns.length ? `in ${readableCount(layout!.rewrite.partitions)} partitions ` : ''

/** Only as long as nothing else was written: a restore takes later writes away too. */
export const undoRewrite = (table: TableView['table']): string =>
  table.format === 'delta'
    ? `RESTORE TABLE ${sparkName(table)} TO VERSION AS OF ${table.version ?? '<version before>'}; -- only while nothing was written since`
    : `CALL my_catalog.system.rollback_to_snapshot(table => '${table.table.split('/').slice(-2).join('.').replaceAll("'", "''")}', snapshot_id => ${table.version ?? '<snapshot before>'}); -- only while nothing was written since`

const WRITER_PROPERTIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  delta: { 'delta.autoOptimize.optimizeWrite': 'true', 'delta.autoOptimize.autoCompact': 'true' },
  iceberg: { 'write.distribution-mode': 'hash' },
}

function fixWriter(found: Fragments, rate: WriteRate): Advice {
  const { view } = found
  const { table } = view
  const wanted = Object.fromEntries(
    Object.entries(WRITER_PROPERTIES[table.format] ?? {}).filter(
      ([key, value]) => table.properties[key] !== value,
    ),
  )
  const properties = setProperties(table, wanted)
  const micro =
    rate.commitsAnHour > MICRO_BATCHES &&
    rate.bytesADay / Math.max(rate.commitsAnHour * 24, 1) < MICRO_BATCH_FILE
  const statement = compact(table)
  const longer = micro
    ? [
        `-- the writer: a longer trigger interval. ${rate.commitsAnHour.toFixed(1)} commits an hour of ${readableBytes(bytes(rate.bytesADay / Math.max(rate.commitsAnHour * 24, 1)))} each; one every ${minutesFor(rate)} min would fill a file`,
      ]
    : []
  const set = Object.keys(wanted).length > 0 ? [properties.apply.sql] : []
  return finish(
    {
      ...common(found),
      topic: 'fix-writer',
      shape: 'writer',
      alternatives: `small-files:${table.id}`,
      title: `Write fewer files into ${table.table}: ${readableCount(Math.round(rate.smallFilesADay))} small ones come every day`,
      why: `Small files come back faster than a rewrite helps: ${readableCount(Math.round(rate.smallFilesADay * 30))} a month, and what is read most is what was written last${micro ? `; the cause is micro-batches, ${rate.commitsAnHour.toFixed(1)} commits an hour` : ''}. Fix the writer, then compact what is read.`,
      effects: micro
        ? ['data arrives later, by the longer trigger interval', 'writes shuffle before they write']
        : ['writes shuffle before they write and take longer'],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `the writers of ${table.table}`,
        reasons: [
          'a longer trigger interval is a later table: hold it against the freshness that is expected',
        ],
      },
      confidence: 0.6,
      effort: 'medium',
      restartNeeded: micro,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: null,
        after: [
          ...longer,
          ...set,
          found.bytes < table.layout!.rewrite.bytes
            ? '-- then, once, only the newest partitions (WHERE …):'
            : '-- then, once:',
          statement.sql,
        ].join('\n'),
        applyCommand: null,
        otherForms: statement.otherForms,
        preconditions: [
          ...statement.preconditions,
          ...properties.apply.preconditions.filter((p) => !statement.preconditions.includes(p)),
        ],
        verifySteps: [
          'the median of files added a day falls within a week',
          'the table is as fresh as expected',
        ],
        rollback: set.length > 0 ? properties.undo : 'set the trigger interval back',
      },
    },
    view.prices,
    view.now,
  )
}

/** So many minutes of writing fill one file of 128 MiB, at least 5 and at most an hour. */
function minutesFor({ bytesADay }: WriteRate): number {
  const aMinute = bytesADay / 24 / 60
  return Math.round(Math.min(60, Math.max(5, (128 * MIB) / Math.max(aMinute, 1))))
}
