// A small cluster, apart from the simulator that the advisors' numbers come from: executors that start one after another,
// a driver that hands out tasks one at a time, memory that runs short, machines that are taken away.
import { seeded } from '../../../src/advisors/seeded.ts'
import { SECOND } from '../../../src/model/units.ts'
import { CORES_EACH, type Execution, type Job, type Stage, machineOf } from './job-world.ts'

export interface Setup {
  readonly executors: number
  readonly instanceType: string
  /** GiB of one executor. */
  readonly memoryEach: number
  /** Executors go after a minute without work, and come back when there is some. */
  readonly dynamic: boolean
  readonly spot: 'none' | 'all' | 'all but one'
  readonly splitsSkew: boolean
}

export interface Ran {
  readonly wall: number
  /** Milliseconds that executors lived together. */
  readonly alive: number
  readonly lost: number
  readonly memory: number
  readonly spilled: boolean
  readonly stages: readonly RanStage[]
  readonly executorStarts: readonly number[]
}

export interface RanStage {
  readonly stretch: number
  readonly index: number
  readonly launches: Float64Array
  readonly ends: Float64Array
  readonly start: number
  readonly end: number
}

const FIRST_EXECUTOR = 4 * SECOND
const NEXT_EXECUTOR = 0.3 * SECOND
/** The driver hands out one task at a time, and plans each stage. */
const DISPATCH = 4
const PLAN = 150
const IDLE = 60 * SECOND
const COMES_BACK = 45 * SECOND
/** Until a machine that was taken away is replaced. */
const REPLACED = 210 * SECOND
/** Interruptions that take half of a pool at once. */
const TOGETHER = 0.15
/** Memory that is used whatever the volume. */
const BASE_MEMORY = 0.6

export const machinesOf = ({ executors, instanceType }: Pick<Setup, 'executors' | 'instanceType'>): number =>
  Math.ceil((executors * CORES_EACH) / machineOf(instanceType).cores)

export function runOn(job: Job, execution: Execution, setup: Setup): Ran {
  const { executors } = setup
  const memory = job.memoryNeed * (BASE_MEMORY + (1 - BASE_MEMORY) * execution.volume)
  const shortOf = Math.max(0, memory / setup.memoryEach - 1)
  const crowded = job.crowding * Math.max(0, Math.log2(job.executors / executors))
  const slower = (1 + 0.6 * shortOf) * (1 + crowded)
  const slots = new Float64Array(executors * CORES_EACH)
  const starts = Array.from({ length: executors }, (_, i) => FIRST_EXECUTOR + i * NEXT_EXECUTOR)
  for (const [i] of slots.entries()) slots[i] = starts[Math.floor(i / CORES_EACH)]!
  const ran: RanStage[] = []
  let now = 0
  let alive = 0
  for (const [stretch, { alone, stages }] of execution.stretches.entries()) {
    alive += executors * (setup.dynamic ? Math.min(alone, IDLE) : alone)
    now += alone + (setup.dynamic && alone > IDLE ? COMES_BACK : 0)
    const from = now
    const ends: number[] = []
    for (const [index, stage] of stages.entries()) {
      const start = Math.max(now, ...stage.parents.map((parent) => ends[parent]!)) + PLAN
      const one = runStage(setup.splitsSkew ? split(stage) : stage.tasks, { start, slots, slower })
      ran.push({ stretch, index, ...one })
      ends.push(one.end)
    }
    const over = Math.max(now, ...ends)
    alive += setup.dynamic ? busyUntil(slots, from, over) : executors * (over - from)
    now = over
  }
  const { late, lost } = interruptions(job, execution, setup, now)
  return {
    wall: now + late,
    alive: alive + late * executors,
    lost,
    memory: Math.min(memory, setup.memoryEach),
    spilled: shortOf > 0,
    stages: ran,
    executorStarts: starts,
  }
}

interface Running {
  readonly start: number
  readonly slots: Float64Array
  readonly slower: number
}

/** Each task on the slot that is free first, in the order of the stage. */
function runStage(
  tasks: Float64Array,
  { start, slots, slower }: Running,
): Pick<RanStage, 'launches' | 'ends' | 'start' | 'end'> {
  const [launches, ends] = [new Float64Array(tasks.length), new Float64Array(tasks.length)]
  slots.sort()
  let end = start
  for (const [i, length] of tasks.entries()) {
    const at = Math.max(start + i * DISPATCH, slots[0]!)
    const until = at + length * slower
    launches[i] = at
    ends[i] = until
    if (until > end) end = until
    replaceEarliest(slots, until)
  }
  return { launches, ends, start, end }
}

/** Puts it in the place of the earliest, which is the first of this heap. */
function replaceEarliest(slots: Float64Array, value: number): void {
  let at = 0
  for (let child = 1; child < slots.length; child = 2 * at + 1) {
    if (child + 1 < slots.length && slots[child + 1]! < slots[child]!) child += 1
    if (slots[child]! >= value) break
    slots[at] = slots[child]!
    at = child
  }
  slots[at] = value
}

/** Executors that had nothing more to do went a minute later. */
function busyUntil(slots: Float64Array, from: number, over: number): number {
  slots.sort()
  let alive = 0
  for (let i = CORES_EACH - 1; i < slots.length; i += CORES_EACH)
    alive += Math.max(0, Math.min(over, slots[i]! + IDLE) - from)
  return alive
}

/** Adaptive execution reads a heavy partition in pieces of a few medians. */
function split({ tasks, median, skewed }: Stage): Float64Array {
  if (!skewed) return tasks
  const piece = median * 3
  return Float64Array.from(
    [...tasks].flatMap((length) =>
      length <= piece * 2
        ? [length]
        : Array.from({ length: Math.ceil(length / piece) }, () => length / Math.ceil(length / piece)),
    ),
  )
}

/** What was computed on a machine since the stretch began is computed again, and it is missed until it is replaced. */
function interruptions(
  job: Job,
  { fate, stretches }: Execution,
  setup: Setup,
  wall: number,
): { late: number; lost: number } {
  if (setup.spot === 'none') return { late: 0, lost: 0 }
  const random = seeded(fate)
  const machines = machinesOf(setup)
  const onSpot = setup.spot === 'all' ? machines : machines - 1
  const perStretch = wall / stretches.length
  let late = 0
  let lost = 0
  for (
    let at = nextAfter(random, job.hazard * onSpot);
    at < wall;
    at += nextAfter(random, job.hazard * onSpot)
  ) {
    const taken = random() < TOGETHER ? Math.ceil(onSpot / 2) : 1
    const share = Math.min(1, taken / machines)
    lost += taken
    late += share * ((at % perStretch) + REPLACED)
  }
  return { late, lost }
}

const nextAfter = (random: () => number, anHour: number): number =>
  anHour <= 0 ? Infinity : (-Math.log(1 - random()) / anHour) * 3_600_000
