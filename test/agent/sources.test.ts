// What a source asks of the world is counted, through whichever door.
import { expect, test } from 'vitest'
import { connectSource } from '../../src/agent/sources.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createIo } from '../../src/io/io.ts'
import { createLog } from '../../src/io/log.ts'
import { MINUTE } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'

/** Nobody listens there: an attempt is a request all the same. */
const NOWHERE = 'http://127.0.0.1:1'
const io = createIo({
  clock: systemClock,
  log: createLog('error'),
  base: '.',
  random: () => 0,
  environment: {
    AWS_ENDPOINT_URL: NOWHERE,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  },
})

test.for([
  { type: 'aws-pricing', region: 'eu-central-1' },
  { type: 's3', buckets: ['lake'] },
] as const)('$type', async (block) => {
  const source = connectSource({ name: 'one', every: MINUTE, ...block } as never, io)
  if (source.mode !== 'poll') throw new Error('it is polled')
  const poll = source.poll({ now: NOW, cursor: undefined, signal: AbortSignal.timeout(5_000) })
  const told = await Array.fromAsync(poll).catch((error: unknown) => [error])
  expect(told).not.toEqual([])
  expect(source.objects().requests).toBeGreaterThan(0)
})
