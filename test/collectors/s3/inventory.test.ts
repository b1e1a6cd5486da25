// S3 Inventory: both formats count the same as a simple loop does; what is damaged, foreign or hostile is refused.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readInventory } from '../../../src/collectors/s3/inventory.ts'
import { InventoryTally, folderPrefix } from '../../../src/collectors/s3/inventory-tally.ts'
import { fieldsOf } from '../../../src/formats/s3/csv.ts'
import { csvRows } from '../../../src/formats/s3/inventory-rows.ts'
import type { BucketInventory } from '../../../src/model/bucket.ts'
import { DAY, GIB, KIB, timestamp } from '../../../src/model/units.ts'
import { memoryObjects } from '../../memory-objects.ts'
import { NOW } from '../../model/a-table.ts'
import { COLUMNS, type Version, csvOf, inventoryReport } from './reports.ts'

const AT = timestamp(NOW - DAY)

const version = fc.record({
  key: fc
    .array(fc.constantFrom('gold', 'silver', 'a b', 'ö', 'x+y', 'd=1', '%41', 'f"g'), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join('/')),
  size: fc.oneof(fc.nat(200 * KIB), fc.integer({ min: 0, max: 5 * GIB })),
  modified: fc.integer({ min: 0, max: 900 }).map((days) => AT - days * DAY),
  storageClass: fc.constantFrom('STANDARD', 'GLACIER', 'INTELLIGENT_TIERING'),
  isLatest: fc.boolean(),
  isDeleteMarker: fc.boolean(),
}) satisfies fc.Arbitrary<Version>

async function readReport(
  files: ReadonlyArray<readonly Version[]>,
  more: { format?: 'CSV' | 'Parquet' | 'ORC'; change?: (objects: Map<string, Uint8Array>) => void } = {},
) {
  const world = memoryObjects('s3://reports')
  const objects = inventoryReport({ prefix: 'inv', bucket: 'lake', at: AT, files, ...more })
  more.change?.(objects)
  for (const [key, bytes] of objects) world.put(key, bytes)
  const ask = {
    destination: world.store,
    prefix: 'inv',
    bucket: 'lake',
    now: NOW,
    signal: AbortSignal.timeout(10_000),
  }
  return { read: await readInventory(ask, null), ask, world }
}

describe('counts', () => {
  test.for(['CSV', 'Parquet'] as const)('%s: every byte once, as a loop would count', async (format) => {
    await fc.assert(
      fc.asyncProperty(fc.array(version, { maxLength: 60 }), async (rows) => {
        const { read } = await readReport([rows.slice(0, 20), rows.slice(20)], { format })
        const report = read!.report
        const alive = rows.filter(({ isDeleteMarker }) => !isDeleteMarker)
        const sum = (list: readonly Version[]) => ({
          objects: list.length,
          bytes: list.reduce((all, { size }) => all + size, 0),
        })
        const current = alive.filter(({ isLatest }) => isLatest)
        expect(report).toMatchObject({ rows: rows.length, badRows: 0, filesLeftOut: 0, asOf: AT, format })
        expect(report.current).toEqual(sum(current))
        expect(report.deleteMarkers).toBe(rows.length - alive.length)
        const replaced = alive.filter(({ isLatest }) => !isLatest)
        const old = (list: readonly Version[]) =>
          sum(list.filter(({ modified }) => AT - modified >= 30 * DAY))
        expect(report.noncurrent).toEqual({ ...sum(replaced), old: old(replaced) })
        for (const { fromDays, ...counted } of report.ages)
          expect(counted).toEqual(
            sum(current.filter(({ modified }) => groupOf((AT - modified) / DAY) === fromDays)),
          )
        for (const [storageClass, counted] of Object.entries(report.byClass))
          expect(counted).toEqual(sum(current.filter((row) => row.storageClass === storageClass)))
        for (const { prefix, objects, bytes, old: cold, noncurrent } of report.prefixes) {
          const inside = ({ key }: Version) => folderPrefix(key, 3) === prefix
          expect({ objects, bytes }).toEqual(sum(current.filter(inside)))
          expect(cold).toEqual(old(current.filter(inside)))
          expect(noncurrent).toEqual(sum(replaced.filter(inside)))
        }
        expect(total(report.sizes)).toBe(report.current.bytes)
        expect(total(report.prefixes) + report.otherPrefixes.bytes).toBe(report.current.bytes)
      }),
      { numRuns: 25 },
    )
  })

  const total = (groups: ReadonlyArray<{ readonly bytes: number }>) =>
    groups.reduce((sum, { bytes }) => sum + bytes, 0)
  const groupOf = (days: number) =>
    [0, 15, 30, 45, 60, 75, 90, 120, 150, 180, 365, 730].findLast((from) => days >= from)

  test('folders beyond the limit are counted together: nothing is lost', () => {
    const tally = new InventoryTally(AT)
    for (let i = 0; i < 25_000; i++)
      tally.take({
        key: `f${i}/x`,
        size: 1,
        modified: AT,
        storageClass: 'STANDARD',
        isLatest: true,
        isDeleteMarker: false,
      })
    const report: BucketInventory = tally.done({ format: 'CSV', badRows: 0, filesLeftOut: 0 }, false)
    expect(report.prefixes).toHaveLength(200)
    expect(report.otherPrefixes).toEqual({ objects: 24_800, bytes: 24_800 })
    expect(report.noncurrent).toBeNull()
  })
})

