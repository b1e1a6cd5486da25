// What orchestrators, scripts and test suites tell us: pipelines, their runs, data-quality checks and lineage.
import type { Known } from './known.ts'
import { type Bytes, HOUR, type Millis, type Timestamp } from './units.ts'

/** How a run can end: OpenTelemetry's cicd.pipeline.result words. */
export const RESULTS = ['success', 'failure', 'error', 'timeout', 'cancelled', 'skipped'] as const
export type Result = (typeof RESULTS)[number]

/** `unknown` is a word of the source that we have no meaning for (or a run that got lost): kept and counted, never guessed. */
export type RunState = 'pending' | 'running' | 'retrying' | 'paused' | 'unknown' | Result

export const isResult = (state: RunState): state is Result => (RESULTS as readonly string[]).includes(state)

export type Trigger = 'schedule' | 'manual' | 'backfill' | 'event'

/** Something that runs again and again: a DAG, a flow, a dbt command, a script. Entity. */
export interface PipelineFact {
  readonly kind: 'pipeline'
  /** `<source>/<pipeline>` */
  readonly id: string
  readonly source: string
  /** The readable name, used as the `pipeline` label. */
  readonly pipeline: string
  /** OpenLineage's identity of the job. */
  readonly namespace: string
  readonly name: string
  /** `airflow`, `prefect`, `dbt`, … */
  readonly system: string
  /** A listing of the source names it, so it can vanish; or it is known by its runs only. */
  readonly from: 'listing' | 'runs'
  /** As the source spells it: a cron expression, a timetable. */
  readonly schedule: Known<string>
  readonly nextRun: Known<Timestamp>
  readonly paused: Known<boolean>
  readonly owners: readonly string[]
  readonly tags: readonly string[]
  /** Never meant to end (a stream, a service): a long run of it is no news. */
  readonly endless: boolean
  readonly url: Known<string>
  readonly vanished: Known<Timestamp>
}

/** What a run moved, as far as its source says. */
export interface Volume {
  readonly processed: Known<number>
  readonly failed: Known<number>
  readonly bytes: Known<Bytes>
}

/** One step of a run; the instances of a mapped or repeated step are folded into it. */
export interface Task extends Volume {
  readonly name: string
  /** Operator, model type, job type: what kind of step it is. */
  readonly type: Known<string>
  readonly state: RunState
  readonly queuedAt: Known<Timestamp>
  readonly startedAt: Known<Timestamp>
  readonly endedAt: Known<Timestamp>
  readonly error: Known<string>
  /** Instance → `<attempt> <state>`; `''` is a step that is not mapped. Bounded. */
  readonly instances: Readonly<Record<string, string>>
  /** Instances beyond the bound, folded into nothing. */
  readonly instancesOmitted: number
}

/** An attempt of a run that is over and was followed by another: cleared, restarted, retried. */
export interface PastAttempt {
  readonly attempt: number
  readonly state: RunState
  readonly startedAt: Known<Timestamp>
  readonly endedAt: Known<Timestamp>
  readonly error: Known<string>
}

/** One execution of a pipeline, with its current attempt. Event: kept as history. */
export interface RunFact extends Volume {
  readonly kind: 'run'
  /** `<pipeline id>/<run id>` */
  readonly id: string
  readonly source: string
  readonly pipeline: string
  readonly pipelineId: string
  readonly runId: string
  /** Its place in history: start of the current attempt, or when we first heard of it. */
  readonly at: Timestamp
  /** The time at which the source said so. */
  readonly asOf: Timestamp
  readonly state: RunState
  /** The source's own word. */
  readonly sourceState: string
  readonly attempt: number
  /** Oldest first, bounded. */
  readonly pastAttempts: readonly PastAttempt[]
  readonly trigger: Known<Trigger>
  readonly scheduledFor: Known<Timestamp>
  readonly queuedAt: Known<Timestamp>
  readonly startedAt: Known<Timestamp>
  readonly endedAt: Known<Timestamp>
  readonly error: Known<string>
  /** Bounded, for people; never labels of series. */
  readonly labels: Readonly<Record<string, string>>
  readonly url: Known<string>
  /** The run that started this one: `<source>`'s own id of it. */
  readonly parentRun: Known<string>
  readonly tasks: readonly Task[]
  readonly tasksOmitted: number
  /** False for a run that we know by its tasks only. */
  readonly reported: boolean
}

