// Metrics of pipelines, their runs and tasks: tallies and pipelines as samples.
import {
  DURATION_BOUNDS,
  type Observations,
  type PipelineFact,
  type Result,
  type RunState,
  type RunTally,
} from '../model/run-facts.ts'
import type { Sample } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import { DAY, type Millis, type Timestamp, millis } from '../model/units.ts'
import { counter, gauge, histogram } from './metric.ts'

/** A pipeline that only its runs tell of is shown this long after the last one: a monthly job still is. */
const QUIET_AFTER = millis(40 * DAY)

const pipeline = ['source', 'pipeline'] as const
const task = ['source', 'pipeline', 'task'] as const

export const pipelineMetrics = {
  info: gauge('tidemark_pipeline_info', 'A pipeline that is watched; always 1.', '', [
    ...pipeline,
    'system',
    'owner',
    'paused',
    'schedule',
  ]),
  up: gauge(
    'tidemark_pipeline_up',
    '1 when the source of the pipeline could be asked, 0 when it could not: the rest is unknown then.',
    '',
    pipeline,
  ),
  runs: counter('tidemark_pipeline_runs_total', 'Attempts of runs that are over, by result.', '', [
    ...pipeline,
    'result',
  ]),
  duration: histogram(
    'tidemark_pipeline_run_duration_seconds',
    'How long usual runs took (no backfills, no manual runs of scheduled pipelines), by result success or other.',
    'seconds',
    [...pipeline, 'result'],
  ),
  startDelay: histogram(
    'tidemark_pipeline_run_start_delay_seconds',
    'From when a scheduled run was due to its start.',
    'seconds',
    pipeline,
  ),
  active: gauge('tidemark_pipeline_runs_active', 'Runs that are not over, by state.', '', [
    ...pipeline,
    'state',
  ]),
  longestActive: gauge(
    'tidemark_pipeline_longest_active_run_seconds',
    'Age of the oldest run that is not over; 0 when none runs. Absent for streams and services.',
    'seconds',
    pipeline,
  ),
  lastRun: gauge(
    'tidemark_pipeline_last_run_timestamp_seconds',
    'When a run last ended, by result.',
    'seconds',
    [...pipeline, 'result'],
  ),
  lastSuccess: gauge(
    'tidemark_pipeline_last_success_timestamp_seconds',
    'When a run last ended with success.',
    'seconds',
    pipeline,
  ),
  lastDuration: gauge(
    'tidemark_pipeline_last_run_duration_seconds',
    'How long the newest usual run took.',
    'seconds',
    pipeline,
  ),
  nextRun: gauge(
    'tidemark_pipeline_next_run_timestamp_seconds',
    'When the scheduler wants to start the next run; absent for a paused pipeline.',
    'seconds',
    pipeline,
  ),
  processed: counter(
    'tidemark_pipeline_records_processed_total',
    'Records that runs processed, as far as they say.',
    '',
    pipeline,
  ),
  failed: counter(
    'tidemark_pipeline_records_failed_total',
    'Records that failed in runs, as far as they say.',
    '',
    pipeline,
  ),
  bytes: counter(
    'tidemark_pipeline_bytes_processed_total',
    'Bytes that runs processed, as far as they say.',
    'bytes',
    pipeline,
  ),
  attempts: counter('tidemark_task_attempts_total', 'Attempts of tasks that are over, by result.', '', [
    ...task,
    'result',
  ]),
  retries: counter('tidemark_task_retries_total', 'Attempts of tasks after the first.', '', task),
  taskDuration: gauge(
    'tidemark_task_last_duration_seconds',
    'How long the task took when it last ran, from the first start to the last end of its instances.',
    'seconds',
    task,
  ),
  queue: histogram(
    'tidemark_task_queue_seconds',
    'From when tasks were queued to their start.',
    'seconds',
    pipeline,
  ),
  unknownStates: counter(
    'tidemark_collector_unknown_states_total',
    'States of runs and tasks that the source named and that have no meaning for us.',
    '',
    ['source'],
  ),
}

const m = pipelineMetrics
const seconds = (ms: number | null | undefined): number | null => (ms == null ? null : ms / 1_000)

export interface PipelinesView {
  readonly known: FactReader
  /** How long a source may go unasked before what it said is not known any more. */
  readonly patience: (source: string) => Millis
}

