// Groups on a virtual clock: slots, chains, texts, duplicates, limits, restarts.
import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, millis, plus } from '../../src/model/units.ts'
import {
  type Group,
  type GroupPorts,
  type Query,
  createGroup,
  fittingLookback,
} from '../../src/rules/rules.ts'
import { MINUTE_BACK, START, load, scene, states } from './scene.ts'

const HIGH = `
groups:
  - name: g
    rules:
      - alert: High
        expr: load > 5
        for: 2m
        labels: { severity: warn, where: "{{ $labels.table }}@{{ $externalLabels.cluster }}", gone: "" }
        annotations:
          summary: "{{ $labels.table }} has {{ $value }}"
          link: "{{ externalURL }}{{ graphLink \\"up\\" }}"
          others: '{{ range query "load" | sortByLabel "table" }}{{ .Labels.table }}={{ .Value }};{{ end }}'
          broken: "{{ .Nope }}"
`

describe('slots', () => {
  test('one evaluation a slot, at the slot; missed ones are counted', async () => {
    const { ports } = scene(HIGH)
    const group: Group = createGroup(load(HIGH)[0]!, ports, null)
    const slot = group.nextSlot(START)

    expect(slot - START).toBeLessThanOrEqual(MINUTE)
    expect((await group.evaluate(plus(slot, millis(10))))!.at).toBe(slot)
    expect(await group.evaluate(plus(slot, millis(59_000)))).toBeNull()
    expect((await group.evaluate(plus(slot, MINUTE)))!.missed).toBe(0)
    expect((await group.evaluate(plus(slot, millis(5 * MINUTE + 1))))!.missed).toBe(3)
  })

  test('an evaluation that is under way is not started again', async () => {
    const { ports } = scene(HIGH)
    let finish = (): void => {}
    const slow: Query = () => new Promise((resolve) => (finish = () => resolve([])))
    const group = createGroup(load(HIGH)[0]!, { ...ports, query: slow }, null)
    const first = group.evaluate(START)

    expect(await group.evaluate(plus(START, HOUR))).toBeNull()
    finish()
    expect(await first).toMatchObject({ rules: [{ health: 'ok' }] })
  })

  test('groups of different names have different slots, the same after a restart', () => {
    const { ports } = scene(HIGH)
    const slots = ['a', 'b', 'c', 'd'].map((name) =>
      createGroup({ ...load(HIGH)[0]!, name }, ports, null).nextSlot(START),
    )

    expect(new Set(slots).size).toBeGreaterThan(1)
    expect(createGroup({ ...load(HIGH)[0]!, name: 'a' }, ports, null).nextSlot(START)).toBe(slots[0])
  })
})

