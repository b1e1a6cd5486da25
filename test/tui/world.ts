// A daemon's answers for the terminal's tests: one of everything, hostile names included, at a fixed time.
import type { Client } from '../../src/api/client.ts'
import { SourceError } from '../../src/model/errors.ts'
import { DAY, GIB, HOUR, MIB, MINUTE, bytes, timestamp } from '../../src/model/units.ts'
import { logsFrom } from './world-log.ts'
import { NOW, aCommit, aTable } from '../model/a-table.ts'

const iso = (at: number): string => new Date(at).toISOString()
const seconds = (at: number): string => String(at / 1000)

const names = [
  'gold/orders',
  'gold/revenue',
  'silver/events',
  'silver/顧客 📦',
  'bronze/raw\u001b[31m\u202e_clicks',
  'gold/blind',
]
const tables = names.map((table, i) => ({
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

const dueSeries = (table: string, severity: string, at: number) => ({
  metric: {
    __name__: 'tidemark_table_due_timestamp_seconds',
    source: 'lake',
    table,
    severity,
    origin: 'declared',
  },
  value: [NOW / 1000, seconds(at)],
})

const commits = Array.from({ length: 40 }, (_, i) =>
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

const alert = (
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
const run = (pipeline: string, n: number, state: string, minutes: number, tasks: unknown[] = []) => ({
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
const failed = run('daily_orders', 0, 'failure', 22, [
  task('extract', 90, 84),
  task('clean', 84, 80),
  task('dedupe', 84, 75),
  task('publish', 75, 68, 'failure', 'PermissionError: gold/orders'),
])
const runs = [
  failed,
  ...Array.from({ length: 14 }, (_, i) => run('daily_orders', i + 1, 'success', i === 4 ? 40 : 18 + (i % 3))),
]
const pipeline = (name: string, lastRun: unknown) => ({
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

const step = (
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

const source = (id: string, change: object = {}) => ({
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

const rule = (name: string, change: object = {}) => ({
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
const tableDetail = {
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
const changes = [
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

export const ANSWERS: Readonly<Record<string, unknown>> = {
  '/api/tidemark/tables/detail': tableDetail,
  '/api/tidemark/pipelines/detail': {
    id: 'flows/daily_orders',
    compute: Object.fromEntries(
      runs.map(({ id }, i) => [id, { executions: 1, coreHours: 40 + i, usd: i === 3 ? null : 4 + i / 10 }]),
    ),
    reads: [{ id: 's3://lake/raw/orders', name: 'raw/orders', firstSeen: null, lastSeen: NOW - 2 * HOUR }],
    writes: [{ id: 's3://lake/gold/orders', name: 'gold/orders', firstSeen: null, lastSeen: NOW - 2 * HOUR }],
  },
  '/api/tidemark/changes': { of: 's3://lake/gold/orders', kind: 'table', changes },
  '/api/tidemark/tables': { tables },
  '/api/tidemark/commits': { commits },
  '/api/v1/query': { resultType: 'vector', result: [] },
  '/api/v2/alerts': [
    alert('a1', { alertname: 'TableOverdue', severity: 'error', source: 'lake', table: 'gold/revenue' }, 12),
    alert(
      'a2',
      { alertname: 'SmallFilesGrowing', severity: 'warn', source: 'lake', table: 'silver/events' },
      240,
    ),
    alert(
      'a3',
      { alertname: 'PipelineFailed', severity: 'error', source: 'flows', pipeline: 'daily_orders' },
      66,
    ),
    alert('a4', { alertname: 'TableOverdue', severity: 'error', source: 'lake', table: 'bronze/old' }, 5, [
      's1',
    ]),
  ],
  '/api/v2/silences': [
    {
      id: 's1',
      status: { state: 'active' },
      matchers: [{ name: 'table', value: 'bronze/.*', isRegex: true, isEqual: true }],
      startsAt: iso(NOW - HOUR),
      endsAt: iso(NOW + HOUR),
      createdBy: 'anna',
      comment: 'moving the bucket',
    },
  ],
  '/api/v1/rules': {
    groups: [
      {
        name: 'tables',
        file: 'rules/tables.yaml',
        interval: 30,
        rules: [
          rule('TableOverdue', { state: 'firing', alerts: [{}, {}] }),
          rule('SourceBlind'),
          rule('Broken', {
            health: 'err',
            lastError: 'vector cannot contain metrics with the same labelset',
          }),
        ],
      },
    ],
  },
  '/api/tidemark/sources': {
    sources: [
      source('lake', {
        problems: [
          {
            subject: 'gold/blind',
            reason: 'gap',
            message: 'version 43 is missing from the log',
            since: NOW - DAY,
          },
        ],
      }),
      source('flows', {
        type: 'airflow',
        up: false,
        lastSuccess: NOW - 2 * HOUR,
        error: '503 from flows.example.com',
      }),
    ],
  },
  '/api/tidemark/pipelines': {
    pipelines: [
      pipeline('daily_orders', failed),
      pipeline('hourly_events', run('hourly_events', 0, 'running', 10)),
      pipeline('new_one', null),
    ],
  },
  '/api/tidemark/runs': { runs },
  '/api/tidemark/checks': {
    checks: [
      {
        id: 'dbt/gold/orders/not_null_id',
        source: 'dbt',
        dataset: 'gold/orders',
        check: 'not_null_id',
        type: 'not_null',
        column: 'id',
        severity: 'error',
        result: 'fail',
        at: NOW - HOUR,
        failing: 12,
        observed: '12',
        expected: '0',
        message: null,
        recent: [
          { at: NOW - HOUR, result: 'fail' },
          { at: NOW - DAY, result: 'pass' },
        ],
      },
    ],
  },
  '/api/tidemark/lineage': {
    nodes: [
      {
        ...step('s3://lake/gold/revenue', 'gold/revenue', 0, ['TableOverdue']),
        cause: 'job:flows/daily_orders',
        upstream: [
          step('s3://lake/gold/orders', 'gold/orders', 1),
          step('job:flows/daily_orders', 'daily_orders', 2, ['PipelineFailed']),
        ],
        downstream: [step('s3://lake/gold/report', 'gold/report', 1, [], NOW + HOUR)],
        omitted: 0,
      },
    ],
  },
  '/api/tidemark/advice': {
    at: NOW - HOUR,
    count: 4,
    total: {
      before: 812,
      after: 601.5,
      savings: { p10: 140.2, p50: 210.5, p90: 280.1 },
      set: ['compact', 'vacuum', 'lifecycle'],
      byTopic: {},
    },
    advice: [],
  },
  '/api/tidemark/explain/a1': {
    alerts: [
      {
        labels: { alertname: 'TableOverdue', severity: 'error', table: 'gold/revenue' },
        annotations: { summary: 'gold/revenue is late' },
        state: 'firing',
        since: NOW - 12 * MINUTE,
        endedAt: null,
        value: 720,
        noData: false,
        background: {
          expression: 'time() > tidemark_table_due_timestamp_seconds',
          pendingSince: null,
          holdFor: 60_000,
          history: [1, 2, 3, null, 5].map((value, i) => [NOW - i * MINUTE, value]),
        },
        ways: [
          {
            receiver: 'oncall',
            route: 'severity="error"',
            groupKey: '{severity="error"}:{}',
            nextTick: NOW + 4 * MINUTE,
            integrations: [
              { integration: 'webhook[0]', verdict: 'told 11 min ago; repeats in 3 h 49 min', waiting: 0 },
            ],
          },
        ],
        notices: [
          {
            notice: { at: NOW - 11 * MINUTE, reason: 'first notification', title: 'gold/revenue is late' },
            state: 'delivered',
            nextAttempt: null,
            attempts: [{ at: NOW - 11 * MINUTE, result: 'delivered', answer: '200 OK' }],
          },
        ],
      },
    ],
  },
}

const QUERIES: Readonly<Record<string, unknown>> = {
  'min by (source, table, severity) (tidemark_table_due_timestamp_seconds)': {
    resultType: 'vector',
    result: [
      dueSeries('gold/orders', 'warn', NOW + 3 * HOUR),
      dueSeries('gold/orders', 'error', NOW + 6 * HOUR),
      dueSeries('gold/revenue', 'warn', NOW - HOUR),
      dueSeries('gold/revenue', 'error', NOW - 12 * MINUTE),
      dueSeries('silver/events', 'warn', NOW - 20 * MINUTE),
      dueSeries('silver/events', 'error', NOW + 5 * HOUR),
    ],
  },
  '{__name__=~"tidemark_pipeline_last_run_duration_seconds_expected_(lower|upper)"}': {
    resultType: 'vector',
    result: [
      ['lower', 15],
      ['upper', 25],
    ].map(([side, minutes]) => ({
      metric: {
        __name__: `tidemark_pipeline_last_run_duration_seconds_expected_${side}`,
        source: 'flows',
        pipeline: 'daily_orders',
      },
      value: [NOW / 1000, String(Number(minutes) * 60)],
    })),
  },
  tidemark_pipeline_due_timestamp_seconds: {
    resultType: 'vector',
    result: [
      {
        metric: { source: 'flows', pipeline: 'hourly_events', severity: 'warn' },
        value: [NOW / 1000, seconds(NOW + 40 * MINUTE)],
      },
    ],
  },
}
const DAY_OF_COMMITS = {
  resultType: 'matrix',
  result: [
    {
      metric: {},
      values: Array.from({ length: 48 }, (_, i) => [
        (NOW - (48 - i) * 30 * MINUTE) / 1000,
        String((i * 7) % 11),
      ]),
    },
  ],
}

export interface World {
  readonly client: Client
  /** What was sent, as `POST /path {body}`. */
  readonly sent: string[]
  /** While set, nobody answers. */
  down: boolean
}

export function aWorld(answers: Readonly<Record<string, unknown>> = {}): World {
  const world: World = {
    down: false,
    sent: [],
    client: {
      url: 'http://tidemark:9464',
      get: async (path, params = {}) => (await world.client.getChanged(path, params, null))?.answer,
      async getChanged(path, params, known) {
        if (world.down)
          throw new SourceError('unreachable', 'no daemon answers at http://fake', { subject: 'http://fake' })
        const query = params['query'] ?? ''
        const found =
          path === '/api/v1/query' ? (query.endsWith(']') ? DAY_OF_COMMITS : QUERIES[query]) : undefined
        const logs = path === '/api/tidemark/logs' ? logsFrom(params['level']) : undefined
        const answer = answers[path] ?? found ?? logs ?? ANSWERS[path]
        if (answer === undefined) throw new SourceError('missing', `Not Found: ${path}`, { subject: path })
        const given = only(answer, params)
        const tag = JSON.stringify(given)
        return tag === known ? undefined : { answer: structuredClone(given), tag }
      },
      async send(method, path, body) {
        world.sent.push(`${method} ${path} ${JSON.stringify(body) ?? ''}`.trim())
        return { silenceID: 's2' }
      },
    },
  }
  return world
}

/** One table or run, as the daemon's own `id` parameter does. */
function only(answer: unknown, { id }: Readonly<Record<string, string>>): unknown {
  if (id === undefined || typeof answer !== 'object' || answer === null) return answer
  return Object.fromEntries(
    Object.entries(answer).map(([name, list]) => [
      name,
      name !== 'tables' && name !== 'runs' ? list : (list as { id: string }[]).filter((one) => one.id === id),
    ]),
  )
}
