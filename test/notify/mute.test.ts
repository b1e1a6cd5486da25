// What mutes: inhibition, calendars and silences, as tables.
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/model/errors.ts'
import { timestamp } from '../../src/model/units.ts'
import { compileInhibitRule, inhibitor } from '../../src/notify/mute.ts'
import { compileTimeInterval, endOf, withinInterval } from '../../src/notify/time-interval.ts'

const rule = compileInhibitRule({
  source_matchers: ['severity="critical"'],
  target_matchers: ['severity=~"warning|info"'],
  equal: ['table', 'zone'],
})
const alert = (fingerprint: string, labels: Record<string, string>) => ({ fingerprint, labels })

describe('inhibition', () => {
  test.for([
    ['the same table', { severity: 'warning', table: 'a' }, ['s1']],
    ['another table', { severity: 'warning', table: 'b' }, []],
    ['no target', { severity: 'none', table: 'a' }, []],
    ['itself a source', { severity: 'critical', table: 'a' }, []],
    ['a label that only one of them has', { severity: 'warning', table: 'a', zone: 'x' }, []],
    ['labels that both lack are equal', { severity: 'info' }, ['s2']],
  ] as const)('%s', ([, labels, by]) => {
    const inhibitedBy = inhibitor(
      [rule],
      [alert('s1', { severity: 'critical', table: 'a' }), alert('s2', { severity: 'critical' })],
    )

    expect(inhibitedBy(labels)).toEqual(by)
  })

  test('alerts that match both sides do not inhibit each other', () => {
    const both = compileInhibitRule({ source_match: { a: '1' }, target_match_re: { a: '1|2' } })
    const inhibitedBy = inhibitor([both], [alert('x', { a: '1' }), alert('y', { a: '1', b: '1' })])

    expect([inhibitedBy({ a: '1' }), inhibitedBy({ a: '2' })]).toEqual([[], ['x']])
  })
})

const moment = (text: string) => timestamp(Date.parse(text))

describe('calendars', () => {
  test.for([
    ['times', { times: [{ start_time: '09:00', end_time: '17:00' }] }, '2026-05-04T09:00:00Z', true],
    [
      'the end is excluded',
      { times: [{ start_time: '09:00', end_time: '17:00' }] },
      '2026-05-04T17:00:00Z',
      false,
    ],
    ['until midnight', { times: [{ start_time: '22:00', end_time: '24:00' }] }, '2026-05-04T23:59:59Z', true],
    ['weekdays', { weekdays: ['monday:friday'] }, '2026-05-08T12:00:00Z', true],
    ['weekend', { weekdays: ['monday:friday'] }, '2026-05-09T12:00:00Z', false],
    ['a day of the month', { days_of_month: ['1:7'] }, '2026-05-07T00:00:00Z', true],
    ['the last day of February', { days_of_month: ['-1'] }, '2026-02-28T00:00:00Z', true],
    ['the last day of February in a leap year', { days_of_month: ['-1'] }, '2028-02-28T00:00:00Z', false],
    ['from the middle to the end', { days_of_month: ['15:-1'] }, '2026-04-30T00:00:00Z', true],
    ['months by name and number', { months: ['april:june', '12'] }, '2026-12-01T00:00:00Z', true],
    ['years', { years: ['2026:2028'] }, '2029-01-01T00:00:00Z', false],
    [
      'a location',
      { times: [{ start_time: '07:00', end_time: '08:00' }], location: 'Europe/Berlin' },
      '2026-05-04T05:30:00Z',
      true,
    ],
    ['all must hold', { weekdays: ['monday'], months: ['june'] }, '2026-05-04T05:30:00Z', false],
  ] as const)('%s', ([, config, at, inside]) => {
    expect(withinInterval(compileTimeInterval(config as never), moment(at))).toBe(inside)
  })

  test.for([
    { times: [{ start_time: '17:00', end_time: '09:00' }] },
    { times: [{ start_time: '9:00', end_time: '10:00' }] },
    { weekdays: ['monday:funday'] },
    { weekdays: ['friday:monday'] },
    { days_of_month: ['0'] },
    { days_of_month: ['32'] },
    { months: ['13'] },
    { location: 'Atlantis/Center' },
  ])('refuses %o', (config) => {
    expect(() => compileTimeInterval(config)).toThrow(ConfigError)
  })

  test('says when an interval ends', () => {
    const night = compileTimeInterval({ times: [{ start_time: '00:00', end_time: '06:30' }] })
    const inside = (at: ReturnType<typeof moment>) => withinInterval(night, at)

    expect(endOf(inside, moment('2026-05-04T02:10:30Z'))).toBe(moment('2026-05-04T06:30:00Z'))
    expect(endOf(() => true, moment('2026-05-04T02:10:30Z'))).toBeNull()
  })
})
