import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Suspect, buildLineage, incidentsOf, nodeOfLabels } from '../../src/lineage/lineage.ts'
import { type EdgeFact, aliasOf, edgeOf, jobId } from '../../src/model/run-facts.ts'
import { MINUTE, timestamp } from '../../src/model/units.ts'
import { memory } from '../ledger/memory.ts'
import { aReport } from '../model/a-run.ts'
import { NOW, aTable } from '../model/a-table.ts'

const at = (minutes: number) => timestamp(NOW + minutes * MINUTE)
const job = (name: string) => jobId('shop', name)
const reads = (from: string, name: string) => edgeOf('x', 'reads', from, job(name), NOW)
const writes = (name: string, to: string) => edgeOf('x', 'writes', job(name), to, NOW)
const partOf = (task: string, pipeline: string) => edgeOf('x', 'part-of', job(task), job(pipeline), NOW)
const nodes = (steps: ReadonlyArray<{ node: string; distance: number }>) =>
  steps.map(({ node, distance }) => `${distance} ${node}`)

describe('the graph', () => {
  const edges = [
    reads('raw', 'daily.load'),
    writes('daily.load', 'orders'),
    reads('orders', 'daily.report'),
    writes('daily.report', 'revenue'),
    reads('other', 'daily.copy'),
    writes('daily.copy', 'copy'),
    partOf('daily.load', 'daily'),
    partOf('daily.report', 'daily'),
    partOf('daily.copy', 'daily'),
  ]

  test('says what is upstream and downstream, nearest first', () => {
    const lineage = buildLineage(edges, [])

    expect(nodes(lineage.upstream('revenue'))).toEqual([
      `1 ${job('daily')}`,
      `1 ${job('daily.report')}`,
      '2 orders',
      `3 ${job('daily.load')}`,
      '4 raw',
    ])
    expect(nodes(lineage.downstream('raw')).at(-1)).toBe('4 revenue')
  })

  test('a task stands for its pipeline, but not for the other tasks of it', () => {
    const downstream = nodes(buildLineage(edges, []).downstream('raw'))

    expect(downstream).toContain(`1 ${job('daily')}`)
    expect(downstream.join()).not.toContain('copy')
  })

  test('a pipeline stands for all its tasks', () => {
    const lineage = buildLineage(edges, [])

    expect(nodes(lineage.downstream(job('daily'))).map((step) => step.slice(2))).toEqual(
      expect.arrayContaining(['orders', 'revenue', 'copy']),
    )
    expect(nodes(lineage.upstream(job('daily'))).map((step) => step.slice(2))).toEqual(
      expect.arrayContaining(['raw', 'other']),
    )
  })

  test('names of one dataset are one node, by the name that the lake has for it', () => {
    const lineage = buildLineage(
      [writes('load', 'hive/orders'), reads('s3/orders', 'report')],
      [aliasOf('x', 'hive/orders', 'catalog/orders'), aliasOf('x', 's3/orders', 'catalog/orders')],
      (name) => name.startsWith('s3'),
    )

    expect(nodes(lineage.upstream(job('report')))).toEqual(['1 s3/orders', `2 ${job('load')}`])
    expect(lineage.names('hive/orders')).toEqual(['catalog/orders', 'hive/orders', 's3/orders'])
    expect(lineage.has('catalog/orders')).toBe(true)
  })

  test('cycles end', () => {
    const lineage = buildLineage([reads('a', 'merge'), writes('merge', 'a')], [])

    expect(nodes(lineage.upstream('a'))).toEqual([`1 ${job('merge')}`])
  })
})

test('labels lead to nodes', () => {
  const known = memory()
  known.take([aTable(), aReport()])

  expect(nodeOfLabels({ source: 'flows', pipeline: 'daily_orders' }, known)).toBe('job:default/daily_orders')
  expect(nodeOfLabels({ source: 'lake', table: 'gold/orders' }, known)).toBe('s3://lake/gold/orders')
  expect(nodeOfLabels({ source: 'dbt', table: 'gold/orders' }, known)).toBe('s3://lake/gold/orders')
  expect(nodeOfLabels({ source: 'lake' }, known)).toBeUndefined()
})

const suspect = (node: string | undefined, minute: number, key = node ?? 'none'): Suspect => ({
  key,
  node,
  startsAt: at(minute),
})
const nothing = new Map<string, string>()

