// What one event log tells of an application: its executors, jobs and stages with their tasks, as far as it got.
import type { Known } from '../../model/known.ts'

export interface SparkApplication {
  readonly appId: string
  readonly name: Known<string>
  readonly attempt: Known<string>
  readonly version: Known<string>
  /** Spark properties; only those asked for by name, see PROPERTIES. */
  readonly properties: Readonly<Record<string, string>>
  /** Milliseconds since the epoch, like every time here. */
  readonly startedAt: number
  /** When ApplicationEnd says it ended; null where the log ends before. */
  readonly endedAt: Known<number>
  /** The newest time of a job, stage or task. */
  readonly lastActivity: number
  readonly executors: readonly Executor[]
  readonly jobs: readonly Job[]
  readonly stages: ReadonlyMap<number, Stage>
  readonly totals: TaskTotals
  readonly streaming: boolean
  /** The largest memory of an executor, as far as executors measured it. */
  readonly peakExecutorMemory: Known<number>
  /** Why parts of this are unknown or best effort, one sentence each. */
  readonly partial: readonly string[]
}

export interface Executor {
  readonly id: string
  readonly host: Known<string>
  readonly cores: number
  readonly addedAt: number
  readonly removedAt: Known<number>
  readonly removedBecause: Known<string>
}

export interface Job {
  readonly id: number
  readonly startedAt: number
  readonly endedAt: Known<number>
  readonly failed: boolean
  readonly stageIds: readonly number[]
}

/** All attempts of a stage together. */
export interface Stage {
  readonly id: number
  readonly name: string
  readonly parents: readonly number[]
  readonly failed: boolean
  /** Of tasks that ended, in the order of their ends: when launched, and how long until finished. */
  readonly launches: readonly number[]
  readonly lengths: readonly number[]
  readonly diskSpilled: Known<number>
  readonly input: Known<number>
  readonly shuffleRead: Known<number>
}

export interface TaskTotals {
  readonly tasks: number
  readonly failed: number
  /** From launch to finish. */
  readonly slotMs: number
  readonly runMs: Known<number>
  readonly cpuNs: Known<number>
  readonly gcMs: Known<number>
  readonly resultBytes: Known<number>
  readonly memorySpilled: Known<number>
  readonly diskSpilled: Known<number>
  readonly input: Known<number>
  readonly output: Known<number>
  readonly shuffleRead: Known<number>
  readonly shuffleWritten: Known<number>
  /** The largest of one task. */
  readonly peakExecution: Known<number>
}

export const applicationEnd = (application: SparkApplication): number =>
  application.endedAt ?? Math.max(application.startedAt, application.lastActivity)

/** Properties that matter for measures and advice; everything else in an environment may be a secret. */
export const PROPERTIES: readonly string[] = [
  'spark.master',
  'spark.submit.deployMode',
  'spark.executor.cores',
  'spark.executor.instances',
  'spark.executor.memory',
  'spark.executor.memoryOverhead',
  'spark.executor.memoryOverheadFactor',
  'spark.memory.offHeap.enabled',
  'spark.memory.offHeap.size',
  'spark.driver.memory',
  'spark.driver.cores',
  'spark.task.cpus',
  'spark.speculation',
  'spark.serializer',
  'spark.plugins',
  'spark.rapids.sql.enabled',
  'spark.executor.resource.gpu.amount',
  'spark.dynamicAllocation.enabled',
  'spark.dynamicAllocation.minExecutors',
  'spark.dynamicAllocation.maxExecutors',
  'spark.dynamicAllocation.executorIdleTimeout',
  'spark.dynamicAllocation.shuffleTracking.enabled',
  'spark.shuffle.service.enabled',
  'spark.shuffle.manager',
  'spark.decommission.enabled',
  'spark.storage.decommission.shuffleBlocks.enabled',
  'spark.sql.shuffle.partitions',
  'spark.sql.adaptive.enabled',
  'spark.sql.adaptive.skewJoin.enabled',
  'spark.sql.streaming.checkpointLocation',
  'spark.sql.extensions',
  'spark.emr-serverless.driver.cores',
  'spark.glue.JOB_NAME',
  'spark.databricks.clusterUsageTags.clusterNodeType',
  'spark.databricks.clusterUsageTags.driverNodeType',
  'spark.databricks.clusterUsageTags.sparkVersion',
]
