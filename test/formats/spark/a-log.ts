// Small Spark event logs in the words of Spark, made from the few things a test cares about.
import { gzipSync, zstdCompressSync } from 'node:zlib'

/** 2026-03-01T00:00:00Z: where the applications of tests start. */
export const START = 1_772_323_200_000

export interface ATask {
  readonly launch: number
  readonly length: number
  readonly failed?: boolean
  readonly metrics?: Readonly<Record<string, unknown>>
  readonly memory?: Readonly<Record<string, number>>
}

export interface AStage {
  readonly id: number
  readonly parents?: readonly number[]
  readonly tasks: readonly ATask[]
}

export interface AnApplication {
  readonly id?: string
  readonly name?: string
  readonly properties?: Readonly<Record<string, string>>
  /** Milliseconds after START. */
  readonly executors?: ReadonlyArray<{
    readonly cores: number
    readonly at?: number
    readonly until?: number
  }>
  readonly jobs?: ReadonlyArray<{
    readonly at: number
    readonly until: number | null
    readonly stages: readonly AStage[]
    readonly failed?: boolean
    readonly queryId?: string
  }>
  /** Null for a log without its end. */
  readonly end?: number | null
}

const SQL_PLAN = {
  Event: 'org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart',
  executionId: 0,
  physicalPlanDescription: 'Scan\n'.repeat(50),
}

export function logLines(application: AnApplication = {}): string[] {
  const { id = 'app-1', name = 'nightly orders', executors = [], jobs = [], end = 60_000 } = application
  const events: unknown[] = [
    { Event: 'SparkListenerLogStart', 'Spark Version': '3.5.1' },
    {
      Event: 'SparkListenerEnvironmentUpdate',
      'Spark Properties': { 'spark.secret.token': 'hunter2', ...application.properties },
    },
    { Event: 'SparkListenerApplicationStart', 'App Name': name, 'App ID': id, Timestamp: START, User: 'u' },
    ...executors.map(({ cores, at = 0 }, i) => ({
      Event: 'SparkListenerExecutorAdded',
      Timestamp: START + at,
      'Executor ID': String(i + 1),
      'Executor Info': { Host: `host-${i + 1}`, 'Total Cores': cores },
    })),
    SQL_PLAN,
  ]
  for (const [jobId, job] of jobs.entries()) {
    const stageInfo = ({ id: stage, parents = [], tasks }: AStage) => ({
      'Stage ID': stage,
      'Stage Attempt ID': 0,
      'Stage Name': `stage ${stage}`,
      'Number of Tasks': tasks.length,
      'Parent IDs': parents,
    })
    events.push({
      Event: 'SparkListenerJobStart',
      'Job ID': jobId,
      'Submission Time': START + job.at,
      'Stage Infos': job.stages.map(stageInfo),
      'Stage IDs': job.stages.map((stage) => stage.id),
      Properties: job.queryId === undefined ? {} : { 'sql.streaming.queryId': job.queryId },
    })
    for (const stage of job.stages) {
      for (const task of stage.tasks) events.push(taskEnd(stage.id, task))
      events.push({ Event: 'SparkListenerStageCompleted', 'Stage Info': stageInfo(stage) })
    }
    if (job.until !== null)
      events.push({
        Event: 'SparkListenerJobEnd',
        'Job ID': jobId,
        'Completion Time': START + job.until,
        'Job Result': { Result: job.failed === true ? 'JobFailed' : 'JobSucceeded' },
      })
  }
  for (const [i, { until }] of executors.entries())
    if (until !== undefined)
      events.push({
        Event: 'SparkListenerExecutorRemoved',
        Timestamp: START + until,
        'Executor ID': String(i + 1),
        'Removed Reason': 'idle',
      })
  if (end !== null) events.push({ Event: 'SparkListenerApplicationEnd', Timestamp: START + end })
  return events.map((event) => JSON.stringify(event))
}

function taskEnd(stageId: number, { launch, length, failed = false, metrics, memory }: ATask): unknown {
  return {
    Event: 'SparkListenerTaskEnd',
    'Stage ID': stageId,
    'Task End Reason': { Reason: failed ? 'ExceptionFailure' : 'Success' },
    'Task Info': {
      'Launch Time': START + launch,
      'Finish Time': START + launch + length,
      Accumulables: [{ ID: 1, Name: 'internal.metrics.executorRunTime', Update: length }],
    },
    ...(memory === undefined ? {} : { 'Task Executor Metrics': memory }),
    'Task Metrics': { 'Executor Run Time': length, ...metrics },
  }
}

