// Events in the order of the log → the application, as far as it got. Tasks are kept as two numbers each, so that a log
// of gigabytes needs some bytes a task.
import type { Known } from '../../model/known.ts'
import { SourceError } from '../../model/errors.ts'
import type { JsonObject, JsonOrigin } from '../json.ts'
import type { Executor, Job, SparkApplication, Stage, TaskTotals } from './application.ts'
import { PROPERTIES } from './application.ts'
import type { SparkEvent, StageInfo, TaskMetrics } from './events.ts'

/** What is kept of one application; what comes beyond is counted in the totals only, and said. */
export const LIMITS = { tasks: 4_000_000, stages: 200_000, jobs: 200_000, executors: 100_000 }
const MAX_TEXT = 300

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type OpenStage = Writable<Omit<Stage, 'launches' | 'lengths'>> & {
  readonly launches: number[]
  readonly lengths: number[]
}

type Summed = Exclude<keyof TaskTotals & keyof TaskMetrics, 'peakExecution'>
const SUMMED: readonly Summed[] = [
  'runMs',
  'cpuNs',
  'gcMs',
  'resultBytes',
  'memorySpilled',
  'diskSpilled',
  'input',
  'output',
  'shuffleRead',
  'shuffleWritten',
]

/** A sum or maximum of what is known: null until anything is. */
const add = (total: Known<number>, value: Known<number>): Known<number> =>
  value === null ? total : (total ?? 0) + value
const most = (a: Known<number>, b: Known<number>): Known<number> =>
  a === null ? b : b === null ? a : Math.max(a, b)

