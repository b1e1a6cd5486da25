// How many executors: the simulated time of every execution at other numbers of them, calibrated by what it really
// took, against the deadline. A number is searched for, never scaled to: tasks come in waves (cost.md §4.3).
import type { ApplicationFact } from '../../model/application-facts.ts'
import { type Millis, MINUTE, SECOND, millis, readableDuration } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish } from '../draft.ts'
import { BILLING_INPUTS, executorLines, hoursText } from './billing.ts'
import { type JobView, ROOM, about, found, mean, need, quantile } from './job-view.ts'
import { paidFor, startupOf } from './machines.ts'

/** Of the deadline, kept for what no simulation knows, where it is missed already. */
const RESERVE = 0.1
/** Without a deadline it may take this much longer than it does now. */
const SLOWER = 1.05
/** Less is within the error of the simulation. */
const LEAST_SAVING = 0.1
/** A simulated time is never trusted to be nearer than this. */
const LEAST_ERROR = 0.1
/** What it processes from month to month, either way: the whole bill moves with it. */
const VOLUME = 0.1
const SHORTEST = MINUTE

interface Size {
  readonly executors: number
  /** The 95th percentile over the executions, and the longest. */
  readonly wall: Millis
  readonly longest: number
  /** Of one execution, the time of the executors that are paid for, startup included. */
  readonly executorMs: number
}

export function sizing(job: JobView): Findings {
  const { newest, executions } = job
  if (newest.gpu || newest.streaming) return NOTHING
  const simulated = executions.filter((one) => one.calibration !== null && one.simulated.length > 1)
  if (simulated.length < executions.length / 2)
    return need(
      job,
      'event logs with their tasks and executors of one size: without them other numbers of executors cannot be simulated',
    )
  const peak = Math.max(...simulated.map(({ executors }) => executors.peak))
  const sizes = simulated[0]!.simulated.map(({ executors }) => sizeOf(executors, simulated))
  const now = sizeOf(peak, simulated)
  if (now.wall < SHORTEST) return NOTHING
  const deadline = newest.deadline
  const isLate = deadline !== null && now.wall > deadline
  const fitting = sizes
    .filter(({ wall, longest }) =>
      deadline === null
        ? wall <= now.wall * SLOWER
        : isLate
          ? wall <= deadline * (1 - RESERVE)
          : longest * ROOM * (1 + LEAST_ERROR) <= deadline,
    )
    .filter(({ executors }) => isLate || executors < peak)
  const best = fitting.toSorted((a, b) => a.executorMs - b.executorMs || a.executors - b.executors)[0]
  if (best === undefined || best.executors === peak) return NOTHING
  if (!isLate && best.executorMs > now.executorMs * (1 - LEAST_SAVING)) return NOTHING
  return { advice: [resize(job, simulated, { now, best, isLate })], needs: [] }
}

function sizeOf(executors: number, executions: readonly ApplicationFact[]): Size {
  const walls = executions.map((one) => wallAt(one, executors))
  const wall = millis(quantile(walls, 0.95))
  const startup = startupOf(executions[0]!)
  const paid = paidFor(executors, executions[0]!)
  const executorMs = mean(walls.map((length) => (length + startup) * paid))
  return { executors, wall, longest: Math.max(...walls), executorMs }
}

/** Of the numbers that were simulated the nearest that is not larger: never better than what is known. */
function wallAt({ simulated, calibration }: ApplicationFact, executors: number): number {
  const nearest = simulated.findLast((one) => one.executors <= executors) ?? simulated[0]!
  return nearest.wall * (calibration ?? 1)
}

interface Found {
  readonly now: Size
  readonly best: Size
  readonly isLate: boolean
}

