// A run and a report about it → the run as it is now: attempts, late messages, messages in any order.
import {
  type PastAttempt,
  type RunFact,
  type RunReport,
  type RunState,
  isResult,
} from '../model/run-facts.ts'
import { pipelineKey } from '../model/run-facts.ts'
import type { Known } from '../model/known.ts'
import type { Timestamp } from '../model/units.ts'
import { greater, lesser, union } from './known.ts'

const PAST_ATTEMPTS_KEPT = 20
const LABELS_KEPT = 30
/** The word for a run that nobody ended for too long. */
export const LOST = 'lost'

export const isOver = (run: { readonly state: RunState; readonly endedAt: Known<Timestamp> }): boolean =>
  isResult(run.state) || (run.state === 'unknown' && run.endedAt !== null)

export function applyReport(before: RunFact | undefined, report: RunReport): RunFact {
  if (before === undefined) return fresh(begun(report))
  if (!before.reported) {
    return { ...fresh(begun(report)), tasks: before.tasks, tasksOmitted: before.tasksOmitted }
  }
  if (report.told === 'event') return mergeEvent(before, report)
  if (opensAttempt(before, report)) return nextAttempt(before, report)
  const late = report.asOf < before.asOf || (report.attempt !== null && report.attempt < before.attempt)
  return late ? fillGaps(before, report) : replace(before, report)
}

/** Seen running for the first time without a start: it started when we heard of it. */
const begun = (report: RunReport): RunReport =>
  report.told === 'snapshot' && report.state === 'running' && report.startedAt === null
    ? { ...report, startedAt: report.asOf }
    : report

function fresh(report: RunReport): RunFact {
  const { source, pipeline, state, asOf } = report
  const endedAt = isResult(state) ? (report.endedAt ?? asOf) : state === 'unknown' ? report.endedAt : null
  return {
    kind: 'run',
    id: report.id,
    source,
    pipeline,
    pipelineId: pipelineKey(source, pipeline),
    runId: report.runId,
    at: report.startedAt ?? lesser<Timestamp>(report.queuedAt ?? report.scheduledFor, asOf)!,
    asOf,
    state,
    sourceState: report.sourceState,
    attempt: report.attempt ?? 1,
    pastAttempts: [],
    trigger: report.trigger,
    scheduledFor: report.scheduledFor,
    queuedAt: report.queuedAt,
    startedAt: report.startedAt,
    endedAt,
    error: state === 'success' ? null : report.error,
    processed: report.processed,
    failed: report.failed,
    bytes: report.bytes,
    labels: union({}, report.labels, LABELS_KEPT),
    url: report.url,
    parentRun: report.parentRun,
    tasks: [],
    tasksOmitted: 0,
    reported: true,
  }
}

/**
 * A run that left a terminal state, or that started again after its end, is a new attempt (cleared, restarted).
 * A report about a time before what we know opens nothing: it is late.
 */
function opensAttempt(before: RunFact, report: RunReport): boolean {
  if (report.attempt !== null) return report.attempt > before.attempt
  if (!isOver(before) || report.state === 'unknown' || report.asOf <= before.asOf) return false
  if (!isResult(report.state)) return true
  const { startedAt } = report
  return (
    startedAt !== null &&
    startedAt > (before.startedAt ?? -Infinity) &&
    startedAt >= (before.endedAt ?? Infinity)
  )
}

function nextAttempt(before: RunFact, report: RunReport): RunFact {
  const past: PastAttempt = {
    attempt: before.attempt,
    state: before.state,
    startedAt: before.startedAt,
    endedAt: before.endedAt,
    error: before.error,
  }
  const after = fresh(begun(report))
  return {
    ...after,
    attempt: report.attempt ?? before.attempt + 1,
    pastAttempts: [...before.pastAttempts, past].slice(-PAST_ATTEMPTS_KEPT),
    trigger: after.trigger ?? before.trigger,
    scheduledFor: after.scheduledFor ?? before.scheduledFor,
    url: after.url ?? before.url,
    parentRun: after.parentRun ?? before.parentRun,
    labels: { ...before.labels, ...after.labels },
    tasks: before.tasks,
    tasksOmitted: before.tasksOmitted,
  }
}

