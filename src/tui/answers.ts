// What we ask the daemon, and the part of its answers that screens look at.
import { z } from 'zod'
import { type Alert, Alerts, type Explanation, Explanations, type Silence, Silences } from '../api/client.ts'
import type { Bytes, Millis, Timestamp } from '../model/units.ts'
import { type Feed, feed } from './feed.ts'

export type { Alert, Explanation, Silence }

const At = z.custom<Timestamp>((value) => typeof value === 'number', 'expected epoch milliseconds')
const Size = z.custom<Bytes>((value) => typeof value === 'number', 'expected bytes')
const Length = z.custom<Millis>((value) => typeof value === 'number', 'expected milliseconds')
const Moment = z.string().transform((text) => Date.parse(text) as Timestamp)
const Labels = z.record(z.string(), z.string())
const number = z.number().nullable()
const text = z.string().nullable()

// ── tables ──────────────────────────────────────────────────────────────────────────────────────────

const CommitRef = z.object({ at: At, version: z.string(), operation: z.string() })
const SchemaChange = z.object({
  at: At,
  version: z.string(),
  change: z.string(),
  column: z.string(),
  from: text,
  to: text,
})
const tableFields = {
  id: z.string(),
  source: z.string(),
  table: z.string(),
  format: z.string(),
  version: text,
  vanished: At.nullable(),
  lastChange: CommitRef.nullable(),
  eventTime: z.object({ column: z.string(), newest: At }).nullable(),
  rows: number,
  files: number,
  bytes: Size.nullable(),
  fileSizes: z.object({ small: z.number() }).nullable(),
  partitions: z.object({ count: z.number() }).nullable(),
  deletes: z.object({ rows: number }).nullable(),
  problem: text,
}
/** Of these a list shows one number: thousands of rows need not carry the rest. */
const PARTS = { fileSizes: 'fileSizes.small', partitions: 'partitions.count', deletes: 'deletes.rows' }
const TableRow = z.object(tableFields)
export type TableRow = z.output<typeof TableRow>

export const tables: Feed<readonly TableRow[]> = feed(
  '/api/tidemark/tables',
  {
    fields: [...Object.keys(tableFields).filter((name) => !(name in PARTS)), ...Object.values(PARTS)].join(),
  },
  (answer) => z.object({ tables: z.array(TableRow) }).parse(answer).tables,
)

const Table = TableRow.extend({
  observedAt: At,
  location: z.string(),
  formatVersion: text,
  partial: z.array(z.string()),
  lastCommit: CommitRef.nullable(),
  created: At.nullable(),
  rowsExactness: z.string(),
  fileSizes: z
    .object({
      target: Size,
      small: z.number(),
      inRange: z.number(),
      large: z.number(),
      bounds: z.array(z.number().nullable()),
      counts: z.array(z.number()),
      median: Size.nullable(),
    })
    .nullable(),
  partitions: z
    .object({
      columns: z.array(z.string()),
      count: z.number(),
      medianBytes: Size,
      largestBytes: Size,
      largest: z.string(),
      skew: z.number(),
    })
    .nullable(),
  deletes: z
    .object({ files: z.number(), deletionVectors: z.number(), rows: number, share: number })
    .nullable(),
  snapshots: number,
  oldestSnapshot: At.nullable(),
  reclaimable: z.object({ bytes: Size, exactness: z.string(), how: z.string() }).nullable(),
  lastCompaction: At.nullable(),
  lastVacuum: At.nullable(),
  columns: z.array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean() })),
  schemaChanges: z.array(SchemaChange),
})
export type Table = z.output<typeof Table>

export const tableOf = (id: string): Feed<Table | undefined> =>
  feed(
    '/api/tidemark/tables',
    { id },
    (answer) => z.object({ tables: z.array(Table) }).parse(answer).tables[0],
  )

const Commit = z.object({
  version: z.string(),
  at: At,
  operation: z.string(),
  changesData: z.boolean(),
  rowsAdded: number,
  rowsRemoved: number,
  bytesAdded: Size.nullable(),
  filesAdded: number,
  engine: text,
})
export type Commit = z.output<typeof Commit>

