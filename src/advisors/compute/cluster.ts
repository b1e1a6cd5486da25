// Back to a cluster: workers that are paid by the second and are busy all the time cost more than machines that are
// (cost.md §4.5).
import type { MeterLine } from '../../model/advice.ts'
import type { ApplicationFact } from '../../model/application-facts.ts'
import type { Known } from '../../model/known.ts'
import { GIB, HOUR } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish, total } from '../draft.ts'
import { emrUplift, executorLines, instanceLines } from './billing.ts'
import { type JobView, about, found, hasRoom, mean, need, quantile } from './job-view.ts'
import { coresOf, startupOf } from './machines.ts'
import { SERVERLESS_UTILISATION, breakEven, serverlessLines } from './serverless-cost.ts'
import { durationLimit } from './serverless.ts'
import { meterLine } from '../prices.ts'

/** GiB a core of AWS's families; the rest of a machine's memory belongs to its system and YARN. */
const TYPES: ReadonlyArray<readonly [type: string, gibACore: number]> = [
  ['c6i.4xlarge', 2],
  ['m6i.4xlarge', 4],
  ['m5.4xlarge', 4],
  ['m5.xlarge', 4],
  ['r6i.4xlarge', 8],
  ['r5.4xlarge', 8],
]
const FOR_EXECUTORS = 0.85
/** What it saves at the least: its machines are counted whole, and its tasks were measured. */
const LEAST_SAVING = 0.1
/** The machine that plans and schedules; it is paid for as long as the others. */
const PRIMARY = 'm5.xlarge'
/** Of the executions, as many are in use less than this tells. */
const STEADY = 0.1

interface Machines {
  readonly type: string
  readonly count: number
  readonly cores: number
}

export function cluster(job: JobView): Findings {
  const { newest, executions } = job
  const { platform, streaming, gpu } = newest
  if ((platform !== 'glue' && platform !== 'emr-serverless') || streaming || gpu || !hasRoom(job))
    return NOTHING
  const before = executorLines(job, job.executorHours)
  const wellRun = serverlessLines(job, platform, SERVERLESS_UTILISATION)
  if (before === null || wellRun === null || executions.some(({ taskTime }) => taskTime === null))
    return need(
      job,
      'cores, memory and task time of its executors, to hold it against a cluster: event logs with task metrics and spark.executor.memory',
    )
  const options = TYPES.flatMap(([type, gibACore]) => {
    const machines = machinesOf(job, type, gibACore)
    const lines = machines === null ? null : clusterLines(job, machines)
    return machines === null || lines === null ? [] : [{ machines, lines }]
  })
  const best = options.toSorted((a, b) => total(a.lines) - total(b.lines))[0]
  if (best === undefined)
    return need(
      job,
      `prices of machines that hold its executors in ${job.prices.region}: set ec2.<type>.ondemand under advise.prices.overrides, such as ec2.m6i.4xlarge.ondemand`,
    )
  const { machines, lines: after } = best
  const inUse = executions.map((one) => useOf(one, machines))
  const leastInUse = quantile(inUse, STEADY)
  // Of each: what is paid for as many core hours as its tasks take.
  const limit = breakEven(total(after) * mean(inUse), total(wellRun) * SERVERLESS_UTILISATION)
  // Cheaper than what it pays now, and than what it would pay where its workers come and go with its tasks.
  const paid = Math.min(total(before), total(wellRun))
  if (leastInUse <= limit || total(after) > paid * (1 - LEAST_SAVING)) return NOTHING
  return { advice: [advise(job, { before, after, machines, leastInUse, limit })], needs: [] }
}

