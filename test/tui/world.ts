// A daemon's answers for the terminal's tests: one of everything, hostile names included, at a fixed time.
import type { Client } from '../../src/api/client.ts'
import { SourceError } from '../../src/model/errors.ts'
import { DAY, HOUR, MINUTE } from '../../src/model/units.ts'
import { logsFrom } from './world-log.ts'
import { NOW } from '../model/a-table.ts'
import {
  iso,
  seconds,
  tables,
  dueSeries,
  commits,
  alert,
  run,
  failed,
  runs,
  pipeline,
  step,
  source,
  rule,
  tableDetail,
  changes,
} from './world-facts.ts'

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
