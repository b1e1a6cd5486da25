// Files in a table's folder that no version names: what failed writes left. VACUUM takes Delta's with the rest; Iceberg has
// a procedure of its own for them.
import type { Advice, Evidence } from '../../model/advice.ts'
import type { Known } from '../../model/known.ts'
import type { Orphans } from '../../model/table-files.ts'
import { between, readableBytes, readableCount, readableDuration } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { NO_TARGET, finish, total } from '../draft.ts'
import { storageCosts } from './rewrite-cost.ts'
import { removeOrphans } from './statements.ts'
import { LOOKBACK_DAYS, type TableView, seen } from './table-view.ts'

/** A month; where storage is not billed, of the live data. */
const LEAST_USD = 5
const LEAST_SHARE_UNBILLED = 0.5
/** A listing is as old as a day: what is written and lost meanwhile is not in it. */
const SPREAD = { low: 0.9, high: 1.1 }

/** Of a Delta table: what its VACUUM takes beside what its log knows to be removed. */
export const vacuumedOrphans = ({ table }: TableView): Known<Orphans> =>
  table.format === 'delta' ? (table.orphans ?? null) : null

export const explainOrphans = (found: Known<Orphans>): string =>
  found === null || found.files === 0
    ? ''
    : ` ${readableBytes(found.bytes)} of it in ${readableCount(found.files)} files that no version names: ${found.how}.`

export const orphanEvidence = (view: TableView, found: Known<Orphans>): readonly Evidence[] =>
  found === null ? [] : [seen(view, 'tidemark_table_orphan_bytes', found.bytes, 'bytes', { asOf: found.at })]

export function orphans(view: TableView): Findings {
  const { table, now, prices } = view
  const found = table.orphans ?? null
  if (table.format !== 'iceberg' || found === null || found.files === 0) return NOTHING
  if (table.properties['gc.enabled'] === 'false') return NOTHING
  const before = storageCosts(prices, `${table.id}#orphans`, found.bytes)
  const worth = view.billed
    ? before !== null && total(before) >= LEAST_USD
    : found.bytes >= (table.bytes ?? 0) * LEAST_SHARE_UNBILLED
  if (!worth) return NOTHING
  const saves = view.billed && !view.keepsVersions
  const statement = removeOrphans(table, found.olderThan)
  const inMetadata =
    found.metadataFiles === 0
      ? ''
      : ` ${readableCount(found.metadataFiles)} of them (${readableBytes(found.metadataBytes)}) are metadata of commits that failed or were replaced.`
  const age = found.oldest === null ? '' : `, the oldest for ${readableDuration(between(found.oldest, now))}`
  const advice: Advice = finish(
    {
      advisor: 'layout',
      stage: 'eliminate',
      topic: 'orphan-files',
      shape: 'orphan-files',
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: [],
      restartNeeded: false,
      title: `Remove ${readableCount(found.files)} orphan files of ${table.table}: ${readableBytes(found.bytes)} go`,
      why: `No kept snapshot names them${age}: failed writes left them, and no expiry finds them.${inMetadata} Counted: ${found.how}.`,
      evidence: [
        ...orphanEvidence(view, found),
        seen(view, 'orphan files', found.files, 'files', { asOf: found.at }),
      ],
      cost: {
        before: saves ? before : null,
        after: saves ? storageCosts(prices, `${table.id}#orphans`, 0) : null,
        oneOff: view.billed ? [] : null,
        spread: SPREAD,
        breakEven: view.keepsVersions
          ? 'the bucket keeps what is deleted as old versions: it saves nothing until a rule ends those'
          : 'deleting is free; it pays from the first day',
      },
      effects: [],
      risk: {
        performance: 0,
        dataLoss: 'irreversible',
        blastRadius: `files of no version in the folder of ${table.table}`,
        reasons: [
          'a write that runs longer than the margin loses its files: older_than must be before it began',
          'another table that names files of this folder (a copy, add_files, a catalog with newer metadata) loses them',
        ],
      },
      confidence: 0.8,
      effort: 'low',
      rollbackPossible: false,
      change: {
        format: 'sql',
        before: null,
        after: statement.sql,
        applyCommand: null,
        otherForms: statement.otherForms,
        preconditions: statement.preconditions,
        verifySteps: [`tidemark_table_orphan_bytes of ${table.table} falls at the next day's listing`],
        rollback:
          'none: what is deleted is gone. Enable bucket versioning first to be able to bring files back.',
      },
      verification: {
        method: 'bytes of the bucket in the storage metrics, and the next listing',
        unitCost: {
          cost: {
            metric: 'tidemark_table_orphan_bytes',
            labels: { source: table.source, table: table.table },
          },
          per: null,
        },
        baselineDays: 14,
        windowDays: 14,
      },
    },
    prices,
    now,
  )
  return { advice: [advice], needs: [] }
}
