// What one host or managed service uses, as something that watches it measured.
import type { Known } from './known.ts'
import type { Millis, Timestamp } from './units.ts'

/** Hours of a week, from Monday 00:00 UTC. */
export const HOURS_A_WEEK = 168

export interface UsageMeasure {
  /** `percent`, `bytes`, `count`, `seconds`, …: of one value. */
  readonly unit: string
  /** How the values of one period were made one: `Maximum`, `Sum`, `Average`, … */
  readonly statistic: string
  readonly period: Millis
  /** The newest value and the start of its period. */
  readonly latest: Known<number>
  readonly at: Known<Timestamp>
  /** What the profile below is made of; null until it was read. */
  readonly from: Known<Timestamp>
  readonly to: Known<Timestamp>
  /** Periods in it that had a value. */
  readonly samples: number
  readonly p50: Known<number>
  readonly p90: Known<number>
  readonly p95: Known<number>
  readonly p995: Known<number>
  readonly max: Known<number>
  /** The mean of the values in each hour of the week (of maxima the largest), from Monday 00:00 UTC; null where an hour had none. */
  readonly byHourOfWeek: Known<readonly Known<number>[]>
}

export interface UsageFact {
  readonly kind: 'usage'
  /** `<source>/<service>/<resource>` */
  readonly id: string
  readonly source: string
  /** `ec2`, `emr`, `glue`, …; for metrics that the user names, their namespace. */
  readonly service: string
  /** An instance, a cluster, a job, a stream, a function. */
  readonly resource: string
  readonly region: string
  readonly instanceType: Known<string>
  /** Newest value of any measure. */
  readonly asOf: Timestamp
  readonly measures: Readonly<Record<string, UsageMeasure>>
  /** What could not be read, one sentence each. */
  readonly partial: readonly string[]
}

/** The hour of the week that a time lies in: 0 is Monday, 00:00 to 01:00 UTC. */
export const hourOfWeek = (at: Timestamp): number => (Math.floor(at / 3_600_000) + 3 * 24) % HOURS_A_WEEK
