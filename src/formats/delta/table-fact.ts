// What is known of a Delta table at its newest version → its fact.
import type {
  CommitRef,
  Deletes,
  Exactness,
  Known,
  Layout,
  Partitions,
  TableFact,
} from '../../model/facts.ts'
import {
  type Bytes,
  DAY,
  type Millis,
  type Timestamp,
  bytes,
  millis,
  readableBytes,
  readableDuration,
  timestamp,
} from '../../model/units.ts'
import { judgeFileSizes } from '../file-sizes.ts'
import { layoutOf } from '../layout.ts'
import { DELTA_OPTIMIZE_BYTES } from '../rewrite-plan.ts'
import { judgePartitions } from '../partitions.ts'
import { type SkippingInput, skippingOf } from '../skipping.ts'
import { clusteringColumns } from './clustering.ts'
import type { History } from './history.ts'
import { protocolGaps } from './protocol.ts'
import type { Replay } from './replay.ts'

/** Delta's default for `delta.deletedFileRetentionDuration`. */
const DEFAULT_RETENTION = millis(7 * DAY)
/** Event times further ahead than this are placeholders (9999-12-31) or broken clocks, not progress. */
const FUTURE = DAY
const MAX_PROPERTIES = 100
const MAX_PROPERTY_CHARS = 500

export interface Kept {
  /** Versions that can still be read, and when the oldest of them was written. */
  readonly versions: number
  readonly oldest: Timestamp
}

export function tableFact(
  identity: Pick<TableFact, 'id' | 'namespace' | 'name' | 'source' | 'table' | 'location'>,
  replay: Replay,
  history: History,
  kept: Kept | null,
  now: Timestamp,
): TableFact {
  const partial = protocolGaps(replay.protocol)
  const { metadata, protocol, live } = replay
  const rows = liveRows(replay, partial)
  const configuration = metadata?.configuration ?? {}
  if (kept === null) partial.push('how many versions are kept cannot be told from what was listed of the log')
  return {
    kind: 'table',
    ...identity,
    format: 'delta',
    formatVersion: protocol === null ? null : `reader ${protocol.reader}, writer ${protocol.writer}`,
    version: String(replay.version),
    vanished: null,
    lastChange: lastChange(replay, history, partial),
    lastCommit: history.lastCommit,
    created: metadata?.created == null ? null : timestamp(metadata.created),
    eventTime: newestEventTime(replay, now, partial),
    rows: rows.count,
    rowsExactness: rows.exactness,
    files: live.count,
    bytes: bytes(live.bytes),
    fileSizes: judgeFileSizes(live.sizes, targetOf(configuration)),
    partitions: livePartitions(replay, partial),
    layout: layout(replay, history),
    deletes: deletes(replay),
    snapshots: kept?.versions ?? null,
    // A copied log has the copy's file times: no readable version is younger than a commit that we read.
    oldestSnapshot: kept && timestamp(Math.min(kept.oldest, history.firstCommitAt ?? kept.oldest)),
    reclaimable: reclaimable(replay, history, now),
    clustering: clusteringColumns(replay),
    zOrder: zOrderColumns(replay, history),
    sortOrder: [],
    lastCompaction: history.lastCompaction,
    lastVacuum: history.lastVacuum,
    lastExpiry: null,
    columns: replay.columns.map(({ name, type, nullable }) => ({ name, type, nullable })),
    schemaChanges: history.schemaChanges,
    properties: boundedProperties(configuration),
    partial,
  }
}

function liveRows({ live }: Replay, partial: string[]): { count: Known<number>; exactness: Exactness } {
  const { rows, deleted } = live
  let count = 0
  let unknown = 0
  for (let i = 0; i < rows.length; i++) {
    const net = rows[i]! - deleted[i]!
    if (Number.isNaN(net)) unknown += 1
    else count += net
  }
  if (unknown === 0) return { count, exactness: 'exact' }
  partial.push(`${unknown} of ${rows.length} live files have no row count in the log`)
  return unknown === rows.length ? { count: null, exactness: 'exact' } : { count, exactness: 'lower bound' }
}

function lastChange(replay: Replay, history: History, partial: string[]): Known<CommitRef> {
  if (history.lastChange !== null) return history.lastChange
  if (Number.isNaN(replay.newestFileChange)) return null
  partial.push(
    'the kept commits changed no data: the last change is the newest time at which a file was written or removed, compaction included',
  )
  return { at: timestamp(replay.newestFileChange), version: String(replay.version), operation: 'unknown' }
}

function newestEventTime(replay: Replay, now: Timestamp, partial: string[]): TableFact['eventTime'] {
  if (replay.eventTime === null) return null
  const limit = now + FUTURE
  let newest = Number.NaN
  let future = 0
  for (const time of replay.live.eventTimes) {
    if (time > limit) future += 1
    else if (!(time <= newest) && !Number.isNaN(time)) newest = time
  }
  const column = replay.eventTime.column.name
  if (future > 0)
    partial.push(`${future} files have ${column} more than a day in the future; they are left out`)
  return Number.isNaN(newest) ? null : { column, newest: timestamp(newest) }
}

function livePartitions(replay: Replay, partial: string[]): Known<Partitions> {
  if (replay.partitions.overflow) {
    partial.push(`more than ${replay.partitions.size} partitions were seen: their statistics are left out`)
    return null
  }
  const { partitions } = replay.live
  const totals = bytesByPartition(replay)
  const used = new Uint8Array(totals.length)
  for (let i = 0; i < partitions.length; i++) used[partitions[i]!] = 1
  function* each(): Generator<{ name: string; bytes: number }> {
    for (let id = 0; id < totals.length; id++) {
      if (used[id] === 1) yield { name: replay.partitions.nameOf(id), bytes: totals[id]! }
    }
  }
  return judgePartitions(replay.metadata?.partitionColumns ?? [], each())
}

