// What a scan says about a table, as plain JSON: times as ISO strings, unknown as null.
import type { Advice, AdviceNeed } from '../model/advice.ts'
import type { Known, ProblemFact, TableFact } from '../model/facts.ts'
import type { Timestamp } from '../model/units.ts'

const iso = (at: Known<Timestamp>): string | null => (at === null ? null : new Date(at).toISOString())

export type TableReport = ReturnType<typeof tableReport>
export type ProblemReport = ReturnType<typeof problemReport>

export interface ScanReport {
  readonly tables: readonly TableReport[]
  readonly problems: readonly ProblemReport[]
  readonly advice: ReadonlyArray<ReturnType<typeof adviceReport>>
  /** What could not be judged, and what to collect so that it can. */
  readonly needs: readonly AdviceNeed[]
}

export const tableReport = (fact: TableFact) => ({
  table: fact.table,
  format: fact.format,
  formatVersion: fact.formatVersion,
  location: fact.location,
  version: fact.version,
  ...freshness(fact),
  rows: fact.rows,
  rowsExactness: fact.rows === null ? null : fact.rowsExactness,
  files: fact.files,
  bytes: fact.bytes,
  ...layout(fact),
  ...deletes(fact),
  ...history(fact),
  clustering: fact.clustering,
  zOrder: fact.zOrder,
  sortOrder: fact.sortOrder,
  schema: fact.columns,
  schemaChanges: fact.schemaChanges.map((change) => ({ ...change, at: iso(change.at) })),
  properties: fact.properties,
  partial: fact.partial,
})

const freshness = ({ lastChange, lastCommit, created, eventTime }: TableFact) => ({
  lastChange: iso(lastChange?.at ?? null),
  lastChangeOperation: lastChange?.operation ?? null,
  lastCommit: iso(lastCommit?.at ?? null),
  created: iso(created),
  newestEventTime: iso(eventTime?.newest ?? null),
  eventTimeColumn: eventTime?.column ?? null,
})

const layout = ({ fileSizes, partitions, layout: known }: TableFact) => ({
  smallFiles: fileSizes?.small ?? null,
  filesInRange: fileSizes?.inRange ?? null,
  largeFiles: fileSizes?.large ?? null,
  medianFileBytes: fileSizes?.median ?? null,
  fileSizes,
  partitions: partitions?.count ?? null,
  partitionColumns: partitions?.columns ?? null,
  partitionSizes: partitions,
  layout: known,
})

const deletes = ({ deletes: known }: TableFact) => ({
  deletedRows: known?.rows ?? null,
  deletedShare: known?.share ?? null,
  deleteFiles: known?.files ?? null,
  deletionVectors: known?.deletionVectors ?? null,
})

const history = ({ reclaimable, ...fact }: TableFact) => ({
  snapshots: fact.snapshots,
  oldestSnapshot: iso(fact.oldestSnapshot),
  reclaimableBytes: reclaimable?.bytes ?? null,
  reclaimableExactness: reclaimable?.exactness ?? null,
  reclaimableHow: reclaimable?.how ?? null,
  lastCompaction: iso(fact.lastCompaction),
  lastVacuum: iso(fact.lastVacuum),
  lastExpiry: iso(fact.lastExpiry),
})

export const problemReport = (problem: ProblemFact, root: string) => ({
  location: problem.subject === '' ? root : `${root.replace(/\/$/, '')}/${problem.subject}`,
  reason: problem.reason,
  message: problem.message,
})

export const adviceReport = ({ asOf, expiresAt, evidence, ...advice }: Advice) => ({
  ...advice,
  evidence: evidence.map((one) => ({ ...one, asOf: iso(one.asOf) })),
  asOf: iso(asOf),
  expiresAt: iso(expiresAt),
})
