// Syntax: what is printed parses back, what does not parse says why, what lies between is never anything else.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Matcher } from '../../src/model/series.ts'
import type { Duration, DurationExpr, Expr, Matching, VectorSelector } from '../../src/promql/ast.ts'
import { typeOf } from '../../src/promql/check.ts'
import { FUNCTIONS } from '../../src/promql/functions.ts'
import { matchersOf, parse, print, PromqlError } from '../../src/promql/promql.ts'

const span = { start: 0, end: 0 }
const label = fc.oneof(
  fc.constantFrom('job', 'le', 'on', 'by', 'offset', '__type__', 'a.b', 'grüße', 'x y'),
  fc.string({ minLength: 1, maxLength: 5, unit: 'grapheme' }),
)
const plainName = fc.constantFrom('up', 'foo:bar', 'sum', 'offset', 'start', 'fill', 'by', 'smoothed', 'rate')
const text = fc.string({ maxLength: 8, unit: 'grapheme' })
const number = fc.oneof(fc.double({ noNaN: true, min: 0 }), fc.nat(1e6), fc.constant(Number.NaN))
const millis = fc.integer({ min: 1, max: 40 * 86_400_000 })

const durationExpr: fc.Arbitrary<DurationExpr> = fc.letrec<{ any: DurationExpr; leaf: DurationExpr }>(
  (tie) => ({
    leaf: fc.oneof(
      fc.record({ op: fc.constantFrom('step' as const, 'range' as const) }),
      fc.record({ op: fc.constant('paren' as const), of: tie('any') }),
      fc.record({
        op: fc.constantFrom('min_of' as const, 'max_of' as const),
        left: tie('any'),
        right: tie('any'),
      }),
    ),
    any: fc.oneof(
      { depthSize: 'small' },
      fc.record({ op: fc.constantFrom('step' as const, 'range' as const) }),
      tie('leaf'),
      fc.record({
        op: fc.constantFrom('+' as const, '*' as const, '^' as const),
        left: tie('leaf'),
        right: tie('leaf'),
      }),
    ),
  }),
).leaf
const range: fc.Arbitrary<Duration> = fc.oneof({ weight: 4, arbitrary: millis }, durationExpr)
const offset: fc.Arbitrary<Duration> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -1e9, max: 1e9 }).map((ms) => ms + 0) },
  durationExpr,
)
const at = fc.oneof(
  fc.integer({ min: -1e12, max: 1e13 }),
  fc.constantFrom('start' as const, 'end' as const, null),
)

const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({ name: label, op: fc.constantFrom('=' as const, '!=' as const), value: text }),
  fc.record({
    name: label,
    op: fc.constantFrom('=~' as const, '!~' as const),
    value: fc.constantFrom('a|b', '.*x', '(?i:y)', '[0-9]+', ''),
  }),
)
const selector: fc.Arbitrary<VectorSelector> = fc
  .record({
    name: fc.oneof(plainName, fc.constant('')),
    matchers: fc.array(matcher, { maxLength: 3 }),
    offset,
    at,
    extended: fc.constantFrom(null, null, 'anchored' as const, 'smoothed' as const),
  })
  .map((parts) => ({
    kind: 'selector',
    ...parts,
    // Something has to be asked for.
    matchers:
      parts.name === '' ? [...parts.matchers, { name: '__name__', op: '=', value: 'x y' }] : parts.matchers,
    span,
  }))

const AGGREGATES = ['sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar'] as const
const RANKED = ['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio'] as const
const ONE_TO_ONE: Matching = {
  card: 'one-to-one',
  on: false,
  labels: [],
  include: [],
  fillLeft: null,
  fillRight: null,
}

const matching = fc
  .record({
    on: fc.boolean(),
    labels: fc.uniqueArray(fc.constantFrom('job', 'a.b', 'x'), { maxLength: 2 }),
    card: fc.constantFrom('one-to-one' as const, 'many-to-one' as const, 'one-to-many' as const),
    include: fc.uniqueArray(fc.constantFrom('team', 'y z'), { maxLength: 2 }),
    fillLeft: fc.option(fc.double({ noNaN: true })),
    fillRight: fc.option(fc.double({ noNaN: true })),
  })
  .map((given) => ({ ...given, include: given.card === 'one-to-one' ? [] : given.include }))

