// One poll of one source: ask, settle, record, and say how it went.
import type { Source } from '../collectors/collector.ts'
import type { Clock } from '../io/clock.ts'
import type { Log } from '../io/log.ts'
import { conclude, settle } from '../ledger/ledger.ts'
import { StoreError, explainError, reasonOf } from '../model/errors.ts'
import type { Fact, ProblemFact } from '../model/facts.ts'
import type { Store } from '../model/store.ts'
import { type Timestamp, bytes, millis } from '../model/units.ts'

/** Facts recorded in one transaction: what is read first is safe first, and memory stays bounded. */
const BATCH = 2_000

export interface PolledSource {
  readonly name: string
  readonly type: string
  readonly poll: Extract<Source, { mode: 'poll' }>['poll']
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  /** Aborts when the poll takes too long. */
  readonly signal: AbortSignal
  /** Aborts when the daemon ends. */
  readonly ending: AbortSignal
  /** Requests made and bytes read since start. */
  readonly objects: () => { requests: number; bytes: number }
}

/** False when what the source told could not be recorded; a source that fails is recorded as a problem. */
export async function pollSource(polled: PolledSource, now: Timestamp): Promise<boolean> {
  const { name, store, clock, log, signal } = polled
  const id = `${name}@${now}`
  const started = clock.monotonic()
  const problems = new Set<string>()
  const cursor = store.facts('cursor', { id: name })[0]?.value
  let inventory: readonly string[] | undefined
  let error: unknown
  let facts = 0
  let batch: Fact[] = []
  try {
    for await (const fact of polled.poll({ now, cursor, signal })) {
      facts += 1
      if (fact.kind === 'problem') problems.add(fact.id)
      if (fact.kind === 'inventory') inventory = fact.tableIds
      if (batch.push(fact) >= BATCH) {
        store.record(settle(batch, store), now)
        batch = []
      }
    }
  } catch (thrown) {
    // What was yielded before the throw is kept; when the daemon is ending the poll says nothing about the source.
    if (polled.ending.aborted) return true
    if (thrown instanceof StoreError) return notRecorded(log, id, thrown)
    error = thrown
  }
  const length = millis(Math.round(clock.monotonic() - started))
  try {
    store.record(settle(batch, store), now)
    const end = error === undefined ? conclude({ source: name, problems, inventory }, store, now) : []
    store.record([...end, ...outcome(polled, { now, length, error })], now)
  } catch (thrown) {
    if (thrown instanceof StoreError) return notRecorded(log, id, thrown)
    throw thrown
  }
  const fields = { source: name, poll: id, facts, problems: problems.size, ms: length }
  if (error === undefined) log.debug(fields, 'polled')
  else log.warn({ ...fields, error: explainError(error) }, 'poll failed')
  return true
}

function notRecorded(log: Log, poll: string, error: StoreError): false {
  log.error(
    { poll, error: explainError(error) },
    'what the source told could not be recorded; it is read again',
  )
  return false
}

function outcome(
  { name, type, store, objects }: PolledSource,
  { now, length, error }: { now: Timestamp; length: ReturnType<typeof millis>; error: unknown },
): Fact[] {
  const before = store.facts('poll', { id: name })[0]
  const read = objects()
  const failed = error !== undefined
  const poll: Fact = {
    kind: 'poll',
    id: name,
    type,
    up: !failed,
    at: now,
    duration: length,
    lastSuccess: failed ? (before?.lastSuccess ?? null) : now,
    error: failed ? explainError(error) : null,
    requests: read.requests,
    bytesRead: bytes(read.bytes),
    polls: (before?.polls ?? 0) + 1,
    failures: (before?.failures ?? 0) + (failed ? 1 : 0),
  }
  if (!failed) return [poll]
  const problem: ProblemFact = {
    kind: 'problem',
    id: `${name}/`,
    source: name,
    subject: '',
    tableId: null,
    reason: reasonOf(error),
    message: explainError(error),
    since: now,
    resolved: null,
  }
  return [poll, ...settle([problem], store)]
}
