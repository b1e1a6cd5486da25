// Buckets: every break-even as a table, rules that would break tables refused, documents merged without loss.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advise, loadPrices } from '../../src/advisors/advisors.ts'
import { leastObject, monthIn, readLimit, tieringLimit } from '../../src/advisors/lifecycle/break-even.ts'
import { merge, ownRules } from '../../src/advisors/lifecycle/document.ts'
import { movableFrom } from '../../src/advisors/lifecycle/listed.ts'
import { violations } from '../../src/advisors/lifecycle/safety.ts'
import { meterLines } from '../../src/advisors/prices.ts'
import { priceBill, ratesOf } from '../../src/bill/bill.ts'
import type { BucketFact, StorageClass } from '../../src/model/bucket.ts'
import { type LifecycleDocument, parseDocument, rulesOf } from '../../src/model/lifecycle-rules.ts'
import type { Fact, TableFact } from '../../src/model/facts.ts'
import { DAY, GIB, KIB, bytes, timestamp } from '../../src/model/units.ts'
import { NOW, aTable } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { aBucket } from './worlds.ts'
import fs from 'node:fs'

const prices = loadPrices()

describe('break-even', () => {
  test.for<[StorageClass, StorageClass, number]>([
    ['STANDARD', 'STANDARD_IA', 1.05],
    ['STANDARD', 'GLACIER_IR', 0.633],
    ['STANDARD_IA', 'GLACIER_IR', 0.425],
  ])('%s → %s up to %d full reads a month', ([from, to, reads]) => {
    expect(readLimit(prices, from, to)).toBeCloseTo(reads, 3)
  })

  // KiB by months: below it an object is not worth its transition.
  test.for<[number, number, number, number, number]>([
    [1, 999, 1_104, 1_637, 2_392],
    [3, 333, 368, 556, 804],
    [6, 166, 184, 286, 407],
    [12, 128, 128, 151, 208],
  ])('smallest object for %d months: %d, %d, %d and %d KiB', ([months, ...sizes]) => {
    const classes: readonly StorageClass[] = ['STANDARD_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE']
    const found = classes.map((to) => Math.round(leastObject(prices, to, months)! / KIB))
    // The reference rounds each to whole KiB; one of them, 166.4 and the like, either way.
    for (const [i, size] of sizes.entries()) expect(Math.abs(found[i]! - size)).toBeLessThanOrEqual(1)
  })

  test('Intelligent-Tiering: its fee is its saving at 250 KiB, and at 138 KiB in the instant archive', () => {
    expect(Math.round(tieringLimit(prices, 'storage-infrequent')! / KIB)).toBe(250)
    expect(Math.round(tieringLimit(prices, 'storage-archive-instant')! / KIB)).toBe(138)
  })

  test('a year of a large GiB that nobody reads', () => {
    const months = 365 / 30
    const cost = (...parts: ReadonlyArray<readonly [meter: string, months: number]>): number =>
      parts.reduce((sum, [meter, count]) => sum + prices.price(`s3.${meter}`)!.usd * count, 0)
    const tiered = cost(
      ['INTELLIGENT_TIERING.storage', 1],
      ['INTELLIGENT_TIERING.storage-infrequent', 2],
      ['INTELLIGENT_TIERING.storage-archive-instant', months - 3],
    )
    expect(cost(['STANDARD.storage', months])).toBeCloseTo(0.28, 3)
    expect(tiered).toBeCloseTo(0.0847, 4)
    expect(cost(['STANDARD.storage', 1], ['GLACIER_IR.storage', months - 1])).toBeCloseTo(0.0677, 4)
    expect(cost(['GLACIER_IR.storage', months])).toBeCloseTo(0.0487, 4)
  })

  test('what the advisor says a month costs is what the calculator bills for it', () => {
    const rates = ratesOf(JSON.parse(fs.readFileSync('prices/aws.json', 'utf8')))
    const group = fc.record({
      bytes: fc.integer({ min: 0, max: 1_000 * GIB }),
      objects: fc.nat(1_000_000),
      gets: fc.nat(1_000_000),
      bytesRead: fc.integer({ min: 0, max: 1_000 * GIB }),
    })
    const storageClass = fc.constantFrom<StorageClass>(
      'STANDARD',
      'STANDARD_IA',
      'INTELLIGENT_TIERING',
      'GLACIER_IR',
      'DEEP_ARCHIVE',
    )
    fc.assert(
      fc.property(group, storageClass, (objects, to) => {
        const month = monthIn(to, objects)
        const mine = meterLines(prices, 'b', month)!.reduce((sum, { cost }) => sum + cost, 0)
        const theirs = priceBill(
          month.map(([meter, quantity]) => ({
            month: '2026-11-01',
            region: 'us-east-1',
            resource: 'b',
            meter,
            quantity,
          })),
          rates,
        )
        expect(theirs.total).toBeCloseTo(mine, 6)
      }),
    )
  })
})

