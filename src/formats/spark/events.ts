// One line of a Spark event log → the event it tells, in our words. Foreign fields are missing, null or of other types
// in logs of other versions and vendors: what is not there is null.
import type { Known } from '../../model/known.ts'
import { type Json, type JsonObject, arrayOf, isObject, numberOf, objectOf, stringOf } from '../json.ts'

export type SparkEvent =
  | { readonly kind: 'log-start'; readonly version: Known<string> }
  | { readonly kind: 'environment'; readonly properties: JsonObject }
  | {
      readonly kind: 'application-start'
      readonly name: Known<string>
      readonly appId: Known<string>
      readonly attempt: Known<string>
      readonly at: Known<number>
    }
  | { readonly kind: 'application-end'; readonly at: Known<number> }
  | {
      readonly kind: 'executor-added'
      readonly at: Known<number>
      readonly id: string
      readonly host: Known<string>
      readonly cores: Known<number>
    }
  | {
      readonly kind: 'executor-removed'
      readonly at: Known<number>
      readonly id: string
      readonly reason: Known<string>
    }
  | {
      readonly kind: 'job-start'
      readonly id: number
      readonly at: Known<number>
      readonly stages: readonly StageInfo[]
      readonly stageIds: readonly number[]
      readonly streaming: boolean
    }
  | {
      readonly kind: 'job-end'
      readonly id: number
      readonly at: Known<number>
      readonly succeeded: Known<boolean>
    }
  | { readonly kind: 'stage-completed'; readonly stage: StageInfo }
  | {
      readonly kind: 'task-end'
      readonly stageId: number
      readonly succeeded: boolean
      readonly launched: Known<number>
      readonly finished: Known<number>
      /** Null where the task never reported. */
      readonly metrics: Known<TaskMetrics>
      readonly memory: Known<number>
    }
  | { readonly kind: 'executor-peak'; readonly memory: Known<number> }
  | { readonly kind: 'streaming-query' }

export interface StageInfo {
  readonly id: number
  readonly name: Known<string>
  readonly parents: readonly number[]
  readonly completed: Known<number>
  readonly failed: boolean
}

/** Milliseconds, nanoseconds where said, and bytes. */
export interface TaskMetrics {
  readonly runMs: Known<number>
  readonly cpuNs: Known<number>
  readonly gcMs: Known<number>
  readonly resultBytes: Known<number>
  readonly peakExecution: Known<number>
  readonly memorySpilled: Known<number>
  readonly diskSpilled: Known<number>
  readonly input: Known<number>
  readonly output: Known<number>
  readonly shuffleRead: Known<number>
  readonly shuffleWritten: Known<number>
}

/** Events that tell of time, work and memory; the text before the name differs by package. */
const READERS: Readonly<Record<string, (event: JsonObject) => SparkEvent | undefined>> = {
  SparkListenerLogStart: (event) => ({ kind: 'log-start', version: stringOf(event['Spark Version']) }),
  // Databricks writes its own in the place of LogStart.
  DBCEventLoggingListenerMetadata: (event) => ({
    kind: 'log-start',
    version: stringOf(event['Spark Version']),
  }),
  SparkListenerEnvironmentUpdate: (event) => ({
    kind: 'environment',
    properties: objectOf(event['Spark Properties']),
  }),
  SparkListenerApplicationStart: (event) => ({
    kind: 'application-start',
    name: stringOf(event['App Name']),
    appId: stringOf(event['App ID']),
    attempt: stringOf(event['App Attempt ID']),
    at: timeOf(event['Timestamp']),
  }),
  SparkListenerApplicationEnd: (event) => ({ kind: 'application-end', at: timeOf(event['Timestamp']) }),
  SparkListenerExecutorAdded(event) {
    const info = objectOf(event['Executor Info'])
    const id = stringOf(event['Executor ID'])
    if (id === null) return undefined
    const cores = countOf(info['Total Cores'])
    return { kind: 'executor-added', at: timeOf(event['Timestamp']), id, host: stringOf(info['Host']), cores }
  },
  SparkListenerExecutorRemoved(event) {
    const id = stringOf(event['Executor ID'])
    if (id === null) return undefined
    const reason = stringOf(event['Removed Reason'])
    return { kind: 'executor-removed', at: timeOf(event['Timestamp']), id, reason }
  },
  SparkListenerJobStart(event) {
    const id = countOf(event['Job ID'])
    if (id === null) return undefined
    return {
      kind: 'job-start',
      id,
      at: timeOf(event['Submission Time']),
      stages: arrayOf(event['Stage Infos']).flatMap((stage) => stageOf(stage) ?? []),
      stageIds: arrayOf(event['Stage IDs']).flatMap((stage) => countOf(stage) ?? []),
      streaming: stringOf(objectOf(event['Properties'])['sql.streaming.queryId']) !== null,
    }
  },
  SparkListenerJobEnd(event) {
    const id = countOf(event['Job ID'])
    if (id === null) return undefined
    const result = stringOf(objectOf(event['Job Result'])['Result'])
    return {
      kind: 'job-end',
      id,
      at: timeOf(event['Completion Time']),
      succeeded: result === null ? null : result === 'JobSucceeded',
    }
  },
  SparkListenerStageCompleted(event) {
    const stage = stageOf(event['Stage Info'])
    return stage && { kind: 'stage-completed', stage }
  },
  SparkListenerTaskEnd(event) {
    const stageId = countOf(event['Stage ID'])
    if (stageId === null) return undefined
    const info = objectOf(event['Task Info'])
    const metrics = event['Task Metrics']
    return {
      kind: 'task-end',
      stageId,
      succeeded: stringOf(objectOf(event['Task End Reason'])['Reason']) === 'Success',
      launched: timeOf(info['Launch Time']),
      finished: timeOf(info['Finish Time']),
      metrics: isObject(metrics) ? taskMetricsOf(metrics) : null,
      memory: memoryOf(objectOf(event['Task Executor Metrics'])),
    }
  },
  SparkListenerStageExecutorMetrics: (event) => ({
    kind: 'executor-peak',
    memory:
      stringOf(event['Executor ID']) === 'driver' ? null : memoryOf(objectOf(event['Executor Metrics'])),
  }),
  StreamingQueryListener$QueryStartedEvent: () => ({ kind: 'streaming-query' }),
}

