// The namespace that teams write for their pipelines → runs: `DataPipeline/<pipeline>`, or `DataPipeline` with a dimension.
import type { MetricAnswer, MetricName, MetricPoint, MetricQuery } from '../../io/cloudwatch.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { type RunReport, type RunState, RESULTS, runKey } from '../../model/run-facts.ts'
import {
  DAY,
  MINUTE,
  SECOND,
  type Timestamp,
  bytes,
  plus,
  readableCount,
  timestamp,
} from '../../model/units.ts'
import type { Answered, Question } from './reading.ts'

/** Metrics of a run, with the statistics they are read by. The last two are Tidemark's own (telemetry.cloudwatch). */
const READ = [
  ['RecordsProcessed', 'Sum'],
  ['RecordsFailed', 'Sum'],
  ['DataSizeBytes', 'Sum'],
  ['ExecutionTime', 'Maximum'],
  ['PipelineSuccess', 'Sum'],
  ['PipelineFailure', 'Sum'],
  ['RunEnd', 'Maximum'],
  ['RunEnd', 'Minimum'],
  ['RunEnd', 'SampleCount'],
  ['RunResult', 'Maximum'],
] as const
/** Metrics that are looked for; RunResult is written now and then only, and always with RunEnd. */
export const PIPELINE_METRICS: readonly string[] = [...new Set(READ.map(([metric]) => metric))].filter(
  (metric) => metric !== 'RunResult',
)
/** CloudWatch keeps minutes for fifteen days. */
export const RUN_PERIOD = MINUTE
/** Minutes looked back for values that came before their result. */
const TOGETHER = MINUTE
/** A run that took longer tells no length: it is another unit, or none. */
const LONGEST = 366 * DAY

export interface WatchedPipeline {
  readonly pipeline: string
  readonly namespace: string
  readonly dimensions: MetricName['dimensions']
  readonly metrics: ReadonlySet<string>
}

const NAMES = ['Pipeline', 'PipelineName']

