// A source that is told things: its doors, and how it went so far, as a poll would say it.
import type { OpenDoor } from '../api/api.ts'
import type { Door } from '../collectors/collector.ts'
import type { PollFact } from '../model/facts.ts'
import { type Millis, type Timestamp, bytes, millis } from '../model/units.ts'

export interface PushedSource {
  readonly mode: 'push'
  readonly name: string
  readonly type: string
  readonly interval: Millis
  readonly doors: readonly OpenDoor[]
  /** Said at each interval: the source is there and listens, so what it told is not unknown. */
  outcome(before: PollFact | undefined, now: Timestamp): PollFact
}

export function pushedSource(
  identity: { readonly name: string; readonly type: string; readonly interval: Millis },
  doors: readonly Door[],
): PushedSource {
  let taken = 0
  let refused = 0
  let last: string | null = null
  const open = doors.map((door): OpenDoor => ({
    source: identity.name,
    door,
    taken: () => (taken += 1),
    refused: (why) => {
      refused += 1
      last = why
    },
  }))
  return {
    mode: 'push',
    ...identity,
    doors: open,
    outcome(before, now) {
      const fact: PollFact = {
        kind: 'poll',
        id: identity.name,
        type: identity.type,
        up: true,
        at: now,
        duration: millis(0),
        lastSuccess: taken > 0 ? now : (before?.lastSuccess ?? null),
        error: last ?? before?.error ?? null,
        requests: taken + refused,
        bytesRead: bytes(0),
        polls: (before?.polls ?? 0) + taken + refused,
        failures: (before?.failures ?? 0) + refused,
      }
      taken = 0
      refused = 0
      last = null
      return fact
    },
  }
}
