// One commit of the log, summed up: what it did, when, and whether it really changed data.
import type { CommitFact, Known } from '../../model/facts.ts'
import { type Timestamp, bytes, timestamp } from '../../model/units.ts'
import { type JsonObject, numberOf, stringOf } from '../json.ts'
import type { Action, CommitInfo, Metadata, Protocol } from './actions.ts'
import type { Effect } from './replay.ts'
import { readStats } from './stats.ts'

export interface Commit {
  readonly version: number
  readonly at: Timestamp
  readonly operation: string
  readonly parameters: JsonObject
  readonly engine: string | null
  readonly changesData: boolean
  readonly rowsAdded: Known<number>
  readonly rowsRemoved: Known<number>
  readonly filesAdded: number
  readonly filesRemoved: number
  readonly bytesAdded: number
  readonly bytesRemoved: Known<number>
  /** The schema and properties it set, if it did. */
  readonly metadata: Metadata | null
  readonly protocol: Protocol | null
}

/** Counts a commit's actions; `effect` is what the replay made of one, absent for commits before the checkpoint. */
export class CommitTally {
  #info: CommitInfo | null = null
  #metadata: Metadata | null = null
  #protocol: Protocol | null = null
  #dataChange = false
  #added = { files: 0, bytes: 0, rows: 0 }
  #removed = { files: 0, bytes: 0, rows: 0 }

  take(action: Action, effect: Effect | null): void {
    if (action.kind === 'add') {
      const rows = effect === null ? rowsOf(action) : effect.rows
      this.#added.files += 1
      this.#added.bytes += action.size
      this.#added.rows += rows
      // A file without rows, written by an empty batch, is no change.
      this.#dataChange ||= action.dataChange && rows !== 0
    } else if (action.kind === 'remove') {
      this.#removed.files += 1
      this.#removed.bytes += effect === null ? (action.size ?? Number.NaN) : effect.bytes
      this.#removed.rows += effect === null ? Number.NaN : effect.rows
      this.#dataChange ||= action.dataChange
    } else if (action.kind === 'commitInfo') this.#info ??= action
    else if (action.kind === 'metadata') this.#metadata = action
    else if (action.kind === 'protocol') this.#protocol = action
  }

  /** `modified`: the file's own time. `ictSince`: from which version on the log's own times count. */
  finish(version: number, modified: Timestamp, ictSince: number | null): Commit {
    const info = this.#info
    const operation = info?.operation ?? 'unknown'
    const rows = this.#dataChange ? this.#rows(operation, info?.metrics ?? {}) : { added: 0, removed: 0 }
    return {
      version,
      at: commitTime(info, version, modified, ictSince),
      operation,
      parameters: info?.parameters ?? {},
      engine: info?.engine ?? null,
      changesData: this.#dataChange,
      rowsAdded: rows.added,
      rowsRemoved: rows.removed,
      filesAdded: this.#added.files,
      filesRemoved: this.#removed.files,
      bytesAdded: this.#added.bytes,
      bytesRemoved: known(this.#removed.bytes),
      metadata: this.#metadata,
      protocol: this.#protocol,
    }
  }

  /** A rewrite writes rows again that it did not change: there only the writer knows how many are new or gone. */
  #rows(operation: string, metrics: JsonObject): { added: number | null; removed: number | null } {
    const metric = (name: string): number | null => numberOf(metrics[name])
    if (operation === 'MERGE') {
      return { added: metric('numTargetRowsInserted'), removed: metric('numTargetRowsDeleted') }
    }
    if (operation === 'UPDATE') return { added: 0, removed: 0 }
    if (operation === 'DELETE') {
      const removed = known(this.#removed.rows - this.#added.rows)
      return { added: 0, removed: metric('numDeletedRows') ?? removed }
    }
    return { added: known(this.#added.rows), removed: known(this.#removed.rows) }
  }
}

const rowsOf = (add: Extract<Action, { kind: 'add' }>): number =>
  readStats(add.stats, null).rows - (add.vector?.cardinality ?? 0)

const known = (value: number): number | null => (Number.isNaN(value) ? null : value)

/**
 * The log's own time where the table keeps one. Else the file's time, as Delta itself reads it, unless the writer
 * says an earlier one: a log that was copied or restored has the time of the copy on all its files.
 */
function commitTime(
  info: CommitInfo | null,
  version: number,
  modified: Timestamp,
  ictSince: number | null,
): Timestamp {
  if (ictSince !== null && version >= ictSince && info?.inCommitTimestamp != null) {
    return timestamp(info.inCommitTimestamp)
  }
  return info?.timestamp != null && info.timestamp > 0 && info.timestamp < modified
    ? timestamp(info.timestamp)
    : modified
}

/** What of a table's identity its facts carry. */
export type CommitIdentity = Pick<CommitFact, 'source' | 'table' | 'tableId'>

export function commitFact(
  commit: Commit,
  identity: CommitIdentity,
  schemaChanges: CommitFact['schemaChanges'],
  filters: readonly string[] = [],
): CommitFact {
  return {
    kind: 'commit',
    id: `${identity.tableId}@${commit.version}`,
    ...identity,
    version: String(commit.version),
    at: commit.at,
    operation: commit.operation.slice(0, MAX_TEXT),
    changesData: commit.changesData,
    rowsAdded: commit.rowsAdded,
    rowsRemoved: commit.rowsRemoved,
    filesAdded: commit.filesAdded,
    filesRemoved: commit.filesRemoved,
    bytesAdded: bytes(commit.bytesAdded),
    bytesRemoved: commit.bytesRemoved === null ? null : bytes(commit.bytesRemoved),
    engine: commit.engine?.slice(0, MAX_TEXT) ?? null,
    schemaChanges,
    ...(filters.length > 0 ? { filters } : {}),
  }
}

const MAX_TEXT = 200

/** Columns an OPTIMIZE was told to Z-order by: a JSON text of an array in most writers, an array in some. */
export function zOrderOf(parameters: JsonObject): readonly string[] {
  const value = parameters['zOrderBy']
  if (Array.isArray(value)) return value.filter((one): one is string => typeof one === 'string')
  const text = stringOf(value) ?? ''
  return text
    .replaceAll(/[[\]"\s]/g, '')
    .split(',')
    .filter((name) => name !== '')
}
