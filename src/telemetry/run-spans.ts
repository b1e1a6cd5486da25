// A finished run as a trace: ids that are the same whenever it is made, past times, tasks as child spans. Words of
// OpenTelemetry's CI/CD conventions where they fit (telemetry of pipelines has none of its own).
import { createHash } from 'node:crypto'
import type { Known } from '../model/known.ts'
import { type RunFact, type RunState, type Task, isResult } from '../model/run-facts.ts'
import type { Timestamp } from '../model/units.ts'

/** Spans of one trace; a run has at most so many tasks anyway. */
const LINKS = 128

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly name: string
  readonly kind: 'internal' | 'server'
  readonly start: Timestamp
  readonly end: Timestamp
  /** The text of an error; null where all went well. */
  readonly error: string | null
  readonly attributes: Readonly<Record<string, string | number>>
  readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>
}

/** Which attempt of which run. */
export interface Attempt {
  readonly run: string
  readonly attempt: number
}

const hash = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length)
const keyOf = ({ run, attempt }: Attempt): string => `${run}#${attempt}`
const traceOf = (attempt: Attempt): string => hash(`trace:${keyOf(attempt)}`, 32)
const spanOf = (attempt: Attempt, task = ''): string => hash(`span:${keyOf(attempt)}/${task}`, 16)

/** OpenTelemetry's words for how it ended. */
const RESULTS: Readonly<Partial<Record<RunState, string>>> = { cancelled: 'cancellation', skipped: 'skip' }
const resultOf = (state: RunState): string => RESULTS[state] ?? state

/** Spans of one attempt of a run; of an attempt that was followed by another only the whole is known, not its tasks. */
export function spansOf(run: RunFact, attempt: number, upstream: readonly Attempt[]): Span[] {
  const of: Attempt = { run: run.id, attempt }
  const past = run.pastAttempts.find((one) => one.attempt === attempt)
  const { state, startedAt, endedAt, error } = attempt === run.attempt ? run : (past ?? run)
  if (endedAt === null) return []
  const start = startedAt ?? endedAt
  const root: Span = {
    traceId: traceOf(of),
    spanId: spanOf(of),
    parentSpanId: null,
    name: `RUN ${run.pipeline}`,
    kind: 'server',
    start: Math.min(start, endedAt) as Timestamp,
    end: endedAt,
    error: isBad(state) ? (error ?? state) : null,
    attributes: defined({
      'cicd.pipeline.name': run.pipeline,
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.run.id': run.runId,
      'cicd.pipeline.run.url.full': run.url,
      'cicd.pipeline.result': resultOf(state),
      'error.type': isBad(state) ? state : null,
      'tidemark.source': run.source,
      'tidemark.run.attempt': attempt,
      'tidemark.run.trigger': run.trigger,
      'tidemark.records.processed': run.processed,
      'tidemark.records.failed': run.failed,
      'tidemark.bytes.processed': run.bytes,
    }),
    links: upstream.slice(0, LINKS).map((one) => ({ traceId: traceOf(one), spanId: spanOf(one) })),
  }
  if (attempt !== run.attempt) return [root]
  return [root, ...run.tasks.flatMap((task) => taskSpan(task, run, of, root))]
}

function taskSpan(task: Task, run: RunFact, of: Attempt, root: Span): Span[] {
  const { startedAt, endedAt } = task
  if (startedAt === null || endedAt === null || !isResult(task.state)) return []
  const id = `${run.runId}/${task.name}`
  return [
    {
      traceId: root.traceId,
      spanId: spanOf(of, task.name),
      parentSpanId: root.spanId,
      name: task.name,
      kind: 'internal',
      start: Math.min(startedAt, endedAt) as Timestamp,
      end: endedAt,
      error: isBad(task.state) ? (task.error ?? task.state) : null,
      attributes: defined({
        'cicd.pipeline.task.name': task.name,
        'cicd.pipeline.task.run.id': id,
        'cicd.pipeline.task.run.url.full': run.url,
        'cicd.pipeline.task.run.result': resultOf(task.state),
        'error.type': isBad(task.state) ? task.state : null,
        'tidemark.task.type': task.type,
        'tidemark.task.instances': Object.keys(task.instances).length + task.instancesOmitted,
        'tidemark.records.processed': task.processed,
      }),
      links: [],
    },
  ]
}

const isBad = (state: RunState): boolean => ['failure', 'error', 'timeout'].includes(state)

const defined = (
  attributes: Readonly<Record<string, Known<string | number>>>,
): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(attributes).flatMap(([key, value]) => (value === null ? [] : [[key, value]])),
  )