const delta = (change: Partial<TableFact> = {}): TableFact =>
  aTable({ location: 's3://lake/gold/orders', table: 'gold/orders', ...change })
const rule = (more: object) => ({ ID: 'theirs', Status: 'Enabled', Filter: { Prefix: '' }, ...more })
const broken = (more: object, table = delta()) =>
  violations(rulesOf({ Rules: [rule(more)] }), 'lake', [table]).map(({ what }) => what)

describe('rules against live tables', () => {
  const expire = { Expiration: { Days: 30 } }
  const archive = { Transitions: [{ Days: 90, StorageClass: 'GLACIER' }] }

  test.for<[string, object, string[]]>([
    ['expires the bucket', expire, ['expires its data and metadata after 30 days']],
    [
      'expires by a date',
      { Expiration: { Date: '2026-01-01' } },
      ['expires its data and metadata after 0 days'],
    ],
    ['archives the bucket', archive, ['puts its data and metadata out of reach in GLACIER after 90 days']],
    [
      'archives a folder above',
      { ...archive, Filter: { Prefix: 'gold/' } },
      ['puts its data and metadata out of reach in GLACIER after 90 days'],
    ],
    [
      'expires the log only',
      { ...expire, Filter: { Prefix: 'gold/orders/_delta_log/' } },
      ['expires its data and metadata after 30 days'],
    ],
    [
      'expires one partition',
      { ...expire, Filter: { Prefix: 'gold/orders/day=2020' } },
      ['expires its data after 30 days'],
    ],
    [
      'is old and has its prefix on the rule',
      { ...expire, Filter: undefined, Prefix: 'gold' },
      ['expires its data and metadata after 30 days'],
    ],
    [
      'moves to an unknown class',
      { Transitions: [{ Days: 1, StorageClass: 'NEW' }] },
      ['puts its data and metadata out of reach in NEW after 1 days'],
    ],
    ['is disabled', { ...expire, Status: 'Disabled' }, []],
    ['is elsewhere', { ...expire, Filter: { Prefix: 'tmp/' } }, []],
    ['is of a sibling', { ...expire, Filter: { Prefix: 'gold/orders_old/' } }, []],
    ['moves to a synchronous class', { Transitions: [{ Days: 30, StorageClass: 'GLACIER_IR' }] }, []],
    ['ends uploads', { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }, []],
    ['ends old versions', { NoncurrentVersionExpiration: { NoncurrentDays: 30 } }, []],
    ['drops delete markers', { Expiration: { ExpiredObjectDeleteMarker: true } }, []],
  ])('one that %s', ([, more, found]) => {
    expect(broken(more)).toEqual(found)
  })

  test('guards of engines: tags of dropped files, the age from which files are archived', () => {
    const tagged = { ...expire, Filter: { And: { Prefix: '', Tags: [{ Key: 'dropped', Value: 'yes' }] } } }
    expect(broken(tagged)).toHaveLength(1)
    expect(broken(tagged, delta({ properties: { 's3.delete.tags.dropped': 'yes' } }))).toEqual([])
    const ofData = { ...archive, Filter: { Prefix: 'gold/orders/day=' } }
    expect(broken(ofData, delta({ properties: { 'delta.timeUntilArchived': '90 days' } }))).toEqual([])
    expect(broken(ofData, delta({ properties: { 'delta.timeUntilArchived': '180 days' } }))).toHaveLength(1)
    // The log is read with every query, whatever its age.
    expect(broken(archive, delta({ properties: { 'delta.timeUntilArchived': '90 days' } }))).toHaveLength(1)
  })

  test('folders elsewhere that a table writes to', () => {
    const table = delta({
      location: 's3://other/orders',
      format: 'iceberg',
      properties: { 'write.data.path': 's3://lake/data/orders', 'write.metadata.path': 's3a://lake/meta' },
    })
    expect(broken({ ...expire, Filter: { Prefix: 'data/' } }, table)).toEqual([
      'expires its data after 30 days',
    ])
    expect(broken({ ...expire, Filter: { Prefix: 'meta/x' } }, table)).toEqual([
      'expires its metadata after 30 days',
    ])
    expect(broken({ ...expire, Filter: { Prefix: 'tmp/' } }, table)).toEqual([])
  })

  test('any key below a table that an expiring prefix matches is found', () => {
    const part = fc.constantFrom('gold', 'orders', 'day=1', '_delta_log', 'o', 'x')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.nat(30), (parts, cut) => {
        const prefix = parts.join('/').slice(0, cut)
        const live = ['gold/orders/day=1/part-1.parquet', 'gold/orders/_delta_log/0.json']
        const found = broken({ ...expire, Filter: { Prefix: prefix } })
        expect(found.length > 0 || !live.some((key) => key.startsWith(prefix))).toBe(true)
      }),
    )
  })
})

