// Selectors find what a plain filter over all series finds, in order of id.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Labels, Matcher } from '../../src/model/series.ts'
import { SeriesIndex } from '../../src/store/series-index.ts'

const none = () => ({ timestamps: new Float64Array(0), values: new Float64Array(0), stale: null })

const name = fc.constantFrom('table', 'source', 'constructor', 'absent')
const text = fc.constantFrom('', 'a', 'b', 'ab', 'abc', 'a.b', 'x\ny')
const labels = fc.record(
  { table: text, source: text, constructor: text },
  { requiredKeys: [] },
) as fc.Arbitrary<Labels>
const series = fc.uniqueArray(fc.tuple(fc.constantFrom('m', 'n'), labels), {
  selector: ([metric, set]) =>
    JSON.stringify([
      metric,
      ...Object.entries(set)
        .filter(([, value]) => value)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]),
  maxLength: 30,
})
const pattern = fc.constantFrom(
  '',
  'a',
  'a|b',
  'a|',
  '.*',
  '.+',
  'a.*',
  'a.b',
  '.*b',
  '[ab]+',
  'a\\.b',
  'x.y',
  '(a|b)c?',
)
const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({
    name: fc.oneof(name, fc.constant('__name__')),
    op: fc.constantFrom('=' as const, '!=' as const),
    value: fc.oneof(text, fc.constant('m')),
  }),
  fc.record({
    name: fc.oneof(name, fc.constant('__name__')),
    op: fc.constantFrom('=~' as const, '!~' as const),
    value: fc.oneof(pattern, fc.constant('m|n')),
  }),
)

const accepts = (set: Labels, { name: label, op, value }: Matcher): boolean => {
  const own = Object.hasOwn(set, label) ? set[label]! : ''
  const matches = op === '=' || op === '!=' ? own === value : new RegExp(`^(?:${value})$`, 's').test(own)
  return op === '=' || op === '=~' ? matches : !matches
}

test('selectors find what a plain filter finds, also after removals', () => {
  fc.assert(
    fc.property(
      series,
      fc.array(matcher, { maxLength: 4 }),
      fc.array(fc.nat(29)),
      (all, matchers, removed) => {
        const index = new SeriesIndex(none)
        for (const [i, [metric, set]] of all.entries()) index.add(i + 1, metric, set)
        const gone = new Set(index.all.filter((_, i) => removed.includes(i)))
        index.remove(gone)
        const expected = index.all.filter(({ labels: set }) => matchers.every((one) => accepts(set, one)))

        expect(index.find(matchers).map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
        for (const [i, [metric, set]] of all.entries())
          expect(index.lookup(metric, set)?.id).toBe(removed.includes(i) ? undefined : i + 1)
      },
    ),
    { numRuns: 2_000 },
  )
})
