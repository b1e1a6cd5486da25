// What sixty days of executions leave behind: event logs, read by the code that the spark collector uses, and runs of the
// pipelines that started them.
import { type ApplicationContext, applicationFact } from '../../../src/formats/spark/application-fact.ts'
import { ApplicationLog } from '../../../src/formats/spark/application-log.ts'
import type { SparkEvent, TaskMetrics } from '../../../src/formats/spark/events.ts'
import type { ApplicationFact, ApplicationTally } from '../../../src/model/application-facts.ts'
import type { Fact } from '../../../src/model/facts.ts'
import type { PipelineFact, RunFact } from '../../../src/model/run-facts.ts'
import { DAY, GIB, HOUR, bytes, millis, timestamp } from '../../../src/model/units.ts'
import { type Ran, runOn } from './cluster.ts'
import { asIs } from './job-replay.ts'
import { type Execution, type Job, CORES_EACH, executionOf, hasInput } from './job-world.ts'
import { NOW } from './lake-facts.ts'
import { FROZEN_DAY } from './lake-world.ts'

/** Advisors look back on thirty days: logs of the thirty before them are gone. */
const LOGS_KEPT_DAYS = 31
const SOURCE = 'logs'

export function jobFacts(jobs: readonly Job[]): readonly Fact[] {
  return jobs.flatMap((job) => {
    const first = ((FROZEN_DAY - LOGS_KEPT_DAYS) * 24) / job.everyHours
    const last = (FROZEN_DAY * 24) / job.everyHours - 1
    const facts = Array.from({ length: last - first }, (_, i) => {
      const execution = executionOf(job, first + i)
      return { execution, fact: logOf(job, execution) }
    })
    const newest = facts.at(-1)!.fact
    return [
      ...facts.map(({ fact }) => fact),
      tallyOf(newest),
      pipelineOf(job),
      ...facts.map(({ execution, fact }) => runOf(job, execution, fact)),
    ]
  })
}

const context = (job: Job): ApplicationContext => ({
  source: SOURCE,
  platform: job.platform,
  instanceType: job.platform === 'emr' ? job.instanceType : null,
  deadlineOf: () => (job.deadline === null ? null : millis(job.deadline)),
})

/** By the very code that reads event logs: its events, without their JSON. */
function logOf(job: Job, execution: Execution): ApplicationFact {
  const ran = runOn(job, execution, asIs(job))
  const log = new ApplicationLog()
  for (const event of eventsOf(job, execution, ran)) log.take(event)
  const application = log.finish({ subject: job.name }, [])
  return applicationFact(application, context(job))
}

function* eventsOf(job: Job, execution: Execution, ran: Ran): Generator<SparkEvent> {
  const start = Math.round(NOW + (execution.day - FROZEN_DAY) * DAY)
  const at = (offset: number): number => Math.round(start + offset)
  const first = Math.min(...ran.executorStarts)
  yield { kind: 'log-start', version: '3.5.1' }
  yield { kind: 'environment', properties: propertiesOf(job) }
  yield {
    kind: 'application-start',
    name: job.name,
    appId: `${job.name}-run-${execution.index}x`,
    attempt: null,
    at: start,
  }
  for (const [i, added] of ran.executorStarts.entries())
    yield { kind: 'executor-added', at: at(added), id: String(i + 1), host: `host-${i}`, cores: CORES_EACH }
  let id = 0
  for (const [stretch, { stages }] of execution.stretches.entries()) {
    const mine = ran.stages.filter((one) => one.stretch === stretch)
    const base = id
    const infos = stages.map(({ parents }, i) => ({
      id: base + i,
      name: `stage ${base + i}`,
      parents: parents.map((parent) => base + parent),
      completed: at(mine[i]!.end),
      failed: false,
    }))
    id += stages.length
    const begun = Math.min(...mine.map((one) => one.start))
    yield {
      kind: 'job-start',
      id: stretch,
      at: at(Math.max(first, begun)),
      stages: infos,
      stageIds: infos.map((info) => info.id),
      streaming: false,
    }
    for (const [i, info] of infos.entries()) {
      const { launches, ends } = mine[i]!
      for (let task = 0; task < launches.length; task++) {
        const length = Math.round(ends[task]! - launches[task]!)
        yield {
          kind: 'task-end',
          stageId: info.id,
          succeeded: true,
          launched: at(launches[task]!),
          finished: at(launches[task]!) + length,
          metrics: metricsOf({ length, spilled: ran.spilled, first: i === 0 }),
          memory: null,
        }
      }
      yield { kind: 'stage-completed', stage: info }
    }
    yield { kind: 'job-end', id: stretch, at: at(Math.max(...mine.map((one) => one.end))), succeeded: true }
  }
  yield { kind: 'executor-peak', memory: Math.round(ran.memory * GIB) }
  yield { kind: 'application-end', at: at(ran.wall) }
}