export function pipelineSamples(view: PipelinesView, now: Timestamp): Sample[] {
  const { known } = view
  const polls = new Map(known.facts('poll').map((poll) => [poll.id, poll]))
  const blind = (source: string): boolean => {
    const poll = polls.get(source)
    return poll === undefined || !poll.up || now - poll.at > view.patience(source)
  }
  const tallies = new Map(known.facts('run-tally').map((tally) => [tally.id, tally]))
  const unknown = new Map<string, number>()
  for (const tally of tallies.values()) {
    unknown.set(tally.source, (unknown.get(tally.source) ?? 0) + tally.unknownStates)
  }
  return [
    ...known.facts('pipeline').flatMap((fact) => {
      const tally = tallies.get(fact.id)
      if (fact.vanished !== null || isQuiet(fact, tally, now)) return []
      const labels = { source: fact.source, pipeline: fact.pipeline }
      if (blind(fact.source)) return m.up(labels, 0)
      return [
        ...infoSamples(fact, labels),
        ...(tally === undefined
          ? []
          : [...runSamples(fact, tally, labels, now), ...taskSamples(tally, labels)]),
      ]
    }),
    ...[...unknown].flatMap(([source, count]) => m.unknownStates({ source }, count)),
  ]
}

function isQuiet(fact: PipelineFact, tally: RunTally | undefined, now: Timestamp): boolean {
  if (fact.from === 'listing') return false
  if (tally === undefined) return true
  return Object.keys(tally.active).length === 0 && now - tally.newest > QUIET_AFTER
}

type PipelineLabels = Readonly<Record<(typeof pipeline)[number], string>>

const infoSamples = (fact: PipelineFact, labels: PipelineLabels): Sample[] => [
  ...m.up(labels, 1),
  ...m.info(
    {
      ...labels,
      system: fact.system,
      owner: fact.owners.join(','),
      paused: fact.paused === null ? '' : String(fact.paused),
      schedule: fact.schedule ?? '',
    },
    1,
  ),
  ...m.nextRun(labels, fact.paused === true ? null : seconds(fact.nextRun)),
]

const lengths = ({ counts, sum }: Observations) => ({ bounds: DURATION_BOUNDS, counts, sum: sum / 1_000 })
const seen = ({ counts }: Observations): boolean => counts.some((count) => count > 0)

function runSamples(fact: PipelineFact, tally: RunTally, labels: PipelineLabels, now: Timestamp): Sample[] {
  const results = Object.keys(tally.runs) as Result[]
  const states = Object.keys({ running: 0, ...tally.active }) as RunState[]
  const starts = Object.values(tally.oldest)
  const longest = starts.length === 0 ? 0 : Math.max(0, now - Math.min(...starts))
  return [
    ...results.flatMap((result) => [
      ...m.runs({ ...labels, result }, tally.runs[result]),
      ...m.lastRun({ ...labels, result }, seconds(tally.lastEnd[result])),
    ]),
    ...(['success', 'other'] as const).flatMap((result) =>
      seen(tally.durations[result])
        ? m.duration({ ...labels, result }, lengths(tally.durations[result]))
        : [],
    ),
    ...(seen(tally.startDelays) ? m.startDelay(labels, lengths(tally.startDelays)) : []),
    ...states.flatMap((state) => m.active({ ...labels, state }, tally.active[state] ?? 0)),
    ...m.longestActive(labels, fact.endless ? null : seconds(longest)),
    ...m.lastSuccess(labels, seconds(tally.lastEnd.success)),
    ...m.lastDuration(labels, seconds(tally.last?.duration)),
    ...m.processed(labels, tally.processed),
    ...m.failed(labels, tally.failed),
    ...m.bytes(labels, tally.bytes),
  ]
}

const taskSamples = (tally: RunTally, labels: PipelineLabels): Sample[] => [
  ...Object.entries(tally.tasks).flatMap(([name, counted]) => {
    const ofTask = { ...labels, task: name }
    return [
      ...Object.entries(counted.attempts).flatMap(([result, count]) =>
        m.attempts({ ...ofTask, result }, count),
      ),
      ...m.retries(ofTask, counted.retries),
      ...m.taskDuration(ofTask, seconds(counted.last?.duration)),
    ]
  }),
  ...(seen(tally.queueTimes) ? m.queue(labels, lengths(tally.queueTimes)) : []),
]
