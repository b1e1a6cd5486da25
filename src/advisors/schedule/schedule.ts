// The schedule advisor: runs that bring nothing or that nobody reads, run into each other, or are tried again in vain.
import type { Advice } from '../../model/advice.ts'
import type { RunFact } from '../../model/run-facts.ts'
import { HOUR, readableCount } from '../../model/units.ts'
import { type Advisor, type Findings, judgeEach } from '../advisor.ts'
import {
  type PipelineView,
  LOOKBACK_DAYS,
  hoursOf,
  intervalOf,
  pipelineViews,
  scheduleAdvice,
  seen,
} from './pipeline-view.ts'
import { type Readers, readersOf } from './readers.ts'
import { unreadRefreshes } from './unread.ts'

/** Fewer runs say nothing of a habit. */
const LEAST_RUNS = 14
const EMPTY_SHARE = 0.5
const OVERLAP_SHARE = 0.1
const LEAST_RETRIED = 5

export const schedule: Advisor = {
  name: 'schedule',
  advise(view, prices, now) {
    const readers = readersOf(view)
    return judgeEach('schedule', pipelineViews(view, prices, now), [(one) => ofPipeline(one, readers)])
  },
}

function ofPipeline(view: PipelineView, readers: Readers): Findings {
  const { pipeline, runs } = view
  if (runs.length < LEAST_RUNS) return { advice: [], needs: [] }
  const advice = [
    emptyRuns(view),
    unreadRefreshes(view, readers),
    overlappingRuns(view),
    vainRetries(view),
  ].filter((one) => one !== null)
  const silent = runs.every(({ processed }) => processed === null)
  return {
    advice,
    needs: silent
      ? [
          {
            advisor: 'schedule',
            subject: pipeline.pipeline,
            collect:
              'records processed by each run (OpenLineage outputs, dbt results, or POST /api/v1/runs): whether runs bring anything new',
          },
        ]
      : [],
  }
}

/** A run that succeeded and says that it processed nothing. Unknown is not nothing. */
function emptyRuns(view: PipelineView): Advice | null {
  const { pipeline, runs } = view
  const telling = runs.filter(({ state, processed }) => state === 'success' && processed !== null)
  const empty = telling.filter(({ processed }) => processed === 0)
  if (telling.length < LEAST_RUNS || empty.length < telling.length * EMPTY_SHARE) return null
  return scheduleAdvice(view, {
    topic: 'empty-runs',
    alternatives: intervalOf(view),
    title: `Run ${pipeline.pipeline} when there is something to do: ${readableCount(empty.length)} of ${readableCount(telling.length)} runs brought nothing`,
    why: `In ${LOOKBACK_DAYS} days ${readableCount(empty.length)} successful runs processed no record. A trigger on its input, or a longer interval, makes the same tables with fewer runs.`,
    evidence: [
      seen(view, 'runs that processed nothing', empty.length, 'runs'),
      seen(view, 'runs that say what they processed', telling.length, 'runs'),
      seen(view, 'hours of runs that processed nothing', hoursOf(empty), 'hours'),
    ],
    effects: ['fewer runs; new input waits for the trigger or the longer interval'],
    confidence: 0.7,
    hours: hoursOf(empty),
    after: `start ${pipeline.pipeline} by its input (an event, a dataset or a sensor) instead of by the clock, or about every ${Math.max(2, Math.round(telling.length / Math.max(1, telling.length - empty.length)))}th time`,
    rollback: `set the schedule back to ${pipeline.schedule ?? 'what it was'}`,
    performance: 1,
    reasons: ['hold the longer interval against the freshness that is expected of its tables'],
  })
}

function overlappingRuns(view: PipelineView): Advice | null {
  const { pipeline, runs } = view
  const timed = runs.filter((run): run is RunFact & { startedAt: number } => run.startedAt !== null)
  let busyUntil = -Infinity
  const overlapping: RunFact[] = []
  for (const run of timed.toSorted((a, b) => a.startedAt - b.startedAt)) {
    if (run.startedAt < busyUntil) overlapping.push(run)
    busyUntil = Math.max(busyUntil, run.endedAt ?? run.startedAt)
  }
  if (overlapping.length < LEAST_RETRIED || overlapping.length < timed.length * OVERLAP_SHARE) return null
  return scheduleAdvice(view, {
    topic: 'overlapping-runs',
    title: `Keep runs of ${pipeline.pipeline} from running into each other`,
    why: `${readableCount(overlapping.length)} of ${readableCount(timed.length)} runs began before the one before had ended: they compete for the same compute and may write the same table at once.`,
    evidence: [
      seen(view, 'runs that overlap', overlapping.length, 'runs'),
      seen(view, 'mean length of a run', hoursOf(timed) / timed.length, 'hours'),
    ],
    effects: ['a late run is left out or waits instead of running beside the next one'],
    confidence: 0.6,
    hours: hoursOf(overlapping),
    after: `one run of ${pipeline.pipeline} at a time (Airflow: max_active_runs=1; Prefect: concurrency limit 1), or an interval longer than ${((hoursOf(timed) / timed.length) * 60).toFixed(0)} minutes`,
    rollback: 'allow as many runs at once as before',
    performance: 1,
    reasons: ['when every run matters (one for each hour of data), runs queue up instead'],
  })
}

function vainRetries(view: PipelineView): Advice | null {
  const { pipeline, runs } = view
  const over = runs.filter(({ endedAt }) => endedAt !== null)
  const retried = over.filter(({ attempt }) => attempt > 1)
  const helped = retried.filter(({ state }) => state === 'success')
  if (retried.length < LEAST_RETRIED || helped.length > 0) return null
  const wasted =
    retried.reduce(
      (sum, { startedAt, endedAt }) =>
        sum + (startedAt === null || endedAt === null ? 0 : endedAt - startedAt),
      0,
    ) / HOUR
  return scheduleAdvice(view, {
    topic: 'vain-retries',
    title: `Stop retrying ${pipeline.pipeline}: ${readableCount(retried.length)} retried runs, none succeeded`,
    why: `Of ${readableCount(retried.length)} runs that were tried again in ${LOOKBACK_DAYS} days none succeeded: what fails there does not go away by itself. Retries only make its alarm later.`,
    evidence: [
      seen(view, 'runs that were retried', retried.length, 'runs'),
      seen(view, 'retried runs that then succeeded', helped.length, 'runs'),
      seen(view, 'hours of last attempts', wasted, 'hours'),
    ],
    effects: ['failures are told at once'],
    confidence: 0.6,
    hours: wasted,
    after: `retries of ${pipeline.pipeline}: 0, or only for errors that pass (timeouts, throttling)`,
    rollback: 'set the number of retries back',
    performance: 0,
    reasons: ['a retry may help against a fault that did not occur in these days'],
  })
}