export const commitsOf = (id: string): Feed<readonly Commit[]> =>
  feed(
    '/api/tidemark/commits',
    { id, limit: '200' },
    (answer) => z.object({ commits: z.array(Commit) }).parse(answer).commits,
  )

// ── the query API ───────────────────────────────────────────────────────────────────────────────────

const Point = z.tuple([z.number(), z.string()])
/** Ten thousand series come at once: that it is an object is enough, label by label would hold up a key. */
const Metric = z.custom<Readonly<Record<string, string>>>(
  (value) => typeof value === 'object' && value !== null,
)
const Vector = z.object({
  resultType: z.literal('vector'),
  result: z.array(z.object({ metric: Metric, value: Point })),
})
const Matrix = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ metric: Labels, values: z.array(Point) })),
})
export interface Value {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export const query = (expression: string): Feed<readonly Value[]> =>
  feed('/api/v1/query', { query: expression }, (answer) =>
    Vector.parse(answer).result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })),
  )

/** Values of the first series of a range selector or subquery, oldest first. */
export const history = (expression: string): Feed<readonly number[]> =>
  feed('/api/v1/query', { query: expression }, (answer) =>
    (Matrix.parse(answer).result[0]?.values ?? []).map(([, value]) => Number(value)),
  )

/** When tables are due, in seconds, by severity. */
export const tableDues = query('min by (source, table, severity) (tidemark_table_due_timestamp_seconds)')

// ── sources ─────────────────────────────────────────────────────────────────────────────────────────

const Source = z.object({
  id: z.string(),
  type: z.string(),
  up: z.boolean(),
  at: At,
  duration: Length,
  lastSuccess: At.nullable(),
  error: text,
  requests: z.number(),
  bytesRead: Size,
  polls: z.number(),
  failures: z.number(),
  problems: z.array(z.object({ subject: z.string(), reason: z.string(), message: z.string(), since: At })),
})
export type Source = z.output<typeof Source>

export const sources: Feed<readonly Source[]> = feed(
  '/api/tidemark/sources',
  {},
  (answer) => z.object({ sources: z.array(Source) }).parse(answer).sources,
)

// ── alerts, silences, rules ─────────────────────────────────────────────────────────────────────────

export const alerts: Feed<readonly Alert[]> = feed('/api/v2/alerts', {}, (answer) => Alerts.parse(answer))

export const silences: Feed<readonly Silence[]> = feed('/api/v2/silences', { expired: 'false' }, (answer) =>
  Silences.parse(answer),
)

export const explanationOf = (fingerprint: string): Feed<readonly Explanation[]> =>
  feed(`/api/tidemark/explain/${encodeURIComponent(fingerprint)}`, {}, (answer) => Explanations.parse(answer))

const Rule = z.object({
  name: z.string(),
  type: z.string(),
  query: z.string(),
  health: z.string(),
  lastError: z.string().optional(),
  lastEvaluation: Moment,
  evaluationTime: z.number(),
  state: z.string().optional(),
  duration: z.number().optional(),
  annotations: Labels.optional(),
  labels: Labels,
  alerts: z.array(z.unknown()).optional(),
})
const RuleGroups = z.object({
  groups: z.array(
    z.object({ name: z.string(), file: z.string(), interval: z.number(), rules: z.array(Rule) }),
  ),
})
export type Rule = z.output<typeof Rule> & {
  readonly group: string
  readonly file: string
  readonly id: string
}

export const rules: Feed<readonly Rule[]> = feed('/api/v1/rules', {}, (answer) =>
  RuleGroups.parse(answer).groups.flatMap((group) =>
    group.rules.map((rule, i) => ({
      ...rule,
      group: group.name,
      file: group.file,
      id: `${group.file};${group.name};${i}`,
    })),
  ),
)

// ── the log ─────────────────────────────────────────────────────────────────────────────────────────

const DaemonLog = z.object({
  id: z.number(),
  at: At,
  level: z.string(),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()),
})
export type DaemonLog = z.output<typeof DaemonLog>

