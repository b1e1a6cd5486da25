// Silences: who may set, change and end them, and which of them mute an alert now.
import { randomUUID } from 'node:crypto'
import { ConfigError } from '../model/errors.ts'
import type { SilenceFact } from '../model/notice.ts'
import type { Labels, Matcher } from '../model/series.ts'
import { type Timestamp, DAY, plus, millis } from '../model/units.ts'
import { type Matchers, compileMatchers } from './matcher.ts'
import type { Memory } from './memory.ts'
import { type SilenceState, mutesNow, silenceState } from './mute.ts'
import type { TimeIntervals } from './time-interval.ts'

const MAX_SILENCES = 10_000
const MAX_MATCHERS = 100
const MAX_COMMENT = 4_096
/** An acknowledgement ends with its alert, and in any case after this. */
const LONGEST_ACK = millis(30 * DAY)
/** How long an expired silence is still shown. */
const KEEP_EXPIRED = millis(5 * DAY)

export interface SilenceInput {
  /** To change an existing one. */
  readonly id?: string | undefined
  readonly matchers: readonly Matcher[]
  readonly startsAt: Timestamp
  readonly endsAt: Timestamp
  readonly createdBy: string
  readonly comment: string
  readonly during?: readonly string[] | undefined
  readonly untilResolved?: boolean | undefined
  readonly annotations?: Labels | undefined
}

export interface Silences {
  /** Durable when it returns its id; throws ConfigError for what cannot be, and whatever the store throws. */
  set(input: SilenceInput, now: Timestamp): string
  /** Ends it; false where there is none, or it is over already. Durable when it returns. */
  expire(id: string, now: Timestamp): boolean
  get(id: string): SilenceFact | undefined
  list(): readonly SilenceFact[]
  /** The ids of silences that mute these labels now. */
  muting(labels: Labels, now: Timestamp): string[]
  /** Ends silences whose alerts are over, lets go of those that ended long ago. */
  maintain(firing: Iterable<Labels>, now: Timestamp): void
}

export function createSilences(memory: Memory, intervals: TimeIntervals): Silences {
  const compiled = new WeakMap<SilenceFact, Matchers>()
  const matchersOf = (fact: SilenceFact): Matchers => {
    const known = compiled.get(fact)
    if (known !== undefined) return known
    const made = compileMatchers(fact.matchers)
    compiled.set(fact, made)
    return made
  }

  return {
    set(input, now) {
      check(input, intervals, now, memory.silences.size)
      const old = input.id === undefined ? undefined : memory.silences.get(input.id)
      if (input.id !== undefined && old === undefined) throw new ConfigError(`silence ${input.id} not found`)
      const fact: SilenceFact = {
        kind: 'silence',
        id: randomUUID(),
        matchers: input.matchers,
        startsAt: Math.max(input.startsAt, now) as Timestamp,
        endsAt: input.endsAt,
        createdBy: input.createdBy,
        comment: input.comment,
        updatedAt: now,
        during: input.during ?? [],
        untilResolved: input.untilResolved ?? false,
        matched: false,
        annotations: input.annotations ?? {},
      }
      if (old !== undefined && sameSilence(old, input, now)) {
        memory.commit(
          [
            {
              ...fact,
              id: old.id,
              startsAt: silenceState(old, now) === 'active' ? old.startsAt : fact.startsAt,
              matched: old.matched,
            },
          ],
          now,
        )
        return old.id
      }
      const ended = old !== undefined && silenceState(old, now) !== 'expired' ? [endedAt(old, now)] : []
      memory.commit([...ended, fact], now)
      return fact.id
    },
    expire(id, now) {
      const fact = memory.silences.get(id)
      if (fact === undefined || silenceState(fact, now) === 'expired') return false
      memory.commit([endedAt(fact, now)], now)
      return true
    },
    get: (id) => memory.silences.get(id),
    list: () => [...memory.silences.values()],
    muting: (labels, now) =>
      [...memory.silences.values()]
        .filter((fact) => mutesNow(fact, intervals, now) && matchersOf(fact).matches(labels))
        .map(({ id }) => id),
    maintain(firing, now) {
      let alerts: readonly Labels[] | undefined
      for (const fact of memory.silences.values()) {
        const state = silenceState(fact, now)
        if (state === 'expired' && plus(fact.endsAt, KEEP_EXPIRED) <= now) memory.remove('silence', fact.id)
        if (!fact.untilResolved || state !== 'active') continue
        alerts ??= [...firing]
        const matches = alerts.some((labels) => matchersOf(fact).matches(labels))
        if (matches && !fact.matched) memory.put({ ...fact, matched: true })
        if (!matches && fact.matched) memory.put(endedAt(fact, now))
      }
    },
  }
}

/** An acknowledgement: this alert is being worked on, say nothing more until it is over. */
export const acknowledgement = (
  labels: Labels,
  by: string,
  comment: string,
  now: Timestamp,
): SilenceInput => ({
  matchers: Object.entries(labels).map(([name, value]) => ({ name, op: '=', value })),
  startsAt: now,
  endsAt: plus(now, LONGEST_ACK),
  createdBy: by,
  comment: comment === '' ? 'acknowledged' : comment,
  untilResolved: true,
  annotations: { acknowledged: 'true' },
})

/** Ends now; a pending one never starts. */
const endedAt = (fact: SilenceFact, now: Timestamp): SilenceFact => ({
  ...fact,
  startsAt: Math.min(fact.startsAt, now) as Timestamp,
  endsAt: now,
  updatedAt: now,
})

/** What may change in place, as in Alertmanager: not the matchers, not a start that has passed, nothing that is over. */
function sameSilence(old: SilenceFact, input: SilenceInput, now: Timestamp): boolean {
  const state: SilenceState = silenceState(old, now)
  if (state === 'expired') return false
  if (compileMatchers(old.matchers).text !== compileMatchers(input.matchers).text) return false
  return state === 'active'
    ? Math.floor(old.startsAt / 1000) === Math.floor(input.startsAt / 1000)
    : input.startsAt >= now
}

function check(input: SilenceInput, intervals: TimeIntervals, now: Timestamp, count: number): void {
  if (count >= MAX_SILENCES)
    throw new ConfigError(`there are ${count} silences; the limit is ${MAX_SILENCES}`)
  if (input.matchers.length === 0) throw new ConfigError('a silence needs at least one matcher')
  if (input.matchers.length > MAX_MATCHERS)
    throw new ConfigError(`a silence with ${input.matchers.length} matchers; the limit is ${MAX_MATCHERS}`)
  const matchers = compileMatchers(input.matchers)
  if (input.matchers.every((matcher) => compileMatchers([matcher]).matches({}))) {
    throw new ConfigError(
      `${matchers.text}: at least one matcher must not match the empty string, or everything would be silent`,
    )
  }
  if (!(input.startsAt < input.endsAt)) throw new ConfigError('the end of a silence must be after its start')
  if (input.endsAt <= now) throw new ConfigError('the end of a silence cannot be in the past')
  if (input.comment.length > MAX_COMMENT)
    throw new ConfigError(`a comment of ${input.comment.length} characters; the limit is ${MAX_COMMENT}`)
  for (const name of input.during ?? []) {
    if (!intervals.has(name))
      throw new ConfigError(
        `the time interval ${name} is not defined; known are ${[...intervals.keys()].join(', ') || 'none'}`,
      )
  }
}
