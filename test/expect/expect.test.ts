// Declared expectations: when a table or pipeline is due, across weekends, holidays and DST.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Config, type Expectations, createExpectations } from '../../src/expect/expect.ts'
import { DAY, timestamp } from '../../src/model/units.ts'

const at = (text: string) => timestamp(Date.parse(text))
const expectations = (config: unknown): Expectations => createExpectations(Config.parse(config))
const table = (lastChange: string | null, name = 'gold/orders', source = 'lake') => ({
  source,
  table: name,
  lastChange: lastChange === null ? null : { at: at(lastChange) },
  vanished: null,
})
/** `warn 2026-…Z` */
const dueOf = (config: unknown, lastChange: string | null, name?: string): string[] =>
  expectations(config)
    .ofTable(table(lastChange, name))
    .map(({ labels, value }) => `${labels['severity']} ${new Date(value * 1000).toISOString()}`)

describe('freshness', () => {
  test('is the last change and the age, by severity', () => {
    const samples = expectations([{ table: 'gold/*', freshness: { warn: '2h', error: '6h' } }]).ofTable(
      table('2026-03-02T10:00:00Z'),
    )

    expect(samples).toEqual([
      {
        name: 'tidemark_table_due_timestamp_seconds',
        labels: { source: 'lake', table: 'gold/orders', severity: 'warn', origin: 'declared' },
        value: at('2026-03-02T12:00:00Z') / 1000,
      },
      {
        name: 'tidemark_table_due_timestamp_seconds',
        labels: { source: 'lake', table: 'gold/orders', severity: 'error', origin: 'declared' },
        value: at('2026-03-02T16:00:00Z') / 1000,
      },
    ])
  })

  test('what is unknown, gone or not meant has no deadline', () => {
    const config = [{ table: 'gold/*', freshness: { warn: '2h' } }]

    expect(dueOf(config, null)).toEqual([])
    expect(dueOf(config, '2026-03-02T10:00:00Z', 'silver/x')).toEqual([])
    expect(
      expectations(config).ofTable({
        ...table('2026-03-02T10:00:00Z'),
        vanished: at('2026-03-02T11:00:00Z'),
      }),
    ).toEqual([])
  })

  test.for<[string, string, boolean]>([
    ['*', 'gold/orders', true],
    ['gold/*', 'gold/a/b', false],
    ['gold/**', 'gold/a/b', true],
    ['{gold,silver}/o*', 'silver/orders', true],
    ['gold/[a-n]*', 'gold/orders', false],
    ['orders', 'gold/orders', false],
  ])('the glob %s and %s: %s', ([glob, name, matches]) => {
    expect(dueOf([{ table: glob, freshness: { warn: '1h' } }], '2026-03-02T10:00:00Z', name)).toHaveLength(
      matches ? 1 : 0,
    )
  })

  test('of several entries the last that matches counts, whole; a source narrows', () => {
    const config = [
      { table: '*', freshness: { warn: '1h', error: '2h' } },
      { table: 'gold/*', freshness: { error: '6h' } },
      { table: 'gold/*', source: 'other', freshness: { error: '9h' } },
    ]

    expect(dueOf(config, '2026-03-02T10:00:00Z')).toEqual(['error 2026-03-02T16:00:00.000Z'])
    expect(dueOf(config, '2026-03-02T10:00:00Z', 'a')).toEqual([
      'warn 2026-03-02T11:00:00.000Z',
      'error 2026-03-02T12:00:00.000Z',
    ])
  })
})

