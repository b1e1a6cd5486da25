// What the catalogue looks at: facts, and how this process is doing.
import type { View } from '../catalogue/catalogue.ts'
import type { Config } from '../config/config.ts'
import { freeBytes } from '../io/disk.ts'
import type { ProcessMonitor } from '../io/process-health.ts'
import type { RecentLog } from '../io/recent-log.ts'
import { LOOKBACK, type Range } from '../model/series.ts'
import type { Store } from '../model/store.ts'
import { type Millis, type Timestamp, millis, timestamp } from '../model/units.ts'
import { type RuleGroup, groupFigures } from './rule-groups.ts'

/** A table that nobody confirmed for this many intervals is unknown. */
const UNSEEN_AFTER = 3

interface Viewed {
  readonly config: Config
  readonly store: Store
  readonly groups: readonly RuleGroup[]
  readonly monitor: ProcessMonitor
  readonly version: string
  readonly startedAt: Timestamp
  /** The state directory. */
  readonly state: string
  readonly log: RecentLog
}

export const viewOf = ({ config, store, groups, monitor, version, startedAt, state, log }: Viewed): View => ({
  known: store,
  patience: patienceOf(config),
  get store() {
    return store.stats
  },
  get health() {
    return {
      version,
      startedAt,
      residentBytes: monitor.residentBytes(),
      diskFreeBytes: freeBytes(state),
      loopDelay: monitor.loopDelay(),
      log,
    }
  },
  get groups() {
    return groupFigures(groups)
  },
})

function patienceOf({ sources, resolution }: Config): (source: string) => Millis {
  const byName = new Map(
    sources.map((source) => [source.name, millis(UNSEEN_AFTER * Math.max(source.every, resolution))]),
  )
  // A source that is no longer configured: nobody looks at its tables.
  return (source) => byName.get(source) ?? millis(0)
}

/** In which samples speak for their series. */
export const currentRange = (resolution: Millis, now: Timestamp): Range => ({
  from: timestamp(now - Math.max(LOOKBACK, UNSEEN_AFTER * resolution)),
  to: now,
})
