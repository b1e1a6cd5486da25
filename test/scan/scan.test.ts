import { expect, test } from 'vitest'
import { DAY, HOUR, bytes, timestamp } from '../../src/model/units.ts'
import { scanJson, scanText } from '../../src/scan/scan.ts'
import { NOW, aTable } from '../model/a-table.ts'

const bare = aTable({
  table: 'bronze/new',
  location: 's3://lake/bronze/new',
  format: 'iceberg',
  formatVersion: '2',
  version: null,
  partial: ['no catalog: the newest metadata file was taken, best effort'],
  lastChange: null,
  lastCommit: null,
  created: null,
  eventTime: null,
  rows: null,
  files: null,
  bytes: null,
  fileSizes: null,
  partitions: null,
  deletes: null,
  snapshots: null,
  oldestSnapshot: null,
  reclaimable: null,
  clustering: [],
  lastCompaction: null,
  columns: [],
  schemaChanges: [],
})
const hostile = aTable({
  table: 'evil\u001b[2J\u202Ename',
  location: 's3://lake/evil',
  rowsExactness: 'upper bound',
  deletes: { files: 3, deletionVectors: 0, equalityFiles: 2, rows: null, share: null },
  partitions: {
    columns: [],
    count: 0,
    medianBytes: bytes(0),
    largestBytes: bytes(0),
    largest: '',
    skew: 1,
    belowGib: 0,
  },
  lastExpiry: timestamp(NOW - 3 * DAY),
  lastVacuum: timestamp(NOW - 49 * HOUR),
})
const found = {
  tables: [aTable(), bare, hostile],
  problems: [{ location: 's3://lake/broken', reason: 'corrupt' as const, message: 'read 3.json: not JSON' }],
  advice: [],
  needs: [],
  badInput: false,
}

test('a scan as text', async () => {
  await expect(scanText(found, { now: NOW, colour: false, summary: false })).toMatchFileSnapshot(
    'golden/scan.txt',
  )
})

test('a scan as JSON has ISO times and null for what is unknown', async () => {
  await expect(`${JSON.stringify(scanJson(found), null, 2)}\n`).toMatchFileSnapshot('golden/scan.json')
})

test('nothing from outside reaches the terminal as a control character', () => {
  const text = scanText(found, { now: NOW, colour: false, summary: false })

  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  expect(text).toContain('evil\\u001b[2J\\u202ename')
})
