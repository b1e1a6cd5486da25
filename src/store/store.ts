// The door: facts and series in one directory, held by one process, that survive whatever ends it.
import fs from 'node:fs'
import { ConfigError } from '../model/errors.ts'
import type { Store } from '../model/store.ts'
import { DAY, type Millis, type Timestamp, millis, timestamp } from '../model/units.ts'
import { noBallast, openBallast } from './ballast.ts'
import { openDatabase } from './database.ts'
import { FACTS_SCHEMA, Facts } from './facts.ts'
import { lockDirectory } from './lock.ts'
import { Metrics } from './metrics.ts'
import { SEGMENTS_SCHEMA } from './segments.ts'
import { TICKS_SCHEMA } from './ticks.ts'
import { type StoreLog, Writing } from './writing.ts'

export interface StoreOptions {
  /** Made when missing; ':memory:' keeps nothing. */
  readonly directory: string
  readonly now: Timestamp
  readonly log: StoreLog
  readonly retention: { readonly samples: Millis; readonly commits: Millis; readonly runs: Millis }
  readonly limits?: Partial<StoreLimits>
}

export interface StoreLimits {
  readonly series: number
  /** Commits kept of one table. */
  readonly commitsPerTable: number
  /** Runs kept of one pipeline: what is older than that may be counted again when a source repeats it. */
  readonly runsPerPipeline: number
  /** Bytes put by for a full disk. */
  readonly ballast: number
}

const LIMITS: StoreLimits = {
  series: 500_000,
  commitsPerTable: 2_000,
  runsPerPipeline: 100_000,
  ballast: 16 * 1_048_576,
}
/** Other events (what was notified) are for looking back, not for learning. */
const EVENTS_KEPT = millis(90 * DAY)

export async function openStore(options: StoreOptions): Promise<Store> {
  const { directory, now, log, retention } = options
  const limits = { ...LIMITS, ...options.limits }
  const onDisk = directory !== ':memory:'
  if (onDisk) makeFolder(directory)
  const lock = onDisk ? lockDirectory(directory) : undefined
  const writing = new Writing(onDisk ? openBallast(directory, limits.ballast) : noBallast, log)
  const state = openDatabase(
    { directory, name: 'state.db', synchronous: 'FULL', schema: FACTS_SCHEMA, now },
    (database) => new Facts(database, writing, log),
  )
  const samples = openDatabase(
    { directory, name: 'metrics.db', synchronous: 'NORMAL', schema: TICKS_SCHEMA + SEGMENTS_SCHEMA, now },
    (database) => new Metrics(database, writing, { log, limits, retention: retention.samples }),
  )
  const quarantined = [state.quarantined, samples.quarantined].filter((file) => file !== null)
  for (const file of quarantined) log.error({ file }, 'database was damaged: put aside, starting a new one')
  const [facts, series] = [state.part, samples.part]

  return {
    series,
    facts: (kind, where) => facts.facts(kind, where),
    recorded: (kind, where) => facts.recorded(kind, where),
    record: (recorded, at, gone = []) => facts.record(recorded, at, gone),
    async maintain(at) {
      for (const _ of series.maintain(at)) await pause()
      for (const _ of facts.forget('commit', timestamp(at - retention.commits), limits.commitsPerTable))
        await pause()
      for (const _ of facts.forget('run', timestamp(at - retention.runs), limits.runsPerPipeline))
        await pause()
      for (const _ of facts.forget('application', timestamp(at - retention.runs), limits.runsPerPipeline))
        await pause()
      for (const kind of ['notice', 'delivery'] as const)
        for (const _ of facts.forget(kind, timestamp(at - EVENTS_KEPT), Infinity)) await pause()
      facts.saveObserved()
    },
    get stats() {
      return {
        series: series.size,
        headSamples: series.headSamples,
        stateBytes: state.database.size(),
        metricsBytes: samples.database.size(),
        writeErrors: writing.errors,
        failing: writing.failing,
        quarantined,
        seriesDropped: series.dropped,
        duplicates: series.duplicates,
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        if (writing.failing === null) facts.saveObserved()
      } finally {
        state.database.close()
        samples.database.close()
        lock?.release()
      }
    },
  }
}

/** Lets everything that waits run. */
const pause = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

function makeFolder(directory: string): void {
  try {
    fs.mkdirSync(directory, { recursive: true })
    fs.accessSync(directory, fs.constants.W_OK)
  } catch (error) {
    throw new ConfigError(
      `Could not make or write the state directory ${directory}; give \`state:\` a folder that the user that Tidemark runs as may write`,
      { cause: error },
    )
  }
}
