// Empties the outbox: in order for each group, a few groups at once for each integration, no integration waits for another.
import type { Clock } from '../io/clock.ts'
import type { Log } from '../io/log.ts'
import { explainError, SourceError } from '../model/errors.ts'
import type { DeliveryResult, OutboxFact } from '../model/notice.ts'
import { type Millis, type Timestamp, SECOND, between, millis, plus, timestamp } from '../model/units.ts'
import type { Memory } from './memory.ts'
import type { Figures } from './figures.ts'
import { type Failure, type Send, SendError } from './receivers/receiver.ts'
import { nextTry, pauseAfter } from './retry.ts'

/** Messages under way to one integration at the same time. */
const AT_ONCE = 4
/** An attempt that takes longer is aborted and counts as failed, whether its receiver heeds the abort or not. */
const ATTEMPT_LIMIT = millis(30 * SECOND)
/** Notices that may wait for one integration; decisions beyond that are put off. */
export const QUEUE_LIMIT = 10_000

export interface Integration {
  /** `<receiver>/<key>` */
  readonly id: string
  readonly receiver: string
  /** `webhook[0]` */
  readonly key: string
  readonly sendResolved: boolean
  readonly send: Send
  /** Hash of its configuration. */
  readonly config: string
}

interface Line {
  readonly integration: Integration
  /** Waiting notices by group, oldest first; only the first may be sent. */
  readonly lanes: Map<string, OutboxFact[]>
  readonly underWay: Map<string, { since: Timestamp; readonly abandon: () => void }>
  /** Notices in all lanes. */
  waiting: number
  /** In a row. */
  failures: number
  pausedUntil: Timestamp | null
}

const NOT_CONFIGURED = 'its receiver is no longer configured'
const CLOSED = 'its receiver asked not to be called again'

export class Delivery {
  readonly #memory: Memory
  readonly #clock: Clock
  readonly #random: () => number
  readonly #figures: Figures
  readonly #log: Log
  readonly #lines: ReadonlyMap<string, Line>
  readonly #running = new Set<Promise<void>>()

  constructor(
    integrations: readonly Integration[],
    parts: {
      readonly memory: Memory
      readonly clock: Clock
      readonly random: () => number
      readonly figures: Figures
      readonly log: Log
    },
  ) {
    this.#memory = parts.memory
    this.#clock = parts.clock
    this.#random = parts.random
    this.#figures = parts.figures
    this.#log = parts.log
    this.#lines = new Map(
      integrations.map((integration) => [
        integration.id,
        { integration, lanes: new Map(), underWay: new Map(), waiting: 0, failures: 0, pausedUntil: null },
      ]),
    )
    for (const fact of [...this.#memory.outbox.values()].toSorted((a, b) => a.order - b.order))
      this.enqueue(fact)
  }

  enqueue(fact: OutboxFact): void {
    const line = this.#lines.get(`${fact.receiver}/${fact.integration}`)
    if (line === undefined || this.isDisabled(line.integration.id)) {
      return this.#finish(
        fact,
        'dropped',
        line === undefined ? NOT_CONFIGURED : CLOSED,
        this.#clock.now(),
        millis(0),
      )
    }
    line.waiting += 1
    const lane = line.lanes.get(fact.groupId)
    if (lane === undefined) line.lanes.set(fact.groupId, [fact])
    else lane.push(fact)
  }

  /** Starts what is due and aborts what hangs. Returns at once; what was started reports back to memory. */
  start(now: Timestamp, signal: AbortSignal): void {
    for (const line of this.#lines.values()) {
      for (const attempt of line.underWay.values())
        if (plus(attempt.since, ATTEMPT_LIMIT) <= now) attempt.abandon()
      this.#startLine(line, now, signal)
    }
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  #startLine(line: Line, now: Timestamp, signal: AbortSignal): void {
    if (line.pausedUntil !== null && line.pausedUntil > now) return
    // While it fails, one message at a time finds out whether it is back.
    const places = (line.failures > 0 ? 1 : AT_ONCE) - line.underWay.size
    for (const fact of firstDue(line, now, places)) this.#run(line, fact, now, signal)
  }