/** Of that level or worse; '' for all. */
export const logs = (level: string): Feed<readonly DaemonLog[]> =>
  feed(
    '/api/tidemark/logs',
    { limit: '1000', ...(level === '' ? {} : { level }) },
    (answer) => z.object({ logs: z.array(DaemonLog) }).parse(answer).logs,
  )

// ── checks ──────────────────────────────────────────────────────────────────────────────────────────

const Check = z.object({
  id: z.string(),
  source: z.string(),
  dataset: z.string(),
  check: z.string(),
  type: z.string(),
  column: text,
  severity: z.string(),
  result: z.string(),
  at: At,
  failing: number,
  observed: text,
  expected: text,
  message: text,
  recent: z.array(z.object({ at: At, result: z.string() })),
})
export type Check = z.output<typeof Check>

export const checks: Feed<readonly Check[]> = feed(
  '/api/tidemark/checks',
  {},
  (answer) => z.object({ checks: z.array(Check) }).parse(answer).checks,
)

// ── pipelines, runs, lineage ────────────────────────────────────────────────────────────────────────

const Task = z.object({
  name: z.string(),
  type: text,
  state: z.string(),
  startedAt: At.nullable(),
  endedAt: At.nullable(),
  error: text,
})
const Run = z.object({
  id: z.string(),
  source: z.string(),
  pipeline: z.string(),
  pipelineId: z.string(),
  runId: z.string(),
  at: At,
  state: z.string(),
  attempt: z.number(),
  trigger: text,
  scheduledFor: At.nullable(),
  startedAt: At.nullable(),
  endedAt: At.nullable(),
  error: text,
  url: text,
  processed: number,
  failed: number,
  bytes: Size.nullable(),
  tasks: z.array(Task),
})
export type Run = z.output<typeof Run>

const Runs = (answer: unknown): readonly Run[] => z.object({ runs: z.array(Run) }).parse(answer).runs

export const runs: Feed<readonly Run[]> = feed('/api/tidemark/runs', { limit: '500' }, Runs)
export const runsOf = (source: string, pipeline: string): Feed<readonly Run[]> =>
  feed('/api/tidemark/runs', { source, pipeline, limit: '100' }, Runs)
export const runOf = (id: string): Feed<Run | undefined> =>
  feed('/api/tidemark/runs', { id }, (answer) => Runs(answer)[0])

const Pipeline = z.object({
  id: z.string(),
  source: z.string(),
  pipeline: z.string(),
  system: z.string(),
  schedule: text,
  nextRun: At.nullable(),
  paused: z.boolean().nullable(),
  owners: z.array(z.string()),
  tags: z.array(z.string()),
  endless: z.boolean(),
  url: text,
  job: z.string(),
  active: z.record(z.string(), z.number()),
  lastDuration: Length.nullable(),
  lastSuccess: At.nullable(),
  lastRun: Run.nullable(),
})
export type Pipeline = z.output<typeof Pipeline>

export const pipelines: Feed<readonly Pipeline[]> = feed(
  '/api/tidemark/pipelines',
  {},
  (answer) => z.object({ pipelines: z.array(Pipeline) }).parse(answer).pipelines,
)

/** When pipelines are due, in seconds, by severity. */
export const pipelineDues = query('tidemark_pipeline_due_timestamp_seconds')

const Step = z.object({
  id: z.string(),
  kind: z.enum(['job', 'dataset']),
  name: z.string(),
  /** Of a job, where a source tells of its pipeline. */
  pipelineId: text,
  distance: z.number(),
  failing: z.array(z.string()),
  due: At.nullable(),
})
export type Step = z.output<typeof Step>
const Node = Step.extend({
  cause: text,
  upstream: z.array(Step),
  downstream: z.array(Step),
  omitted: z.number(),
})
export type Node = z.output<typeof Node>

/** Empty for what no edge tells of. */
export const lineageOf = (id: string): Feed<Node | undefined> =>
  feed(
    '/api/tidemark/lineage',
    { of: id },
    (answer) => z.object({ nodes: z.array(Node) }).parse(answer).nodes[0],
  )
