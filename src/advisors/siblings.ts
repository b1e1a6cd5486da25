// Difference in differences: what untouched things of the same kind did over the same days was not the change's doing.
import type { AdviceFact, UnitCost } from '../model/advice.ts'
import type { Labels } from '../model/series.ts'
import type { Reader } from '../model/store.ts'
import { DAY, type Timestamp } from '../model/units.ts'
import { type DayValue, average, daily } from './daily.ts'

/** Siblings looked at, by name, and the fewest that make a control. */
const MOST = 50
const LEAST = 2
const LEAST_DAYS = 7
/** A sibling must have gone up and down with it before the change, or both must have been level. */
const ALIKE = 0.5
const LEVEL = 0.05

export interface Window {
  readonly from: Timestamp
  readonly changed: Timestamp
  readonly to: Timestamp
}

export interface Control {
  readonly siblings: number
  /** What they cost on a day over their mean before the change: 1 is as before. */
  readonly index: ReadonlyMap<number, number>
}

/** Null where there are no siblings, or none that are like it. */
export function controlOf(
  view: Reader,
  fact: AdviceFact,
  unit: UnitCost,
  before: readonly DayValue[],
  { from, changed, to }: Window,
): Control | null {
  const touched = touchedIn(view, fact, from, to)
  const siblings = siblingLabels(view, unit)
    .filter((labels) => !Object.values(labels).some((value) => touched.has(value)))
    .slice(0, MOST)
    .map((labels) => {
      const all = daily(view, withLabels(unit, labels), from, to)
      return { all, before: all.filter(({ day }) => day < changed / DAY) }
    })
    .filter((sibling) => isAlike(before, sibling.before))
    .map(({ before: earlier, all }) => {
      const mean = average(earlier.map(({ value }) => value))
      return new Map(all.map(({ day, value }) => [day, value / mean]))
    })
  if (siblings.length < LEAST) return null
  const days = new Set(siblings.flatMap((sibling) => [...sibling.keys()]))
  const index = [...days].flatMap((day) => {
    const seen = siblings.flatMap((sibling) => sibling.get(day) ?? [])
    return seen.length * 2 < siblings.length ? [] : [[day, average(seen)] as const]
  })
  return { siblings: siblings.length, index: new Map(index) }
}

/** Days without a control say nothing. */
export const against = (days: readonly DayValue[], { index }: Control): readonly DayValue[] =>
  days.flatMap((day) => {
    const factor = index.get(day.day)
    return factor === undefined || factor <= 0 ? [] : [{ ...day, value: day.value / factor }]
  })

/** Names of what other advice changed in these days. */
function touchedIn(view: Reader, fact: AdviceFact, from: Timestamp, to: Timestamp): ReadonlySet<string> {
  return new Set(
    view
      .facts('advice')
      .filter(
        ({ id, appliedAt }) => id !== fact.id && appliedAt !== null && appliedAt >= from && appliedAt <= to,
      )
      .flatMap(({ advice: { target } }) => [target.table, target.pipeline, target.resource])
      .filter((name) => name !== null),
  )
}

/** The labels by which a sibling differs; the rest of them are the same. Ascending, its own left out. */
function siblingLabels(view: Reader, { cost }: UnitCost): readonly Labels[] {
  const { source, ...own } = cost.labels
  const names = Object.keys(own).toSorted()
  if (source === undefined || names.length === 0) return []
  const ownKey = names.map((name) => own[name]).join('\n')
  const found = new Map<string, Labels>()
  const matchers = [
    { name: '__name__', op: '=', value: cost.metric },
    { name: 'source', op: '=', value: source },
  ] as const
  for (const { labels } of view.series.find(matchers)) {
    const theirs = names.map((name) => labels[name] ?? '')
    const key = theirs.join('\n')
    if (key !== ownKey) found.set(key, Object.fromEntries(names.map((name, i) => [name, theirs[i]!])))
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, labels]) => labels)
}

const withLabels = ({ cost, per }: UnitCost, labels: Labels): UnitCost => ({
  cost: { ...cost, labels: { ...cost.labels, ...labels } },
  per: per === null ? null : { ...per, labels: { ...per.labels, ...labels } },
})

function isAlike(own: readonly DayValue[], theirs: readonly DayValue[]): boolean {
  const byDay = new Map(theirs.map(({ day, value }) => [day, value]))
  const pairs = own.flatMap(({ day, value }) => {
    const other = byDay.get(day)
    return other === undefined ? [] : [[value, other] as const]
  })
  if (pairs.length < LEAST_DAYS) return false
  const [a, b] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)]
  if (average(b) <= 0) return false
  const isLevel = (values: readonly number[]): boolean =>
    Math.sqrt(covariance(values, values)) <= LEVEL * average(values)
  if (isLevel(a) && isLevel(b)) return true
  return covariance(a, b) >= ALIKE * Math.sqrt(covariance(a, a) * covariance(b, b)) && covariance(a, b) > 0
}

function covariance(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [average(a), average(b)]
  return average(a.map((value, i) => (value - meanA) * (b[i]! - meanB)))
}
