// What a pipeline's runs add up to: each run, attempt, row and duration once, whatever is read again.
import type { Known } from '../model/known.ts'
import {
  DURATION_BOUNDS,
  type Observations,
  type Result,
  type RunFact,
  type RunState,
  type RunTally,
  type TaskTally,
  type Volume,
  isResult,
} from '../model/run-facts.ts'
import { DAY, type Millis, type Timestamp, between, millis, timestamp } from '../model/units.ts'
import { greater } from './known.ts'
import { LOST, isOver } from './run-merge.ts'
import type { TaskChange } from './run-tasks.ts'

/**
 * A run that is new to us and ended this long before the newest one of its pipeline is kept, not counted: it may have
 * been counted before it was forgotten. History is kept at least that long (config: retention.runs).
 */
const COUNTED_WITHIN = millis(30 * DAY)
/** Open runs of a pipeline whose start is remembered: the ones that started first. */
const OLDEST_KEPT = 200
/** Tasks of a pipeline with counters of their own; the rest is counted together. */
const TASKS_COUNTED = 200
export const OTHER = '(other)'

const NOTHING_OBSERVED: Observations = { counts: DURATION_BOUNDS.map(() => 0), sum: millis(0) }

export const emptyTally = (run: {
  readonly pipelineId: string
  readonly source: string
  readonly pipeline: string
}): RunTally => ({
  kind: 'run-tally',
  id: run.pipelineId,
  source: run.source,
  pipeline: run.pipeline,
  runs: {},
  durations: { success: NOTHING_OBSERVED, other: NOTHING_OBSERVED },
  startDelays: NOTHING_OBSERVED,
  queueTimes: NOTHING_OBSERVED,
  processed: null,
  failed: null,
  bytes: null,
  lastEnd: {},
  last: null,
  active: {},
  oldest: {},
  unknownStates: 0,
  tasks: {},
  newest: timestamp(0),
})

/** Adds what changed between two states of a run. `usual`: it says something about how long runs take. */
export function countRun(
  tally: RunTally,
  before: RunFact | undefined,
  after: RunFact,
  usual: boolean,
): RunTally {
  const prior = before?.reported && before.attempt === after.attempt ? before : undefined
  const seen = {
    ...tally,
    active: activeAfter(tally.active, before, after),
    oldest: oldestAfter(tally.oldest, after),
    unknownStates: tally.unknownStates + (isNewWord(prior, after) ? 1 : 0),
    newest: greater(tally.newest, after.endedAt)!,
  }
  if (before === undefined && (after.endedAt ?? Infinity) < tally.newest - COUNTED_WITHIN) return seen
  const moved = volumes(tally, before?.attempt === after.attempt ? before : undefined, after)
  return countEnd({ ...seen, ...moved }, prior, after, usual)
}

function countEnd(tally: RunTally, prior: RunFact | undefined, after: RunFact, usual: boolean): RunTally {
  const { state, endedAt } = after
  let { runs, lastEnd, durations, last, startDelays } = tally
  if (isResult(state) && endedAt !== null) {
    if (prior === undefined || !isResult(prior.state)) runs = { ...runs, [state]: (runs[state] ?? 0) + 1 }
    lastEnd = { ...lastEnd, [state]: greater(lastEnd[state] ?? null, endedAt)! }
    const length = durationOf(after)
    if (usual && length !== null && (prior === undefined || durationOf(prior) === null)) {
      const which = state === 'success' ? 'success' : 'other'
      durations = { ...durations, [which]: observe(durations[which], length) }
      last = newer(last, endedAt, length)
    }
  }
  const delay = startDelayOf(after)
  if (usual && delay !== null && (prior === undefined || startDelayOf(prior) === null)) {
    startDelays = observe(startDelays, delay)
  }
  return { ...tally, runs, lastEnd, durations, last, startDelays }
}

const durationOf = (run: RunFact): Known<Millis> =>
  isOver(run) && run.startedAt !== null && run.endedAt !== null
    ? millis(Math.max(0, between(run.startedAt, run.endedAt)))
    : null

/** Only the first attempt was due at its schedule. */
const startDelayOf = (run: RunFact): Known<Millis> =>
  run.attempt === 1 && run.trigger === 'schedule' && run.scheduledFor !== null && run.startedAt !== null
    ? millis(Math.max(0, between(run.scheduledFor, run.startedAt)))
    : null