const advised = (...world: readonly Fact[]) => advise(factView(world), prices, NOW)
const topics = (...world: readonly Fact[]): string[] => advised(...world).advice.map(({ topic }) => topic)
const quiet = (change: Partial<BucketFact> = {}): BucketFact =>
  aBucket({
    versioning: 'off',
    unfinishedUploads: { count: 0, oldest: null, bytes: bytes(0) },
    ...change,
  })
const read = (terabytes: number, days = 60) => ({
  from: 'request metrics',
  days,
  gets: 2_000_000,
  bytesRead: bytes(terabytes * 1_024 * GIB * 2),
  busiestMonth: bytes(terabytes * 1_024 * GIB),
})

describe('advice on buckets', () => {
  test('an inventory counts what metrics guess: objects that move, versions by age; a part of one counts nothing', () => {
    const group = (size: number, objects: number) => ({ objects, bytes: bytes(size) })
    const none = group(0, 0)
    const inventory: NonNullable<BucketFact['inventory']> = {
      asOf: NOW,
      format: 'CSV',
      rows: 1,
      badRows: 0,
      filesLeftOut: 0,
      current: none,
      byClass: {},
      ages: [],
      movable: [
        { fromDays: 0, ...group(10 * 1_024 * GIB, 100_000) },
        { fromDays: 60, ...group(20 * 1_024 * GIB, 50_000) },
      ],
      sizes: [],
      prefixes: [],
      otherPrefixes: none,
      noncurrent: { ...group(4_000 * GIB, 900), old: group(1_000 * GIB, 300) },
      deleteMarkers: 0,
    }
    expect(movableFrom(aBucket({ inventory }), 30)).toMatchObject(group(20 * 1_024 * GIB, 50_000))
    expect(movableFrom(aBucket({ inventory }), 0)).toMatchObject(group(30 * 1_024 * GIB, 150_000))
    expect(movableFrom(aBucket({ inventory: { ...inventory, filesLeftOut: 1 } }), 30)).toBeNull()
    expect(movableFrom(aBucket(), 30)).toBeNull()
    const expires = (change: Partial<BucketFact>) =>
      advised(quiet({ versioning: 'enabled', noncurrent: null, ...change })).advice.find(
        ({ topic }) => topic === 'noncurrent-versions',
      )
    expect(expires({})).toBeUndefined()
    // A quarter of 4,000 GiB was written a month ago: no more than that can go.
    expect(expires({ inventory })?.cost.savings?.p50).toBeCloseTo(1_000 * 0.023, 1)
    expect(expires({ inventory })?.inputsMissing).toEqual([])
  })

  test('a badly kept bucket, as text', async () => {
    const { advice } = advised(aBucket({ access: read(9) }))
    await expect(`${JSON.stringify(advice, null, 2)}\n`).toMatchFileSnapshot('golden/bucket.json')
  })

  test('without a sign of reads: measuring, and what is at stake', () => {
    const { advice, needs } = advised(quiet())
    expect(advice).toEqual([])
    expect(needs[0]?.collect).toMatch(
      /request metrics.*save up to \$313 a month .* and cost \$5\.25 if all of it were/,
    )
  })

  // Of 45 TB that are not replaced versions; a file is asked three times where all of it is read.
  const gets = (terabytes: number): number => terabytes * 2 * 1_024 * 20 * 3
  test.for<[string, Partial<BucketFact['access']>, number | null]>([
    ['nothing is read', { gets: 0, bytesRead: bytes(0), busiestMonth: bytes(0) }, 1],
    ['a fifth of it a month', { ...read(9), gets: gets(9) }, 0.795],
    // One column of each file: a tenth of the bytes, all of the objects.
    ['a fifth of its files a month, a column of each', { ...read(0.9), gets: gets(9) }, 0.795],
    ['all of it a month', { ...read(45), gets: gets(45) }, null],
    ['new data all day long, and nobody tells', { ...read(200), gets: gets(200) }, null],
    [
      'new data all day long, and its age is known',
      {
        ...read(200),
        gets: gets(200),
        byAge: [
          { fromDays: 0, stored: bytes(4_500 * GIB), bytesRead: bytes(400 * 1_024 * GIB) },
          { fromDays: 30, stored: bytes(40_500 * GIB), bytesRead: bytes(0) },
        ],
      },
      0.9,
    ],
    ['too few days', { ...read(0), gets: 0, days: 20 }, null],
  ])('Intelligent-Tiering where %s', ([, access, idle]) => {
    const { advice, needs } = advised(quiet({ access: { ...read(0), ...access } }))
    expect(advice.map(({ topic }) => topic)).toEqual(idle === null ? [] : ['intelligent-tiering'])
    if (idle === null) expect(needs.map(({ collect }) => collect).join()).toContain('storage class analysis')
    else {
      const share = advice[0]!.evidence.find(({ unit }) => unit === 'ratio')!
      expect(share.value).toBeCloseTo(idle, 2)
      // The range reaches from what is surely idle to all of it.
      const { p10, p50, p90 } = advice[0]!.cost.savings!
      expect(p10).toBeGreaterThan(0)
      expect(p90).toBeGreaterThan(p50)
    }
  })

  // A class that bills reading: only after thirteen months, which show what comes once a year.
  test.for<[string, number, string[], string]>([
    ['never read', 0, ['storage-class'], 'GLACIER_IR'],
    ['a fifth of it a month', 9, ['storage-class'], 'GLACIER_IR'],
    ['over half of it a month', 27, ['storage-class'], 'STANDARD_IA'],
  ])('%s for thirteen months', ([, terabytes, found, to]) => {
    const { advice } = advised(quiet({ access: read(terabytes, 400) }))
    expect(advice.map(({ topic }) => topic)).toEqual(found)
    expect(advice[0]?.change.after).toContain(`"StorageClass": "${to}"`)
  })

  test('a month is enough where the owner says that nothing reads less often; what could not be read is said', () => {
    const month = { access: read(0, 45), partial: ['s3:GetBucketVersioning is refused'] }
    expect(advised(quiet(month)).advice.map(({ topic }) => topic)).not.toContain('storage-class')
    const { advice, needs } = advised(quiet({ ...month, readsAreMonthly: true }))
    expect(advice.map(({ topic }) => topic)).toEqual(['storage-class'])
    expect(needs.map(({ collect }) => collect)).toContain('s3:GetBucketVersioning is refused')
  })

  test.for<[string, Partial<BucketFact>]>([
    ['small objects', { objects: 400_000_000 }],
    [
      'a bucket that is tiered already',
      { lifecycle: rulesOf({ Rules: [rule({ Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }] })] }) },
    ],
    ['a lifecycle document that could not be read', { lifecycle: null, lifecycleDocument: null }],
    ['no storage metrics', { bytes: null, objects: null, bytesAMonthAgo: null }],
    [
      'a few gigabytes',
      { bytes: { STANDARD: bytes(90 * GIB) }, objects: 900, bytesAMonthAgo: bytes(90 * GIB) },
    ],
  ])('no advice on %s', ([, change]) => {
    expect(topics(quiet(change))).toEqual([])
  })

  test('only the data of tables is moved, never their metadata', () => {
    const tables = [
      delta({ id: 'a', location: 's3://archive/gold/orders' }),
      delta({
        id: 'b',
        location: 's3://archive/gold/plain',
        partitions: { ...aTable().partitions!, columns: [] },
      }),
      delta({ id: 'c', location: 's3://archive/ice', format: 'iceberg' }),
      delta({
        id: 'd',
        location: 's3://archive/hashed',
        format: 'iceberg',
        properties: { 'write.object-storage.enabled': 'true' },
      }),
    ]
    const cold = quiet({ access: { ...read(0), gets: 0 } })
    const advice = advised(cold, ...tables).advice.find(({ topic }) => topic === 'intelligent-tiering')!
    const prefixes = ownRules(parseDocument(advice.change.after)!).map(
      (one) => rulesOf({ Rules: [one] })[0]!.prefix,
    )
    expect(prefixes).toEqual(['gold/orders/day=', 'gold/plain/part-', 'ice/data/'])
  })

  test('a rule in force that expires a table is the first thing said', () => {
    const document = {
      Rules: [
        rule({ Expiration: { Days: 30 } }),
        rule({ ID: 'well', Expiration: { Days: 1 }, Filter: { Prefix: 'tmp/' } }),
      ],
    }
    const bucket = quiet({
      bucket: 'lake',
      id: 's3://lake',
      lifecycle: rulesOf(document),
      lifecycleDocument: JSON.stringify(document),
    })
    const advice = advised(bucket, delta()).advice.find(({ topic }) => topic === 'unsafe-lifecycle')!
    expect(advice.priority).toBe('P1')
    expect(advice.why).toContain('gold/orders: expires its data and metadata after 30 days')
    expect(parseDocument(advice.change.after)?.Rules.map(({ ID }) => ID)).toEqual(['well'])
  })
})

