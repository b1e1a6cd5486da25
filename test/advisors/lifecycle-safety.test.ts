// No document that is proposed or merged takes a file that a table needs: judged by a reading of S3's rules of our own.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Trial,
  advise,
  adviseAll,
  explainHarm,
  loadPrices,
  planLifecycle,
} from '../../src/advisors/advisors.ts'
import { ownRules } from '../../src/advisors/lifecycle/document.ts'
import { printTried, tryRules } from '../../src/commands/try-rules.ts'
import type { AdviceFact } from '../../src/model/advice.ts'
import { type LifecycleDocument, rulesOf } from '../../src/model/lifecycle-rules.ts'
import type { TableFact } from '../../src/model/facts.ts'
import type { TableFile } from '../../src/model/table-files.ts'
import { DAY, GIB, KIB, MIB, bytes, timestamp } from '../../src/model/units.ts'
import { testIo } from '../collectors/connect.ts'
import { PROTOCOL, add, commit, info, metaData, remove } from '../formats/delta/write-log.ts'
import { SCHEMA } from '../collectors/lake/delta-lake.ts'
import { memoryObjects } from '../memory-objects.ts'
import { NOW, aTable } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { aBucket } from './worlds.ts'

const prices = loadPrices()
type Rule = LifecycleDocument['Rules'][number]

/** Read from S3's own words: does this rule, some day, expire the object or put it where a GET fails? */
function takesOne(rule: Rule, key: string, size: number): boolean {
  if (rule['Status'] !== 'Enabled') return false
  const filter = (rule['Filter'] ?? {}) as Record<string, unknown>
  const all = { ...filter, ...(filter['And'] as object | undefined) } as Record<string, unknown>
  const prefix = ((all['Prefix'] as string | undefined) ?? (rule['Prefix'] as string | undefined)) || ''
  if (!key.startsWith(prefix)) return false
  const [over, under] = [all['ObjectSizeGreaterThan'], all['ObjectSizeLessThan']]
  if (typeof over === 'number' && size <= over) return false
  if (typeof under === 'number' && size >= under) return false
  const expiration = rule['Expiration'] as { Days?: number; Date?: string } | undefined
  if (expiration?.Days !== undefined || expiration?.Date !== undefined) return true
  const moves = (rule['Transitions'] ?? []) as ReadonlyArray<{ StorageClass: string }>
  return moves.some(({ StorageClass: to }) => ['GLACIER', 'DEEP_ARCHIVE', 'SOMETHING_NEW'].includes(to))
}
const takes = ({ Rules }: LifecycleDocument, key: string, size: number): boolean =>
  Rules.some((rule) => takesOne(rule, key, size))

