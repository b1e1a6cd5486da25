// Amounts as people read them.
import { expect, test } from 'vitest'
import { readableUsd, usd } from '../../src/model/units.ts'

test.each([
  [0, '$0'],
  // What adding floating-point numbers leaves.
  [-3.5e-13, '$0'],
  // A GB-second of Lambda: a price is never shown as nothing.
  [0.0000166667, '$0.0000167'],
  [0.00004, '$0.00004'],
  [0.0004, '$0.0004'],
  [0.023, '$0.0230'],
  [-4.2, '-$4.20'],
  [1_234.5, '$1,235'],
])('%d dollars are %s', (amount, text) => expect(readableUsd(usd(amount))).toBe(text))
