// What sources tell us, in our words. Entities are replaced by id; events are kept as history.
import type { AdviceFact, AdvisingFact } from './advice.ts'
import type { ComputeFact } from './application-facts.ts'
import type { BillKindFact } from './bill.ts'
import type { BucketFact } from './bucket.ts'
import type { Reason } from './errors.ts'
import type { Known } from './known.ts'
import type { NotifyFact } from './notice.ts'
import type { PriceListFact } from './price-list.ts'
import type { RunKindFact } from './run-facts.ts'
import type { Skipping } from './skipping.ts'
import type { Orphans } from './table-files.ts'
import type { Bytes, Millis, Timestamp } from './units.ts'
import type { UsageFact } from './usage.ts'

export type { Known } from './known.ts'

export type TableFormat = 'delta' | 'iceberg' | 'hudi' | 'hive'

/** One column of a schema; nested fields are spelled with dots, types in the format's own words. */
export interface Column {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
}

export type SchemaChangeKind =
  | 'added'
  | 'dropped'
  | 'renamed'
  | 'widened'
  | 'narrowed'
  | 'retyped'
  | 'nullability'
  | 'partitioning'

export interface SchemaChange {
  readonly at: Timestamp
  readonly version: string
  readonly change: SchemaChangeKind
  readonly column: string
  readonly from: Known<string>
  readonly to: Known<string>
}

/** How far a number can be trusted. */
export type Exactness = 'exact' | 'lower bound' | 'upper bound' | 'estimate'

export interface CommitRef {
  readonly at: Timestamp
  readonly version: string
  readonly operation: string
}

export interface FileSizes {
  /** The size this table's files are judged against, and where that came from (a property, or our default). */
  readonly target: Bytes
  readonly targetFrom: string
  /** Files below `smallBelow` are small, above `largeAbove` too large. */
  readonly smallBelow: Bytes
  readonly largeAbove: Bytes
  readonly small: number
  readonly inRange: number
  readonly large: number
  readonly smallBytes: Bytes
  /** Upper bounds of histogram buckets, and files in each; the last count is of files above all bounds. */
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly median: Known<Bytes>
}

export interface Partitions {
  /** Partition columns; Iceberg transforms are spelled `day(ts)`. */
  readonly columns: readonly string[]
  readonly count: number
  readonly medianBytes: Bytes
  readonly largestBytes: Bytes
  readonly largest: string
  /** largest / median, 1 when even. */
  readonly skew: number
  /** Share of partitions smaller than 1 GiB, 0..1. */
  readonly belowGib: number
}

export interface Deletes {
  /** Delete files (Iceberg position and equality delete files), not counting deletion vectors. */
  readonly files: number
  readonly deletionVectors: number
  readonly equalityFiles: number
  /** Rows marked deleted and still stored; null where only reading the data would tell. */
  readonly rows: Known<number>
  /** rows / physical rows, 0..1. */
  readonly share: Known<number>
}

/** One partition's live files; `name` is '' where the table has no partition columns. */
export interface PartitionLayout {
  readonly name: string
  readonly files: number
  readonly bytes: Bytes
  /** Files that the table's rewrite takes for being small. */
  readonly smallFiles: number
  readonly smallBytes: Bytes
  /** What the rewrite would read, and how many files it would write. */
  readonly rewriteFiles: number
  readonly rewriteBytes: Bytes
  readonly rewriteOutputs: number
  readonly rows: Known<number>
  readonly deletedRows: Known<number>
}

/** What rewriting the table's files would do, as the format's own planner decides it, partition by partition. */
export interface Layout {
  /** `OPTIMIZE`, `rewrite_data_files`, with the settings that were assumed. */
  readonly planner: string
  readonly smallBelow: Bytes
  /** Over all partitions that the rewrite would rid of files. */
  readonly rewrite: {
    readonly partitions: number
    readonly files: number
    readonly bytes: Bytes
    readonly outputs: number
  }
  /** The partitions that it would rid of most files, bounded. */
  readonly partitions: readonly PartitionLayout[]
  /** What filters can skip; absent for a table of few files, or without statistics of any column. */
  readonly skipping?: Skipping
}

export interface TableFact {
  readonly kind: 'table'
  /** The dataset's URI (OpenLineage namespace and name joined); see datasetId. */
  readonly id: string
  readonly namespace: string
  readonly name: string
  /** The configured source, and the readable name used as the `table` label: the path below the source's root. */
  readonly source: string
  readonly table: string
  readonly location: string
  readonly format: TableFormat
  /** Delta `reader 3, writer 7`; Iceberg `2`. */
  readonly formatVersion: Known<string>
  /** Delta version or Iceberg snapshot id that this fact describes; null for a table without a snapshot. */
  readonly version: Known<string>
  /** Why parts of this fact are unknown or best effort, one sentence each; empty when all was observable. */
  readonly partial: readonly string[]
  /** Set when the table is no longer there; the rest is what was last seen. */
  readonly vanished: Known<Timestamp>
  /** Newest commit that really changed data: what freshness is measured from. */
  readonly lastChange: Known<CommitRef>
  readonly lastCommit: Known<CommitRef>
  readonly created: Known<Timestamp>
  /** Newest event time inside the data, from column statistics or partition values. */
  readonly eventTime: Known<{ readonly column: string; readonly newest: Timestamp }>
  /** Live rows, net of deletes; `rowsExactness` says how far. */
  readonly rows: Known<number>
  readonly rowsExactness: Exactness
  readonly files: Known<number>
  readonly bytes: Known<Bytes>
  readonly fileSizes: Known<FileSizes>
  readonly partitions: Known<Partitions>
  readonly layout: Known<Layout>
  readonly deletes: Known<Deletes>
  /** Versions or snapshots that can still be read, and the oldest of them. */
  readonly snapshots: Known<number>
  readonly oldestSnapshot: Known<Timestamp>
  readonly reclaimable: Known<{
    readonly bytes: Bytes
    readonly exactness: Exactness
    /** How the number was found and what would make it exact. */
    readonly how: string
  }>
  /** Files in its folder that no version names; null where it is not known, absent where it is not looked for. */
  readonly orphans?: Known<Orphans>
  readonly clustering: readonly string[]
  readonly zOrder: readonly string[]
  readonly sortOrder: readonly string[]
  /** Last OPTIMIZE / rewrite, VACUUM / orphan removal, snapshot expiry; null = not in the kept history. */
  readonly lastCompaction: Known<Timestamp>
  readonly lastVacuum: Known<Timestamp>
  readonly lastExpiry: Known<Timestamp>
  readonly columns: readonly Column[]
  readonly schemaChanges: readonly SchemaChange[]
  /** Table properties that matter for advice; bounded, values as strings. */
  readonly properties: Readonly<Record<string, string>>
}

