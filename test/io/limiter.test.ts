// The limiter: never more at once than allowed, nobody forgotten, whatever fails or gives up.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLimiter } from '../../src/io/limiter.ts'

test('keeps the limit and gives every place back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.constantFrom('ends', 'fails', 'gives up'), { maxLength: 20 }),
      async (scheduler, places, fates) => {
        const limiter = createLimiter(places)
        let running = 0
        let most = 0
        const work = fates.map((fate) => {
          const controller = new AbortController()
          const done = limiter.run(async () => {
            running += 1
            most = Math.max(most, running)
            await scheduler.schedule(Promise.resolve())
            running -= 1
            if (fate === 'fails') throw new Error('failed')
          }, controller.signal)
          if (fate === 'gives up') void scheduler.schedule(Promise.resolve()).then(() => controller.abort())
          return done
        })
        await scheduler.waitFor(Promise.allSettled(work))

        expect(most).toBeLessThanOrEqual(places)

        // All places are free again: as many as there are can be taken at once.
        const { signal } = new AbortController()
        await Promise.all(Array.from({ length: places }, () => limiter.take(signal)))
      },
    ),
  )
})

test('serves those who wait in order', async () => {
  const limiter = createLimiter(1)
  const { signal } = new AbortController()
  const order: number[] = []
  await Promise.all([1, 2, 3, 4].map((n) => limiter.run(async () => void order.push(n), signal)))

  expect(order).toEqual([1, 2, 3, 4])
})
