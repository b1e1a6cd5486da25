// Ninety days of one job under what was decided on day 60: hours of machines, deadlines missed.
import type { MeterEvent, Rates } from '../../../src/bill/bill.ts'
import { HOUR, SECOND } from '../../../src/model/units.ts'
import { type Ran, type Setup, machinesOf, runOn } from './cluster.ts'
import { CORES_EACH, type Execution, type Job, executionOf, hasInput } from './job-world.ts'
import { REPLAY_DAYS } from './lake-replay.ts'
import { FROZEN_DAY } from './lake-world.ts'
import { Meters } from './meters.ts'

export interface JobDeed {
  readonly executors?: number
  readonly instanceType?: string
  readonly memoryEach?: number
  readonly dynamic?: true
  readonly spot?: Setup['spot']
  readonly splitsSkew?: true
  /** Somebody rewrote the query: its heavy keys are spread. */
  readonly salted?: true
  readonly serverless?: 'emr-serverless' | 'glue' | 'glue-flex'
  /** Started by its input, not by the clock. */
  readonly byInput?: true
}

export interface JobOutcome {
  readonly events: readonly MeterEvent[]
  /** Executions with input that took longer than their deadline. */
  readonly missed: number
  /** Writes that were done twice: work was repeated, and the table has no atomic commits. */
  readonly broken: number
}

/** A cluster of its own is billed from when its machines start. */
const STARTUP = 210 * SECOND
const WORKER_STARTUP = 60 * SECOND
const MASTER = 'm5.xlarge'
/** By hours between executions: one of so many stands for the others; every hour and every kind of input has its turn. */
const ONE_OF = { 1: 11, 6: 3, 24: 1 } as const

export const asIs = (job: Job): Setup => ({
  executors: job.executors,
  instanceType: job.instanceType,
  memoryEach: job.memoryEach,
  dynamic: false,
  spot: 'none',
  splitsSkew: job.adaptive && job.splittable,
})

export class JobReplay {
  readonly #job: Job
  readonly #onDemand: (type: string) => number
  readonly #indices: readonly number[]
  readonly #executions = new Map<number, Execution>()
  readonly #weight: number

  constructor(job: Job, rates: Rates) {
    this.#job = job
    this.#onDemand = (type) => rates('us-east-1', `ec2.${type}.ondemand`)!.tiers[0]!.usd
    this.#weight = ONE_OF[job.everyHours as keyof typeof ONE_OF]
    const aDay = 24 / job.everyHours
    const [first, count] = [FROZEN_DAY * aDay, REPLAY_DAYS * aDay]
    this.#indices = Array.from(
      { length: Math.floor(count / this.#weight) },
      (_, i) => first + i * this.#weight,
    )
  }

  play(deed: JobDeed, every = 1): JobOutcome {
    const job = this.#job
    const meters = new Meters(job.name)
    const platform = deed.serverless ?? job.platform
    const before = asIs(job)
    const setup: Setup = {
      ...before,
      ...(deed.executors === undefined ? {} : { executors: deed.executors }),
      ...(deed.instanceType === undefined ? {} : { instanceType: deed.instanceType }),
      ...(deed.memoryEach === undefined ? {} : { memoryEach: deed.memoryEach }),
      ...(deed.spot === undefined ? {} : { spot: deed.spot }),
      dynamic: deed.dynamic === true || deed.serverless !== undefined,
      splitsSkew: before.splitsSkew || deed.salted === true || (deed.splitsSkew === true && job.splittable),
    }
    let missed = 0
    let broken = 0
    for (const [i, index] of this.#indices.entries()) {
      if (i % every !== 0 || (deed.byInput && !hasInput(job, index))) continue
      const execution = this.#executionOf(index)
      const ran = runOn(job, execution, setup)
      const weight = this.#weight * every
      if (ran.lost > 0 && !job.transactional && execution.volume > 0) broken += weight
      if (job.deadline !== null && execution.volume > 0 && ran.wall > job.deadline) missed += weight
      if (platform === 'emr') this.#cluster({ execution, ran, setup, weight }, meters)
      else serverless(platform, { execution, ran, setup, weight }, meters)
    }
    return { events: meters.events(), missed, broken }
  }

  #executionOf(index: number): Execution {
    const known = this.#executions.get(index)
    if (known !== undefined) return known
    const execution = executionOf(this.#job, index)
    this.#executions.set(index, execution)
    return execution
  }

  #cluster({ execution, ran, setup, weight }: Played, meters: Meters): void {
    const { instanceType: type, spot } = setup
    const machines = machinesOf(setup)
    const share = setup.dynamic && this.#job.scales ? ran.alive / (ran.wall * setup.executors) : 1
    const hours = ((ran.wall + STARTUP) * machines * share * weight) / HOUR
    const onDemand = spot === 'all' ? 0 : spot === 'all but one' ? hours / machines : hours
    const master = ((ran.wall + STARTUP) * weight) / HOUR
    meters.count(execution.day, `ec2.${type}.ondemand`, onDemand)
    // The price of spot moves: hours are counted as if at the list's.
    const wave = 1 + 0.1 * Math.sin(execution.day / 9)
    meters.count(execution.day, `ec2.${type}.spot`, (hours - onDemand) * this.#job.spotFactor * wave)
    meters.count(execution.day, `ec2.${MASTER}.ondemand`, master)
    const uplifted = hours * this.#onDemand(type) + master * this.#onDemand(MASTER)
    meters.count(execution.day, 'emr.uplift-of-ondemand', uplifted)
  }
}

interface Played {
  readonly execution: Execution
  readonly ran: Ran
  readonly setup: Setup
  readonly weight: number
}

function serverless(
  place: NonNullable<JobDeed['serverless']>,
  { execution, ran, setup, weight }: Played,
  meters: Meters,
): void {
  const workerHours = ((ran.alive + WORKER_STARTUP * setup.executors) * weight) / HOUR
  if (place !== 'emr-serverless') {
    meters.count(execution.day, `${place}.dpu`, workerHours * Math.max(CORES_EACH / 4, setup.memoryEach / 16))
    return
  }
  meters.count(execution.day, 'emr-serverless.vcpu', workerHours * CORES_EACH)
  meters.count(execution.day, 'emr-serverless.memory', workerHours * setup.memoryEach)
}
