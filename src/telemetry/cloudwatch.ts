// Finished runs to CloudWatch: what is due is kept with the runs until CloudWatch has taken it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import picomatch from 'picomatch'
import { type CloudWatch, type MetricDatum, VALUES_AT_ONCE } from '../io/cloudwatch.ts'
import { explainError, reasonOf } from '../model/errors.ts'
import type { Fact } from '../model/facts.ts'
import {
  type ExportRefusal,
  type MetricDueFact,
  type MetricExportFact,
  type RunFact,
  isResult,
} from '../model/run-facts.ts'
import type { FactReader, Gone, Store } from '../model/store.ts'
import { DAY, HOUR, SECOND, type Timestamp, millis } from '../model/units.ts'
import { createBackoff, offer } from './attempts.ts'
import { placeOf, valuesOf } from './cloudwatch-data.ts'
import { endsNow, roomFor } from './due.ts'

/** What a run moved may be told after its end: it is written this long after that. */
const SETTLES = millis(30 * SECOND)
/** Ends that CloudWatch takes. */
const OLDEST = millis(14 * DAY)
const NEWEST = millis(2 * HOUR)
/** Runs looked at in one go and written in one round. */
const RUNS = 2_000
/** Namespaces that may be denied in one round before no further one is tried. */
const SHUT = 50
/** A value takes at most this many bytes on the wire, and a request 1 MB. */
const BYTES_A_VALUE = 400
const BYTES_AT_ONCE = 1_000_000

const NOTHING: MetricExportFact = {
  kind: 'metric-export',
  id: 'cloudwatch',
  exportedAt: null,
  runs: 0,
  values: 0,
  refused: {},
  failures: 0,
  failing: null,
}

/** Globs on `<pipeline>` or `<source>/<pipeline>`. */
export interface ExportConfig {
  readonly namespace: string
  readonly pipelines: readonly string[]
  /** Sources that read CloudWatch themselves: writing their runs there would be a circle. */
  readonly except: ReadonlySet<string>
}

/** A store that notes finished runs of wanted pipelines as due, in the transaction that records their end. */
export function notingMetrics(store: Store, { pipelines, except }: ExportConfig): Store {
  const matches = picomatch([...pipelines])
  const wanted = ({ source, pipeline, pipelineId }: RunFact): boolean =>
    !except.has(source) && (matches(pipeline) || matches(pipelineId))
  const record = (facts: readonly Fact[], at: Timestamp, gone: readonly Gone[] = []): void => {
    const ended = facts.filter((fact) => endsNow(store, fact)).filter(wanted)
    store.record(ended.length === 0 ? facts : [...facts, ...dueOf(store, ended, at)], at, gone)
  }
  return Object.assign(Object.create(store) as Store, { record })
}

function dueOf(store: Store, ended: readonly RunFact[], at: Timestamp): Fact[] {
  const room = roomFor(store, 'metric-due')
  const due = ended.slice(0, room).map((run): MetricDueFact => ({
    kind: 'metric-due',
    id: `${run.id}#${run.attempt}`,
    run: run.id,
    attempt: run.attempt,
    at,
  }))
  return ended.length <= room ? due : [...due, refusing(exported(store), 'queue-full', ended.length - room)]
}

export interface MetricExport {
  /** Writes what is due; what CloudWatch does not take stays due. */
  flush(now: Timestamp, signal: AbortSignal): Promise<{ runs: number; error: string | null }>
}

interface Ready {
  readonly due: MetricDueFact
  readonly namespace: string
  readonly values: readonly MetricDatum[]
}

