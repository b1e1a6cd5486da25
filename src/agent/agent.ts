// The wiring and every loop; the only file that knows every part.
import os from 'node:os'
import path from 'node:path'
import { alertmanagerRoutes, doorRoutes, prometheusRoutes, ruleToolRoutes, serve } from '../api/api.ts'
import type { View } from '../catalogue/catalogue.ts'
import { type LoadedConfig, type SourceConfig, listenParts } from '../config/config.ts'
import { createExpectations } from '../expect/expect.ts'
import type { Clock } from '../io/clock.ts'
import { every } from '../io/every.ts'
import type { Log } from '../io/log.ts'
import { freeBytes } from '../io/disk.ts'
import { localFiles } from '../io/files.ts'
import { PRIVATE_NETWORKS, createEgress } from '../io/egress.ts'
import { createHttpClient } from '../io/http.ts'
import { createIo } from '../io/io.ts'
import { createPrometheusQuery } from '../io/prometheus-query.ts'
import { monitorProcess } from '../io/process-health.ts'
import { systemRandom } from '../io/random.ts'
import { type Job, runJobs } from '../io/schedule.ts'
import type { Store } from '../model/store.ts'
import { LOOKBACK } from '../model/series.ts'
import { SECOND, type Millis, type Timestamp, millis } from '../model/units.ts'
import { openStore } from '../store/store.ts'
import { type Notifier, createNotifier } from '../notify/notify.ts'
import { createEngine } from '../promql/promql.ts'
import { type Query, engineQuery, fittingLookback, textQuery } from '../rules/rules.ts'
import { type Current, openTelemetry } from '../telemetry/telemetry.ts'
import { backgroundOf } from './background.ts'
import { Inbox } from './inbox.ts'
import { describe, metrics } from './metrics.ts'
import { type RuleGroup, groupFigures, loadRules, openGroups, runGroup } from './rule-groups.ts'
import { connectSource } from './sources.ts'
import { createTicker } from './ticker.ts'
import { watchSource } from './watch.ts'
import { whereaboutsOf } from './whereabouts.ts'

export * as catalogue from './metrics.ts'
export { loadRules } from './rule-groups.ts'

/** A table that nobody confirmed for this many intervals is unknown. */
const UNSEEN_AFTER = 3

export interface AgentOptions {
  readonly loaded: LoadedConfig
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  readonly onListening: (url: string) => void
  /** Reads the configuration again and, when it is good, ends this run so that the next one starts with it. */
  readonly reload: () => Promise<void>
}

/** Runs until the signal aborts. Throws only when it cannot start. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { loaded, clock, log, version } = options
  const { config } = loaded
  const startedAt = clock.now()
  const rules = loadRules(loaded)
  const state = path.resolve(loaded.base, config.state)
  await using store = await openStore({
    directory: state,
    now: startedAt,
    log,
    retention: config.retention,
  })
  await using telemetry = openTelemetry({
    version,
    instanceId: `${os.hostname()}:${config.api.listen}`,
    startedAt,
    current: () => currentSeries(store, config.resolution, clock.now()),
    describe,
  })
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
  const view: View = {
    known: store,
    patience: patienceOf(config.sources, config.resolution),
    get store() {
      return store.stats
    },
    get health() {
      const residentBytes = monitor.residentBytes()
      return {
        version,
        startedAt,
        residentBytes,
        diskFreeBytes: freeBytes(state),
        loopDelay: monitor.loopDelay(),
      }
    },
    get groups() {
      return groupFigures(groups)
    },
  }
  const io = createIo({ clock, log, base: loaded.base })
  const notifier = createNotifier({
    config: config.notify,
    store,
    io,
    random: systemRandom,
    files: localFiles(loaded.base),
    background: backgroundOf(groups, engine),
  })
  const expectations = createExpectations(config.expect)
  const tick = createTicker({ series: store.series, view, expectations, notifier })
  const sources = config.sources.map((source) => connectSource(source, io))
  const inbox = new Inbox(store, log)
  const waiting = new Set(config.sources.map((source) => source.name))
  await using server = await serve(listenParts(config.api.listen), {
    known: store,
    scrape: (request, response) => telemetry.scrape(request, response),
    ready: () => waiting.size === 0,
    reload: options.reload,
    routes: [
      doorRoutes({
        doors: sources.flatMap((source) => (source.mode === 'push' ? source.doors : [])),
        take: (facts, now) => inbox.take(facts, now),
        now: () => clock.now(),
      }),
      prometheusRoutes({
        engine,
        series: store.series,
        metrics,
        now: () => clock.now(),
        version,
        groups: () => groups.map(asRunning),
      }),
      alertmanagerRoutes({ notifier, now: () => clock.now(), startedAt, version }),
      ruleToolRoutes({ series: store.series, metrics, describe, now: () => clock.now(), lookback }),
    ],
  })
  options.onListening(server.url)
  log.info({ url: server.url, sources: config.sources.length, version }, 'listening')

  await Promise.all(loops({ ...options, store, sources, groups, notifier, tick, waiting }))
}

interface Looping extends AgentOptions {
  readonly store: Store
  readonly sources: ReadonlyArray<ReturnType<typeof connectSource>>
  readonly groups: readonly RuleGroup[]
  readonly notifier: Notifier
  readonly tick: (now: Timestamp) => void
  /** Sources that were not asked yet. */
  readonly waiting: Set<string>
}

