// A unit cost day by day, from our own series.
import type { SeriesRef, UnitCost } from '../model/advice.ts'
import type { Reader } from '../model/store.ts'
import { DAY, type Timestamp } from '../model/units.ts'

export interface DayValue {
  /** Days since 1970 in UTC. */
  readonly day: number
  /** 0 … 6 in UTC: days are matched by it. */
  readonly weekday: number
  readonly value: number
}

/** Ascending; days without a sample, or without a unit of work, are left out. */
export function daily(
  view: Reader,
  { cost, per }: UnitCost,
  from: Timestamp,
  to: Timestamp,
): readonly DayValue[] {
  const top = meansByDay(view, cost, from, to)
  const bottom = per === null ? null : meansByDay(view, per, from, to)
  return [...top]
    .flatMap(([day, mean]) => {
      const units = bottom === null ? 1 : bottom.get(day)
      if (units === undefined || units === 0) return []
      return [{ day, weekday: new Date(day * DAY).getUTCDay(), value: mean / units }]
    })
    .toSorted((a, b) => a.day - b.day)
}

function meansByDay(view: Reader, ref: SeriesRef, from: Timestamp, to: Timestamp): Map<number, number> {
  const matchers = Object.entries({ __name__: ref.metric, ...ref.labels }).map(
    ([name, value]) => ({ name, op: '=', value }) as const,
  )
  const sums = new Map<number, { sum: number; count: number }>()
  for (const series of view.series.find(matchers)) {
    const { timestamps, values, stale } = series.samples({ from, to })
    for (let i = 0; i < timestamps.length; i++) {
      if (stale?.[i] === 1 || Number.isNaN(values[i]!)) continue
      const day = Math.floor(timestamps[i]! / DAY)
      const entry = sums.get(day) ?? { sum: 0, count: 0 }
      sums.set(day, { sum: entry.sum + values[i]!, count: entry.count + 1 })
    }
  }
  return new Map([...sums].map(([day, { sum, count }]) => [day, sum / count]))
}

export const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1)