/** A newer snapshot: what it says holds, what it leaves out is as it was. */
function replace(before: RunFact, report: RunReport): RunFact {
  const now = fresh(report)
  // A word without a meaning for us does not bring a finished run back to life.
  const keepsEnd = isOver(before) && report.state === 'unknown'
  const startedAt = now.startedAt ?? before.startedAt
  return {
    ...now,
    state: keepsEnd ? before.state : now.state,
    at: startedAt ?? before.at,
    attempt: before.attempt,
    pastAttempts: before.pastAttempts,
    trigger: now.trigger ?? before.trigger,
    scheduledFor: now.scheduledFor ?? before.scheduledFor,
    queuedAt: now.queuedAt ?? before.queuedAt,
    startedAt,
    // Said again without a time, the end that is known stays.
    endedAt: keepsEnd || (isOver(before) && report.endedAt === null) ? before.endedAt : now.endedAt,
    error: now.state === 'success' ? null : (now.error ?? before.error),
    processed: now.processed ?? before.processed,
    failed: now.failed ?? before.failed,
    bytes: now.bytes ?? before.bytes,
    labels: { ...before.labels, ...now.labels },
    url: now.url ?? before.url,
    parentRun: now.parentRun ?? before.parentRun,
    tasks: before.tasks,
    tasksOmitted: before.tasksOmitted,
  }
}

function fillGaps(before: RunFact, report: RunReport): RunFact {
  const ends = before.endedAt ?? Infinity
  const startedAt =
    before.startedAt ?? (report.startedAt !== null && report.startedAt <= ends ? report.startedAt : null)
  return {
    ...before,
    at: startedAt ?? before.at,
    startedAt,
    trigger: before.trigger ?? report.trigger,
    scheduledFor: before.scheduledFor ?? report.scheduledFor,
    queuedAt: before.queuedAt ?? report.queuedAt,
    processed: before.processed ?? report.processed,
    failed: before.failed ?? report.failed,
    bytes: before.bytes ?? report.bytes,
    labels: { ...report.labels, ...before.labels },
    url: before.url ?? report.url,
    parentRun: before.parentRun ?? report.parentRun,
  }
}

const rank = (state: RunState): number =>
  isResult(state) ? 2 : state === 'pending' || state === 'unknown' ? 0 : 1

/** Messages in any order, any number of times, give the same run: every field is a maximum or a minimum. */
function mergeEvent(before: RunFact, report: RunReport): RunFact {
  const now = fresh(report)
  const standing = outranks(now, before) ? now : before
  const startedAt = lesser(before.startedAt, now.startedAt)
  return {
    ...before,
    state: standing.state,
    sourceState: standing.sourceState,
    endedAt: standing.endedAt,
    error: standing.error,
    at: startedAt ?? lesser(before.at, now.at)!,
    asOf: greater(before.asOf, now.asOf)!,
    startedAt,
    trigger: lesser(before.trigger, now.trigger),
    scheduledFor: lesser(before.scheduledFor, now.scheduledFor),
    queuedAt: lesser(before.queuedAt, now.queuedAt),
    processed: greater(before.processed, now.processed),
    failed: greater(before.failed, now.failed),
    bytes: greater(before.bytes, now.bytes),
    labels: union(before.labels, now.labels, LABELS_KEPT),
    url: lesser(before.url, now.url),
    parentRun: lesser(before.parentRun, now.parentRun),
  }
}

function outranks(a: RunFact, b: RunFact): boolean {
  const order =
    rank(a.state) - rank(b.state) ||
    (a.endedAt ?? 0) - (b.endedAt ?? 0) ||
    compare(a.sourceState, b.sourceState) ||
    compare(a.error ?? '', b.error ?? '')
  return order > 0
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
