// Tables that nobody reads: to be told to their owners, never to be deleted by advice.
import type { Advice } from '../../model/advice.ts'
import { type Bytes, DAY, GIB, readableBytes, readableUsd, usd } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { NO_TARGET, finish } from '../draft.ts'
import { meterLine } from '../prices.ts'
import type { TableAccess } from './table-access.ts'
import { LOOKBACK_DAYS, type TableView, seen } from './table-view.ts'

const LEAST_DAYS = 30
/** Months and quarters end: so much is certain to have seen one of either. */
const QUARTER = 92

/** Needs every read of a month: logs that are sampled, or lack folders, show no absence. */
export function unreadTable(view: TableView): Findings {
  const { table, access, readsAMonth, now } = view
  if (access === null || !access.complete || access.days < LEAST_DAYS || access.gets > 0) return NOTHING
  // Runs of known readers count as reads, wherever they read it.
  if (readsAMonth !== null && readsAMonth > 0) return NOTHING
  if (table.lastChange === null || table.bytes === null || table.bytes === 0) return NOTHING
  // A new table may not have been there to be read.
  const since = table.created ?? table.oldestSnapshot
  if (since === null || now - since < LEAST_DAYS * DAY) return NOTHING
  const refreshed = now - table.lastChange.at < LEAST_DAYS * DAY
  return { advice: [ask(view, { access, size: table.bytes, refreshed })], needs: [] }
}

interface Unread {
  readonly access: TableAccess
  readonly size: Bytes
  /** It still changes. */
  readonly refreshed: boolean
}

function ask(view: TableView, { access, size, refreshed }: Unread): Advice {
  const { table, readsAMonth, now, prices } = view
  const stored = meterLine(prices, table.location, 's3.STANDARD.storage', size / GIB)
  const costs = stored === null ? '' : `, ${readableUsd(usd(stored.cost))} a month in STANDARD`
  const commits = view.commits.filter(({ changesData }) => changesData).length
  return finish(
    {
      advisor: 'layout',
      topic: 'unread-table',
      stage: 'eliminate',
      shape: refreshed ? 'refreshed' : 'resting',
      title: refreshed
        ? `Ask whether ${table.table} is still needed: it is refreshed, and nobody read it for ${access.days} days`
        : `Ask whether ${table.table} may be archived: nobody read it for ${access.days} days`,
      why: `Access logs tell every read of the bucket in ${access.days} days, and none is of its data files. ${refreshed ? `Meanwhile ${commits} commits changed it.` : 'It does not change any more.'}`,
      target: { ...NO_TARGET, source: table.source, tableId: table.id, table: table.table },
      evidence: [
        seen(view, 'reads of its data files', access.gets, 'requests', {
          statistic: 'sum',
          window: `${access.days}d`,
          n: access.days,
          from: access.from,
        }),
        seen(view, 'runs of known readers', readsAMonth ?? 0, 'runs', {
          statistic: 'sum',
          window: `${LOOKBACK_DAYS}d`,
          from: readsAMonth === null ? 'lineage knows no reader' : 'lineage of its readers with their runs',
        }),
        seen(view, 'commits that changed data', commits, 'commits', {
          statistic: 'sum',
          window: `${LOOKBACK_DAYS}d`,
          n: view.commits.length,
        }),
      ],
      lookbackDays: access.days,
      inputsMissing: [
        'what its owner knows: reports of a quarter, a year or an audit',
        ...(readsAMonth === null ? ['lineage of its readers with their runs'] : []),
      ],
      cost: {
        before: null,
        after: null,
        oneOff: [],
        breakEven: `it keeps ${readableBytes(size)}${costs}${refreshed ? ', and its writer runs for it' : ''}; what is saved depends on what its owner decides`,
      },
      effects: [
        refreshed ? 'the table stays as it is, and becomes older' : 'the table stays, and reading it costs',
      ],
      risk: {
        performance: 1,
        dataLoss: 'none',
        blastRadius: table.table,
        reasons: ['who reads it less often than that was not seen; S3 may lose lines of its access logs'],
      },
      confidence: (access.days >= QUARTER ? 0.6 : 0.4) + (readsAMonth === 0 ? 0.15 : 0),
      effort: 'low',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'text',
        before: null,
        after: refreshed
          ? `pause the refresh of ${table.table} once its owner agrees; delete nothing`
          : `once its owner agrees, move the data of ${table.table} to a class that answers at once (GLACIER_IR); delete nothing`,
        applyCommand: null,
        otherForms: [],
        preconditions: ['its owner agrees', 'no downstream table is made from it'],
        verifySteps: ['nobody misses it for a month'],
        rollback: refreshed ? 'start its refresh again' : 'copy the objects back to STANDARD',
      },
      verification: {
        method: 'access logs of its folder stay without reads',
        unitCost: null,
        baselineDays: 14,
        windowDays: 30,
      },
    },
    prices,
    now,
  )
}
