// Data quality: which checks fail, how long ago they were asked, and how results develop.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { SOURCE, dashboard, linkTo } from './frame.ts'
import { OF_RESULTS, type Steps, ZERO_IS_GOOD, figure, graph, list } from './panels.ts'

const OF = 'source=~"$source", table=~"$table"'
const SHARE: Steps = [
  [null, 'red'],
  [0.95, 'orange'],
  [1, 'green'],
]

export const quality = (): Dashboard =>
  dashboard({
    uid: 'tidemark-quality',
    title: 'Data quality',
    description:
      'Checks of every tool in one place: what fails, what could not be evaluated, what was not asked.',
    variables: [
      SOURCE,
      {
        name: 'table',
        label: 'Table',
        metric: 'tidemark_check_last_result_timestamp_seconds{source=~"$source"}',
      },
    ],
    alerts: OF,
    sections: [
      { title: 'Now', panels: now() },
      { title: 'Over time', panels: overTime() },
    ],
  })

const now = () => [
  figure({
    title: 'Failing',
    description: 'Checks whose newest result is fail.',
    unit: 'none',
    width: 6,
    expr: `sum(tidemark_check_failing{${OF}})`,
    steps: ZERO_IS_GOOD,
    noValue: 'no checks',
  }),
  figure({
    title: 'Not evaluated',
    description: 'Checks that ended with an error: neither passed nor failed.',
    unit: 'none',
    width: 6,
    expr: `sum(tidemark_check_erroring{${OF}})`,
    steps: ZERO_IS_GOOD,
    noValue: 'no checks',
  }),
  figure({
    title: 'Passing',
    description: 'Share of the newest results that passed, the mean over tables.',
    unit: 'percentunit',
    width: 6,
    expr: `avg(tidemark_check_success_ratio{${OF}})`,
    steps: SHARE,
    noValue: 'no checks',
  }),
  figure({
    title: 'Longest unchecked',
    description: 'The longest time since a table that has checks had a result.',
    unit: 's',
    width: 6,
    expr: `time() - min(tidemark_check_last_result_timestamp_seconds{${OF}})`,
    noValue: 'no checks',
  }),
  list({
    title: 'Tables with checks',
    description: 'Failing and erroring checks, the share that passed, and how long ago the last result came.',
    width: 24,
    by: ['source', 'table'],
    columns: [
      {
        name: 'failing',
        expr: `sum by (source, table) (tidemark_check_failing{${OF}})`,
        unit: 'none',
        steps: ZERO_IS_GOOD,
      },
      {
        name: 'not evaluated',
        expr: `sum by (source, table) (tidemark_check_erroring{${OF}})`,
        unit: 'none',
        steps: ZERO_IS_GOOD,
      },
      {
        name: 'passing',
        expr: `min by (source, table) (tidemark_check_success_ratio{${OF}})`,
        unit: 'percentunit',
        steps: SHARE,
      },
      {
        name: 'since last result',
        expr: `time() - max by (source, table) (tidemark_check_last_result_timestamp_seconds{${OF}})`,
        unit: 's',
      },
    ],
    sort: { column: 'failing' },
    links: [
      { title: 'Only this table', url: linkTo('tidemark-quality', ['source', 'table']) },
      { title: 'Look at the table', url: linkTo('tidemark-tables', ['source', 'table']) },
    ],
  }),
]

const overTime = () => [
  graph({
    title: 'Failing checks',
    description: 'Checks whose newest result was fail, by table and severity.',
    unit: 'none',
    width: 12,
    queries: [
      {
        expr: `topk(10, sum by (table, severity) (tidemark_check_failing{${OF}}))`,
        legend: '{{table}} {{severity}}',
      },
    ],
  }),
  graph({
    title: 'Results',
    description: 'Results within the interval, by result and type of check.',
    unit: 'none',
    width: 12,
    stacked: true,
    colours: OF_RESULTS,
    queries: [
      {
        expr: `sum by (result, check_type) (increase(tidemark_check_results_total{${OF}}[$__rate_interval]))`,
        legend: '{{result}} {{check_type}}',
      },
    ],
  }),
]
