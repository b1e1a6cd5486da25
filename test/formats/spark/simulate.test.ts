// The list scheduler against bounds that hold for every schedule, and against one that looks at every slot each time.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEventLog } from '../../../src/formats/spark/event-log.ts'
import { type Plan, planOf, simulate } from '../../../src/formats/spark/simulate.ts'
import { AN_APPLICATION, type AnApplication, logText, many } from './a-log.ts'

async function planFor(application: AnApplication): Promise<Plan> {
  const origin = { subject: 'app-1' }
  const pieces = (async function* () {
    yield Buffer.from(logText(application))
  })()
  return planOf((await readEventLog([{ pieces, origin }], origin)).application)
}

test('waves, side-by-side stages, a skewed task and the driver in between', async () => {
  const plan = await planFor(AN_APPLICATION)
  const seconds = [1, 4, 8, 12, 16, 32, Infinity].map((slots) => [slots, simulate(plan, slots) / 1_000])

  // 26 s are the driver's alone; 4 s + 5 s + 25 s is the longest chain of single tasks.
  expect(seconds).toEqual([
    [1, 206],
    [4, 89],
    [8, 70],
    [12, 69],
    [16, 60],
    [32, 60],
    [Infinity, 60],
  ])
})

test('jobs that overlap share the slots, jobs in a row do not', async () => {
  const job = (at: number, id: number) => ({
    at,
    until: at + 1_000,
    stages: [{ id, tasks: many(4, at, () => 1_000) }],
  })
  const overlapping = await planFor({ jobs: [job(0, 0), job(500, 1)], end: 1_500 })
  const inARow = await planFor({ jobs: [job(0, 0), job(1_000, 1)], end: 2_000 })

  expect([simulate(overlapping, 8), simulate(inARow, 8)]).toEqual([1_000, 2_000])
})

test('a stage that names itself or a later one as its parent still runs', async () => {
  const stages = [
    { id: 0, parents: [0, 1], tasks: many(2, 0, () => 100) },
    { id: 1, parents: [0, 0], tasks: many(2, 0, () => 100) },
  ]
  const plan = await planFor({ jobs: [{ at: 0, until: 200, stages }], end: 200 })

  expect(simulate(plan, 2)).toBe(200)
})

const stages = fc
  .array(
    fc.record({
      tasks: fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 }),
      parents: fc.array(fc.nat(5), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) =>
    list.map(({ tasks, parents }, id) => ({
      id,
      parents: [...new Set(parents)].filter((parent) => parent < id),
      tasks: Float64Array.from(tasks),
    })),
  )

test('never below what any schedule needs, never above one slot, and as the plain scheduler has it', () => {
  fc.assert(
    fc.property(stages, fc.integer({ min: 1, max: 9 }), fc.nat(500), (stretch, slots, driverMs) => {
      const plan: Plan = { stretches: [stretch], driverMs, tasks: 0 }
      const work = stretch.flatMap(({ tasks }) => [...tasks]).reduce((a, b) => a + b, 0)
      const length = simulate(plan, slots)

      expect(length).toBeGreaterThanOrEqual(driverMs + work / slots - 1e-6)
      expect(length).toBeGreaterThanOrEqual(simulate(plan, Infinity))
      expect(length).toBeLessThanOrEqual(driverMs + work)
      expect(length).toBe(driverMs + plainSchedule(stretch, slots))
    }),
  )
})

/** The same rule without heap or order kept: the earliest-ready stage next, each task on the slot free first. */
function plainSchedule(stretch: Plan['stretches'][number], slots: number): number {
  const free = Array<number>(slots).fill(0)
  const finished = new Map<number, number>()
  const left = new Set(stretch)
  while (left.size > 0) {
    const [next] = [...left]
      .filter(({ parents }) => parents.every((parent) => finished.has(parent)))
      .map((stage) => ({ stage, at: Math.max(0, ...stage.parents.map((parent) => finished.get(parent)!)) }))
      .toSorted((a, b) => a.at - b.at || a.stage.id - b.stage.id)
    const { stage, at } = next!
    left.delete(stage)
    let over = at
    for (const length of stage.tasks) {
      const slot = free.indexOf(Math.min(...free))
      free[slot] = Math.max(free[slot]!, at) + length
      over = Math.max(over, free[slot]!)
    }
    finished.set(stage.id, over)
  }
  return Math.max(0, ...finished.values())
}
