// What a finished compute application told of itself: what it held, what it used, and how long it would have taken on
// other numbers of cores.
import type { Known } from './known.ts'
import type { Bytes, Millis, Timestamp } from './units.ts'

/** Who runs the executors: what a core hour is billed as. */
export const PLATFORMS = ['emr', 'emr-serverless', 'emr-eks', 'glue', 'databricks', 'ec2', 'local'] as const
export type Platform = (typeof PLATFORMS)[number]

/** One execution of an application. Event: kept as history. */
export interface ApplicationFact {
  readonly kind: 'application'
  /** `<source>/<application id>`, and the attempt where there are several. */
  readonly id: string
  readonly source: string
  /** Its name, by which executions of one job are known; the `application` label. */
  readonly application: string
  /** `<source>/<application>`: what its history belongs to. */
  readonly pipelineId: string
  readonly appId: string
  readonly attempt: Known<string>
  readonly engine: 'spark'
  readonly engineVersion: Known<string>
  readonly platform: Known<Platform>
  /** Of the executors, as the provider names it. */
  readonly instanceType: Known<string>
  /** Its place in history: the end, or the newest that is known of it. */
  readonly at: Timestamp
  readonly startedAt: Timestamp
  /** Null where the log ends before the application. */
  readonly endedAt: Known<Timestamp>
  readonly wall: Millis
  /** The time it has, as configured. */
  readonly deadline: Known<Millis>
  /** Why parts of this are unknown or best effort, one sentence each; empty when all was observable. */
  readonly partial: readonly string[]
  readonly streaming: boolean
  readonly gpu: boolean
  readonly jobs: number
  readonly jobsFailed: number
  readonly stages: number
  readonly stagesFailed: number
  readonly tasks: number
  readonly tasksFailed: number
  readonly executors: ExecutorUse
  /** Task time / core time of the executors, 0..1. */
  readonly slotUtilisation: Known<number>
  /** CPU time / run time of tasks; low: they wait for the network, the disk or the collector of garbage. */
  readonly cpuEfficiency: Known<number>
  readonly gcShare: Known<number>
  /** Bytes spilled to disk / bytes read. */
  readonly spillShare: Known<number>
  /** Of the wall time: in which only the driver worked, and the longest chain of single tasks with it. */
  readonly driverShare: Known<number>
  readonly criticalShare: Known<number>
  readonly taskTime: Known<Millis>
  readonly volume: Readonly<
    Record<
      'input' | 'output' | 'shuffleRead' | 'shuffleWritten' | 'diskSpilled' | 'memorySpilled',
      Known<Bytes>
    >
  >
  /** Stages whose longest task kept the others waiting longest; at most a few. */
  readonly unevenStages: readonly UnevenStage[]
  /** Simulated wall time by number of executors of the size it had; ascending. Empty where nothing could be simulated. */
  readonly simulated: ReadonlyArray<{ readonly executors: number; readonly wall: Millis }>
  /** Real wall time / simulated wall time at the executors it had: what simulated times are multiplied by. */
  readonly calibration: Known<number>
  /** Properties that matter for advice; bounded. */
  readonly properties: Readonly<Record<string, string>>
}

export interface ExecutorUse {
  /** That ever were, and that were at once. */
  readonly count: number
  readonly peak: number
  readonly peakCores: number
  readonly cores: number
  /** Cores of one; null where they differ. */
  readonly coresEach: Known<number>
  /** Heap, overhead and off-heap memory that one was given; null where it was not said. */
  readonly memoryEach: Known<Bytes>
  /** The most that one was seen to use. */
  readonly memoryPeak: Known<Bytes>
  /** Executors that went away though nobody asked them to. */
  readonly lost: number
  readonly coreTime: Millis
  /** They come and go as tasks wait. */
  readonly dynamic: boolean
}

export interface UnevenStage {
  readonly stage: number
  readonly name: string
  readonly tasks: number
  readonly median: Millis
  readonly longest: Millis
  readonly skew: number
  readonly diskSpilled: Known<Bytes>
}

/** What the executions of one application add up to since we watch it: the ground of its counters. Entity, kept by the ledger. */
export interface ApplicationTally {
  readonly kind: 'application-tally'
  /** `<source>/<application>` */
  readonly id: string
  readonly source: string
  readonly application: string
  readonly executions: number
  readonly coreTime: Millis
  readonly taskTime: Millis
  readonly tasks: number
  readonly tasksFailed: number
  readonly diskSpilled: Bytes
  /** The execution that ended last. */
  readonly last: Pick<
    ApplicationFact,
    'at' | 'wall' | 'slotUtilisation' | 'cpuEfficiency' | 'gcShare' | 'spillShare' | 'driverShare'
  > & {
    readonly id: string
    readonly coreTime: Millis
    readonly peakCores: number
    readonly memoryPeak: Known<Bytes>
  }
}

export type ComputeFact = ApplicationFact | ApplicationTally
