// The budget of lateness: by hand on a day, and against a clock that looks every second.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type OnTime, onTimeOf } from '../../src/expect/expect.ts'
import { DAY, HOUR, MINUTE, SECOND, millis, timestamp } from '../../src/model/units.ts'

const PATIENCE = millis(5 * MINUTE)
type Told = readonly [atMs: number, dueMs: number | null]

const judged = (told: readonly Told[], to: number, objective = 0.99): OnTime =>
  onTimeOf(
    {
      timestamps: Float64Array.from(told, ([at]) => at),
      values: Float64Array.from(told, ([, due]) => (due === null ? NaN : due / SECOND)),
      stale: null,
    },
    { from: timestamp(0), to: timestamp(to) },
    objective,
    PATIENCE,
  )

test('a day with one late hour, blind for two', () => {
  const minutes = Array.from({ length: 24 * 60 }, (_, i) => i * MINUTE)
  const told = minutes
    .filter((at) => at < 20 * HOUR || at >= 22 * HOUR)
    // Due at 8:00; the change comes at 9:00, the next is due tomorrow.
    .map((at) => [at, at < 9 * HOUR ? 8 * HOUR : 32 * HOUR] as const)

  const found = judged(told, DAY, 0.95)

  expect(found).toMatchObject({
    // Where nothing was told for two hours the last word held for five minutes.
    known: 22 * HOUR + 4 * MINUTE,
    late: HOUR,
    lateSpans: [{ from: 8 * HOUR, to: 9 * HOUR }],
    dues: [8 * HOUR, 32 * HOUR],
  })
  expect(found.allowed).toBeCloseTo(72 * MINUTE, 3)
  expect(found.left).toBeCloseTo(12 * MINUTE, 3)
})

test('what was late when it was first looked at was late since it was due', () => {
  expect(judged([[10 * HOUR, 4 * HOUR]], 10 * HOUR + MINUTE)).toMatchObject({
    known: 6 * HOUR + MINUTE,
    late: 6 * HOUR + MINUTE,
    lateSpans: [{ from: 4 * HOUR, to: 10 * HOUR + MINUTE }],
  })
})

test('nothing known is no share', () => {
  expect(judged([], DAY)).toMatchObject({ known: 0, late: 0, share: null, lateSpans: [] })
  expect(judged([[HOUR, null]], DAY).share).toBeNull()
})

test('is what a clock counts that looks every second', () => {
  const step = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.option(fc.integer({ min: 0, max: 4_000 })))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let at = 0
      const told = steps.map(([wait, due]): Told => {
        at += wait
        return [at * SECOND, due === null ? null : due * SECOND]
      })
      const end = at + 100
      let [known, late] = [0, 0]
      for (let second = 0; second < end; second += 1) {
        const now = second * SECOND
        const last = told.findLast(([time]) => time <= now)
        const next = told.find(([time, due]) => time > now && due !== null)
        const isTold = last !== undefined && last[1] !== null && now < last[0] + PATIENCE
        // What was due before and has not come when somebody looks again was late all the while.
        const wasLate = !isTold && next !== undefined && now >= next[1]!
        if (isTold || wasLate) known += SECOND
        if (wasLate || (isTold && now >= last[1]!)) late += SECOND
      }
      const found = judged(told, end * SECOND)
      expect([found.known, found.late]).toEqual([known, late])
      const inSpans = found.lateSpans.reduce((sum, span) => sum + span.to - span.from, 0)
      expect(inSpans).toBe(late)
    }),
  )
})
