// The engine against simpler ways to the same answer: steps one by one, slices, plain filters.
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { describe, expect, test } from 'vitest'
import type { Labels, Matcher } from '../../src/model/series.ts'
import { millis, timestamp } from '../../src/model/units.ts'
import { createEngine, memorySeries, QueryError } from '../../src/promql/promql.ts'
import type { Engine, InstantResult, MatrixSeries } from '../../src/promql/promql.ts'

const STEP = 10_000

/** A few series with gaps, resets, ends, NaN and infinities. */
const dataset = fc
  .array(
    fc.record({
      name: fc.constantFrom('foo', 'bar_total'),
      job: fc.constantFrom('a', 'b'),
      instance: fc.constantFrom('0', '1', ''),
      values: fc.array(
        fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: -20, max: 50 }) },
          { weight: 2, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
          fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 'stale' as const, null, null),
        ),
        { minLength: 5, maxLength: 60 },
      ),
      jitter: fc.integer({ min: 0, max: 4_000 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((series) => {
    const store = memorySeries()
    for (const { name, job, instance, values, jitter } of series) {
      const places = values.flatMap((value, i) => (value === null ? [] : [{ value, at: i * STEP + jitter }]))
      store.load(
        { __name__: name, job, ...(instance === '' ? {} : { instance }) },
        {
          timestamps: places.map(({ at }) => at),
          values: places.map(({ value }) => (value === 'stale' ? Number.NaN : value)),
          stale: places.map(({ value }) => value === 'stale'),
        },
      )
    }
    return store
  })

const window = fc.constantFrom('15s', '1m', '4m')
const instantVector = fc.oneof(
  fc.constantFrom('foo', 'bar_total', '{job="a"}', 'foo offset 30s', 'foo @ 120', 'foo smoothed'),
  fc
    .tuple(
      fc.constantFrom(
        ...'rate increase delta irate idelta sum_over_time avg_over_time min_over_time max_over_time count_over_time last_over_time first_over_time stddev_over_time changes resets deriv present_over_time mad_over_time ts_of_max_over_time absent_over_time'.split(
          ' ',
        ),
      ),
      fc.constantFrom('foo', 'bar_total', '{job="b"}'),
      window,
    )
    .map(([name, of, length]) => `${name}(${of}[${length}])`),
  fc.constantFrom(
    'max_over_time(foo[2m:20s])',
    'rate(bar_total[3m] anchored)',
    'increase(bar_total[3m] smoothed)',
    'quantile_over_time(0.3, foo[1m])',
    'predict_linear(foo[2m], 60)',
    'sum_over_time((foo > 0)[3m:10s])',
    'max_over_time(rate(bar_total[1m])[3m:20s])',
    '(max_over_time(rate(bar_total[1m])[3m:20s]) - rate(bar_total[1m]))',
    'foo @ 200',
    'rate(bar_total[1m] @ 300)',
    'predict_linear(foo[2m] @ 300, 60)',
    'timestamp(foo offset 30s)',
    'foo smoothed',
  ),
)
const expression = fc.oneof(
  instantVector,
  fc
    .tuple(
      fc.constantFrom('sum', 'avg', 'min', 'max', 'count', 'stddev', 'group'),
      fc.constantFrom('', ' by (job)', ' without (job)'),
      instantVector,
    )
    .map(([op, by, of]) => `${op}${by} (${of})`),
  fc
    .tuple(fc.constantFrom('and', 'or', 'unless'), instantVector, instantVector)
    .map(([op, a, b]) => `${a} ${op} on(job) ${b}`),
  fc
    .tuple(fc.constantFrom('+', '/', '>', '== bool'), instantVector, instantVector)
    .map(([op, a, b]) => `sum by (job) (${a}) ${op} sum by (job) (${b})`),
  fc
    .tuple(
      fc.constantFrom(
        'topk(1, ',
        'limitk(2, ',
        'quantile(0.5, ',
        'count_values("v", ',
        'abs(',
        '-(',
        'timestamp(',
        'absent(',
      ),
      instantVector,
    )
    .map(([open, of]) => `${open}${of})`),
)

const QUERY = { start: timestamp(20_000), end: timestamp(560_000), step: millis(27_000) }

/** Series as text; an error as its message. */
function shown(ask: () => readonly MatrixSeries[]): unknown {
  try {
    return ask().map(({ labels, timestamps, values }) => [labels, Array.from(timestamps), Array.from(values)])
  } catch (error) {
    expect(error).toBeInstanceOf(QueryError)
    return 'error'
  }
}

/** Steps one by one, as instant queries. */
function stepByStep(engine: Engine, expr: string): readonly MatrixSeries[] {
  const points = new Map<string, { labels: Labels; timestamps: number[]; values: number[] }>()
  for (let at: number = QUERY.start; at <= QUERY.end; at += QUERY.step) {
    const result = engine.instant(expr, timestamp(at))
    if (result.type !== 'vector') throw new Error(`${expr} is a ${result.type}`)
    for (const { labels, value } of result.samples) {
      const key = JSON.stringify(labels)
      const series = points.get(key) ?? { labels, timestamps: [], values: [] }
      points.set(key, series)
      series.timestamps.push(at)
      series.values.push(value)
    }
  }
  return [...points.values()].map(({ labels, timestamps, values }) => ({
    labels,
    timestamps: Float64Array.from(timestamps),
    values: Float64Array.from(values),
  }))
}

const byLabels = (rows: unknown): unknown =>
  Array.isArray(rows) ? rows.toSorted((a, b) => (JSON.stringify(a[0]) < JSON.stringify(b[0]) ? -1 : 1)) : rows

/** Where two answers differ, null where they do not; sliding windows add in another order, so the last digits may. */
function difference(ours: unknown, expected: unknown): string | null {
  if (typeof ours === 'number' && typeof expected === 'number') {
    const same =
      Object.is(ours, expected) ||
      Math.abs(ours - expected) <= 1e-9 * Math.max(1, Math.abs(ours), Math.abs(expected))
    return same || ours === expected ? null : `${ours} is not ${expected}`
  }
  if (Array.isArray(ours) && Array.isArray(expected)) {
    if (ours.length !== expected.length) return `${JSON.stringify(ours)} is not ${JSON.stringify(expected)}`
    return ours.map((one, i) => difference(one, expected[i])).find((found) => found !== null) ?? null
  }
  const [a, b] = [JSON.stringify(ours), JSON.stringify(expected)]
  return a === b ? null : `${a} is not ${b}`
}

describe('engine', () => {
  test('a range query is its steps one by one', () => {
    fc.assert(
      fc.property(dataset, fc.array(expression, { minLength: 1, maxLength: 8 }), (store, expressions) => {
        const engine = createEngine(store)
        for (const expr of expressions) {
          const one = byLabels(shown(() => stepByStep(engine, expr)))
          const all = byLabels(shown(() => engine.range(expr, QUERY).series))
          expect(difference(all, one)).toBe(null)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('slices give what one run gives', async () => {
    await fc.assert(
      fc.asyncProperty(dataset, expression, async (store, expr) => {
        let clock = 0
        const engine = createEngine(store, { now: () => (clock += 3) })
        const whole = shown(() => engine.range(expr, QUERY).series)
        let yields = 0
        const sliced = await engine
          .rangeSliced(expr, QUERY, async () => {
            yields += 1
          })
          .then(
            ({ series }) => shown(() => series),
            () => 'error',
          )
        const at = timestamp(500_000)
        const instant = (ask: Promise<InstantResult>) =>
          ask.then(
            (result) => result,
            () => 'error',
          )

        expect(difference(byLabels(sliced), byLabels(whole))).toBe(null)
        expect(await instant(engine.instantSliced(expr, at, async () => {}))).toEqual(
          await instant(Promise.try(() => engine.instant(expr, at))),
        )
        if (sliced !== 'error') expect(yields).toBeGreaterThan(0)
      }),
      { numRuns: 60 },
    )
  })

  test('answers do not depend on what was asked before', () => {
    fc.assert(
      fc.property(dataset, expression, (store, expr) => {
        const engine = createEngine(store)
        const first = shown(() => engine.range(expr, QUERY).series)
        shown(() => engine.range(expr, { ...QUERY, step: millis(90_000) }).series)
        store.append('test', [{ name: 'foo', labels: { job: 'new' }, value: 1 }], timestamp(900_000))

        expect(shown(() => engine.range(expr, QUERY).series)).toEqual(first)
      }),
      { numRuns: 60 },
    )
  })

  test('matchers find what a plain filter finds', () => {
    const value = fc.constantFrom('', 'a', 'ab', 'abc', 'b\nc', 'xay', 'A')
    const pattern = fc.constantFrom(
      'a',
      'a|ab',
      'a.*',
      '.*a',
      '.+a.+',
      '.*',
      '.+',
      '',
      'a.c',
      '(?i)a',
      'b.c',
      '[ab]+',
      'a|',
      '.+c',
      'x.*',
    )
    const matcher: fc.Arbitrary<Matcher> = fc.record({
      name: fc.constantFrom('x', 'y'),
      op: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
      value: pattern,
    })
    const naive = ({ name, op, value: wanted }: Matcher, labels: Labels): boolean => {
      const actual = labels[name] ?? ''
      if (op === '=' || op === '!=') return (actual === wanted) === (op === '=')
      return RE2JS.compile(`(?s:${wanted})`).matcher(actual).matches() === (op === '=~')
    }
    fc.assert(
      fc.property(
        fc.array(fc.record({ x: value, y: value })),
        fc.array(matcher, { maxLength: 3 }),
        (rows, matchers) => {
          const store = memorySeries()
          for (const labels of rows) store.load(labels, { timestamps: [0], values: [0] })
          const found = new Set(store.find(matchers).map(({ labels }) => `${labels['x']}/${labels['y']}`))

          for (const labels of rows)
            expect(found.has(`${labels.x}/${labels.y}`)).toBe(matchers.every((one) => naive(one, labels)))
        },
      ),
    )
  })

  test('limits', () => {
    const store = memorySeries()
    for (let i = 0; i < 20; i++)
      store.load({ __name__: 'foo', i: String(i) }, { timestamps: [0], values: [i] })
    const day = { start: timestamp(0), end: timestamp(86_400_000), step: millis(1_000) }

    expect(() => createEngine(store).range('foo', day)).toThrow(
      /exceeded maximum resolution of 11,000 points per timeseries/,
    )
    expect(() => createEngine(store).range('foo', { ...day, step: millis(0) })).toThrow(
      /zero or negative query resolution step/,
    )
    expect(() => createEngine(store).range('foo', { ...day, start: timestamp(9e7) })).toThrow(
      /end timestamp must not be before start/,
    )
    expect(() => createEngine(store).range('foo[5m]', QUERY)).toThrow(
      /invalid expression type "range vector" for range query/,
    )
    expect(() => createEngine(store, { samples: 10 }).instant('foo', timestamp(0))).toThrow(
      /too many samples into memory.*, the limit is 10/,
    )
    let clock = 0
    const slow = createEngine(store, { now: () => (clock += 1_000) })
    expect(() =>
      slow.range(
        'abs(foo)',
        { start: timestamp(0), end: timestamp(1_000_000), step: millis(100) },
        { timeout: millis(500) },
      ),
    ).toThrow(/timed out .* after 500 ms/)
    expect(() => createEngine(store).instant('histogram_count(foo)', timestamp(0))).toThrow(
      /native histograms, which are not supported/,
    )
    expect(() => createEngine(store).instant('foo </ 3', timestamp(0))).toThrow(
      /native histograms, which are not supported/,
    )
  })

  test('names are dropped where an operator drops them, or at the end', () => {
    const store = memorySeries()
    store.load({ __name__: 'foo_total', job: 'a' }, { timestamps: [0, 10_000], values: [1, 2] })
    const labelsOf = (delayedNameRemoval: boolean) => {
      const result = createEngine(store).instant(
        'sum by (__name__) (rate(foo_total[1m]))',
        timestamp(10_000),
        { delayedNameRemoval },
      )
      return result.type === 'vector' ? result.samples.map(({ labels }) => labels) : []
    }

    expect(labelsOf(false)).toEqual([{}])
    expect(labelsOf(true)).toEqual([{}])
    const named = 'label_replace(rate(foo_total[1m]), "was", "$1", "__name__", "(.*)")'
    const was = (delayedNameRemoval: boolean) => {
      const result = createEngine(store).instant(named, timestamp(10_000), { delayedNameRemoval })
      return result.type === 'vector' ? result.samples[0]?.labels['was'] : undefined
    }
    expect(was(false)).toBeUndefined()
    expect(was(true)).toBe('foo_total')
  })

  test('a series may be looked back for longer than others', () => {
    const store = memorySeries()
    store.load({ __name__: 'daily' }, { timestamps: [0], values: [1] })
    store.load({ __name__: 'often' }, { timestamps: [0], values: [2] })
    const engine = createEngine(store)
    const lookback = (labels: Labels) => millis(labels['__name__'] === 'daily' ? 86_400_000 : 300_000)
    const found = (options: object) => {
      const result = engine.instant('{__name__=~".+"}', timestamp(3_600_000), options)
      return result.type === 'vector' ? result.samples.map(({ value }) => value) : []
    }

    expect(found({})).toEqual([])
    expect(found({ lookback })).toEqual([1])
  })
})
