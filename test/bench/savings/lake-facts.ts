// What telemetry shows of a lake: the facts that collectors would have recorded by day 60, and nothing else.
import type { BucketFact } from '../../../src/model/bucket.ts'
import type { CommitFact, Fact, TableFact } from '../../../src/model/facts.ts'
import { DAY, GIB, HOUR, MIB, bytes, timestamp } from '../../../src/model/units.ts'
import { FROZEN_DAY, HISTORY_DAYS, type Lake, readShare } from './lake-world.ts'

/** Day 60. */
export const NOW = timestamp(Date.UTC(2026, 5, 1))

/** Reads of what is at least so old count in this group, as S3's storage class analysis groups them. */
const AGES = [0, 15, 30, 45, 60, 75, 90, 120, 150, 180, 365]

interface ReadsSeen {
  /** GiB over the days that were watched, in the busiest week, and by group of ages. */
  readonly sum: number
  readonly busiest: number
  readonly gets: number
  readonly byAge: readonly number[]
}

function readsSeen(lake: Lake): ReadsSeen {
  const weeks: number[] = []
  const byAge = AGES.map(() => 0)
  for (let day = 0; day < FROZEN_DAY; day++) {
    const week = Math.floor(day / 7)
    for (let age = 0; age < HISTORY_DAYS; age++) {
      const read = lake.daily * readShare(lake, age, day)
      weeks[week] = (weeks[week] ?? 0) + read
      byAge[AGES.findLastIndex((from) => age >= from)]! += read
    }
  }
  const sum = byAge.reduce((all, read) => all + read, 0)
  return { sum, busiest: Math.max(...weeks), gets: ((sum * 1_024) / lake.fileMib) * 3, byAge }
}

export function lakeFacts(world: readonly Lake[]): readonly Fact[] {
  return world.flatMap((lake) => [bucketOf(lake), tableOf(lake), ...commitsOf(lake), ...lineageOf(lake)])
}

function bucketOf(lake: Lake): BucketFact {
  const { name, daily, garbage, uploads, noncurrent } = lake
  const live = daily * HISTORY_DAYS
  const stored = live + garbage + noncurrent
  const seen = lake.measured ? readsSeen(lake) : null
  const document = lake.tiered
    ? '{"Rules":[{"ID":"tier","Status":"Enabled","Filter":{"Prefix":""},"Transitions":[{"Days":0,"StorageClass":"INTELLIGENT_TIERING"}]}]}'
    : '{"Rules":[]}'
  return {
    kind: 'bucket',
    id: `s3://${name}`,
    source: 's3',
    bucket: name,
    region: 'us-east-1',
    asOf: NOW,
    bytes: lake.tiered
      ? { STANDARD: bytes(0), INTELLIGENT_TIERING: bytes(stored * GIB) }
      : { STANDARD: bytes(stored * GIB) },
    objects: Math.ceil((stored * 1_024) / lake.fileMib),
    bytesAMonthAgo: bytes((stored - daily * 30) * GIB),
    versioning: lake.versioned ? 'enabled' : 'off',
    lifecycle: lake.tiered
      ? [
          {
            id: 'tier',
            enabled: true,
            prefix: '',
            tags: {},
            largerThan: null,
            smallerThan: null,
            transitions: [{ days: 0, to: 'INTELLIGENT_TIERING' }],
            expires: null,
            noncurrentExpires: null,
            noncurrentTransitions: [],
            abortsUploadsAfter: null,
          },
        ]
      : [],
    lifecycleDocument: document,
    unfinishedUploads: {
      count: uploads > 0 ? 40 : 0,
      oldest: uploads > 0 ? timestamp(NOW - 60 * DAY) : null,
      bytes: bytes(uploads * GIB),
    },
    noncurrent: { objects: noncurrent > 0 ? 9_000 : 0, bytes: bytes(noncurrent * GIB) },
    locked: false,
    replicated: false,
    access:
      seen === null
        ? null
        : {
            from: 'request metrics',
            days: FROZEN_DAY,
            gets: seen.gets,
            bytesRead: bytes(seen.sum * GIB),
            busiestMonth: bytes((seen.busiest / 7) * 30 * GIB),
            byPrefix: null,
            byAge: lake.analysed ? byAgeOf(lake, seen) : null,
          },
    partial: [],
  }
}

