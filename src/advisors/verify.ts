// What applied advice really did: a unit cost after the change against matched days before it, with an interval; set
// against untouched siblings over the same days, where there are some.
import type { AdviceFact, AdviceState, Realised } from '../model/advice.ts'
import type { Reader } from '../model/store.ts'
import { DAY, type Timestamp, timestamp, usd } from '../model/units.ts'
import { type DayValue, average, daily } from './daily.ts'
import { total } from './draft.ts'
import { seeded } from './seeded.ts'
import { against, controlOf } from './siblings.ts'
import { verified } from './states.ts'

/** Fewer days than this on either side say nothing. */
const LEAST_BEFORE = 7
const LEAST_AFTER = 7
/** Days that are drawn together: neighbours are alike. */
const BLOCK = 3
const DRAWS = 2_000
/** Less of the estimate's low end than this is under-delivery. */
const DELIVERED = 0.5
/** Slower runs than this, at their 95th percentile, are a regression whatever was saved. */
const SLOWER = 1.2
const LEAST_RUNS = 7

const MEASURED: ReadonlySet<AdviceState> = new Set<AdviceState>(['applied', 'inconclusive'])

/** Measures what was applied and is not settled yet; only what changed is returned. */
export function verifyAll(view: Reader, now: Timestamp): readonly AdviceFact[] {
  return view
    .facts('advice')
    .filter(({ state, appliedAt }) => MEASURED.has(state) && appliedAt !== null)
    .flatMap((fact) => {
      const next = verify(view, fact, fact.appliedAt!, now)
      return next === fact ? [] : [next]
    })
}

function verify(view: Reader, fact: AdviceFact, appliedAt: Timestamp, now: Timestamp): AdviceFact {
  const { unitCost, baselineDays, windowDays } = fact.advice.verification
  const slower = runsAreSlower(view, fact, appliedAt, now)
  if (slower !== null) return verified(fact, nothingSaved(now, slower), 'regressed')
  if (unitCost === null) return fact
  const start = timestamp(appliedAt - baselineDays * DAY)
  // The day of the change is neither before nor after.
  const from = timestamp(appliedAt + DAY)
  const until = timestamp(Math.min(now, from + windowDays * DAY))
  const own = { before: daily(view, unitCost, start, appliedAt), after: daily(view, unitCost, from, until) }
  if (!isEnough(own)) return fact
  const control = controlOf(view, fact, unitCost, own.before, { from: start, changed: appliedAt, to: until })
  const adjusted =
    control === null ? own : { before: against(own.before, control), after: against(own.after, control) }
  const isControlled = control !== null && isEnough(adjusted)
  const { before, after } = isControlled ? adjusted : own
  const reduction = compare(before, after, seeded(fact.id))
  const savings = savingsOf(fact, reduction)
  const beside = isControlled
    ? `, set against ${control.siblings} untouched ones of ${unitCost.cost.labels['source']} over the same days`
    : ''
  const realised: Realised = {
    at: now,
    savings,
    reduction,
    days: { before: before.length, after: after.length },
    how: `${unitCost.cost.metric} of ${after.length} days against matched days of the ${before.length} before${beside}: ${percent(reduction.mid)} less (${percent(reduction.low)} … ${percent(reduction.high)})`,
  }
  return verified(fact, realised, verdict(fact, realised))
}

