// JSON from strangers: exact integers, typed errors, and never another kind of throw.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  integerOf,
  numberOf,
  parseJson,
  parseJsonObject,
  parseQuickJsonObject,
} from '../../src/formats/json.ts'
import { SourceError } from '../../src/model/errors.ts'

const origin = { subject: 's3://lake/x.json' }

test('integers of 64 bits stay exact, everything else is as JSON.parse has it', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.jsonValue(), (id, rest) => {
      const parsed = parseJson(
        `{"id":${id},"list":[${id}],"rest":${JSON.stringify(rest)}}`,
        origin,
      ) as never as {
        id: number | bigint
        list: (number | bigint)[]
        rest: unknown
      }
      expect(integerOf(parsed.id)).toBe(id)
      expect(integerOf(parsed.list[0])).toBe(id)
      const plain = JSON.stringify(rest)
      fc.pre(!/\d{16}/.test(plain))
      expect(parsed.rest).toEqual(JSON.parse(plain))
    }),
  )
})

test.each([
  ['1e400', null],
  ['0.5', 0.5],
  ['"17"', 17],
  ['""', null],
  ['"x"', null],
  ['9007199254740993', 9007199254740992],
])('the number in %s is %s', (text, expected) => {
  expect(numberOf(parseJson(text, origin))).toBe(expected)
})

test('any text is read or refused as corrupt, with the file and the beginning of the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const parse of [parseJson, parseJsonObject, parseQuickJsonObject]) {
        try {
          parse(text, origin)
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError)
          expect(error).toMatchObject({ reason: 'corrupt', subject: origin.subject })
          expect((error as Error).message).toMatch(/^[\x20-\x7e]*$/)
        }
      }
    }),
  )
})
