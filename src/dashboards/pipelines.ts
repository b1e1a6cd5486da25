// Pipelines and runs: did they succeed, were they on time, how long did they take, what did they move.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { SOURCE, dashboard, linkTo } from './frame.ts'
import { OF_RESULTS, ZERO_IS_GOOD, graph, list } from './panels.ts'

const OF = 'source=~"$source", pipeline=~"$pipeline"'
const by = (aggregate: string, metric: string): string =>
  `${aggregate} by (source, pipeline) (${metric}{${OF}})`
const increase = (metric: string, labels: string): string =>
  `sum by (${labels}) (increase(${metric}{${OF}}[$__rate_interval]))`

export const pipelines = (): Dashboard =>
  dashboard({
    uid: 'tidemark-pipelines',
    title: 'Pipelines and runs',
    description: 'Results, durations beside what is usual, deadlines, tasks and what was moved.',
    variables: [
      SOURCE,
      { name: 'pipeline', label: 'Pipeline', metric: 'tidemark_pipeline_info{source=~"$source"}' },
    ],
    alerts: OF,
    sections: [
      { title: 'Pipelines', panels: all() },
      { title: 'Runs', panels: runs() },
      { title: 'Tasks and volume', panels: tasks() },
    ],
  })

const all = () => [
  list({
    title: 'Pipelines',
    description: 'When each last succeeded, how long until it must again, and how its runs ended.',
    width: 24,
    by: ['source', 'pipeline'],
    columns: [
      {
        name: 'since last success',
        expr: `time() - ${by('max', 'tidemark_pipeline_last_success_timestamp_seconds')}`,
        unit: 's',
      },
      {
        name: 'left until due',
        expr: `${by('min', 'tidemark_pipeline_due_timestamp_seconds')} - time()`,
        unit: 's',
        steps: [
          [null, 'red'],
          [0, 'green'],
        ],
      },
      { name: 'last run took', expr: by('max', 'tidemark_pipeline_last_run_duration_seconds'), unit: 's' },
      {
        name: 'runs in range',
        expr: `round(sum by (source, pipeline) (increase(tidemark_pipeline_runs_total{${OF}}[$__range])))`,
        unit: 'short',
      },
      {
        name: 'failed in range',
        expr: `round(sum by (source, pipeline) (increase(tidemark_pipeline_runs_total{${OF}, result!~"success|skipped"}[$__range]))) or 0 * ${by('max', 'tidemark_pipeline_info')}`,
        unit: 'short',
        steps: ZERO_IS_GOOD,
      },
      {
        name: 'running for',
        expr: by('max', 'tidemark_pipeline_longest_active_run_seconds'),
        unit: 's',
      },
    ],
    sort: { column: 'failed in range' },
    links: [{ title: 'Only this pipeline', url: linkTo('tidemark-pipelines', ['source', 'pipeline']) }],
  }),
]

const runs = () => [
  graph({
    title: 'Runs that ended, by result',
    description: 'Attempts of runs that ended within the interval.',
    unit: 'none',
    width: 8,
    stacked: true,
    colours: OF_RESULTS,
    queries: [{ expr: increase('tidemark_pipeline_runs_total', 'result'), legend: '{{result}}' }],
  }),
  graph({
    title: 'Duration and how long it should take',
    description: 'Of the newest usual run. Dashed: the longest it should take, as declared or learned.',
    unit: 's',
    width: 8,
    limits: '/at most/',
    queries: [
      { expr: by('max', 'tidemark_pipeline_last_run_duration_seconds'), legend: '{{pipeline}}' },
      {
        expr: by('min', 'tidemark_pipeline_last_run_duration_seconds_expected_upper'),
        legend: '{{pipeline}} at most',
      },
    ],
  }),
  graph({
    title: 'Duration, 95th percentile',
    description: 'Of the runs that ended in the last day.',
    unit: 's',
    width: 8,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (pipeline, le) (increase(tidemark_pipeline_run_duration_seconds_bucket{${OF}}[1d])))`,
        legend: '{{pipeline}}',
      },
    ],
  }),
  graph({
    title: 'Longest active run and its deadline',
    description: 'Age of the oldest run that is not over. Dashed: how long a run may take.',
    unit: 's',
    width: 8,
    limits: '/deadline/',
    queries: [
      { expr: by('max', 'tidemark_pipeline_longest_active_run_seconds'), legend: '{{pipeline}}' },
      { expr: by('min', 'tidemark_pipeline_deadline_seconds'), legend: '{{pipeline}} deadline' },
    ],
  }),
  graph({
    title: 'Active runs',
    description: 'Runs that are not over, by state.',
    unit: 'none',
    width: 8,
    stacked: true,
    queries: [{ expr: `sum by (state) (tidemark_pipeline_runs_active{${OF}})`, legend: '{{state}}' }],
  }),
  graph({
    title: 'Start delay, 95th percentile',
    description: 'From when a scheduled run was due to its start, over the last day.',
    unit: 's',
    width: 8,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (pipeline, le) (increase(tidemark_pipeline_run_start_delay_seconds_bucket{${OF}}[1d])))`,
        legend: '{{pipeline}}',
      },
    ],
  }),
]

const tasks = () => [
  graph({
    title: 'Records',
    description: 'Records that runs processed and that failed in them, as far as they say.',
    unit: 'short',
    width: 8,
    queries: [
      { expr: increase('tidemark_pipeline_records_processed_total', 'pipeline'), legend: '{{pipeline}}' },
      { expr: increase('tidemark_pipeline_records_failed_total', 'pipeline'), legend: '{{pipeline}} failed' },
    ],
  }),
  graph({
    title: 'Bytes',
    description: 'Bytes that runs processed, as far as they say.',
    unit: 'bytes',
    width: 8,
    queries: [
      { expr: increase('tidemark_pipeline_bytes_processed_total', 'pipeline'), legend: '{{pipeline}}' },
    ],
  }),
  graph({
    title: 'Tasks retried',
    description: 'Attempts after the first: what hides behind runs that succeeded.',
    unit: 'none',
    width: 8,
    queries: [
      {
        expr: `topk(10, ${increase('tidemark_task_retries_total', 'pipeline, task')} > 0)`,
        legend: '{{pipeline}} {{task}}',
      },
    ],
  }),
  list({
    title: 'Slowest tasks',
    description: 'Tasks by how long they took when they last ran.',
    width: 24,
    by: ['source', 'pipeline', 'task'],
    columns: [
      {
        name: 'took',
        expr: `topk(20, max by (source, pipeline, task) (tidemark_task_last_duration_seconds{${OF}}))`,
        unit: 's',
      },
    ],
    sort: { column: 'took' },
  }),
]