describe('incidents', () => {
  const lineage = buildLineage(
    [
      writes('load', 'orders'),
      reads('orders', 'report'),
      writes('report', 'revenue'),
      writes('other', 'stock'),
    ],
    [],
  )

  test('all that one fault explains is one incident, which names it', () => {
    const found = incidentsOf(
      [suspect('revenue', 60), suspect(job('load'), 0), suspect('orders', 30)],
      lineage,
      nothing,
    )

    expect(new Set([...found.values()].map(({ id }) => id)).size).toBe(1)
    expect(found.get('revenue')).toMatchObject({ cause: job('load'), guess: false })
  })

  test('two faults are two incidents', () => {
    const found = incidentsOf([suspect('revenue', 0), suspect('stock', 0)], lineage, nothing)

    expect(found.get('revenue')!.id).not.toBe(found.get('stock')!.id)
  })

  test('an alert keeps the incident it has; a cause that is found later joins it', () => {
    const first = incidentsOf([suspect('revenue', 0)], lineage, nothing)
    const remembered = new Map([...first].map(([key, { id }]) => [key, id]))
    const second = incidentsOf(
      [suspect('revenue', 0), suspect(job('load'), 5), suspect('orders', 9)],
      lineage,
      remembered,
    )

    expect(new Set([...second.values()].map(({ id }) => id))).toEqual(new Set([first.get('revenue')!.id]))
    expect(second.get('revenue')!.cause).toBe(job('load'))
  })

  test('where lineage says nothing, time decides, and says that it guessed', () => {
    const found = incidentsOf(
      [
        suspect(job('load'), 0),
        suspect('unknown table', 5),
        suspect(undefined, 7),
        suspect('much later', 300),
      ],
      lineage,
      nothing,
    )
    const id = found.get(job('load'))!.id

    expect(found.get('unknown table')).toEqual({ id, cause: job('load'), guess: true })
    expect(found.get('none')).toMatchObject({ id, guess: true })
    expect(found.get('much later')).toMatchObject({ guess: false, cause: 'much later' })
  })

  test('in a cycle what began first is the cause', () => {
    const circle = buildLineage([reads('a', 'j'), writes('j', 'b'), reads('b', 'k'), writes('k', 'a')], [])
    const found = incidentsOf([suspect('b', 1), suspect('a', 0)], circle, nothing)

    expect([...found.values()].map(({ cause }) => cause)).toEqual(['a', 'a'])
  })
})

/** A lake of 200 nodes in layers: tables, and the jobs that make them of tables of earlier layers. */
const lakes = fc
  .record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    fault: fc.nat(99),
    watched: fc.integer({ min: 3, max: 10 }),
    missing: fc.constantFrom(0, 0, 5),
  })
  .map(({ seed, fault, watched, missing }) => {
    let state = seed
    const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below
    const edges: EdgeFact[] = []
    for (let i = 0; i < 100; i += 1) {
      edges.push(writes(`j${i}`, `t${i}`))
      const inputs = i < 10 ? 0 : 1 + random(3)
      for (let n = 0; n < inputs; n += 1) edges.push(reads(`t${random(i)}`, `j${i}`))
    }
    const whole = buildLineage(edges, [])
    const kept = missing === 0 ? edges : edges.filter(() => random(missing) !== 0)
    const cause = job(`j${fault}`)
    // The job fails; what is downstream and watched is late some time after.
    const late = whole
      .downstream(cause)
      .filter((step) => step.node.startsWith('t') && random(10) < watched)
      .map((step) => suspect(step.node, 1 + step.distance * (5 + random(30))))
    return { lineage: buildLineage(kept, []), suspects: [suspect(cause, 0), ...late], cause, missing }
  })

test('one fault in a lake of 200 nodes is one incident with the right root', () => {
  const runs = fc.sample(
    lakes.filter((lake) => lake.missing === 0),
    { numRuns: 100, seed: 7 },
  )
  const right = runs.filter(({ lineage, suspects, cause }) => {
    const found = [...incidentsOf(suspects, lineage, nothing).values()]
    return new Set(found.map(({ id }) => id)).size === 1 && found.every((one) => one.cause === cause)
  })

  expect(runs).toHaveLength(100)
  expect(right.length).toBeGreaterThanOrEqual(95)
})

test('no alert is lost when edges are missing, and none changes its incident when more come', () => {
  fc.assert(
    fc.property(lakes, ({ lineage, suspects }) => {
      const half = suspects.slice(0, Math.ceil(suspects.length / 2))
      const first = incidentsOf(half, lineage, nothing)
      const remembered = new Map([...first].map(([key, { id }]) => [key, id]))
      const all = incidentsOf(suspects, lineage, remembered)

      expect([...all.keys()].toSorted()).toEqual(suspects.map(({ key }) => key).toSorted())
      for (const [key, { id }] of first) expect(all.get(key)!.id).toBe(id)
    }),
  )
})
