// What pages of one table or pipeline, and the overview, ask beside the lists.
import { z } from 'zod'
import type { Bytes, Millis, Timestamp, Usd } from '../model/units.ts'
import { query } from './answers.ts'
import { type Feed, feed } from './feed.ts'

const At = z.custom<Timestamp>((value) => typeof value === 'number', 'expected epoch milliseconds')
const Length = z.custom<Millis>((value) => typeof value === 'number', 'expected milliseconds')
const Size = z.custom<Bytes>((value) => typeof value === 'number', 'expected bytes')
const Money = z.custom<Usd>((value) => typeof value === 'number', 'expected dollars')
const text = z.string().nullable()
const Range90 = z.object({ p10: Money, p50: Money, p90: Money })
export type Range90 = z.output<typeof Range90>

// ── what all open advice comes to ───────────────────────────────────────────────────────────────────

const Standing = z.object({
  at: At.nullable(),
  count: z.number(),
  total: z
    .object({ before: Money, savings: Range90.optional(), after: Money, set: z.array(z.string()) })
    .nullable(),
})
export type Standing = z.output<typeof Standing>

export const standing: Feed<Standing> = feed('/api/tidemark/advice', { limit: '0' }, (answer) =>
  Standing.parse(answer),
)

// ── a table ─────────────────────────────────────────────────────────────────────────────────────────

const Stretch = z.object({ from: At, to: At })
const Writer = z.object({
  job: z.string(),
  pipeline: text,
  pipelineId: text,
  lastSeen: At,
  runs: z.array(
    z.object({ id: z.string(), at: At, state: z.string(), startedAt: At.nullable(), endedAt: At.nullable() }),
  ),
})
export type Writer = z.output<typeof Writer>

const OnTime = Stretch.extend({
  severity: z.string(),
  origin: z.string(),
  objective: z.number(),
  known: Length,
  late: Length,
  share: z.number().nullable(),
  allowed: Length,
  left: Length,
  lateSpans: z.array(Stretch),
  dues: z.array(At),
})
export type OnTime = z.output<typeof OnTime>

const Cost = z.object({
  storage: Money.nullable(),
  parts: z.array(z.object({ what: z.string(), bytes: Size, usd: Money })),
  how: z.string(),
  advice: z.array(
    z.object({ id: z.string(), title: z.string(), savings: Range90.nullable(), breakEven: text }),
  ),
})
export type Cost = z.output<typeof Cost>

const Partition = z.object({ name: z.string(), files: z.number(), bytes: Size, smallFiles: z.number() })
export type Partition = z.output<typeof Partition>

const TableDetail = z.object({
  writers: z.array(Writer),
  cost: Cost,
  partitions: z.array(Partition).nullable(),
  onTime: z.array(OnTime),
  alerts: z.array(Stretch.extend({ alert: z.string(), severity: z.string() })),
})
export type TableDetail = z.output<typeof TableDetail>

export const tableDetail = (id: string): Feed<TableDetail> =>
  feed('/api/tidemark/tables/detail', { id }, (answer) => TableDetail.parse(answer))

// ── a pipeline ──────────────────────────────────────────────────────────────────────────────────────

const Dataset = z.object({ id: z.string(), name: z.string(), lastSeen: At })
const PipelineDetail = z.object({
  /** By the run's id. */
  compute: z.record(
    z.string(),
    z.object({ executions: z.number(), coreHours: z.number(), usd: Money.nullable() }),
  ),
  reads: z.array(Dataset),
  writes: z.array(Dataset),
})
export type PipelineDetail = z.output<typeof PipelineDetail>

export const pipelineDetail = (id: string): Feed<PipelineDetail> =>
  feed('/api/tidemark/pipelines/detail', { id }, (answer) => PipelineDetail.parse(answer))

/** How long a run should take at most, and at least where that is known; declared or learned. */
export const expectedDurations = query(
  '{__name__=~"tidemark_pipeline_last_run_duration_seconds_expected_(lower|upper)"}',
)

// ── what changed ────────────────────────────────────────────────────────────────────────────────────

const Side = z.union([z.string(), z.number()]).nullable()
const Change = z.object({
  id: z.string(),
  at: At,
  kind: z.string(),
  what: z.string(),
  from: Side,
  to: Side,
  unit: text,
  stands: z.string(),
})
export type Change = z.output<typeof Change>

/** `of`: the id of a table, a pipeline or a job. */
export const changesOf = (of: string): Feed<readonly Change[]> =>
  feed(
    '/api/tidemark/changes',
    { of },
    (answer) => z.object({ changes: z.array(Change) }).parse(answer).changes,
  )
