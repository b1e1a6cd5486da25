// Seeded Spark jobs: the work that each execution really has, as a graph of stages with tasks. No advisor sees any of it.
import { seeded } from '../../../src/advisors/seeded.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/model/units.ts'
import { FROZEN_DAY } from './lake-world.ts'
import type { Mix } from './mixes.ts'

interface StageShape {
  /** Earlier stages of the same stretch that it waits for. */
  readonly parents: readonly number[]
  readonly tasks: number
  readonly median: number
  readonly sigma: number
  /** More input is more tasks, or longer ones where their number is fixed. */
  readonly grows: 'tasks' | 'length'
  /** Its longest task over the median; 1 where it is even. */
  readonly skew: number
}

interface StretchShape {
  /** Milliseconds before it in which only the driver works. */
  readonly alone: number
  readonly stages: readonly StageShape[]
}

export interface Job {
  readonly name: string
  readonly seed: string
  readonly everyHours: number
  /** Hours between arrivals of new input; runs between them find nothing. */
  readonly inputEveryHours: number
  readonly deadline: number | null
  readonly platform: 'emr' | 'emr-serverless'
  readonly instanceType: string
  readonly executors: number
  readonly memoryEach: number
  /** GiB that an executor needs at usual volume. */
  readonly memoryNeed: number
  readonly inputGib: number
  readonly stretches: readonly StretchShape[]
  readonly transactional: boolean
  /** Machines without executors go away. */
  readonly scales: boolean
  readonly adaptive: boolean
  /** Skewed stages are joins, which adaptive execution can split. */
  readonly splittable: boolean
  readonly weekend: number
  readonly monthEnd: number
  readonly growth: number
  /** From that day on its input is so much more. */
  readonly step: { readonly day: number; readonly factor: number }
  /** Tasks take so much longer on half the executors: less memory and cache together. */
  readonly crowding: number
  /** Of spot instances: interruptions an hour and machine, and price over the list's. */
  readonly hazard: number
  readonly spotFactor: number
}

export const CORES_EACH = 4
/** vCPU and GiB of a machine, as its name says: `r5.2xlarge` has 8 and 64. */
export function machineOf(type: string): { readonly cores: number; readonly gib: number } {
  const [, family, times = '1'] = /^([cmr])\w*\.(\d*)xlarge$/.exec(type)!
  const cores = 4 * Number(times === '' ? 1 : times)
  return { cores, gib: cores * { c: 2, m: 4, r: 8 }[family as 'c' | 'm' | 'r'] }
}
/** Instance types of clusters, and what share of them is interrupted in a month on spot. */
const TYPES: ReadonlyArray<readonly [type: string, interrupted: number]> = [
  ['m5.xlarge', 0.3],
  ['m5.4xlarge', 0.2],
  ['r5.2xlarge', 0.3],
  ['r5.4xlarge', 0.3],
  ['m6g.4xlarge', 0.15],
]
const JOBS = 5
const TURNS_ON = 100

export function jobsOf(mix: Mix, world: string, random: () => number): readonly Job[] {
  return Array.from({ length: JOBS }, (_, i) => jobOf(mix, `${world} job ${i}`, i, random))
}

