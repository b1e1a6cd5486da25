// Metrics about Tidemark itself: its sources, its store, its event loop.
import type { PollFact } from '../model/facts.ts'
import type { Sample } from '../model/series.ts'
import type { StoreStats } from '../model/store.ts'
import { counter, gauge } from './metric.ts'

const source = ['source'] as const

export const selfMetrics = {
  up: gauge(
    'tidemark_collector_up',
    '1 when the last poll of the source ran to its end, else 0.',
    '',
    source,
  ),
  duration: gauge(
    'tidemark_collector_poll_duration_seconds',
    'How long the last poll took.',
    'seconds',
    source,
  ),
  lastPoll: gauge(
    'tidemark_collector_last_poll_timestamp_seconds',
    'When the source was last asked.',
    'seconds',
    source,
  ),
  lastSuccess: gauge(
    'tidemark_collector_last_success_timestamp_seconds',
    'When a poll last ran to its end.',
    'seconds',
    source,
  ),
  polls: counter('tidemark_collector_polls_total', 'Polls since the source is watched, by result.', '', [
    ...source,
    'result',
  ]),
  requests: counter('tidemark_collector_requests_total', 'Requests to the source since start.', '', source),
  bytesRead: counter(
    'tidemark_collector_read_bytes_total',
    'Bytes read from the source since start.',
    'bytes',
    source,
  ),
  problems: gauge(
    'tidemark_collector_problems',
    'Things of this source that cannot be read at the moment.',
    '',
    source,
  ),
  tables: gauge('tidemark_collector_tables', 'Tables of this source that are there.', '', source),
  seriesDropped: counter(
    'tidemark_collector_series_dropped_total',
    'Series that were not taken because a limit was reached.',
    '',
    [],
  ),
  storeSeries: gauge('tidemark_store_series', 'Series in memory.', '', []),
  storeSamples: gauge('tidemark_store_head_samples', 'Samples held in memory.', '', []),
  storeSize: gauge('tidemark_store_size_bytes', 'Size on disk, by database.', 'bytes', ['database']),
  storeErrors: counter('tidemark_store_write_errors_total', 'Writes that failed since start.', '', []),
  storeFailing: gauge(
    'tidemark_store_failing',
    '1 while nothing can be written (a full disk, for example).',
    '',
    [],
  ),
  diskFree: gauge(
    'tidemark_store_disk_free_bytes',
    'Bytes that can still be written to the disk of the state directory.',
    'bytes',
    [],
  ),
  storeQuarantined: gauge(
    'tidemark_store_quarantined_files',
    'Databases put aside as corrupt at start.',
    '',
    [],
  ),
  loopDelay: gauge(
    'tidemark_event_loop_delay_seconds',
    'Event-loop delay over the last interval: at most this, by share of the time.',
    'seconds',
    ['share'],
  ),
  logRecords: counter('tidemark_log_records_total', 'Log records written since start, by level.', '', [
    'level',
  ]),
  logDropped: counter(
    'tidemark_log_records_dropped_total',
    'Log records that newer ones pushed out of memory: standard error has them, /api/tidemark/logs has not.',
    '',
    [],
  ),
  memory: gauge('tidemark_process_resident_memory_bytes', 'Resident memory.', 'bytes', []),
  started: gauge('tidemark_process_start_timestamp_seconds', 'When this process started.', 'seconds', []),
  build: gauge('tidemark_build_info', 'The version that runs; always 1.', '', ['version']),
}

const m = selfMetrics

export function pollSamples(
  poll: PollFact,
  counts: { readonly problems: number; readonly tables: number },
): Sample[] {
  const labels = { source: poll.id }
  return [
    ...m.up(labels, poll.up ? 1 : 0),
    ...m.duration(labels, poll.duration / 1000),
    ...m.lastPoll(labels, poll.at / 1000),
    ...m.lastSuccess(labels, poll.lastSuccess === null ? null : poll.lastSuccess / 1000),
    ...m.polls({ ...labels, result: 'success' }, poll.polls - poll.failures),
    ...m.polls({ ...labels, result: 'failure' }, poll.failures),
    ...m.requests(labels, poll.requests),
    ...m.bytesRead(labels, poll.bytesRead),
    ...m.problems(labels, counts.problems),
    ...m.tables(labels, counts.tables),
  ]
}

export interface ProcessHealth {
  readonly version: string
  readonly startedAt: number
  readonly residentBytes: number
  /** Of the disk of the state directory; null where the system does not tell. */
  readonly diskFreeBytes: number | null
  /** Seconds by share of the time, e.g. `0.99`. */
  readonly loopDelay: Readonly<Record<string, number>>
  readonly log: { readonly written: Readonly<Record<string, number>>; readonly dropped: number }
}

export function selfSamples(store: StoreStats, health: ProcessHealth): Sample[] {
  return [
    ...m.seriesDropped({}, store.seriesDropped),
    ...m.storeSeries({}, store.series),
    ...m.storeSamples({}, store.headSamples),
    ...m.storeSize({ database: 'state' }, store.stateBytes),
    ...m.storeSize({ database: 'metrics' }, store.metricsBytes),
    ...m.storeErrors({}, store.writeErrors),
    ...m.storeFailing({}, store.failing === null ? 0 : 1),
    ...m.diskFree({}, health.diskFreeBytes),
    ...m.storeQuarantined({}, store.quarantined.length),
    ...Object.entries(health.loopDelay).flatMap(([share, delay]) => m.loopDelay({ share }, delay)),
    ...Object.entries(health.log.written).flatMap(([level, count]) => m.logRecords({ level }, count)),
    ...m.logDropped({}, health.log.dropped),
    ...m.memory({}, health.residentBytes),
    ...m.started({}, health.startedAt / 1000),
    ...m.build({ version: health.version }, 1),
  ]
}
