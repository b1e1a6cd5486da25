// Tables and freshness: how old, how old they may be, how they grow, and the upkeep they need.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { SOURCE, dashboard, linkTo } from './frame.ts'
import { graph, list } from './panels.ts'

const OF = 'source=~"$source", table=~"$table"'
const by = (aggregate: string, metric: string): string => `${aggregate} by (source, table) (${metric}{${OF}})`
const lastChange = by('max', 'tidemark_table_last_change_timestamp_seconds')
const allowed = (severity: string): string =>
  `min by (source, table) (tidemark_table_due_timestamp_seconds{${OF}, severity="${severity}"}) - on (source, table) ${lastChange}`

export const tables = (): Dashboard =>
  dashboard({
    uid: 'tidemark-tables',
    title: 'Tables and freshness',
    description: 'How old tables are and may be, how they grow, and what upkeep they need.',
    variables: [SOURCE, { name: 'table', label: 'Table', metric: 'tidemark_table_up{source=~"$source"}' }],
    alerts: OF,
    sections: [
      { title: 'Freshness', panels: freshness() },
      { title: 'Contents', panels: contents() },
      { title: 'Upkeep', panels: upkeep() },
    ],
  })

const freshness = () => [
  list({
    title: 'Tables',
    description:
      'Age of the last real change (maintenance does not count) beside the time left until the table counts as overdue. A table with readable 0 is unknown, not stale.',
    width: 24,
    height: 12,
    by: ['source', 'table'],
    columns: [
      {
        name: 'readable',
        expr: by('min', 'tidemark_table_up'),
        unit: 'bool_yes_no',
        steps: [
          [null, 'red'],
          [1, 'green'],
        ],
      },
      { name: 'age', expr: `time() - ${lastChange}`, unit: 's' },
      {
        name: 'left until overdue',
        expr: `min by (source, table) (tidemark_table_due_timestamp_seconds{${OF}}) - time()`,
        unit: 's',
        steps: [
          [null, 'red'],
          [0, 'green'],
        ],
      },
      { name: 'rows', expr: by('max', 'tidemark_table_rows'), unit: 'short' },
      { name: 'size', expr: by('max', 'tidemark_table_size_bytes'), unit: 'bytes' },
      { name: 'files', expr: by('max', 'tidemark_table_files'), unit: 'short' },
      {
        name: 'small files',
        expr: `${by('max', 'tidemark_table_small_files')} / on (source, table) ${by('max', 'tidemark_table_files')}`,
        unit: 'percentunit',
      },
    ],
    sort: { column: 'left until overdue', rising: true },
    links: [
      { title: 'Only this table', url: linkTo('tidemark-tables', ['source', 'table']) },
      { title: 'Checks of this table', url: linkTo('tidemark-quality', ['source', 'table']) },
    ],
  }),
  graph({
    title: 'Allowed age used up',
    description:
      'Age of the last real change over how old the table may get, for the ten tables with the most: overdue above 100 %.',
    unit: 'percentunit',
    width: 8,
    height: 9,
    limits: '/overdue/',
    queries: [
      {
        expr: `topk(10, (time() - ${lastChange}) / on (source, table) (min by (source, table) (tidemark_table_due_timestamp_seconds{${OF}}) - on (source, table) ${lastChange}))`,
        legend: '{{table}}',
      },
      { expr: `max(tidemark_table_up{${OF}}) * 0 + 1`, legend: 'overdue above' },
    ],
  }),
  graph({
    title: 'Age and how old it may be',
    description:
      'Age of the last real change, the ten oldest. Dashed: how old they may get, for warnings and for errors, as declared or learned. Choose a table to see one alone.',
    unit: 's',
    width: 8,
    height: 9,
    limits: '/may be/',
    queries: [
      { expr: `topk(10, time() - ${lastChange})`, legend: '{{table}}' },
      { expr: `topk(10, ${allowed('warn')})`, legend: '{{table}} may be (warn)' },
      { expr: `topk(10, ${allowed('error')})`, legend: '{{table}} may be (error)' },
    ],
  }),
  graph({
    title: 'Age of the newest event inside the data',
    description:
      'From column statistics or partition values. Old events in a freshly written table mean that the source before it is late.',
    unit: 's',
    width: 8,
    height: 9,
    queries: [
      {
        expr: `topk(10, time() - ${by('max', 'tidemark_table_event_time_timestamp_seconds')})`,
        legend: '{{table}}',
      },
    ],
  }),
]

