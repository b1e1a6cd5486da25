// Memory of executors: too much is paid for nothing, too little is paid in spills and garbage collection. More is
// advised before less (cost.md §4.3).
import { type Bytes, GIB, SECOND, bytes, readableBytes } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish } from '../draft.ts'
import { BILLING_INPUTS, executorLines, instanceLines } from './billing.ts'
import { type JobView, ROOM, about, found, hasRoom, need, quantile, typical } from './job-view.ts'

/** Above these memory is short; below the lower one, and without spills, it may be too much. */
const GC_HIGH = 0.1
const GC_LOW = 0.05
const SPILL_HIGH = 0.1
/** Of what it has, from which on it keeps what it has. */
const USED_ENOUGH = 0.5
const LEAST = 2 * GIB
/** Spark's overhead beside the heap. */
const HEAP_SHARE = 1 / 1.1
/** A partition per this much of shuffle keeps tasks within memory. */
const PARTITION = 128 * 1_048_576

export function memory(job: JobView): Findings {
  const { newest } = job
  if (newest.gpu) return NOTHING
  const gc = typical(job, ({ gcShare }) => gcShare)
  const spill = typical(job, ({ spillShare }) => spillShare)
  if ((gc ?? 0) > GC_HIGH || (spill ?? 0) > SPILL_HIGH) return { advice: [more(job, gc, spill)], needs: [] }
  const peaks = job.executions.map(({ executors }) => executors.memoryPeak)
  const given = newest.executors.memoryEach
  if (given === null || peaks.includes(null) || gc === null || spill === null)
    return need(
      job,
      'memory of its executors: spark.executor.metrics.pollingInterval=1s and spark.eventLog.logStageExecutorMetrics=true, and spark.executor.memory set',
    )
  const peak = quantile(peaks.map(Number), 0.99)
  const wanted = bytes(Math.max(LEAST, Math.ceil((peak * ROOM) / GIB) * GIB))
  if (gc > GC_LOW || spill > 0 || wanted > given * USED_ENOUGH || !hasRoom(job)) return NOTHING
  return { advice: [less(job, given, wanted, bytes(peak))], needs: [] }
}

function more(job: JobView, gc: number | null, spill: number | null) {
  const { newest } = job
  const shuffle = Math.max(0, ...job.executions.map(({ volume }) => volume.shuffleWritten ?? 0))
  const partitions = Math.ceil(shuffle / PARTITION)
  const before = newest.properties['spark.sql.shuffle.partitions']
  const given = newest.executors.memoryEach
  const heap = given === null ? null : Math.ceil((given * HEAP_SHARE * 1.5) / GIB)
  const lines = [
    ...(partitions > Number(before ?? 200) ? [`spark.sql.shuffle.partitions ${partitions}`] : []),
    heap === null ? '# spark.executor.memory: half as much again' : `spark.executor.memory ${heap}g`,
  ]
  return finish(
    {
      ...about(job),
      topic: 'memory-short',
      shape: 'more',
      stage: 'size',
      title: `Give ${job.application} more memory, or smaller partitions`,
      why: `Its tasks spend ${percent(gc)} of their time collecting garbage and spill ${percent(spill)} of what they read to disk: memory is short, and both are paid as core time.`,
      evidence: [
        ...(gc === null ? [] : [found(job, 'tidemark_application_last_gc_ratio', gc, 'ratio')]),
        ...(spill === null ? [] : [found(job, 'tidemark_application_last_spill_ratio', spill, 'ratio')]),
      ],
      inputsMissing: [],
      cost: {
        before: null,
        after: null,
        oneOff: null,
        breakEven:
          gc === null
            ? 'more memory costs money and takes spilling away: it pays where executions become shorter by a larger share than memory becomes dearer'
            : `garbage collection alone takes ${percent(gc)} of its core time: more memory pays while it makes executors dearer by less than that`,
      },
      effects: ['executions become shorter', 'executors become dearer where memory is billed'],
      risk: {
        performance: 1,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: ['larger executors may not fit onto the nodes: fewer of them then run at once'],
      },
      confidence: 0.5,
      effort: 'low',
      restartNeeded: true,
      change: conf(job, lines.join('\n'), [
        'tidemark_application_last_gc_ratio and …_spill_ratio fall below 0.1',
        `tidemark_application_last_duration_seconds falls below ${Math.round(
          quantile(
            job.executions.map(({ wall }) => wall),
            0.5,
          ) / SECOND,
        )}`,
      ]),
    },
    job.prices,
    job.now,
  )
}

