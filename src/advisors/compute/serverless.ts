// A cluster that is idle much of its time, or workers that are paid by the second: EMR Serverless, Glue, Glue Flex
// (cost.md §4.5).
import type { Advice, MeterLine } from '../../model/advice.ts'
import type { Known } from '../../model/known.ts'
import { HOUR, SECOND } from '../../model/units.ts'
import { type Findings, NOTHING, together } from '../advisor.ts'
import { finish, total } from '../draft.ts'
import { meterLines } from '../prices.ts'
import { executorLines, instanceLines } from './billing.ts'
import { type JobView, about, found, hasRoom, mean, need, quantile, typical } from './job-view.ts'
import {
  LEAST_SAVING,
  LEAST_UTILISATION,
  SERVERLESS_UTILISATION,
  type Serverless,
  breakEven,
  serverlessHour,
  serverlessLines,
} from './serverless-cost.ts'

/** Flex starts when there is room and its workers may be taken away: twice the room that any job needs. */
const FLEX_ROOM = 4

export function serverless(job: JobView): Findings {
  const { newest } = job
  if (newest.streaming || newest.gpu || !hasRoom(job)) return NOTHING
  if (newest.platform === 'glue') return toFlex(job)
  if (newest.platform !== 'emr') return NOTHING
  const { coresEach, memoryEach } = newest.executors
  const utilisation = typical(job, ({ slotUtilisation }) => slotUtilisation)
  if (coresEach === null) return NOTHING
  if (utilisation === null || memoryEach === null)
    return need(
      job,
      'utilisation and memory of its executors: event logs with task metrics and spark.executor.memory',
    )
  const before = executorLines(job, job.executorHours)
  const anHour = instanceLines(job, coresEach, newest.instanceType, true)
  if (before === null || anHour === null)
    return need(
      job,
      'the `instance_type` of its cluster, to hold it against EMR Serverless and Glue: set it in the spark source',
    )
  const cluster = { utilisation, coresEach, before, anHour: total(anHour) }
  return together(PLACES.map((place) => instead(job, place, cluster)))
}

const PLACES: readonly Serverless[] = ['emr-serverless', 'glue', 'glue-flex']

interface Cluster {
  readonly utilisation: number
  readonly coresEach: number
  readonly before: readonly MeterLine[]
  /** What as many of its cores as an executor has cost. */
  readonly anHour: number
}

function instead(job: JobView, place: Serverless, cluster: Cluster): Findings {
  const hour = serverlessHour(job, place)
  const after = serverlessLines(job, place, SERVERLESS_UTILISATION)
  const atWorst = serverlessLines(job, place, LEAST_UTILISATION)
  if (hour === null || after === null || atWorst === null)
    return need(job, `prices of ${NAMES[place]} in ${job.prices.region}: set advise.prices.overrides`)
  const limit = breakEven(cluster.anHour, hour)
  if (cluster.utilisation >= limit || total(atWorst) > total(cluster.before) * (1 - LEAST_SAVING))
    return NOTHING
  if (place === 'glue-flex') {
    const urgency = urgencyOf(job)
    if (urgency !== 'none') return urgency === 'unknown' ? askDeadline(job) : NOTHING
  }
  return { advice: [move(job, place, { ...cluster, after, atWorst, limit })], needs: [] }
}

const askDeadline = (job: JobView): Findings =>
  need(
    job,
    'how long it may take: `deadlines` of the spark source; Glue Flex costs less and starts when there is room',
  )

/** Whether anybody waits for it. */
function urgencyOf({ newest, executions }: JobView): 'none' | 'some' | 'unknown' {
  if (newest.deadline === null) return 'unknown'
  const longest = Math.max(...executions.map(({ wall }) => wall))
  return longest * FLEX_ROOM <= newest.deadline ? 'none' : 'some'
}

const NAMES: Readonly<Record<Serverless, string>> = {
  'emr-serverless': 'EMR Serverless',
  glue: 'Glue',
  'glue-flex': 'Glue Flex',
}
const TOPICS: Readonly<Record<Serverless, string>> = {
  'emr-serverless': 'serverless',
  glue: 'glue',
  'glue-flex': 'glue-flex',
}

interface Found extends Cluster {
  readonly after: readonly MeterLine[]
  readonly atWorst: readonly MeterLine[]
  readonly limit: number
}

