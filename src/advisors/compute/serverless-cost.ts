// What an execution's work costs where it could run instead, and where a cluster and workers that are paid by the second
// cost the same (cost.md §4.5).
import type { MeterLine } from '../../model/advice.ts'
import type { ApplicationFact } from '../../model/application-facts.ts'
import type { Known } from '../../model/known.ts'
import { GIB, HOUR, SECOND } from '../../model/units.ts'
import { total } from '../draft.ts'
import { meterLines } from '../prices.ts'
import { type JobView, mean } from './job-view.ts'

export type Serverless = 'emr-serverless' | 'glue' | 'glue-flex'

/** Of its workers' time a serverless job uses so much, because they come and go with its tasks; where stages are uneven less. */
export const SERVERLESS_UTILISATION = 0.85
export const LEAST_UTILISATION = 0.5
/** Cheaper by less than this is within what is not known. */
export const LEAST_SAVING = 0.15

/** Time a worker takes to be there. */
const START = 60 * SECOND
const IDLE = 60 * SECOND

/** A G.1X worker is a DPU: 4 cores and 16 GiB. */
const CORES_A_DPU = 4
const GIB_A_DPU = 16

/** DPUs that hold one executor, by what it has more of. */
const dpusOf = (cores: number, memory: number): number =>
  Math.max(cores / CORES_A_DPU, memory / GIB / GIB_A_DPU)

/** A month of the job's tasks on workers that are in use so much of their time; null where size or price is not known. */
export function serverlessLines(
  job: JobView,
  place: Serverless,
  utilisation: number,
): Known<readonly MeterLine[]> {
  const { newest, executions, executionsAMonth } = job
  const { coresEach, memoryEach, peakCores } = newest.executors
  if (coresEach === null || memoryEach === null) return null
  const used = mean(executions.map(({ taskTime }) => (taskTime ?? 0) / HOUR)) / utilisation
  const idle = mean(executions.map(idleTime)) + START
  const executorHours = ((used + (peakCores * idle) / HOUR) * executionsAMonth) / coresEach
  return linesOf(job, place, executorHours, coresEach, memoryEach)
}

function linesOf(
  { prices, application }: JobView,
  place: Serverless,
  executorHours: number,
  cores: number,
  memory: number,
): Known<readonly MeterLine[]> {
  switch (place) {
    case 'emr-serverless':
      return meterLines(prices, application, [
        ['emr-serverless.vcpu', executorHours * cores],
        ['emr-serverless.memory', (executorHours * memory) / GIB],
      ])
    case 'glue':
    case 'glue-flex':
      return meterLines(prices, application, [[`${place}.dpu`, executorHours * dpusOf(cores, memory)]])
  }
}

/** Workers wait a minute for more before they go: after each job, or for as long as only the driver works. */
const idleTime = ({ driverShare, wall, jobs }: ApplicationFact): number =>
  Math.min((driverShare ?? 0) * wall, jobs * IDLE)

/** Of one execution's executor, an hour; null where size or price is not known. */
export function serverlessHour(job: JobView, place: Serverless): Known<number> {
  const { coresEach, memoryEach } = job.newest.executors
  if (coresEach === null || memoryEach === null) return null
  const lines = linesOf(job, place, 1, coresEach, memoryEach)
  return lines === null ? null : total(lines)
}

/**
 * The share of its time that a cluster must be in use to be cheaper: what an hour of it costs over what the same cores and
 * memory cost by the second, of which `utilisation` is used. Above 1 it never is.
 */
export const breakEven = (
  clusterAnHour: number,
  serverlessAnHour: number,
  utilisation = SERVERLESS_UTILISATION,
): number => (clusterAnHour / serverlessAnHour) * utilisation