describe('an alert', () => {
  test('has its texts, its series and its times', async () => {
    const s = scene(HIGH)
    s.put({ 'load{table=a}': 7, 'load{table=b}': 1 })
    const first = await s.evaluate()
    s.put({ 'load{table=a}': 8, 'load{table=b}': 1 })
    await s.evaluate()

    expect(first.alerts).toEqual([])
    expect(s.query('ALERTS')).toEqual([
      {
        __name__: 'ALERTS',
        alertname: 'High',
        alertstate: 'pending',
        severity: 'warn',
        table: 'a',
        where: 'a@eu',
        value: 1,
      },
    ])

    s.put({ 'load{table=a}': 9, 'load{table=b}': 1 })
    const third = await s.evaluate()

    expect(third.alerts).toEqual([
      {
        labels: { alertname: 'High', severity: 'warn', table: 'a', where: 'a@eu' },
        annotations: {
          summary: 'a has 9',
          link: 'http://tidemark:9464/graph?g0.expr=up&g0.tab=0',
          others: 'a=9;b=1;',
          broken: "<error expanding template: can't evaluate field Nope in type template data>",
        },
        startsAt: third.at,
        endsAt: null,
        updatedAt: third.at,
        generatorUrl: 'http://tidemark:9464/graph?g0.expr=load+%3E+5&g0.tab=1',
        value: 9,
        noData: false,
      },
    ])
    expect(s.query('ALERTS')).toEqual([expect.objectContaining({ alertstate: 'firing' })])
    expect(s.query('ALERTS_FOR_STATE')).toEqual([
      expect.objectContaining({ value: Math.floor(first.at / 1000) }),
    ])

    s.put({ 'load{table=a}': 1, 'load{table=b}': 1 })
    const fourth = await s.evaluate()

    expect(fourth.alerts).toMatchObject([{ startsAt: third.at, endsAt: fourth.at }])
    expect(s.query('ALERTS')).toEqual([])
  })

  test('a rule that fails keeps its alerts, marks them and does not stop the next rule', async () => {
    const s = scene(`
groups:
  - name: g
    rules:
      - { alert: High, expr: load > 5 }
      - { record: after, expr: vector(1) }
`)
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    const failing: GroupPorts = {
      ...s.ports,
      query: (expr, at) => {
        if (typeof expr !== 'string' && expr.kind === 'binary') throw new Error('too much')
        return s.ports.query(expr, at)
      },
    }
    const group = createGroup(s.group.definition, failing, s.group.state())
    const report = await group.evaluate(s.now)

    expect(report!.rules.map(({ health, error }) => [health, error])).toEqual([
      ['err', 'too much'],
      ['ok', null],
    ])
    expect(report!.alerts).toMatchObject([{ endsAt: null, noData: true, value: null }])
    expect(s.query('ALERTS', s.now)).toHaveLength(1)
  })

  test('query_offset moves what is asked and written, not when the alert fired', async () => {
    const s = scene(
      'groups: [{ name: g, query_offset: 1m, rules: [{ record: r, expr: load }, { alert: High, expr: r > 5 }] }]',
    )
    s.put({ load: 7 })
    s.skip(1)
    s.put({ load: 1 })
    const report = await s.evaluate()

    expect(report.alerts).toMatchObject([{ startsAt: report.at, value: 7 }])
    expect(s.query('timestamp(ALERTS)', plus(report.at, MINUTE_BACK))).toMatchObject([
      { value: report.at / 1000 - 60 },
    ])
  })
})

describe('duplicates and limits', () => {
  test('two series with one identity are one alert and a complaint; the rest is not harmed', async () => {
    const s = scene(
      'groups: [{ name: g, rules: [{ alert: High, expr: "load > 5", labels: { table: "{{ $labels.group }}" } }] }]',
    )
    s.put({ 'load{table=a,group=x}': 7, 'load{table=a2,group=y}': 8, 'load{table=b,group=x}': 9 })
    s.put({ 'load{group=x,n=1}': 7, 'load{group=y}': 8 })
    const fine = await s.evaluate()
    const t = scene('groups: [{ name: g, rules: [{ alert: High, expr: "load > 5", labels: { n: "" } }] }]')
    t.put({ 'load{table=a,n=1}': 7, 'load{table=a,n=2}': 8, 'load{table=b,n=1}': 9 })
    const twice = await t.evaluate()

    expect(fine.rules[0]!.error).toBeNull()
    expect(states(twice)).toEqual(['a firing', 'b firing'])
    expect(twice.rules[0]).toMatchObject({ health: 'err', samples: 4 })
    expect(twice.rules[0]!.error).toContain('same labelset after applying alert labels')
    expect(twice.rules[0]!.error).toContain('load{n="2", table="a"}')
  })

  test('of two recorded values for one series neither is written', async () => {
    const s = scene('groups: [{ name: g, rules: [{ record: r, expr: load, labels: { n: "" } }] }]')
    s.put({ 'load{table=a,n=1}': 7, 'load{table=a,n=2}': 8, 'load{table=b,n=1}': 9 })
    const report = await s.evaluate()

    expect(s.query('r')).toEqual([{ __name__: 'r', table: 'b', value: 9 }])
    expect(report.rules[0]!.error).toContain('same labelset after applying rule labels')
  })

  test('a rule above its limit ends all its alerts, and says so', async () => {
    const s = scene(
      'groups: [{ name: g, limit: 1, rules: [{ alert: High, expr: "load > 5" }, { record: r, expr: load }] }]',
    )
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({ 'load{table=a}': 7, 'load{table=b}': 8 })
    const report = await s.evaluate()

    expect(report.rules.map(({ error }) => error)).toEqual([
      'exceeded limit of 1 with 2 alerts',
      'exceeded limit of 1 with 2 series',
    ])
    expect(states(report)).toEqual(['a resolved'])
  })
})

