// The loop of every source: polled at its interval, or, where it is told things, said to be there.
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

export interface Watching {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** A source was asked, whatever came of it. */
  readonly asked: (source: string) => void
}

export function watchSource(source: PollingSource | PushedSource, watching: Watching): Promise<void> {
  return every({ ...watching, name: source.name, interval: source.interval }, async (now) => {
    if (source.mode === 'poll') await pollOnce(source, watching, now)
    else sayThere(source, watching, now)
    watching.asked(source.name)
  })
}

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
