// What is matched without a regex machine is matched as the machine would.
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { compileLabelRegex } from '../../src/model/label-regex.ts'

test('quick patterns agree with RE2, groups too', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', ' '), maxLength: 4 })
  const pattern = fc.array(fc.constantFrom('a', 'b', 'ab', '.*', '.+', '|', '(a)', '\n'), { maxLength: 4 })
  fc.assert(
    fc.property(
      pattern.map((parts) => parts.join('')),
      text,
      (source, value) => {
        const regex = compileLabelRegex(source)
        const machine = RE2JS.compile(`^(?s:${source})$`)
        expect(regex.matches(value)).toBe(machine.matches(value))
        expect(regex.groups(value)?.[0]).toBe(machine.matches(value) ? value : undefined)
        if (regex.values !== null) expect(regex.values.includes(value)).toBe(machine.matches(value))
      },
    ),
    { numRuns: 2_000 },
  )
})

test('what is not RE2 is refused', () => {
  expect(() => compileLabelRegex('a(')).toThrow(/missing closing \)/)
  expect(() => compileLabelRegex('(?=a)')).toThrow(/invalid or unsupported Perl syntax/)
})
