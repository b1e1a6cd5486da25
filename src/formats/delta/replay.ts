// The state of a Delta table at one version, built by replaying actions (protocol, "Action Reconciliation").
import type { Add, Domain, Metadata, Protocol, Remove, Action } from './actions.ts'
import { columnsToAsk } from '../skipping-columns.ts'
import { BoundsSample, isComparable } from './bounds-sample.ts'
import { LiveFiles } from './live-files.ts'
import { PartitionIds } from './partition-values.ts'
import { type PathKey, keyOfPath, keyOfVector } from './path-key.ts'
import { type DeltaColumn, eventTimeColumn, parseSchema } from './schema.ts'
import { readStats, timeOf } from './stats.ts'
import { Tombstones } from './tombstones.ts'

export interface ReplayOptions {
  /** Where the table is: absolute paths below it are the table's own files. */
  readonly root: string
  readonly eventTimeColumn: string | undefined
}

/** What an action did, for the commit it belongs to. Rows are physical rows less deleted ones; NaN = unknown. */
export interface Effect {
  readonly bytes: number
  readonly rows: number
}

const NO_ROWS: Effect = { bytes: 0, rows: Number.NaN }

/** Where the event time of a file is found. */
export type EventTimeFrom =
  | { readonly column: DeltaColumn; readonly partition: number }
  | { readonly column: DeltaColumn; readonly partition: null }

export class Replay {
  readonly live = new LiveFiles()
  readonly bounds = new BoundsSample()
  readonly tombstones = new Tombstones()
  readonly partitions = new PartitionIds()
  readonly domains = new Map<string, string>()
  readonly root: string
  /** -1 before the first. */
  version = -1
  protocol: Protocol | null = null
  metadata: Metadata | null = null
  columns: readonly DeltaColumn[] = []
  eventTime: EventTimeFrom | null = null
  /** Newest time at which a live or removed file was written or removed: no data change is younger. */
  newestFileChange = Number.NaN
  /** Columns that a Z-order left in the tags of its files. */
  zOrderTag: string | null = null
  readonly #configured: string | undefined
  readonly #key: PathKey = { high: 0, low: 0 }
  #physicalPartitions: readonly string[] = []

  constructor(options: ReplayOptions) {
    this.root = options.root.replace(/\/+$/, '')
    this.#configured = options.eventTimeColumn
  }

  apply(action: Action, subject: string): Effect {
    if (action.kind === 'add') return this.#add(action)
    if (action.kind === 'remove') return this.#remove(action)
    if (action.kind === 'metadata') this.#setMetadata(action, subject)
    else if (action.kind === 'protocol') this.protocol = action
    else if (action.kind === 'domain') this.#setDomain(action)
    return NO_ROWS
  }

  /** Partition columns by the names that partition values carry. */
  get physicalPartitions(): readonly string[] {
    return this.#physicalPartitions
  }

  /**
   * The columns whose bounds are looked at, and how many others have bounds; `hints` before all others. What is
   * `affordable` of them counts where they are settled.
   */
  boundColumns(
    hints: readonly string[],
    affordable: (columns: readonly DeltaColumn[]) => readonly DeltaColumn[] = (columns) => columns,
  ): { readonly asked: readonly DeltaColumn[]; readonly omitted: number } {
    const partitioned = this.metadata?.partitionColumns ?? []
    const comparable = this.columns.filter((one) => isComparable(one) && !partitioned.includes(one.name))
    const eventTime = this.eventTime === null ? [] : [this.eventTime.column.name]
    const asked = this.bounds.settle(
      () => affordable(columnsToAsk(comparable, [...hints, ...eventTime])),
      this.columns,
    )
    return { asked, omitted: Math.max(0, comparable.length - asked.length) }
  }

  noteFileChange(at: number | null): void {
    if (at !== null && !(at <= this.newestFileChange)) this.newestFileChange = at
  }

  #add(add: Add): Effect {
    keyOfPath(add.path, this.root, this.#key)
    const from = this.eventTime
    const stats = readStats(add.stats, from === null || from.partition !== null ? null : from.column.physical)
    const values = this.#physicalPartitions.map((name) => add.partitionValues[name] ?? null)
    const partition = this.partitions.idOf(values)
    const deleted = add.vector === null ? 0 : add.vector.cardinality
    const eventTime = from?.partition != null ? timeOf(values[from.partition] ?? undefined) : stats.eventTime
    const vector = add.vector === null ? 0 : keyOfVector(add.vector.id)
    this.live.add(this.#key, vector, { size: add.size, rows: stats.rows, deleted, partition, eventTime })
    if (this.bounds.takes(this.#key.low)) {
      const { size, stats: text } = add
      this.bounds.add(this.#key, vector, { size, partition, text, bounds: null })
    }
    this.noteFileChange(add.modified)
    const zOrder = add.tags['ZCUBE_ZORDER_BY']
    if (typeof zOrder === 'string' && zOrder !== '') this.zOrderTag = zOrder
    return { bytes: add.size, rows: stats.rows - deleted }
  }

  #remove(remove: Remove): Effect {
    keyOfPath(remove.path, this.root, this.#key)
    const vector = remove.vector === null ? 0 : keyOfVector(remove.vector.id)
    const was = this.live.remove(this.#key, vector)
    this.bounds.remove(this.#key, vector)
    const size = remove.size ?? was?.size ?? null
    this.tombstones.add(this.#key, size ?? 0, remove.deleted ?? 0)
    this.noteFileChange(remove.deleted)
    return { bytes: size ?? Number.NaN, rows: was === null ? Number.NaN : was.rows - was.deleted }
  }

  #setMetadata(metadata: Metadata, subject: string): void {
    this.metadata = metadata
    this.columns = parseSchema(metadata.schemaString, subject)
    const { partitionColumns } = metadata
    this.#physicalPartitions = partitionColumns.map(
      (name) => this.columns.find((column) => column.name === name)?.physical[0] ?? name,
    )
    this.partitions.columns = partitionColumns
    const column = eventTimeColumn(this.columns, partitionColumns, this.#configured)
    const before = this.eventTime?.column.identity
    const partition = column === null ? -1 : partitionColumns.indexOf(column.name)
    this.eventTime = column === null ? null : { column, partition: partition < 0 ? null : partition }
    if (before !== undefined && before !== column?.identity) this.live.forgetEventTimes()
  }

  #setDomain({ domain, configuration, removed }: Domain): void {
    if (removed) this.domains.delete(domain)
    else this.domains.set(domain, configuration)
  }
}