  #run(line: Line, fact: OutboxFact, now: Timestamp, signal: AbortSignal): void {
    const { promise: abandoned, reject } = Promise.withResolvers<never>()
    const controller = new AbortController()
    const abandon = () => {
      const error = new SourceError('timeout', `no answer within ${ATTEMPT_LIMIT / SECOND} s`, {
        subject: line.integration.id,
      })
      controller.abort(error)
      reject(error)
    }
    line.underWay.set(fact.groupId, { since: now, abandon })
    const attempt = {
      notification: fact.notification,
      memo: fact.memo ?? undefined,
      at: now,
      signal: AbortSignal.any([signal, controller.signal]),
    }
    const work = Promise.race([Promise.try(line.integration.send, attempt), abandoned])
      .then(
        ({ answer, memo }) => this.#delivered(line, fact, answer, memo, now),
        // A shutdown is nobody's failure: the notice stays in the outbox as it is.
        (error: unknown) => (signal.aborted ? undefined : this.#failed(line, fact, error, now)),
      )
      .finally(() => {
        line.underWay.delete(fact.groupId)
        this.#running.delete(work)
        if (!signal.aborted) this.#startLine(line, this.#clock.now(), signal)
      })
    this.#running.add(work)
  }

  #delivered(
    line: Line,
    fact: OutboxFact,
    answer: string,
    memo: string | undefined,
    started: Timestamp,
  ): void {
    const at = this.#clock.now()
    line.failures = 0
    line.pausedUntil = null
    leave(line, fact)
    this.#finish(fact, 'delivered', answer, at, between(started, at))
    this.#figures.delivered(fact.receiver, between(fact.notification.at, at))
    if (memo !== undefined) this.#remember(line, fact, memo)
    if (fact.attempts > 0) this.#toldLate(fact, at)
    this.#memory.save(at)
  }

  /** Who heard of it late is not to hear it again at once: repeats count from here. */
  #toldLate(fact: OutboxFact, at: Timestamp): void {
    const group = this.#memory.groups.get(fact.groupId)
    const told = group?.told[fact.integration]
    if (group === undefined || told === undefined) return
    this.#memory.put({ ...group, told: { ...group.told, [fact.integration]: { ...told, at } } })
  }

  /** The memo goes to the group and to what already waits behind: the group itself may be over by then. */
  #remember(line: Line, fact: OutboxFact, memo: string): void {
    const group = this.#memory.groups.get(fact.groupId)
    if (group !== undefined)
      this.#memory.put({ ...group, memos: { ...group.memos, [fact.integration]: memo } })
    const lane = line.lanes.get(fact.groupId)?.map((next) => ({ ...next, memo }))
    if (lane === undefined) return
    line.lanes.set(fact.groupId, lane)
    for (const next of lane) this.#memory.put(next)
  }

  #failed(line: Line, fact: OutboxFact, error: unknown, started: Timestamp): void {
    const at = this.#clock.now()
    const { failure, retryAfter } = verdictOf(error)
    const answer = explainError(error)
    if (failure === 'retry') {
      line.failures += 1
      line.pausedUntil = plus(at, pauseAfter(line.failures, this.#random(), retryAfter))
    }
    const next = nextTry(
      failure,
      fact.attempts + 1,
      between(fact.notification.at, at),
      this.#random(),
      retryAfter,
    )
    const { id: integration } = line.integration
    if (failure === 'gone') {
      this.#log.error({ integration, error: answer }, 'a receiver asked not to be called again')
      this.#close(line, fact, answer, at, between(started, at))
    } else if ('giveUp' in next) {
      this.#log.error({ integration, error: answer, why: next.giveUp }, 'a notification was given up')
      leave(line, fact)
      this.#finish(fact, 'dropped', `${answer}; given up: ${next.giveUp}`, at, between(started, at))
    } else {
      // Once for each notification: its retries are in `tidemark explain` and counted.
      if (fact.attempts === 0)
        this.#log.warn({ integration, error: answer }, 'a notification was not delivered; it is tried again')
      this.#report(fact, failure, answer, at, between(started, at))
      const later = { ...fact, attempts: fact.attempts + 1, nextAttempt: plus(at, next.tryAgainIn) }
      line.lanes.set(
        fact.groupId,
        (line.lanes.get(fact.groupId) ?? []).map((one) => (one.id === fact.id ? later : one)),
      )
      this.#memory.put(later)
    }
    this.#memory.save(at)
  }

  /** 410: never again, until its configuration changes. */
  #close(line: Line, fact: OutboxFact, answer: string, at: Timestamp, duration: Millis): void {
    const { id, config } = line.integration
    this.#memory.put({ kind: 'disabled-receiver', id, since: at, answer, config })
    this.#report(fact, 'gone', answer, at, duration)
    for (const waiting of [...line.lanes.values()].flat())
      this.#finish(waiting, 'dropped', CLOSED, at, millis(0))
    line.lanes.clear()
    line.waiting = 0
  }

  /** Removes a notice that is done with and records how its last attempt ended. */
  #finish(fact: OutboxFact, result: DeliveryResult, answer: string, at: Timestamp, duration: Millis): void {
    this.#memory.remove('outbox', fact.id)
    this.#report(fact, result, answer, at, duration)
    if (result === 'dropped') this.#figures.lost(fact.receiver)
  }

  #report(fact: OutboxFact, result: DeliveryResult, answer: string, at: Timestamp, duration: Millis): void {
    const { id: notification, groupId, receiver, integration } = fact
    const attempt = fact.attempts + 1
    this.#memory.happened({
      kind: 'delivery',
      id: `${notification}#${attempt}`,
      at,
      notification,
      groupId,
      receiver,
      integration,
      attempt,
      result,
      answer,
      duration,
    })
    this.#figures.attempt(receiver, result)
  }

  waiting(integrationId: string): number {
    return this.#lines.get(integrationId)?.waiting ?? 0
  }

  isWaiting(integrationId: string, groupId: string): boolean {
    return this.#lines.get(integrationId)?.lanes.has(groupId) ?? false
  }

  isDisabled(integrationId: string): boolean {
    const disabled = this.#memory.disabled.get(integrationId)
    return disabled !== undefined && disabled.config === this.#lines.get(integrationId)?.integration.config
  }

  /** Until when a failing integration is left alone; null while it works. */
  pausedUntil(integrationId: string): Timestamp | null {
    return this.#lines.get(integrationId)?.pausedUntil ?? null
  }

  /** When the oldest notice that still waits was decided. */
  oldest(integrationId: string): Timestamp | null {
    const times = this.#lanes(integrationId).map(([first]) => first!.notification.at)
    return times.length === 0
      ? null
      : timestamp(times.reduce((least, next) => Math.min(least, next), Infinity))
  }

  nextDue(): Timestamp | null {
    const times = [...this.#lines.values()].flatMap((line) =>
      [...line.lanes.values()].map(([first]) => Math.max(first!.nextAttempt, line.pausedUntil ?? 0)),
    )
    return times.length === 0
      ? null
      : timestamp(times.reduce((least, next) => Math.min(least, next), Infinity))
  }

  /** All timers move with a stepped wall clock. */
  shift(by: Millis): void {
    for (const line of this.#lines.values()) {
      if (line.pausedUntil !== null) line.pausedUntil = plus(line.pausedUntil, by)
      for (const attempt of line.underWay.values()) attempt.since = plus(attempt.since, by)
      for (const [groupId, lane] of line.lanes) {
        line.lanes.set(
          groupId,
          lane.map((fact) => ({ ...fact, nextAttempt: plus(fact.nextAttempt, by) })),
        )
      }
    }
  }

  #lanes(integrationId: string): OutboxFact[][] {
    return [...(this.#lines.get(integrationId)?.lanes.values() ?? [])]
  }
}

