// Seeded lakes for the savings bench: what is really so, and what telemetry shows of it.
import type { BucketFact } from '../../src/model/bucket.ts'
import type { CommitFact, Fact, TableFact } from '../../src/model/facts.ts'
import { DAY, GIB, HOUR, MIB, bytes, timestamp } from '../../src/model/units.ts'

export const MIXES = ['neglected', 'streaming', 'well-kept', 'regime-change'] as const
export type Mix = (typeof MIXES)[number]

export type Pattern = 'hot' | 'power' | 'month-end' | 'audit' | 'never' | 'turns-hot'

/** The truth about one bucket with one table in it; sizes in GiB. */
export interface Truth {
  readonly name: string
  readonly daily: number
  readonly fileMib: number
  readonly pattern: Pattern
  /** Reader runs a day, days they look back, exponent of the power law. */
  readonly reads: number
  readonly window: number
  readonly alpha: number
  readonly garbage: number
  readonly uploads: number
  readonly noncurrent: number
  readonly noncurrentOld: number
  readonly versioned: boolean
  readonly measured: boolean
  readonly lineage: boolean
  readonly tiered: boolean
  /** Seconds that opening a file really takes. */
  readonly open: number
}

export const HISTORY_DAYS = 540
export const FROZEN_DAY = 60
const BUCKETS = 12

export const NOW = timestamp(Date.UTC(2026, 5, 1))

export function worldOf(mix: Mix, random: () => number): readonly Truth[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!
  const kept = mix === 'well-kept'
  return Array.from({ length: BUCKETS }, (_, i): Truth => {
    const daily = Math.min(200, 2 * Math.exp(1.5 * normal()))
    const stored = daily * HISTORY_DAYS
    const streaming = !kept && random() < (mix === 'streaming' ? 0.7 : 0.2)
    const versioned = !kept && random() < 0.3
    return {
      name: `bucket-${i}`,
      daily,
      fileMib: streaming ? 1 + 4 * random() : 64 + 448 * random(),
      pattern:
        mix === 'regime-change' && random() < 0.5
          ? 'turns-hot'
          : pick(['hot', 'power', 'month-end', 'audit', 'never']),
      reads: 1 + Math.floor(random() * 24),
      window: 1 + Math.floor(random() * 14),
      alpha: 0.8 + 0.7 * random(),
      garbage: kept ? 0 : stored * random() * 0.6,
      uploads: kept ? 0 : stored * (0.02 + 0.03 * random()),
      noncurrent: versioned ? stored * random() * 0.8 : 0,
      noncurrentOld: 0.5 + 0.5 * random(),
      versioned,
      measured: random() < 0.6,
      lineage: random() < 0.6,
      tiered: kept,
      open: 0.05 + 0.15 * random(),
    }
  })
}

/** Share of a day's partition that is read on a day, 1 = once as a whole; `day` 0 is the start of observation. */
export function readShare(truth: Truth, age: number, day: number): number {
  const hot = age < truth.window ? truth.reads : 0
  switch (truth.pattern) {
    case 'hot':
      return hot
    case 'power':
      return truth.reads * (1 + age) ** -truth.alpha * 0.5
    case 'month-end':
      return hot + (day % 30 === 29 ? 1 : 0)
    case 'audit':
      return hot + (day === 120 ? 1 : 0)
    case 'never':
      return age < 3 ? 1 : 0
    case 'turns-hot':
      return hot + (day >= 100 ? 0.5 : 0)
  }
}

/** GiB that were read a day over the days that were watched, the sum and the busiest week. */
function readsSeen(truth: Truth): { sum: number; busiest: number; gets: number } {
  const weeks: number[] = []
  let sum = 0
  for (let day = 0; day < FROZEN_DAY; day++) {
    let read = 0
    for (let age = 0; age < HISTORY_DAYS; age++) read += truth.daily * readShare(truth, age, day)
    sum += read
    const week = Math.floor(day / 7)
    weeks[week] = (weeks[week] ?? 0) + read
  }
  return { sum, busiest: Math.max(...weeks), gets: ((sum * 1_024) / truth.fileMib) * 3 }
}

export function telemetryOf(world: readonly Truth[]): readonly Fact[] {
  return world.flatMap((truth) => [bucketOf(truth), tableOf(truth), ...commitsOf(truth), ...lineageOf(truth)])
}

function bucketOf(truth: Truth): BucketFact {
  const { name, daily, garbage, uploads, noncurrent } = truth
  const live = daily * HISTORY_DAYS
  const stored = live + garbage + noncurrent
  const seen = truth.measured ? readsSeen(truth) : null
  const document = truth.tiered
    ? '{"Rules":[{"ID":"tier","Status":"Enabled","Filter":{"Prefix":""},"Transitions":[{"Days":0,"StorageClass":"INTELLIGENT_TIERING"}]}]}'
    : '{"Rules":[]}'
  return {
    kind: 'bucket',
    id: `s3://${name}`,
    source: 's3',
    bucket: name,
    region: 'us-east-1',
    asOf: NOW,
    bytes: truth.tiered
      ? { STANDARD: bytes(0), INTELLIGENT_TIERING: bytes(stored * GIB) }
      : { STANDARD: bytes(stored * GIB) },
    objects: Math.ceil((stored * 1_024) / truth.fileMib),
    bytesAMonthAgo: bytes((stored - daily * 30) * GIB),
    versioning: truth.versioned ? 'enabled' : 'off',
    lifecycle: truth.tiered
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
          },
    partial: [],
  }
}

function tableOf(truth: Truth): TableFact {
  const { name, daily, fileMib, garbage } = truth
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
const commitsOf = ({ name, daily, fileMib }: Truth): readonly CommitFact[] =>
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
function lineageOf(truth: Truth): readonly Fact[] {
  if (!truth.lineage) return []
  const id = `flows/${truth.name}`
  const runs = Array.from({ length: Math.min(truth.reads, 24) * 30 }, (_, i) => ({
    kind: 'run',
    id: `${id}/${i}`,
    pipelineId: id,
    at: timestamp(NOW - ((i + 1) * 30 * DAY) / (truth.reads * 30 + 1)),
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
    from: `s3://${truth.name}/events`,
    to: `job:flows/${truth.name}`,
    lastSeen: NOW,
  }
  const pipeline = {
    kind: 'pipeline',
    id,
    source: 'flows',
    pipeline: truth.name,
    namespace: 'flows',
    name: truth.name,
    vanished: null,
    paused: null,
    endless: false,
    schedule: null,
  }
  return [edge, pipeline, ...runs] as unknown as readonly Fact[]
}
