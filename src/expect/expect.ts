// What users expect of tables and pipelines, as series: thresholds are data, and rules stay generic.
import picomatch from 'picomatch'
import { z } from 'zod'
import type { Known } from '../model/facts.ts'
import { Duration } from '../model/fields.ts'
import type { MetricInfo, Sample } from '../model/series.ts'
import { type Millis, type Timestamp, SECOND, plus } from '../model/units.ts'
import { DEFAULT_OBJECTIVE } from './on-time.ts'
import { Due, type Schedule, createSchedule } from './schedule.ts'

export { type OnTime, type Stretch, onTimeOf } from './on-time.ts'

const Glob = z.string().min(1).max(500)

/** One entry of `expect:`. Of several that match, the last one that says when something is due counts, whole. */
const Expectation = z
  .strictObject({
    table: Glob.optional().describe('Tables this is about: a glob on the table label; * is every table.'),
    pipeline: Glob.optional().describe('Pipelines this is about: a glob on the pipeline label.'),
    source: z.string().optional().describe('Only tables and pipelines of this source.'),
    freshness: z
      .strictObject({ warn: Duration(SECOND).optional(), error: Duration(SECOND).optional() })
      .refine(({ warn, error }) => warn !== undefined || error !== undefined, 'expected warn, error or both')
      .refine(
        ({ warn, error }) => warn === undefined || error === undefined || warn <= error,
        'warn must not be longer than error',
      )
      .optional()
      .describe('How old the newest change may get.'),
    due: Due.optional().describe('By when a change must be there.'),
    objective: z
      .number()
      .min(0.5)
      .max(0.99999)
      .optional()
      .describe(
        'The share of the time in which the table is to be on time, 0.99 without it: its budget of lateness.',
      ),
    deadline: Duration(SECOND).optional().describe('How long a run of the pipeline may take.'),
  })
  .refine(
    ({ table, pipeline }) => (table === undefined) !== (pipeline === undefined),
    'expected either table or pipeline',
  )
  .refine(
    ({ freshness, due, deadline }) => freshness !== undefined || due !== undefined || deadline !== undefined,
    'expected freshness, due or deadline',
  )
  .refine(
    ({ table, objective, freshness, due }) =>
      objective === undefined || (table !== undefined && (freshness !== undefined || due !== undefined)),
    { path: ['objective'], error: 'an objective is for tables, beside freshness or due' },
  )
  .refine(({ table, deadline }) => table === undefined || deadline === undefined, {
    path: ['deadline'],
    error: 'a deadline is for pipelines; tables have freshness and due',
  })

/** The `expect:` list of the configuration. */
export const Config = z.array(Expectation).max(10_000)
export type Config = z.output<typeof Config>

const metric = (name: string, help: string, labels: readonly string[]): MetricInfo => ({
  name,
  help,
  type: 'gauge',
  unit: 'seconds',
  labels,
})

export const expectationMetrics = {
  tableDue: metric(
    'tidemark_table_due_timestamp_seconds',
    'When the table counts as overdue unless it changes before; severity says which of the deadlines, origin who set it.',
    ['source', 'table', 'severity', 'origin'],
  ),
  pipelineDue: metric(
    'tidemark_pipeline_due_timestamp_seconds',
    'When the pipeline counts as missed unless it succeeds before.',
    ['source', 'pipeline', 'severity', 'origin'],
  ),
  pipelineDeadline: metric('tidemark_pipeline_deadline_seconds', 'How long a run of the pipeline may take.', [
    'source',
    'pipeline',
    'origin',
  ]),
  pipelineDuration: metric(
    'tidemark_pipeline_last_run_duration_seconds_expected_upper',
    'The longest that a run of the pipeline should have taken when it is over.',
    ['source', 'pipeline', 'origin'],
  ),
}

/** A table that was just observed; pass none that could not be read: what is unknown has no deadline. */
interface KnownTable {
  readonly source: string
  readonly table: string
  readonly lastChange: Known<{ readonly at: Timestamp }>
  readonly vanished: Known<Timestamp>
}