function jobOf(mix: Mix, seed: string, i: number, random: () => number): Job {
  const between = (low: number, high: number): number => low + (high - low) * random()
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!
  const kept = mix === 'well-kept'
  const everyHours = pick(mix === 'streaming' ? [1, 1, 6, 24] : [1, 6, 24, 24])
  const size = everyHours === 1 ? 0.15 : everyHours === 6 ? 0.4 : 1
  const stretches = Array.from({ length: 1 + Math.floor(random() * 3) }, (): StretchShape => {
    const stages = Array.from({ length: 2 + Math.floor(random() * 3) }, (_stage, k): StageShape => ({
      parents: k === 0 ? [] : k > 1 && random() < 0.3 ? [k - 1, k - 2] : [k - 1],
      tasks: Math.max(4, Math.round(between(12, 100) * size * (k === 0 ? 1.5 : 1))),
      median: between(10, 90) * SECOND,
      sigma: between(0.2, 0.6),
      grows: random() < 0.6 ? 'tasks' : 'length',
      skew: !kept && random() < 0.12 ? between(5, 15) : 1,
    }))
    const plans = !kept && random() < 0.15 ? 8 : 1
    return { alone: between(5, kept ? 30 : 120) * plans * SECOND, stages }
  })
  const work = stretches
    .flatMap(({ stages }) => stages)
    .reduce((sum, one) => sum + one.tasks * one.median * 1.1, 0)
  // As many as end the tasks of all in some minutes; those who do not look take several times that.
  const enough = Math.max(2, Math.round(work / (CORES_EACH * between(10, 25) * MINUTE)))
  const executors = Math.min(40, Math.ceil(enough * (kept ? 1 : between(1.5, 5))))
  const alone = stretches.reduce((sum, stretch) => sum + stretch.alone, 0)
  const wall =
    alone +
    stretches.reduce(
      (sum, { stages }) =>
        sum +
        stages.reduce(
          (all, one) => all + one.median * (Math.ceil(one.tasks / (executors * CORES_EACH)) + one.skew),
          0,
        ),
      0,
    )
  const [instanceType, interrupted] = pick(TYPES)
  const machine = machineOf(instanceType)
  const memoryEach = Math.floor(((machine.gib * 0.85) / machine.cores) * CORES_EACH)
  const platform = random() < (kept ? 0.6 : 0.2) ? 'emr-serverless' : 'emr'
  const hazardBounds = [730, 24].map((hours) => -Math.log(1 - interrupted) / hours)
  const monthEnd = random() < 0.3 ? between(1.1, 1.4) : 1
  const growth = between(0, 0.1)
  const slack = (kept ? between(1.4, 1.9) : between(1.3, 6)) * monthEnd * (1 + growth)
  return {
    name: `job-${i}`,
    seed,
    everyHours,
    inputEveryHours: !kept && everyHours === 1 && random() < 0.4 ? pick([3, 4, 6]) : everyHours,
    deadline:
      random() < (kept ? 1 : 0.7) ? Math.max(4 * MINUTE, Math.min(everyHours * HOUR, wall * slack)) : null,
    platform,
    instanceType,
    executors,
    memoryEach,
    memoryNeed: kept ? memoryEach * between(0.6, 0.8) : memoryEach * between(0.15, 0.8),
    inputGib: (work / SECOND / 20) * between(0.5, 1.5),
    stretches,
    // Who keeps a lake well has on demand what must not be interrupted, and nothing else on clusters.
    transactional: kept ? platform === 'emr-serverless' : random() < 0.7,
    scales: random() < 0.6,
    adaptive: kept || random() < 0.5,
    splittable: random() < 0.6,
    weekend: random() < 0.5 ? 1 : between(0.5, 0.9),
    monthEnd,
    growth,
    step: { day: TURNS_ON, factor: mix === 'regime-change' && random() < 0.5 ? between(1.3, 2) : 1 },
    crowding: between(0, 0.05),
    hazard: Math.exp(between(Math.log(hazardBounds[0]!), Math.log(hazardBounds[1]!))),
    spotFactor: between(0.85, 1.3),
  }
}

export interface Execution {
  readonly index: number
  /** Of the world, with its hour as a fraction. */
  readonly day: number
  readonly volume: number
  readonly stretches: ReadonlyArray<{ readonly alone: number; readonly stages: readonly Stage[] }>
  /** Seed of what befalls it: that does not depend on what was decided before. */
  readonly fate: string
}

export interface Stage {
  readonly parents: readonly number[]
  readonly tasks: Float64Array
  readonly median: number
  readonly skewed: boolean
}

/** A run that finds nothing new lists its input and ends. */
const NOTHING_TO_DO = { alone: 25 * SECOND, tasks: 8, median: SECOND }

export const hasInput = (job: Job, index: number): boolean =>
  (index * job.everyHours) % job.inputEveryHours === 0

export function executionOf(job: Job, index: number): Execution {
  const random = seeded(`${job.seed} ${index}`)
  const fate = `${job.seed} ${index} fate`
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const day = (index * job.everyHours) / 24
  const volume = volumeOn(job, day) * (1 + 0.02 * normal())
  const lengths = (count: number, median: number, sigma: number): Float64Array =>
    Float64Array.from({ length: count }, () => median * Math.exp(sigma * normal()))
  if (!hasInput(job, index)) {
    const { alone, tasks, median } = NOTHING_TO_DO
    const stage = { parents: [], tasks: lengths(tasks, median, 0.2), median, skewed: false }
    return { index, day, volume: 0, stretches: [{ alone, stages: [stage] }], fate }
  }
  const stretches = job.stretches.map(({ alone, stages }) => ({
    alone: alone * (0.95 + 0.1 * random()),
    stages: stages.map((shape): Stage => {
      const count = shape.grows === 'tasks' ? Math.max(1, Math.round(shape.tasks * volume)) : shape.tasks
      const median = shape.grows === 'tasks' ? shape.median : shape.median * volume
      const tasks = lengths(count, median, shape.sigma)
      if (shape.skew > 1) tasks[Math.floor(count / 3)] = median * shape.skew
      return { parents: shape.parents, tasks, median, skewed: shape.skew > 1 }
    }),
  }))
  return { index, day, volume, stretches, fate }
}

function volumeOn(job: Job, day: number): number {
  const date = Math.floor(day)
  // Day 60 is a Monday.
  const weekday = (((date - FROZEN_DAY) % 7) + 7) % 7
  const weekly = weekday >= 5 ? job.weekend : 1
  const monthly = date % 30 === 29 ? job.monthEnd : 1
  const stepped = date >= job.step.day ? job.step.factor : 1
  return weekly * monthly * stepped * (1 + (job.growth * date) / 90)
}