/** Every loop of the process; each ends with the signal. */
function loops(parts: Looping): Promise<void>[] {
  const { loaded, store, sources, groups, notifier, tick, waiting, clock, log, signal } = parts
  const repeat = (name: string, interval: Millis, task: (now: Timestamp) => Promise<void> | void) =>
    every({ name, interval, clock, log, signal }, task)
  return [
    ...sources.map((source) =>
      watchSource(source, {
        store,
        clock,
        log,
        signal,
        // A newcomer should not wait a whole interval to see something.
        asked: (name) => waiting.delete(name) && tick(clock.now()),
      }),
    ),
    repeat('tick', loaded.config.resolution, tick),
    ...groups.map((group) => runGroup(group, { store, clock, log, notifier }, signal)),
    repeat('notify', SECOND, (now) => notifier.flush(now, signal)),
    runJobs(jobs(store), clock, log, signal),
  ]
}

/** Rules ask our own engine, or the service that the configuration names. */
function rulesQuery(url: string | undefined, own: Query, signal: AbortSignal): Query {
  if (url === undefined) return own
  // The operator named this address: private networks are where such services live.
  const http = createHttpClient(createEgress(PRIVATE_NETWORKS))
  const ask = createPrometheusQuery({ url }, http)
  return textQuery((expr, at) => ask(expr, at, signal))
}

const jobs = (store: Store): Job[] => [
  { name: 'maintain the store', cron: '17 * * * *', run: (now) => store.maintain(now) },
]

function patienceOf(sources: readonly SourceConfig[], resolution: Millis): (source: string) => Millis {
  const byName = new Map(
    sources.map((source) => [source.name, millis(UNSEEN_AFTER * Math.max(source.every, resolution))]),
  )
  // A source that is no longer configured: nobody looks at its tables.
  return (source) => byName.get(source) ?? millis(0)
}

function* currentSeries(store: Store, resolution: Millis, now: Timestamp): Generator<Current> {
  const from = (now - Math.max(LOOKBACK, UNSEEN_AFTER * resolution)) as Timestamp
  for (const series of store.series.find([{ name: '__name__', op: '!=', value: '' }])) {
    const { timestamps, values, stale } = series.samples({ from, to: now })
    const last = timestamps.length - 1
    if (last >= 0 && stale?.[last] !== 1) {
      yield { labels: series.labels, value: values[last]!, at: timestamps[last]! }
    }
  }
}

const asRunning = ({ group, report }: RuleGroup) => ({
  name: group.definition.name,
  file: group.definition.path,
  intervalSeconds: group.interval / 1000,
  limit: group.definition.limit,
  rules: group.definition.rules,
  report,
})
