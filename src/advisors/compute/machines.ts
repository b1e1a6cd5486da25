// What is paid for beside the time that executors live: machines are bought whole, and from when they start.
import type { ApplicationFact, Platform } from '../../model/application-facts.ts'
import type { Known } from '../../model/known.ts'
import { SECOND } from '../../model/units.ts'

/** Until executors are there: machines of a cluster of its own, or workers. Where it is not known nothing is. */
const STARTUP: Readonly<Partial<Record<Platform, number>>> = {
  emr: 210 * SECOND,
  ec2: 210 * SECOND,
  databricks: 210 * SECOND,
  'emr-eks': 150 * SECOND,
  'emr-serverless': 60 * SECOND,
  glue: 60 * SECOND,
}

export const startupOf = ({ platform }: Pick<ApplicationFact, 'platform'>): number =>
  platform === null ? 0 : (STARTUP[platform] ?? 0)

const SIZES: Readonly<Record<string, number>> = { medium: 1, large: 2, xlarge: 4 }

/** `m5.4xlarge` has 16. */
export function coresOf(type: string): Known<number> {
  const [, times, size] = /^[a-z0-9-]+\.(\d{0,2})(medium|large|xlarge)$/.exec(type) ?? []
  if (size === undefined) return null
  return SIZES[size]! * (times ? Number(times) : 1)
}

/** As many executors as fit onto the machines that so many of them need. */
export function paidFor(
  executors: number,
  { platform, instanceType, executors: use }: ApplicationFact,
): number {
  const cores = instanceType === null ? null : coresOf(instanceType)
  if ((platform !== 'emr' && platform !== 'ec2') || cores === null || use.coresEach === null) return executors
  return (Math.ceil((executors * use.coresEach) / cores) * cores) / use.coresEach
}
