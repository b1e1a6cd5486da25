// The scenarios of Prometheus's alert-generator compliance suite, on a virtual clock: 40 minutes in a moment.
import { expect, test } from 'vitest'
import type { Alert } from '../../src/model/alert.ts'
import { MINUTE, SECOND, millis, plus, timestamp } from '../../src/model/units.ts'
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import {
  type GroupPorts,
  type GroupReport,
  createGroup,
  engineQuery,
  loadRuleFiles,
  recordedNames,
} from '../../src/rules/rules.ts'

const STEP = millis(30 * SECOND)

const RULES = `
groups:
  - name: PendingAndFiringAndResolved
    interval: 30s
    rules:
      - alert: Simple
        expr: simple > 10
        for: 2m
        labels: { foo: bar, rulegroup: simple }
        annotations:
          description: "value is {{ $value }} ({{ $labels.job }})"
          summary: '{{ define "s" }}{{ .arg0 }}/{{ .arg1 | humanize }}{{ end }}{{ template "s" (args $labels.job .Value) }}'
  - name: PendingAndResolved_AlwaysInactive
    interval: 30s
    rules:
      - { alert: Spike, expr: spike > 10, for: 5m }
      - { alert: Never, expr: spike > 1000, for: 0s }
  - name: ZeroFor_SmallFor
    interval: 30s
    rules:
      - { alert: ZeroFor, expr: small > 10 }
      - { alert: SmallFor, expr: small > 10, for: 30s }
  - name: NewAlerts_OrderCheck
    interval: 30s
    rules:
      - { alert: NewAlerts, expr: fresh > 10, labels: { ba_dum: tss } }
      - alert: OrderCheck
        expr: ALERTS{alertname="NewAlerts",alertstate="firing"} == 1
        labels: { alertname: hidden, alertstate: "" }
        annotations: { others: '{{ range query "ALERTS{alertname=\\"NewAlerts\\"}" | sortByLabel "v" }}{{ .Labels.v }} {{ end }}' }
`

/** Runs every group at each of its slots; `values` has the samples of a slot, one letter of `letters` a slot. */
async function play(steps: number, values: (slot: number) => Record<string, number>) {
  const series = memorySeries()
  const engine = createEngine(series)
  const { groups, errors } = loadRuleFiles([{ path: 'rules.yaml', text: RULES }])
  expect(errors).toEqual([])
  const ports: GroupPorts = {
    query: engineQuery(engine),
    writer: series,
    external: { labels: {}, url: 'http://tidemark' },
    defaults: { interval: MINUTE, queryOffset: millis(0) },
    recorded: recordedNames(groups),
    whereabouts: () => 'unknown',
  }
  const running = groups.map((definition) => createGroup(definition, ports, null))
  const start = timestamp(1_700_000_000_000)
  const reports: Array<Map<string, GroupReport>> = []
  const alerts: Alert[][] = []
  const pending: string[][] = []
  for (let slot = 0; slot < steps; slot++) {
    const at = plus(start, millis(slot * STEP))
    const samples = Object.entries(values(slot)).map(([text, value]) => {
      const [name, v] = text.split(' ')
      return { name: name!, labels: v === undefined ? { job: 'test' } : { job: 'test', v }, value }
    })
    series.append('input', samples, at)
    const now = new Map<string, GroupReport>()
    // Slots of different groups lie within the same 30 seconds.
    for (const group of running)
      now.set(group.definition.name, (await group.evaluate(plus(at, millis(STEP - 1))))!)
    reports.push(now)
    alerts.push([...now.values()].flatMap((report) => report.alerts))
    pending.push(
      [...now.values()].flatMap(({ rules }) =>
        rules.flatMap((rule) =>
          rule.alerts
            .filter(({ state }) => state.phase === 'pending')
            .map(({ labels }) => labels['alertname']!),
        ),
      ),
    )
  }
  const query = (expr: string, slot: number) =>
    engineQuery(engine)(expr, plus(start, millis((slot + 1) * STEP - 1)))
  /** One letter a slot: - nothing, p pending, f firing, r resolved. */
  const life = (name: string): string =>
    alerts
      .map((all, slot) => {
        const alert = all.find(({ labels }) => labels['alertname'] === name)
        if (alert !== undefined) return alert.endsAt === null ? 'f' : 'r'
        return pending[slot]!.includes(name) ? 'p' : '-'
      })
      .join('')
  return { alerts, reports, query, life }
}

