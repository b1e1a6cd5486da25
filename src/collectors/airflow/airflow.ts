// Apache Airflow 3.x and 2.x: DAGs, runs, task instances, import errors and health over its REST API.
import picomatch from 'picomatch'
import { z } from 'zod'
import type { Io } from '../../io/io.ts'
import { isAbsent } from '../../io/json-api.ts'
import { objectOf, stringOf } from '../../formats/json.ts'
import { explainError, reasonOf } from '../../model/errors.ts'
import type { Fact, ProblemFact } from '../../model/facts.ts'
import { Duration } from '../../model/fields.ts'
import { SecretText } from '../../model/secret.ts'
import { type RunReport, isResult } from '../../model/run-facts.ts'
import { HOUR, MINUTE, type Timestamp, millis, readableDuration, timestamp } from '../../model/units.ts'
import { type Ask, type SourceIdentity, defineCollector } from '../collector.ts'
import { Login } from '../login.ts'
import { type AirflowApi, type Row, createAirflowApi } from './airflow-api.ts'
import { TaskErrors } from './airflow-errors.ts'
import { type Origin, dagFact, lostRun, runReport, taskFacts } from './airflow-facts.ts'

/** Rows become visible when they are committed, later than the time they carry; schedulers have clocks of their own. */
const OVERLAP = millis(2 * MINUTE)
const DAGS_EVERY = millis(5 * MINUTE)
/** Open runs that a poll did not meet and asks for by name. */
const ASKED_BY_NAME = 20
/** Open runs that are followed. */
const OPEN_KEPT = 1_000
const SKEW = millis(MINUTE)
/** A scheduler that did not say for this long that it lives does not. */
const HEARTBEAT = millis(2 * MINUTE)
const PROBLEMS = 100

export const airflow = defineCollector({
  type: 'airflow',
  Config: z.strictObject({
    url: z.url().describe('Where its web pages are, e.g. https://airflow.example.com'),
    auth: z
      .union([Login, z.strictObject({ token: SecretText })])
      .optional()
      .describe('A user that may view DAGs and runs, or a token. Absent: whoever asks may.'),
    namespace: z.string().min(1).prefault('default').describe('OpenLineage namespace of its jobs.'),
    dags: z.array(z.string().min(1)).prefault(['*']).describe('Globs on DAG ids.'),
    history: Duration(HOUR).prefault('1d').describe('How far back runs are read when it is first connected.'),
  }),
  connect(identity, config, io) {
    const watch = new AirflowWatch(identity, config, io)
    return { mode: 'poll', poll: (ask) => watch.poll(ask) }
  },
})
type AirflowConfig = z.output<typeof airflow.Config>

interface Cursor {
  /** Everything updated before this, by the server's clock, was read. */
  readonly since: Timestamp
  /** `dag\nrun` of runs that were not over. */
  readonly open: readonly string[]
}

class AirflowWatch {
  readonly #origin: Omit<Origin, 'now'>
  readonly #config: AirflowConfig
  readonly #api: AirflowApi
  readonly #wanted: (dag: string) => boolean
  readonly #errors: TaskErrors
  #dagsAt: Timestamp | undefined

  constructor({ name }: SourceIdentity, config: AirflowConfig, io: Io) {
    const url = config.url.replace(/\/+$/, '')
    this.#config = config
    this.#origin = { source: name, namespace: config.namespace, url }
    this.#api = createAirflowApi({ url, auth: config.auth, io })
    this.#errors = new TaskErrors((task, signal) => this.#api.log(task, signal))
    this.#wanted = picomatch(config.dags)
  }