function less(job: JobView, given: Bytes, wanted: Bytes, peak: Bytes) {
  const { newest, executorHours } = job
  const cheaper = cheaperLines(job, wanted)
  const heap = Math.max(1, Math.floor((wanted * HEAP_SHARE) / GIB))
  return finish(
    {
      ...about(job),
      topic: 'memory-spare',
      shape: 'less',
      stage: 'size',
      title: `Give executors of ${job.application} ${readableBytes(wanted)} instead of ${readableBytes(given)}`,
      why: `No executor used more than ${readableBytes(peak)}; with twice its input ${readableBytes(wanted)} are enough. Nothing spills, and garbage collection takes little.`,
      evidence: [
        found(job, 'tidemark_application_last_executor_memory_bytes', peak, 'bytes', 'p99'),
        found(job, 'memory given', given, 'bytes', 'now'),
        found(
          job,
          'tidemark_application_last_gc_ratio',
          typical(job, ({ gcShare }) => gcShare) ?? 0,
          'ratio',
        ),
      ],
      inputsMissing: cheaper.after === null ? [BILLING_INPUTS] : [],
      cost: {
        before: cheaper.after === null ? null : executorLines(job, executorHours),
        after: cheaper.after,
        oneOff: [],
        breakEven: `${((executorHours * (given - wanted)) / GIB).toFixed(0)} GiB hours a month are not used: it pays where memory is billed, or where smaller or more executors fit onto a node`,
      },
      effects:
        cheaper.family === null
          ? ['more executors fit onto a node']
          : [`${newest.instanceType} becomes ${cheaper.family}`],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: ['an execution with more data than those of the last weeks may run out of memory and fail'],
      },
      confidence: 0.6,
      effort: cheaper.family === null ? 'low' : 'medium',
      restartNeeded: true,
      change: conf(
        job,
        [
          `spark.executor.memory ${heap}g`,
          ...(cheaper.family === null ? [] : [`# instance type of the executors: ${cheaper.family}`]),
        ].join('\n'),
        ['no execution fails for memory', 'tidemark_application_last_gc_ratio stays below 0.1'],
      ),
    },
    job.prices,
    job.now,
  )
}

/** GiB for each core: compute, general and memory instances. */
const FAMILIES = [
  { letter: 'c', gibACore: 2 },
  { letter: 'm', gibACore: 4 },
  { letter: 'r', gibACore: 8 },
] as const
/** Of a node's memory, for executors. */
const USABLE = 0.85

/** Where memory is billed by itself less of it is less money; on instances only another family is. */
function cheaperLines(job: JobView, wanted: Bytes) {
  const { newest, executorHours } = job
  if (newest.platform === 'emr-serverless') {
    const smaller = { ...job, newest: { ...newest, executors: { ...newest.executors, memoryEach: wanted } } }
    return { after: executorLines(smaller, executorHours), family: null }
  }
  const type = newest.instanceType
  const { coresEach } = newest.executors
  if (type === null || coresEach === null || (newest.platform !== 'emr' && newest.platform !== 'ec2'))
    return { after: null, family: null }
  const before = executorLines(job, executorHours)
  const cost = (lines: typeof before): number => (lines ?? []).reduce((sum, line) => sum + line.cost, 0)
  const cheaper = FAMILIES.filter(({ gibACore }) => wanted / GIB / coresEach <= gibACore * USABLE)
    .map(({ letter }) => type.replace(/^[cmr]/, letter))
    .map((family) => ({
      family,
      after: instanceLines(job, executorHours * coresEach, family, newest.platform === 'emr'),
    }))
    .filter(({ family, after }) => family !== type && after !== null && cost(after) < cost(before))
    .toSorted((a, b) => cost(a.after) - cost(b.after))
  return cheaper[0] ?? { after: null, family: null }
}

const KEYS = ['spark.executor.memory', 'spark.sql.shuffle.partitions']

function conf({ newest }: JobView, after: string, verifySteps: readonly string[]) {
  const before = KEYS.flatMap((key) => (key in newest.properties ? [`${key} ${newest.properties[key]}`] : []))
  return {
    format: 'spark-conf' as const,
    before: before.join('\n') || null,
    after,
    applyCommand: null,
    otherForms: [],
    preconditions: ['the configuration is still the one of `before`'],
    verifySteps,
    rollback: before.join('\n') || 'take the lines out again',
  }
}

const percent = (share: number | null): string =>
  share === null ? 'an unknown part' : `${Math.round(share * 100)} %`
