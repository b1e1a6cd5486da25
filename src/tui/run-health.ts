// How runs and pipelines are: by the state of the newest run, and by when a success is due.
import { type Millis, type Timestamp, between, timestamp } from '../model/units.ts'
import { type Pipeline, type Run, type Value, pipelineDues } from './answers.ts'
import type { Get } from './feed.ts'
import type { Health } from './screen.ts'
import type { State } from './state.ts'

const STATES: Readonly<Record<string, State>> = {
  success: 'ok',
  running: 'ok',
  pending: 'ok',
  skipped: 'ok',
  retrying: 'warn',
  paused: 'warn',
  cancelled: 'warn',
  failure: 'bad',
  error: 'bad',
  timeout: 'bad',
}

export const runState = (state: string): State => STATES[state] ?? 'unknown'

export const runHealth = ({ state }: Pick<Run, 'state'>): Health => ({
  state: runState(state),
  word: state === 'success' ? 'ok' : state,
})

/** Until now while it runs; null before it starts. */
export const tookUntil = (
  { startedAt, endedAt }: { readonly startedAt: Timestamp | null; readonly endedAt: Timestamp | null },
  now: Timestamp,
): Millis | null => (startedAt === null ? null : between(startedAt, endedAt ?? now))

const NONE: readonly Value[] = []
/** The answer's own rows index once; the map goes when the answer does. */
const indexed = new WeakMap<readonly Value[], ReadonlyMap<string, Timestamp>>()

function firstDues(values: readonly Value[]): ReadonlyMap<string, Timestamp> {
  const known = indexed.get(values)
  if (known !== undefined) return known
  const made = new Map<string, Timestamp>()
  for (const { labels, value } of values) {
    const key = `${labels['source']}\n${labels['pipeline']}`
    made.set(key, timestamp(Math.min(made.get(key) ?? Infinity, value * 1_000)))
  }
  indexed.set(values, made)
  return made
}

/** The first deadline of a severity that a success must come before. */
export const pipelineDue = (get: Get, { source, pipeline }: Pipeline): Timestamp | null =>
  firstDues(get(pipelineDues) ?? NONE).get(`${source}\n${pipeline}`) ?? null

export function pipelineHealth(pipeline: Pipeline, get: Get, now: Timestamp): Health {
  const due = pipelineDue(get, pipeline)
  if (due !== null && now > due) return { state: 'bad', word: 'missed' }
  if (pipeline.lastRun === null) return { state: 'unknown', word: 'no run' }
  const health = runHealth(pipeline.lastRun)
  if (pipeline.paused === true && health.state === 'ok') return { state: 'ok', word: 'paused' }
  return health
}
