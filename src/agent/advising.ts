// Advice in the daemon, and bills set against what was measured: made on schedule and once after the first polls; what
// people decide is kept.
import { type Decided, type Prices, adviseAll, decide, restate, verifyAll } from '../advisors/advisors.ts'
import { reckon } from '../bill/bill.ts'
import type { Log } from '../io/log.ts'
import type { AdviceFact } from '../model/advice.ts'
import { SourceError } from '../model/errors.ts'
import type { Store } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import { ratesNow } from './rates.ts'

/** Failures in one log record. */
const MAX_TOLD = 20

export interface Advising {
  /** Everything anew. */
  run(now: Timestamp): void
  /** Durable when it returns. Throws SourceError where there is no such advice or its state does not allow it. */
  decide(id: string, decided: Decided, now: Timestamp): AdviceFact
}

export const createAdvising = (store: Store, prices: Prices, log: Log): Advising => ({
  run(now) {
    if (prices.refused.length > 0)
      log.warn(
        { refused: prices.refused },
        'prices that were read are not believed; those of the price book count',
      )
    const { facts, forgotten, failed } = adviseAll(store, prices, now)
    if (failed.length > 0)
      log.error(
        { failed: failed.slice(0, MAX_TOLD), count: failed.length },
        'rules of advisors failed: what was advised on these stays as it was; please report it',
      )
    store.record(
      facts,
      now,
      forgotten.map((id) => ({ kind: 'advice', id })),
    )
    store.record(verifyAll(store, now), now)
    const reckoning = reckon(store, ratesNow(prices), prices.region, now)
    if (reckoning !== undefined) store.record([reckoning], now)
    log.info({ advice: facts.length - 1 }, 'advice was made')
  },
  decide(id, decided, now) {
    const [fact] = store.facts('advice', { id })
    if (fact === undefined) throw new SourceError('missing', `there is no advice ${id}`, { subject: id })
    const next = decide(fact, decided, now)
    store.record([next, restate(store, next, now)], now)
    return next
  },
})
