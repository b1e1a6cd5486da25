// A Spark event log of 142 MB, plain and compressed: how long it takes to read, and the memory at its peak. Each case has
// a process of its own, so that its peak memory is its own.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { applicationFact } from '../../src/formats/spark/application-fact.ts'
import { readEventLog } from '../../src/formats/spark/event-log.ts'

const TEXT_BYTES = 142_000_000
const LIMIT_SECONDS = 4
const LIMIT_MB = 300
const START = 1_772_323_200_000
const TASKS_A_STAGE = 400

const CASES: Readonly<Record<string, (text: Buffer) => Buffer>> = {
  'log-142mb-plain': (text) => text,
  'log-142mb-zstd': (text) => zstdCompressSync(text),
}

export async function run(only?: string): Promise<void> {
  if (only !== undefined) return measureCase(only)
  for (const name of Object.keys(CASES)) {
    logFile(name)
    const bench = path.join(import.meta.dirname, 'bench.ts')
    const { status } = spawnSync(process.execPath, [bench, 'spark', name], { stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}

async function measureCase(name: string): Promise<void> {
  const file = logFile(name)
  const origin = { subject: file }
  const started = performance.now()
  const pieces = fs.createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>
  const { application, textBytes } = await readEventLog([{ pieces, origin }], origin)
  const seconds = (performance.now() - started) / 1_000
  const simulating = performance.now()
  const fact = applicationFact(application, {
    source: 'bench',
    platform: null,
    instanceType: null,
    deadlineOf: () => null,
  })
  const peakMb = process.resourceUsage().maxRSS / 1_000
  console.log(
    JSON.stringify({
      case: name,
      textMb: Math.round(textBytes / 1e6),
      storedMb: Math.round(fs.statSync(file).size / 1e5) / 10,
      tasks: fact.tasks,
      seconds: Math.round(seconds * 100) / 100,
      simulatedSizes: fact.simulated.length,
      simulatingMs: Math.round(performance.now() - simulating),
      peakMb: Math.round(peakMb),
      limits: { seconds: LIMIT_SECONDS, peakMb: LIMIT_MB },
    }),
  )
  if (seconds > LIMIT_SECONDS || peakMb > LIMIT_MB) process.exitCode = 1
}

/** Made once a machine. */
function logFile(name: string): string {
  const encode = Object.hasOwn(CASES, name) ? CASES[name] : undefined
  if (encode === undefined) throw new Error(`no case ${name}; there are: ${Object.keys(CASES).join(', ')}`)
  const file = path.join(os.tmpdir(), `tidemark-bench-${name}-1`)
  if (!fs.existsSync(file)) {
    fs.writeFileSync(`${file}.new`, encode(logText()))
    fs.renameSync(`${file}.new`, file)
  }
  return file
}

/** Stages of 400 tasks in a row, whose accumulators make up most of the bytes, as in logs of SQL. */
function logText(): Buffer {
  const lines: string[] = []
  let bytes = 0
  const put = (event: object): void => {
    const line = `${JSON.stringify(event)}\n`
    lines.push(line)
    bytes += line.length
  }
  put({ Event: 'SparkListenerLogStart', 'Spark Version': '3.5.1' })
  put({
    Event: 'SparkListenerApplicationStart',
    'App Name': 'bench',
    'App ID': 'app-bench',
    Timestamp: START,
  })
  for (let i = 1; i <= 16; i++)
    put({
      Event: 'SparkListenerExecutorAdded',
      Timestamp: START,
      'Executor ID': String(i),
      'Executor Info': { Host: `host-${i}`, 'Total Cores': 8 },
    })
  let seed = 1
  const random = (most: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % most
  }
  let at = START
  for (let stage = 0; bytes < TEXT_BYTES; stage++) {
    const info = { 'Stage ID': stage, 'Stage Name': 'collect', 'Parent IDs': [], 'RDD Info': [] }
    put({
      Event: 'SparkListenerJobStart',
      'Job ID': stage,
      'Submission Time': at,
      'Stage Infos': [info],
      'Stage IDs': [stage],
    })
    for (let task = 0; task < TASKS_A_STAGE && bytes < TEXT_BYTES; task++)
      put(taskEnd(stage, at + Math.floor(task / 128) * 1_000, 500 + random(1_000), random))
    at += 6_000
    put({
      Event: 'SparkListenerJobEnd',
      'Job ID': stage,
      'Completion Time': at,
      'Job Result': { Result: 'JobSucceeded' },
    })
  }
  put({ Event: 'SparkListenerApplicationEnd', Timestamp: at })
  return Buffer.from(lines.join(''))
}

const taskEnd = (
  stage: number,
  launch: number,
  length: number,
  random: (most: number) => number,
): object => ({
  Event: 'SparkListenerTaskEnd',
  'Stage ID': stage,
  'Stage Attempt ID': 0,
  'Task Type': 'ShuffleMapTask',
  'Task End Reason': { Reason: 'Success' },
  'Task Info': {
    'Launch Time': launch,
    'Finish Time': launch + length,
    Accumulables: Array.from({ length: 150 }, (_, id) => ({
      ID: stage * 150 + id,
      Name: 'number of output rows',
      Update: String(random(1_000_000)),
      Value: String(random(1_000_000_000)),
      Internal: true,
      'Count Failed Values': true,
      Metadata: 'sql',
    })),
  },
  'Task Executor Metrics': { JVMHeapMemory: 1_000_000_000 + random(1_000_000_000) },
  'Task Metrics': {
    'Executor Run Time': length,
    'Executor CPU Time': length * 700_000,
    'JVM GC Time': random(50),
    'Peak Execution Memory': random(100_000_000),
    'Disk Bytes Spilled': 0,
    'Shuffle Read Metrics': { 'Remote Bytes Read': random(1_000_000), 'Local Bytes Read': random(100_000) },
    'Input Metrics': { 'Bytes Read': random(10_000_000) },
  },
})