test('pending, firing, resolved: each at its slot, told for 15 minutes after its end', async () => {
  const high = (slot: number): boolean => slot >= 4 && slot < 20
  const { alerts, life, query } = await play(60, (slot) => ({ simple: high(slot) ? 15 : 5 }))

  // for: 2m is four slots; resolved is kept while no more than 15 minutes, 30 slots, have passed.
  expect(life('Simple')).toBe('-'.repeat(4) + 'p'.repeat(4) + 'f'.repeat(12) + 'r'.repeat(31) + '-'.repeat(9))
  const fired = alerts[8]![0]!
  expect(fired).toMatchObject({
    labels: { alertname: 'Simple', foo: 'bar', job: 'test', rulegroup: 'simple' },
    annotations: { description: 'value is 15 (test)', summary: 'test/15' },
    endsAt: null,
    generatorUrl: 'http://tidemark/graph?g0.expr=simple+%3E+10&g0.tab=1',
  })
  // Its start is when it fired, whatever comes after; its end does not move.
  expect(new Set(alerts.slice(8, 51).map(([alert]) => alert!.startsAt))).toEqual(new Set([fired.startsAt]))
  expect(new Set(alerts.slice(20, 51).map(([alert]) => alert!.endsAt))).toEqual(
    new Set([plus(fired.startsAt, millis(12 * STEP))]),
  )
  expect(await query('count by (alertstate) (ALERTS)', 7)).toMatchObject([
    { labels: { alertstate: 'pending' }, value: 1 },
  ])
  expect(await query('count by (alertstate) (ALERTS)', 8)).toMatchObject([
    { labels: { alertstate: 'firing' }, value: 1 },
  ])
  expect(await query('ALERTS', 20)).toEqual([])
  const [since] = await query('ALERTS_FOR_STATE{alertname="Simple"} * 1000', 19)
  expect(Math.abs(since!.value - (fired.startsAt - 4 * STEP))).toBeLessThan(1000)
})

test('a spike shorter than `for` is never told; what never holds never is', async () => {
  const { life, query } = await play(20, (slot) => ({ spike: slot >= 3 && slot < 10 ? 15 : 5 }))

  expect(life('Spike')).toBe('---' + 'p'.repeat(7) + '-'.repeat(10))
  expect(life('Never')).toBe('-'.repeat(20))
  expect(await query('ALERTS', 12)).toEqual([])
})

test('without `for` an alert fires at its first evaluation, with a short one at the next', async () => {
  const { life } = await play(10, (slot) => ({ small: slot >= 2 && slot < 6 ? 15 : 5 }))

  expect(life('ZeroFor')).toBe('--ffffrrrr')
  expect(life('SmallFor')).toBe('--pfffrrrr')
})

test('rules of a group run in order and see what those before them wrote', async () => {
  const { alerts, life } = await play(8, (slot) => ({
    'fresh b': slot >= 2 ? 15 : 5,
    'fresh a': slot >= 3 && slot < 6 ? 15 : 5,
  }))

  expect(life('NewAlerts')).toBe('--ffffff')
  expect(life('OrderCheck')).toBe('--ffffff')
  const checks = (slot: number) =>
    alerts[slot]!.filter(({ labels, endsAt }) => labels['alertname'] === 'OrderCheck' && endsAt === null)
  expect(checks(2).map(({ labels }) => labels)).toEqual([
    { alertname: 'OrderCheck', ba_dum: 'tss', job: 'test', v: 'b' },
  ])
  expect(checks(4).map(({ annotations }) => annotations['others'])).toEqual(['a b ', 'a b '])
  expect(checks(6).map(({ labels }) => labels['v'])).toEqual(['b'])
})

test('a changed value changes annotations, not the alert', async () => {
  const { alerts } = await play(12, (slot) => ({ simple: 11 + slot }))
  const firing = alerts.slice(4).map(([alert]) => alert!)

  expect(new Set(firing.map(({ startsAt }) => startsAt)).size).toBe(1)
  expect(firing.map(({ annotations }) => annotations['description'])).toEqual(
    firing.map((_, i) => `value is ${15 + i} (test)`),
  )
})
