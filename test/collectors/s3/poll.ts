// One poll of the s3 collector, the same when it is recorded and when it is tested.
import type { z } from 'zod'
import { s3 } from '../../../src/collectors/s3/s3.ts'
import { systemClock } from '../../../src/io/clock.ts'
import { createIo } from '../../../src/io/io.ts'
import { createLog } from '../../../src/io/log.ts'
import type { Fact } from '../../../src/model/facts.ts'
import type { Timestamp } from '../../../src/model/units.ts'
import { connect, poll } from '../connect.ts'

/** One with everything, one with nothing, one that is not there. */
export const BUCKETS = ['company-lake', 'quiet-bucket', 'not-there'] as const

export function connectBuckets(endpoint: string, config: Partial<z.input<typeof s3.Config>> = {}) {
  const io = createIo({
    clock: systemClock,
    log: createLog('silent'),
    base: '/',
    random: () => 0,
    environment: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' },
  })
  return connect(
    s3,
    {
      buckets: [...BUCKETS],
      endpoint,
      versions: true,
      inventory: 's3://reports/inventory',
      access_logs: 's3://reports/logs',
      storage_analysis: 's3://reports/analysis',
      ...config,
    },
    io,
  )
}

export const pollBuckets = (
  endpoint: string,
  now: Timestamp,
  config?: Partial<z.input<typeof s3.Config>>,
): Promise<Fact[]> => poll(connectBuckets(endpoint, config), { now })
