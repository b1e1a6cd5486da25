// A run's tasks: instances of a mapped or repeated task folded into one, each attempt counted once.
import { type Result, type RunState, type Task, type TaskReport, isResult } from '../model/run-facts.ts'
import { greater, lesser } from './known.ts'

/** Different tasks of one run that are kept; the rest is a number. */
const TASKS_KEPT = 500
/** Instances of one task that are told apart; the rest is a number. */
const INSTANCES_KEPT = 10_000

/** What reports changed about one task, for the counters. */
export interface TaskChange {
  readonly before: Task | undefined
  readonly after: Task
  /** Attempts that are over since, by how they ended. */
  readonly ended: readonly Result[]
  readonly retries: number
  readonly unknownStates: number
}

export interface Tasks {
  readonly tasks: readonly Task[]
  readonly tasksOmitted: number
}

/** All reports about one run at once: a task may have ten thousand instances, which are copied once. */
export function applyTasks(
  run: Tasks,
  reports: readonly TaskReport[],
): { tasks: Tasks; changes: readonly TaskChange[] } {
  const tasks = new Map(run.tasks.map((task) => [task.name, task]))
  const changes: TaskChange[] = []
  let omitted = run.tasksOmitted
  for (const [name, ofTask] of Map.groupBy(reports, (report) => report.task)) {
    const before = tasks.get(name)
    if (before === undefined && tasks.size >= TASKS_KEPT) {
      omitted += 1
      continue
    }
    const change = changeOf(before, ofTask)
    tasks.set(name, change.after)
    changes.push(change)
  }
  const sorted = [...tasks.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return { tasks: { tasks: sorted, tasksOmitted: omitted }, changes }
}

interface Instance {
  readonly attempt: number
  readonly state: RunState
  /** It was over and was cleared: the end of this attempt is counted, the number of the next is not known yet. */
  readonly cleared: boolean
}

const printInstance = ({ attempt, state, cleared }: Instance): string =>
  `${attempt}${cleared ? '+' : ''} ${state}`

function readInstance(text: string | undefined): Instance | undefined {
  if (text === undefined) return undefined
  const [, attempt, plus, state] = /^(\d+)(\+?) (.*)$/.exec(text)!
  return { attempt: Number(attempt), state: state as RunState, cleared: plus === '+' }
}

function changeOf(before: Task | undefined, reports: readonly TaskReport[]): TaskChange {
  const instances = new Map(Object.entries(before?.instances ?? {}))
  let omitted = before?.instancesOmitted ?? 0
  let moved: Moved = before ?? NOTHING_MOVED
  const ended: Result[] = []
  let retries = 0
  let unknownStates = 0
  for (const report of reports) {
    const was = readInstance(instances.get(report.instance))
    if (was === undefined && instances.size >= INSTANCES_KEPT) {
      omitted += 1
      continue
    }
    const is = instanceAfter(was, report)
    instances.set(report.instance, printInstance(is))
    const stale = was !== undefined && report.attempt < was.attempt
    if (report.told === 'event' || instances.size > 1) moved = joined(moved, report)
    else if (!stale) moved = replaced(moved, was, report)
    const counted = countable(was, is)
    ended.push(...counted.ended)
    retries += counted.retries
    if (is.state === 'unknown' && was?.state !== 'unknown') unknownStates += 1
  }
  const { queuedAt, startedAt, endedAt, error, processed, failed, bytes } = moved
  const after: Task = {
    name: reports[0]!.task,
    type: before?.type ?? reports.find((report) => report.type !== null)?.type ?? null,
    state: fold(instances.values()),
    queuedAt,
    startedAt,
    endedAt,
    error,
    processed,
    failed,
    bytes,
    instances: Object.fromEntries(instances),
    instancesOmitted: omitted,
  }
  return { before, after, ended, retries, unknownStates }
}

/** A newer attempt replaces an older one; within one, a snapshot replaces and a message only moves forward. */
function instanceAfter(was: Instance | undefined, report: TaskReport): Instance {
  const is: Instance = { attempt: report.attempt, state: report.state, cleared: false }
  if (was === undefined || is.attempt > was.attempt) return is
  if (is.attempt < was.attempt) return was
  if (report.told === 'snapshot') return { ...is, cleared: !isResult(is.state) && wasCounted(was) }
  const step = order(is.state) - order(was.state)
  return step > 0 || (step === 0 && is.state > was.state) ? is : was
}

const wasCounted = (was: Instance): boolean => isResult(was.state) || was.cleared

const order = (state: RunState): number => (isResult(state) ? 2 : state === 'running' ? 1 : 0)

/** Attempts that were followed by another without our seeing their end did not succeed: that is why there was another. */
function countable(was: Instance | undefined, is: Instance): Pick<TaskChange, 'ended' | 'retries'> {
  const ended: Result[] = []
  const seen = was?.attempt ?? 1
  if (is.attempt > seen) {
    const open = was !== undefined && wasCounted(was) ? is.attempt - seen - 1 : is.attempt - seen
    for (let i = 0; i < Math.min(open, 100); i += 1) ended.push('failure')
  }
  const newlyOver = was === undefined || is.attempt > was.attempt || !isResult(was.state)
  if (newlyOver && isResult(is.state)) ended.push(is.state)
  return { ended, retries: Math.max(0, is.attempt - seen) }
}

type Moved = Pick<Task, 'queuedAt' | 'startedAt' | 'endedAt' | 'error' | 'processed' | 'failed' | 'bytes'>

const NOTHING_MOVED: Moved = {
  queuedAt: null,
  startedAt: null,
  endedAt: null,
  error: null,
  processed: null,
  failed: null,
  bytes: null,
}

/** The newest snapshot of a task that is not mapped: the attempt it speaks of. */
function replaced(before: Moved, was: Instance | undefined, report: TaskReport): Moved {
  const same = was?.attempt === report.attempt ? before : NOTHING_MOVED
  return {
    queuedAt: report.queuedAt ?? same.queuedAt,
    startedAt: report.startedAt ?? same.startedAt,
    endedAt: report.endedAt,
    error: report.state === 'success' ? null : (report.error ?? before.error),
    processed: report.processed ?? same.processed,
    failed: report.failed ?? same.failed,
    bytes: report.bytes ?? same.bytes,
  }
}

/** Many instances, or messages in any order: from the first start to the last end. */
const joined = (before: Moved, report: TaskReport): Moved => ({
  queuedAt: lesser(before.queuedAt, report.queuedAt),
  startedAt: lesser(before.startedAt, report.startedAt),
  endedAt: greater(before.endedAt, report.endedAt),
  error: lesser(before.error, report.error),
  processed: greater(before.processed, report.processed),
  failed: greater(before.failed, report.failed),
  bytes: greater(before.bytes, report.bytes),
})

/** The state of many instances: what still happens comes first, then what went wrong. */
const FOLD: readonly RunState[] = [
  'running',
  'retrying',
  'paused',
  'pending',
  'error',
  'failure',
  'timeout',
  'cancelled',
  'unknown',
  'success',
  'skipped',
]

function fold(instances: Iterable<string>): RunState {
  const present = new Set<RunState>()
  for (const instance of instances) present.add(readInstance(instance)!.state)
  return FOLD.find((state) => present.has(state)) ?? 'unknown'
}