function leave(line: Line, fact: OutboxFact): void {
  const lane = line.lanes.get(fact.groupId) ?? []
  const rest = lane.filter(({ id }) => id !== fact.id)
  line.waiting -= lane.length - rest.length
  if (rest.length === 0) line.lanes.delete(fact.groupId)
  else line.lanes.set(fact.groupId, rest)
}

/** Heads of lanes that are due. While all goes well any will do; after a failure the one that waited longest is tried. */
function firstDue(line: Line, now: Timestamp, places: number): OutboxFact[] {
  const heads: OutboxFact[] = []
  if (places <= 0) return heads
  for (const [groupId, [head]] of line.lanes) {
    if (head!.nextAttempt > now || line.underWay.has(groupId)) continue
    heads.push(head!)
    if (line.failures === 0 && heads.length === places) return heads
  }
  return heads.toSorted((a, b) => a.nextAttempt - b.nextAttempt || a.order - b.order).slice(0, places)
}

function verdictOf(error: unknown): { failure: Failure; retryAfter: Millis | null } {
  if (error instanceof SendError) return error
  // Denied by the egress guard, or a URL we cannot call: it will not get better by itself.
  if (error instanceof SourceError) {
    return {
      failure: ['denied', 'unsupported', 'too-large'].includes(error.reason) ? 'refused' : 'retry',
      retryAfter: null,
    }
  }
  return { failure: 'retry', retryAfter: null }
}