const contents = () => [
  graph({
    title: 'Rows',
    description: 'Live rows, net of deletes as far as metadata tells; the ten largest tables.',
    unit: 'short',
    width: 8,
    queries: [{ expr: `topk(10, ${by('max', 'tidemark_table_rows')})`, legend: '{{table}}' }],
  }),
  graph({
    title: 'Size',
    description: 'Bytes of the live data files, the ten largest tables.',
    unit: 'bytes',
    width: 8,
    queries: [{ expr: `topk(10, ${by('max', 'tidemark_table_size_bytes')})`, legend: '{{table}}' }],
  }),
  graph({
    title: 'Commits',
    description: 'Commits within the interval, maintenance included; the ten busiest tables.',
    unit: 'none',
    width: 8,
    queries: [
      {
        expr: `topk(10, sum by (source, table) (increase(tidemark_table_commits_total{${OF}}[$__rate_interval])) > 0)`,
        legend: '{{table}}',
      },
    ],
  }),
]

const upkeep = () => [
  graph({
    title: 'Small files',
    description:
      'Live files below the small-file limit of the table: every reader opens each of them. The ten tables with the most.',
    unit: 'short',
    width: 8,
    queries: [{ expr: `topk(10, ${by('max', 'tidemark_table_small_files')} > 0)`, legend: '{{table}}' }],
  }),
  graph({
    title: 'Deleted rows still stored',
    description:
      'Deleted rows over all stored rows: readers pay for them until a compaction. The ten tables with the most.',
    unit: 'percentunit',
    width: 8,
    queries: [
      { expr: `topk(10, ${by('max', 'tidemark_table_deleted_rows_ratio')} > 0)`, legend: '{{table}}' },
    ],
  }),
  graph({
    title: 'Reclaimable',
    description: 'Bytes that VACUUM or snapshot expiry could free, the ten tables with the most.',
    unit: 'bytes',
    width: 8,
    queries: [
      { expr: `topk(10, ${by('max', 'tidemark_table_reclaimable_bytes')} > 0)`, legend: '{{table}}' },
    ],
  }),
  list({
    title: 'Layout and schema',
    description: 'Partitions, versions kept, skew, last maintenance, and schema changes seen.',
    width: 24,
    by: ['source', 'table'],
    columns: [
      { name: 'partitions', expr: by('max', 'tidemark_table_partitions'), unit: 'short' },
      { name: 'partition skew', expr: by('max', 'tidemark_table_partition_skew_ratio'), unit: 'none' },
      { name: 'snapshots', expr: by('max', 'tidemark_table_snapshots'), unit: 'short' },
      {
        name: 'since compaction',
        expr: `time() - ${by('max', 'tidemark_table_last_compaction_timestamp_seconds')}`,
        unit: 's',
      },
      {
        name: 'since vacuum or expiry',
        expr: `time() - (${by('max', 'tidemark_table_last_vacuum_timestamp_seconds')} or ${by('max', 'tidemark_table_last_expiry_timestamp_seconds')})`,
        unit: 's',
      },
      { name: 'columns', expr: by('max', 'tidemark_table_columns'), unit: 'short' },
      { name: 'schema changes', expr: by('sum', 'tidemark_table_schema_changes_total'), unit: 'short' },
    ],
    sort: { column: 'snapshots' },
  }),
]
