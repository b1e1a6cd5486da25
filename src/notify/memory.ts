// Everything notifications must not forget: in memory for speed, in the store before anything is promised.
import { explainError } from '../model/errors.ts'
import type {
  AlertFact,
  AlertGroupFact,
  DisabledReceiverFact,
  NotifyFact,
  OutboxFact,
  SilenceFact,
} from '../model/notice.ts'
import type { Gone, Store } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'

/** Events that wait while the store refuses writes; beyond this the oldest are let go and counted. */
const MAX_UNSAVED_EVENTS = 10_000

export type NotifyStore = Pick<Store, 'facts' | 'record'>

interface Entities {
  readonly alert: AlertFact
  readonly 'alert-group': AlertGroupFact
  readonly outbox: OutboxFact
  readonly silence: SilenceFact
  readonly 'disabled-receiver': DisabledReceiverFact
}
type EntityKind = keyof Entities
type EventFact = Exclude<NotifyFact, Entities[EntityKind]>

export interface Memory {
  readonly alerts: ReadonlyMap<string, AlertFact>
  readonly groups: ReadonlyMap<string, AlertGroupFact>
  readonly outbox: ReadonlyMap<string, OutboxFact>
  readonly silences: ReadonlyMap<string, SilenceFact>
  readonly disabled: ReadonlyMap<string, DisabledReceiverFact>
  /** Takes effect now, is durable with the next save. */
  put(fact: Entities[EntityKind]): void
  /** Takes effect now and need not survive. */
  note(fact: AlertFact): void
  remove(kind: EntityKind, id: string): void
  happened(event: EventFact): void
  /**
   * Writes what changed, in one transaction. A store that refuses (a full disk) stops no page: the change stays in
   * memory, is written with the next save, and `failing` says so.
   */
  save(at: Timestamp): void
  /** Like put and save, but throws, with nothing changed, when it cannot be made durable: for what we acknowledge. */
  commit(facts: readonly Entities[EntityKind][], at: Timestamp): void
  readonly failing: string | null
  readonly lostEvents: number
}

export function openMemory(store: NotifyStore): Memory {
  const load = <K extends EntityKind>(kind: K) =>
    new Map((store.facts(kind) as readonly Entities[K][]).map((fact) => [fact.id, fact]))
  const kinds = {
    alert: load('alert'),
    'alert-group': load('alert-group'),
    outbox: load('outbox'),
    silence: load('silence'),
    'disabled-receiver': load('disabled-receiver'),
  }
  const mapOf = (kind: EntityKind) => kinds[kind] as Map<string, Entities[EntityKind]>
  const changed = new Map<string, Entities[EntityKind]>()
  const gone = new Map<string, Gone>()
  let events: EventFact[] = []
  let failing: string | null = null
  let lostEvents = 0

  const put = (fact: Entities[EntityKind]): void => {
    mapOf(fact.kind).set(fact.id, fact)
    changed.set(`${fact.kind} ${fact.id}`, fact)
    gone.delete(`${fact.kind} ${fact.id}`)
  }

  return {
    alerts: kinds.alert,
    groups: kinds['alert-group'],
    outbox: kinds.outbox,
    silences: kinds.silence,
    disabled: kinds['disabled-receiver'],
    put,
    note: (fact) => void kinds.alert.set(fact.id, fact),
    remove(kind, id) {
      mapOf(kind).delete(id)
      changed.delete(`${kind} ${id}`)
      gone.set(`${kind} ${id}`, { kind, id })
    },
    happened(event) {
      events.push(event)
      if (events.length > MAX_UNSAVED_EVENTS) {
        events.shift()
        lostEvents += 1
      }
    },
    save(at) {
      if (changed.size === 0 && gone.size === 0 && events.length === 0) return
      try {
        store.record([...changed.values(), ...events], at, [...gone.values()])
      } catch (error) {
        failing = explainError(error)
        return
      }
      changed.clear()
      gone.clear()
      events = []
      failing = null
    },
    commit(facts, at) {
      store.record(facts, at)
      for (const fact of facts) {
        mapOf(fact.kind).set(fact.id, fact)
        // An older version that still waits to be saved must not overwrite this one.
        changed.delete(`${fact.kind} ${fact.id}`)
      }
    },
    get failing() {
      return failing
    },
    get lostEvents() {
      return lostEvents
    },
  }
}
