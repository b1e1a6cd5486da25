// What an advisor is: what is known in, advice out. Pure: the same facts, prices and time give the same advice.
import type { Advice, AdviceNeed } from '../model/advice.ts'
import type { Reader } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import type { Prices } from './prices.ts'

export interface Findings {
  readonly advice: readonly Advice[]
  /** What could not be judged: an unknown metric gives no advice, but says what to collect. */
  readonly needs: readonly AdviceNeed[]
}

export interface Advisor {
  /** The folder's name. */
  readonly name: string
  advise(view: Reader, prices: Prices, now: Timestamp): Findings
}

export const NOTHING: Findings = { advice: [], needs: [] }

export const together = (all: readonly Findings[]): Findings => ({
  advice: all.flatMap(({ advice }) => advice),
  needs: all.flatMap(({ needs }) => needs),
})
