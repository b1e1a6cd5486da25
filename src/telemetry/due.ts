// What a collector is still to be told: runs that ended, alerts that began or ended.
import type { Fact } from '../model/facts.ts'
import type { AlertDueFact, AlertFact } from '../model/notice.ts'
import { type RunFact, type TraceDueFact, isResult } from '../model/run-facts.ts'
import type { FactReader, Gone, Store } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'

/** What waits for whoever is down, of each kind; beyond that the newest is not kept, and that is said. */
const WAITING = 100_000

export interface Wanted {
  readonly traces: boolean
  readonly alerts: boolean
}
type DueFact = TraceDueFact | AlertDueFact

/**
 * A store that notes what is due in the transaction that records what happened: a crash in between loses nothing and
 * tells nothing under another id.
 */
export function notingDue(store: Store, wanted: Wanted, dropped: (kind: DueFact['kind']) => void): Store {
  const record = (facts: readonly Fact[], at: Timestamp, gone: readonly Gone[] = []): void => {
    const traces = wanted.traces ? facts.flatMap((fact) => traceDue(store, fact, at)) : []
    const alerts = wanted.alerts ? facts.flatMap((fact) => alertDue(store, fact, at)) : []
    store.record([...facts, ...fitting(store, traces, dropped), ...fitting(store, alerts, dropped)], at, gone)
  }
  return Object.assign(Object.create(store) as Store, { record })
}

/** How many more of a kind may wait. */
export const roomFor = (known: FactReader, kind: DueFact['kind'] | 'metric-due'): number =>
  Math.max(0, WAITING - known.facts(kind).length)

function fitting<F extends DueFact>(
  store: Store,
  fresh: readonly F[],
  dropped: (kind: DueFact['kind']) => void,
): readonly F[] {
  const [first] = fresh
  if (first === undefined) return fresh
  const room = roomFor(store, first.kind)
  for (const { kind } of fresh.slice(room)) dropped(kind)
  return fresh.slice(0, room)
}

function traceDue(store: Store, fact: Fact, at: Timestamp): TraceDueFact[] {
  if (!endsNow(store, fact)) return []
  const { id: run, attempt } = fact
  return [{ kind: 'trace-due', id: `${run}#${attempt}`, run, attempt, at }]
}

/** An attempt of a run is over, and was not when it was last recorded. */
export function endsNow(store: FactReader, fact: Fact): fact is RunFact {
  if (fact.kind !== 'run' || !isEnded(fact)) return false
  const [before] = store.facts('run', { id: fact.id })
  return before === undefined || before.attempt !== fact.attempt || !isEnded(before)
}

const isEnded = (run: RunFact): boolean => run.reported && isResult(run.state) && run.endedAt !== null

function alertDue(store: Store, fact: Fact, at: Timestamp): AlertDueFact[] {
  if (fact.kind !== 'alert') return []
  const [before] = store.facts('alert', { id: fact.id })
  // An alert that is over before it was ever seen began and ended unseen: only its end is told.
  if (before !== undefined && statusOf(before) === statusOf(fact)) return []
  return [{ kind: 'alert-due', id: `${fact.id}@${at}`, fingerprint: fact.id, alert: fact.alert, at }]
}

const statusOf = ({ alert }: AlertFact): string =>
  alert.endsAt === null ? `firing since ${alert.startsAt}` : 'resolved'
