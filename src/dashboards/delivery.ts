// Incidents and delivery: what fires, who was told, how fast, and what waits or got lost.
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { firingAlerts } from './alerts.ts'
import { type Variable, dashboard } from './frame.ts'
import { OF_RESULTS, OF_SEVERITIES, ZERO_IS_GOOD, figure, graph } from './panels.ts'

const RECEIVER: Variable = {
  name: 'receiver',
  label: 'Receiver',
  metric: 'tidemark_notification_queue_length',
}
const OF = 'receiver=~"$receiver"'

export const delivery = (): Dashboard =>
  dashboard({
    uid: 'tidemark-delivery',
    title: 'Incidents and delivery',
    description: 'What fires, who was told, how fast, and what waits or got lost.',
    variables: [RECEIVER],
    alerts: '',
    sections: [
      { title: 'Now', panels: now() },
      { title: 'Alerts', panels: alerts() },
      { title: 'Delivery', panels: sending() },
    ],
  })

const now = () => [
  figure({
    title: 'Firing',
    description: 'Alerts that notifications know as firing, silenced ones included.',
    unit: 'none',
    width: 6,
    expr: 'sum(tidemark_notify_alerts{state="firing"})',
    steps: ZERO_IS_GOOD,
  }),
  figure({
    title: 'Waiting to be told',
    description: 'Notifications decided and not delivered yet.',
    unit: 'none',
    width: 6,
    expr: `sum(tidemark_notification_queue_length{${OF}})`,
    steps: [
      [null, 'green'],
      [1, 'orange'],
      [100, 'red'],
    ],
    noValue: 'no receivers',
  }),
  figure({
    title: 'Lost in range',
    description: 'Notifications given up for good within the time shown.',
    unit: 'none',
    width: 6,
    expr: `round(sum(increase(tidemark_notifications_lost_total{${OF}}[$__range])))`,
    steps: ZERO_IS_GOOD,
    noValue: 'no receivers',
  }),
  figure({
    title: 'Silences active',
    description: 'Silences in force: what they match is not told.',
    unit: 'none',
    width: 6,
    expr: 'sum(tidemark_notify_silences{state="active"})',
  }),
]

const alerts = () => [
  firingAlerts('', 15),
  graph({
    title: 'Alerts by severity',
    description: 'Alerts firing over time.',
    unit: 'none',
    width: 9,
    height: 12,
    stacked: true,
    colours: OF_SEVERITIES,
    queries: [{ expr: 'count by (severity) (ALERTS{alertstate="firing"})', legend: '{{severity}}' }],
  }),
]

const sending = () => [
  graph({
    title: 'Attempts by result',
    description:
      'Attempts to deliver within the interval. Retries are tried again soon, refused ones a few times; what is gone or dropped is not.',
    unit: 'none',
    width: 8,
    colours: OF_RESULTS,
    queries: [
      {
        expr: `sum by (receiver, result) (increase(tidemark_notifications_total{${OF}}[$__rate_interval])) > 0`,
        legend: '{{receiver}} {{result}}',
      },
    ],
  }),
  graph({
    title: 'Time to deliver, 95th percentile',
    description: 'From the decision to notify to the receiver taking it, over the last hour.',
    unit: 's',
    width: 8,
    queries: [
      {
        expr: `histogram_quantile(0.95, sum by (receiver, le) (increase(tidemark_notification_latency_seconds_bucket{${OF}}[1h])))`,
        legend: '{{receiver}}',
      },
    ],
  }),
  graph({
    title: 'Queue',
    description: 'Notifications decided and not delivered yet, over time.',
    unit: 'none',
    width: 8,
    queries: [
      { expr: `sum by (receiver) (tidemark_notification_queue_length{${OF}})`, legend: '{{receiver}}' },
    ],
  }),
  graph({
    title: 'Age of the oldest that waits',
    description: 'Nothing is drawn while nothing waits.',
    unit: 's',
    width: 12,
    queries: [
      { expr: `max by (receiver) (tidemark_notification_queue_age_seconds{${OF}})`, legend: '{{receiver}}' },
    ],
  }),
  graph({
    title: 'Put off and lost',
    description:
      'Decisions put off because a queue was full, and notifications given up for good, within the interval.',
    unit: 'none',
    width: 12,
    colours: OF_RESULTS,
    queries: [
      {
        expr: `sum(increase(tidemark_notifications_deferred_total{${OF}}[$__rate_interval]))`,
        legend: 'put off',
      },
      {
        expr: `sum(increase(tidemark_notifications_lost_total{${OF}}[$__rate_interval]))`,
        legend: 'lost',
      },
    ],
  }),
]
