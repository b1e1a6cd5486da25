// Cost and advice: what is stored in which class, what could be saved, what was.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { SOURCE, dashboard } from './frame.ts'
import { bars, figure, graph, list } from './panels.ts'

const OF = 'source=~"$source"'

export const cost = (): Dashboard =>
  dashboard({
    uid: 'tidemark-cost',
    title: 'Cost and advice',
    description: 'What could be saved, what was, where the bytes are and who uses the cores.',
    variables: [SOURCE],
    alerts: 'alertname=~"Advice.+"',
    sections: [
      { title: 'Advice', panels: advice() },
      { title: 'Bill', panels: bill() },
      { title: 'Storage', panels: storage() },
      { title: 'Compute', panels: compute() },
    ],
  })

const advice = () => [
  figure({
    title: 'Could be saved a month',
    description: 'By all open advice together, priced once: nothing is counted twice.',
    unit: 'currencyUSD',
    width: 6,
    expr: 'sum(tidemark_advice_savings_usd_per_month)',
    noValue: 'no advice',
  }),
  figure({
    title: 'Saved a month',
    description: 'What applied advice was measured to save.',
    unit: 'currencyUSD',
    width: 6,
    expr: 'sum(tidemark_advice_realised_usd_per_month)',
    noValue: 'none applied',
  }),
  figure({
    title: 'Unanswered',
    description: 'Advice that nobody has accepted, dismissed or put off.',
    unit: 'none',
    width: 6,
    expr: 'sum(tidemark_advice_open)',
    noValue: 'no advice',
  }),
  figure({
    title: 'Not judged',
    description: 'Things that could not be judged because something is not collected.',
    unit: 'none',
    width: 6,
    expr: 'sum(tidemark_advice_needs)',
  }),
  list({
    title: 'Advice by kind',
    description:
      'What open advice saves a month, how much of it waits for an answer, and what was saved. `tidemark advise list` and the terminal UI say what to do, and how.',
    width: 12,
    height: 8,
    by: ['kind'],
    columns: [
      {
        name: 'could be saved a month',
        expr: 'sum by (kind) (tidemark_advice_savings_usd_per_month)',
        unit: 'currencyUSD',
      },
      { name: 'unanswered', expr: 'sum by (kind) (tidemark_advice_open)', unit: 'none' },
      {
        name: 'saved a month',
        expr: 'sum by (kind) (tidemark_advice_realised_usd_per_month)',
        unit: 'currencyUSD',
      },
    ],
    sort: { column: 'could be saved a month' },
  }),
  graph({
    title: 'Could be saved, over time',
    description: 'What open advice saves a month, by kind, over time.',
    unit: 'currencyUSD',
    width: 12,
    stacked: true,
    queries: [{ expr: 'sum by (kind) (tidemark_advice_savings_usd_per_month)', legend: '{{kind}}' }],
  }),
]

const bill = () => [
  figure({
    title: 'Paid last month',
    description: 'Of the month before: effective cost, which has commitments spread over what they cover.',
    unit: 'currencyUSD',
    width: 6,
    expr: `sum(tidemark_bill_cost_usd{period="previous",basis="effective",${OF}})`,
    noValue: 'no bill',
  }),
  figure({
    title: 'Paid this month so far',
    description: 'As far as it was exported.',
    unit: 'currencyUSD',
    width: 6,
    expr: `sum(tidemark_bill_cost_usd{period="current",basis="effective",${OF}})`,
    noValue: 'no bill',
  }),
  figure({
    title: 'Unattributed last month',
    description: 'What no measurement of ours explains: advice says nothing about it.',
    unit: 'currencyUSD',
    width: 6,
    expr: 'sum(tidemark_bill_unattributed_usd{period="previous"})',
    noValue: 'no bill',
  }),
  figure({
    title: 'Last delivery',
    description: 'Since the newest file of a bill was written.',
    unit: 's',
    width: 6,
    expr: `time() - max(tidemark_bill_last_delivery_timestamp_seconds{${OF}})`,
    noValue: 'no bill',
  }),
  list({
    title: 'Last month by service',
    description:
      'Billed as on the invoice, effective with commitments spread over their use, and what is unexplained.',
    width: 24,
    by: ['service'],
    columns: [
      {
        name: 'billed',
        expr: `sum by (service) (tidemark_bill_cost_usd{period="previous",basis="billed",${OF}})`,
        unit: 'currencyUSD',
      },
      {
        name: 'effective',
        expr: `sum by (service) (tidemark_bill_cost_usd{period="previous",basis="effective",${OF}})`,
        unit: 'currencyUSD',
      },
      {
        name: 'unattributed',
        expr: 'sum by (service) (tidemark_bill_unattributed_usd{period="previous"})',
        unit: 'currencyUSD',
      },
    ],
    sort: { column: 'effective' },
  }),
]

