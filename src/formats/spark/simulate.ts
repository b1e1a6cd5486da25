// How long an application would have taken on another number of slots: its tasks, as long as they took, list-scheduled
// over the graph of its stages, between the stretches in which only the driver worked.
import type { SparkApplication, Stage } from './application.ts'
import { applicationEnd } from './application.ts'

/** Jobs that overlap run together; one such stretch starts when the one before has ended. */
export interface Plan {
  readonly stretches: ReadonlyArray<readonly PlannedStage[]>
  /** Milliseconds without any job. */
  readonly driverMs: number
  readonly tasks: number
}

export interface PlannedStage {
  readonly id: number
  /** Of the same stretch. */
  readonly parents: readonly number[]
  /** Lengths of its tasks, in the order of their launch. */
  readonly tasks: Float64Array
}

interface Stretch {
  readonly start: number
  end: number
  readonly stageIds: Set<number>
}

export function planOf(application: SparkApplication): Plan {
  const end = applicationEnd(application)
  const planned = new Set<number>()
  const stretches = stretchesOf(application, end)
  const busy = stretches.reduce((sum, { start, end: over }) => sum + over - start, 0)
  const plan = stretches.map(({ stageIds }) => {
    const stages = [...stageIds]
      .toSorted((a, b) => a - b)
      .map((id) => application.stages.get(id))
      .filter((stage) => stage !== undefined)
      .filter(({ id, lengths }) => lengths.length > 0 && !planned.has(id))
    for (const { id } of stages) planned.add(id)
    const here = new Set(stages.map(({ id }) => id))
    return stages.map((stage) => ({
      id: stage.id,
      // Spark numbers a stage after its parents; what claims otherwise would wait for itself.
      parents: stage.parents.filter((parent) => here.has(parent) && parent < stage.id),
      tasks: byLaunch(stage),
    }))
  })
  return {
    stretches: plan,
    driverMs: Math.max(0, end - application.startedAt - busy),
    tasks: plan.flat().reduce((sum, { tasks }) => sum + tasks.length, 0),
  }
}

function stretchesOf(application: SparkApplication, end: number): Stretch[] {
  const stretches: Stretch[] = []
  for (const job of application.jobs.toSorted((a, b) => a.startedAt - b.startedAt)) {
    const over = Math.max(job.startedAt, job.endedAt ?? end)
    const last = stretches.at(-1)
    if (last !== undefined && job.startedAt < last.end) {
      last.end = Math.max(last.end, over)
      for (const id of job.stageIds) last.stageIds.add(id)
    } else stretches.push({ start: job.startedAt, end: over, stageIds: new Set(job.stageIds) })
  }
  return stretches
}

function byLaunch({ launches, lengths }: Stage): Float64Array {
  const order = Uint32Array.from(launches.keys()).sort((a, b) => launches[a]! - launches[b]! || a - b)
  return Float64Array.from(order, (index) => lengths[index]!)
}

/** Milliseconds from start to end on so many slots; Infinity slots give the critical path. */
export function simulate(plan: Plan, slots: number): number {
  return plan.stretches.reduce((total, stages) => total + runStretch(stages, slots), plan.driverMs)
}

function runStretch(stages: readonly PlannedStage[], slots: number): number {
  const tasks = stages.reduce((sum, stage) => sum + stage.tasks.length, 0)
  // More slots than tasks are as good as any number of them, whatever a log claims its executors to have.
  const free = slots < tasks ? new Slots(slots) : null
  const finished = new Map<number, number>()
  const waiting = new Map(stages.map(({ id, parents }) => [id, parents.length]))
  const children = new Map<number, PlannedStage[]>()
  for (const stage of stages)
    for (const parent of stage.parents) children.set(parent, [...(children.get(parent) ?? []), stage])
  const ready = new Ready()
  for (const stage of stages) if (stage.parents.length === 0) ready.add({ stage, at: 0 })
  let end = 0
  for (let next = ready.next(); next !== undefined; next = ready.next()) {
    const { stage, at } = next
    let over = at
    for (const length of stage.tasks) {
      const until = (free === null ? at : Math.max(at, free.earliest)) + length
      free?.take(until)
      if (until > over) over = until
    }
    finished.set(stage.id, over)
    end = Math.max(end, over)
    for (const child of children.get(stage.id) ?? []) {
      const left = waiting.get(child.id)! - 1
      waiting.set(child.id, left)
      if (left === 0)
        ready.add({ stage: child, at: Math.max(...child.parents.map((parent) => finished.get(parent)!)) })
    }
  }
  return end
}

interface ReadyStage {
  readonly stage: PlannedStage
  readonly at: number
}

/** Stages that may run: the one that is ready first comes first, of several the one submitted first, as in Spark's FIFO. */
class Ready {
  /** The next one last. */
  readonly #stages: ReadyStage[] = []

  add(one: ReadyStage): void {
    let [low, high] = [0, this.#stages.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const other = this.#stages[middle]!
      if (other.at > one.at || (other.at === one.at && other.stage.id > one.stage.id)) low = middle + 1
      else high = middle
    }
    this.#stages.splice(low, 0, one)
  }

  next(): ReadyStage | undefined {
    return this.#stages.pop()
  }
}

/** When each slot is free again, as a heap whose first is the earliest. */
class Slots {
  readonly #free: Float64Array

  constructor(count: number) {
    this.#free = new Float64Array(count)
  }

  get earliest(): number {
    return this.#free[0]!
  }

  /** Gives the earliest slot a task that ends at `until`. */
  take(until: number): void {
    const free = this.#free
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= free.length) break
      if (child + 1 < free.length && free[child + 1]! < free[child]!) child += 1
      if (free[child]! >= until) break
      free[at] = free[child]!
      at = child
    }
    free[at] = until
  }
}