const { vector, scalar } = fc.letrec<{
  vector: Expr
  scalar: Expr
  operand: Expr
  factor: Expr
  matrix: Expr
}>((tie) => ({
  scalar: fc.oneof(
    { depthSize: 'small' },
    fc.record({
      kind: fc.constant('number' as const),
      value: number,
      duration: fc.constant(false),
      span: fc.constant(span),
    }),
    millis.map((ms): Expr => ({ kind: 'number', value: ms / 1000, duration: true, span })),
    fc.record({ kind: fc.constant('paren' as const), expr: tie('scalar'), span: fc.constant(span) }),
    tie('vector').map((expr): Expr => ({ kind: 'call', name: 'scalar', args: [expr], span })),
    fc
      .constantFrom('time', 'pi', 'start', 'end', 'step', 'range')
      .map((name): Expr => ({ kind: 'call', name, args: [], span })),
  ),
  matrix: fc.oneof(
    fc.record({
      kind: fc.constant('matrix' as const),
      selector: selector.map((of) => ({ ...of, extended: null })),
      range,
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('subquery' as const),
      expr: tie('operand'),
      range,
      step: fc.oneof(range, fc.constant(null)),
      offset,
      at,
      span: fc.constant(span),
    }),
  ),
  // What can stand beside an operator of any power without parentheses.
  operand: fc.oneof(
    { depthSize: 'small' },
    selector,
    fc.record({ kind: fc.constant('paren' as const), expr: tie('vector'), span: fc.constant(span) }),
    fc
      .constantFrom('rate', 'sum_over_time', 'absent_over_time')
      .chain((name) => tie('matrix').map((arg): Expr => ({ kind: 'call', name, args: [arg], span }))),
    fc
      .constantFrom('abs', 'sort', 'absent', 'timestamp')
      .chain((name) => tie('vector').map((arg): Expr => ({ kind: 'call', name, args: [arg], span }))),
    fc.tuple(tie('vector'), text, text).map(([arg, a, b]): Expr => ({
      kind: 'call',
      name: 'label_replace',
      args: [arg, ...[a, b, 'job', '(.*)'].map((value): Expr => ({ kind: 'string', value, span }))],
      span,
    })),
    fc.record({
      kind: fc.constant('aggregate' as const),
      op: fc.constantFrom(...AGGREGATES),
      param: fc.constant(null),
      expr: tie('vector'),
      grouping: fc.uniqueArray(label, { maxLength: 2 }),
      without: fc.boolean(),
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('aggregate' as const),
      op: fc.constantFrom(...RANKED),
      param: tie('scalar'),
      expr: tie('vector'),
      grouping: fc.uniqueArray(label, { maxLength: 2 }),
      without: fc.boolean(),
      span: fc.constant(span),
    }),
  ) as fc.Arbitrary<Expr>,
  factor: fc.oneof(tie('operand')),
  vector: fc.oneof(
    { depthSize: 'small' },
    tie('operand'),
    tie('operand').map((expr): Expr => ({ kind: 'unary', op: '-', expr, span })),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom('+', '/', '^', 'atan2') as fc.Arbitrary<'+'>,
      left: tie('operand'),
      right: tie('operand'),
      bool: fc.constant(false),
      matching,
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom('>', '==', '!=') as fc.Arbitrary<'>'>,
      left: tie('operand'),
      right: tie('operand'),
      bool: fc.boolean(),
      matching: fc.constant(ONE_TO_ONE),
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom('and', 'or', 'unless') as fc.Arbitrary<'and'>,
      left: tie('operand'),
      right: tie('operand'),
      bool: fc.constant(false),
      matching: fc.constant({ ...ONE_TO_ONE, card: 'many-to-many' as const }),
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom('*', '<=') as fc.Arbitrary<'*'>,
      left: tie('operand'),
      right: tie('scalar'),
      bool: fc.constant(false),
      matching: fc.constant(null),
      span: fc.constant(span),
    }),
  ) as fc.Arbitrary<Expr>,
}))

/** The tree without its places in the text. */
const bare = (expr: Expr): unknown =>
  JSON.parse(
    JSON.stringify(expr, (key, value: unknown) =>
      key === 'span'
        ? undefined
        : typeof value === 'number' && !Number.isFinite(value)
          ? String(value)
          : value,
    ),
  )

