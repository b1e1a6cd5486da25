// What round n of the fault test writes: known to the writer and to the one who checks.
import type { Sample } from '../../src/model/series.ts'
import { DAY, MINUTE, type Timestamp, millis, timestamp } from '../../src/model/units.ts'

export const SERIES = 40
export const retention = { samples: millis(400 * DAY), commits: millis(400 * DAY), runs: millis(400 * DAY) }

export const roundAt = (round: number): Timestamp => timestamp(Date.UTC(2026, 0, 5) + round * 5 * MINUTE)
export const valueOf = (round: number, series: number): number =>
  ((round * 7_919 + series * 104_729) % 100_000) / 100

/** Now and then a series is missing, so that there are ends too. */
export const samplesOf = (round: number): Sample[] =>
  Array.from({ length: SERIES }, (_, i) => ({
    name: `metric_${i % 4}`,
    labels: { table: `t${i}` },
    value: valueOf(round, i),
  })).filter((_, i) => round % 50 !== i)