describe('reports', () => {
  const rows: Version[] = [{ key: 'a/b', size: 5, modified: AT }]

  test('the newest one that is finished; the same one is not read twice', async () => {
    const { ask, world, read } = await readReport([rows])
    const begun = `inv/lake/daily/${new Date(NOW).toISOString().slice(0, 10)}T00-00Z`
    world.put(`${begun}/manifest.checksum`, 'not yet')
    world.requests()
    const again = await readInventory(ask, read)
    expect(again).toBe(read)
    expect(world.requests().filter((asked) => asked.startsWith('get'))).toEqual([])
    const newer = inventoryReport({ prefix: 'inv', bucket: 'lake', at: NOW, files: [[...rows, ...rows]] })
    for (const [key, bytes] of newer) world.put(key, bytes)
    expect((await readInventory(ask, read))?.report.rows).toBe(2)
  })

  test('none of the last 45 days is none', async () => {
    const { ask } = await readReport([rows])
    expect(await readInventory({ ...ask, now: timestamp(NOW + 60 * DAY) }, null)).toBeNull()
    expect(await readInventory({ ...ask, bucket: 'other' }, null)).toBeNull()
  })

  const replaceOne = (ending: string, change: (bytes: Uint8Array) => Uint8Array) => ({
    change(objects: Map<string, Uint8Array>) {
      for (const [key, bytes] of objects) if (key.endsWith(ending)) objects.set(key, change(bytes))
    },
  })
  const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')
  /** Its manifest and checksum are in order. */
  const bomb = {
    change(objects: Map<string, Uint8Array>) {
      const bytes = gzipSync(Buffer.alloc(7 * 1_048_576, '\n'), { level: 1 })
      const key = [...objects.keys()].find((one) => one.endsWith('.csv.gz'))!
      const manifest = [...objects.keys()].find((one) => one.endsWith('manifest.json'))!
      const told = JSON.parse(Buffer.from(objects.get(manifest)!).toString()) as object
      const files = [{ key, size: bytes.length, MD5checksum: md5(bytes) }]
      const text = Buffer.from(JSON.stringify({ ...told, files }))
      objects.set(key, bytes)
      objects.set(manifest, text)
      objects.set(manifest.replace('.json', '.checksum'), Buffer.from(md5(text)))
    },
  }
  test.for<[string, Parameters<typeof readReport>[1], RegExp]>([
    ['ORC', { format: 'ORC' }, /ORC files, which are not read: set the format/],
    [
      'a manifest that was changed',
      replaceOne('manifest.json', (bytes) => Buffer.concat([bytes, Buffer.from(' ')])),
      /manifest.json has the MD5 \w{32}, its checksum file says otherwise/,
    ],
    [
      'a file that was changed',
      replaceOne('.csv.gz', () => gzipSync(csvOf('lake', [{ key: 'x', size: 9, modified: AT }]))),
      /0.csv.gz has the MD5 \w{32}, its manifest says/,
    ],
    ['a file that is no gzip', replaceOne('.csv.gz', () => Buffer.from('plain')), /cannot be inflated/],
    [
      'a file larger than its manifest says',
      replaceOne('.csv.gz', (bytes) => Buffer.concat([bytes, bytes])),
      /0.csv.gz: too-large/,
    ],
    ['a bomb', bomb, /0.csv.gz inflates to more than 6553600 bytes/],
  ])('%s is refused', async ([, more, message]) => {
    await expect(readReport([rows], more)).rejects.toThrow(message)
  })
})

describe('rows', () => {
  test('a CSV line is what was quoted', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', ' ', 'ö', '%') })
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        const line = fields.map((text) => `"${text.replaceAll('"', '""')}"`).join(',')
        expect(fieldsOf(line)).toEqual(fields)
      }),
    )
  })

  test.for([
    ['too few fields', '"lake","a"'],
    ['an open quote', '"lake","a","v","true","false","1","2026-01-01T00:00:00Z","STANDARD'],
    ['no size', '"lake","a","v","true","false","","2026-01-01T00:00:00Z","STANDARD"'],
    ['a negative size', '"lake","a","v","true","false","-1","2026-01-01T00:00:00Z","STANDARD"'],
    ['a broken encoding', '"lake","%E0%A4%A","v","true","false","1","2026-01-01T00:00:00Z","STANDARD"'],
    ['no key', '"lake","","v","true","false","1","2026-01-01T00:00:00Z","STANDARD"'],
  ])('%s is no row', ([, line]) => {
    expect(csvRows(COLUMNS.split(', '))(line!)).toBeUndefined()
  })

  test('bad lines are counted and told, the others count', async () => {
    const bad = csvOf('lake', [{ key: 'a', size: 5, modified: AT }]).replace('"5"', '"five"')
    const tally = new InventoryTally(AT)
    const rowOf = csvRows(COLUMNS.split(', '))
    expect(rowOf(bad.trim())).toBeUndefined()
    tally.take(rowOf(csvOf('lake', [{ key: 'x+y z', size: 5, modified: AT }]).trim())!)
    expect(tally.done({ format: 'CSV', badRows: 1, filesLeftOut: 0 }, true).current.objects).toBe(1)
  })
})
