// Matchers in both syntaxes, and the identity of label sets.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/model/errors.ts'
import { fingerprintOf } from '../../src/notify/fingerprint.ts'
import { compileMatchers, parseMatchers, printMatcher } from '../../src/notify/matcher.ts'

const good: ReadonlyArray<readonly [string, string]> = [
  ['', '{}'],
  ['{}', '{}'],
  ['a=b', '{a="b"}'],
  ['a = b , c != "d"', '{a="b",c!="d"}'],
  ['{a=~"b.*",c!~d,}', '{a=~"b.*",c!~"d"}'],
  ['"team name"="data eng"', '{"team name"="data eng"}'],
  ['"é"=~"ü+"', '{é=~"ü+"}'],
  [String.raw`a="b\"c\\d\ne"`, String.raw`{a="b\"c\\d\ne"}`],
  ['a=', '{a=""}'],
  // Only the classic syntax takes these.
  ['a=b c', '{a="b c"}'],
  ['a==b', '{a="=b"}'],
  ['{a=b', '{a="b"}'],
  [String.raw`a=~b\d`, String.raw`{a=~"b\\d"}`],
  [String.raw`{a="\d"}`, String.raw`{a="\\d"}`],
]

describe('parse', () => {
  test.for(good)('%s', ([text, printed]) => {
    expect(compileMatchers(parseMatchers(text)).text).toBe(printed)
  })

  test.for(['a', '=b', 'a="b', 'a=~"("', 'a=b,,c=d', '1a=b c'])('refuses %s', (text) => {
    expect(() => parseMatchers(text)).toThrow(ConfigError)
  })

  test('any text gives matchers or a ConfigError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom(...'ab{}=!~,"\\ n'.split('')) }),
        ),
        (text) => {
          try {
            parseMatchers(text)
          } catch (error) {
            expect(error).toBeInstanceOf(ConfigError)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('what is printed reads back', () => {
    const matcher = fc.record({
      name: fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name.isWellFormed()),
      op: fc.constantFrom('=' as const, '!=' as const),
      value: fc.string({ unit: 'grapheme' }),
    })
    fc.assert(
      fc.property(matcher, (one) => {
        expect(parseMatchers(printMatcher(one))).toEqual([one])
      }),
    )
  })
})

describe('match', () => {
  test.for([
    ['a="b"', { a: 'b' }, true],
    ['a="b"', {}, false],
    ['a=""', {}, true],
    ['a!="b"', {}, true],
    ['a=~"b|c"', { a: 'c' }, true],
    ['a=~"b"', { a: 'abc' }, false],
    ['a!~"b.*"', { a: 'bcd' }, false],
    ['a=~"(a+)+$"', { a: `${'a'.repeat(40)}!` }, false],
    ['{a="b",c="d"}', { a: 'b', c: 'x' }, false],
  ] as const)('%s on %o: %s', ([text, labels, matches]) => {
    expect(compileMatchers(parseMatchers(text)).matches(labels)).toBe(matches)
  })
})

describe('fingerprint', () => {
  // Values that Alertmanager 0.25 gave for these label sets.
  test.for([
    [{}, 'cbf29ce484222325'],
    [{ alertname: 'test' }, '1f56cb8f931d1bd4'],
    [{ alertname: 'TableLate', table: 'gold/ördérs', source: 'lake' }, '511e873e924a0525'],
  ] as const)('%o is %s', ([labels, expected]) => {
    expect(fingerprintOf(labels)).toBe(expected)
  })

  test('is FNV-1a with 64 bits', () => {
    const slow = (labels: Record<string, string>) => {
      let hash = 0xcbf29ce484222325n
      const add = (byte: number) => (hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn)
      for (const name of Object.keys(labels).toSorted((a, b) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)),
      )) {
        for (const byte of Buffer.from(name)) add(byte)
        add(0xff)
        for (const byte of Buffer.from(labels[name]!)) add(byte)
        add(0xff)
      }
      return hash.toString(16).padStart(16, '0')
    }
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        (labels) => {
          expect(fingerprintOf(labels)).toBe(slow(labels))
        },
      ),
    )
  })
})
