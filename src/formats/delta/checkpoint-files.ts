// The files of a Parquet checkpoint or sidecar (protocol, "Checkpoints") → the replay's state, leaf by leaf.
import { SourceError } from '../../model/errors.ts'
import type { Leaf, Page } from '../parquet-page.ts'
import {
  type ParquetFile,
  type ParquetValue,
  eachNumber,
  eachValue,
  mayHaveValues,
  readLeaves,
} from '../parquet.ts'
import { type Bound, MAX_BOUND_CHARS } from '../bound-ranks.ts'
import { vectorFrom } from './actions.ts'
import { clusteringColumns } from './clustering.ts'
import { type Pause, type Visit, entriesOf, eventTimeOf, textOf } from './checkpoint-values.ts'
import { type PathKey, keyOfPathBytes, keyOfVector } from './path-key.ts'
import type { Replay } from './replay.ts'
import type { DeltaColumn } from './schema.ts'
import { readStats, timeOf } from './stats.ts'

const LEAST_ROW_BYTES = 8

/**
 * The adds and removes of one file of a checkpoint of so many rows in all. The replay must know the metadata already.
 */
export async function readCheckpointFiles(
  file: ParquetFile,
  replay: Replay,
  pause: Pause,
  checkpointRows = file.rows,
): Promise<void> {
  // A row takes at least some bytes: a footer that claims more rows does not get the memory for them.
  replay.live.reserve(Math.min(file.rows, Math.ceil(file.source.byteLength / LEAST_ROW_BYTES)))
  for (const [group, { rows }] of file.groups.entries()) {
    if (!mayHaveValues(file, group, 'add.path') && !mayHaveValues(file, group, 'remove.path')) continue
    const columns = new FileColumns(rows)
    await readLeaves(file, group, visitsOf(file, replay, columns), pause)
    columns.sample(replay)
    const bounds = boundVisits(file, group, replay, columns, checkpointRows)
    if (needsJsonStats(file, group, replay, columns) || bounds.size === 0)
      await readLeaves(file, group, jsonStats(replay, columns), pause)
    else await readLeaves(file, group, bounds, pause)
    await takeRows(columns, file, replay, pause)
  }
}

/** One row group's files, column by column; a row is an add, a remove or something else. */
class FileColumns {
  readonly kind: Uint8Array
  readonly high: Uint32Array
  readonly low: Uint32Array
  readonly size: Float64Array
  readonly rows: Float64Array
  readonly eventTime: Float64Array
  readonly partition: Uint32Array
  readonly removed: Float64Array
  /** Rows whose bounds are kept: their statistics as text, or bounds column by column. */
  readonly sampled = new Map<number, { text: string | null; bounds: Bound[] | null }>()
  /** Only the rows that have one. */
  readonly vectors = new Map<
    number,
    { storage: string; path: string; offset: number | null; cardinality: number }
  >()

  constructor(rows: number) {
    this.kind = new Uint8Array(rows)
    this.high = new Uint32Array(rows)
    this.low = new Uint32Array(rows)
    this.size = new Float64Array(rows).fill(Number.NaN)
    this.rows = new Float64Array(rows).fill(Number.NaN)
    this.eventTime = new Float64Array(rows).fill(Number.NaN)
    this.partition = new Uint32Array(rows)
    this.removed = new Float64Array(rows)
  }

  /** Once all keys are known. */
  sample({ live, bounds }: Replay): void {
    let adds = 0
    for (const kind of this.kind) if (kind === ADD) adds += 1
    bounds.expect(live.count + adds)
    const { kind, low } = this
    const { limit } = bounds
    for (let row = 0; row < kind.length; row++)
      if (low[row]! < limit && kind[row] === ADD) this.sampled.set(row, { text: null, bounds: null })
  }

  vector(row: number): { storage: string; path: string; offset: number | null; cardinality: number } {
    const known = this.vectors.get(row)
    if (known !== undefined) return known
    const fresh = { storage: '', path: '', offset: null, cardinality: Number.NaN }
    this.vectors.set(row, fresh)
    return fresh
  }
}

const ADD = 1
const REMOVE = 2