const storage = () => [
  graph({
    title: 'Bytes by storage class',
    description: 'Of all buckets, as their daily storage metrics say.',
    unit: 'bytes',
    width: 12,
    stacked: true,
    queries: [
      {
        expr: `sum by (storage_class) (tidemark_bucket_size_bytes{${OF}})`,
        legend: '{{storage_class}}',
      },
    ],
  }),
  graph({
    title: 'Reclaimable in tables',
    description: 'Bytes that VACUUM or snapshot expiry could free, the ten tables with the most.',
    unit: 'bytes',
    width: 12,
    queries: [
      {
        expr: `topk(10, max by (source, table) (tidemark_table_reclaimable_bytes{${OF}}) > 0)`,
        legend: '{{table}}',
      },
    ],
  }),
  list({
    title: 'Buckets',
    description: 'What is stored, and what of it is old versions or parts of uploads nobody finished.',
    width: 24,
    height: 7,
    by: ['source', 'bucket'],
    columns: [
      { name: 'size', expr: `sum by (source, bucket) (tidemark_bucket_size_bytes{${OF}})`, unit: 'bytes' },
      { name: 'objects', expr: `max by (source, bucket) (tidemark_bucket_objects{${OF}})`, unit: 'short' },
      {
        name: 'old versions',
        expr: `max by (source, bucket) (tidemark_bucket_noncurrent_size_bytes{${OF}})`,
        unit: 'bytes',
      },
      {
        name: 'unfinished uploads',
        expr: `max by (source, bucket) (tidemark_bucket_unfinished_uploads_size_bytes{${OF}})`,
        unit: 'bytes',
      },
    ],
    sort: { column: 'size' },
  }),
]

const application = (metric: string): string =>
  `max by (source, application) (tidemark_application_${metric}{${OF}})`

const compute = () => [
  list({
    title: 'Spark applications',
    description:
      'What is paid for, and how much of it worked: core hours within the time shown, the rest as in the last execution.',
    width: 16,
    height: 8,
    by: ['source', 'application'],
    columns: [
      {
        name: 'core hours in range',
        expr: `sum by (source, application) (increase(tidemark_application_core_seconds_total{${OF}}[$__range])) / 3600`,
        unit: 'short',
      },
      {
        name: 'cores used',
        expr: application('last_slot_utilisation_ratio'),
        unit: 'percentunit',
        steps: [
          [null, 'red'],
          [0.3, 'orange'],
          [0.6, 'green'],
        ],
      },
      { name: 'only the driver', expr: application('last_driver_ratio'), unit: 'percentunit' },
      { name: 'collecting garbage', expr: application('last_gc_ratio'), unit: 'percentunit' },
      { name: 'spilled', expr: application('last_spill_ratio'), unit: 'percentunit' },
      { name: 'took', expr: application('last_duration_seconds'), unit: 's' },
    ],
    sort: { column: 'core hours in range' },
  }),
  bars({
    title: 'Idle core hours',
    description: 'Core hours within the time shown in which no task ran: paid for and not used.',
    unit: 'short',
    width: 8,
    expr: `topk(10, (sum by (application) (increase(tidemark_application_core_seconds_total{${OF}}[$__range])) - sum by (application) (increase(tidemark_application_task_seconds_total{${OF}}[$__range]))) / 3600)`,
    legend: '{{application}}',
  }),
]
