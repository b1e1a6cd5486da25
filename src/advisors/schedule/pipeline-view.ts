// One pipeline with its runs of the last month, and the frame that advice on a schedule has alike.
import type { Advice, Evidence } from '../../model/advice.ts'
import type { PipelineFact, RunFact } from '../../model/run-facts.ts'
import type { Reader } from '../../model/store.ts'
import { DAY, HOUR, type Timestamp, timestamp } from '../../model/units.ts'
import type { Subject } from '../advisor.ts'
import { type Draft, NO_TARGET, finish } from '../draft.ts'
import type { Prices } from '../prices.ts'

export const LOOKBACK_DAYS = 30
const MAX_RUNS = 10_000

export interface PipelineView {
  readonly pipeline: PipelineFact
  /** Of the look-back, oldest first; backfills and manual runs of it left out. */
  readonly runs: readonly RunFact[]
  readonly prices: Prices
  readonly now: Timestamp
}

export function* pipelineViews(
  view: Reader,
  prices: Prices,
  now: Timestamp,
): Generator<Subject<PipelineView>> {
  for (const pipeline of view.facts('pipeline')) {
    if (pipeline.vanished !== null || pipeline.paused === true || pipeline.endless) continue
    const name = pipeline.pipeline
    yield { name, view: () => ({ pipeline, runs: runsOf(view, pipeline, now), prices, now }) }
  }
}

const runsOf = (view: Reader, { id: pipelineId }: PipelineFact, now: Timestamp): readonly RunFact[] =>
  view
    .facts('run', { pipelineId, from: timestamp(now - LOOKBACK_DAYS * DAY), to: now, limit: MAX_RUNS })
    .filter(({ trigger }) => trigger !== 'manual' && trigger !== 'backfill')
    .toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))

export const hoursOf = (runs: readonly RunFact[]): number =>
  runs.reduce(
    (sum, { startedAt, endedAt }) =>
      sum + (startedAt === null || endedAt === null ? 0 : (endedAt - startedAt) / HOUR),
    0,
  )

/** What makes the interval longer saves the same runs: one of it is enough. */
export const intervalOf = ({ pipeline }: PipelineView): string => `interval:${pipeline.id}`

export const seen = (
  { pipeline, runs, now }: PipelineView,
  metric: string,
  value: number,
  unit: string,
): Evidence => ({
  metric,
  value,
  unit,
  statistic: 'count',
  window: `${LOOKBACK_DAYS}d`,
  n: runs.length,
  from: `runs of ${pipeline.pipeline} (source ${pipeline.source})`,
  asOf: runs.at(-1)?.asOf ?? now,
})

/** What an hour of a pipeline costs is not known without its compute: savings are told in hours. */
export const INPUTS =
  'what an hour of it costs: Spark event logs (a source of type spark), or the bill of its compute'

export function scheduleAdvice(
  view: PipelineView,
  draft: Pick<Draft, 'topic' | 'title' | 'why' | 'evidence' | 'effects' | 'confidence' | 'alternatives'> & {
    readonly hours: number
    readonly after: string
    readonly rollback: string
    readonly performance: 0 | 1 | 2
    readonly reasons: readonly string[]
  },
): Advice {
  const { hours, after, rollback, performance, reasons, ...rest } = draft
  const { pipeline, prices, now } = view
  return finish(
    {
      ...rest,
      advisor: 'schedule',
      stage: 'schedule',
      shape: rest.topic,
      target: { ...NO_TARGET, source: pipeline.source, pipeline: pipeline.pipeline },
      lookbackDays: LOOKBACK_DAYS,
      inputsMissing: [INPUTS],
      cost: {
        before: null,
        after: null,
        oneOff: [],
        breakEven: `it saves ${hours.toFixed(1)} hours of running a month; it costs nothing`,
      },
      risk: { performance, dataLoss: 'none', blastRadius: `pipeline ${pipeline.pipeline}`, reasons },
      effort: 'low',
      restartNeeded: false,
      rollbackPossible: true,
      change: {
        format: 'text',
        before: pipeline.schedule,
        after,
        applyCommand: null,
        otherForms: [],
        preconditions: [],
        verifySteps: ['the tables it writes are still as fresh as expected'],
        rollback,
      },
      verification: {
        method: 'runs and run time of the pipeline, against matched days',
        unitCost: null,
        baselineDays: 14,
        windowDays: 14,
      },
    },
    prices,
    now,
  )
}
