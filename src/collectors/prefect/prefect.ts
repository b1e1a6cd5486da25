// Prefect 3, server and Cloud: its event feed says which runs changed, its API how they are now.
import picomatch from 'picomatch'
import { z } from 'zod'
import type { Io } from '../../io/io.ts'
import type { Headers } from '../../io/json-api.ts'
import type { Fact } from '../../model/facts.ts'
import { Duration } from '../../model/fields.ts'
import { SecretText } from '../../model/secret.ts'
import { HOUR, MINUTE, type Timestamp, millis, timestamp } from '../../model/units.ts'
import { type Ask, type SourceIdentity, defineCollector } from '../collector.ts'
import { Login, basicAuth } from '../login.ts'
import { type PrefectApi, type Row, createPrefectApi } from './prefect-api.ts'
import { type Origin, deploymentFact, idOf, runReport, taskFacts } from './prefect-facts.ts'

/** Events are stored some time after they happened. */
const OVERLAP = millis(MINUTE)
/** What events may have missed is read again this often: all that ended in twice that time. */
const RECONCILE_EVERY = HOUR
const DEPLOYMENTS_EVERY = millis(5 * MINUTE)
/** Events are kept for seven days: after a longer time away they say nothing about the gap. */
const EVENTS_KEPT = millis(6 * 24 * HOUR)
/** Runs in one question. */
const TOGETHER = 50

export const prefect = defineCollector({
  type: 'prefect',
  Config: z.strictObject({
    url: z
      .url()
      .describe(
        'Of its API: `http://host:4200/api`, or `https://api.prefect.cloud/api/accounts/…/workspaces/…`.',
      ),
    token: SecretText.optional().describe('An API key of Prefect Cloud.'),
    auth: Login.optional().describe("The server's PREFECT_SERVER_API_AUTH_STRING, in its two parts."),
    namespace: z.string().min(1).prefault('prefect').describe('OpenLineage namespace of its jobs.'),
    flows: z.array(z.string().min(1)).prefault(['**']).describe('Globs on flow names.'),
    history: Duration(HOUR).prefault('1d').describe('How far back runs are read when it is first connected.'),
  }),
  connect(identity, config, io) {
    const watch = new PrefectWatch(identity, config, io)
    return { mode: 'poll', poll: (ask) => watch.poll(ask) }
  },
})
type PrefectConfig = z.output<typeof prefect.Config>

interface Cursor {
  /** Events before this were read. */
  readonly since: Timestamp
  readonly reconciled: Timestamp
}

class PrefectWatch {
  readonly #origin: Omit<Origin, 'now' | 'flows' | 'deployments'>
  readonly #history: PrefectConfig['history']
  readonly #api: PrefectApi
  readonly #wanted: (flow: string) => boolean
  readonly #flows = new Map<string, string>()
  #deployments = new Map<string, string>()
  #deploymentsAt: Timestamp | undefined

  constructor({ name }: SourceIdentity, config: PrefectConfig, io: Io) {
    this.#origin = { source: name, namespace: config.namespace }
    this.#history = config.history
    this.#wanted = picomatch(config.flows)
    this.#api = createPrefectApi({ url: config.url.replace(/\/+$/, ''), headers: credentials(config), io })
  }