const folder = fc
  .array(fc.constantFrom('gold', 'silver', 'orders', 'orders_old', 'data', 'tmp'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.join('/'))
const aTableIn = fc
  .record({
    folder,
    format: fc.constantFrom('delta', 'iceberg', 'hive', 'hudi'),
    partition: fc.option(fc.constantFrom('day', 'country')),
    dataPath: fc.option(folder),
  })
  .map(({ folder: path, format, partition, dataPath }) => {
    const elsewhere = format === 'iceberg' && dataPath !== null
    const data = elsewhere ? dataPath : format === 'iceberg' ? `${path}/data` : path
    const metadata = { delta: '_delta_log', iceberg: 'metadata', hive: '', hudi: '.hoodie' }[format]
    const inside = partition === null ? '' : `${partition}=1/`
    const table = aTable({
      id: `s3://lake/${path}`,
      table: path,
      location: `s3://lake/${path}`,
      format: format as TableFact['format'],
      partitions: { ...aTable().partitions!, columns: partition === null ? [] : [partition] },
      properties: elsewhere ? { 'write.data.path': `s3://lake/${dataPath}` } : {},
    })
    const needed: ReadonlyArray<readonly [key: string, size: number]> = [
      [`${data}/${inside}part-0000.parquet`, 300 * MIB],
      [`${data}/${inside}part-0001.parquet`, KIB],
      ...(metadata === ''
        ? []
        : [[`${path}/${metadata}/00000000000000000010.checkpoint.parquet`, 500 * KIB] as const]),
      ...(metadata === '' ? [] : [[`${path}/${metadata}/00000000000000000001.json`, KIB] as const]),
    ]
    return { table, needed }
  })

const aRule = fc
  .record({
    prefix: fc.oneof(
      fc.constant(''),
      folder,
      folder.map((path) => `${path}/`),
      fc.constantFrom('gold/orders/_delta_log/', 'tmp/'),
    ),
    days: fc.integer({ min: 1, max: 400 }),
    action: fc.constantFrom('expire', 'date', 'archive', 'new', 'cool', 'noncurrent', 'marker', 'abort'),
    enabled: fc.boolean(),
    larger: fc.option(fc.constantFrom(10 * KIB, MIB, GIB)),
  })
  .map(({ prefix, days, action, enabled, larger }) => ({
    Status: enabled ? 'Enabled' : 'Disabled',
    Filter: larger === null ? { Prefix: prefix } : { And: { Prefix: prefix, ObjectSizeGreaterThan: larger } },
    ...{
      expire: { Expiration: { Days: days } },
      date: { Expiration: { Date: '2026-01-01' } },
      archive: { Transitions: [{ Days: days, StorageClass: 'DEEP_ARCHIVE' }] },
      new: { Transitions: [{ Days: days, StorageClass: 'SOMETHING_NEW' }] },
      cool: { Transitions: [{ Days: days, StorageClass: 'STANDARD_IA' }] },
      noncurrent: { NoncurrentVersionExpiration: { NoncurrentDays: days } },
      marker: { Expiration: { ExpiredObjectDeleteMarker: true } },
      abort: { AbortIncompleteMultipartUpload: { DaysAfterInitiation: days } },
    }[action],
  }))
const aDocument = fc
  .array(aRule, { maxLength: 4 })
  .map((rules) => ({ Rules: rules.map((rule, i) => ({ ID: `theirs-${i}`, ...rule })) }))

const access = fc.option(
  fc.record({
    days: fc.constantFrom(10, 60, 400),
    gets: fc.nat(1e6),
    read: fc.nat(100_000),
  }),
)

const aWorld = fc
  .record({
    tables: fc.uniqueArray(aTableIn, { maxLength: 3, selector: ({ table }) => table.id }),
    document: aDocument,
    access,
  })
  .map(({ tables, document, access: reads }) => ({
    tables,
    document,
    bucket: aBucket({
      id: 's3://lake',
      bucket: 'lake',
      lifecycle: rulesOf(document),
      lifecycleDocument: JSON.stringify(document),
      access:
        reads === null
          ? null
          : {
              from: 'generated',
              days: reads.days,
              gets: reads.gets,
              bytesRead: bytes(reads.read * GIB),
              busiestMonth: bytes(reads.read * GIB),
            },
    }),
  }))

describe('what is proposed', () => {
  test('takes no file that a table needs which was not taken before; what is advised against takes none', () => {
    let proposed = 0
    fc.assert(
      fc.property(aWorld, ({ tables, document, bucket }) => {
        const facts = [bucket, ...tables.map(({ table }) => table)]
        const { advice } = advise(factView(facts), prices, NOW)
        for (const one of advice.filter(({ change }) => change.format === 's3-lifecycle-json')) {
          proposed += 1
          const after = JSON.parse(one.change.after) as LifecycleDocument
          const added = ownRules(after)
          for (const [key, size] of tables.flatMap(({ needed }) => needed)) {
            expect(takes({ Rules: added }, key, size)).toBe(false)
            if (takes(after, key, size)) expect(takes(document, key, size)).toBe(true)
            if (one.topic === 'unsafe-lifecycle') expect(takes(after, key, size)).toBe(false)
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(proposed).toBeGreaterThan(100)
  })

  test('nor does what is merged with a document that others changed meanwhile', () => {
    let merged = 0
    fc.assert(
      fc.property(aWorld, aDocument, ({ tables, bucket }, current) => {
        const known = tables.map(({ table }) => table)
        const { facts } = adviseAll(factView([bucket, ...known]), prices, NOW)
        for (const { advice } of facts.filter((fact): fact is AdviceFact => fact.kind === 'advice')) {
          const planned = planLifecycle(advice, JSON.stringify(current), known)
          if ('refused' in planned) continue
          merged += 1
          const next = JSON.parse(planned.plan.next) as LifecycleDocument
          for (const [key, size] of tables.flatMap(({ needed }) => needed))
            if (takes(next, key, size)) expect(takes(current, key, size)).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
    expect(merged).toBeGreaterThan(50)
  })
})

describe('every key is tried', () => {
  const roles = fc.constantFrom('live', 'retained', 'expired', 'metadata', 'orphan', 'unknown')
  const file: fc.Arbitrary<TableFile> = fc.record({
    key: fc
      .tuple(folder, fc.constantFrom('part-1.parquet', '_delta_log/1.json'))
      .map((parts) => parts.join('/')),
    size: fc.constantFrom(KIB, 2 * MIB, 2 * GIB),
    role: roles,
  })

  test('harm is told exactly where a rule takes in a file that is needed', () => {
    fc.assert(
      fc.property(aDocument, fc.array(file, { maxLength: 20 }), (document, files) => {
        const trial = new Trial(rulesOf(document), aTable({ location: 's3://lake/gold' }))
        for (const one of files) trial.take(one)
        const tried = trial.done()
        const needed = files.filter(({ role }) => ['live', 'retained', 'metadata'].includes(role))
        for (const rule of document.Rules) {
          const harmed = tried.filter(({ rule: id, harm }) => id === rule.ID && harm.length > 0)
          const wanted = needed.filter(({ key, size }) => takesOne(rule, key, size!))
          expect(harmed.reduce((sum, one) => sum + one.files, 0)).toBe(wanted.length)
        }
        expect(explainHarm(tried) === '').toBe(tried.every(({ harm }) => harm.length === 0))
      }),
    )
  })

  /** A live file, an old one that time travel needs, one past it, one of nobody, and the log. */
  function world() {
    const objects = memoryObjects('s3://lake')
    const put = (key: string, size: number) =>
      objects.put(`gold/orders/${key}`, 'x'.repeat(size), NOW - 90 * DAY)
    const log = {
      ...objects,
      put: (key: string, text: string | Uint8Array, at?: number) =>
        objects.put(`gold/orders/${key}`, text, at),
    }
    commit(log, 0, NOW - 60 * DAY, [
      info('WRITE', NOW - 60 * DAY),
      PROTOCOL,
      metaData(SCHEMA, ['day']),
      ...['day=1/live', 'day=1/retained', 'day=1/expired'].map((name) => add(`${name}.parquet`, 10)),
    ])
    commit(log, 1, NOW - 30 * DAY, [
      info('DELETE', NOW - 30 * DAY),
      remove('day=1/expired.parquet', NOW - 30 * DAY),
    ])
    commit(log, 2, NOW - DAY, [info('DELETE', NOW - DAY), remove('day=1/retained.parquet', NOW - DAY)])
    for (const name of ['live', 'retained', 'expired', 'orphan']) put(`day=1/${name}.parquet`, 10)
    const io = { ...testIo(), clock: { ...testIo().clock, now: () => timestamp(NOW) } }
    const at = (location: string) => objects.store.below(location.replace('s3://lake/', ''))
    const table = aTable()
    const tryOn = (rule: object, tables: readonly TableFact[] = [table]) =>
      tryRules({
        io: { ...io, objects: at },
        bucket: 'lake',
        rules: rulesOf({ Rules: [{ ID: 'r', Status: 'Enabled', ...rule } as Rule] }),
        tables,
        place: { region: undefined, endpoint: undefined },
        signal: AbortSignal.timeout(10_000),
      })
    return { objects, tryOn, table }
  }

  test('by what the log says now: live, retained, expired, orphan, metadata', async () => {
    const { tryOn } = world()
    const { tried, blind } = await tryOn({ Filter: { Prefix: 'gold/' }, Expiration: { Days: 30 } })
    expect(blind).toEqual([])
    expect(printTried(tried)).toBe(
      'tried   rule r takes in of gold/orders: 1 live, 1 retained, 3 metadata, 1 expired, 1 orphan files\n',
    )
    expect(explainHarm(tried)).toContain(
      'rule r: gold/orders: expires 1 live files after 30 days:\n  gold/orders/day=1/live.parquet',
    )
    expect(explainHarm(tried)).not.toContain('orphan')
  })

  test('a rule that moves files to where they answer at once does no harm, and is counted', async () => {
    const { tryOn } = world()
    const cool = {
      Filter: { Prefix: 'gold/orders/day=' },
      Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }],
    }
    const { tried } = await tryOn(cool)
    expect(explainHarm(tried)).toBe('')
    expect(printTried(tried)).toContain('1 live, 1 retained, 1 expired, 1 orphan files')
  })

  test('a table that cannot be read stops a rule that could harm it, and no other', async () => {
    const { tryOn, objects } = world()
    objects.remove('gold/orders/day=1/live.parquet')
    const expire = { Filter: { Prefix: 'gold/orders/day=2' }, Expiration: { Days: 30 } }
    expect((await tryOn(expire)).blind).toEqual([
      'gold/orders: 1 of 1 live files of s3://lake/gold/orders were not found in its folder: where they lie is not known',
    ])
    const cool = { Filter: { Prefix: '' }, Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }] }
    expect((await tryOn(cool)).blind).toEqual([])
    expect((await tryOn({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } })).tried).toEqual([])
  })
})