describe('syntax', () => {
  test('parse(print(expr)) is expr', () => {
    fc.assert(
      fc.property(fc.oneof(vector, scalar), (expr) => {
        const printed = print(expr)

        expect(bare(parse(printed))).toEqual(bare(expr))
        expect(print(parse(printed))).toBe(printed)
      }),
      { numRuns: 600 },
    )
  })

  test('any text is an expression or a PromqlError with a place in it', () => {
    const fragments = fc.constantFrom(
      'sum',
      ' by ',
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      '5m',
      ':',
      'foo',
      '"x"',
      '=~',
      '!=',
      '@',
      'offset',
      '-',
      '1e',
      '.5',
      '0x',
      '^',
      'bool',
      ',',
      '\\',
      "'",
      '`',
      '#',
      '\n',
      'start()',
      'fill',
      '😀',
      '\ud800',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: 'binary' }),
          fc.array(fragments).map((parts) => parts.join('')),
        ),
        (input) => {
          try {
            expect(['scalar', 'vector', 'matrix', 'string']).toContain(typeOf(parse(input)))
          } catch (error) {
            expect(error).toBeInstanceOf(PromqlError)
            const { position, line, column, message } = error as PromqlError
            expect(message).not.toBe('')
            expect(position.start).toBeLessThanOrEqual(input.length)
            expect(line).toBeGreaterThan(0)
            expect(column).toBeGreaterThan(0)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('depth and length are limited', () => {
    expect(() => parse('('.repeat(5_000) + '1' + ')'.repeat(5_000))).toThrow(/nested more than 500 levels/)
    expect(() => parse('-'.repeat(5_000) + '1')).toThrow(/nested more than 500 levels/)
    expect(() => parse('1' + '+1'.repeat(5_000))).toThrow(/nested more than 500 levels/)
    expect(() => parse(`foo[${'('.repeat(5_000)}1${')'.repeat(5_000)}]`)).toThrow(
      /nested more than 100 levels/,
    )
    expect(() => parse(`foo[${'-'.repeat(5_000)}1]`)).toThrow(/nested more than 100 levels/)
    expect(() => parse('x'.repeat(300_000))).toThrow(/300000 characters, the limit is 200000/)
  })

  test.each(REJECTED())('%s', (input, message) => {
    expect(() => parse(input)).toThrow(new RegExp(message.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)))
  })

  test('errors say where', () => {
    const error = (() => {
      try {
        return parse('sum(up)\n  + rate(up)')
      } catch (caught) {
        return caught as PromqlError
      }
    })()

    expect(error).toMatchObject({ line: 2, column: 10, position: { start: 17, end: 19 } })
  })

  test('all selectors of an expression', () => {
    const found = matchersOf(
      parse('sum(rate(a{x="1"}[5m])) / {"b.c", y!="2"} > bool scalar({__name__=~"d.*"})'),
    )

    expect(found.map(({ name, matchers }) => [name, matchers.length])).toEqual([
      ['a', 2],
      ['b.c', 2],
      ['', 1],
    ])
  })

  test('there are the 90 functions of Prometheus 3.14', () => {
    expect(FUNCTIONS.size).toBe(90)
  })
})

function REJECTED(): [string, string][] {
  return [
    ['', 'no expression found in input'],
    ['sum(', 'unclosed left parenthesis'],
    ['{}', 'vector selector must contain at least one non-empty matcher'],
    ['{a=~".*"}', 'vector selector must contain at least one non-empty matcher'],
    ['foo{__name__="bar"}', 'metric name must not be set twice: "foo" or "bar"'],
    ['foo offset 5m offset 5m', 'offset may not be set multiple times'],
    ['foo @ 1 @ 2', '@ <timestamp> may not be set multiple times'],
    ['sum(foo) offset 5m', 'offset modifier must be preceded by an instant vector selector'],
    ['foo offset 5m[5m]', 'no offset modifiers allowed before range'],
    ['(foo)[5m]', 'ranges only allowed for vector selectors'],
    ['foo[0s]', 'duration must be greater than 0'],
    ['foo[5m', 'unclosed left bracket'],
    ['foo[5x]', 'bad number or duration syntax'],
    ['rate(foo)', 'expected type range vector in call to function "rate", got instant vector'],
    ['rate(foo[5m], 1)', 'expected 1 argument(s) in call to "rate", got 2'],
    ['clamp(foo)', 'expected 3 argument(s) in call to "clamp", got 1'],
    ['round(foo, 1, 2)', 'expected at most 2 argument(s) in call to "round", got 3'],
    ['nope(foo)', 'unknown function with name "nope"'],
    ['sum(foo, bar)', 'wrong number of arguments for aggregate expression provided, expected 1, got 2'],
    ['topk(foo)', 'wrong number of arguments for aggregate expression provided, expected 2, got 1'],
    ['sum by (foo[) (bar)', 'unexpected'],
    ['1 and 2', 'set operator "and" not allowed in binary scalar expression'],
    ['1 == 2', 'comparisons between scalars must use BOOL modifier'],
    ['foo + bool bar', 'bool modifier can only be used on comparison operators'],
    ['foo and on(a) group_left bar', 'no grouping allowed for "and" operation'],
    ['foo * on(a) group_left(a) bar', 'label "a" must not occur in ON and GROUP clause at once'],
    ['foo + on(a) 1', 'vector matching only allowed between instant vectors'],
    ['foo or fill(1) bar', 'filling in missing series not allowed for set operators'],
    ['foo[5m] + 1', 'binary expression must contain only scalar and instant vector types'],
    ['-foo[5m]', 'unary expression only allowed on expressions of type scalar or instant vector'],
    ['"a" + 1', 'binary expression must contain only scalar and instant vector types'],
    ['foo{a=~"("}', 'error parsing regexp'],
    ['foo{a="b}', 'unterminated quoted string'],
    ['foo{a="\\q"}', 'unknown escape sequence'],
    ['1[5m:1m]', 'subquery is only allowed on instant vector, got scalar instead'],
    ['sum(foo,)', 'trailing commas not allowed in function call args'],
    ['foo smoothed anchored', 'anchored and smoothed modifiers cannot be used together'],
    ['deriv(foo[5m] anchored)', 'anchored modifier can only be used with'],
  ]
}
