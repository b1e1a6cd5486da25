// Alerts whose input is missing or blind: kept and marked, not resolved (docs/decisions/07-no-data.md).
import { describe, expect, test } from 'vitest'
import { plus } from '../../src/model/units.ts'
import { type GroupPorts, type Whereabouts, createGroup } from '../../src/rules/rules.ts'
import { MINUTE_BACK, scene, states } from './scene.ts'

describe('no data', () => {
  const rule = 'groups: [{ name: g, rules: [{ alert: High, expr: "load > 5" }] }]'

  test('series that end keep their alert, marked; it resolves when they are back and fine', async () => {
    const s = scene(rule)
    s.put({ 'load{table=a}': 7, 'load{table=b}': 1 })
    await s.evaluate()
    s.put({ 'load{table=b}': 1 })
    const blind = await s.evaluate()
    await s.evaluate()
    s.put({ 'load{table=a}': 2, 'load{table=b}': 1 })
    const back = await s.evaluate()

    expect(blind.alerts).toMatchObject([
      { endsAt: null, noData: true, value: null, updatedAt: plus(blind.at, MINUTE_BACK) },
    ])
    expect(blind.rules[0]!.alerts[0]!.lost).toEqual(['load'])
    expect(back.alerts).toMatchObject([{ endsAt: back.at, noData: false }])
  })

  test('values that fall resolve at once', async () => {
    const s = scene(rule)
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({ 'load{table=a}': 5 })

    expect(states(await s.evaluate())).toEqual(['a resolved'])
  })

  test('what is gone for good resolves; what is blind does not, though other series are there', async () => {
    const summed = 'groups: [{ name: g, rules: [{ alert: High, expr: "sum(load) > 5" }] }]'
    const after = async (yaml: string, place: Whereabouts): Promise<string[]> => {
      const s = scene(yaml, { whereabouts: ({ table }) => (table === 'a' ? place : 'unknown') })
      s.put({ 'load{table=a}': 7, 'load{table=b}': 1 })
      await s.evaluate()
      s.put({ 'load{table=b}': 1 })
      return states(await s.evaluate())
    }

    expect(await after(rule, 'gone')).toEqual(['a resolved'])
    expect(await after(rule, 'blind')).toEqual(['a firing'])
    expect(await after(summed, 'blind')).toEqual(['High firing'])
    expect(await after(summed, 'unknown')).toEqual(['High resolved'])
  })

  test('an expectation that was taken back is gone, though its table is there', async () => {
    const s = scene(
      'groups: [{ name: g, rules: [{ alert: Late, expr: "time() - min by (table) (due) > 0" }] }]',
      {
        whereabouts: (labels) => (labels['__name__'] === 'due' ? 'gone' : 'unknown'),
      },
    )
    s.put({ 'due{table=a,severity=warn}': 1 })
    await s.evaluate()
    s.put({})

    expect(states(await s.evaluate())).toEqual(['a resolved'])
  })

  test('absence rules work as they always did', async () => {
    const s = scene('groups: [{ name: g, rules: [{ alert: Gone, expr: \'absent(load{table="a"})\' }] }]')

    expect(states(await s.evaluate())).toEqual(['a firing'])
    s.put({ 'load{table=a}': 1 })
    expect(states(await s.evaluate())).toEqual(['a resolved'])
  })

  test('`unless` takes an alert away by being there', async () => {
    const s = scene(
      'groups: [{ name: g, rules: [{ alert: High, expr: "load > 5 unless on (table) maintenance" }] }]',
    )
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({ 'load{table=a}': 7, 'maintenance{table=a}': 1 })

    expect(states(await s.evaluate())).toEqual(['a resolved'])
  })

  test('a recorded series comes and goes with its own condition', async () => {
    const s = scene(
      'groups: [{ name: g, rules: [{ record: hot, expr: "load > 5" }, { alert: Hot, expr: "hot > 0" }] }]',
    )
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({ 'load{table=a}': 1 })
    expect(states(await s.evaluate())).toEqual(['a resolved'])

    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({})
    expect(states(await s.evaluate())).toEqual(['a firing'])
  })

  test('rules may say that missing is over, or how long it is kept', async () => {
    const after = async (annotation: string, minutes: number): Promise<string[]> => {
      const s = scene(
        `groups: [{ name: g, rules: [{ alert: High, expr: "load > 5", annotations: { tidemark_no_data: ${annotation} } }] }]`,
      )
      s.put({ 'load{table=a}': 7 })
      let report = await s.evaluate()
      s.put({})
      for (let i = 0; i < minutes; i++) report = await s.evaluate()
      return states(report)
    }

    expect(await after('resolve', 1)).toEqual(['a resolved'])
    expect(await after('5m', 4)).toEqual(['a firing'])
    expect(await after('5m', 5)).toEqual(['a resolved'])
    expect(await after('keep', 60)).toEqual(['a firing'])
  })

  test('when it cannot be found out why an alert left, it is kept', async () => {
    const s = scene(rule)
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({ 'load{table=a}': 1 })
    const unwell: GroupPorts = {
      ...s.ports,
      query: (expr, at) => {
        if (typeof expr !== 'string' && expr.kind === 'selector') throw new Error('too busy')
        return s.ports.query(expr, at)
      },
    }
    const report = await createGroup(s.group.definition, unwell, s.group.state()).evaluate(s.now)

    expect(report!.rules[0]!.health).toBe('ok')
    expect(report!.alerts).toMatchObject([{ endsAt: null, noData: true }])
  })

  test('one name that two rules record has the inputs of both', async () => {
    const s = scene(
      'groups: [{ name: g, rules: [{ record: hot, expr: "load > 5" }, { record: hot, expr: "heat > 5" }, { alert: Hot, expr: "hot > 0" }] }]',
    )
    s.put({ 'load{table=a}': 7, 'heat{table=b}': 8 })
    await s.evaluate()
    s.put({ 'heat{table=b}': 1 })

    expect(states(await s.evaluate())).toEqual(['a firing', 'b resolved'])
  })

  test('without a judge missing series resolve, as in Prometheus', async () => {
    const s = scene(rule, { whereabouts: null })
    s.put({ 'load{table=a}': 7 })
    await s.evaluate()
    s.put({})

    expect(states(await s.evaluate())).toEqual(['a resolved'])
  })
})