const EVENT_NAME = /^\s*\{\s*"Event"\s*:\s*"(?:[\w$]+\.)*([\w$]+)"/

/** Whether a line of this head is read at all. */
export const isWanted = (head: Buffer): boolean => {
  const name = EVENT_NAME.exec(head.toString('latin1'))?.[1]
  return name !== undefined && Object.hasOwn(READERS, name)
}

export const isEvent = (head: string): boolean => EVENT_NAME.test(head)

/** Undefined for a line that is no whole JSON object or lacks what its event cannot be without. */
export function readEvent(line: Buffer): SparkEvent | undefined {
  let event: Json
  try {
    event = JSON.parse(line.toString()) as Json
  } catch {
    return undefined
  }
  if (!isObject(event)) return undefined
  const name = stringOf(event['Event'])?.replace(/^.*\./, '') ?? ''
  return Object.hasOwn(READERS, name) ? READERS[name]!(event) : undefined
}

function stageOf(value: Json | undefined): StageInfo | undefined {
  const stage = objectOf(value)
  const id = countOf(stage['Stage ID'])
  if (id === null) return undefined
  return {
    id,
    name: stringOf(stage['Stage Name']),
    parents: arrayOf(stage['Parent IDs']).flatMap((parent) => countOf(parent) ?? []),
    completed: timeOf(stage['Completion Time']),
    failed: stringOf(stage['Failure Reason']) !== null,
  }
}

function taskMetricsOf(metrics: JsonObject): TaskMetrics {
  const read = objectOf(metrics['Shuffle Read Metrics'])
  const [remote, local] = [countOf(read['Remote Bytes Read']), countOf(read['Local Bytes Read'])]
  return {
    runMs: countOf(metrics['Executor Run Time']),
    cpuNs: countOf(metrics['Executor CPU Time']),
    gcMs: countOf(metrics['JVM GC Time']),
    resultBytes: countOf(metrics['Result Size']),
    peakExecution: countOf(metrics['Peak Execution Memory']),
    memorySpilled: countOf(metrics['Memory Bytes Spilled']),
    diskSpilled: countOf(metrics['Disk Bytes Spilled']),
    input: countOf(objectOf(metrics['Input Metrics'])['Bytes Read']),
    output: countOf(objectOf(metrics['Output Metrics'])['Bytes Written']),
    shuffleRead: remote === null && local === null ? null : (remote ?? 0) + (local ?? 0),
    shuffleWritten: countOf(objectOf(metrics['Shuffle Write Metrics'])['Shuffle Bytes Written']),
  }
}

/** Heap and what is off it, of one executor; logs of executors that do not measure it say 0. */
function memoryOf(metrics: JsonObject): Known<number> {
  const heap = countOf(metrics['JVMHeapMemory'])
  if (heap === null || heap === 0) return null
  const direct = countOf(metrics['JVMOffHeapMemory']) ?? 0
  return heap + direct + (countOf(metrics['OffHeapExecutionMemory']) ?? 0)
}

/** A count, a size or an id: never negative, never beyond what a double holds exactly. */
function countOf(value: Json | undefined): Known<number> {
  const number = numberOf(value)
  return number === null || number < 0 || !Number.isSafeInteger(number) ? null : number
}

/** Epoch milliseconds; Spark writes 0 and -1 for times that are not. */
const LATEST_TIME = 8_640_000_000_000_000
function timeOf(value: Json | undefined): Known<number> {
  const time = countOf(value)
  return time === null || time === 0 || time > LATEST_TIME ? null : time
}