export function createMetricExport(parts: {
  readonly store: Store
  readonly cloudWatch: Pick<CloudWatch, 'write'>
  readonly config: ExportConfig
}): MetricExport {
  const { store, cloudWatch, config } = parts
  const backoff = createBackoff()

  const send = (all: readonly Ready[], now: Timestamp, signal: AbortSignal): Promise<void> =>
    offer(all, {
      send: (batch) => cloudWatch.write(batch[0]!.namespace, valuesIn(batch), signal),
      taken(batch) {
        const before = exported(store)
        settleDue(store, now, dueIn(batch), {
          ...before,
          exportedAt: now,
          runs: before.runs + batch.length,
          values: before.values + valuesIn(batch).length,
          failing: null,
        })
      },
      refused: (one) => settleDue(store, now, [one.due], refusing(exported(store), 'refused', 1)),
    })

  /** What waits for a namespace that is shut holds up no other: further runs are looked at until enough are written. */
  const writeDue = async (
    now: Timestamp,
    signal: AbortSignal,
  ): Promise<{ runs: number; failure: unknown }> => {
    const shut = new Set<string>()
    let failure: unknown
    let runs = 0
    const due = settled(store, now)
    for (let at = 0; at < due.length && runs < RUNS; at += RUNS) {
      const judged = due
        .slice(at, at + RUNS)
        .map((one) => judge(one, { known: store, root: config.namespace, now }))
      refuse(store, now, judged)
      for (const batch of batches(judged.flatMap((one) => one.ready ?? []))) {
        const { namespace } = batch[0]!
        if (shut.has(namespace)) continue
        try {
          await send(batch, now, signal)
          runs += batch.length
        } catch (error) {
          failure ??= error
          // Credentials may allow one namespace and not another; all else is true of all.
          if (signal.aborted || reasonOf(error) !== 'denied') return { runs, failure }
          shut.add(namespace)
          if (shut.size >= SHUT) return { runs, failure }
        }
      }
      await nextTurn()
    }
    return { runs, failure }
  }

  return {
    async flush(now, signal) {
      if (backoff.isWaiting(now)) return { runs: 0, error: null }
      const { runs, failure } = await writeDue(now, signal)
      if (signal.aborted || failure === undefined) {
        if (failure === undefined) backoff.succeeded()
        return { runs, error: null }
      }
      backoff.failed(now)
      const before = exported(store)
      const failing = explainError(failure)
      store.record([{ ...before, failures: before.failures + 1, failing }], now)
      return { runs, error: failing }
    },
  }
}

const dueIn = (batch: readonly Ready[]): readonly MetricDueFact[] => batch.map(({ due }) => due)
const valuesIn = (batch: readonly Ready[]): readonly MetricDatum[] => batch.flatMap(({ values }) => values)

function settleDue(
  store: Store,
  now: Timestamp,
  done: readonly MetricDueFact[],
  fact: MetricExportFact,
): void {
  const gone = done.map(({ id }) => ({ kind: 'metric-due', id }) as const)
  store.record([fact], now, gone)
}

/** One transaction for each reason. */
function refuse(store: Store, now: Timestamp, judged: readonly Judged[]): void {
  for (const [why, all] of Map.groupBy(judged, ({ refusal }) => refusal)) {
    if (why === null) continue
    const due = all.map((one) => one.due)
    settleDue(store, now, due, refusing(exported(store), why, due.length))
  }
}

/** Oldest first. */
const settled = (store: FactReader, now: Timestamp): readonly MetricDueFact[] =>
  store
    .facts('metric-due')
    .filter(({ at }) => now - at >= SETTLES)
    .toSorted((a, b) => a.at - b.at)

interface Judged {
  readonly due: MetricDueFact
  readonly ready: Ready | null
  readonly refusal: ExportRefusal | null
}

function judge(
  due: MetricDueFact,
  { known, root, now }: { known: FactReader; root: string; now: Timestamp },
): Judged {
  const refuse = (refusal: ExportRefusal): Judged => ({ due, ready: null, refusal })
  const [run] = known.facts('run', { id: due.run })
  const end = run === undefined ? null : endOf(run, due.attempt)
  if (run === undefined || end === null) return refuse('forgotten')
  if (now - end > OLDEST) return refuse('too-old')
  if (end - now > NEWEST) return refuse('in-future')
  const place = placeOf(root, run.pipeline)
  if (place === null) return refuse('name')
  // Of an attempt that is past, what it moved is not kept.
  const past = run.pastAttempts.find(({ attempt }) => attempt === due.attempt)
  const told = past === undefined ? run : { ...run, ...past, processed: null, failed: null, bytes: null }
  return {
    due,
    ready: { due, namespace: place.namespace, values: valuesOf(told, end, place.dimensions) },
    refusal: null,
  }
}

function endOf(run: RunFact, attempt: number): Timestamp | null {
  const told = attempt === run.attempt ? run : run.pastAttempts.find((past) => past.attempt === attempt)
  return told !== undefined && isResult(told.state) ? told.endedAt : null
}

/** One namespace each, within what one request may hold. */
function* batches(ready: readonly Ready[]): Generator<readonly Ready[]> {
  const most = Math.min(VALUES_AT_ONCE, Math.floor(BYTES_AT_ONCE / BYTES_A_VALUE))
  for (const all of Map.groupBy(ready, ({ namespace }) => namespace).values()) {
    let batch: Ready[] = []
    let count = 0
    for (const one of all) {
      if (count + one.values.length > most) {
        yield batch
        batch = []
        count = 0
      }
      batch.push(one)
      count += one.values.length
    }
    yield batch
  }
}

const exported = (known: FactReader): MetricExportFact => known.facts('metric-export')[0] ?? NOTHING

const refusing = (fact: MetricExportFact, why: ExportRefusal, runs: number): MetricExportFact => ({
  ...fact,
  refused: { ...fact.refused, [why]: (fact.refused[why] ?? 0) + runs },
})