/** Bytes that a task of the first stage reads a second, and that any task hands on. */
const READS_A_MS = 100_000

const metricsOf = ({
  length,
  spilled,
  first,
}: {
  length: number
  spilled: boolean
  first: boolean
}): TaskMetrics => ({
  runMs: length,
  cpuNs: Math.round(length * 0.75e6),
  gcMs: Math.round(length * 0.03),
  resultBytes: 2_000,
  peakExecution: 0,
  memorySpilled: spilled ? length * READS_A_MS : 0,
  diskSpilled: spilled ? length * READS_A_MS * 0.3 : 0,
  input: first ? length * READS_A_MS : 0,
  output: first ? 0 : length * READS_A_MS * 0.1,
  shuffleRead: first ? 0 : length * READS_A_MS,
  shuffleWritten: length * READS_A_MS * 0.5,
})

const propertiesOf = (job: Job) => ({
  'spark.master': job.platform === 'emr' ? 'yarn' : 'spark-emr-serverless',
  'spark.executor.cores': String(CORES_EACH),
  'spark.executor.instances': String(job.executors),
  'spark.executor.memory': `${Math.floor((job.memoryEach / 1.1) * 1_024)}m`,
  'spark.dynamicAllocation.enabled': 'false',
  'spark.sql.adaptive.enabled': String(job.adaptive),
  ...(job.transactional ? { 'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension' } : {}),
})

const tallyOf = (newest: ApplicationFact): ApplicationTally => ({
  kind: 'application-tally',
  id: newest.pipelineId,
  source: newest.source,
  application: newest.application,
  executions: 100,
  coreTime: newest.executors.coreTime,
  taskTime: newest.taskTime ?? millis(0),
  tasks: newest.tasks,
  tasksFailed: 0,
  diskSpilled: bytes(0),
  last: {
    ...newest,
    coreTime: newest.executors.coreTime,
    peakCores: newest.executors.peakCores,
    memoryPeak: newest.executors.memoryPeak,
  },
})

const pipelineOf = ({ name, everyHours }: Job): PipelineFact => ({
  kind: 'pipeline',
  id: `flows/${name}`,
  source: 'flows',
  pipeline: name,
  namespace: 'flows',
  name,
  system: 'airflow',
  from: 'listing',
  schedule: everyHours === 24 ? '0 0 * * *' : `0 */${everyHours} * * *`,
  nextRun: timestamp(NOW + everyHours * HOUR),
  paused: false,
  owners: [],
  tags: [],
  endless: false,
  url: null,
  vanished: null,
})

const runOf = (job: Job, { index, volume }: Execution, { startedAt, at }: ApplicationFact): RunFact => ({
  kind: 'run',
  id: `flows/${job.name}/${index}`,
  source: 'flows',
  pipeline: job.name,
  pipelineId: `flows/${job.name}`,
  runId: String(index),
  at: startedAt,
  asOf: at,
  state: 'success',
  sourceState: 'success',
  attempt: 1,
  pastAttempts: [],
  trigger: 'schedule',
  scheduledFor: startedAt,
  queuedAt: startedAt,
  startedAt,
  endedAt: at,
  error: null,
  labels: {},
  url: null,
  parentRun: null,
  tasks: [],
  tasksOmitted: 0,
  reported: true,
  processed: hasInput(job, index) ? Math.round(volume * 1_000_000) : 0,
  failed: 0,
  bytes: null,
})