/** What a source says of a run. The ledger makes runs, counters and pipelines of it; it is not stored itself. */
export interface RunReport extends Volume {
  readonly kind: 'run-report'
  readonly id: string
  readonly source: string
  readonly pipeline: string
  readonly runId: string
  /**
   * `snapshot`: all there is to say at `asOf`, later ones replace earlier ones. `event`: one of several messages that
   * may come in any order and more than once, each run id for one attempt.
   */
  readonly told: 'snapshot' | 'event'
  readonly asOf: Timestamp
  /** Where the source numbers attempts (from 1); null: the ledger finds out. */
  readonly attempt: Known<number>
  readonly state: RunState
  readonly sourceState: string
  readonly trigger: Known<Trigger>
  readonly scheduledFor: Known<Timestamp>
  readonly queuedAt: Known<Timestamp>
  readonly startedAt: Known<Timestamp>
  readonly endedAt: Known<Timestamp>
  readonly error: Known<string>
  readonly labels: Readonly<Record<string, string>>
  readonly url: Known<string>
  readonly parentRun: Known<string>
  /** What it says about its pipeline in passing. */
  readonly of: Pick<PipelineFact, 'namespace' | 'name' | 'system' | 'owners' | 'tags' | 'endless'>
}

/** What a source says of one instance of one task of a run. Not stored itself. */
export interface TaskReport extends Volume {
  readonly kind: 'task-report'
  readonly id: string
  readonly source: string
  readonly pipeline: string
  readonly runId: string
  readonly task: string
  /** `''` for a task that is not mapped. */
  readonly instance: string
  /** From 1. */
  readonly attempt: number
  readonly told: 'snapshot' | 'event'
  readonly asOf: Timestamp
  readonly type: Known<string>
  readonly state: RunState
  readonly sourceState: string
  readonly queuedAt: Known<Timestamp>
  readonly startedAt: Known<Timestamp>
  readonly endedAt: Known<Timestamp>
  readonly error: Known<string>
  readonly of: RunReport['of']
}

/** All pipelines a source has, after a complete listing. Not stored itself. */
export interface PipelineInventory {
  readonly kind: 'pipeline-inventory'
  readonly id: string
  readonly source: string
  readonly at: Timestamp
  readonly pipelineIds: readonly string[]
}

/** Upper bounds of the buckets in which lengths of time are counted, in seconds. */
export const DURATION_BOUNDS: readonly number[] = [
  1,
  2.5,
  5,
  10,
  30,
  60,
  150,
  300,
  600,
  1_800,
  3_600,
  7_200,
  21_600,
  86_400,
  Infinity,
]

export interface Observations {
  /** How many were at most `DURATION_BOUNDS[i]` and above the bound before. */
  readonly counts: readonly number[]
  /** Milliseconds, so that sums are exact in whatever order they come. */
  readonly sum: Millis
}

export interface TaskTally {
  readonly attempts: Readonly<Partial<Record<Result, number>>>
  readonly retries: number
  readonly last: Known<{ readonly at: Timestamp; readonly duration: Millis }>
}

/** What a pipeline's runs add up to since we watch it: the ground of its counters. Entity, kept by the ledger. */
export interface RunTally {
  readonly kind: 'run-tally'
  /** The pipeline's id. */
  readonly id: string
  readonly source: string
  readonly pipeline: string
  readonly runs: Readonly<Partial<Record<Result, number>>>
  /** Usual runs only: backfills and manual runs of a scheduled pipeline say nothing about what is usual. */
  readonly durations: Readonly<Record<'success' | 'other', Observations>>
  readonly startDelays: Observations
  readonly queueTimes: Observations
  readonly processed: Known<number>
  readonly failed: Known<number>
  readonly bytes: Known<number>
  /** Newest end by result. */
  readonly lastEnd: Readonly<Partial<Record<Result, Timestamp>>>
  /** Duration of the newest usual run. */
  readonly last: Known<{ readonly at: Timestamp; readonly duration: Millis }>
  /** Runs that are not over, by state, and the ones that started first (bounded): run id → start. */
  readonly active: Readonly<Partial<Record<RunState, number>>>
  readonly oldest: Readonly<Record<string, Timestamp>>
  readonly unknownStates: number
  readonly tasks: Readonly<Record<string, TaskTally>>
  /** Newest end seen: runs that are new to us and much older were counted before they were forgotten. */
  readonly newest: Timestamp
}

export const CHECK_RESULTS = ['pass', 'warn', 'fail', 'error', 'skip'] as const
export type CheckResult = (typeof CHECK_RESULTS)[number]

/** What a check found once. */
export interface CheckOutcome {
  readonly at: Timestamp
  readonly result: CheckResult
}

/** A data-quality check of a dataset with its newest result. Entity. */
export interface CheckFact {
  readonly kind: 'check'
  /** `<source>/<dataset id>/<check>` */
  readonly id: string
  readonly source: string
  /** The dataset's id (see datasetId), and its readable name. */
  readonly datasetId: string
  readonly dataset: string
  readonly check: string
  /** `not_null`, `expect_column_values_to_be_unique`, `freshness`, … */
  readonly type: string
  readonly column: Known<string>
  readonly severity: string
  readonly result: CheckResult
  readonly at: Timestamp
  /** Rows that failed it. */
  readonly failing: Known<number>
  readonly observed: Known<string>
  readonly expected: Known<string>
  readonly message: Known<string>
  /** Newest first, bounded; the first is this result. */
  readonly recent: readonly CheckOutcome[]
}

