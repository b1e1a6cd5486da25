import { describe, expect, test } from 'vitest'
import { hosts } from '../../src/advisors/hosts/hosts.ts'
import { busyHours } from '../../src/advisors/hosts/idle.ts'
import { needOf, riskOf } from '../../src/advisors/hosts/resize.ts'
import { SHAPES, hoursOf, shapeOf } from '../../src/advisors/hosts/shapes.ts'
import { loadPrices } from '../../src/advisors/prices.ts'
import { DAY, timestamp } from '../../src/model/units.ts'
import { type UsageFact, hourOfWeek } from '../../src/model/usage.ts'
import { NOW } from '../model/a-table.ts'
import { aHost, aMeasure, everyHour } from '../model/a-usage.ts'
import { factView } from './fact-view.ts'

const prices = loadPrices()
const adviseOn = (...facts: readonly UsageFact[]) => hosts.advise(factView(facts), prices, NOW)
const network = (bytes: number) => {
  const measure = aMeasure({ unit: 'bytes', statistic: 'Sum', byHourOfWeek: everyHour(bytes) })
  return { NetworkIn: measure, NetworkOut: measure }
}

describe('formulas', () => {
  test.each([
    // p99.5 in percent, size, what must be there for a fifth to be free
    [80, 4, 4],
    [20, 16, 4],
    [100, 16, 20],
    [40, 64, 32],
  ])('%s %% of %s need %s', (percent, size, least) => expect(needOf(percent, size)).toBeCloseTo(least))

  test.each([
    [0.3, 0],
    [0.5, 1],
    [0.65, 2],
    [0.8, 3],
    [0.9, 4],
  ])('%s of the new size in use is a risk of %s', (share, risk) => expect(riskOf(share)).toBe(risk))

  test.each([
    ['m5.4xlarge', 16, 64, false, false],
    ['c6g.large', 2, 4, true, false],
    ['r6i.xlarge', 4, 32, false, false],
    ['m6gd.xlarge', 4, 16, true, true],
    ['i3.16xlarge', 64, 512, false, true],
  ])('%s has %s vCPUs and %s GiB', (type, vcpus, gib, arm, disks) =>
    expect(shapeOf(type)).toEqual({ type, vcpus, gib, arm, disks }),
  )

  test.each(['t3.large', 'm5.metal', 'g5.xlarge', '', 'm5', 'm5.medium', '../m5.large'])(
    '%j is not judged',
    (type) => expect(shapeOf(type)).toBeNull(),
  )

  test('a size that the book lacks costs in proportion to one it has', () => {
    expect(hoursOf(prices, 'x', 'm5.2xlarge', 100)?.cost).toBeCloseTo(38.4)
    expect(hoursOf(prices, 'x', 'm5.4xlarge', 100)?.cost).toBeCloseTo(76.8)
    expect(hoursOf(prices, 'x', 'x9.large', 100)).toBeNull()
  })

  test('hours of the week begin with Monday, 00:00 UTC', () => {
    expect(hourOfWeek(timestamp(Date.parse('2026-11-23T00:59:59Z')))).toBe(0)
    expect(hourOfWeek(timestamp(Date.parse('2026-11-22T23:00:00Z')))).toBe(167)
    expect(hourOfWeek(timestamp(Date.parse('2026-11-27T07:30:00Z')))).toBe(4 * 24 + 7)
  })
})

describe('another size', () => {
  test('keeps the memory that nobody measured, and says what would tell', () => {
    const [advice] = adviseOn(aHost()).advice
    expect(advice).toMatchObject({ topic: 'resize-host', stage: 'size', confidence: 0.6 })
    expect(advice!.inputsMissing[0]).toContain('install the CloudWatch agent')
    const type = /Value=(\S+)/.exec(advice!.change.after)![1]!
    expect(shapeOf(type)).toMatchObject({ arm: false })
    expect(shapeOf(type)!.gib).toBeGreaterThanOrEqual(64)
    expect(advice!.cost.savings!.p50).toBeGreaterThan(0)
  })

  test('fits processors and memory where both are measured', () => {
    const { measures } = aHost()
    const host = aHost({ measures: { ...measures, mem_used_percent: aMeasure({ p995: 20 }) } })
    const [advice] = adviseOn(host).advice
    // 4 vCPUs and 16 GiB are needed: an m5.xlarge, at $0.192 instead of $0.768 an hour, 730 hours.
    expect(advice?.title).toMatch(/^Make i-0abc a m\w+\.xlarge instead of a m5\.4xlarge$/)
    expect(advice!.cost.before[0]!.cost).toBeCloseTo(560.64)
    expect(advice!.cost.savings!.p50).toBeGreaterThanOrEqual(560.64 * 0.75 - 0.01)
    expect(advice!.risk.performance).toBe(3)
  })

  test.each([
    ['busy already', { CPUUtilization: aMeasure({ p995: 95 }) }],
    ['of a family that is not judged', {}, 't3.large'],
  ])('is not advised where it is %s', (_, more, instanceType = 'm6a.4xlarge') => {
    const host = aHost({ instanceType, measures: { ...aHost().measures, ...more } })
    expect(adviseOn(host).advice).toEqual([])
  })

  test.each([
    ['10 days', { from: timestamp(NOW - 10 * DAY) }],
    ['few samples', { samples: 100 }],
    ['nothing yet', { from: null, to: null }],
  ])('needs two weeks: %s', (_, change) => {
    const found = adviseOn(aHost({ measures: { ...aHost().measures, CPUUtilization: aMeasure(change) } }))
    expect(found.advice).toEqual([])
    expect(found.needs[0]?.collect).toContain('14 days')
  })

  test.each(['i3.4xlarge', 'm5d.4xlarge', 'c6gd.8xlarge', 'r5ad.4xlarge'])(
    '%s keeps the disks that it has: no type without them is advised',
    (instanceType) => expect(adviseOn(aHost({ instanceType })).advice).toEqual([]),
  )

  test('no type is advised that AWS does not sell', () => {
    const types = SHAPES.map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['c5.4xlarge', 'c6g.16xlarge', 'm8g.24xlarge']))
    expect(types).not.toEqual(expect.arrayContaining(['c5.8xlarge']))
    expect(types.filter((type) => /^(c5\.(8|16)xlarge|[cmr][67]g\.24xlarge)$/.test(type))).toEqual([])
  })

  test('needs the type of the instance', () => {
    const found = adviseOn(aHost({ instanceType: null }))
    expect(found.advice).toEqual([])
    expect(found.needs[0]?.collect).toContain('instance_types')
  })

  test('needs prices of its region', () => {
    const found = adviseOn(aHost({ region: 'eu-west-1' }))
    expect(found.advice).toEqual([])
    expect(found.needs[0]?.collect).toContain('eu-west-1')
  })
})