function bytesByPartition({ live, partitions: { size } }: Replay): Float64Array {
  const { partitions, sizes } = live
  const totals = new Float64Array(size)
  for (let i = 0; i < sizes.length; i++) totals[partitions[i]!]! += sizes[i]!
  return totals
}

const zOrderColumns = ({ zOrderTag }: Replay, { zOrder }: History): readonly string[] =>
  zOrder ?? zOrderTag?.split(',').map((name) => name.trim()) ?? []

function layout(replay: Replay, history: History): Known<Layout> {
  const { live, partitions, metadata } = replay
  if (partitions.overflow) return null
  const target = targetOf(metadata?.configuration ?? {})
  const size = target?.bytes ?? DELTA_OPTIMIZE_BYTES
  const { sizes, rows, deleted } = live
  const summary = layoutOf(
    {
      sizes,
      partitionOf: live.partitions,
      rows,
      deleted,
      partitions: partitions.size,
      nameOf: (id) => partitions.nameOf(id),
    },
    { kind: 'delta', min: size, max: size },
    `OPTIMIZE, files of ${readableBytes(bytes(size))} (${target?.from ?? 'its default'})`,
  )
  const skipping = skippingOf({
    ...sampledBounds(replay, [
      ...clusteringColumns(replay),
      ...zOrderColumns(replay, history),
      ...history.filters,
    ]),
    of: live.count,
    partitionBytes: bytesByPartition(replay),
    target: size,
  })
  return skipping === null ? summary : { ...summary, skipping }
}

function sampledBounds(
  replay: Replay,
  hints: readonly string[],
): Pick<SkippingInput, 'files' | 'columns' | 'omitted'> {
  const { asked, omitted } = replay.boundColumns(hints)
  return {
    files: replay.bounds.files(),
    columns: asked.map(({ name, type }) => ({ name, type, distinct: null })),
    omitted,
  }
}

function deletes({ live }: Replay): Deletes {
  const { vectors, deleted, rows } = live
  let count = 0
  for (const vector of vectors) if (vector !== 0) count += 1
  const marked = sum(deleted)
  const physical = sum(rows)
  return {
    files: 0,
    deletionVectors: count,
    equalityFiles: 0,
    rows: Number.isNaN(marked) ? null : marked,
    share: Number.isNaN(marked / physical) ? (marked === 0 ? 0 : null) : marked / physical,
  }
}

/** Removed files between what the last VACUUM deleted and what the retention still protects. */
export function reclaimableSpan(
  replay: Replay,
  history: History,
  now: Timestamp,
): { from: number; to: number } {
  const retention = retentionOf(replay)
  const from = history.lastVacuum === null ? 0 : history.lastVacuum - (history.vacuumRetention ?? retention)
  return { from, to: now - retention }
}

function reclaimable(
  replay: Replay,
  history: History,
  now: Timestamp,
): NonNullable<TableFact['reclaimable']> {
  const { from, to } = reclaimableSpan(replay, history, now)
  const since = history.lastVacuum === null ? 'no VACUUM in the kept history' : 'not yet deleted by a VACUUM'
  const age = readableDuration(retentionOf(replay))
  return {
    bytes: bytes(replay.tombstones.bytesBetween(from, to, replay.live)),
    exactness: 'lower bound',
    how: `files that the log removed more than ${age} ago, ${since}; files of failed writes are not in the log, a listing of the folder would find them`,
  }
}

const retentionOf = (replay: Replay): Millis =>
  parseInterval(replay.metadata?.configuration['delta.deletedFileRetentionDuration']) ?? DEFAULT_RETENTION

const INTERVAL_UNITS: Readonly<Record<string, number>> = {
  week: 7 * DAY,
  day: DAY,
  hour: 3_600_000,
  minute: 60_000,
  second: 1_000,
  millisecond: 1,
}

/** `interval 30 days`, as Delta's properties spell lengths of time; null when it is none. */
export function parseInterval(text: string | undefined): Millis | null {
  const words =
    text
      ?.trim()
      .toLowerCase()
      .replace(/^interval\s+/, '')
      .split(/\s+/) ?? []
  if (words.length === 0 || words.length % 2 !== 0) return null
  let total = 0
  for (let i = 0; i < words.length; i += 2) {
    const unit = INTERVAL_UNITS[words[i + 1]!.replace(/s$/, '')]
    const count = Number(words[i])
    if (unit === undefined || !Number.isFinite(count)) return null
    total += count * unit
  }
  return millis(total)
}

function targetOf(configuration: Readonly<Record<string, string>>): { bytes: Bytes; from: string } | null {
  const target = parseSize(configuration['delta.targetFileSize'])
  return target === null ? null : { bytes: target, from: 'delta.targetFileSize' }
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `104857600`, `128mb`, `1g`; null when it is no size. */
export function parseSize(text: string | undefined): Bytes | null {
  const match = /^\s*(\d+)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text ?? '')
  const size = match === null ? 0 : Number(match[1]) * SIZE_UNITS[match[2]!.toLowerCase()]!
  return size > 0 && Number.isSafeInteger(size) ? bytes(size) : null
}

const boundedProperties = (configuration: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(configuration)
      .filter(([key]) => !key.startsWith('delta.columnMapping.') || key === 'delta.columnMapping.mode')
      .slice(0, MAX_PROPERTIES)
      .map(([key, value]) => [key.slice(0, MAX_PROPERTY_CHARS), value.slice(0, MAX_PROPERTY_CHARS)]),
  )

const sum = (values: Float64Array): number => {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}
