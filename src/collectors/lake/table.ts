// What the lake collector asks of a table, whatever its format: look again, and say what is new.
import type { CommitFact, TableFact } from '../../model/facts.ts'
import type { Timestamp } from '../../model/units.ts'
import type { References } from './references.ts'

/** Who a table is: the fields that every fact of it carries. */
export type TableIdentity = Pick<TableFact, 'source' | 'table' | 'namespace' | 'name' | 'id' | 'location'>

export interface TableAsk {
  readonly now: Timestamp
  readonly signal: AbortSignal
}

export interface TableNews {
  /** False when it was looked at and had not changed: then `table` is null and `commits` is empty. */
  readonly changed: boolean
  readonly table: TableFact | null
  /** New since the last refresh, oldest first; the first refresh gives the kept history, bounded. */
  readonly commits: readonly CommitFact[]
  /** What was odd and could be done without, one sentence each: a corrupt checksum file, a stale pointer. */
  readonly problems: readonly string[]
}

/** A table that is being watched; keeps between polls what makes the next poll cheap. */
export interface OpenTable {
  /**
   * Throws SourceError: 'vanished' when the table is no longer there; after any throw the next refresh
   * starts from what was last known, so nothing is lost and nothing comes twice.
   */
  refresh(ask: TableAsk): Promise<TableNews>
  /** Which files it names, as of the last refresh. Null before the first. */
  references(ask: TableAsk): Promise<References | null>
}