interface KnownPipeline {
  readonly source: string
  readonly pipeline: string
  readonly lastSuccess: Known<Timestamp>
}

export interface Expectations {
  /** `tidemark_table_due_timestamp_seconds` by severity; nothing for a table that nothing is expected of. */
  ofTable(table: KnownTable): Sample[]
  ofPipeline(pipeline: KnownPipeline): Sample[]
  /** The share of the time in which the table is to be on time, 0..1. */
  objective(table: Pick<KnownTable, 'source' | 'table'>): number
}

type Severity = 'warn' | 'error'

interface Compiled {
  readonly entry: Config[number]
  matches(source: string, name: string): boolean
  /** When something that last happened at `change` is due again; null: never. */
  due(change: Timestamp, severity: Severity): Timestamp | null
}

export function createExpectations(config: Config): Expectations {
  const compiled = config.map(compile)
  const tables = compiled.filter(({ entry }) => entry.table !== undefined).toReversed()
  const pipelines = compiled.filter(({ entry }) => entry.pipeline !== undefined).toReversed()
  const ofTable = (source: string, table: string): Compiled | undefined =>
    tables.find((expectation) => saysDue(expectation) && expectation.matches(source, table))
  const saysDue = ({ entry }: Compiled): boolean => entry.freshness !== undefined || entry.due !== undefined

  const dueSamples = (
    name: string,
    labels: Readonly<Record<string, string>>,
    found: Compiled | undefined,
    change: Timestamp | null,
  ): Sample[] => {
    if (found === undefined || change === null) return []
    return (['warn', 'error'] as const).flatMap((severity) => {
      const at = found.due(change, severity)
      return at === null
        ? []
        : [{ name, labels: { ...labels, severity, origin: 'declared' }, value: at / 1000 }]
    })
  }

  return {
    ofTable({ source, table, lastChange, vanished }) {
      if (vanished !== null) return []
      const due = lastChange?.at ?? null
      return dueSamples(expectationMetrics.tableDue.name, { source, table }, ofTable(source, table), due)
    },
    ofPipeline({ source, pipeline, lastSuccess }) {
      const labels = { source, pipeline }
      const found = pipelines.find(
        (expectation) => saysDue(expectation) && expectation.matches(source, pipeline),
      )
      const bounded = pipelines.find(
        (found) => found.entry.deadline !== undefined && found.matches(source, pipeline),
      )
      const deadline = bounded?.entry.deadline
      const { pipelineDue, pipelineDeadline, pipelineDuration } = expectationMetrics
      return [
        ...dueSamples(pipelineDue.name, labels, found, lastSuccess),
        ...(deadline === undefined ? [] : [pipelineDeadline, pipelineDuration]).map(({ name }) => ({
          name,
          labels: { ...labels, origin: 'declared' },
          value: deadline! / 1000,
        })),
      ]
    },
    objective: ({ source, table }) => ofTable(source, table)?.entry.objective ?? DEFAULT_OBJECTIVE,
  }
}

function compile(entry: Config[number]): Compiled {
  const glob = entry.table ?? entry.pipeline!
  // `*` alone means all of them, also those in folders.
  const test = glob === '*' ? () => true : picomatch(glob, { dot: true })
  const schedule = entry.due === undefined ? null : createSchedule(entry.due)
  return {
    entry,
    matches: (source, name) => (entry.source === undefined || entry.source === source) && test(name),
    due(change, severity) {
      const age = entry.freshness?.[severity]
      const moments = [
        age === undefined ? null : plus(change, age),
        schedule === null ? null : calendarDue(schedule, entry.due?.grace[severity], change),
      ].filter((at) => at !== null)
      return moments.length === 0 ? null : moments.reduce((a, b) => (a < b ? a : b))
    },
  }
}

function calendarDue(schedule: Schedule, grace: Millis | undefined, change: Timestamp): Timestamp | null {
  if (grace === undefined) return null
  const deadline = schedule.dueAfter(change)
  return deadline === null ? null : plus(deadline, grace)
}
