// What GetMetricData may cost: so many metrics a day, spread over it, whatever happens.
import { z } from 'zod'
import { DAY, type Timestamp, type Usd, usd } from '../../model/units.ts'

/** $0.01 for 1,000 metrics asked for (AWS, GetMetricData; ListMetrics costs the same a request). */
export const USD_A_METRIC = 0.01 / 1_000
const DAYS_A_MONTH = 30
const DEFAULT_USD_A_MONTH = 10
/** A day's share that may be spent at once at its beginning: the first look is a large one. */
const HEAD_START = 0.25

export const BudgetConfig = z
  .union([
    z.strictObject({ requests_per_day: z.int().min(1) }),
    z.strictObject({ usd_per_month: z.number().positive() }),
  ])
  .prefault({ usd_per_month: DEFAULT_USD_A_MONTH })
  .describe(
    `What reading metrics may cost: \`requests_per_day\` (metrics asked for) or \`usd_per_month\`; $${DEFAULT_USD_A_MONTH} a month unless said otherwise. When it is short, metrics are read less often.`,
  )

export interface Spent {
  /** Days since 1970. */
  readonly day: number
  readonly metrics: number
}

/** Metrics a day. */
export const allowance = (config: z.output<typeof BudgetConfig>): number =>
  'requests_per_day' in config
    ? config.requests_per_day
    : Math.max(1, Math.floor(config.usd_per_month / DAYS_A_MONTH / USD_A_METRIC))

export const costOf = (metrics: number): Usd => usd(metrics * USD_A_METRIC)

export const spentToday = (spent: Spent, now: Timestamp): Spent => {
  const day = Math.floor(now / DAY)
  return spent.day === day ? spent : { day, metrics: 0 }
}

/** What may be asked for now: a quarter of the day's allowance at once, the rest as the day goes on (UTC). */
export function leftOf(perDay: number, spent: Spent, now: Timestamp): number {
  const passed = (now % DAY) / DAY
  const allowed = Math.floor(perDay * (HEAD_START + (1 - HEAD_START) * passed))
  return Math.max(0, allowed - spentToday(spent, now).metrics)
}
