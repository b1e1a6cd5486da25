// A world for notifications: a clock that a test moves, a store in memory that can be reopened or refuse, a recorded HTTP.
import type { Clock } from '../../src/io/clock.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from '../../src/io/http.ts'
import type { Log } from '../../src/io/log.ts'
import type { Alert } from '../../src/model/alert.ts'
import { EVENT_KINDS, type Fact } from '../../src/model/facts.ts'
import type { FactReader, Store } from '../../src/model/store.ts'
import { type Millis, type Timestamp, millis, plus, timestamp } from '../../src/model/units.ts'
import { parseNotifyConfig } from '../../src/config/config.ts'
import { type Notifier, createNotifier } from '../../src/notify/notify.ts'

export const START = timestamp(Date.UTC(2026, 4, 4, 8, 0, 0))
export const at = (seconds: number): Timestamp => plus(START, millis(seconds * 1000))

export interface TestClock extends Clock {
  set(now: Timestamp): void
  /** Somebody sets the wall clock; time itself does not move. */
  step(by: Millis): void
}

export function testClock(): TestClock {
  let wall: number = START
  let steady = 0
  return {
    now: () => timestamp(wall),
    monotonic: () => millis(steady),
    sleep: () => Promise.resolve(),
    set(now) {
      steady += now - wall
      wall = now
    },
    step(by) {
      wall += by
    },
  }
}

export interface TestStore extends Pick<Store, 'facts' | 'record'> {
  refusing: string | null
  readonly writes: number
}

/** Keeps facts as a store does, as JSON, so that nothing survives by being the same object. */
export function testStore(): TestStore {
  const entities = new Map<string, string>()
  const events = new Map<string, string>()
  const store: TestStore & { writes: number } = {
    refusing: null,
    writes: 0,
    record(facts: readonly Fact[], _at: Timestamp, gone = []) {
      if (store.refusing !== null) throw new Error(store.refusing)
      store.writes += 1
      for (const fact of facts) {
        const target = (EVENT_KINDS as readonly string[]).includes(fact.kind) ? events : entities
        target.set(`${fact.kind} ${(fact as { id: string }).id}`, JSON.stringify(fact))
      }
      for (const { kind, id } of gone) entities.delete(`${kind} ${id}`)
    },
    facts: ((kind, where = {}) => {
      const all = [...entities, ...events]
        .filter(([key]) => key.startsWith(`${kind} `))
        .map(([, text]) => JSON.parse(text) as never)
      return where.limit === undefined ? all : all.toReversed().slice(0, where.limit)
    }) as FactReader['facts'],
  }
  return store
}

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
} as unknown as Log

export interface Call {
  readonly at: Timestamp
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Behaviour = (call: Call, signal: AbortSignal) => HttpAnswer | Promise<HttpAnswer>

export const answer = (status: number, text = '', headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers,
  text,
  body: Buffer.from(text),
})

export interface World {
  readonly clock: TestClock
  readonly store: TestStore
  readonly calls: Call[]
  notifier: Notifier
  behave: Behaviour
  /** Moves time in steps of a second, flushing at each; deliveries settle in between. */
  until(seconds: number): Promise<void>
  push(seconds: number, ...alerts: Alert[]): Promise<void>
  /** kill -9 and start again. */
  restart(config?: string): void
  /** `+2s firing: a b | resolved: c` for each webhook call since the last look. */
  told(): string[]
}

export function createWorld(config: string): World {
  const clock = testClock()
  const store = testStore()
  const calls: Call[] = []
  let running = new AbortController()
  let seen = 0
  const http: HttpClient = async (request: HttpRequest) => {
    const call = {
      at: clock.now(),
      url: String(request.url),
      headers: request.headers ?? {},
      body: String(request.body ?? ''),
    }
    const given = await world.behave(call, request.signal)
    calls.push(call)
    return given
  }
  const open = (text: string) =>
    createNotifier({
      config: parseNotifyConfig('notify.yml', text),
      store,
      io: { clock, log: silentLog },
      random: () => 0.5,
      files: { read: (file) => `content of ${file}`, find: (pattern) => [pattern] },
      http,
    })
  const world: World = {
    clock,
    store,
    calls,
    behave: () => answer(200, 'ok'),
    notifier: undefined as never,
    async until(seconds) {
      while (clock.now() < at(seconds)) {
        clock.set(timestamp(Math.min(clock.now() + 1000, at(seconds))))
        world.notifier.flush(clock.now(), running.signal)
        await settle()
      }
    },
    async push(seconds, ...alerts) {
      await world.until(seconds)
      world.notifier.take(alerts, clock.now())
    },
    restart(text = config) {
      running.abort()
      running = new AbortController()
      world.notifier = open(text)
    },
    told() {
      const fresh = calls.slice(seen)
      seen = calls.length
      return fresh.map(tellOf)
    },
  }
  world.notifier = open(config)
  return world
}

/** Lets promises of deliveries that answer at once run to their end. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await Promise.resolve()
}

interface Payload {
  readonly alerts: ReadonlyArray<{
    readonly status: string
    readonly labels: Readonly<Record<string, string>>
  }>
}

export function tellOf(call: Call): string {
  const payload = JSON.parse(call.body) as Payload
  const names = (status: string) =>
    payload.alerts
      .filter((alert) => alert.status === status)
      .map(({ labels }) => `${labels['alertname']}${labels['i'] ?? ''}`)
      .toSorted()
      .join(' ')
  const parts = ['firing', 'resolved']
    .filter((status) => names(status) !== '')
    .map((status) => `${status}: ${names(status)}`)
  return `+${(call.at - START) / 1000}s ${parts.join(' | ')}`
}

export const firing = (name: string, labels: Record<string, string> = {}, startsAt = START): Alert => ({
  labels: { alertname: name, ...labels },
  annotations: {},
  startsAt,
  endsAt: null,
  updatedAt: startsAt,
  generatorUrl: '',
  value: 1,
  noData: false,
})

export const resolved = (name: string, endsAt: Timestamp, labels: Record<string, string> = {}): Alert => ({
  ...firing(name, labels),
  endsAt,
  updatedAt: endsAt,
})
