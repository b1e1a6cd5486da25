// Metrics of finished compute applications, by name: never by application id, of which there is one an execution.
import type { ApplicationTally } from '../model/application-facts.ts'
import type { Sample } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import { DAY, type Timestamp } from '../model/units.ts'
import { counter, gauge } from './metric.ts'

const application = ['source', 'application'] as const

/** What has not run for this long keeps its history and has no series any more. */
const QUIET_AFTER = 45 * DAY

export const applicationMetrics = {
  executions: counter(
    'tidemark_application_executions_total',
    'Executions whose event log was read.',
    '',
    application,
  ),
  coreTime: counter(
    'tidemark_application_core_seconds_total',
    'Cores of executors times the seconds they lived: what is paid for.',
    'seconds',
    application,
  ),
  taskTime: counter(
    'tidemark_application_task_seconds_total',
    'Run time of tasks: what of the core seconds was used.',
    'seconds',
    application,
  ),
  tasks: counter('tidemark_application_tasks_total', 'Tasks that ended, by result (success, failure).', '', [
    ...application,
    'result',
  ]),
  spilled: counter(
    'tidemark_application_spilled_bytes_total',
    'Bytes that tasks wrote to disk because memory was short.',
    'bytes',
    application,
  ),
  lastEnd: gauge(
    'tidemark_application_last_end_timestamp_seconds',
    'When the last execution ended.',
    'seconds',
    application,
  ),
  lastWall: gauge(
    'tidemark_application_last_duration_seconds',
    'How long the last execution took.',
    'seconds',
    application,
  ),
  lastCoreTime: gauge(
    'tidemark_application_last_core_seconds',
    'Cores of executors times the seconds they lived in the last execution.',
    'seconds',
    application,
  ),
  cores: gauge(
    'tidemark_application_last_cores',
    'Most cores at once in the last execution.',
    '',
    application,
  ),
  utilisation: gauge(
    'tidemark_application_last_slot_utilisation_ratio',
    'Task time / core time of the last execution.',
    '',
    application,
  ),
  cpu: gauge(
    'tidemark_application_last_cpu_ratio',
    'CPU time / run time of tasks of the last execution.',
    '',
    application,
  ),
  gc: gauge(
    'tidemark_application_last_gc_ratio',
    'Garbage collection / run time of tasks of the last execution.',
    '',
    application,
  ),
  spill: gauge(
    'tidemark_application_last_spill_ratio',
    'Bytes spilled to disk / bytes read of the last execution.',
    '',
    application,
  ),
  driver: gauge(
    'tidemark_application_last_driver_ratio',
    'Share of the last execution in which only its driver worked.',
    '',
    application,
  ),
  memory: gauge(
    'tidemark_application_last_executor_memory_bytes',
    'The most memory that one executor used in the last execution, where executors measure it.',
    'bytes',
    application,
  ),
}

const m = applicationMetrics

export const applicationSamples = (known: FactReader, now: Timestamp): Sample[] =>
  known
    .facts('application-tally')
    .filter(({ last }) => now - last.at <= QUIET_AFTER)
    .flatMap(samplesOf)

function samplesOf(tally: ApplicationTally): Sample[] {
  const labels = { source: tally.source, application: tally.application }
  const { last } = tally
  return [
    ...m.executions(labels, tally.executions),
    ...m.coreTime(labels, tally.coreTime / 1_000),
    ...m.taskTime(labels, tally.taskTime / 1_000),
    ...m.tasks({ ...labels, result: 'success' }, tally.tasks - tally.tasksFailed),
    ...m.tasks({ ...labels, result: 'failure' }, tally.tasksFailed),
    ...m.spilled(labels, tally.diskSpilled),
    ...m.lastEnd(labels, last.at / 1_000),
    ...m.lastWall(labels, last.wall / 1_000),
    ...m.lastCoreTime(labels, last.coreTime / 1_000),
    ...m.cores(labels, last.peakCores),
    ...m.utilisation(labels, last.slotUtilisation),
    ...m.cpu(labels, last.cpuEfficiency),
    ...m.gc(labels, last.gcShare),
    ...m.spill(labels, last.spillShare),
    ...m.driver(labels, last.driverShare),
    ...m.memory(labels, last.memoryPeak),
  ]
}
