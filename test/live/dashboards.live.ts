// Debian's Prometheus and a daemon with two hours of history behind them (scene/scene.ts): every query of every
// dashboard finds something, and both answer the same; then both go on with what really is scraped.
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { dashboards } from '../../src/dashboards/dashboards.ts'
import { type DashboardQuery, queriesOf, variablesOf } from '../dashboards/queries.ts'
import { RESOLUTION, type Scene, ask, openScene } from './scene/scene.ts'

const root = path.resolve(import.meta.dirname, '../..')
const STEP = 60
let scene: Scene

beforeAll(async () => {
  scene = await openScene()
}, 400_000)
afterAll(() => scene[Symbol.asyncDispose]())

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly values: ReadonlyArray<readonly [number, string]>
}
interface Sample {
  readonly metric: Series['metric']
  readonly value: readonly [number, string]
}

/** Labels without those that a scrape adds. */
const keyOf = (metric: Series['metric']): string =>
  Object.entries(metric)
    .filter(([name]) => name !== 'instance' && name !== 'job')
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join()

async function instant(url: string, query: string, at: number): Promise<ReadonlyMap<string, number>> {
  const { result } = (await ask(url, 'query', { query, time: String(at) })) as { result: Sample[] }
  return new Map(result.map(({ metric, value }) => [keyOf(metric), Number(value[1])]))
}

/** Every point of the two hours by series and time. */
async function points(url: string, query: string): Promise<ReadonlyMap<string, number>> {
  const start = Math.ceil(scene.from / STEP) * STEP
  const range = { query, start: String(start), end: String(scene.until), step: String(STEP) }
  const { result } = (await ask(url, 'query_range', range)) as { result: Series[] }
  return new Map(
    result.flatMap(({ metric, values }) =>
      values.map(([at, value]) => [`${keyOf(metric)} ${at}`, Number(value)] as const),
    ),
  )
}

const close = (a: number, b: number | undefined, tolerance = 1e-9): boolean =>
  b !== undefined && (Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b)))

/**
 * Prometheus before 3 and since extrapolate a counter that has just begun by another part of the interval between two
 * samples; of a few points the values differ by that much.
 */
const EXTRAPOLATED = /increase\(|rate\(/
const FEW = 0.02
const PART = 0.15

const cases = (dashboard: ReturnType<typeof dashboards>[string]) =>
  queriesOf(dashboard).map((query): [string, DashboardQuery] => [query.where, query])

describe.for(Object.entries(dashboards()))('%s', ([, dashboard]) => {
  test.for(cases(dashboard))('two hours: %s', async ([, { expr, instant: isInstant }]) => {
    const [ours, theirs] = await Promise.all([
      points(scene.tidemark.url, expr),
      points(scene.prometheus.url, expr),
    ])

    expect(ours.size).toBeGreaterThan(0)
    expect([...ours.keys()].toSorted()).toEqual([...theirs.keys()].toSorted())
    const differing = [...ours].filter(([point, value]) => !close(value, theirs.get(point)))
    if (EXTRAPOLATED.test(expr)) {
      expect(differing.length).toBeLessThanOrEqual(ours.size * FEW)
      expect(differing.filter(([point, value]) => !close(value, theirs.get(point), PART))).toEqual([])
    } else expect(differing).toEqual([])
    if (isInstant) expect(await instant(scene.tidemark.url, expr, scene.until)).not.toHaveLength(0)
  })

  test.for(variablesOf(dashboard).map((one): [string, typeof one] => [one.label, one]))(
    'the variable %s has the same values',
    async ([, { label, metric }]) => {
      const of = (url: string) => ask(url, `label/${label}/values`, { 'match[]': metric })
      const ours = await of(scene.tidemark.url)

      expect(ours).toEqual(await of(scene.prometheus.url))
      expect(ours).not.toEqual([])
    },
  )
})

describe('what is scraped now', () => {
  /** Alerts are evaluated by both, each at its own slots; counters are extrapolated from when they were sampled. */
  const UNEVEN = /ALERTS|increase\(|rate\(|> 0/
  let at: number

  // Once more than a sample has been taken, and scraped, by the daemon that took over: a moment after the newest.
  beforeAll(async () => {
    const newest = async (): Promise<number> =>
      [
        ...(await instant(scene.tidemark.url, 'timestamp(tidemark_build_info)', Date.now() / 1000)).values(),
      ][0] ?? 0
    await vi.waitFor(
      async () => {
        at = (await newest()) + 6
        if (at < scene.until + (3 * RESOLUTION) / 1000 || at > Date.now() / 1000) throw new Error('not yet')
      },
      { timeout: 250_000, interval: 500 },
    )
  }, 260_000)

  test.for(Object.values(dashboards()).flatMap(cases))('%s', async ([, { expr }]) => {
    const [ours, theirs] = await Promise.all([
      instant(scene.tidemark.url, expr, at),
      instant(scene.prometheus.url, expr, at),
    ])

    if (UNEVEN.test(expr)) return
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs))
  })
})

test('promtool has nothing to say about /metrics', async () => {
  const text = await (await fetch(`${scene.tidemark.url}/metrics`)).text()
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })

  expect([status, stdout, stderr]).toEqual([0, '', ''])
})

test('promtool finds the rules good', () => {
  expect(() =>
    execFileSync('promtool', ['check', 'rules', ...fs.globSync(`${root}/rules/*.yaml`)], { stdio: 'pipe' }),
  ).not.toThrow()
})

test('a table that is gone is gone in Prometheus', async () => {
  const query = 'tidemark_table_up{table="silver/payments"}'
  const there = async () => (await instant(scene.prometheus.url, query, Date.now() / 1000)).size
  expect(await there()).toBe(1)

  fs.rmSync(path.join(scene.lake, 'silver/payments'), { recursive: true })

  await expect.poll(there, { timeout: 180_000, interval: 500 }).toBe(0)
}, 200_000)