describe('hosts that nobody uses', () => {
  const quiet = aMeasure({ max: 3, p995: 2, byHourOfWeek: everyHour(1) })

  test('are stopped, and nothing else is advised on them', () => {
    const { advice } = adviseOn(aHost({ measures: { CPUUtilization: quiet, ...network(1_000) } }))
    expect(advice.map(({ topic }) => topic)).toEqual(['stop-host'])
    expect(advice[0]!.cost.savings!.p50).toBeCloseTo(560.64)
  })

  test.each([
    ['the network is not known', {}],
    // 10 kB in and out each five minutes: 5.76 MB a day.
    ['the network is used', network(10_000)],
  ])('not where %s', (_, traffic) => {
    const { advice } = adviseOn(aHost({ measures: { CPUUtilization: quiet, ...traffic } }))
    expect(advice.map(({ topic }) => topic)).not.toContain('stop-host')
  })

  test('12 hours on 5 days: 108 of 168 hours are freed', () => {
    const busy = everyHour(1).map((value, hour) =>
      hour < 5 * 24 && hour % 24 >= 7 && hour % 24 < 19 ? 60 : value,
    )
    const cpu = aMeasure({ p995: 90, byHourOfWeek: busy })
    const { advice } = adviseOn(aHost({ measures: { CPUUtilization: cpu, ...network(100) } }))
    expect(advice.map(({ topic }) => topic)).toEqual(['schedule-host'])
    expect(advice[0]!.change.after).toBe('start cron(0 7 ? * MON-FRI *)\nstop cron(0 19 ? * MON-FRI *)')
    expect(advice[0]!.cost.savings!.p50 / 560.64).toBeCloseTo(108 / 168)
  })

  test.each([
    ['always busy', () => 60, null],
    ['one busy hour at the end of Friday', (hour: number) => (hour === 119 ? 60 : 0), [23, 24, false]],
    ['weekends too', (hour: number) => (hour % 24 < 6 ? 60 : 0), [0, 6, true]],
    ['never busy: no hours to keep', () => 0, null],
  ])('hours that are needed: %s', (_, load, expected) => {
    const byHourOfWeek = Array.from({ length: 168 }, (_v, hour) => load(hour))
    const running = Array.from({ length: 168 }, () => true)
    const hours = busyHours({ cpu: aMeasure({ byHourOfWeek }), running }, everyHour(0))
    expect(hours && [hours.from, hours.to, hours.weekends]).toEqual(expected)
  })

  test('what is busy at all hours of weekdays is not stopped and started at the same midnight', () => {
    const cpu = aMeasure({ p995: 90, byHourOfWeek: everyHour(1).map((_, hour) => (hour < 120 ? 60 : 1)) })
    const { advice } = adviseOn(aHost({ measures: { CPUUtilization: cpu, ...network(100) } }))
    expect(advice[0]!.change.after).toBe('start cron(0 0 ? * MON *)\nstop cron(0 0 ? * SAT *)')
  })

  test('traffic that nobody measured while it ran is not none', () => {
    const byHourOfWeek = Array.from({ length: 168 }, (_, hour) => (hour < 40 ? 1_000 : null))
    const bytes = aMeasure({ unit: 'bytes', statistic: 'Sum', samples: 960, byHourOfWeek })
    const { advice } = adviseOn(
      aHost({ measures: { CPUUtilization: quiet, NetworkIn: bytes, NetworkOut: bytes } }),
    )
    expect(advice.map(({ topic }) => topic)).not.toContain('stop-host')
  })

  test('no command names what is no id of AWS', () => {
    const host = aHost({ resource: 'i-0$(reboot)', measures: { CPUUtilization: quiet, ...network(1_000) } })
    const found = adviseOn(host, { ...host, service: 'emr', measures: { IsIdle: aMeasure() } })
    expect(found.advice).toEqual([])
    expect(found.needs).toHaveLength(2)
  })
})

test.each([
  [0.6, ['auto-terminate']],
  [0.1, []],
])('an EMR cluster that is idle %s of its time', (share, topics) => {
  const IsIdle = aMeasure({ unit: 'ratio', statistic: 'Average', byHourOfWeek: everyHour(share) })
  const host = aHost({ id: 'aws/emr/j-1', service: 'emr', resource: 'j-1', measures: { IsIdle } })
  const { advice } = adviseOn(host)
  expect(advice.map(({ topic }) => topic)).toEqual(topics)
})

test('what has been gone for days is not advised on', () => {
  expect(adviseOn(aHost({ asOf: timestamp(NOW - 3 * DAY) })).advice).toEqual([])
})
