// What a Spark event log told of an application → the fact.
import type { ApplicationFact, ExecutorUse, Platform } from '../../model/application-facts.ts'
import type { Known } from '../../model/known.ts'
import { type Bytes, type Millis, GIB, KIB, MIB, bytes, millis, timestamp } from '../../model/units.ts'
import { type SparkApplication, applicationEnd } from './application.ts'
import { type Measures, coresPerTask, measure, stageFindings } from './measures.ts'
import { type Plan, planOf, simulate } from './simulate.ts'

/** What the configuration says about applications of a source. */
export interface ApplicationContext {
  readonly source: string
  readonly platform: Known<Platform>
  readonly instanceType: Known<string>
  readonly deadlineOf: (application: string) => Known<Millis>
}

const UNEVEN_KEPT = 5
/** Numbers of executors that are simulated: each up to this, then ever further apart, up to twice what there was. */
const EACH_UP_TO = 32
const STEP = 1.15
/** Tasks scheduled for all of them together: well below a second of one core. */
const SIMULATED_TASKS = 8_000_000

export function applicationFact(spark: SparkApplication, context: ApplicationContext): ApplicationFact {
  const { source } = context
  const measures = measure(spark)
  const executors = executorUse(spark, measures)
  const platform = context.platform ?? platformOf(spark)
  const application = jobName(spark.name ?? spark.appId)
  const { totals, attempt } = spark
  const end = applicationEnd(spark)
  return {
    kind: 'application',
    id: `${source}/${spark.appId}${attempt === null ? '' : `/${attempt}`}`,
    source,
    application,
    pipelineId: `${source}/${application}`,
    appId: spark.appId,
    attempt,
    engine: 'spark',
    engineVersion: spark.version,
    platform,
    instanceType:
      context.instanceType ?? spark.properties['spark.databricks.clusterUsageTags.clusterNodeType'] ?? null,
    at: timestamp(end),
    startedAt: timestamp(spark.startedAt),
    endedAt: spark.endedAt === null ? null : timestamp(spark.endedAt),
    wall: millis(measures.wallMs),
    deadline: context.deadlineOf(application),
    partial: spark.partial,
    streaming: spark.streaming,
    gpu: usesGpu(spark),
    jobs: spark.jobs.length,
    jobsFailed: spark.jobs.filter(({ failed }) => failed).length,
    stages: [...spark.stages.values()].filter(({ lengths }) => lengths.length > 0).length,
    stagesFailed: [...spark.stages.values()].filter(({ failed }) => failed).length,
    tasks: totals.tasks,
    tasksFailed: totals.failed,
    executors,
    slotUtilisation: measures.slotUtilisation,
    cpuEfficiency: measures.cpuEfficiency,
    gcShare: measures.gcShare,
    spillShare: measures.spillShare,
    taskTime: totals.runMs === null ? null : millis(totals.runMs),
    volume: {
      input: sized(totals.input),
      output: sized(totals.output),
      shuffleRead: sized(totals.shuffleRead),
      shuffleWritten: sized(totals.shuffleWritten),
      diskSpilled: sized(totals.diskSpilled),
      memorySpilled: sized(totals.memorySpilled),
    },
    unevenStages: stageFindings(spark, UNEVEN_KEPT).map(({ id, name, tasks, diskSpilled, ...stage }) => ({
      stage: id,
      name,
      tasks,
      median: millis(stage.medianMs),
      longest: millis(stage.longestMs),
      skew: stage.skew,
      diskSpilled: sized(diskSpilled),
    })),
    ...simulations(spark, executors, measures.wallMs),
    properties: spark.properties,
  }
}

const sized = (count: Known<number>): Known<Bytes> => (count === null ? null : bytes(count))

/** Dates, times and ids in a name tell executions of one job apart; without them they have one name. */
export const jobName = (name: string): string =>
  name
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '*')
    .replaceAll(/\d{4}-\d\d-\d\d(?:[T_ ]?\d\d[:-]?\d\d(?:[:-]?\d\d)?(?:\.\d+)?Z?)?/g, '*')
    .replaceAll(/\d{6,}(?:_\d+)*/g, '*')
    .slice(0, 120)

function executorUse(spark: SparkApplication, measures: Measures): ExecutorUse {
  const sizes = new Set(spark.executors.map(({ cores }) => cores))
  const { properties } = spark
  return {
    count: spark.executors.length,
    peak: measures.peakExecutors,
    peakCores: measures.peakCores,
    cores: measures.cores,
    coresEach: sizes.size === 1 ? [...sizes][0]! : null,
    memoryEach: memoryGiven(properties),
    memoryPeak: sized(spark.peakExecutorMemory),
    lost: spark.executors.filter(
      ({ removedAt, removedBecause }) =>
        removedAt !== null && removedAt < spark.lastActivity && !WANTED_REMOVAL.test(removedBecause ?? ''),
    ).length,
    coreTime: millis(measures.coreMs),
    dynamic: properties['spark.dynamicAllocation.enabled'] === 'true',
  }
}

