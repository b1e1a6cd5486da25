// What there is to know of one application when its compute is judged: its executions of the last weeks that were run
// the way the newest one was.
import type { Advice, Evidence } from '../../model/advice.ts'
import type { ApplicationFact, ApplicationTally } from '../../model/application-facts.ts'
import type { Known } from '../../model/known.ts'
import type { Reader } from '../../model/store.ts'
import { type Timestamp, DAY, HOUR, timestamp } from '../../model/units.ts'
import { type Findings, type Subject, NOTHING } from '../advisor.ts'
import { NO_TARGET } from '../draft.ts'
import type { Prices } from '../prices.ts'
import { paidFor, startupOf } from './machines.ts'

export const LOOKBACK_DAYS = 30
const MAX_EXECUTIONS = 2_000
/** Less says too little about an ordinary week. */
const LEAST_EXECUTIONS = 7
const LEAST_DAYS = 14

export interface JobView {
  readonly application: string
  readonly source: string
  readonly pipelineId: string
  /** Newest first, never empty. */
  readonly executions: readonly ApplicationFact[]
  readonly newest: ApplicationFact
  readonly executionsAMonth: number
  /** Hours of executors of its size that are paid for, a month: machines are bought whole, and from their start. */
  readonly executorHours: number
  readonly prices: Prices
  readonly now: Timestamp
}

/** Applications that ran in the look-back. */
export function* jobViews(view: Reader, prices: Prices, now: Timestamp): Generator<Subject<JobView>> {
  const from = timestamp(now - LOOKBACK_DAYS * DAY)
  const tallies = view.facts('application-tally').filter(({ last }) => last.at >= from)
  for (const tally of tallies.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const executions = () =>
      view
        .facts('application', { pipelineId: tally.id, from, to: now, limit: MAX_EXECUTIONS })
        .toSorted((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
    yield { name: tally.application, view: () => jobOf(tally, executions(), prices, now) }
  }
}

function jobOf(
  { id, source, application }: ApplicationTally,
  all: readonly ApplicationFact[],
  prices: Prices,
  now: Timestamp,
): JobView | Findings {
  const [newest] = all
  if (newest === undefined || newest.platform === 'local') return NOTHING
  const executions = all.filter((one) => sameShape(one, newest))
  const days = (now - executions.at(-1)!.startedAt) / DAY
  if (executions.length < LEAST_EXECUTIONS || days < LEAST_DAYS) {
    const seen = `${executions.length} of ${LEAST_EXECUTIONS} executions over ${Math.floor(days)} of ${LEAST_DAYS} days`
    const collect = `more event logs of it: with its present executors there are ${seen}`
    return { advice: [], needs: [{ advisor: 'compute', subject: application, collect }] }
  }
  const executionsAMonth = (executions.length / days) * 30
  const coreHours = mean(executions.map(({ executors }) => executors.coreTime / HOUR))
  const { peak, coresEach } = newest.executors
  const wall = Math.max(1, mean(executions.map((one) => one.wall)))
  const paid = ((paidFor(peak, newest) / Math.max(1, peak)) * (wall + startupOf(newest))) / wall
  const executorHours = (coreHours / (coresEach ?? 1)) * executionsAMonth * paid
  return {
    application,
    source,
    pipelineId: id,
    executions,
    newest,
    executionsAMonth,
    executorHours,
    prices,
    now,
  }
}

/** What ran with other executors says little about these; dynamic allocation may have another number each time. */
const sameShape = (one: ApplicationFact, newest: ApplicationFact): boolean =>
  one.executors.coresEach === newest.executors.coresEach &&
  one.executors.memoryEach === newest.executors.memoryEach &&
  one.executors.dynamic === newest.executors.dynamic &&
  (newest.executors.dynamic || one.executors.peak === newest.executors.peak) &&
  one.platform === newest.platform &&
  one.instanceType === newest.instanceType

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** Nearest rank, `share` 0..1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

/**
 * The longest execution must fit so many times into its deadline before anything is taken away from it: input doubles
 * over night, and nobody asks the advisor first. What it needs of memory is held to the same.
 */
export const ROOM = 2

/** Whether it may become slower at all; without a deadline nobody waits for it. */
export const hasRoom = ({ newest, executions }: JobView): boolean =>
  newest.deadline === null || Math.max(...executions.map(({ wall }) => wall)) * ROOM <= newest.deadline

/** The median of what is known; null where more than half of the executions do not tell. */
export function typical(job: JobView, of: (execution: ApplicationFact) => Known<number>): Known<number> {
  const known = job.executions.map(of).filter((value) => value !== null)
  return known.length * 2 > job.executions.length ? quantile(known, 0.5) : null
}

export const found = (
  job: JobView,
  metric: string,
  value: number,
  unit: string,
  statistic = 'median',
): Evidence => ({
  metric,
  value,
  unit,
  statistic,
  window: `${LOOKBACK_DAYS}d`,
  n: job.executions.length,
  from: `event logs of ${JSON.stringify(job.application)} in source ${job.source}, newest ${job.newest.appId}`,
  asOf: job.newest.at,
})

export const need = (job: JobView, collect: string): Findings => ({
  advice: [],
  needs: [{ advisor: 'compute', subject: job.application, collect }],
})

/** What every piece of advice about a job has alike. */
export const about = (
  job: JobView,
): Pick<Advice, 'advisor' | 'target' | 'lookbackDays' | 'rollbackPossible' | 'verification'> => ({
  advisor: 'compute',
  target: { ...NO_TARGET, source: job.source, resource: job.application, pipeline: job.application },
  lookbackDays: LOOKBACK_DAYS,
  rollbackPossible: true,
  verification: {
    method: 'core seconds and duration of its executions against those of matched days before',
    unitCost: {
      cost: {
        metric: 'tidemark_application_last_core_seconds',
        labels: { source: job.source, application: job.application },
      },
      per: null,
    },
    baselineDays: 14,
    windowDays: 14,
  },
})