const isEnough = (days: {
  readonly before: readonly unknown[]
  readonly after: readonly unknown[]
}): boolean => days.before.length >= LEAST_BEFORE && days.after.length >= LEAST_AFTER

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`

export function verdict(
  { advice }: Pick<AdviceFact, 'advice'>,
  { reduction, savings }: Realised,
): AdviceState {
  if (reduction.high < 0) return 'regressed'
  if (reduction.low <= 0) return 'inconclusive'
  const estimate = advice.cost.savings
  if (savings === null || estimate === null) return 'verified'
  return savings.p50 < estimate.p10 * DELIVERED ? 'underdelivered' : 'verified'
}

function savingsOf({ advice }: AdviceFact, reduction: Realised['reduction']): Realised['savings'] {
  const before = total(advice.cost.before)
  if (before === 0) return null
  return {
    p10: usd(before * reduction.low),
    p50: usd(before * reduction.mid),
    p90: usd(before * reduction.high),
  }
}

const nothingSaved = (at: Timestamp, how: string): Realised => ({
  at,
  savings: null,
  reduction: { low: 0, mid: 0, high: 0 },
  days: { before: 0, after: 0 },
  how,
})

type MatchedDay = Pick<DayValue, 'weekday' | 'value'>

/**
 * 1 − after/before, where each day is set against the mean of its weekday before (of all days where that weekday was
 * not seen twice). The interval is the 10th to 90th percentile over draws of whole blocks of days.
 */
export function compare(
  before: readonly MatchedDay[],
  after: readonly MatchedDay[],
  random: () => number,
): Realised['reduction'] {
  const byWeekday = Map.groupBy(before, ({ weekday }) => weekday)
  // A weekday seen once is its own mean: it would seem to scatter not at all.
  const usual = new Map(
    [...byWeekday].flatMap(([weekday, days]) => (days.length < 2 ? [] : [[weekday, mean(days)] as const])),
  )
  const overall = mean(before)
  if (overall === 0) return { low: 0, mid: 0, high: 0 }
  const relative = ({ weekday, value }: MatchedDay): number => value / (usual.get(weekday) || overall)
  // Weekday means fitted to few weeks leave too little scatter: what fitting took is given back.
  const fitted = Math.sqrt(before.length / Math.max(1, before.length - Math.max(1, usual.size)))
  const was = before.map((day) => 1 + (relative(day) - 1) * fitted)
  const is = after.map(relative)
  const reduction = (first: readonly number[], second: readonly number[]): number =>
    1 - average(second) / Math.max(average(first), Number.EPSILON)
  const draws = Array.from({ length: DRAWS }, () => reduction(blocks(was, random), blocks(is, random))).sort(
    (one, other) => one - other,
  )
  const at = (share: number): number => draws[Math.floor(share * (draws.length - 1))]!
  return { low: at(0.1), mid: reduction(was, is), high: at(0.9) }
}

const mean = (days: readonly MatchedDay[]): number => average(days.map(({ value }) => value))

function blocks(values: readonly number[], random: () => number): number[] {
  const drawn: number[] = []
  while (drawn.length < values.length) {
    const start = Math.floor(random() * values.length)
    for (let i = 0; i < BLOCK && drawn.length < values.length; i++)
      drawn.push(values[(start + i) % values.length]!)
  }
  return drawn
}

/** A sentence where the pipeline concerned became slower or fails more often; null where it did not, or nobody knows. */
function runsAreSlower(view: Reader, fact: AdviceFact, appliedAt: Timestamp, now: Timestamp): string | null {
  const { source, pipeline } = fact.advice.target
  if (source === null || pipeline === null) return null
  const { baselineDays, windowDays } = fact.advice.verification
  const runs = (from: number, to: number) =>
    view.facts('run', { pipelineId: `${source}/${pipeline}`, from: timestamp(from), to: timestamp(to) })
  const before = runs(appliedAt - baselineDays * DAY, appliedAt)
  const after = runs(appliedAt, Math.min(now, appliedAt + windowDays * DAY))
  if (before.length < LEAST_RUNS || after.length < LEAST_RUNS) return null
  const slow = (some: typeof before): number => {
    const lengths = some
      .flatMap(({ startedAt, endedAt }) =>
        startedAt === null || endedAt === null ? [] : [endedAt - startedAt],
      )
      .sort((a, b) => a - b)
    return lengths[Math.floor(0.95 * (lengths.length - 1))] ?? 0
  }
  const failing = (some: typeof before): number =>
    some.filter(({ state }) => state === 'failure' || state === 'error' || state === 'timeout').length /
    some.length
  const [was, is] = [slow(before), slow(after)]
  if (was > 0 && is > was * SLOWER)
    return `runs of ${pipeline} take ${(is / was).toFixed(2)} times as long at their 95th percentile since the change`
  const [failed, fails] = [failing(before), failing(after)]
  if (fails > failed + 0.1)
    return `${percent(fails)} of the runs of ${pipeline} fail since the change, ${percent(failed)} before`
  return null
}
