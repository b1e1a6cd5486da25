// What changed about a pipeline: how long its runs take, what they move and cost, their code, what they read and write.
import type { Neighbour } from '../lineage/lineage.ts'
import type { ApplicationFact } from '../model/application-facts.ts'
import type { Known } from '../model/known.ts'
import type { RunFact } from '../model/run-facts.ts'
import { HOUR, MINUTE, SECOND, type Timestamp, type Usd, between, timestamp } from '../model/units.ts'
import { type Change, departures } from './change.ts'
import { codeChanges } from './code.ts'

const DURATION = { factor: 2, least: 10 * SECOND }
const VOLUME = { factor: 3, least: 1 }
const PRICE = { factor: 1.5, least: 0.01 }
const CORE_HOURS = { factor: 1.5, least: 0.1 }
/** Edges are known to the hour, and the messages of one run may lie on both sides of one. */
const SAME_RUN = HOUR
/** Clocks of a scheduler and of what it starts differ. */
const CLOCKS = MINUTE

export interface RanPipeline {
  readonly runs: readonly RunFact[]
  /** Executions of applications of its name. */
  readonly applications: readonly ApplicationFact[]
  readonly costOf: (application: ApplicationFact) => Known<Usd>
  readonly reads: readonly Neighbour[]
  readonly writes: readonly Neighbour[]
}

export function changesOfPipeline(ran: RanPipeline): Change[] {
  const usual = ran.runs.filter(
    ({ state, trigger }) => state === 'success' && trigger !== 'backfill' && trigger !== 'manual',
  )
  const costs = usual.flatMap((run) => {
    const compute = computeOf(run, ran)
    return compute === null ? [] : [{ run, ...compute }]
  })
  const observed = (what: string, of: (run: RunFact) => Known<number>) =>
    usual.flatMap((run) => {
      const value = of(run)
      return value === null ? [] : [{ id: run.id, at: run.at, what, value }]
    })
  const priced = costs.flatMap(({ run, usd }) =>
    usd === null ? [] : [{ id: run.id, at: run.at, what: 'of a run', value: usd }],
  )
  const hours = costs.map(({ run, coreHours }) => ({
    id: run.id,
    at: run.at,
    what: 'core hours of a run',
    value: coreHours,
  }))
  return [
    ...departures(observed('a run takes', durationOf), 'duration', 'milliseconds', DURATION),
    ...departures(
      observed('rows of a run', ({ processed }) => processed),
      'volume',
      'rows',
      VOLUME,
    ),
    // Where a price is known it says more than hours do.
    ...(priced.length > 0
      ? departures(priced, 'price', 'usd', PRICE)
      : departures(hours, 'price', 'core-hours', CORE_HOURS)),
    ...codeChanges(ran.runs),
    ...comeAndGone(ran.reads, 'input'),
    ...comeAndGone(ran.writes, 'output'),
  ]
}

const durationOf = ({ startedAt, endedAt }: RunFact): Known<number> =>
  startedAt === null || endedAt === null ? null : between(startedAt, endedAt)

export interface Compute {
  readonly executions: number
  readonly coreHours: number
  /** Null where an execution has no price. */
  readonly usd: Known<number>
}

/** What the executions within a run's time used; null where there is none. */
export function computeOf(
  { startedAt, endedAt }: RunFact,
  { applications, costOf }: Pick<RanPipeline, 'applications' | 'costOf'>,
): Known<Compute> {
  if (startedAt === null || endedAt === null) return null
  const own = applications.filter(
    (one) => one.startedAt >= startedAt - CLOCKS && (one.endedAt ?? one.at) <= endedAt + CLOCKS,
  )
  if (own.length === 0) return null
  const costs = own.map(costOf)
  return {
    executions: own.length,
    coreHours: own.reduce((sum, { executors }) => sum + executors.coreTime, 0) / HOUR,
    usd: costs.some((cost) => cost === null) ? null : costs.reduce<number>((sum, cost) => sum + cost!, 0),
  }
}

/** Datasets that were not there when the first ones were, and those that the newest run of their job passed over. */
function comeAndGone(neighbours: readonly Neighbour[], kind: 'input' | 'output'): Change[] {
  const first = Math.min(...neighbours.map(({ firstSeen }) => firstSeen ?? 0))
  const newest = new Map<string, Timestamp>()
  for (const { job, lastSeen } of neighbours)
    newest.set(job, timestamp(Math.max(newest.get(job) ?? 0, lastSeen)))
  return neighbours.flatMap(({ dataset, job, firstSeen, lastSeen }): Change[] => {
    const common = { kind, what: kind === 'input' ? 'reads' : 'writes', unit: null }
    const isNew = firstSeen !== null && firstSeen - first > SAME_RUN
    const isGone = newest.get(job)! - lastSeen > SAME_RUN
    return [
      ...(isNew
        ? [
            {
              ...common,
              id: `${kind} ${job} ${dataset}`,
              at: firstSeen,
              from: null,
              to: dataset,
              stands: 'new' as const,
            },
          ]
        : []),
      ...(isGone
        ? [
            {
              ...common,
              id: `no ${kind} ${job} ${dataset}`,
              at: lastSeen,
              what: `${common.what} no longer`,
              from: dataset,
              to: null,
              stands: 'gone' as const,
            },
          ]
        : []),
    ]
  })
}