function resize(job: JobView, simulated: readonly ApplicationFact[], { now, best, isLate }: Found) {
  const { newest, executorHours } = job
  const { dynamic } = newest.executors
  const share = best.executorMs / now.executorMs
  const after = executorHours * share
  const calibrations = simulated.map(({ calibration }) => Math.abs((calibration ?? 1) - 1))
  const error = Math.max(LEAST_ERROR, quantile(calibrations, 0.95))
  const lines = { before: executorLines(job, executorHours), after: executorLines(job, after) }
  const priced = !isLate && lines.before !== null && lines.after !== null
  const spread = VOLUME + (error * share) / Math.max(0.01, 1 - share)
  const property = dynamic ? 'spark.dynamicAllocation.maxExecutors' : 'spark.executor.instances'
  const deadline = newest.deadline === null ? '' : `; its deadline is ${readableDuration(newest.deadline)}`
  const ratio = typicalUtilisation(job)
  return finish(
    {
      ...about(job),
      topic: 'executors',
      shape: isLate ? 'more' : 'fewer',
      stage: 'size',
      alternatives: `executors:${job.pipelineId}`,
      title: isLate
        ? `Run ${job.application} on ${best.executors} executors: it misses its deadline on ${now.executors}`
        : `Run ${job.application} on ${best.executors} executors instead of ${now.executors}`,
      why: `Its tasks used ${percent(ratio)} of the core time of its executors. Scheduled over the graph of its stages, ${simulated.length} executions take ${readableDuration(now.wall)} on ${now.executors} and ${readableDuration(best.wall)} on ${best.executors} (95th percentile, calibrated)${deadline}.`,
      evidence: [
        found(job, 'tidemark_application_last_slot_utilisation_ratio', ratio ?? NaN, 'ratio'),
        found(job, 'duration', now.wall / SECOND, 'seconds', 'p95'),
        found(job, `simulated duration on ${best.executors} executors`, best.wall / SECOND, 'seconds', 'p95'),
        found(job, 'error of the simulation', error, 'ratio', 'p95, at least 0.1'),
      ].filter(({ value }) => Number.isFinite(value)),
      inputsMissing: [
        ...(newest.deadline === null
          ? ['how long it may take: `deadlines` of the spark source; without one it may become 5 % slower']
          : []),
        ...(lines.before === null || lines.after === null ? [BILLING_INPUTS] : []),
      ],
      cost: {
        before: priced ? lines.before : null,
        after: priced ? lines.after : null,
        oneOff: [],
        spread: { low: Math.max(0, 1 - spread), high: 1 + spread },
        breakEven: hoursText(executorHours, after),
      },
      effects: [
        `it takes ${readableDuration(best.wall)} instead of ${readableDuration(now.wall)} (95th percentile)`,
      ],
      risk: {
        performance: best.wall > now.wall ? 2 : 1,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: [
          'it saves only where machines that are not asked for go away: a cluster of its own, or one that scales',
          'larger input than that of the last weeks takes longer; fewer executors have less memory together',
        ],
      },
      confidence: newest.partial.length > 0 ? 0.55 : 0.7,
      effort: 'low',
      restartNeeded: true,
      change: {
        format: 'spark-conf',
        before: `${property} ${newest.properties[property] ?? now.executors}`,
        after: `${property} ${best.executors}`,
        applyCommand: `spark-submit --conf ${property}=${best.executors} …`,
        otherForms: [],
        preconditions: [`executors still have ${newest.executors.coresEach} cores each`],
        verifySteps: [
          `tidemark_application_last_duration_seconds stays below ${Math.round((best.wall * (1 + error)) / SECOND)}`,
          'tidemark_application_last_core_seconds falls',
        ],
        rollback: `${property} ${newest.properties[property] ?? now.executors}`,
      },
    },
    job.prices,
    job.now,
  )
}

const typicalUtilisation = ({ executions }: JobView): number | null => {
  const known = executions.flatMap(({ slotUtilisation }) => slotUtilisation ?? [])
  return known.length === 0 ? null : quantile(known, 0.5)
}

const percent = (share: number | null): string =>
  share === null ? 'an unknown part' : `${Math.round(share * 100)} %`
