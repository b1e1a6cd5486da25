// Old versions that nobody needs: VACUUM, snapshot expiry, and how much metadata and log a table keeps.
import type { Advice } from '../../model/advice.ts'
import type { TableFact } from '../../model/facts.ts'
import {
  DAY,
  HOUR,
  MIB,
  bytes,
  readableBytes,
  readableCount,
  readableDuration,
  between,
} from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { type Draft, NO_TARGET, finish } from '../draft.ts'
import { explainOrphans, orphanEvidence, vacuumedOrphans } from './orphans.ts'
import { storageCosts } from './rewrite-cost.ts'
import { type Statement, expireSnapshots, setProperties, vacuum } from './statements.ts'
import { LOOKBACK_DAYS, type TableView, measured, seen } from './table-view.ts'

/** Reclaimable bytes over live bytes from which it is worth saying. */
const LEAST_SHARE = 0.2
/** Where storage is not billed there is no money to weigh it by. */
const LEAST_SHARE_UNBILLED = 0.5
const LEAST_UNBILLED = MIB
/** What is freed, over what the table's metadata says. */
const SPREAD = {
  exact: { low: 0.9, high: 1.1 },
  'lower bound': { low: 0.9, high: 1.5 },
  'upper bound': { low: 0.3, high: 1 },
  estimate: { low: 0.5, high: 1.1 },
}
const DELTA_RETENTION_HOURS = 7 * 24
const ICEBERG_RETENTION_DAYS = 5
const MANY_SNAPSHOTS = 100
const MANY_VERSIONS = 10_000
const KEPT_METADATA = '50'

export function retention(view: TableView): Findings {
  const advice = [reclaim(view), metadataFiles(view), logRetention(view)].filter((one) => one !== null)
  return advice.length === 0 ? NOTHING : { advice, needs: [] }
}

function base(
  view: TableView,
): Pick<Draft, 'advisor' | 'target' | 'lookbackDays' | 'inputsMissing' | 'restartNeeded' | 'stage'> {
  const { table } = view
  return {
    advisor: 'layout',
    stage: 'eliminate',
    target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
    lookbackDays: LOOKBACK_DAYS,
    inputsMissing: [],
    restartNeeded: false,
  }
}

function reclaim(view: TableView): Advice | null {
  const { table, now } = view
  if (table.reclaimable === null || table.bytes === null || table.bytes === 0) return null
  if (table.properties['gc.enabled'] === 'false') return null
  const left = vacuumedOrphans(view)
  const { bytes: removed, how } = table.reclaimable
  const free = removed + (left?.bytes ?? 0)
  const exactness = left === null ? table.reclaimable.exactness : 'exact'
  const share = free / table.bytes
  if (!isWorthSaying(view, free, share)) return null
  const isDelta = table.format === 'delta'
  if (!isDelta && !hasExpired(view)) return null
  const statement = isDelta
    ? vacuum(table, { hours: retentionHours(table.properties['delta.deletedFileRetentionDuration']) })
    : expireSnapshots(table, { days: expiryDays(table), least: 1 })
  const topic = isDelta ? 'vacuum' : 'expire-snapshots'
  const saves = view.billed && !view.keepsVersions
  return finish(
    {
      ...base(view),
      topic,
      shape: topic,
      title: `${isDelta ? 'Vacuum' : 'Expire old snapshots of'} ${table.table}: ${readableBytes(bytes(free))} go`,
      why: `${readableBytes(bytes(free))} (${(share * 100).toFixed(0)} % of the live data; ${exactness}) are kept for versions that are over: ${how}.${explainOrphans(left)}`,
      evidence: [
        seen(view, 'tidemark_table_reclaimable_bytes', removed, 'bytes', {
          statistic: table.reclaimable.exactness,
        }),
        ...orphanEvidence(view, left),
        seen(view, 'tidemark_table_size_bytes', table.bytes, 'bytes'),
        ...(table.snapshots === null
          ? []
          : [seen(view, 'tidemark_table_snapshots', table.snapshots, 'versions')]),
      ],
      cost: {
        before: saves ? storageCosts(view.prices, `${table.id}#removed`, free) : null,
        after: saves ? storageCosts(view.prices, `${table.id}#removed`, 0) : null,
        oneOff: view.billed ? [] : null,
        spread: SPREAD[exactness],
        breakEven: view.keepsVersions
          ? 'the bucket keeps what is deleted as old versions: it saves nothing until a rule ends those'
          : 'deleting is free; it pays from the first day',
      },
      effects: [
        `time travel reaches back ${isDelta ? 'only as far as the retention' : `${expiryDays(table)} days`} afterwards`,
      ],
      risk: {
        performance: 0,
        dataLoss: 'irreversible',
        blastRadius: `old versions of ${table.table}`,
        reasons: ['versions older than the retention can no longer be read or restored', ...refsOf(view)],
      },
      confidence: exactness === 'exact' ? 0.9 : 0.7,
      effort: 'very low',
      rollbackPossible: false,
      change: changeOf(
        statement,
        `tidemark_table_reclaimable_bytes of ${table.table} falls`,
        'none: what is deleted is gone. Enable bucket versioning first to be able to bring files back.',
      ),
      verification: {
        method: 'bytes of the bucket in the storage metrics, and reclaimable bytes of the table',
        unitCost: measured(table, 'tidemark_table_reclaimable_bytes'),
        baselineDays: 14,
        windowDays: 14,
      },
    },
    view.prices,
    now,
  )
}

/** Where not, expiry would leave everything: nothing is older than what it keeps. */
const hasExpired = ({ table, table: { oldestSnapshot: oldest }, now }: TableView): boolean =>
  oldest !== null && now - oldest >= expiryDays(table) * DAY