function move(
  job: JobView,
  place: Serverless,
  { utilisation, before, after, atWorst, limit }: Found,
): Advice {
  const { executions } = job
  const saved = (lines: readonly MeterLine[]): number => total(before) - total(lines)
  // Workers that start and wait cost too: they meet a little below the limit.
  const meet = Math.min(1, limit, (utilisation * total(before)) / total(after))
  const name = NAMES[place]
  return finish(
    {
      ...about(job),
      topic: TOPICS[place],
      shape: place,
      stage: 'purchase',
      // All do away with idle time, which can be saved once.
      alternatives: `executors:${job.pipelineId}`,
      title: `Run ${job.application} on ${name} instead of a cluster`,
      why: `Its tasks use ${Math.round(utilisation * 100)} % of the core time of its cluster. Workers that are paid by the second are cheaper in all below ${Math.round(meet * 100)} %.`,
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
      effects: [
        'workers start with the job',
        'no cluster to keep',
        ...(place === 'glue-flex' ? [LATER] : []),
      ],
      risk: {
        performance: place === 'glue-flex' ? 3 : 2,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: [
          'a cluster that other jobs share goes on costing what it costs',
          'bootstrap actions, local HDFS and custom images do not come along',
          ...(place === 'emr-serverless' ? [] : ['a Glue worker leaves less of its memory to the heap']),
        ],
      },
      confidence: place === 'emr-serverless' ? 0.5 : 0.4,
      effort: 'high',
      restartNeeded: true,
      change: {
        format: 'aws-cli',
        before: null,
        after: commandOf(job, place),
        applyCommand: null,
        otherForms: [],
        preconditions: [
          'no other job needs the cluster',
          place === 'emr-serverless'
            ? 'its libraries are in a custom image or in S3'
            : 'its libraries are in S3, and Glue has its version of Spark',
        ],
        verifySteps: [
          `the bill of ${name} for it stays below the one of the cluster`,
          `tidemark_application_last_duration_seconds stays below ${durationLimit(job)}`,
        ],
        rollback: 'submit it to the cluster again',
      },
    },
    job.prices,
    job.now,
  )
}

const LATER = 'it starts when there is room, and workers may be taken away: it may end much later'

/** A fifth above the 95th percentile. */
export const durationLimit = ({ executions }: JobView): number =>
  Math.round(
    (quantile(
      executions.map(({ wall }) => wall),
      0.95,
    ) *
      1.2) /
      SECOND,
  )

function commandOf({ newest }: JobView, place: Serverless): string {
  const { coresEach, peak, peakCores } = newest.executors
  if (place === 'emr-serverless')
    return `aws emr-serverless start-job-run --application-id <application> --execution-role-arn <role> --job-driver '<spark-submit as today>' --configuration-overrides '{"applicationConfiguration":[{"classification":"spark-defaults","properties":{"spark.executor.cores":"${coresEach}","spark.dynamicAllocation.maxExecutors":"${peak}"}}]}'`
  const flex = place === 'glue-flex' ? ' --execution-class FLEX' : ''
  // One worker more is the driver's.
  return `aws glue create-job --name <job> --role <role> --glue-version 4.0 --command Name=glueetl,ScriptLocation=<its script in S3> --worker-type G.1X --number-of-workers ${Math.ceil(peakCores / 4) + 1}${flex} --default-arguments '{"--enable-auto-scaling":"true"}'`
}

/** The same job in Glue's other class of execution. */
function toFlex(job: JobView): Findings {
  const before = executorLines(job, job.executorHours)
  const hours = before?.find(({ meter }) => meter === 'glue.dpu')?.quantity ?? null
  const after = hours === null ? null : flexLines(job, hours)
  if (before === null || after === null)
    return need(
      job,
      `cores of its workers, and prices of Glue and Glue Flex in ${job.prices.region}: set advise.prices.overrides`,
    )
  if (total(after) > total(before) * (1 - LEAST_SAVING)) return NOTHING
  const urgency = urgencyOf(job)
  if (urgency !== 'none') return urgency === 'unknown' ? askDeadline(job) : NOTHING
  const longest = Math.max(...job.executions.map(({ wall }) => wall))
  const advice = finish(
    {
      ...about(job),
      topic: 'glue-flex',
      shape: 'class',
      stage: 'purchase',
      alternatives: `executors:${job.pipelineId}`,
      title: `Run ${job.application} as Glue Flex`,
      why: 'Nobody waits for it: its deadline is more than four times its longest execution. Flex runs the same job on spare capacity for less.',
      evidence: [
        found(job, 'duration', longest / SECOND, 'seconds', 'longest'),
        found(job, 'deadline', (job.newest.deadline ?? 0) / SECOND, 'seconds', 'as configured'),
      ],
      inputsMissing: ['whether it is Flex already: event logs do not tell the class of execution'],
      // Workers that are taken away do their tasks again.
      cost: { before, after, oneOff: [], spread: { low: 0, high: 1 } },
      effects: [LATER],
      risk: {
        performance: 3,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: ['tasks of workers that are taken away run again'],
      },
      confidence: 0.5,
      effort: 'very low',
      restartNeeded: true,
      change: {
        format: 'aws-cli',
        before: 'STANDARD',
        after: 'aws glue start-job-run --job-name <job> --execution-class FLEX',
        applyCommand: null,
        otherForms: [],
        preconditions: ['Glue 3.0 or newer, workers G.1X or G.2X', 'its writes may be repeated'],
        verifySteps: [
          `tidemark_application_last_duration_seconds stays below ${durationLimit(job)}`,
          'runs end before their deadline',
        ],
        rollback: 'aws glue start-job-run --job-name <job> --execution-class STANDARD',
      },
    },
    job.prices,
    job.now,
  )
  return { advice: [advice], needs: [] }
}

const flexLines = (job: JobView, hours: number): Known<readonly MeterLine[]> =>
  meterLines(job.prices, job.application, [['glue-flex.dpu', hours]])