function tableOf(lake: Lake): TableFact {
  const { name, daily, fileMib, garbage } = lake
  const live = daily * HISTORY_DAYS
  const files = Math.ceil((live * 1_024) / fileMib)
  const small = fileMib < 128
  const perDay = Math.ceil(files / HISTORY_DAYS)
  const outputs = HISTORY_DAYS * Math.max(1, Math.ceil(daily))
  const fewer = small && perDay > 1 && outputs < files
  return {
    kind: 'table',
    id: `s3://${name}/events`,
    namespace: `s3://${name}`,
    name: 'events',
    source: 'lake',
    table: `${name}/events`,
    location: `s3://${name}/events`,
    format: 'delta',
    formatVersion: null,
    version: '1',
    partial: [],
    vanished: null,
    lastChange: { at: timestamp(NOW - HOUR), version: '1', operation: 'WRITE' },
    lastCommit: { at: timestamp(NOW - HOUR), version: '1', operation: 'WRITE' },
    created: null,
    eventTime: null,
    rows: null,
    rowsExactness: 'exact',
    files,
    bytes: bytes(live * GIB),
    fileSizes: {
      target: bytes(512 * MIB),
      targetFrom: 'default',
      smallBelow: bytes(128 * MIB),
      largeAbove: bytes(2 * GIB),
      small: small ? files : 0,
      inRange: small ? 0 : files,
      large: 0,
      smallBytes: bytes(small ? live * GIB : 0),
      bounds: [],
      counts: [],
      median: bytes(fileMib * MIB),
    },
    partitions: {
      columns: ['day'],
      count: HISTORY_DAYS,
      medianBytes: bytes(daily * GIB),
      largestBytes: bytes(daily * GIB),
      largest: 'day=1',
      skew: 1,
      belowGib: daily < 1 ? 1 : 0,
    },
    layout: {
      planner: 'OPTIMIZE',
      smallBelow: GIB,
      rewrite: {
        partitions: fewer ? HISTORY_DAYS : 0,
        files: fewer ? files : 0,
        bytes: bytes(fewer ? live * GIB : 0),
        outputs: fewer ? outputs : 0,
      },
      partitions: [],
    },
    deletes: { files: 0, deletionVectors: 0, equalityFiles: 0, rows: 0, share: 0 },
    snapshots: 100,
    oldestSnapshot: timestamp(NOW - 30 * DAY),
    reclaimable: { bytes: bytes(garbage * GIB), exactness: 'exact', how: 'removed and not vacuumed' },
    clustering: [],
    zOrder: [],
    sortOrder: [],
    lastCompaction: null,
    lastVacuum: null,
    lastExpiry: null,
    columns: [],
    schemaChanges: [],
    properties: {},
  }
}

/** A commit a day adds the day's files. */
const commitsOf = ({ name, daily, fileMib }: Lake): readonly CommitFact[] =>
  Array.from({ length: 30 }, (_, i) => ({
    kind: 'commit',
    id: `s3://${name}/events@${i}`,
    tableId: `s3://${name}/events`,
    source: 'lake',
    table: `${name}/events`,
    version: String(i),
    at: timestamp(NOW - i * DAY - HOUR),
    operation: 'WRITE',
    changesData: true,
    rowsAdded: null,
    rowsRemoved: null,
    filesAdded: Math.ceil((daily * 1_024) / fileMib),
    filesRemoved: 0,
    bytesAdded: bytes(daily * GIB),
    bytesRemoved: bytes(0),
    engine: null,
    schemaChanges: [],
  }))

/** Its readers' runs, where lineage is collected. */
function lineageOf(lake: Lake): readonly Fact[] {
  if (!lake.lineage) return []
  const id = `flows/${lake.name}`
  const runs = Array.from({ length: Math.min(lake.reads, 24) * 30 }, (_, i) => ({
    kind: 'run',
    id: `${id}/${i}`,
    pipelineId: id,
    at: timestamp(NOW - ((i + 1) * 30 * DAY) / (lake.reads * 30 + 1)),
    state: 'success',
    trigger: 'schedule',
    processed: 1,
    startedAt: null,
    endedAt: null,
    attempt: 1,
  }))
  const edge = {
    kind: 'edge',
    id: `e/${id}`,
    source: 'l',
    type: 'reads',
    from: `s3://${lake.name}/events`,
    to: `job:flows/${lake.name}`,
    lastSeen: NOW,
  }
  const pipeline = {
    kind: 'pipeline',
    id,
    source: 'flows',
    pipeline: lake.name,
    namespace: 'flows',
    name: lake.name,
    vanished: null,
    paused: null,
    endless: false,
    schedule: null,
  }
  return [edge, pipeline, ...runs] as unknown as readonly Fact[]
}

const byAgeOf = (lake: Lake, { byAge }: ReadsSeen) =>
  AGES.map((fromDays, i) => ({
    fromDays,
    stored: bytes(lake.daily * ((AGES[i + 1] ?? HISTORY_DAYS) - fromDays) * GIB),
    bytesRead: bytes(byAge[i]! * GIB),
  }))