/** What the table asks expiry to keep, where it does. */
function expiryDays({ properties }: TableFact): number {
  const age = Number(properties['history.expire.max-snapshot-age-ms'])
  return age > 0 && Number.isFinite(age) ? Math.ceil(age / DAY) : ICEBERG_RETENTION_DAYS
}

const isWorthSaying = ({ billed }: TableView, free: number, share: number): boolean =>
  billed ? share >= LEAST_SHARE : share >= LEAST_SHARE_UNBILLED && free >= LEAST_UNBILLED

const refsOf = ({ table }: TableView): string[] =>
  table.reclaimable?.how.includes('branches or tags') ? ['branches and tags hold part of it'] : []

const changeOf = (statement: Statement, verify: string, rollback: string): Advice['change'] => ({
  format: 'sql',
  before: null,
  after: statement.sql,
  applyCommand: null,
  otherForms: statement.otherForms,
  preconditions: statement.preconditions,
  verifySteps: [verify],
  rollback,
})

/** Never shorter than what the table says it needs. */
function retentionHours(property: string | undefined): number {
  const [, count, unit] = /(\d+)\s*(week|day|hour)/i.exec(property ?? '') ?? []
  if (count === undefined || unit === undefined) return DELTA_RETENTION_HOURS
  const hours = Number(count) * { week: 168, day: 24, hour: 1 }[unit.toLowerCase() as 'week' | 'day' | 'hour']
  return Math.max(hours, 1)
}

/** Iceberg writes a metadata file a commit and keeps them all unless told. */
function metadataFiles(view: TableView): Advice | null {
  const { table, now } = view
  const left = table.orphans ?? null
  const many = Math.max(table.snapshots ?? 0, left?.metadataFiles ?? 0)
  if (table.format !== 'iceberg' || many < MANY_SNAPSHOTS) return null
  if (table.properties['write.metadata.delete-after-commit.enabled'] === 'true') return null
  const { apply, undo } = setProperties(table, {
    'write.metadata.delete-after-commit.enabled': 'true',
    'write.metadata.previous-versions-max': KEPT_METADATA,
  })
  const aDay = view.commits.length / LOOKBACK_DAYS
  return finish(
    {
      ...base(view),
      topic: 'metadata-retention',
      shape: 'metadata',
      title: `Let ${table.table} delete its old metadata files`,
      why: `Every commit leaves a metadata file that lists all ${readableCount(table.snapshots ?? 0)} snapshots again; ${aDay.toFixed(1)} come a day and none is ever deleted.`,
      evidence: [
        seen(view, 'tidemark_table_snapshots', table.snapshots ?? 0, 'snapshots'),
        seen(view, 'commits a day', aDay, 'commits/day', {
          window: `${LOOKBACK_DAYS}d`,
          n: view.commits.length,
        }),
        ...(left === null
          ? []
          : [seen(view, 'bytes of metadata that no snapshot names', left.metadataBytes, 'bytes')]),
      ],
      cost: {
        before: null,
        after: null,
        oneOff: view.billed ? [] : null,
        breakEven:
          left === null
            ? 'it costs nothing; what it frees is not known without listing the metadata folder (orphans: true)'
            : `it costs nothing; ${readableBytes(left.metadataBytes)} of metadata that is there already goes with remove_orphan_files`,
      },
      effects: ['old metadata files go after each commit'],
      risk: {
        performance: 0,
        dataLoss: 'irreversible',
        blastRadius: `metadata history of ${table.table}`,
        reasons: [`a catalog cannot go back by more than ${KEPT_METADATA} metadata files`],
      },
      confidence: 0.8,
      effort: 'very low',
      rollbackPossible: true,
      change: changeOf(apply, 'the metadata folder stops growing', undo),
      verification: {
        method: 'objects below the metadata folder',
        unitCost: null,
        baselineDays: 14,
        windowDays: 14,
      },
    },
    view.prices,
    now,
  )
}

/** A log of very many versions is listed and checked by each cold reader. */
function logRetention(view: TableView): Advice | null {
  const { table, now } = view
  if (table.format !== 'delta' || (table.snapshots ?? 0) < MANY_VERSIONS || table.oldestSnapshot === null)
    return null
  const age = between(table.oldestSnapshot, now)
  if (age < 30 * DAY + 24 * HOUR) return null
  const { apply, undo } = setProperties(table, { 'delta.logRetentionDuration': 'interval 30 days' })
  return finish(
    {
      ...base(view),
      topic: 'log-retention',
      shape: 'log',
      title: `Keep a shorter log of ${table.table}`,
      why: `${readableCount(table.snapshots ?? 0)} versions are kept, the oldest ${readableDuration(age)} old; Delta's default is 30 days. Each cold reader lists them all.`,
      evidence: [seen(view, 'tidemark_table_snapshots', table.snapshots ?? 0, 'versions')],
      cost: { before: null, after: null, oneOff: view.billed ? [] : null, breakEven: 'it costs nothing' },
      effects: ['time travel and history reach back 30 days'],
      risk: {
        performance: 0,
        dataLoss: 'irreversible',
        blastRadius: `history of ${table.table}`,
        reasons: ['older versions can no longer be read; some audits need them'],
      },
      confidence: 0.6,
      effort: 'very low',
      rollbackPossible: true,
      change: changeOf(
        apply,
        `tidemark_table_snapshots of ${table.table} falls at the next checkpoint`,
        undo,
      ),
      verification: { method: 'versions kept', unitCost: null, baselineDays: 14, windowDays: 14 },
    },
    view.prices,
    now,
  )
}
