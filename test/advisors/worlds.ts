// Worlds for the contract suite: one that every advisor has something to say about, and one of which nothing is known.
import type { Fact, TableFact } from '../../src/model/facts.ts'
import { GIB, MIB, bytes } from '../../src/model/units.ts'
import { aTable } from '../model/a-table.ts'

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
    },
  })

export const someWorld = (): readonly Fact[] => [badlyKept()]

export const unknownWorld = (): readonly Fact[] => [
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
]
