// What an application's log comes to: how much of what it held it used, and what kept it from using more.
import type { Known } from '../../model/known.ts'
import { type Executor, type SparkApplication, type Stage, applicationEnd } from './application.ts'

export interface Measures {
  readonly wallMs: number
  /** Of all executors that ever were, and of those that were at once. */
  readonly cores: number
  readonly peakCores: number
  readonly peakExecutors: number
  /** Cores times the time their executors lived. */
  readonly coreMs: number
  /** Task time / core time; null without executors, 0..1 (tasks of several cores count as many). */
  readonly slotUtilisation: Known<number>
  /** CPU time / run time of tasks. */
  readonly cpuEfficiency: Known<number>
  readonly gcShare: Known<number>
  /** Bytes spilled to disk / bytes read (input and shuffle). */
  readonly spillShare: Known<number>
}

/** Tasks that a stage needs before its median says anything. */
const SKEW_TASKS = 10

export interface StageFinding {
  readonly id: number
  readonly name: string
  readonly tasks: number
  readonly medianMs: number
  readonly longestMs: number
  /** longest / median. */
  readonly skew: number
  readonly diskSpilled: Known<number>
}

export function measure(application: SparkApplication): Measures {
  const { totals } = application
  const end = applicationEnd(application)
  const lives = application.executors.map((executor) => lifeOf(executor, application, end))
  const coreMs = lives.reduce((sum, { cores, from, to }) => sum + cores * (to - from), 0)
  const read = sumOf(totals.input, totals.shuffleRead)
  return {
    wallMs: end - application.startedAt,
    cores: application.executors.reduce((sum, { cores }) => sum + cores, 0),
    ...peakOf(lives),
    coreMs,
    slotUtilisation: ratio(totals.runMs === null ? null : totals.runMs * coresPerTask(application), coreMs),
    cpuEfficiency: ratio(totals.cpuNs === null ? null : totals.cpuNs / 1e6, totals.runMs),
    gcShare: ratio(totals.gcMs, totals.runMs),
    spillShare: ratio(totals.diskSpilled, read),
  }
}

/** Cores that one task takes. */
export const coresPerTask = ({ properties }: SparkApplication): number => {
  const cpus = Number(properties['spark.task.cpus'] ?? 1)
  return Number.isInteger(cpus) && cpus > 0 && cpus <= 1_024 ? cpus : 1
}

interface Life {
  readonly cores: number
  readonly from: number
  readonly to: number
}

/**
 * Times of executors may lie after the end of the application (logs that were edited by hand, clocks that differ):
 * they are cut there. Where the end is not told, a removal still says that the executor was there until then.
 */
function lifeOf({ cores, addedAt, removedAt }: Executor, application: SparkApplication, end: number): Life {
  const from = Math.max(addedAt, application.startedAt)
  if (from >= end) return { cores, from, to: from }
  const to = application.endedAt === null ? (removedAt ?? end) : Math.min(removedAt ?? end, end)
  return { cores, from, to: Math.max(from, to) }
}

function peakOf(lives: readonly Life[]): { peakCores: number; peakExecutors: number } {
  const steps = lives
    .flatMap(({ cores, from, to }) => [
      { at: from, cores, executors: 1 },
      { at: to, cores: -cores, executors: -1 },
    ])
    // Who leaves makes room for who comes at the same moment; who came and left at once was there.
    .toSorted((a, b) => a.at - b.at || b.cores - a.cores)
  const now = { cores: 0, executors: 0 }
  const peak = { peakCores: 0, peakExecutors: 0 }
  for (const { cores, executors } of steps) {
    now.cores += cores
    now.executors += executors
    peak.peakCores = Math.max(peak.peakCores, now.cores)
    peak.peakExecutors = Math.max(peak.peakExecutors, now.executors)
  }
  return peak
}

/** The stages whose longest task kept the others waiting longest. */
export function stageFindings(application: SparkApplication, most: number): StageFinding[] {
  const waits = (stage: StageFinding): number => stage.longestMs - stage.medianMs
  return [...application.stages.values()]
    .filter(({ lengths }) => lengths.length >= SKEW_TASKS)
    .map(findingOf)
    .toSorted((a, b) => waits(b) - waits(a) || a.id - b.id)
    .slice(0, most)
}

function findingOf({ id, name, lengths, diskSpilled }: Stage): StageFinding {
  const sorted = Float64Array.from(lengths).sort()
  const medianMs = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
  const longestMs = sorted.at(-1)!
  // A median below the clock's step would make any task look skewed.
  return {
    id,
    name,
    tasks: sorted.length,
    medianMs,
    longestMs,
    skew: longestMs / Math.max(1, medianMs),
    diskSpilled,
  }
}

const sumOf = (a: Known<number>, b: Known<number>): Known<number> =>
  a === null && b === null ? null : (a ?? 0) + (b ?? 0)

const ratio = (part: Known<number>, whole: Known<number>): Known<number> =>
  part === null || whole === null || whole <= 0 ? null : part / whole