export const logText = (application?: AnApplication): string => `${logLines(application).join('\n')}\n`

/** Four executors of four cores; two jobs, of which the second has a skewed stage after two that run side by side. */
export const AN_APPLICATION: AnApplication = {
  properties: { 'spark.executor.memory': '8g', 'spark.executor.cores': '4' },
  executors: [0, 1, 2, 3].map(() => ({ cores: 4, at: 2_000 })),
  jobs: [
    { at: 5_000, until: 9_000, stages: [{ id: 0, tasks: many(16, 5_000, () => 4_000) }] },
    {
      at: 20_000,
      until: 50_000,
      stages: [
        { id: 1, tasks: many(8, 20_000, () => 5_000) },
        { id: 2, tasks: many(8, 20_000, () => 5_000) },
        { id: 3, parents: [1, 2], tasks: many(12, 25_000, (i) => (i === 11 ? 25_000 : 1_000)) },
      ],
    },
  ],
}

export function many(count: number, launch: number, length: (index: number) => number): ATask[] {
  return Array.from({ length: count }, (_, i) => ({
    launch,
    length: length(i),
    metrics: {
      'Executor CPU Time': length(i) * 700_000,
      'JVM GC Time': length(i) / 50,
      'Peak Execution Memory': 64 * 1_048_576,
      'Disk Bytes Spilled': 1_000,
      'Memory Bytes Spilled': 5_000,
      'Input Metrics': { 'Bytes Read': 100_000 },
      'Shuffle Read Metrics': { 'Remote Bytes Read': 10_000, 'Local Bytes Read': 10_000 },
      'Shuffle Write Metrics': { 'Shuffle Bytes Written': 15_000 },
      'Output Metrics': { 'Bytes Written': 7_000 },
    },
    memory: { JVMHeapMemory: 3 * 1_073_741_824, JVMOffHeapMemory: 134_217_728 },
  }))
}

/** Blocks without any compression inside: every LZ4 and Snappy reader takes them. */
const literal = (block: Buffer, first: number[], rest: number[]): Buffer =>
  Buffer.concat([Buffer.from([...first, ...rest]), block])

function lz4Literal(block: Buffer): Buffer {
  if (block.length < 15) return literal(block, [block.length << 4], [])
  const more = block.length - 15
  return literal(block, [0xf0], [...Array<number>(Math.floor(more / 255)).fill(255), more % 255])
}

function snappyLiteral(block: Buffer): Buffer {
  const varint: number[] = []
  let left = block.length
  for (; left >= 0x80; left >>= 7) varint.push((left & 0x7f) | 0x80)
  return literal(block, [...varint, left], [61 << 2, (block.length - 1) & 255, (block.length - 1) >> 8])
}

const BLOCK = 700
const blocks = (bytes: Buffer): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, i) =>
    bytes.subarray(i * BLOCK, (i + 1) * BLOCK),
  )

export const CODECS: Readonly<Record<string, (text: string) => Buffer>> = {
  plain: (text) => Buffer.from(text),
  zstd: (text) => zstdCompressSync(text),
  'two zstd frames': (text) =>
    Buffer.concat([zstdCompressSync(text.slice(0, 5_000)), zstdCompressSync(text.slice(5_000))]),
  gzip: (text) => gzipSync(text),
  lz4: (text) =>
    Buffer.concat(
      blocks(Buffer.from(text)).flatMap((block) => {
        const stored = lz4Literal(block)
        const header = Buffer.alloc(21)
        header.write('LZ4Block', 'latin1')
        header.writeUInt8(0x25, 8)
        header.writeInt32LE(stored.length, 9)
        header.writeInt32LE(block.length, 13)
        return [header, stored]
      }),
    ),
  snappy: (text) =>
    Buffer.concat([
      Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1'),
      ...blocks(Buffer.from(text)).flatMap((block) => {
        const stored = snappyLiteral(block)
        const header = Buffer.alloc(4)
        header.writeInt32BE(stored.length)
        return [header, stored]
      }),
    ]),
}
