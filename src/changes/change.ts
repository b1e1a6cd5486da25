// One thing that changed, and what stands out of the usual.
import type { Known } from '../model/known.ts'
import type { Timestamp } from '../model/units.ts'

export type ChangeKind =
  | 'schema'
  | 'volume'
  | 'engine'
  | 'operation'
  | 'writer'
  | 'code'
  | 'duration'
  | 'price'
  | 'input'
  | 'output'

/** What the numbers of `from` and `to` count; texts have none. */
export type ChangeUnit = 'rows' | 'milliseconds' | 'usd' | 'core-hours'

export interface Change {
  /** Stable: the same change has it tomorrow. */
  readonly id: string
  readonly at: Timestamp
  readonly kind: ChangeKind
  readonly what: string
  /** As it was and as it is; null where there is no such side, or nobody tells. */
  readonly from: Known<string | number>
  readonly to: Known<string | number>
  readonly unit: Known<ChangeUnit>
  /** `breaks`: readers may fail; `more`, `less`: far from the usual; `gone`: was there until then. */
  readonly stands: 'breaks' | 'more' | 'less' | 'gone' | 'new'
}

/** With fewer observations nothing is usual yet. */
const LEAST = 5

export interface Observed {
  readonly id: string
  readonly at: Timestamp
  readonly what: string
  readonly value: number
}

/**
 * Where values leave the usual: above `factor` times their median or below that part of it, and off by `least` at
 * least. What stays away is told once, where it left.
 */
export function departures(
  observed: readonly Observed[],
  kind: ChangeKind,
  unit: ChangeUnit,
  { factor, least }: { readonly factor: number; readonly least: number },
): Change[] {
  const oldestFirst = observed.toSorted((a, b) => a.at - b.at)
  if (oldestFirst.length < LEAST) return []
  const usual = median(oldestFirst.map(({ value }) => value))
  if (usual === 0) return []
  const found: Change[] = []
  let before: Change['stands'] | null = null
  for (const { id, at, what, value } of oldestFirst) {
    const far = (value > usual * factor || value * factor < usual) && Math.abs(value - usual) >= least
    const stands = !far ? null : value > usual ? 'more' : 'less'
    if (stands !== null && stands !== before)
      found.push({ id: `${kind} ${id}`, at, kind, what, from: usual, to: value, unit, stands })
    before = stands
  }
  return found
}

/** The lower one of the middle two: a value that was there. */
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!

export interface Spelled {
  readonly id: string
  readonly at: Timestamp
  readonly what: string
  /** Null where it is not told: what comes after is compared with what was told last. */
  readonly value: Known<string>
}

/** Where a text is another than before. */
export function turns(spelled: readonly Spelled[], kind: ChangeKind): Change[] {
  let before: string | null = null
  return spelled
    .toSorted((a, b) => a.at - b.at)
    .flatMap(({ id, at, what, value }): Change[] => {
      const from = before
      before = value ?? before
      if (value === null || from === null || value === from) return []
      return [{ id: `${kind} ${id}`, at, kind, what, from, to: value, unit: null, stands: 'new' }]
    })
}