/** The pipeline that a metric is about; null where it is about none. Other dimensions become part of its name. */
export function pipelineOf(root: string, { namespace, dimensions }: MetricName): Known<string> {
  const rest = { ...dimensions }
  let name = namespace.startsWith(`${root}/`) ? namespace.slice(root.length + 1) : ''
  if (namespace === root) {
    const key = NAMES.find((one) => rest[one] !== undefined)
    if (key === undefined) return null
    name = rest[key]!
    delete rest[key]
  }
  const others = Object.entries(rest).map(([key, value]) => `${key}=${value}`)
  const full = others.length === 0 ? name : `${name} (${others.toSorted().join(', ')})`
  const clean = full
    .replaceAll(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
    .slice(0, 300)
  return clean === '' ? null : clean
}

/** Pipelines that say how their runs end, in the order of their names. */
export function pipelinesIn(root: string, found: readonly MetricName[]): readonly WatchedPipeline[] {
  const all = new Map<string, WatchedPipeline & { readonly metrics: Set<string> }>()
  for (const one of found) {
    const pipeline = pipelineOf(root, one)
    if (pipeline === null || !PIPELINE_METRICS.includes(one.metric)) continue
    const known = all.get(pipeline) ?? { ...one, pipeline, metrics: new Set<string>() }
    known.metrics.add(one.metric)
    all.set(pipeline, known)
  }
  return [...all.values()]
    .filter(({ metrics }) => metrics.has('PipelineSuccess') || metrics.has('PipelineFailure'))
    .toSorted((a, b) => (a.pipeline < b.pipeline ? -1 : 1))
}

export function questionOf(about: WatchedPipeline): Question<WatchedPipeline> {
  const { namespace, dimensions } = about
  return {
    about,
    queries: readOf(about).map(([metric, statistic]): MetricQuery => ({
      namespace,
      dimensions,
      metric,
      statistic,
      period: RUN_PERIOD,
    })),
  }
}

const readOf = ({ metrics }: WatchedPipeline) =>
  READ.filter(([metric]) => metrics.has(metric === 'RunResult' ? 'RunEnd' : metric))

type Key = `${(typeof READ)[number][0]} ${(typeof READ)[number][1]}`
/** The values of one minute. */
type Minute = Partial<Record<Key, number>>

export interface RunOrigin {
  readonly source: string
  readonly region: string
  /** End of what was asked for. */
  readonly to: Timestamp
}

/** A run for each minute that says how one ended; `odd` are minutes of which no run could be made. */
export function runsOf(
  { about, answers }: Answered<WatchedPipeline>,
  origin: RunOrigin,
): { readonly facts: readonly Fact[]; readonly odd: readonly string[] } {
  const minutes = minutesOf(about, answers)
  const facts: Fact[] = []
  const odd: string[] = []
  const times = [...minutes.keys()].toSorted((a, b) => a - b)
  for (const at of times) {
    const minute = minutes.get(at)!
    if (!saysResult(minute)) {
      const after = plus(at, TOGETHER)
      // Its result may be in the next minute, which is not settled yet.
      if (after >= origin.to) continue
      const next = minutes.get(after)
      if (next === undefined || !saysResult(next) || overlaps(minute, next))
        odd.push(`${about.pipeline} at ${iso(at)}`)
      continue
    }
    const before = minutes.get(timestamp(at - TOGETHER))
    // Written one after the other, the values of one run may lie on both sides of a full minute.
    const whole =
      before === undefined || saysResult(before) || overlaps(before, minute)
        ? minute
        : { ...before, ...minute }
    facts.push(reportOf(about, at, whole, origin))
  }
  return { facts, odd }
}

function minutesOf(about: WatchedPipeline, answers: readonly MetricAnswer[]): Map<Timestamp, Minute> {
  const minutes = new Map<Timestamp, Minute>()
  const put = (key: Key, { at, value }: MetricPoint): void => {
    const minute = minuteOf(at)
    const known = minutes.get(minute)
    if (known) known[key] = value
    else minutes.set(minute, { [key]: value })
  }
  for (const [i, [metric, statistic]] of readOf(about).entries())
    for (const point of answers[i]?.points ?? []) put(`${metric} ${statistic}` as Key, point)
  return minutes
}

const minuteOf = (at: number): Timestamp => timestamp(at - (at % MINUTE))

const saysResult = (minute: Minute): boolean =>
  minute['PipelineSuccess Sum'] !== undefined || minute['PipelineFailure Sum'] !== undefined

const overlaps = (a: Minute, b: Minute): boolean => Object.keys(a).some((key) => key in b)

function reportOf(
  { pipeline }: WatchedPipeline,
  at: Timestamp,
  minute: Minute,
  { source, region }: RunOrigin,
): RunReport {
  const exact = minute['RunEnd Maximum']
  // An end that does not lie in its own minute is none of ours: seconds are meant.
  const same = exact !== undefined && exact === minute['RunEnd Minimum'] && minuteOf(exact * SECOND) === at
  // One run that was written twice: a writer may repeat what it does not know to have arrived.
  const times = same ? Math.max(1, minute['RunEnd SampleCount'] ?? 1) : 1
  const sum = (key: Key): Known<number> => {
    const value = minute[key]
    return value === undefined || value < 0 ? null : value / times
  }
  const succeeded = sum('PipelineSuccess Sum') ?? 0
  const failed = sum('PipelineFailure Sum') ?? 0
  const folded = Math.round(succeeded + failed)
  const endedAt = same ? timestamp(Math.round(exact * SECOND)) : at
  const seconds = sum('ExecutionTime Maximum')
  const took = seconds === null ? null : seconds * times * SECOND
  const moved = sum('DataSizeBytes Sum')
  const { state, word } = stateOf(succeeded, failed, same ? minute['RunResult Maximum'] : undefined)
  const runId = iso(at)
  return {
    kind: 'run-report',
    id: runKey(source, pipeline, runId),
    source,
    pipeline,
    runId,
    told: 'snapshot',
    asOf: endedAt,
    attempt: null,
    state,
    sourceState: word,
    trigger: null,
    scheduledFor: null,
    queuedAt: null,
    startedAt: took === null || took > LONGEST ? null : timestamp(Math.round(endedAt - took)),
    endedAt,
    error: null,
    processed: sum('RecordsProcessed Sum'),
    failed: sum('RecordsFailed Sum'),
    bytes: moved === null ? null : bytes(moved),
    // CloudWatch adds up what ends in one minute: it cannot be told apart again.
    labels: folded > 1 ? { runs_in_this_minute: readableCount(folded) } : {},
    url: null,
    parentRun: null,
    of: {
      namespace: `cloudwatch://${region || 'default'}`,
      name: pipeline,
      system: 'cloudwatch',
      owners: [],
      tags: [],
      endless: false,
    },
  }
}

function stateOf(
  succeeded: number,
  failed: number,
  code: number | undefined,
): { state: RunState; word: string } {
  const told = code === undefined ? undefined : RESULTS[code]
  if (told !== undefined) return { state: told, word: `RunResult ${code}` }
  if (failed > 0) return { state: 'failure', word: 'PipelineFailure' }
  if (succeeded > 0) return { state: 'success', word: 'PipelineSuccess' }
  return { state: 'unknown', word: 'neither PipelineSuccess nor PipelineFailure' }
}

/** `2026-11-22T07:03Z`: the minute is all that CloudWatch keeps, so a run is named by it. */
const iso = (at: Timestamp): string => `${new Date(at).toISOString().slice(0, 16)}Z`