test('merging keeps every rule and field that was there', () => {
  const known = fc.record({
    ID: fc.constantFrom('a', 'b', 'tidemark-x', 'tidemark-y'),
    Status: fc.constantFrom('Enabled', 'Disabled'),
    Odd: fc.jsonValue() as fc.Arbitrary<never>,
  })
  const rules = fc.uniqueArray(known, { selector: ({ ID }) => ID })
  fc.assert(
    fc.property(rules, (theirs) => {
      const document: LifecycleDocument = {
        Rules: theirs,
        TransitionDefaultMinimumObjectSize: 'varies_by_storage_class',
      }
      const ours = [{ ID: 'tidemark-x', Status: 'Enabled' }]
      const merged = merge(document, ours)!
      for (const one of theirs) if (one.ID !== 'tidemark-x') expect(merged.Rules).toContainEqual(one)
      expect(merged.Rules).toContainEqual(ours[0])
      expect(merged.TransitionDefaultMinimumObjectSize).toBe('varies_by_storage_class')
      expect(merge(merged, ours)).toEqual(merged)
    }),
  )
  const full = { Rules: Array.from({ length: 1_000 }, (_, i) => ({ ID: String(i) })) }
  expect(merge(full, [{ ID: 'tidemark-x' }])).toBeUndefined()
})

test('unfinished uploads younger than a week are somebody at work', () => {
  const young = { count: 3, oldest: timestamp(NOW - DAY), bytes: bytes(900 * GIB) }
  expect(topics(aBucket({ unfinishedUploads: young, versioning: 'off' }))).not.toContain('abort-uploads')
})
