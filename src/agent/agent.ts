// The wiring and every loop; the only file that knows every part.
import os from 'node:os'
import path from 'node:path'
import { loadPrices } from '../advisors/advisors.ts'
import { serve } from '../api/api.ts'
import type { LoadedConfig } from '../config/config.ts'
import { createExpectations } from '../expect/expect.ts'
import type { Clock } from '../io/clock.ts'
import { every } from '../io/every.ts'
import type { Log, RootLog } from '../io/log.ts'
import { localFiles } from '../io/files.ts'
import { createIo } from '../io/io.ts'
import { monitorProcess } from '../io/process-health.ts'
import { systemRandom } from '../io/random.ts'
import { runJobs } from '../io/schedule.ts'
import type { Alert } from '../model/alert.ts'
import type { Store } from '../model/store.ts'
import { SECOND, type Millis, type Timestamp, millis } from '../model/units.ts'
import { openStore } from '../store/store.ts'
import { type Notifier, createNotifier } from '../notify/notify.ts'
import { createEngine } from '../promql/promql.ts'
import { engineQuery, fittingLookback } from '../rules/rules.ts'
import { openTelemetry } from '../telemetry/telemetry.ts'
import { type Advising, createAdvising } from './advising.ts'
import { backgroundOf } from './background.ts'
import { Inbox } from './inbox.ts'
import { incidentLabels } from './incidents.ts'
import { jobsOf } from './jobs.ts'
import { describe } from './metrics.ts'
import { routesOf } from './routes.ts'
import { type RuleGroup, loadRules, openGroups, rulesQuery, runGroup } from './rule-groups.ts'
import { connectSource } from './sources.ts'
import { createTicker } from './ticker.ts'
import { currentRange, viewOf } from './view.ts'
import { withMetricExport } from './metric-export.ts'
import { openOutboxes } from './outboxes.ts'
import { watchSource } from './watch.ts'
import { whereaboutsOf } from './whereabouts.ts'

export * as catalogue from './metrics.ts'
export { loadRules } from './rule-groups.ts'

/** How often an OTLP collector is told of runs and alerts. */
const OUTBOXES_EVERY = millis(10 * SECOND)

export interface AgentOptions {
  readonly loaded: LoadedConfig
  readonly version: string
  readonly clock: Clock
  readonly log: RootLog
  readonly signal: AbortSignal
  readonly onListening: (url: string) => void
  /** Reads the configuration again and, when it is good, ends this run so that the next one starts with it. */
  readonly reload: () => Promise<void>
}

