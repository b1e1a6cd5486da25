// Two ledgers with a CloudWatch between them: what one writes, the other reads.
import { cloudwatch } from '../../src/collectors/cloudwatch/cloudwatch.ts'
import { push } from '../../src/collectors/push/push.ts'
import type { Clock } from '../../src/io/clock.ts'
import { createIo } from '../../src/io/io.ts'
import { createLog } from '../../src/io/log.ts'
import { settle } from '../../src/ledger/ledger.ts'
import type { Fact } from '../../src/model/facts.ts'
import type { RunFact } from '../../src/model/run-facts.ts'
import type { Store } from '../../src/model/store.ts'
import { DAY, MINUTE, type Timestamp, millis } from '../../src/model/units.ts'
import { openStore } from '../../src/store/store.ts'
import { createMetricExport, notingMetrics } from '../../src/telemetry/telemetry.ts'

const { signal } = new AbortController()
const log = createLog('silent')
const EXPORT = { namespace: 'DataPipeline', pipelines: ['**'], except: new Set(['aws']) }
const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' }

export const openMemory = (now: Timestamp, directory = ':memory:'): Promise<Store> =>
  openStore({
    directory,
    now,
    log,
    retention: { samples: DAY, commits: DAY, runs: millis(30 * DAY) },
  })

export const cloudWatchIo = (clock: Clock) =>
  createIo({ clock, log, base: '/', environment: KEYS, random: () => 0 })

/** A ledger that is told of runs and writes them to the CloudWatch at `endpoint`. */
export function writer(store: Store, clock: Clock, endpoint: string) {
  const noting = notingMetrics(store, EXPORT)
  const io = cloudWatchIo(clock)
  const source = push.connect({ name: 'jobs', every: MINUTE }, push.Config.parse({}), io)
  if (source.mode !== 'push') throw new Error('expected doors')
  const [door] = source.doors
  const metrics = createMetricExport({ store, cloudWatch: io.cloudWatch({ endpoint }), config: EXPORT })
  return {
    tell: (runs: readonly object[], now: Timestamp) =>
      noting.record(settle(door!.accept(runs, now).facts, noting), now),
    record: (facts: readonly Fact[], now: Timestamp) => noting.record(settle(facts, noting), now),
    flush: (now: Timestamp) => metrics.flush(now, signal),
  }
}

/** A ledger that reads the CloudWatch at `endpoint`, as the source `aws`. */
export function reader(store: Store, clock: Clock, endpoint: string, config: object = {}) {
  const source = cloudwatch.connect(
    { name: 'aws', every: MINUTE },
    cloudwatch.Config.parse({ endpoint, ...config }),
    cloudWatchIo(clock),
  )
  if (source.mode !== 'poll') throw new Error('expected a source that is polled')
  return {
    async poll(now: Timestamp): Promise<readonly Fact[]> {
      const cursor = store.facts('cursor', { id: 'aws' })[0]?.value
      const facts = await Array.fromAsync(source.poll({ now, cursor, signal }))
      store.record(settle(facts, store), now)
      return facts
    },
  }
}

/** What both sides must agree on. */
export const toldOf = (run: RunFact) => ({
  pipeline: run.pipeline,
  state: run.state,
  startedAt: run.startedAt,
  endedAt: run.endedAt,
  processed: run.processed,
  failed: run.failed,
  bytes: run.bytes,
})

export const runsIn = (store: Store) =>
  store
    .facts('run')
    .map(toldOf)
    .toSorted((a, b) =>
      a.pipeline < b.pipeline ? -1 : a.pipeline > b.pipeline ? 1 : a.endedAt! - b.endedAt!,
    )
