// A host and its measures for tests: complete ones, of which a test changes what it is about.
import { DAY, MINUTE, millis, timestamp } from '../../src/model/units.ts'
import type { UsageFact, UsageMeasure } from '../../src/model/usage.ts'
import { NOW } from './a-table.ts'

export const everyHour = (value: number): readonly number[] => Array.from({ length: 168 }, () => value)

export const aMeasure = (change: Partial<UsageMeasure> = {}): UsageMeasure => ({
  unit: 'percent',
  statistic: 'Maximum',
  period: millis(5 * MINUTE),
  latest: 20,
  at: NOW,
  from: timestamp(NOW - 14 * DAY),
  to: NOW,
  samples: 4_032,
  p50: 15,
  p90: 18,
  p95: 19,
  p995: 20,
  max: 25,
  byHourOfWeek: everyHour(15),
  ...change,
})

/** An m5.4xlarge that uses 20 % of its processors and moves plenty of bytes. */
export const aHost = (change: Partial<UsageFact> = {}): UsageFact => ({
  kind: 'usage',
  id: 'aws/ec2/i-0abc',
  source: 'aws',
  service: 'ec2',
  resource: 'i-0abc',
  region: 'us-east-1',
  instanceType: 'm5.4xlarge',
  asOf: NOW,
  measures: {
    CPUUtilization: aMeasure(),
    NetworkIn: aMeasure({ unit: 'bytes', statistic: 'Sum', byHourOfWeek: everyHour(5_000_000) }),
    NetworkOut: aMeasure({ unit: 'bytes', statistic: 'Sum', byHourOfWeek: everyHour(5_000_000) }),
  },
  partial: [],
  ...change,
})
