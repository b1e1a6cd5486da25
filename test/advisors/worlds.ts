// Worlds for the contract suite: one that every advisor has something to say about, and one of which nothing is known.
import type { BucketFact } from '../../src/model/bucket.ts'
import type { Fact, TableFact } from '../../src/model/facts.ts'
import { DAY, GIB, MIB, bytes, timestamp } from '../../src/model/units.ts'
import { NOW, aTable } from '../model/a-table.ts'
import { aHost, aMeasure } from '../model/a-usage.ts'
import { aPipeline, hourly } from './runs.ts'
import { aJob, unknownJob } from './jobs.ts'

const badlyKept = (): TableFact =>
  aTable({
    files: 5_000,
    bytes: bytes(40 * GIB),
    clustering: [],
    deletes: { files: 0, deletionVectors: 900, equalityFiles: 0, rows: 90_000, share: 0.2 },
    reclaimable: { bytes: bytes(2_000 * GIB), exactness: 'lower bound', how: 'removed long ago' },
    partitions: {
      columns: ['day', 'device'],
      count: 5_000,
      medianBytes: bytes(8 * MIB),
      largestBytes: bytes(GIB),
      largest: 'day=2026-11-01/device=7',
      skew: 128,
      belowGib: 1,
    },
    layout: {
      planner: 'OPTIMIZE, files of 1.00 GiB (its default)',
      smallBelow: GIB,
      rewrite: { partitions: 1, files: 5_000, bytes: bytes(40 * GIB), outputs: 40 },
      partitions: [],
      skipping: {
        files: 4_000,
        of: 5_000,
        outputs: 40,
        omitted: 0,
        columns: [
          {
            column: 'ordered_at',
            type: 'timestamp',
            unbounded: 0,
            depth: { average: 3_000, p90: 4_000 },
            now: { equality: 0.9, range: 0.9 },
            sorted: { equality: 0.03, range: 0.05 },
            zOrdered: { equality: 0.16, range: 0.3 },
            distinct: { atLeast: 4_000, atMost: null },
          },
        ],
      },
    },
  })

/** Cold data in STANDARD, and what nobody cleans up. */
export const aBucket = (change: Partial<BucketFact> = {}): BucketFact => ({
  kind: 'bucket',
  id: 's3://archive',
  source: 's3',
  bucket: 'archive',
  region: 'us-east-1',
  asOf: NOW,
  bytes: { STANDARD: bytes(50_000 * GIB) },
  objects: 1_000_000,
  bytesAMonthAgo: bytes(45_000 * GIB),
  versioning: 'enabled',
  lifecycle: [],
  lifecycleDocument: '{"Rules":[]}',
  unfinishedUploads: { count: 12, oldest: timestamp(NOW - 90 * DAY), bytes: bytes(900 * GIB) },
  noncurrent: { objects: 40_000, bytes: bytes(5_000 * GIB) },
  locked: false,
  replicated: false,
  access: null,
  partial: [],
  ...change,
})

export const someWorld = (): readonly Fact[] => [
  aHost(),
  aPipeline(),
  ...hourly(100, () => ({ processed: 0 })),
  badlyKept(),
  aBucket(),
  ...aJob(),
]

export const unknownWorld = (): readonly Fact[] => [
  aHost({ measures: { CPUUtilization: aMeasure({ from: null, to: null, p995: null, byHourOfWeek: null }) } }),
  aPipeline(),
  ...hourly(100, () => ({ processed: null, startedAt: null, endedAt: null, state: 'unknown' })),
  aTable({
    files: null,
    bytes: null,
    rows: null,
    fileSizes: null,
    partitions: null,
    layout: null,
    deletes: null,
    snapshots: null,
    oldestSnapshot: null,
    reclaimable: null,
    lastChange: null,
    lastCommit: null,
  }),
  aBucket({
    bytes: null,
    objects: null,
    bytesAMonthAgo: null,
    versioning: null,
    lifecycle: null,
    lifecycleDocument: null,
    unfinishedUploads: null,
    noncurrent: null,
    locked: null,
    replicated: null,
  }),
  ...unknownJob(),
]