describe('over a restart', () => {
  test('a short `for` goes on where it was, the time away not counted', async () => {
    const s = scene(HIGH)
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.restart()
    s.skip(10)
    s.put({ 'load{table=a}': 7 })
    expect(states(await s.evaluate())).toEqual(['a pending'])
    s.put({ 'load{table=a}': 7 })
    expect(states(await s.evaluate())).toEqual(['a firing'])
  })

  test('keep_firing_for and resolved alerts are kept', async () => {
    const s = scene('groups: [{ name: g, rules: [{ alert: High, expr: "load > 5", keep_firing_for: 3m }] }]')
    s.put({ 'load{table=a}': 7 })
    const fired = await s.evaluate()
    s.put({ 'load{table=a}': 1 })
    await s.evaluate()
    s.restart()
    const seen: string[] = []
    for (let i = 0; i < 4; i++) {
      s.put({ 'load{table=a}': 1 })
      seen.push(...states(await s.evaluate()))
    }
    s.restart()
    s.put({ 'load{table=a}': 1 })
    const last = await s.evaluate()

    expect(seen).toEqual(['a firing', 'a firing', 'a firing', 'a resolved'])
    expect(last.alerts).toMatchObject([{ startsAt: fired.at, endsAt: plus(last.at, MINUTE_BACK) }])
  })

  test('a rule that is gone from its file resolves what it fired, a changed expression keeps it', async () => {
    const s = scene(
      'groups: [{ name: g, rules: [{ alert: High, expr: "load > 5" }, { alert: Other, expr: "load > 6" }] }]',
    )
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.restart(load('groups: [{ name: g, rules: [{ alert: High, expr: "load > 4" }] }]')[0])
    s.put({ 'load{table=a}': 7 })
    const report = await s.evaluate()

    expect(report.alerts.map(({ labels, endsAt }) => [labels['alertname'], endsAt])).toEqual([
      ['High', null],
      ['Other', report.at],
    ])
  })

  test('a group that is retired resolves its alerts and ends its series', async () => {
    const s = scene(
      'groups: [{ name: g, rules: [{ record: r, expr: load }, { alert: High, expr: "load > 5" }] }]',
    )
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()

    expect(s.group.retire(s.now)).toMatchObject([{ endsAt: s.now }])
    expect(s.query('{__name__=~"r|ALERTS.*"}', s.now)).toEqual([])
  })
})

test('series of an hourly source are looked up with an hourly patience, others with five minutes', () => {
  const lookback = fittingLookback(({ source }) => (source === 'daily' ? HOUR : null))

  expect([lookback({ source: 'daily' }), lookback({ source: 'x' })]).toEqual([2.5 * HOUR, 5 * MINUTE])
})

test('a long evaluation pauses between rules, and gives what it gives without', async () => {
  const rules = Array.from({ length: 9 }, (_, i) => `{ alert: A${i}, expr: 'load > ${i}' }`)
  const play = scene(`groups: [{ name: g, rules: [${rules.join(', ')}] }]`)
  play.put({ 'load{table="a"}': 5 })
  let clock = 0
  let pauses = 0
  const evaluate = (extra: Partial<GroupPorts>) =>
    createGroup(play.group.definition, { ...play.ports, ...extra }, null).evaluate(play.now)
  const paused = await evaluate({
    monotonic: () => (clock += 2),
    pause: async () => {
      pauses += 1
      clock += 1_000
    },
  })

  expect(paused!.alerts).toEqual((await evaluate({}))!.alerts)
  expect(paused!.alerts).toHaveLength(5)
  expect(pauses).toBe(4)
})
