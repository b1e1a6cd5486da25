// An application fact for tests, with what a test cares about changed.
import type { ApplicationFact, ExecutorUse } from '../../src/model/application-facts.ts'
import { GIB, MINUTE, bytes, millis, timestamp } from '../../src/model/units.ts'
import { NOW } from './a-table.ts'

type Changes = Partial<Omit<ApplicationFact, 'executors'>> & { readonly executors?: Partial<ExecutorUse> }

/** Ten executors of four cores for an hour: 400 core minutes of tasks on 2,400 that were paid for. */
export function anApplication({ executors, ...changes }: Changes = {}): ApplicationFact {
  const source = changes.source ?? 'logs'
  const application = changes.application ?? 'nightly orders'
  const appId = changes.appId ?? 'app-1'
  const at = changes.at ?? NOW
  return {
    kind: 'application',
    id: `${source}/${appId}`,
    source,
    application,
    pipelineId: `${source}/${application}`,
    appId,
    attempt: null,
    engine: 'spark',
    engineVersion: '3.5.1',
    platform: 'emr',
    instanceType: 'm5.4xlarge',
    at,
    startedAt: timestamp(at - 60 * MINUTE),
    endedAt: at,
    wall: millis(60 * MINUTE),
    deadline: null,
    partial: [],
    streaming: false,
    gpu: false,
    jobs: 10,
    jobsFailed: 0,
    stages: 20,
    stagesFailed: 0,
    tasks: 4_000,
    tasksFailed: 0,
    executors: {
      count: 10,
      peak: 10,
      peakCores: 40,
      cores: 40,
      coresEach: 4,
      memoryEach: bytes(16 * GIB),
      memoryPeak: bytes(10 * GIB),
      lost: 0,
      coreTime: millis(2_400 * MINUTE),
      dynamic: false,
      ...executors,
    },
    slotUtilisation: 400 / 2_400,
    cpuEfficiency: 0.8,
    gcShare: 0.06,
    spillShare: 0,
    driverShare: 0.1,
    criticalShare: 0.3,
    taskTime: millis(400 * MINUTE),
    volume: {
      input: bytes(100 * GIB),
      output: bytes(10 * GIB),
      shuffleRead: bytes(50 * GIB),
      shuffleWritten: bytes(50 * GIB),
      diskSpilled: bytes(0),
      memorySpilled: bytes(0),
    },
    unevenStages: [],
    simulated: [1, 2, 3, 4, 5, 6, 8, 10, 15, 20].map((count) => ({
      executors: count,
      wall: millis(Math.round((50 + 10 / (count / 4)) * MINUTE)),
    })),
    calibration: 60 / 54,
    properties: { 'spark.executor.cores': '4', 'spark.executor.memory': '14g' },
    ...changes,
  }
}
