// The loop of every source: polled at its interval, sooner where it could not be read; or, where it is told things, said
// to be there.
import type { Clock } from '../io/clock.ts'
import { deadline, every } from '../io/every.ts'
import type { Log } from '../io/log.ts'
import type { Store } from '../model/store.ts'
import { MINUTE, type Timestamp, millis } from '../model/units.ts'
import { pollSource } from './poll.ts'
import type { PushedSource } from './pushed.ts'
import type { PollingSource } from './sources.ts'

/** A poll may take this many of its intervals, and at least this long, before it is given up. */
const POLL_PATIENCE = 5
const POLL_LEAST = millis(5 * MINUTE)
/** What is read seldom is asked again this soon after a failure: one refusal is no blind source. */
const RETRY = millis(4 * MINUTE)

export interface Watching {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** A source was asked, whatever came of it. */
  readonly asked: (source: string) => void
}

export function watchSource(source: PollingSource | PushedSource, watching: Watching): Promise<void> {
  const { name, interval } = source
  const turns = Math.ceil(interval / RETRY)
  let left = 0
  return every({ ...watching, name, interval: millis(interval / turns) }, async (now) => {
    if (left > 0) {
      left -= 1
      return
    }
    if (source.mode === 'poll') await pollOnce(source, watching, now)
    else sayThere(source, watching, now)
    watching.asked(name)
    left = isUp(watching.store, name) ? turns - 1 : 0
  })
}

const isUp = (store: Store, source: string): boolean => store.facts('poll', { id: source })[0]?.up === true

async function pollOnce(source: PollingSource, watching: Watching, now: Timestamp): Promise<void> {
  const { store, clock, log, signal } = watching
  const limit = deadline(clock, millis(Math.max(source.interval * POLL_PATIENCE, POLL_LEAST)), signal)
  const recorded = await pollSource(
    { ...source, store, clock, log, signal: limit.signal, ending: signal },
    now,
  )
  limit.done()
  // What could not be recorded is read again: a source that starts anew tells its whole kept history.
  if (!recorded) source.restart()
}

function sayThere(source: PushedSource, { store }: Watching, now: Timestamp): void {
  store.record([source.outcome(store.facts('poll', { id: source.name })[0], now)], now)
}
