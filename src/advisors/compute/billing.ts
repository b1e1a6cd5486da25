// What executors cost where they run: a month of executor hours as lines of a bill (cost.md §3.3).
import type { MeterLine } from '../../model/advice.ts'
import type { ApplicationFact } from '../../model/application-facts.ts'
import type { Known } from '../../model/known.ts'
import { GIB, HOUR, type Usd, usd } from '../../model/units.ts'
import { total } from '../draft.ts'
import { coresOf } from './machines.ts'
import { type Prices, meterLine, meterLines } from '../prices.ts'
import type { JobView } from './job-view.ts'

type Billed = Pick<JobView, 'prices' | 'application' | 'newest'>

/** A DPU is 4 cores and 16 GiB. */
const CORES_A_DPU = 4

/** Null where the platform, its instance type, their size or a price is not known. */
export function executorLines(job: Billed, hours: number): Known<readonly MeterLine[]> {
  const { prices, newest, application } = job
  const { coresEach, memoryEach } = newest.executors
  if (coresEach === null) return null
  switch (newest.platform) {
    case 'emr-serverless':
      if (memoryEach === null) return null
      return meterLines(prices, application, [
        ['emr-serverless.vcpu', hours * coresEach],
        ['emr-serverless.memory', (hours * memoryEach) / GIB],
      ])
    case 'glue':
      return meterLines(prices, application, [['glue.dpu', (hours * coresEach) / CORES_A_DPU]])
    case 'emr':
    case 'ec2':
      return instanceLines(job, hours * coresEach, newest.instanceType, newest.platform === 'emr')
    // The rates of these are partly the user's contract, partly the nodes below: the book has no whole price.
    case 'emr-eks':
    case 'databricks':
    case 'local':
    case null:
      return null
  }
}

/** What the executors of one execution cost; null where executorLines does not know. */
export function executionCost(newest: ApplicationFact, prices: Prices): Known<Usd> {
  const { application, executors } = newest
  if (executors.coresEach === null) return null
  const lines = executorLines(
    { prices, application, newest },
    executors.coreTime / HOUR / executors.coresEach,
  )
  return lines === null ? null : usd(total(lines))
}

/** Hours of instances that hold so many core hours, and what EMR adds to them. */
export function instanceLines(
  { prices, application }: Billed,
  coreHours: number,
  type: Known<string>,
  withEmr: boolean,
): Known<readonly MeterLine[]> {
  const cores = type === null ? null : coresOf(type)
  if (type === null || cores === null) return null
  const hours = coreHours / cores
  const instances = meterLine(prices, application, `ec2.${type}.ondemand`, hours)
  if (instances === null) return null
  if (!withEmr) return [instances]
  const uplift = emrUplift(prices, application, instances.cost)
  return uplift === null ? null : [instances, uplift]
}

/** EMR's own price is a share of the on-demand price, also where the instances are spot. */
export const emrUplift = (prices: Prices, resource: string, onDemand: number): Known<MeterLine> =>
  meterLine(prices, resource, 'emr.uplift-of-ondemand', onDemand)

/** What would make money of hours. */
export const BILLING_INPUTS =
  'what an executor hour costs: `platform` and `instance_type` of the spark source, and prices of both (advise.prices)'

export const hoursText = (before: number, after: number): string =>
  `${before.toFixed(1)} executor hours a month become ${after.toFixed(1)}: it pays from any price of an executor hour above $0`
