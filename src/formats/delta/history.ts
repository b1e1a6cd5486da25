// What the kept commits of a table tell: last change, last maintenance, schema changes. Commits come in version order.
import type { CommitRef, Known, SchemaChange } from '../../model/facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { numberOf } from '../json.ts'
import { diffPartitioning, diffSchemas } from '../schema-changes.ts'
import { type Commit, zOrderOf } from './commit.ts'
import { parseSchema } from './schema.ts'
import type { Metadata } from './actions.ts'

/** Schema changes kept in a table's fact; each is also in the fact of its commit. */
const MAX_KEPT_CHANGES = 200
const MAX_FILTERS = 32

export class History {
  /** Of the oldest commit that was read. */
  firstCommitAt: Known<Timestamp> = null
  lastChange: Known<CommitRef> = null
  lastCommit: Known<CommitRef> = null
  lastCompaction: Known<Timestamp> = null
  lastVacuum: Known<Timestamp> = null
  /** The retention that the last VACUUM used, where its start says it. */
  vacuumRetention: Known<number> = null
  /** Columns of the newest OPTIMIZE … ZORDER BY; null when there is none in the kept history. */
  zOrder: Known<readonly string[]> = null
  schemaChanges: readonly SchemaChange[] = []
  /** Columns that predicates of the kept commits name, as they were first met. */
  filters: readonly string[] = []
  #metadata: Metadata | null = null

  /** Returns the schema changes that the commit made. */
  note(commit: Commit, subject: string): readonly SchemaChange[] {
    const ref = { at: commit.at, version: String(commit.version), operation: commit.operation.slice(0, 200) }
    this.lastCommit = ref
    this.firstCommitAt ??= commit.at
    if (commit.changesData) this.lastChange = ref
    if (commit.operation === 'OPTIMIZE') {
      this.lastCompaction = commit.at
      const columns = zOrderOf(commit.parameters)
      if (columns.length > 0) this.zOrder = columns
    }
    if (commit.operation === 'VACUUM START') {
      this.vacuumRetention =
        numberOf(commit.parameters['specifiedRetentionMillis']) ??
        numberOf(commit.parameters['defaultRetentionMillis'])
    }
    if (commit.operation === 'VACUUM END' && commit.parameters['status'] !== 'FAILED')
      this.lastVacuum = commit.at
    const changes =
      commit.metadata === null
        ? []
        : this.#noteMetadata(commit.metadata, { at: ref.at, version: ref.version }, subject)
    if (changes.length > 0) this.schemaChanges = [...this.schemaChanges, ...changes].slice(-MAX_KEPT_CHANGES)
    return changes
  }

  noteFilters(columns: readonly string[]): void {
    const fresh = columns.filter((column) => !this.filters.includes(column))
    if (fresh.length > 0) this.filters = [...this.filters, ...fresh].slice(0, MAX_FILTERS)
  }

  /** The schema as a checkpoint has it: what the next change is compared with when no commit said it. */
  startFrom(metadata: Metadata | null): void {
    this.#metadata ??= metadata
  }

  #noteMetadata(
    metadata: Metadata,
    when: { readonly at: Timestamp; readonly version: string },
    subject: string,
  ): readonly SchemaChange[] {
    const before = this.#metadata
    this.#metadata = metadata
    if (before === null) return []
    return [
      ...(before.schemaString === metadata.schemaString || before.schemaString === ''
        ? []
        : diffSchemas(
            parseSchema(before.schemaString, subject),
            parseSchema(metadata.schemaString, subject),
            when,
          )),
      ...diffPartitioning(before.partitionColumns, metadata.partitionColumns, when),
    ]
  }
}
