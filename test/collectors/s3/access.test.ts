// Evidence of reads: log lines of strangers, samples scaled to the whole, ages from storage class analysis.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { busiestMonth, readAccessLogs } from '../../../src/collectors/s3/access-logs.ts'
import { readStorageAnalysis } from '../../../src/collectors/s3/storage-analysis.ts'
import { readLogLine } from '../../../src/formats/s3/access-log.ts'
import { analysisRows } from '../../../src/formats/s3/storage-analysis.ts'
import { DAY, HOUR, MIB } from '../../../src/model/units.ts'
import { memoryObjects } from '../../memory-objects.ts'
import { NOW } from '../../model/a-table.ts'
import { ANALYSIS_HEADER, analysisExport, logLine } from './reports.ts'

const AT = Date.UTC(2026, 10, 1, 5)

describe('log lines', () => {
  test('a read comes back as it was written', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: fc.constantFrom('a', '/', ' ', '%', '+', 'ö', '"', '=') }),
        fc.nat(1e12),
        fc.nat(1e6),
        (key, sent, second) => {
          const at = AT + second * 1_000
          const line = logLine('lake', at, key, { sent })
          // A quote in the URI ends its field early: such a line is none, as S3 itself leaves open.
          fc.pre(!encodeURI(key).includes('"'))
          expect(readLogLine(line)).toEqual({ bucket: 'lake', at, key, bytesSent: sent })
        },
      ),
    )
  })

  test.for<[string, string, 'other' | undefined]>([
    ['a listing', logLine('lake', AT, '-', { operation: 'REST.GET.BUCKET' }), 'other'],
    ['a HEAD', logLine('lake', AT, 'k', { operation: 'REST.HEAD.OBJECT', sent: '-' }), 'other'],
    ['a refusal', logLine('lake', AT, 'k', { status: '403' }), 'other'],
    ['not modified', logLine('lake', AT, 'k', { status: '304' }), 'other'],
    ['nothing', '', undefined],
    ['prose', 'the quick brown fox', undefined],
    ['a cut line', logLine('lake', AT, 'k').slice(0, 120), undefined],
    ['a month that is none', logLine('lake', AT, 'k').replace('/Nov/', '/Abc/'), undefined],
    ['a broken key', logLine('lake', AT, 'k').replace(' k "', ' %25E0%25A4%25A "'), undefined],
    ['an endless line', logLine('lake', AT, 'k'.repeat(20_000)), undefined],
    [
      'a number that is none',
      logLine('lake', AT, 'k', { sent: '-' }).replace(' - - 4406583', ' - 9e9 4406583'),
      undefined,
    ],
  ])('%s', ([, line, found]) => {
    expect(readLogLine(line)).toBe(found)
  })

  test('no text makes the parser slow or throw', () => {
    const hostile = [
      '"'.repeat(16_000),
      'a '.repeat(8_000),
      `x b [01/Jan/2026:00:00:00 +0000] ${'" '.repeat(7_000)}`,
    ]
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom(...hostile)), (line) => void readLogLine(line)),
    )
    const started = performance.now()
    for (const line of hostile) readLogLine(line)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

const ask = (world: ReturnType<typeof memoryObjects>) => ({
  destination: world.store,
  folder: 'logs',
  bucket: 'lake',
  now: NOW,
  signal: AbortSignal.timeout(10_000),
})
const day = (back: number) => new Date(NOW - back * DAY).toISOString().slice(0, 10)