function observe(seen: Observations, length: Millis): Observations {
  const place = DURATION_BOUNDS.findIndex((bound) => length <= bound * 1_000)
  return { counts: seen.counts.with(place, seen.counts[place]! + 1), sum: millis(seen.sum + length) }
}

/** The later end; of two at the same time the longer, so that the order in which they were told does not matter. */
function newer(last: RunTally['last'], at: Known<Timestamp>, duration: Known<Millis>): RunTally['last'] {
  if (at === null || duration === null) return last
  const later = last === null || at > last.at || (at === last.at && duration > last.duration)
  return later ? { at, duration } : last
}

/** Sources say totals so far: what counts is how much they grew. */
function volumes(
  tally: Pick<RunTally, keyof Volume>,
  before: Volume | undefined,
  after: Volume,
): Pick<RunTally, keyof Volume> {
  const add = (total: Known<number>, was: Known<number> | undefined, is: Known<number>): Known<number> =>
    is === null ? total : (total ?? 0) + Math.max(0, is - (was ?? 0))
  return {
    processed: add(tally.processed, before?.processed, after.processed),
    failed: add(tally.failed, before?.failed, after.failed),
    bytes: add(tally.bytes, before?.bytes, after.bytes),
  }
}

const isActive = (run: RunFact | undefined): run is RunFact =>
  run !== undefined && run.reported && !isOver(run)

function activeAfter(
  active: RunTally['active'],
  before: RunFact | undefined,
  after: RunFact,
): RunTally['active'] {
  const from = isActive(before) ? before.state : undefined
  const to = isActive(after) ? after.state : undefined
  if (from === to) return active
  const next: Partial<Record<RunState, number>> = { ...active }
  if (from !== undefined) {
    const left = (next[from] ?? 0) - 1
    if (left > 0) next[from] = left
    else delete next[from]
  }
  if (to !== undefined) next[to] = (next[to] ?? 0) + 1
  return next
}

function oldestAfter(oldest: RunTally['oldest'], after: RunFact): RunTally['oldest'] {
  const start = isActive(after) ? after.startedAt : null
  if ((oldest[after.runId] ?? null) === start) return oldest
  const { [after.runId]: _, ...others } = oldest
  if (start === null) return others
  const all: Array<readonly [string, Timestamp]> = [...Object.entries(others), [after.runId, start]]
  const kept = all.length <= OLDEST_KEPT ? all : all.toSorted((a, b) => a[1] - b[1]).slice(0, OLDEST_KEPT)
  return Object.fromEntries(kept)
}

/** The source used a word that has no meaning for us. */
const isNewWord = (prior: RunFact | undefined, after: RunFact): boolean =>
  after.reported &&
  after.state === 'unknown' &&
  after.sourceState !== LOST &&
  prior?.sourceState !== after.sourceState

/** Adds what changed about a task of a run. */
export function countTask(tally: RunTally, change: TaskChange): RunTally {
  const { before, after, ended, retries } = change
  const name =
    tally.tasks[after.name] === undefined && Object.keys(tally.tasks).length >= TASKS_COUNTED
      ? OTHER
      : after.name
  const was = tally.tasks[name]
  const is = taskTally(was, after, ended, retries)
  const waited = queueTime(after)
  const firstWait = waited !== null && (before === undefined || queueTime(before) === null)
  return {
    ...tally,
    ...volumes(tally, before, after),
    unknownStates: tally.unknownStates + change.unknownStates,
    queueTimes: firstWait ? observe(tally.queueTimes, waited) : tally.queueTimes,
    tasks: is === was ? tally.tasks : { ...tally.tasks, [name]: is },
  }
}

const queueTime = ({ queuedAt, startedAt }: { queuedAt: Known<Timestamp>; startedAt: Known<Timestamp> }) =>
  queuedAt !== null && startedAt !== null && startedAt >= queuedAt ? between(queuedAt, startedAt) : null

function taskTally(
  was: TaskTally = { attempts: {}, retries: 0, last: null },
  after: TaskChange['after'],
  ended: readonly Result[],
  retries: number,
): TaskTally {
  const attempts: Partial<Record<Result, number>> = { ...was.attempts }
  for (const result of ended) attempts[result] = (attempts[result] ?? 0) + 1
  const { startedAt, endedAt } = after
  const length =
    startedAt === null || endedAt === null ? null : millis(Math.max(0, between(startedAt, endedAt)))
  return { attempts, retries: was.retries + retries, last: newer(was.last, endedAt, length) }
}
