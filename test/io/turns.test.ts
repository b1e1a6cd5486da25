// Turns: everyone who waits gets on, in order, and the event loop is not held.
import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from '../../src/io/turns.ts'

test('those who wait take turns, one in a pass of the event loop', async () => {
  const turn = createTurns()
  const seen: string[] = []
  const worker = async (name: string) => {
    for (let i = 0; i < 3; i++) {
      await turn()
      seen.push(name)
    }
  }
  const loop = async () => {
    for (let i = 0; i < 6; i++) {
      await setImmediate()
      seen.push('-')
    }
  }
  await Promise.all([loop(), worker('a'), worker('b')])

  expect(seen.filter((name) => name !== '-').join('')).toBe('ababab')
  expect(seen.join('')).toMatch(/^(-?[ab]-?)+$/)
  expect(seen.join('')).not.toMatch(/[ab]{2}/)
})