/** Runs until the signal aborts. Throws only when it cannot start. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { loaded, clock, version } = options
  const { config } = loaded
  const startedAt = clock.now()
  const rules = loadRules(loaded)
  const state = path.resolve(loaded.base, config.state)
  await using store = await openStore({
    directory: state,
    now: startedAt,
    log: options.log,
    retention: config.retention,
  })
  await using telemetry = await openTelemetry(telemetryOf(options, store, startedAt))
  const log = telemetry.log(options.log, config.log)
  const outboxes = openOutboxes({ telemetry, store, log })
  const engine = createEngine(store.series, { now: () => clock.monotonic() })
  const lookback = fittingLookback(() => config.resolution)
  const query = rulesQuery(config.query?.url, engineQuery(engine, { lookback }), options.signal)
  const groups = openGroups(rules, {
    query,
    store,
    clock,
    url: `http://${config.api.listen}`,
    whereabouts: whereaboutsOf(store, new Set(config.sources.map(({ name }) => name))),
  })
  using monitor = monitorProcess()
  const view = viewOf({ config, store, groups, monitor, version, startedAt, state, log: options.log.recent })
  const io = createIo({ clock, log, base: loaded.base })
  const notifier = createNotifier({
    config: loaded.notify,
    store: outboxes.store,
    io,
    random: systemRandom,
    files: localFiles(loaded.base),
    background: backgroundOf(groups, engine),
  })
  const expectations = createExpectations(config.expect)
  const tick = createTicker({ series: store.series, view, expectations, notifier, telemetry })
  const sources = config.sources.map((source) => connectSource(source, io))
  const runs = withMetricExport(outboxes, { config, cloudWatch: io.cloudWatch, log })
  const inbox = new Inbox(runs.store, log)
  const waiting = new Set(config.sources.map((source) => source.name))
  const prices = loadPrices(config.advise.prices, store)
  const advising = createAdvising(store, prices, log)
  await using server = await serve(config.api, {
    files: localFiles(loaded.base),
    monotonic: () => clock.monotonic(),
    known: store,
    scrape: (asked) => telemetry.scrape(asked),
    ready: () => waiting.size === 0,
    reload: options.reload,
    routes: routesOf({
      clock,
      version,
      startedAt,
      resolution: config.resolution,
      lookback,
      store,
      engine,
      expectations,
      groups,
      prices,
      advising,
      notifier,
      inbox,
      doors: sources.flatMap((source) => (source.mode === 'push' ? source.doors : [])),
      recent: options.log.recent,
    }),
  })
  options.onListening(server.url)
  log.info({ url: server.url, sources: config.sources.length, version }, 'listening')

  await Promise.all(
    loops({ ...options, outboxes: runs, log, store, sources, groups, notifier, advising, tick, waiting }),
  )
  // What a receiver has taken is written down before the store closes, or it is told again.
  await notifier.idle()
}

function telemetryOf(
  { loaded: { config }, version, clock }: AgentOptions,
  store: Store,
  startedAt: Timestamp,
) {
  const { instance, scrape, otlp } = config.telemetry
  return {
    version,
    instanceId: instance ?? `${os.hostname()}:${config.api.listen}`,
    startedAt,
    series: store.series,
    range: () => currentRange(config.resolution, clock.now()),
    describe,
    monotonic: () => clock.monotonic(),
    maxSeries: scrape.max_series,
    otlp,
    environment: process.env,
  }
}

interface Looping extends Omit<AgentOptions, 'log'> {
  readonly log: Log
  readonly outboxes: ReturnType<typeof openOutboxes>
  readonly store: Store
  readonly sources: ReadonlyArray<ReturnType<typeof connectSource>>
  readonly groups: readonly RuleGroup[]
  readonly notifier: Notifier
  readonly advising: Advising
  readonly tick: (now: Timestamp) => void
  /** Sources that were not asked yet. */
  readonly waiting: Set<string>
}

/** Every loop of the process; each ends with the signal. */
function loops(parts: Looping): Promise<void>[] {
  const { outboxes, loaded, store, sources, groups, notifier, advising, tick, waiting, clock, log, signal } =
    parts
  const repeat = (name: string, interval: Millis, task: (now: Timestamp) => Promise<void> | void) =>
    every({ name, interval, clock, log, signal }, task)
  const incidents = incidentLabels(store)
  const told = { take: (alerts: readonly Alert[], at: Timestamp) => notifier.take(incidents(alerts), at) }
  return [
    ...sources.map((source) =>
      watchSource(source, {
        store: outboxes.store,
        clock,
        log,
        signal,
        // A newcomer should not wait a whole interval to see something, nor a day for advice.
        asked: (name) => {
          if (!waiting.delete(name)) return
          tick(clock.now())
          if (waiting.size === 0) advising.run(clock.now())
        },
      }),
    ),
    repeat('tick', loaded.config.resolution, tick),
    ...groups.map((group) => runGroup(group, { store, clock, log, notifier: told }, signal)),
    repeat('outboxes', OUTBOXES_EVERY, (now) => outboxes.flush(now, signal)),
    repeat('notify', SECOND, (now) => notifier.flush(now, signal)),
    runJobs(jobsOf({ loaded, store, advising, notifier }), clock, log, signal),
  ]
}
