// Tidemark itself: can it see, can it keep up, can it write.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { SOURCE, dashboard } from './frame.ts'
import { ONE_IS_GOOD, ZERO_IS_GOOD, figure, graph, list } from './panels.ts'

const OF = 'source=~"$source"'

export const itself = (): Dashboard =>
  dashboard({
    uid: 'tidemark-itself',
    title: 'Tidemark itself',
    description: 'The sources it reads, the rules it evaluates, the disk it writes, the time it takes.',
    variables: [SOURCE],
    alerts:
      'alertname=~"SourceBlind|NotificationsFailing|Disk.+|Rules.+|SeriesDropped|StateQuarantined|Tidemark.+"',
    sections: [
      { title: 'Now', panels: now() },
      { title: 'Sources', panels: sources() },
      { title: 'Rules and store', panels: inside() },
    ],
  })

const now = () => [
  figure({
    title: 'Blind sources',
    description: 'Sources whose last poll failed.',
    unit: 'none',
    width: 4,
    expr: `sum(1 - tidemark_collector_up{${OF}})`,
    steps: ZERO_IS_GOOD,
  }),
  figure({
    title: 'Can write',
    description: 'Whether the state directory takes writes.',
    unit: 'bool_yes_no',
    width: 4,
    expr: '1 - max(tidemark_store_failing)',
    steps: ONE_IS_GOOD,
  }),
  figure({
    title: 'Disk free',
    description: 'Bytes that can still be written to the disk of the state directory.',
    unit: 'bytes',
    width: 4,
    expr: 'min(tidemark_store_disk_free_bytes)',
  }),
  figure({
    title: 'Series',
    description: 'Series in memory.',
    unit: 'short',
    width: 4,
    expr: 'sum(tidemark_store_series)',
  }),
  figure({
    title: 'Running for',
    description: 'Since the process started.',
    unit: 's',
    width: 4,
    expr: 'time() - max(tidemark_process_start_timestamp_seconds)',
  }),
  figure({
    title: 'Not taken',
    description:
      'Series refused since start because a limit was reached: part of what is watched is invisible.',
    unit: 'none',
    width: 4,
    expr: 'sum(tidemark_collector_series_dropped_total)',
    steps: ZERO_IS_GOOD,
  }),
]

const sources = () => [
  list({
    title: 'Sources',
    description: 'Whether each could be read, when it last was, what it costs to ask.',
    width: 24,
    by: ['source'],
    columns: [
      {
        name: 'readable',
        expr: `min by (source) (tidemark_collector_up{${OF}})`,
        unit: 'bool_yes_no',
        steps: ONE_IS_GOOD,
      },
      {
        name: 'since last success',
        expr: `time() - max by (source) (tidemark_collector_last_success_timestamp_seconds{${OF}})`,
        unit: 's',
      },
      {
        name: 'last poll took',
        expr: `max by (source) (tidemark_collector_poll_duration_seconds{${OF}})`,
        unit: 's',
      },
      {
        name: 'problems',
        expr: `max by (source) (tidemark_collector_problems{${OF}})`,
        unit: 'none',
        steps: ZERO_IS_GOOD,
      },
      { name: 'tables', expr: `max by (source) (tidemark_collector_tables{${OF}})`, unit: 'short' },
      {
        name: 'requests in range',
        expr: `round(sum by (source) (increase(tidemark_collector_requests_total{${OF}}[$__range])))`,
        unit: 'short',
      },
      {
        name: 'read in range',
        expr: `sum by (source) (increase(tidemark_collector_read_bytes_total{${OF}}[$__range]))`,
        unit: 'bytes',
      },
    ],
    sort: { column: 'readable', rising: true },
  }),
  graph({
    title: 'Poll duration',
    description: 'How long the last poll of each source took.',
    unit: 's',
    width: 8,
    queries: [
      { expr: `max by (source) (tidemark_collector_poll_duration_seconds{${OF}})`, legend: '{{source}}' },
    ],
  }),
  graph({
    title: 'Requests',
    description: 'Requests to each source a second.',
    unit: 'reqps',
    width: 8,
    queries: [
      {
        expr: `sum by (source) (rate(tidemark_collector_requests_total{${OF}}[$__rate_interval]))`,
        legend: '{{source}}',
      },
    ],
  }),
  graph({
    title: 'Failed polls',
    description: 'Polls within the interval that did not run to their end.',
    unit: 'none',
    width: 8,
    queries: [
      {
        expr: `sum by (source) (increase(tidemark_collector_polls_total{${OF}, result="failure"}[$__rate_interval]))`,
        legend: '{{source}}',
      },
    ],
  }),
]

const inside = () => [
  graph({
    title: 'Event-loop delay',
    description:
      'How late the one thread comes to its work, by share of the time. Above half a second polls and rules are late.',
    unit: 's',
    width: 8,
    queries: [
      { expr: 'max by (share) (tidemark_event_loop_delay_seconds)', legend: '{{share}} of the time' },
    ],
  }),
  graph({
    title: 'Memory',
    description: 'Resident memory of the process.',
    unit: 'bytes',
    width: 8,
    queries: [{ expr: 'max(tidemark_process_resident_memory_bytes)', legend: 'resident' }],
  }),
  graph({
    title: 'State on disk',
    description: 'Size by database.',
    unit: 'bytes',
    width: 8,
    stacked: true,
    queries: [{ expr: 'max by (database) (tidemark_store_size_bytes)', legend: '{{database}}' }],
  }),
  graph({
    title: 'Rule evaluation',
    description: 'How long the last evaluation of each group took.',
    unit: 's',
    width: 8,
    queries: [{ expr: 'max by (group) (tidemark_rule_group_last_duration_seconds)', legend: '{{group}}' }],
  }),
  graph({
    title: 'Rules failed or missed',
    description: 'Evaluations that failed, and slots that passed without one, within the interval.',
    unit: 'none',
    width: 8,
    queries: [
      {
        expr: 'sum by (group) (increase(tidemark_rule_evaluation_failures_total[$__rate_interval]))',
        legend: '{{group}} failed',
      },
      {
        expr: 'sum by (group) (increase(tidemark_rule_group_iterations_missed_total[$__rate_interval]))',
        legend: '{{group}} missed',
      },
    ],
  }),
  graph({
    title: 'Samples in memory',
    description: 'What the head holds before it is compacted to disk.',
    unit: 'short',
    width: 8,
    queries: [{ expr: 'sum(tidemark_store_head_samples)', legend: 'samples' }],
  }),
]
