// Cost and advice: what is stored in which class, what could be saved, what was.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { SOURCE, dashboard } from './frame.ts'
import { bars, figure, graph, list } from './panels.ts'

const OF = 'source=~"$source"'

export const cost = (): Dashboard =>
  dashboard({
    uid: 'tidemark-cost',
    title: 'Cost and advice',
    description: 'What could be saved, what was, and where the bytes are.',
    variables: [SOURCE],
    alerts: 'alertname=~"Advice.+"',
    sections: [
      { title: 'Advice', panels: advice() },
      { title: 'Storage', panels: storage() },
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
  bars({
    title: 'Savings by kind',
    description: 'What open advice saves a month, the largest first.',
    unit: 'currencyUSD',
    width: 12,
    expr: 'sort_desc(sum by (kind) (tidemark_advice_savings_usd_per_month))',
    legend: '{{kind}}',
  }),
  graph({
    title: 'Open advice and what it saves',
    description: 'What open advice saves a month, by kind, over time.',
    unit: 'currencyUSD',
    width: 12,
    stacked: true,
    queries: [{ expr: 'sum by (kind) (tidemark_advice_savings_usd_per_month)', legend: '{{kind}}' }],
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
        expr: `topk(10, max by (source, table) (tidemark_table_reclaimable_bytes{${OF}}))`,
        legend: '{{table}}',
      },
    ],
  }),
  list({
    title: 'Buckets',
    description: 'What is stored, and what of it is old versions or parts of uploads nobody finished.',
    width: 24,
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
  }),
]