/** As many as hold the most executors that any execution had; null where one does not fit. */
function machinesOf({ executions, newest }: JobView, type: string, gibACore: number): Known<Machines> {
  const { coresEach, memoryEach } = newest.executors
  const cores = coresOf(type)
  if (cores === null || coresEach === null || memoryEach === null) return null
  const fitting = Math.floor(
    Math.min(cores / coresEach, (cores * gibACore * FOR_EXECUTORS) / (memoryEach / GIB)),
  )
  if (fitting < 1) return null
  const peak = Math.max(...executions.map(({ executors }) => executors.peak))
  return { type, cores, count: Math.ceil(peak / fitting) }
}

/** A cluster for each execution: its machines and the primary one, from when they start. */
const paidTime = ({ wall }: ApplicationFact): number => wall + startupOf({ platform: 'emr' })

const useOf = (one: ApplicationFact, { count, cores }: Machines): number =>
  (one.taskTime ?? 0) / (count * cores * paidTime(one))

function clusterLines(job: JobView, { type, count, cores }: Machines): Known<readonly MeterLine[]> {
  const hours = mean(job.executions.map((one) => paidTime(one) / HOUR)) * job.executionsAMonth
  const workers = instanceLines(job, hours * count * cores, type, true)
  const primary = meterLine(job.prices, `${job.application}, primary`, `ec2.${PRIMARY}.ondemand`, hours)
  const uplift = primary === null ? null : emrUplift(job.prices, `${job.application}, primary`, primary.cost)
  return workers === null || primary === null || uplift === null ? null : [...workers, primary, uplift]
}

interface Found {
  readonly before: readonly MeterLine[]
  readonly after: readonly MeterLine[]
  readonly machines: Machines
  readonly leastInUse: number
  readonly limit: number
}

function advise(job: JobView, { before, after, machines, leastInUse, limit }: Found) {
  const { type, count } = machines
  const name = job.newest.platform === 'glue' ? 'Glue' : 'EMR Serverless'
  const submit = `aws emr create-cluster --name <job> --release-label <release> --applications Name=Spark --use-default-roles --auto-terminate --instance-groups InstanceGroupType=MASTER,InstanceCount=1,InstanceType=${PRIMARY} InstanceGroupType=CORE,InstanceCount=${count},InstanceType=${type} --steps '<spark-submit as today>'`
  return finish(
    {
      ...about(job),
      topic: 'cluster',
      shape: 'emr',
      stage: 'purchase',
      alternatives: `executors:${job.pipelineId}`,
      title: `Run ${job.application} on a cluster of its own instead of ${name}`,
      why: `Nine of ten executions would use at least ${Math.round(leastInUse * 100)} % of the core time of ${count} ${type}, start and all. Above ${Math.round(limit * 100)} % machines cost less than workers that are paid by the second.`,
      evidence: [
        found(job, 'task time / core time of such a cluster', leastInUse, 'ratio', 'p10'),
        found(
          job,
          'core hours of tasks',
          mean(job.executions.map(({ taskTime }) => (taskTime ?? 0) / HOUR)),
          'hours',
          'mean',
        ),
      ],
      inputsMissing:
        job.newest.platform === 'glue'
          ? ['whether it runs as Glue Flex, which costs less: event logs do not tell the class of execution']
          : [],
      cost: { before, after, oneOff: [], spread: { low: 0.3, high: 1.1 } },
      effects: [`${count + 1} machines start with each execution and go with it`],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: [
          'machines are paid for whether they are busy or not: it pays as long as its tasks keep them so',
          'somebody has to keep releases, roles and networks of the cluster',
        ],
      },
      confidence: 0.45,
      effort: 'high',
      restartNeeded: true,
      change: {
        format: 'aws-cli',
        before: null,
        after: submit,
        applyCommand: null,
        otherForms: [],
        preconditions: ['what it needs of its service (catalog, connections, bookmarks) is there on EMR'],
        verifySteps: [
          `the bill of its cluster stays below the one of ${name}`,
          `tidemark_application_last_duration_seconds stays below ${durationLimit(job)}`,
        ],
        rollback: `submit it to ${name} again`,
      },
    },
    job.prices,
    job.now,
  )
}