function visitsOf(file: ParquetFile, replay: Replay, columns: FileColumns): Map<string, Visit> {
  const visits = new Map<string, Visit>()
  const each = (path: string, call: (row: number, value: ParquetValue) => void): void => {
    if (file.leaves.get(path)?.maxRep === 0)
      visits.set(path, (page, first, leaf) => eachValue(page, first, leaf, call))
  }
  const eachOf = (path: string, call: (row: number, value: number) => void): void => {
    if (file.leaves.get(path)?.maxRep === 0)
      visits.set(path, (page, first, leaf) => eachNumber(page, first, leaf, call))
  }
  const numbers = (path: string, into: Float64Array): void =>
    eachOf(path, (row, value) => {
      into[row] = value
    })
  const key: PathKey = { high: 0, low: 0 }
  for (const [name, kind] of [
    ['add', ADD],
    ['remove', REMOVE],
  ] as const) {
    each(`${name}.path`, (row, value) => {
      keyOfPathBytes(value as Uint8Array, replay.root, key)
      columns.kind[row] = kind
      columns.high[row] = key.high
      columns.low[row] = key.low
    })
    numbers(`${name}.size`, columns.size)
    each(`${name}.deletionVector.storageType`, (row, value) => {
      columns.vector(row).storage = textOf(value as Uint8Array)
    })
    each(`${name}.deletionVector.pathOrInlineDv`, (row, value) => {
      columns.vector(row).path = textOf(value as Uint8Array)
    })
    each(`${name}.deletionVector.offset`, (row, value) => {
      columns.vector(row).offset = Number(value)
    })
    each(`${name}.deletionVector.cardinality`, (row, value) => {
      columns.vector(row).cardinality = Number(value)
    })
  }
  eachOf('add.modificationTime', (_row, value) => replay.noteFileChange(value))
  numbers('remove.deletionTimestamp', columns.removed)
  numbers('add.stats_parsed.numRecords', columns.rows)
  visitPartitions(file, replay, columns, visits)
  const from = replay.eventTime
  if (from !== null && from.partition === null) {
    const path = maxValuePath(from.column)
    const leaf = file.leaves.get(path)
    if (leaf !== undefined) {
      const take = (row: number, value: ParquetValue): void => {
        columns.eventTime[row] = eventTimeOf(value, leaf)
      }
      if (leaf.type === 'INT64') eachOf(path, take)
      else each(path, take)
    }
  }
  return visits
}

function visitPartitions(
  file: ParquetFile,
  replay: Replay,
  columns: FileColumns,
  visits: Map<string, Visit>,
): void {
  const names = replay.physicalPartitions
  const leaves = [...file.leaves.keys()].filter((path) => path.startsWith('add.partitionValues.'))
  const [keys, values] = leaves
  columns.partition.fill(replay.partitions.idOf(names.map(() => null)))
  if (names.length === 0 || keys === undefined || values === undefined) return
  // Keys come before values, so a row's names are known when its values are. Nearly all rows name the same
  // columns in the same order: one array serves them all.
  const orders: Int32Array[] = []
  const known = new Map<string, Int32Array>()
  visits.set(
    keys,
    entriesOf((row, entries) => {
      const spelled = entries.length === 1 ? (entries[0] ?? '') : entries.join('\u0000')
      let order = known.get(spelled)
      if (order === undefined) {
        order = Int32Array.from(entries, (name) => names.indexOf(name ?? ''))
        known.set(spelled, order)
      }
      orders[row] = order
    }),
  )
  const from = replay.eventTime
  const tuple: (string | null)[] = names.map(() => null)
  visits.set(
    values,
    entriesOf((row, entries) => {
      tuple.fill(null)
      const order = orders[row]
      for (let i = 0; i < entries.length; i++) {
        const at = order?.[i] ?? -1
        if (at >= 0) tuple[at] = entries[i] || null
      }
      columns.partition[row] = replay.partitions.idOf(tuple)
      if (from?.partition != null) columns.eventTime[row] = timeOf(tuple[from.partition] ?? undefined)
    }),
  )
}

const maxValuePath = (column: DeltaColumn): string =>
  `add.stats_parsed.maxValues.${column.physical.join('.')}`

/** Statistics as a struct may be absent as a whole, for some files, or for the event column: then the JSON text is read. */
function needsJsonStats(file: ParquetFile, group: number, replay: Replay, columns: FileColumns): boolean {
  if (!mayHaveValues(file, group, 'add.stats')) return false
  const from = replay.eventTime
  if (from !== null && from.partition === null && !file.leaves.has(maxValuePath(from.column))) return true
  for (let row = 0; row < columns.kind.length; row++) {
    if (columns.kind[row] === ADD && Number.isNaN(columns.rows[row]!)) return true
  }
  return false
}

/** Values of bounds that are decoded of one checkpoint: a million files' integers take 30 ms, their texts 200 ms. */
const MAX_BOUND_VALUES = 4_000_000
const TEXT_WEIGHT = 8