const WANTED_REMOVAL = /killed by driver|idle|decommission|exited with code 0\b|stopped/i

function memoryGiven(properties: Readonly<Record<string, string>>): Known<Bytes> {
  const heap = memorySize(properties['spark.executor.memory'], MIB)
  if (heap === null) return null
  const factor = Number(properties['spark.executor.memoryOverheadFactor'] ?? 0.1)
  const overhead =
    memorySize(properties['spark.executor.memoryOverhead'], MIB) ??
    Math.max(384 * MIB, heap * (Number.isFinite(factor) ? factor : 0.1))
  const offHeap =
    properties['spark.memory.offHeap.enabled'] === 'true'
      ? (memorySize(properties['spark.memory.offHeap.size'], bytes(1)) ?? 0)
      : 0
  return bytes(Math.round(heap + overhead + offHeap))
}

const SIZES: Readonly<Record<string, number>> = { b: 1, k: KIB, m: MIB, g: GIB, t: 1_024 * GIB }

/** Spark's sizes: `8g`, `512m`, `40960`; a number alone counts `unit`. */
function memorySize(text: string | undefined, unit: Bytes): Known<number> {
  const [, count, suffix] = /^\s*(\d{1,12})\s*([bkmgt]?)b?\s*$/i.exec(text ?? '') ?? []
  if (count === undefined) return null
  return Number(count) * (suffix ? SIZES[suffix.toLowerCase()]! : unit)
}

function platformOf({ properties, version, executors }: SparkApplication): Known<Platform> {
  const master = properties['spark.master'] ?? ''
  if (master.startsWith('local') || (executors.length > 0 && executors.every(({ id }) => id === 'driver')))
    return 'local'
  const names = Object.keys(properties)
  if (names.some((name) => name.startsWith('spark.emr-serverless.'))) return 'emr-serverless'
  if (names.some((name) => name.startsWith('spark.glue.'))) return 'glue'
  if (names.some((name) => name.startsWith('spark.databricks.'))) return 'databricks'
  if (version?.includes('-amzn-')) return master.startsWith('k8s') ? 'emr-eks' : 'emr'
  return null
}

const usesGpu = ({ properties }: SparkApplication): boolean =>
  /com\.nvidia/.test(properties['spark.plugins'] ?? '') ||
  properties['spark.rapids.sql.enabled'] === 'true' ||
  Number(properties['spark.executor.resource.gpu.amount'] ?? 0) > 0

type Simulations = Pick<ApplicationFact, 'simulated' | 'calibration' | 'driverShare' | 'criticalShare'>

function simulations(spark: SparkApplication, executors: ExecutorUse, wallMs: number): Simulations {
  const plan = planOf(spark)
  if (wallMs <= 0) return { simulated: [], calibration: null, driverShare: null, criticalShare: null }
  const shares = { driverShare: plan.driverMs / wallMs, criticalShare: simulate(plan, Infinity) / wallMs }
  const slotsEach = Math.floor((executors.coresEach ?? 0) / coresPerTask(spark))
  if (slotsEach === 0 || executors.peak === 0 || plan.tasks === 0)
    return { ...shares, simulated: [], calibration: null }
  const simulated = executorCounts(executors.peak, plan).map((count) => ({
    executors: count,
    wall: millis(Math.round(simulate(plan, count * slotsEach))),
  }))
  const asItWas = simulated.find((one) => one.executors === executors.peak)
  return { ...shares, simulated, calibration: asItWas && asItWas.wall > 0 ? wallMs / asItWas.wall : null }
}

/** Waves make times jump: where they are cheap all counts are tried, else as many as the limit on work allows. */
export function executorCounts(peak: number, { tasks }: Pick<Plan, 'tasks'>): number[] {
  const all: number[] = []
  for (let count = 1; count < peak * 2; count = count < EACH_UP_TO ? count + 1 : Math.ceil(count * STEP))
    all.push(count)
  all.push(peak * 2)
  const affordable = Math.max(4, Math.floor(SIMULATED_TASKS / Math.max(1, tasks)))
  const every = Math.ceil(all.length / affordable)
  const kept = all.filter((_, i) => i % every === 0)
  return [...new Set([...kept, peak])].toSorted((a, b) => a - b)
}
