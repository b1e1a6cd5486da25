// Metrics of lakehouse tables, and a table fact as samples.
import type { Sample } from '../model/series.ts'
import type { CommitRef, FileSizes, Known, TableFact, TallyFact } from '../model/facts.ts'
import { GIB, MIB } from '../model/units.ts'
import { counter, gauge, histogram } from './metric.ts'

const table = ['source', 'table'] as const

export const tableMetrics = {
  info: gauge('tidemark_table_info', 'A table that is watched; always 1.', '', [
    ...table,
    'format',
    'format_version',
    'namespace',
    'name',
  ]),
  up: gauge(
    'tidemark_table_up',
    '1 when the table could be read, 0 when it is there and could not be.',
    '',
    table,
  ),
  lastChange: gauge(
    'tidemark_table_last_change_timestamp_seconds',
    'When data last really changed: OPTIMIZE, VACUUM, property changes and DML without effect do not count.',
    'seconds',
    table,
  ),
  lastCommit: gauge(
    'tidemark_table_last_commit_timestamp_seconds',
    'When anything was last committed, maintenance included.',
    'seconds',
    table,
  ),
  eventTime: gauge(
    'tidemark_table_event_time_timestamp_seconds',
    'Newest event time inside the data, from column statistics or partition values.',
    'seconds',
    table,
  ),
  rows: gauge('tidemark_table_rows', 'Live rows, net of deletes as far as metadata tells.', '', table),
  files: gauge('tidemark_table_files', 'Live data files.', '', table),
  size: gauge('tidemark_table_size_bytes', 'Bytes of the live data files.', 'bytes', table),
  smallFiles: gauge(
    'tidemark_table_small_files',
    'Live files below the small-file limit of the table.',
    '',
    table,
  ),
  largeFiles: gauge(
    'tidemark_table_large_files',
    'Live files above the large-file limit of the table.',
    '',
    table,
  ),
  smallFileSize: gauge('tidemark_table_small_files_size_bytes', 'Bytes in small files.', 'bytes', table),
  fileSize: histogram('tidemark_table_file_size_bytes', 'Sizes of the live data files.', 'bytes', table),
  partitions: gauge(
    'tidemark_table_partitions',
    'Partitions that hold live files; absent for a table without partition columns.',
    '',
    table,
  ),
  partitionSkew: gauge(
    'tidemark_table_partition_skew_ratio',
    'Bytes of the largest partition over those of the median one.',
    'ratio',
    table,
  ),
  partitionsSmall: gauge(
    'tidemark_table_partitions_below_1gib_ratio',
    'Share of partitions smaller than 1 GiB.',
    'ratio',
    table,
  ),
  deletedRows: gauge('tidemark_table_deleted_rows', 'Rows marked deleted that are still stored.', '', table),
  deletedShare: gauge(
    'tidemark_table_deleted_rows_ratio',
    'Deleted rows that are still stored over all stored rows.',
    'ratio',
    table,
  ),
  deleteFiles: gauge(
    'tidemark_table_delete_files',
    'Delete files and deletion vectors that readers must apply.',
    '',
    table,
  ),
  snapshots: gauge('tidemark_table_snapshots', 'Versions or snapshots that can still be read.', '', table),
  oldestSnapshot: gauge(
    'tidemark_table_oldest_snapshot_timestamp_seconds',
    'When the oldest version that can still be read was committed.',
    'seconds',
    table,
  ),
  reclaimable: gauge(
    'tidemark_table_reclaimable_bytes',
    'Bytes that VACUUM or snapshot expiry could free; see the table for how exact it is.',
    'bytes',
    table,
  ),
  orphans: gauge(
    'tidemark_table_orphan_bytes',
    'Bytes of files in the folder of a table that no version of it names (orphans: true).',
    'bytes',
    table,
  ),
  lastCompaction: gauge(
    'tidemark_table_last_compaction_timestamp_seconds',
    'Last OPTIMIZE or rewrite in the kept history.',
    'seconds',
    table,
  ),
  lastVacuum: gauge(
    'tidemark_table_last_vacuum_timestamp_seconds',
    'Last VACUUM in the kept history.',
    'seconds',
    table,
  ),
  lastExpiry: gauge(
    'tidemark_table_last_expiry_timestamp_seconds',
    'Last snapshot expiry in the kept history.',
    'seconds',
    table,
  ),
  columns: gauge(
    'tidemark_table_columns',
    'Columns of the current schema, nested fields included.',
    '',
    table,
  ),
  commits: counter('tidemark_table_commits_total', 'Commits seen, maintenance included.', '', table),
  dataCommits: counter('tidemark_table_data_commits_total', 'Commits seen that changed data.', '', table),
  rowsAdded: counter(
    'tidemark_table_rows_added_total',
    'Rows added by the commits seen, as far as they say.',
    '',
    table,
  ),
  rowsRemoved: counter(
    'tidemark_table_rows_removed_total',
    'Rows removed by the commits seen, as far as they say.',
    '',
    table,
  ),
  bytesAdded: counter(
    'tidemark_table_added_bytes_total',
    'Bytes added by the commits seen, as far as they say.',
    'bytes',
    table,
  ),
  schemaChanges: counter('tidemark_table_schema_changes_total', 'Schema changes seen, by class.', '', [
    ...table,
    'change',
  ]),
}

