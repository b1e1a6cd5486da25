// What holds for every advisor, whatever it advises on.
import fs from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { advisors } from '../../src/advisors/index.ts'
import { loadPrices } from '../../src/advisors/prices.ts'
import { DAY, plus } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { factView } from './fact-view.ts'
import { someWorld, unknownWorld } from './worlds.ts'

const prices = loadPrices()
const folder = path.resolve(import.meta.dirname, '../../src/advisors')

test('the registry holds the folders', () => {
  const folders = fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(advisors.map(({ name }) => name).toSorted()).toEqual(folders.map(({ name }) => name).toSorted())
})

describe.for(advisors.map((advisor) => [advisor.name, advisor] as const))('%s', ([name, advisor]) => {
  test('says something about a badly kept world, the same each time, whatever the order of facts', () => {
    const world = someWorld()
    const first = advisor.advise(factView(world), prices, NOW)
    expect(first.advice.length).toBeGreaterThan(0)
    const again = advisor.advise(factView(world), prices, NOW)
    expect(again).toEqual(first)
    const shuffled = advisor.advise(factView(world.toReversed()), prices, NOW)
    const ids = (findings: typeof first) => findings.advice.map(({ id, etag }) => `${id} ${etag}`).toSorted()
    expect(ids(shuffled)).toEqual(ids(first))
  })

  test('does not change what it is given', () => {
    const world = someWorld()
    const before = structuredClone(world)
    advisor.advise(factView(world), prices, NOW)
    expect(world).toEqual(before)
  })

  test('ids are unique, and stay while the world does', () => {
    const ids = (now: typeof NOW) =>
      advisor
        .advise(factView(someWorld()), prices, now)
        .advice.map(({ id }) => id)
        .toSorted()
    expect(new Set(ids(NOW)).size).toBe(ids(NOW).length)
    expect(ids(plus(NOW, DAY))).toEqual(ids(NOW))
  })

  test('every piece says who, why, on what evidence, and how to undo it', () => {
    for (const advice of advisor.advise(factView(someWorld()), prices, NOW).advice) {
      expect(advice.advisor).toBe(name)
      expect(advice.topic).toMatch(/^[a-z][a-z-]{2,30}$/)
      expect(advice.evidence.length).toBeGreaterThan(0)
      for (const text of [advice.title, advice.why, advice.change.after, advice.change.rollback])
        expect(text.trim()).not.toBe('')
      expect(advice.confidence).toBeGreaterThan(0)
      expect(advice.confidence).toBeLessThanOrEqual(1)
      const { savings } = advice.cost
      if (savings !== null) {
        expect(savings.p10).toBeLessThanOrEqual(savings.p50)
        expect(savings.p50).toBeLessThanOrEqual(savings.p90)
      } else expect(advice.cost.breakEven).not.toBeNull()
      if (advice.risk.dataLoss === 'irreversible')
        expect(advice.change.preconditions.length + advice.risk.reasons.length).toBeGreaterThan(0)
      expect(JSON.parse(JSON.stringify(advice))).toEqual(advice)
    }
  })

  test('what is unknown gives no advice', () => {
    expect(advisor.advise(factView(unknownWorld()), prices, NOW).advice).toEqual([])
    expect(advisor.advise(factView([]), prices, NOW).advice).toEqual([])
  })

  test('any part of a world is enough to stand on', () => {
    const world = someWorld()
    fc.assert(
      fc.property(fc.subarray([...world]), (part) => {
        expect(() => advisor.advise(factView(part), prices, NOW)).not.toThrow()
      }),
      { numRuns: 30 },
    )
  })
})
