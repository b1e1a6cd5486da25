// Slices of a large query: neither long, nor spent on starting.
import { expect, test } from 'vitest'
import { nextSlice } from '../../src/promql/slices.ts'

/** Runs 1,000 steps that cost `start` + `perStep` × steps milliseconds a slice. */
function simulate(start: number, perStep: number) {
  let done = 0
  let longest = 0
  let total = 0
  let before = null
  for (let steps = 1; done < 1_000;) {
    steps = Math.min(steps, 1_000 - done)
    const took = start + perStep * steps
    done += steps
    total += took
    longest = Math.max(longest, took)
    const last = { steps, took }
    steps = nextSlice(before, last)
    before = last
  }
  return { longest, overhead: total / (perStep * 1_000) }
}

test.each([
  { start: 0, perStep: 0.01, longest: 11, overhead: 1.01 },
  { start: 0, perStep: 1, longest: 11, overhead: 1.01 },
  { start: 0.5, perStep: 1, longest: 11, overhead: 1.5 },
  { start: 0, perStep: 40, longest: 160, overhead: 1.01 },
  { start: 20, perStep: 0.01, longest: 45, overhead: 30 },
  { start: 300, perStep: 1, longest: 650, overhead: 4 },
])('start $start ms, $perStep ms a step', ({ start, perStep, longest, overhead }) => {
  const found = simulate(start, perStep)

  expect(found.longest).toBeLessThanOrEqual(longest)
  expect(found.overhead).toBeLessThanOrEqual(overhead)
})