const m = tableMetrics
const seconds = (ref: Known<CommitRef>): number | null => (ref === null ? null : ref.at / 1000)
const at = (ms: Known<number>): number | null => (ms === null ? null : ms / 1000)

/** A readable table as samples; `tally` is what its commits add up to. */
export function tableSamples(fact: TableFact, tally: TallyFact | undefined): Sample[] {
  const labels = { source: fact.source, table: fact.table }
  return [
    ...m.info(
      {
        ...labels,
        format: fact.format,
        format_version: fact.formatVersion ?? '',
        namespace: fact.namespace,
        name: fact.name,
      },
      1,
    ),
    ...m.up(labels, 1),
    ...m.lastChange(labels, seconds(fact.lastChange)),
    ...m.lastCommit(labels, seconds(fact.lastCommit)),
    ...m.eventTime(labels, at(fact.eventTime?.newest ?? null)),
    ...m.rows(labels, fact.rows),
    ...m.files(labels, fact.files),
    ...m.size(labels, fact.bytes),
    ...layoutSamples(fact, labels),
    ...m.snapshots(labels, fact.snapshots),
    ...m.oldestSnapshot(labels, at(fact.oldestSnapshot)),
    ...m.reclaimable(labels, fact.reclaimable?.bytes),
    ...m.orphans(labels, fact.orphans?.bytes),
    ...m.lastCompaction(labels, at(fact.lastCompaction)),
    ...m.lastVacuum(labels, at(fact.lastVacuum)),
    ...m.lastExpiry(labels, at(fact.lastExpiry)),
    ...m.columns(labels, fact.columns.length || null),
    ...(tally === undefined ? [] : tallySamples(tally, labels)),
  ]
}

type TableLabels = Readonly<Record<(typeof table)[number], string>>

function layoutSamples(fact: TableFact, labels: TableLabels): Sample[] {
  const { fileSizes, partitions, deletes } = fact
  return [
    ...(fileSizes === null
      ? []
      : [
          ...m.smallFiles(labels, fileSizes.small),
          ...m.largeFiles(labels, fileSizes.large),
          ...m.smallFileSize(labels, fileSizes.smallBytes),
          ...m.fileSize(labels, coarser(fileSizes, fact.bytes ?? NaN)),
        ]),
    ...m.partitions(labels, partitions?.columns.length ? partitions.count : null),
    ...m.partitionSkew(labels, partitions?.count ? partitions.skew : null),
    ...m.partitionsSmall(labels, partitions?.count ? partitions.belowGib : null),
    ...m.deletedRows(labels, deletes?.rows),
    ...m.deletedShare(labels, deletes?.share),
    ...m.deleteFiles(labels, deletes === null ? null : deletes.files + deletes.deletionVectors),
  ]
}

/** A series a bound and table adds up: the metric keeps the bounds that decide, the fact all of them. */
const FILE_SIZE_BOUNDS = [8 * MIB, 32 * MIB, 128 * MIB, 512 * MIB, 2 * GIB, Infinity]

function coarser({ bounds, counts }: FileSizes, sum: number) {
  const merged = FILE_SIZE_BOUNDS.map(() => 0)
  for (const [i, count] of counts.entries()) {
    const into = FILE_SIZE_BOUNDS.findIndex((coarse) => (bounds[i] ?? Infinity) <= coarse)
    merged[into] = (merged[into] ?? 0) + count
  }
  return { bounds: FILE_SIZE_BOUNDS, counts: merged, sum }
}

function tallySamples(tally: TallyFact, labels: TableLabels): Sample[] {
  return [
    ...m.commits(labels, tally.commits),
    ...m.dataCommits(labels, tally.dataCommits),
    ...m.rowsAdded(labels, tally.rowsAdded),
    ...m.rowsRemoved(labels, tally.rowsRemoved),
    ...m.bytesAdded(labels, tally.bytesAdded),
    ...Object.entries(tally.schemaChanges).flatMap(([change, total]) =>
      m.schemaChanges({ ...labels, change }, total),
    ),
  ]
}