export class ApplicationLog {
  #version: Known<string> = null
  #properties: Readonly<Record<string, string>> = {}
  #start: Extract<SparkEvent, { kind: 'application-start' }> | null = null
  #endedAt: Known<number> = null
  #earliest = Infinity
  #lastActivity = 0
  readonly #executors = new Map<string, Writable<Executor>>()
  readonly #jobs = new Map<number, Writable<Job>>()
  readonly #stages = new Map<number, OpenStage>()
  readonly #totals: Writable<TaskTotals> = {
    tasks: 0,
    failed: 0,
    slotMs: 0,
    runMs: null,
    cpuNs: null,
    gcMs: null,
    resultBytes: null,
    memorySpilled: null,
    diskSpilled: null,
    input: null,
    output: null,
    shuffleRead: null,
    shuffleWritten: null,
    peakExecution: null,
  }
  #tasksKept = 0
  #streaming = false
  #peakExecutorMemory: Known<number> = null
  /** What was left out because of a limit, by what it is. */
  readonly #omitted: Record<keyof typeof LIMITS, number> = { tasks: 0, stages: 0, jobs: 0, executors: 0 }

  take(event: SparkEvent): void {
    switch (event.kind) {
      case 'log-start':
        this.#version ??= event.version?.slice(0, MAX_TEXT) ?? null
        return
      case 'environment':
        this.#properties = pick(event.properties)
        return
      case 'application-start':
        this.#start ??= event
        this.#saw(event.at)
        return
      case 'application-end':
        this.#endedAt = event.at
        return
      case 'executor-added':
        return this.#addExecutor(event)
      case 'executor-removed': {
        const executor = this.#executors.get(event.id)
        if (executor === undefined) return
        executor.removedAt = event.at
        executor.removedBecause = event.reason?.slice(0, MAX_TEXT) ?? null
        return
      }
      case 'job-start':
        return this.#startJob(event)
      case 'job-end': {
        this.#saw(event.at)
        const job = this.#jobs.get(event.id)
        if (job === undefined) return
        job.endedAt = event.at
        job.failed = event.succeeded === false
        return
      }
      case 'stage-completed': {
        this.#saw(event.stage.completed)
        const stage = this.#stageOf(event.stage)
        // A later attempt may have succeeded.
        if (stage !== undefined) stage.failed = event.stage.failed
        return
      }
      case 'task-end':
        return this.#endTask(event)
      case 'executor-peak':
        this.#peakExecutorMemory = most(this.#peakExecutorMemory, event.memory)
        return
      case 'streaming-query':
        this.#streaming = true
        return
    }
  }

  /** Throws 'corrupt' where not even the application's start was read: nothing of it can be said. */
  finish(origin: JsonOrigin, doubts: readonly string[]): SparkApplication {
    const start = this.#start
    const startedAt = start?.at ?? (Number.isFinite(this.#earliest) ? this.#earliest : null)
    const appId = start?.appId?.slice(0, MAX_TEXT)
    if (start === null || startedAt === null || appId === undefined)
      throw new SourceError(
        'corrupt',
        `${origin.subject} does not say which application it is of: it has no whole ApplicationStart event`,
        origin,
      )
    const ended = this.#endedAt === null ? [NOT_ENDED] : []
    const omitted = Object.entries(this.#omitted)
      .filter(([, count]) => count > 0)
      .map(
        ([what, count]) =>
          `${count} ${what} beyond ${LIMITS[what as keyof typeof LIMITS]} are in the totals only`,
      )
    return {
      appId,
      name: start.name?.slice(0, MAX_TEXT) ?? null,
      attempt: start.attempt?.slice(0, MAX_TEXT) ?? null,
      version: this.#version,
      properties: this.#properties,
      startedAt,
      endedAt: this.#endedAt,
      lastActivity: this.#lastActivity,
      executors: [...this.#executors.values()],
      jobs: [...this.#jobs.values()],
      stages: this.#stages,
      totals: this.#totals,
      streaming: this.#streaming,
      peakExecutorMemory: this.#peakExecutorMemory,
      partial: [...ended, ...omitted, ...doubts],
    }
  }

  #saw(at: Known<number>): void {
    if (at === null) return
    this.#lastActivity = Math.max(this.#lastActivity, at)
    this.#earliest = Math.min(this.#earliest, at)
  }

  #room(what: keyof typeof LIMITS, size: number): boolean {
    if (size < LIMITS[what]) return true
    this.#omitted[what] += 1
    return false
  }

  #addExecutor({ id, host, cores, at }: Extract<SparkEvent, { kind: 'executor-added' }>): void {
    if (cores === null || at === null || this.#executors.has(id)) return
    if (!this.#room('executors', this.#executors.size)) return
    this.#executors.set(id, { id, host, cores, addedAt: at, removedAt: null, removedBecause: null })
  }

  #startJob(job: Extract<SparkEvent, { kind: 'job-start' }>): void {
    this.#saw(job.at)
    this.#streaming ||= job.streaming
    for (const stage of job.stages) this.#stageOf(stage)
    if (job.at === null || this.#jobs.has(job.id) || !this.#room('jobs', this.#jobs.size)) return
    const { id, at: startedAt, stageIds } = job
    this.#jobs.set(id, { id, startedAt, endedAt: null, failed: false, stageIds })
  }

  #stageOf({ id, name, parents }: Pick<StageInfo, 'id' | 'name' | 'parents'>): OpenStage | undefined {
    const known = this.#stages.get(id)
    if (known !== undefined || !this.#room('stages', this.#stages.size)) return known
    const stage: OpenStage = {
      id,
      name: (name ?? '').slice(0, MAX_TEXT),
      parents,
      failed: false,
      launches: [],
      lengths: [],
      diskSpilled: null,
      input: null,
      shuffleRead: null,
    }
    this.#stages.set(id, stage)
    return stage
  }

  #endTask(task: Extract<SparkEvent, { kind: 'task-end' }>): void {
    const { launched, finished, metrics } = task
    const totals = this.#totals
    this.#saw(finished)
    totals.tasks += 1
    if (!task.succeeded) totals.failed += 1
    this.#peakExecutorMemory = most(this.#peakExecutorMemory, task.memory)
    const stage = this.#stageOf({ id: task.stageId, name: null, parents: [] })
    if (launched !== null && finished !== null && finished >= launched) {
      totals.slotMs += finished - launched
      if (stage !== undefined && this.#room('tasks', this.#tasksKept)) {
        this.#tasksKept += 1
        stage.launches.push(launched)
        stage.lengths.push(finished - launched)
      }
    }
    if (metrics === null) return
    for (const what of SUMMED) totals[what] = add(totals[what], metrics[what])
    totals.peakExecution = most(totals.peakExecution, metrics.peakExecution)
    if (stage === undefined) return
    stage.diskSpilled = add(stage.diskSpilled, metrics.diskSpilled)
    stage.input = add(stage.input, metrics.input)
    stage.shuffleRead = add(stage.shuffleRead, metrics.shuffleRead)
  }
}

const NOT_ENDED =
  'the log has no ApplicationEnd: the application was still running or was killed, or the log is cut short'

function pick(properties: JsonObject): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of PROPERTIES) {
    const value = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (typeof value === 'string') found[name] = value.slice(0, MAX_TEXT)
  }
  return found
}
