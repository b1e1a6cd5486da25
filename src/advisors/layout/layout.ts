// The layout advisor: how a table's files lie, from its own metadata; each rule is a function of one table.
import { type Advisor, type Findings, judgeEach } from '../advisor.ts'
import { clustering } from './clustering.ts'
import { compaction } from './compaction.ts'
import { deletes } from './deletes.ts'
import { fileSettings } from './file-settings.ts'
import { orphans } from './orphans.ts'
import { partitioning } from './partitioning.ts'
import { retention } from './retention.ts'
import { type TableView, tableViews } from './table-view.ts'
import { unreadTable } from './unread-table.ts'

const RULES: ReadonlyArray<(view: TableView) => Findings> = [
  compaction,
  clustering,
  partitioning,
  fileSettings,
  deletes,
  retention,
  orphans,
  unreadTable,
]

export const layout: Advisor = {
  name: 'layout',
  advise: (view, prices, now) => judgeEach('layout', tableViews(view, prices, now), RULES),
}