  async *poll(ask: Ask): AsyncGenerator<Fact> {
    const cursor = readCursor(ask.cursor) ?? { since: timestamp(ask.now - this.#config.history), open: [] }
    const origin = { ...this.#origin, now: ask.now }
    const { version, date } = await this.#api.detect(ask.signal)
    const lower = timestamp(cursor.since - OVERLAP)
    yield* this.#health(date, ask)
    if (this.#dagsAt === undefined || ask.now - this.#dagsAt >= DAGS_EVERY) {
      yield* this.#dags(origin, ask)
      this.#dagsAt = ask.now
    }
    const open = new Set(cursor.open)
    const met = new Set<string>()
    for await (const row of this.#api.runs(lower, ask.signal)) {
      const report = this.#take(row, origin, version)
      if (report !== undefined) yield follow(report, open, met)
    }
    this.#errors.begin()
    for await (const row of this.#api.taskInstances(lower, ask.signal)) {
      if (!this.#wanted(stringOf(row['dag_id']) ?? '')) continue
      yield* taskFacts(row, origin, await this.#errors.of(row, ask.signal))
    }
    yield* this.#unmet(open, met, origin, version, ask)
    // The server's clock at the first request: what was updated since is read by the next poll.
    const next: Cursor = { since: date ?? ask.now, open: [...open].slice(-OPEN_KEPT) }
    yield { kind: 'cursor', id: origin.source, value: JSON.stringify(next) }
  }

  #take(row: Row, origin: Origin, version: number): RunReport | undefined {
    return this.#wanted(stringOf(row['dag_id']) ?? '') ? runReport(row, origin, version) : undefined
  }

  async *#dags(origin: Origin, ask: Ask): AsyncGenerator<Fact> {
    const pipelineIds: string[] = []
    for await (const row of this.#api.dags(ask.signal)) {
      const fact = dagFact(row, origin)
      if (fact === undefined || !this.#wanted(fact.name)) continue
      pipelineIds.push(fact.id)
      yield fact
    }
    yield { kind: 'pipeline-inventory', id: origin.source, source: origin.source, at: ask.now, pipelineIds }
  }

  /** Runs that were open and are in no answer: asked for by name. One that is gone is lost, not a success. */
  async *#unmet(
    open: Set<string>,
    met: ReadonlySet<string>,
    origin: Origin,
    version: number,
    ask: Ask,
  ): AsyncGenerator<Fact> {
    for (const key of [...open].filter((one) => !met.has(one)).slice(0, ASKED_BY_NAME)) {
      const [dag, run] = key.split('\n') as [string, string]
      open.delete(key)
      const row = await this.#api.run(dag, run, ask.signal)
      const report = row === undefined ? lostRun(dag, run, origin) : this.#take(row, origin, version)
      // Still open: to the end of the line, so that all are asked for in turn.
      if (report !== undefined) yield follow(report, open, new Set())
    }
  }

  async *#health(date: Timestamp | null, ask: Ask): AsyncGenerator<Fact> {
    const skew = date === null ? 0 : ask.now - date
    if (Math.abs(skew) > SKEW) {
      const much = readableDuration(millis(Math.abs(skew)))
      const message = `our clock is ${much} ${skew > 0 ? 'ahead of' : 'behind'} the clock of ${this.#origin.url}`
      yield this.#problem('clock', 'internal', `${message}; ages and delays are wrong by that much`, ask.now)
    }
    try {
      yield* this.#schedulers(objectOf(await this.#api.health(ask.signal)), date ?? ask.now, ask.now)
      let count = 0
      for await (const row of this.#api.importErrors(ask.signal)) {
        if ((count += 1) > PROBLEMS) break
        const file = stringOf(row['filename']) ?? 'a file'
        const trace = (stringOf(row['stack_trace']) ?? '').trim()
        const last = trace.split('\n').at(-1) ?? ''
        yield this.#problem(`import ${file}`, 'corrupt', `Airflow cannot import ${file}: ${last}`, ask.now)
      }
    } catch (error) {
      // What this user may not see, or this version does not have, keeps nobody from reading runs.
      if (!isAbsent(error)) throw error
      yield this.#problem('health', reasonOf(error), explainError(error), ask.now)
    }
  }

  *#schedulers(health: Row, there: Timestamp, now: Timestamp): Generator<Fact> {
    for (const part of ['metadatabase', 'scheduler', 'triggerer', 'dag_processor']) {
      const state = objectOf(health[part])
      const status = stringOf(state['status'])
      const beat = Date.parse(stringOf(state[`latest_${part}_heartbeat`]) ?? '')
      const late = Number.isFinite(beat) && there - beat > HEARTBEAT
      if (status === 'unhealthy' || (late && status !== null)) {
        const since = Number.isFinite(beat) ? `, last seen ${new Date(beat).toISOString()}` : ''
        yield this.#problem(part, 'unreachable', `the ${part} of Airflow is not healthy${since}`, now)
      }
    }
  }

  #problem(subject: string, reason: ProblemFact['reason'], message: string, now: Timestamp): ProblemFact {
    const { source } = this.#origin
    const id = `${source}/${subject}`
    return {
      kind: 'problem',
      id,
      source,
      subject,
      tableId: null,
      reason,
      message,
      since: now,
      resolved: null,
    }
  }
}

function follow(report: RunReport, open: Set<string>, met: Set<string>): RunReport {
  const key = `${report.of.name}\n${report.runId}`
  met.add(key)
  open.delete(key)
  if (!isResult(report.state) && report.endedAt === null) open.add(key)
  return report
}

function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined
  try {
    const { since, open } = JSON.parse(text) as { since?: unknown; open?: unknown }
    if (typeof since !== 'number') return undefined
    return {
      since: timestamp(since),
      open: Array.isArray(open) ? open.filter((one) => typeof one === 'string') : [],
    }
  } catch {
    return undefined
  }
}
