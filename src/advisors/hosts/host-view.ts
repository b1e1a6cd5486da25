// One host as the rules see it: what it is, what it used, and for how long that was watched.
import type { Advice, Evidence } from '../../model/advice.ts'
import type { Known } from '../../model/known.ts'
import { DAY, HOUR, type Timestamp, readableDuration, millis } from '../../model/units.ts'
import { type UsageFact, type UsageMeasure, HOURS_A_WEEK } from '../../model/usage.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { NO_TARGET } from '../draft.ts'
import type { Prices } from '../prices.ts'

/** AWS Compute Optimizer's default: 14 days, of which at least 30 hours were measured. */
export const LOOKBACK_DAYS = 14
const LEAST_MEASURED = 30 * HOUR
/** A profile begins with the first value after its start. */
const SLACK = HOUR
const HOURS_A_MONTH = 730

export interface HostView {
  readonly host: UsageFact
  readonly cpu: UsageMeasure
  readonly memory: Known<UsageMeasure>
  /** Bytes in and out in each hour of the week; null where that is not known. */
  readonly traffic: Known<readonly number[]>
  /** Hours of the week in which it ran at all. */
  readonly running: readonly boolean[]
  readonly hoursAMonth: number
  readonly prices: Prices
  readonly now: Timestamp
}

export type Watched = { readonly view: UsageMeasure } | { readonly lacks: string }

/** Whether a measure was watched long enough to be judged by. */
export function watched(measure: UsageMeasure | undefined): Watched {
  if (measure?.from === undefined || measure.from === null || measure.to === null)
    return { lacks: `${LOOKBACK_DAYS} days of it: nothing was read yet` }
  const length = measure.to - measure.from
  const measured = measure.samples * measure.period
  return length >= LOOKBACK_DAYS * DAY - SLACK && measured >= LEAST_MEASURED
    ? { view: measure }
    : {
        lacks: `${LOOKBACK_DAYS} days of it with at least 30 hours of values; there are ${readableDuration(millis(length))} with ${readableDuration(millis(measured))}`,
      }
}

export function hostView(host: UsageFact, prices: Prices, now: Timestamp): HostView | Findings {
  const found = watched(host.measures['CPUUtilization'])
  if ('lacks' in found) return need(host, `CPUUtilization: ${found.lacks}`)
  const cpu = found.view
  const memory = watched(host.measures['mem_used_percent'])
  const running = Array.from(
    { length: HOURS_A_WEEK },
    (_, hour) => (cpu.byHourOfWeek?.[hour] ?? null) !== null,
  )
  const hoursAWeek = running.filter(Boolean).length
  return {
    host,
    cpu,
    memory: 'view' in memory ? memory.view : null,
    traffic: trafficOf(host, running),
    running,
    hoursAMonth: (HOURS_A_MONTH * hoursAWeek) / HOURS_A_WEEK,
    prices,
    now,
  }
}

/** A host that was off sent nothing; what one that ran sent, and nobody measured, is not known. */
function trafficOf({ measures }: UsageFact, running: readonly boolean[]): Known<readonly number[]> {
  const both = ['NetworkIn', 'NetworkOut'].map((name) => watched(measures[name]))
  const hours = both.flatMap((one) => {
    if (!('view' in one) || one.view.byHourOfWeek === null) return []
    const means = one.view.byHourOfWeek
    if (running.some((runs, hour) => runs && (means[hour] ?? null) === null)) return []
    return [means.map((mean) => ((mean ?? 0) * HOUR) / one.view.period)]
  })
  const [into, out] = hours
  return into === undefined || out === undefined ? null : into.map((bytes, hour) => bytes + out[hour]!)
}

export const need = ({ resource }: UsageFact, collect: string): Findings => ({
  ...NOTHING,
  needs: [{ advisor: 'hosts', subject: resource, collect }],
})

export const found = (
  { host }: Pick<HostView, 'host'>,
  metric: string,
  value: number,
  unit: string,
  statistic: string,
  n: number,
): Evidence => ({
  metric,
  value,
  unit,
  statistic,
  window: `${LOOKBACK_DAYS}d`,
  n,
  from: `tidemark_usage_value{source="${host.source}",service="${host.service}",resource="${host.resource}",measure="${metric}"}`,
  asOf: host.asOf,
})

export const about = (
  host: UsageFact,
): Pick<
  Advice,
  'advisor' | 'target' | 'lookbackDays' | 'rollbackPossible' | 'verification' | 'restartNeeded'
> => ({
  advisor: 'hosts',
  target: { ...NO_TARGET, source: host.source, region: host.region, resource: host.resource },
  lookbackDays: LOOKBACK_DAYS,
  rollbackPossible: true,
  restartNeeded: true,
  verification: {
    method: 'use of the host and what it is billed, against the two weeks before',
    unitCost: null,
    baselineDays: LOOKBACK_DAYS,
    windowDays: LOOKBACK_DAYS,
  },
})

/** Prices are those of one region: elsewhere they would be wrong by a fifth. */
export const isPriced = ({ host, prices }: HostView): boolean =>
  host.region === '' || host.region === prices.region