  async *poll(ask: Ask): AsyncGenerator<Fact> {
    const cursor = readCursor(ask.cursor)
    const { signal, now } = ask
    const there = await this.#api.now(signal)
    if (this.#deploymentsAt === undefined || now - this.#deploymentsAt >= DEPLOYMENTS_EVERY) {
      yield* this.#listDeployments(ask)
      this.#deploymentsAt = now
    }
    const gap = cursor === undefined || now - cursor.since > EVENTS_KEPT
    const due = gap || now - cursor.reconciled >= RECONCILE_EVERY
    const changed = new Set<string>()
    if (!gap) {
      const since = timestamp(cursor.since - OVERLAP)
      for await (const id of this.#api.changedFlowRuns(since, signal)) changed.add(id)
    }
    const seen = new Set<string>()
    const ended = due ? timestamp((cursor?.since ?? now - this.#history) - 2 * RECONCILE_EVERY) : undefined
    for await (const row of this.#api.openRuns(now, signal)) yield* this.#take([row], seen, ask)
    if (ended !== undefined) {
      for await (const row of this.#api.endedRuns(ended, signal)) yield* this.#take([row], seen, ask)
    }
    const rest = [...changed].filter((id) => !seen.has(id))
    for (let i = 0; i < rest.length; i += TOGETHER) {
      yield* this.#take(await this.#api.runsOf(rest.slice(i, i + TOGETHER), signal), seen, ask)
    }
    for (const ids of groups([...seen])) {
      for await (const row of this.#api.tasksOf(ids, signal)) yield* this.#tasks(row, ask)
    }
    const next: Cursor = { since: there ?? now, reconciled: due ? now : cursor.reconciled }
    yield { kind: 'cursor', id: this.#origin.source, value: JSON.stringify(next) }
  }

  readonly #runs = new Map<string, { pipeline: string; flow: string }>()

  async *#take(rows: readonly Row[], seen: Set<string>, ask: Ask): AsyncGenerator<Fact> {
    const fresh = rows.filter((row) => !seen.has(idOf(row)))
    await this.#nameFlows(fresh, ask.signal)
    for (const row of fresh) {
      const report = runReport(row, this.#withNames(ask.now))
      if (report === undefined || !this.#wanted(report.of.name.split('/')[0]!)) continue
      seen.add(report.runId)
      this.#runs.set(report.runId, { pipeline: report.pipeline, flow: report.of.name })
      yield report
    }
  }

  async *#tasks(row: Row, ask: Ask): AsyncGenerator<Fact> {
    const run = this.#runs.get(String(row['flow_run_id'] as string))
    if (run !== undefined) yield* taskFacts(row, run, this.#withNames(ask.now))
  }

  /** Runs name their flow by id only. */
  async #nameFlows(rows: readonly Row[], signal: AbortSignal): Promise<void> {
    const unknown = new Set(
      rows.map((row) => String(row['flow_id'] as string)).filter((id) => !this.#flows.has(id)),
    )
    if (unknown.size === 0) return
    for (const flow of await this.#api.flows([...unknown], signal)) {
      this.#flows.set(idOf(flow), String(flow['name'] as string))
    }
  }

  async *#listDeployments(ask: Ask): AsyncGenerator<Fact> {
    const next = await this.#api.nextRuns(ask.now, ask.signal)
    const rows: Row[] = []
    for await (const row of this.#api.deployments(ask.signal)) rows.push(row)
    await this.#nameFlows(rows, ask.signal)
    this.#deployments = new Map(rows.map((row) => [idOf(row), String(row['name'] as string)]))
    const pipelineIds: string[] = []
    for (const row of rows) {
      const fact = deploymentFact(row, next.get(idOf(row)) ?? null, this.#withNames(ask.now))
      if (fact === undefined || !this.#wanted(fact.name.split('/')[0]!)) continue
      pipelineIds.push(fact.id)
      yield fact
    }
    const { source } = this.#origin
    yield { kind: 'pipeline-inventory', id: source, source, at: ask.now, pipelineIds }
    for (const [id] of this.#runs) if (this.#runs.size > 10_000) this.#runs.delete(id)
  }

  #withNames(now: Timestamp): Origin {
    return { ...this.#origin, now, flows: this.#flows, deployments: this.#deployments }
  }
}

function credentials({ token, auth }: PrefectConfig): () => Headers {
  if (token !== undefined) return () => ({ authorization: `Bearer ${token.reveal()}` })
  return () => (auth === undefined ? {} : basicAuth(auth))
}

function* groups(ids: readonly string[]): Generator<string[]> {
  for (let i = 0; i < ids.length; i += TOGETHER) yield ids.slice(i, i + TOGETHER)
}

function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined
  try {
    const { since, reconciled } = JSON.parse(text) as { since?: unknown; reconciled?: unknown }
    return typeof since === 'number' && typeof reconciled === 'number'
      ? { since: timestamp(since), reconciled: timestamp(reconciled) }
      : undefined
  } catch {
    return undefined
  }
}
