// Advice in the daemon: made on its schedule and once after the first polls; what people decide is kept.
import { type Decided, type Prices, adviseAll, decide, restate, verifyAll } from '../advisors/advisors.ts'
import type { Log } from '../io/log.ts'
import type { AdviceFact } from '../model/advice.ts'
import { SourceError } from '../model/errors.ts'
import type { Store } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'

export interface Advising {
  /** Everything anew. */
  run(now: Timestamp): void
  /** Durable when it returns. Throws SourceError where there is no such advice or its state does not allow it. */
  decide(id: string, decided: Decided, now: Timestamp): AdviceFact
}

export const createAdvising = (store: Store, prices: Prices, log: Log): Advising => ({
  run(now) {
    const { facts, forgotten } = adviseAll(store, prices, now)
    store.record(
      facts,
      now,
      forgotten.map((id) => ({ kind: 'advice', id })),
    )
    store.record(verifyAll(store, now), now)
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
