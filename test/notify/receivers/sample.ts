// Notifications that every receiver is shown: one that fires, its end, and one whose texts mean harm.
import type { Notification } from '../../../src/model/notice.ts'
import { START, at } from '../world.ts'

const late = {
  status: 'firing',
  labels: { alertname: 'TableLate', severity: 'critical', table: 'gold/orders', source: 'lake' },
  annotations: {
    summary: 'gold/orders is late',
    description: 'No commit since the nightly load; the usual gap is 1 h.',
    observed: '3 h 12 min since the last change',
    expected: 'a change every 1 h',
    runbook_url: 'https://wiki.example.com/runbooks/late-table',
  },
  startsAt: START,
  endsAt: null,
  generatorUrl: 'https://tidemark.example.com/graph?g0.expr=up',
  fingerprint: 'a1b2c3d4e5f60718',
  value: 11_520,
  noData: false,
} as const satisfies Notification['alerts'][number]

const slow = {
  ...late,
  labels: { alertname: 'RunSlow', severity: 'warning', pipeline: 'daily_load', source: 'flows' },
  annotations: { summary: 'daily_load runs for 2 h' },
  fingerprint: '0f1e2d3c4b5a6978',
  value: 7_200,
} as const

export const firingNotification: Notification = {
  id: '5f0c1d2e3a4b5c6d7e8f901234567890',
  at: at(11_520),
  status: 'firing',
  reason: 'first notification',
  receiver: 'oncall',
  groupKey: '{}/{team="data"}:{source="lake"}',
  groupLabels: { source: 'lake' },
  commonLabels: late.labels,
  commonAnnotations: late.annotations,
  alerts: [late],
  truncatedAlerts: 0,
  externalUrl: 'https://tidemark.example.com',
}

export const severalNotification: Notification = {
  ...firingNotification,
  id: '6f0c1d2e3a4b5c6d7e8f901234567890',
  reason: 'new alerts',
  commonLabels: {},
  commonAnnotations: {},
  alerts: [late, slow],
  truncatedAlerts: 3,
}

export const resolvedNotification: Notification = {
  ...firingNotification,
  id: '7f0c1d2e3a4b5c6d7e8f901234567890',
  status: 'resolved',
  reason: 'all alerts resolved',
  alerts: [{ ...late, status: 'resolved', endsAt: at(11_520) }],
}

const EVIL = `<!channel> <https://evil.example|click> [here](javascript:alert(1)) *bold* & "q"\r\nBcc: victim@example.com\u001b[31m\u202e`

export const hostileNotification: Notification = {
  ...firingNotification,
  commonLabels: { alertname: EVIL },
  commonAnnotations: { summary: EVIL },
  groupLabels: { table: EVIL },
  alerts: [
    {
      ...late,
      labels: { alertname: EVIL, table: EVIL, severity: EVIL },
      annotations: { summary: EVIL, observed: EVIL, runbook_url: 'javascript:alert(1)' },
    },
  ],
}
