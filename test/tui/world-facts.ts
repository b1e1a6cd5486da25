// What the world of the terminal is made of: tables, runs, alerts and the like, as the API tells them.
import { DAY, GIB, HOUR, MIB, MINUTE, bytes, timestamp } from '../../src/model/units.ts'
import { NOW, aCommit, aTable } from '../model/a-table.ts'

export const iso = (at: number): string => new Date(at).toISOString()
export const seconds = (at: number): string => String(at / 1000)

const names = [
  'gold/orders',
  'gold/revenue',
  'silver/events',
  'silver/顧客 📦',
  'bronze/raw\u001b[31m\u202e_clicks',
  'gold/blind',
]
export const tables = names.map((table, i) => ({
  ...aTable({
    id: `s3://lake/${table}`,
    table,
    rows: i === 4 ? null : 1_111_930 * (i + 1),
    files: 8 * (i + 1),
    bytes: bytes(GIB * (i + 1) * 1.37),
    lastChange: { at: timestamp(NOW - (i + 1) * 2 * HOUR), version: `${40 + i}`, operation: 'WRITE' },
  }),
  observedAt: NOW - 30_000,
  problem: i === 5 ? 'version 43 is missing from the log: 42 is followed by 44' : null,
}))

export const dueSeries = (table: string, severity: string, at: number) => ({
  metric: {
    __name__: 'tidemark_table_due_timestamp_seconds',
    source: 'lake',
    table,
    severity,
    origin: 'declared',
  },
  value: [NOW / 1000, seconds(at)],
})

export const commits = Array.from({ length: 40 }, (_, i) =>
  aCommit({
    id: `s3://lake/gold/orders@${41 - i}`,
    version: String(41 - i),
    at: timestamp(NOW - (i + 1) * 2 * HOUR),
    operation: i % 9 === 4 ? 'OPTIMIZE' : 'WRITE',
    changesData: i % 9 !== 4,
    rowsAdded: i === 6 ? 90_000 : 1_000 + ((i * 37) % 200),
    bytesAdded: bytes(MIB * (1 + (i % 5))),
    engine: i < 12 ? 'Apache-Spark/4.1.0' : 'Apache-Spark/4.0.1',
  }),
)

export const alert = (
  fingerprint: string,
  labels: Record<string, string>,
  minutes: number,
  silencedBy: string[] = [],
) => ({
  fingerprint,
  labels,
  annotations: { summary: `${labels['table'] ?? labels['pipeline']} needs a look` },
  startsAt: iso(NOW - minutes * MINUTE),
  endsAt: iso(NOW + HOUR),
  updatedAt: iso(NOW),
  receivers: [{ name: 'oncall' }],
  status: {
    state: silencedBy.length > 0 ? 'suppressed' : 'active',
    silencedBy,
    inhibitedBy: [],
    mutedBy: [],
  },
})

const task = (
  name: string,
  from: number,
  to: number | null,
  state = 'success',
  error: string | null = null,
) => ({
  name,
  type: 'python',
  state,
  startedAt: NOW - from * MINUTE,
  endedAt: to === null ? null : NOW - to * MINUTE,
  error,
})
export const run = (pipeline: string, n: number, state: string, minutes: number, tasks: unknown[] = []) => ({
  id: `flows/${pipeline}/run-${n}`,
  source: 'flows',
  pipeline,
  pipelineId: `flows/${pipeline}`,
  runId: `run-${n}`,
  at: NOW - n * DAY - 90 * MINUTE,
  state,
  attempt: 1,
  trigger: 'schedule',
  scheduledFor: NOW - n * DAY - 91 * MINUTE,
  startedAt: NOW - n * DAY - 90 * MINUTE,
  endedAt: NOW - n * DAY - (90 - minutes) * MINUTE,
  error: state === 'failure' ? 'FileNotFoundError: raw/orders is not there' : null,
  url: 'https://flows.example.com/runs/1',
  processed: 100_000 + n,
  failed: 0,
  bytes: 12 * MIB,
  tasks,
})
export const failed = run('daily_orders', 0, 'failure', 22, [
  task('extract', 90, 84),
  task('clean', 84, 80),
  task('dedupe', 84, 75),
  task('publish', 75, 68, 'failure', 'PermissionError: gold/orders'),
])
export const runs = [
  failed,
  ...Array.from({ length: 14 }, (_, i) => run('daily_orders', i + 1, 'success', i === 4 ? 40 : 18 + (i % 3))),
]
export const pipeline = (name: string, lastRun: unknown) => ({
  id: `flows/${name}`,
  source: 'flows',
  pipeline: name,
  system: 'airflow',
  schedule: '30 10 * * *',
  nextRun: NOW + 22 * HOUR,
  paused: false,
  owners: ['data'],
  tags: [],
  endless: false,
  url: null,
  job: `job:flows/${name}`,
  active: {},
  lastDuration: 18 * MINUTE,
  lastSuccess: NOW - DAY,
  lastRun,
})