/** Bounds as a struct, of sampled rows only; empty where the file has none of the columns that are asked for. */
function boundVisits(
  file: ParquetFile,
  group: number,
  replay: Replay,
  { sampled, eventTime }: FileColumns,
  checkpointRows: number,
): Map<string, Visit> {
  const visits = new Map<string, Visit>()
  const hasBounds = ({ physical, type }: DeltaColumn): boolean => {
    const leaf = file.leaves.get(boundPath('minValues', physical))
    if (leaf === undefined || !mayHaveValues(file, group, leaf.path)) return false
    return leaf.maxRep === 0 && boundReader(leaf, type) !== null
  }
  if (!replay.columns.some(hasBounds)) return visits
  let left = MAX_BOUND_VALUES
  const { asked } = replay.boundColumns(clusteringColumns(replay), (columns) =>
    columns.filter(hasBounds).filter(({ type }) => {
      const values = 2 * checkpointRows * (type === 'string' ? TEXT_WEIGHT : 1)
      if (values > left) return false
      left -= values
      return true
    }),
  )
  const rows = Int32Array.from(sampled.keys())
  const put = (row: number, at: number, bound: Bound): void => {
    const one = sampled.get(row)!
    one.bounds ??= Array<Bound>(2 * asked.length).fill(null)
    one.bounds[at] = bound
  }
  const from = replay.eventTime
  const known = from === null || from.partition !== null ? null : maxValuePath(from.column)
  for (const [i, { physical, type }] of asked.entries()) {
    for (const [side, name] of BOUND_SIDES.entries()) {
      const leaf = file.leaves.get(boundPath(name, physical))
      const read = leaf === undefined || leaf.maxRep > 0 ? null : boundReader(leaf, type)
      if (leaf === undefined || read === null) continue
      if (leaf.path === known) {
        // Every file's newest event time was read already.
        for (const row of rows) if (!Number.isNaN(eventTime[row]!)) put(row, 2 * i + side, eventTime[row]!)
        continue
      }
      visits.set(leaf.path, (page, first) =>
        eachValueOf(page, first, leaf, rows, (row, value) => put(row, 2 * i + side, read(value))),
      )
    }
  }
  return visits
}

const BOUND_SIDES = ['minValues', 'maxValues'] as const
const boundPath = (side: (typeof BOUND_SIDES)[number], physical: readonly string[]): string =>
  `add.stats_parsed.${side}.${physical.join('.')}`

/** As eachValue, of a few rows, ascending: where no value is missing the others are not even looked at. */
function eachValueOf(
  page: Page,
  first: number,
  leaf: Leaf,
  rows: Int32Array,
  call: (row: number, value: ParquetValue) => void,
): void {
  const values = page.values as unknown as ArrayLike<ParquetValue>
  const { count, defs, indices } = page
  let present = 0
  let seen = 0
  for (const row of rows) {
    const at = row - first
    if (at < 0) continue
    if (at >= count) break
    if (defs !== null) {
      for (; seen < at; seen++) if (defs[seen] === leaf.maxDef) present += 1
      if (defs[at] !== leaf.maxDef) continue
    }
    const value = defs === null ? at : present
    call(row, values[indices === null ? value : indices[value]!]!)
  }
}

/** Null where the struct's values do not compare with those of the JSON text: decimals are unscaled there. */
function boundReader(leaf: Leaf, type: string): ((value: ParquetValue) => Bound) | null {
  if (leaf.time !== null) {
    return (value) => {
      const time = eventTimeOf(value, leaf)
      return Number.isNaN(time) ? null : time
    }
  }
  if (type.startsWith('decimal')) return null
  return (value) => (value instanceof Uint8Array ? textOf(value).slice(0, MAX_BOUND_CHARS) : Number(value))
}

function jsonStats(replay: Replay, columns: FileColumns): Map<string, Visit> {
  const from = replay.eventTime
  const eventColumn = from === null || from.partition !== null ? null : from.column.physical
  const visit: Visit = (page, first, leaf) =>
    eachValue(page, first, leaf, (row, value) => {
      const text = textOf(value as Uint8Array)
      const sampled = columns.sampled.get(row)
      if (sampled !== undefined) sampled.text = text
      const stats = readStats(text, eventColumn)
      if (Number.isNaN(columns.rows[row]!)) columns.rows[row] = stats.rows
      if (Number.isNaN(columns.eventTime[row]!)) columns.eventTime[row] = stats.eventTime
    })
  return new Map([['add.stats', visit]])
}

/** Rows between two pauses while files enter the replay. */
const ROWS_PER_SLICE = 50_000

async function takeRows(
  columns: FileColumns,
  file: ParquetFile,
  replay: Replay,
  pause: Pause,
): Promise<void> {
  const key: PathKey = { high: 0, low: 0 }
  for (let row = 0; row < columns.kind.length; row++) {
    if (row % ROWS_PER_SLICE === 0) await pause()
    if (columns.kind[row] === 0) continue
    key.high = columns.high[row]!
    key.low = columns.low[row]!
    const size = columns.size[row]!
    if (columns.kind[row] === REMOVE) {
      replay.tombstones.add(key, Number.isNaN(size) ? 0 : size, columns.removed[row]!)
      replay.noteFileChange(columns.removed[row]!)
      continue
    }
    if (!(size >= 0)) {
      const { name } = file.source
      throw new SourceError('corrupt', `${name}: an add without a size`, { subject: name })
    }
    const parts = columns.vectors.get(row)
    const vector =
      parts === undefined ? null : vectorFrom(parts.storage, parts.path, parts.offset, parts.cardinality)
    const vectorKey = vector === null ? 0 : keyOfVector(vector.id)
    const partition = columns.partition[row]!
    const sampled = replay.bounds.takes(key.low) ? columns.sampled.get(row) : undefined
    if (sampled !== undefined) replay.bounds.add(key, vectorKey, { size, partition, ...sampled })
    replay.live.add(key, vectorKey, {
      size,
      rows: columns.rows[row]!,
      deleted: vector?.cardinality ?? 0,
      partition,
      eventTime: columns.eventTime[row]!,
    })
  }
}