/** One commit of a table. Event: kept as history. */
export interface CommitFact {
  readonly kind: 'commit'
  /** `<table id>@<version>` */
  readonly id: string
  readonly tableId: string
  readonly source: string
  readonly table: string
  readonly version: string
  readonly at: Timestamp
  readonly operation: string
  /** False for OPTIMIZE, VACUUM, replace snapshots, property changes and DML that touched no row. */
  readonly changesData: boolean
  readonly rowsAdded: Known<number>
  readonly rowsRemoved: Known<number>
  readonly filesAdded: Known<number>
  readonly filesRemoved: Known<number>
  readonly bytesAdded: Known<Bytes>
  readonly bytesRemoved: Known<Bytes>
  readonly engine: Known<string>
  readonly schemaChanges: readonly SchemaChange[]
  /** Columns that the predicate of a MERGE, UPDATE or DELETE names; absent where the log tells none. */
  readonly filters?: readonly string[]
}

/** Something that could not be read. Entity: replaced by id; `resolved` is set when it could be read again. */
export interface ProblemFact {
  readonly kind: 'problem'
  /** `<source>/<subject>` */
  readonly id: string
  readonly source: string
  /** The table or file concerned, or '' for the source as a whole. */
  readonly subject: string
  readonly tableId: Known<string>
  readonly reason: Reason
  readonly message: string
  readonly since: Timestamp
  readonly resolved: Known<Timestamp>
}

/** These tables were looked at and had not changed: keeps them observed without repeating what is known. */
export interface ObservedFact {
  readonly kind: 'observed'
  readonly id: string
  readonly source: string
  readonly tableIds: readonly string[]
}

/** All tables a source has after a complete look; a table it had before and has no longer has vanished. Never empty. */
export interface InventoryFact {
  readonly kind: 'inventory'
  /** The source's name. */
  readonly id: string
  readonly tableIds: readonly string[]
}

/** What a table's commits add up to since we watch it: the ground of its counters. Entity, kept by the ledger. */
export interface TallyFact {
  readonly kind: 'tally'
  /** The table's id. */
  readonly id: string
  readonly commits: number
  readonly dataCommits: number
  readonly rowsAdded: number
  readonly rowsRemoved: number
  readonly bytesAdded: number
  readonly schemaChanges: Readonly<Partial<Record<SchemaChangeKind, number>>>
  /** The newest commit counted, and all versions counted with the same time: what comes again is not counted. */
  readonly lastAt: Timestamp
  readonly lastVersions: readonly string[]
}

/** How the last poll of a source went. Entity, one a source. */
export interface PollFact {
  readonly kind: 'poll'
  /** The source's name. */
  readonly id: string
  readonly type: string
  readonly up: boolean
  readonly at: Timestamp
  readonly duration: Millis
  readonly lastSuccess: Known<Timestamp>
  readonly error: Known<string>
  readonly requests: number
  readonly bytesRead: Bytes
  readonly polls: number
  readonly failures: number
}

/** Where a source goes on reading; written in the transaction of what it covers. */
export interface CursorFact {
  readonly kind: 'cursor'
  readonly id: string
  readonly value: string
}

/** What a rule group remembers between evaluations, so that a restart forgets no alert. Its shape is the rules' own. */
export interface RuleGroupFact {
  readonly kind: 'rule-group'
  /** `file;group` */
  readonly id: string
  readonly state: unknown
}

export type Fact =
  | TableFact
  | CommitFact
  | ProblemFact
  | ObservedFact
  | InventoryFact
  | TallyFact
  | PollFact
  | CursorFact
  | RuleGroupFact
  | AdviceFact
  | AdvisingFact
  | BillKindFact
  | BucketFact
  | NotifyFact
  | PriceListFact
  | RunKindFact
  | ComputeFact
  | UsageFact
export type Kind = Fact['kind']
export type FactOf<K extends Kind> = Extract<Fact, { kind: K }>

/** Kinds kept as history; every other kind is replaced by id. `observed` is held in memory only. */
export const EVENT_KINDS: readonly Kind[] = ['commit', 'run', 'application', 'notice', 'delivery']

/** A stored fact with the times at which we learned it. */
export interface Recorded<F extends Fact> {
  readonly fact: F
  /** When this content was first recorded, and when its source last confirmed it. */
  readonly recordedAt: Timestamp
  readonly observedAt: Timestamp
}

/** The OpenLineage naming of a dataset joined to one string: `s3://lake/gold/orders`, `file:/data/orders`. */
export const datasetId = (namespace: string, name: string): string =>
  namespace === 'file' ? `file:${name}` : `${namespace}/${name}`