describe('due', () => {
  const weekdays = { cron: '0 7 * * 1-5', timezone: 'Europe/Berlin' }
  const due = (settings: object, lastChange: string): string =>
    dueOf([{ table: '*', due: { ...weekdays, ...settings } }], lastChange)[0]?.slice(6) ?? ''

  test.for<[string, object, string, string]>([
    ['met in time: the next working day', {}, '2026-03-04T05:30:00Z', '2026-03-05T06:00:00.000Z'],
    ['met at the very moment', {}, '2026-03-04T06:00:00Z', '2026-03-05T06:00:00.000Z'],
    ['met late: still the next day', {}, '2026-03-04T08:30:00Z', '2026-03-05T06:00:00.000Z'],
    ['loaded the evening before', {}, '2026-03-03T19:00:00Z', '2026-03-05T06:00:00.000Z'],
    ['over the weekend', {}, '2026-03-06T05:30:00Z', '2026-03-09T06:00:00.000Z'],
    [
      'over the weekend DST begins: seven stays seven',
      {},
      '2026-03-27T05:30:00Z',
      '2026-03-30T05:00:00.000Z',
    ],
    ['over the weekend DST ends', {}, '2026-10-23T04:30:00Z', '2026-10-26T06:00:00.000Z'],
    ['Easter in Germany', { calendar: 'DE' }, '2026-04-02T04:30:00Z', '2026-04-07T05:00:00.000Z'],
    ['without a calendar Good Friday is a Friday', {}, '2026-04-02T04:30:00Z', '2026-04-03T05:00:00.000Z'],
    ['a holiday of one state', { calendar: 'DE-BW' }, '2026-01-05T05:30:00Z', '2026-01-07T06:00:00.000Z'],
    ['and not of another', { calendar: 'DE-NI' }, '2026-01-05T05:30:00Z', '2026-01-06T06:00:00.000Z'],
    [
      'exceptions',
      { calendar: { except: ['2026-03-05', '2026-03-06'] } },
      '2026-03-04T05:30:00Z',
      '2026-03-09T06:00:00.000Z',
    ],
    [
      'a day added to a holiday',
      { calendar: { country: 'DE', also: ['2026-04-06'] } },
      '2026-04-02T04:30:00Z',
      '2026-04-06T05:00:00.000Z',
    ],
    [
      'only some weekdays',
      { cron: '0 7 * * *', calendar: { weekdays: ['tue', 'sat'] } },
      '2026-03-04T05:30:00Z',
      '2026-03-07T06:00:00.000Z',
    ],
    [
      'the third business day of the month',
      { cron: '0 7 * * *', calendar: { country: 'DE', business_day: 3 } },
      '2026-04-07T04:00:00Z',
      '2026-05-06T05:00:00.000Z',
    ],
    [
      'the last business day of the month',
      { cron: '0 7 * * *', calendar: { country: 'DE', business_day: -1 } },
      '2026-03-31T04:00:00Z',
      '2026-04-30T05:00:00.000Z',
    ],
    [
      'a window: a change before it does not count',
      { window: '2h' },
      '2026-03-04T03:30:00Z',
      '2026-03-04T06:00:00.000Z',
    ],
    [
      'a window: a change within it does',
      { window: '2h' },
      '2026-03-04T04:30:00Z',
      '2026-03-05T06:00:00.000Z',
    ],
    ['a window wider than the gap', { window: '20h' }, '2026-03-03T11:00:00Z', '2026-03-05T06:00:00.000Z'],
    ['far from home', { timezone: 'Pacific/Auckland' }, '2026-03-04T17:30:00Z', '2026-03-05T18:00:00.000Z'],
  ])('%s', ([, settings, lastChange, expected]) => {
    expect(due(settings, lastChange)).toBe(expected)
  })

  test('grace is after the deadline; without one a missed deadline is an error', () => {
    const change = '2026-03-04T05:30:00Z'

    expect(dueOf([{ table: '*', due: weekdays }], change)).toEqual(['error 2026-03-05T06:00:00.000Z'])
    expect(dueOf([{ table: '*', due: { ...weekdays, grace: { warn: '0s', error: '2h' } } }], change)).toEqual(
      ['warn 2026-03-05T06:00:00.000Z', 'error 2026-03-05T08:00:00.000Z'],
    )
  })

  test('with an age too, the earlier counts', () => {
    const config = [{ table: '*', due: weekdays, freshness: { error: '12h' } }]

    expect(dueOf(config, '2026-03-04T05:30:00Z')).toEqual(['error 2026-03-04T17:30:00.000Z'])
  })

  test('a deadline lies after the change it asks for, and a later change never moves it back', () => {
    const made = expectations([{ table: '*', due: { ...weekdays, calendar: 'DE' } }])
    const dueAt = (change: number): number =>
      made.ofTable({ source: 's', table: 't', lastChange: { at: timestamp(change) }, vanished: null })[0]!
        .value * 1000
    const start = at('2025-12-20T00:00:00Z')
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 150 * DAY }),
        fc.integer({ min: 0, max: 3 * DAY }),
        (offset, later) => {
          const change = start + offset
          expect(dueAt(change)).toBeGreaterThan(change)
          expect(dueAt(change + later)).toBeGreaterThanOrEqual(dueAt(change))
          expect(new Date(dueAt(change)).getUTCMinutes()).toBe(0)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('a minute-wise cron and a calendar that forbids most days are found all the same', () => {
    const config = [{ table: '*', due: { cron: '* * * * *', calendar: { business_day: 1 } } }]

    expect(dueOf(config, '2026-03-04T12:00:00Z')).toEqual(['error 2026-04-01T00:00:00.000Z'])
  })
})

describe('pipelines', () => {
  test('are due from their last success, and have a deadline for runs', () => {
    const made = expectations([
      { pipeline: 'daily_*', deadline: '45m', freshness: { warn: '25h' } },
      { pipeline: 'daily_late', deadline: '2h' },
    ])
    const samples = (pipeline: string, lastSuccess: number | null) =>
      made
        .ofPipeline({
          source: 'flows',
          pipeline,
          lastSuccess: lastSuccess === null ? null : timestamp(lastSuccess),
        })
        .map(
          ({ name, labels, value }) =>
            `${name.replace('tidemark_pipeline_', '')} ${labels['severity'] ?? '-'} ${value}`,
        )

    expect(samples('daily_a', 0)).toEqual([
      'due_timestamp_seconds warn 90000',
      'deadline_seconds - 2700',
      'last_run_duration_seconds_expected_upper - 2700',
    ])
    expect(samples('daily_late', null)).toEqual([
      'deadline_seconds - 7200',
      'last_run_duration_seconds_expected_upper - 7200',
    ])
    expect(samples('other', 0)).toEqual([])
  })
})

describe('the configuration', () => {
  test.for<[string, unknown, string]>([
    ['neither table nor pipeline', { freshness: { warn: '1h' } }, 'expected either table or pipeline'],
    ['both', { table: 'a', pipeline: 'b', freshness: { warn: '1h' } }, 'expected either table or pipeline'],
    ['nothing expected', { table: 'a' }, 'expected freshness, due or deadline'],
    ['warn after error', { table: 'a', freshness: { warn: '2h', error: '1h' } }, 'warn must not be longer'],
    ['no duration', { table: 'a', freshness: { warn: 'soon' } }, 'expected a duration'],
    ['no cron', { table: 'a', due: { cron: '0 25 * * *' } }, 'not a cron line'],
    ['a cron with seconds', { table: 'a', due: { cron: '* * * * * *' } }, 'not a cron line'],
    ['a cron that never comes', { table: 'a', due: { cron: '0 0 30 2 *' } }, 'not a cron line'],
    [
      'no time zone',
      { table: 'a', due: { cron: '0 7 * * *', timezone: 'Europe/Bonn' } },
      'expected a time zone',
    ],
    [
      'no country',
      { table: 'a', due: { cron: '0 7 * * *', calendar: 'XX' } },
      'no holidays are known for "XX"',
    ],
    [
      'no state',
      { table: 'a', due: { cron: '0 7 * * *', calendar: 'DE-XX' } },
      'no holidays are known for "DE-XX"',
    ],
    [
      'business day 0',
      { table: 'a', due: { cron: '0 7 * * *', calendar: { business_day: 0 } } },
      'business days count from 1',
    ],
    [
      'no date',
      { table: 'a', due: { cron: '0 7 * * *', calendar: { except: ['24.12.2026'] } } },
      'expected a date',
    ],
    ['a deadline of a table', { table: 'a', deadline: '1h' }, 'a deadline is for pipelines'],
    ['an unknown field', { table: 'a', freshnes: { warn: '1h' } }, 'Unrecognized key'],
  ])('%s is refused', ([, entry, message]) => {
    const result = Config.safeParse([entry])

    expect(result.success).toBe(false)
    expect(z.prettifyError(result.error!)).toContain(message)
  })

  test('prints back as it was written', () => {
    const written = [
      { table: 'gold/*', freshness: { warn: '2h', error: '6h' } },
      {
        table: 'a',
        due: { cron: '0 7 * * *', timezone: 'Europe/Berlin', calendar: 'DE', grace: { warn: '30m' } },
      },
    ]

    expect(z.encode(Config, Config.parse(written))).toEqual(written)
  })
})

test('the objective is of the expectation that says when it is due, 99 % without one', () => {
  const expected = expectations([
    { table: '*', freshness: { error: '1d' } },
    { table: 'gold/*', freshness: { error: '2h' }, objective: 0.995 },
  ])

  expect(expected.objective({ source: 'lake', table: 'gold/orders' })).toBe(0.995)
  expect(expected.objective({ source: 'lake', table: 'silver/orders' })).toBe(0.99)
  expect(() => Config.parse([{ pipeline: 'a', deadline: '1h', objective: 0.9 }])).toThrow(
    'an objective is for tables',
  )
})