/** One result of a check; the ledger makes the check of it. Not stored itself. */
export interface CheckReport extends Omit<CheckFact, 'kind' | 'recent'> {
  readonly kind: 'check-report'
}

/** What a dataset's checks add up to, by source. Entity, kept by the ledger. */
export interface CheckTally {
  readonly kind: 'check-tally'
  /** `<source>/<dataset id>` */
  readonly id: string
  readonly source: string
  readonly datasetId: string
  readonly dataset: string
  /** `<type>|<severity>|<result>` → results so far. */
  readonly counts: Readonly<Record<string, number>>
}

/** Data flows from one node to the other: dataset → job (it reads) or job → dataset (it writes). Entity. */
export interface EdgeFact {
  readonly kind: 'edge'
  /** `<from> -> <to>` */
  readonly id: string
  readonly source: string
  readonly type: 'reads' | 'writes' | 'part-of'
  /** Dataset ids, or job ids (see jobId). `part-of`: a task's job and the pipeline's job. */
  readonly from: string
  readonly to: string
  /** Rounded down to the hour, so that a busy edge is not written at every event. */
  readonly lastSeen: Timestamp
  /** When it was first told of, to the hour as well; the ledger keeps it. Absent: before that was kept. */
  readonly firstSeen?: Timestamp
}

/** Two names of one dataset. Entity. */
export interface AliasFact {
  readonly kind: 'alias'
  /** The two dataset ids, the smaller first, joined by ` = `. */
  readonly id: string
  readonly source: string
  readonly one: string
  readonly other: string
}

/** A finished attempt of a run that is still to be exported as a trace. Entity; removed when the collector has it. */
export interface TraceDueFact {
  readonly kind: 'trace-due'
  /** `<run's id>#<attempt>` */
  readonly id: string
  readonly run: string
  readonly attempt: number
  /** When it ended was learned. */
  readonly at: Timestamp
}

/** A finished attempt of a run that is still to be written to CloudWatch. Entity; removed when CloudWatch has it. */
export interface MetricDueFact {
  readonly kind: 'metric-due'
  /** `<run's id>#<attempt>` */
  readonly id: string
  readonly run: string
  readonly attempt: number
  /** When it ended was learned. */
  readonly at: Timestamp
}

/** Why a run was not written to CloudWatch: its end lies outside what is taken, or its name, or the queue was full. */
export const EXPORT_REFUSALS = ['too-old', 'in-future', 'name', 'refused', 'queue-full', 'forgotten'] as const
export type ExportRefusal = (typeof EXPORT_REFUSALS)[number]

/** What was written to CloudWatch so far; in the transaction that takes away what was due. Entity, one. */
export interface MetricExportFact {
  readonly kind: 'metric-export'
  readonly id: 'cloudwatch'
  /** When CloudWatch last took something. */
  readonly exportedAt: Known<Timestamp>
  readonly runs: number
  readonly values: number
  readonly refused: Readonly<Partial<Record<ExportRefusal, number>>>
  /** Requests that failed and were or will be repeated, and why, while it lasts. */
  readonly failures: number
  readonly failing: Known<string>
}

export type RunKindFact =
  | TraceDueFact
  | MetricDueFact
  | MetricExportFact
  | PipelineFact
  | RunFact
  | RunReport
  | TaskReport
  | PipelineInventory
  | RunTally
  | CheckFact
  | CheckReport
  | CheckTally
  | EdgeFact
  | AliasFact

/** The lineage node of a job, in OpenLineage's naming. */
export const jobId = (namespace: string, name: string): string => `job:${namespace}/${name}`

export const pipelineKey = (source: string, pipeline: string): string => `${source}/${pipeline}`
export const runKey = (source: string, pipeline: string, runId: string): string =>
  `${source}/${pipeline}/${runId}`

export const edgeOf = (
  source: string,
  type: EdgeFact['type'],
  from: string,
  to: string,
  at: Timestamp,
): EdgeFact => ({
  kind: 'edge',
  id: `${from} -> ${to}`,
  source,
  type,
  from,
  to,
  lastSeen: (at - (at % HOUR)) as Timestamp,
})

export function aliasOf(source: string, a: string, b: string): AliasFact {
  const [one, other] = a < b ? [a, b] : [b, a]
  return { kind: 'alias', id: `${one} = ${other}`, source, one, other }
}
