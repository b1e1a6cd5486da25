// A cluster, or workers that are paid by the second: which is cheaper depends on how much of the cluster's time is used
// (cost.md §4.5).
import type { Advice, MeterLine } from '../../model/advice.ts'
import type { ApplicationFact } from '../../model/application-facts.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish, total } from '../draft.ts'
import { GIB, HOUR, SECOND } from '../../model/units.ts'
import { meterLines } from '../prices.ts'
import { executorLines } from './billing.ts'
import { type JobView, about, found, hasRoom, mean, need, quantile, typical } from './job-view.ts'

/** Of its workers' time a serverless job uses so much, for they come and go with its tasks; where stages are uneven less. */
const SERVERLESS_UTILISATION = 0.85
const LEAST_UTILISATION = 0.5
/** Cheaper by less than this is within what is not known. */
const LEAST_SAVING = 0.15
/** Time a worker takes to be there. */
const START = 60 * SECOND
const IDLE = 60 * SECOND

export function serverless(job: JobView): Findings {
  const { newest } = job
  if (newest.platform !== 'emr' || newest.streaming || newest.gpu || !hasRoom(job)) return NOTHING
  const { coresEach, memoryEach } = newest.executors
  const utilisation = typical(job, ({ slotUtilisation }) => slotUtilisation)
  if (coresEach === null) return NOTHING
  if (utilisation === null || memoryEach === null)
    return need(
      job,
      'utilisation and memory of its executors: event logs with task metrics and spark.executor.memory',
    )
  const before = executorLines(job, job.executorHours)
  if (before === null)
    return need(
      job,
      'the `instance_type` of its cluster, to hold it against EMR Serverless: set it in the spark source',
    )
  const after = serverlessLines(job, SERVERLESS_UTILISATION)
  const atWorst = serverlessLines(job, LEAST_UTILISATION)
  if (after === null || atWorst === null || total(atWorst) > total(before) * (1 - LEAST_SAVING))
    return NOTHING
  return { advice: [move(job, { utilisation, coresEach, before, after, atWorst })], needs: [] }
}

function serverlessLines(job: JobView, utilisation: number): ReturnType<typeof meterLines> {
  const { newest, executions, executionsAMonth } = job
  const { coresEach, memoryEach, peakCores } = newest.executors
  if (coresEach === null || memoryEach === null) return null
  const used = mean(executions.map(({ taskTime }) => (taskTime ?? 0) / HOUR)) / utilisation
  const idle = mean(executions.map(idleTime)) + START
  const coreHours = (used + (peakCores * idle) / HOUR) * executionsAMonth
  return meterLines(job.prices, job.application, [
    ['emr-serverless.vcpu', coreHours],
    ['emr-serverless.memory', (coreHours / coresEach) * (memoryEach / GIB)],
  ])
}

/** Workers wait a minute for more before they go: after each job, or for as long as only the driver works. */
const idleTime = ({ driverShare, wall, jobs }: ApplicationFact): number =>
  Math.min((driverShare ?? 0) * wall, jobs * IDLE)

interface Found {
  readonly utilisation: number
  readonly coresEach: number
  readonly before: readonly MeterLine[]
  readonly after: readonly MeterLine[]
  readonly atWorst: readonly MeterLine[]
}

function move(job: JobView, { utilisation, coresEach, before, after, atWorst }: Found): Advice {
  const { executions, newest } = job
  const saved = (lines: readonly MeterLine[]): number => total(before) - total(lines)
  // Serverless cost grows with what is used, the cluster's does not: they meet at this utilisation.
  const breakEven = Math.min(1, (utilisation * total(before)) / total(after))
  const longest = quantile(
    executions.map(({ wall }) => wall),
    0.95,
  )
  return finish(
    {
      ...about(job),
      topic: 'serverless',
      shape: 'emr-serverless',
      stage: 'purchase',
      // Both do away with idle time, which can be saved once.
      alternatives: `executors:${job.pipelineId}`,
      title: `Run ${job.application} on EMR Serverless instead of a cluster`,
      why: `Its tasks use ${Math.round(utilisation * 100)} % of the core time of its cluster. Workers that are paid by the second cost more an hour and less in all below ${Math.round(breakEven * 100)} %.`,
      evidence: [
        found(job, 'tidemark_application_last_slot_utilisation_ratio', utilisation, 'ratio'),
        found(
          job,
          'core hours of tasks',
          mean(executions.map(({ taskTime }) => (taskTime ?? 0) / HOUR)),
          'hours',
          'mean',
        ),
        found(
          job,
          'core hours of executors',
          mean(executions.map(({ executors }) => executors.coreTime / HOUR)),
          'hours',
          'mean',
        ),
      ],
      inputsMissing: ['whether the cluster runs other things too: what they use is not in these logs'],
      cost: { before, after, oneOff: [], spread: { low: saved(atWorst) / saved(after), high: 1.3 } },
      effects: ['workers start with the job', 'no cluster to keep'],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: [
          'a cluster that other jobs share goes on costing what it costs',
          'bootstrap actions, local HDFS and custom images do not come along',
        ],
      },
      confidence: 0.5,
      effort: 'high',
      restartNeeded: true,
      change: {
        format: 'aws-cli',
        before: null,
        after: `aws emr-serverless start-job-run --application-id <application> --execution-role-arn <role> --job-driver '<spark-submit as today>' --configuration-overrides '{"applicationConfiguration":[{"classification":"spark-defaults","properties":{"spark.executor.cores":"${coresEach}","spark.dynamicAllocation.maxExecutors":"${newest.executors.peak}"}}]}'`,
        applyCommand: null,
        otherForms: [],
        preconditions: ['no other job needs the cluster', 'its libraries are in a custom image or in S3'],
        verifySteps: [
          'the bill of EMR Serverless for it stays below the one of the cluster',
          `tidemark_application_last_duration_seconds stays below ${Math.round((longest * 1.2) / SECOND)}`,
        ],
        rollback: 'submit it to the cluster again',
      },
    },
    job.prices,
    job.now,
  )
}
