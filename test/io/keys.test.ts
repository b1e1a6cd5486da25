// The order of keys against its definition: the order of their UTF-8 bytes.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareKeys } from '../../src/io/keys.ts'

test('keys are ordered by their UTF-8 bytes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 })
  fc.assert(
    fc.property(text, text, text, (start, a, b) => {
      const [x, y] = [start + a, start + b]

      expect(Math.sign(compareKeys(x, y))).toBe(Buffer.compare(Buffer.from(x), Buffer.from(y)))
    }),
    { numRuns: 2_000 },
  )
})
