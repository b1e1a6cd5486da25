// Rows that are deleted and still stored: every reader skips them again, until a rewrite drops them.
import { GIB, bytes, readableBytes, readableCount } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { NO_TARGET, finish } from '../draft.ts'
import { undoRewrite } from './compaction.ts'
import { keptDays, rewriteCosts, storageCosts } from './rewrite-cost.ts'
import { purgeDeletes } from './statements.ts'
import { LOOKBACK_DAYS, type TableView, measured, seen } from './table-view.ts'

/** Share of deleted rows from which a rewrite pays (Amoro's major compaction), and number of delete files. */
const LEAST_SHARE = 0.1
const LEAST_EQUALITY_FILES = 10
/** Delete files for each data file. */
const LEAST_DELETE_FILES = 0.5

export function deletes(view: TableView): Findings {
  const { table } = view
  if (table.deletes === null || table.bytes === null || table.files === null) return NOTHING
  const { share, rows, files, equalityFiles, deletionVectors } = table.deletes
  const attached = files + deletionVectors
  const many =
    (share ?? 0) >= LEAST_SHARE ||
    equalityFiles >= LEAST_EQUALITY_FILES ||
    (files >= LEAST_EQUALITY_FILES && files > table.files * LEAST_DELETE_FILES)
  if (!many || attached === 0) return NOTHING
  const statement = purgeDeletes(table)
  const size = table.bytes
  // What a rewrite drops is gone from storage once the old files are.
  const dropped = size * (share ?? 0)
  const marks = [
    ...(deletionVectors > 0 ? [`${readableCount(deletionVectors)} deletion vectors`] : []),
    ...(files > 0
      ? [`${readableCount(files)} delete files (${readableCount(equalityFiles)} by equality)`]
      : []),
  ].join(' and ')
  const hidden = rows === null ? 'a number of rows that only reading tells' : `${readableCount(rows)} rows`
  const priced = view.billed && share !== null
  const advice = finish(
    {
      advisor: 'layout',
      topic: 'purge-deletes',
      stage: 'layout',
      shape: 'purge',
      title: `Purge deleted rows of ${table.table}`,
      why: `${marks} hide ${hidden}${share === null ? '' : `, ${(share * 100).toFixed(0)} % of what is stored`}. Readers fetch and skip them at every scan.`,
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      evidence: [
        ...(share === null ? [] : [seen(view, 'tidemark_table_deleted_rows_ratio', share, 'ratio')]),
        seen(view, 'tidemark_table_delete_files', attached, 'files'),
        seen(view, 'tidemark_table_files', table.files, 'files'),
      ],
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: [],
      cost: {
        before: priced ? storageCosts(view.prices, table.id, size) : null,
        after: priced ? storageCosts(view.prices, table.id, size - dropped) : null,
        oneOff: view.billed
          ? rewriteCosts(view, { bytes: size, outputs: Math.ceil(size / GIB) }, keptDays(view))
          : null,
        spread: { low: 0.8, high: 1.5 },
        breakEven: `each full scan reads ${readableBytes(bytes(dropped))} and ${readableCount(attached)} delete files less`,
      },
      effects: [
        'scans no longer merge deletes',
        'old versions keep the deleted rows until they are vacuumed',
      ],
      risk: {
        performance: 1,
        dataLoss: 'none',
        blastRadius: table.table,
        reasons: ['it rewrites the files that have deletes and may conflict with merges'],
      },
      confidence: share === null ? 0.5 : 0.7,
      effort: 'low',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'sql',
        before: null,
        after: statement.sql,
        applyCommand: null,
        otherForms: statement.otherForms,
        preconditions: statement.preconditions,
        verifySteps: [`tidemark_table_deleted_rows_ratio of ${table.table} falls to 0`],
        rollback: undoRewrite(table),
      },
      verification: {
        method: 'share of deleted rows, and the duration of the runs that read it',
        unitCost: measured(table, 'tidemark_table_deleted_rows_ratio'),
        baselineDays: 14,
        windowDays: 14,
      },
    },
    view.prices,
    view.now,
  )
  return { advice: [advice], needs: [] }
}