describe('logs', () => {
  test.for<[string, (back: number, part: number) => string]>([
    ['one folder', (back, part) => `logs/${day(back)}-0${part}-00-00-ABC${part}`],
    [
      'partitioned by date',
      (back, part) =>
        `logs/123456789012/eu-west-1/lake/${day(back).replaceAll('-', '/')}/${day(back)}-00-00-00-ABC${part}`,
    ],
  ])('%s: reads of this bucket, by folder, bad lines counted', async ([, key]) => {
    const world = memoryObjects('s3://logs')
    for (let back = 0; back <= 60; back++)
      for (const part of [1, 2]) {
        const at = Date.parse(day(back)) + part * HOUR
        const lines = [
          logLine('lake', at, `gold/orders/day=${part}/x.parquet`, { sent: part * MIB }),
          logLine('other', at, 'y'),
          'garbage',
        ]
        world.put(key(back, part), lines.join('\n'))
      }
    const { access, problems } = await readAccessLogs(ask(world))
    // Of 35 whole days; today is not over, and what is older is not asked for.
    expect(access).toMatchObject({
      from: 'server access logs (70 of 70 files)',
      days: 35,
      gets: 70,
      bytesRead: 105 * MIB,
      busiestMonth: 90 * MIB,
      // A bad line may have been a read.
      complete: false,
    })
    expect(access?.byPrefix).toEqual([
      { prefix: 'gold/orders/day=2/', gets: 35, bytesRead: 70 * MIB },
      { prefix: 'gold/orders/day=1/', gets: 35, bytesRead: 35 * MIB },
    ])
    expect(problems).toEqual(['s3://logs/logs: 70 lines are no access log lines of S3 and are not counted'])
  })

  test('too many files: an even sample, scaled to all of them', async () => {
    const world = memoryObjects('s3://logs')
    let all = 0
    for (let back = 1; back <= 30; back++)
      for (let part = 0; part < 200; part++) {
        const at = Date.parse(day(back)) + part * 60_000
        world.put(`logs/${day(back)}-00-${part}-A`, logLine('lake', at, 'k/x', { sent: 1_000 }))
        all += 1_000
      }
    const { access } = await readAccessLogs(ask(world))
    expect(access?.from).toBe('server access logs (2,000 of 6,000 files)')
    expect(Math.abs(access!.bytesRead / all - 1)).toBeLessThan(0.02)
    expect(access).toMatchObject({ days: 30, complete: false })
  })

  test('no log is no evidence; logs without a read of the bucket are evidence of none', async () => {
    const world = memoryObjects('s3://logs')
    expect((await readAccessLogs(ask(world))).access).toBeNull()
    // Of another bucket alone: whether this one is logged at all is not known.
    world.put(`logs/${day(1)}-00-00-00-A`, logLine('other', NOW - DAY, 'k'))
    expect((await readAccessLogs(ask(world))).access).toBeNull()
    world.put(`logs/${day(1)}-00-00-00-B`, logLine('lake', NOW - DAY, 'k', { operation: 'REST.PUT.OBJECT' }))
    expect((await readAccessLogs(ask(world))).access).toMatchObject({
      gets: 0,
      bytesRead: 0,
      complete: true,
    })
  })
})

test('the busiest month is that of the busiest week', () => {
  expect(busiestMonth([])).toBe(0)
  expect(
    busiestMonth([
      [0, 7],
      [8, 70],
      [13, 70],
    ]),
  ).toBe(600)
})

describe('storage class analysis', () => {
  test('bytes stored and retrieved by age; another CSV in the folder is passed over', async () => {
    const world = memoryObjects('s3://analysis')
    world.put('logs/readme.csv', 'a,b\n1,2\n')
    world.put('logs/small.csv', analysisExport(NOW, 40, [['ALL', 10, 1]]))
    world.put(
      'logs/all.csv',
      `${analysisExport(NOW, 40, [
        ['000-014', 300, 100],
        ['730+', 400, 0],
        ['ALL', 700, 101],
      ])}\nnonsense`,
    )
    const { access, problems } = await readStorageAnalysis(ask(world))
    expect(access).toMatchObject({
      from: 'storage class analysis (all.csv)',
      days: 40,
      gets: 40 * 202,
      bytesRead: 40 * 101 * MIB,
      byAge: [
        { fromDays: 0, stored: 300 * MIB, bytesRead: 4_000 * MIB },
        { fromDays: 730, stored: 400 * MIB, bytesRead: 0 },
      ],
    })
    expect(problems).toEqual([
      's3://analysis/logs: 1 lines are no rows of a storage class analysis and are not counted',
    ])
  })

  test('rows that are none', () => {
    const rowOf = analysisRows(ANALYSIS_HEADER)!
    expect(analysisRows('a,b,c')).toBeUndefined()
    for (const line of [
      '',
      '2026-13-01,a,,STANDARD,ALL,,0,1,1,1,,,',
      '2026-01-01,a,,STANDARD,young,,0,1,1,1,,,',
    ])
      expect(rowOf(line)).toBeUndefined()
    expect(rowOf('2026-01-01,a,,STANDARD,030-044,,,,,,,,')).toMatchObject({ fromDays: 30, storedBytes: null })
  })
})