export const step = (
  id: string,
  name: string,
  distance: number,
  failing: string[] = [],
  due: number | null = null,
) => ({
  id,
  kind: id.startsWith('job:') ? 'job' : 'dataset',
  name,
  pipelineId: id.startsWith('job:') ? id.slice('job:'.length) : null,
  distance,
  failing,
  due,
})

export const source = (id: string, change: object = {}) => ({
  id,
  type: 'lake',
  up: true,
  at: NOW - 12_000,
  duration: 431,
  lastSuccess: NOW - 12_000,
  error: null,
  requests: 1_204,
  bytesRead: 81 * MIB,
  polls: 640,
  failures: 2,
  problems: [],
  ...change,
})

export const rule = (name: string, change: object = {}) => ({
  name,
  type: 'alerting',
  query: `time() > tidemark_table_due_timestamp_seconds{severity="error"}`,
  labels: { severity: 'error' },
  health: 'ok',
  evaluationTime: 0.0021,
  lastEvaluation: iso(NOW - 9_000),
  state: 'inactive',
  duration: 60,
  annotations: { summary: '{{ $labels.table }} is late' },
  alerts: [],
  ...change,
})

const dueDays = Array.from({ length: 6 }, (_, i) => NOW - (5 - i) * DAY)
export const tableDetail = {
  id: 's3://lake/gold/orders',
  writers: [
    {
      job: 'job:flows/daily_orders',
      pipeline: 'daily_orders',
      pipelineId: 'flows/daily_orders',
      firstSeen: NOW - 30 * DAY,
      lastSeen: NOW - HOUR,
      runs,
    },
  ],
  cost: {
    storage: 0.0431,
    parts: [
      { what: 'live files', bytes: GIB * 1.37, usd: 0.0315 },
      { what: 'reclaimable (lower bound)', bytes: 512 * MIB, usd: 0.0115 },
    ],
    how: 'S3 Standard at $0.0230 a GB-month in us-east-1, list price of 2026-07-20, requests not counted',
    advice: [
      {
        id: 'compact',
        title: 'Compact gold/orders',
        savings: { p10: 9.2, p50: 11.5, p90: 13.8 },
        breakEven: null,
      },
      { id: 'vacuum', title: 'Vacuum gold/orders', savings: null, breakEven: 'it pays from 3 scans a month' },
    ],
  },
  partitions: [
    { name: 'day=2026-11-21', files: 4, bytes: 2 * GIB, smallFiles: 3 },
    { name: 'day=2026-11-20', files: 1, bytes: GIB, smallFiles: 0 },
  ],
  onTime: ['warn', 'error'].map((severity) => ({
    from: NOW - 30 * DAY,
    to: NOW,
    severity,
    origin: 'declared',
    objective: 0.99,
    known: 21 * DAY,
    late: severity === 'warn' ? 9 * HOUR : 55 * MINUTE,
    share: 1 - (severity === 'warn' ? 9 * HOUR : 55 * MINUTE) / (21 * DAY),
    allowed: 0.01 * 30 * DAY,
    left: 0.01 * 30 * DAY - (severity === 'warn' ? 9 * HOUR : 55 * MINUTE),
    lateSpans: [{ from: NOW - 2 * DAY, to: NOW - 2 * DAY + (severity === 'warn' ? 9 * HOUR : 55 * MINUTE) }],
    dues: dueDays,
  })),
  alerts: [
    { from: NOW - 2 * DAY + HOUR, to: NOW - 2 * DAY + 9 * HOUR, alert: 'TableOverdue', severity: 'error' },
  ],
}

const change = (kind: string, stands: string, days: number, what: string, rest: object) => ({
  id: `${kind} ${days}`,
  at: NOW - days * DAY,
  kind,
  stands,
  what,
  unit: null,
  ...rest,
})
export const changes = [
  change('code', 'new', 0.5, 'git_sha of daily_orders', { from: '4f1c2d9', to: 'a02be77' }),
  change('duration', 'more', 1, 'a run takes', {
    from: 18 * MINUTE,
    to: 40 * MINUTE,
    unit: 'milliseconds',
  }),
  change('price', 'more', 1.1, 'of a run', { from: 4, to: 9.25, unit: 'usd' }),
  change('volume', 'more', 2, 'rows of WRITE', { from: 1_103, to: 90_000, unit: 'rows' }),
  change('engine', 'new', 3, 'written by', { from: 'Apache-Spark/4.0.1', to: 'Apache-Spark/4.1.0' }),
  change('input', 'gone', 4, 'reads no longer', { from: 's3://lake/raw/old', to: null }),
  change('schema', 'breaks', 5, 'retyped id', { from: 'integer', to: 'string' }),
]
