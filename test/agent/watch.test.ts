// When a source is asked: at its interval while it can be read, within minutes again when it could not be.
import { expect, test } from 'vitest'
import { watchSource } from '../../src/agent/watch.ts'
import { createLog } from '../../src/io/log.ts'
import { DAY, HOUR, MINUTE, type Millis, millis } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { fakeClock } from '../io/fake-clock.ts'
import { NOW } from '../model/a-table.ts'

/** Minutes after the start at which a source was asked that fails at its first `failures` polls. */
async function asked(interval: Millis, failures: number, length: Millis): Promise<readonly number[]> {
  const clock = fakeClock(NOW)
  const log = createLog('silent')
  await using store = await openStore({
    directory: ':memory:',
    now: NOW,
    log,
    retention: { samples: DAY, commits: DAY, runs: DAY },
  })
  const times: number[] = []
  const ending = new AbortController()
  const source = {
    mode: 'poll',
    name: 'store',
    type: 's3',
    interval,
    async *poll({ now }: { readonly now: number }) {
      times.push(Math.round((now - NOW) / MINUTE))
      if (times.length <= failures) throw new Error('connection refused')
      yield* []
    },
    restart: () => undefined,
    objects: () => ({ requests: 0, bytes: 0 }),
  } as const
  const watching = watchSource(source, { store, clock, log, signal: ending.signal, asked: () => undefined })
  await clock.advance(length)
  ending.abort()
  await watching
  return times
}

test('every six hours: one failure is asked again within four minutes, then after six hours', async () => {
  const times = await asked(millis(6 * HOUR), 2, millis(13 * HOUR))
  expect(times).toHaveLength(5)
  expect(times[1]! - times[0]!).toBeLessThanOrEqual(4)
  expect(times[2]! - times[1]!).toBe(4)
  expect([times[3]! - times[2]!, times[4]! - times[3]!]).toEqual([360, 360])
})

test('every minute: at every minute, whatever comes of it', async () => {
  const times = await asked(MINUTE, 3, millis(5 * MINUTE))
  expect(times.slice(1).map((time, i) => time - times[i]!)).toEqual(
    times.slice(1).map((_, i) => (i === 0 ? expect.any(Number) : 1)),
  )
  expect(times.length).toBeGreaterThanOrEqual(5)
})
