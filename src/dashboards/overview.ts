// Overview: is anything wrong now, where, and since when.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { firingAlerts } from './alerts.ts'
import { SOURCE, dashboard } from './frame.ts'
import { OF_RESULTS, ONE_IS_GOOD, ZERO_IS_GOOD, bars, figure, graph } from './panels.ts'

const overdue = (severity: string): string =>
  `time() - min by (source, table) (tidemark_table_due_timestamp_seconds{source=~"$source", severity="${severity}"}) > 0`

/** Nothing found is a good 0 only while something is watched; otherwise it is unknown. */
const count = (expr: string, watched: string): string =>
  `count(${expr}) or (0 * count(${watched}{source=~"$source"}))`

export const overview = (): Dashboard =>
  dashboard({
    uid: 'tidemark-overview',
    title: 'Overview',
    description: 'What is late, broken or blind now, and how the last day went.',
    variables: [SOURCE],
    alerts: 'source=~"$source"',
    sections: [
      { title: 'Now', panels: now() },
      { title: 'What fires', panels: firing() },
      { title: 'Worst first', panels: worst() },
    ],
  })

const now = () => [
  figure({
    title: 'Alerts firing',
    description: 'Alerts of these sources that fire now.',
    unit: 'none',
    width: 4,
    expr: count('ALERTS{alertstate="firing", source=~"$source"}', 'tidemark_collector_up'),
    steps: ZERO_IS_GOOD,
  }),
  figure({
    title: 'Tables overdue',
    description: 'Tables whose error deadline has passed without a change.',
    unit: 'none',
    width: 4,
    expr: count(overdue('error'), 'tidemark_table_due_timestamp_seconds'),
    steps: ZERO_IS_GOOD,
    noValue: 'nothing is due',
  }),
  figure({
    title: 'Pipelines missed',
    description: 'Pipelines that did not succeed by when they were due.',
    unit: 'none',
    width: 4,
    expr: count(
      'time() - min by (source, pipeline) (tidemark_pipeline_due_timestamp_seconds{source=~"$source"}) > 0',
      'tidemark_pipeline_due_timestamp_seconds',
    ),
    steps: ZERO_IS_GOOD,
    noValue: 'nothing is due',
  }),
  figure({
    title: 'Checks failing',
    description: 'Data-quality checks whose newest result is fail.',
    unit: 'none',
    width: 4,
    expr: 'sum(tidemark_check_failing{source=~"$source"})',
    steps: ZERO_IS_GOOD,
    noValue: 'no checks',
  }),
  figure({
    title: 'Sources readable',
    description:
      'Share of the sources whose last poll ran to its end. What a blind source tells of is unknown, not fine.',
    unit: 'percentunit',
    width: 4,
    expr: 'avg(tidemark_collector_up{source=~"$source"})',
    steps: ONE_IS_GOOD,
  }),
  figure({
    title: 'Tables watched',
    description: 'Tables that are there, whether they can be read or not.',
    unit: 'none',
    width: 4,
    expr: 'sum(tidemark_collector_tables{source=~"$source"})',
  }),
]

const firing = () => [
  firingAlerts('source=~"$source"', 15),
  graph({
    title: 'Alerts over time',
    description: 'Alerts firing, by name.',
    unit: 'none',
    width: 9,
    height: 12,
    stacked: true,
    queries: [
      {
        expr: 'count by (alertname) (ALERTS{alertstate="firing", source=~"$source"})',
        legend: '{{alertname}}',
      },
    ],
  }),
]

const worst = () => [
  bars({
    title: 'Longest overdue',
    description: 'Tables by how long ago their first deadline passed.',
    unit: 's',
    width: 8,
    expr: `topk(10, ${overdue('warn')})`,
    legend: '{{table}}',
    steps: [
      [null, 'orange'],
      [86_400, 'red'],
    ],
  }),
  bars({
    title: 'Oldest data',
    description: 'Tables by the age of their last real change, whether somebody waits for one or not.',
    unit: 's',
    width: 8,
    expr: 'topk(10, time() - max by (source, table) (tidemark_table_last_change_timestamp_seconds{source=~"$source"}))',
    legend: '{{table}}',
  }),
  graph({
    title: 'Runs that ended, by result',
    description: 'Runs of all pipelines that ended within the interval.',
    unit: 'none',
    width: 8,
    stacked: true,
    colours: OF_RESULTS,
    queries: [
      {
        expr: 'sum by (result) (increase(tidemark_pipeline_runs_total{source=~"$source"}[$__rate_interval]))',
        legend: '{{result}}',
      },
    ],
  }),
]
