// The wiring and every loop; the only file that knows every part.
import os from 'node:os'
import path from 'node:path'
import { prometheusRoutes, serve } from '../api/api.ts'
import { type View, describe, metrics, samplesAt } from '../catalogue/catalogue.ts'
import { type LoadedConfig, type SourceConfig, listenParts } from '../config/config.ts'
import type { Clock } from '../io/clock.ts'
import { deadline, every } from '../io/every.ts'
import type { Log } from '../io/log.ts'
import { createIo } from '../io/io.ts'
import { monitorProcess } from '../io/process-health.ts'
import { type Job, runJobs } from '../io/schedule.ts'
import type { Store } from '../model/store.ts'
import { LOOKBACK } from '../model/series.ts'
import { MINUTE, type Millis, type Timestamp, millis, timestamp } from '../model/units.ts'
import { openStore } from '../store/store.ts'
import { createEngine } from '../promql/promql.ts'
import { engineQuery, fittingLookback } from '../rules/rules.ts'
import { type Current, openTelemetry } from '../telemetry/telemetry.ts'
import { pollSource } from './poll.ts'
import { type RuleGroup, loadRules, openGroups, runGroup } from './rule-groups.ts'
import { connectSource } from './sources.ts'

export { loadRules } from './rule-groups.ts'

/** A poll may take this many of its intervals, and at least this long, before it is given up. */
const POLL_PATIENCE = 5
const POLL_LEAST = millis(5 * MINUTE)
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
  const { loaded, clock, log, signal, version } = options
  const { config } = loaded
  const startedAt = clock.now()
  const rules = loadRules(loaded)
  await using store = await openStore({
    directory: path.resolve(loaded.base, config.state),
    now: startedAt,
    log,
    retention: config.retention,
  })
  using monitor = monitorProcess()
  const view: View = {
    known: store,
    patience: patienceOf(config.sources, config.resolution),
    get store() {
      return store.stats
    },
    get health() {
      return { version, startedAt, residentBytes: monitor.residentBytes(), loopDelay: monitor.loopDelay() }
    },
  }
  await using telemetry = openTelemetry({
    version,
    instanceId: `${os.hostname()}:${config.api.listen}`,
    startedAt,
    current: () => currentSeries(store, config.resolution, clock.now()),
    describe,
  })
  const engine = createEngine(store.series, { now: () => clock.monotonic() })
  const query = engineQuery(engine, { lookback: fittingLookback(() => config.resolution) })
  const groups = openGroups(rules, { query, store, clock, url: `http://${config.api.listen}` })
  const waiting = new Set(config.sources.map((source) => source.name))
  await using server = await serve(listenParts(config.api.listen), {
    known: store,
    scrape: (request, response) => telemetry.scrape(request, response),
    ready: () => waiting.size === 0,
    reload: options.reload,
    routes: [
      prometheusRoutes({
        engine,
        series: store.series,
        metrics,
        now: () => clock.now(),
        version,
        groups: () => groups.map(asRunning),
      }),
    ],
  })
  options.onListening(server.url)
  log.info({ url: server.url, sources: config.sources.length, version }, 'listening')

  let ticked = timestamp(0)
  const tick = (now: Timestamp) => {
    // A scope's appends move forward; two in one millisecond would make the second a late one, which ends no series.
    ticked = timestamp(Math.max(now, ticked + 1))
    store.series.append('catalogue', samplesAt(view, now), ticked)
  }
  const io = createIo({ clock, log, base: loaded.base })
  const sources = config.sources.map((source) => connectSource(source, io))
  await Promise.all([
    ...sources.map((source) =>
      every({ name: source.name, interval: source.interval, clock, log, signal }, async (now) => {
        const limit = deadline(clock, millis(Math.max(source.interval * POLL_PATIENCE, POLL_LEAST)), signal)
        const recorded = await pollSource(
          { ...source, store, clock, log, signal: limit.signal, ending: signal },
          now,
        )
        limit.done()
        // What could not be recorded is read again: a source that starts anew tells its whole kept history.
        if (!recorded) source.restart()
        // A newcomer should not wait a whole interval to see something.
        if (waiting.delete(source.name)) tick(clock.now())
      }),
    ),
    every({ name: 'tick', interval: config.resolution, clock, log, signal }, tick),
    ...groups.map((group) => runGroup(group, { store, clock, log, take: () => undefined }, signal)),
    runJobs(jobs(store), clock, log, signal),
  ])
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
