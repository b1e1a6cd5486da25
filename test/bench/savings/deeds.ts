// Advice as somebody who follows it to the letter carries it out, and the policies that it is held against.
import { consistentSet } from '../../../src/advisors/portfolio.ts'
import type { Advice } from '../../../src/model/advice.ts'
import { GIB } from '../../../src/model/units.ts'
import type { JobDeed } from './job-replay.ts'
import type { Job } from './job-world.ts'
import type { LakeDeed } from './lake-replay.ts'
import type { Lake } from './lake-world.ts'

export type Deed = LakeDeed & JobDeed

/** The bucket or job of a world that it is about. */
export const subjectOf = ({ target }: Advice): string =>
  (target.pipeline ?? target.resource ?? target.tableId ?? '').replace('s3://', '').replace(/\/.*$/, '')

/**
 * Everything that is priced and consistent; and what costs nothing and has no price, which somebody who was told would
 * do as well.
 */
export const followed = (advice: readonly Advice[]): readonly Advice[] => [
  ...consistentSet(advice),
  ...advice.filter(({ cost, topic }) => cost.savings === null && topic === 'empty-runs'),
]

/** Undefined where these worlds have nothing that it would change. */
export function deedOf({ topic, change }: Advice): Deed | undefined {
  switch (topic) {
    case 'vacuum':
      return { vacuum: true }
    case 'abort-uploads':
      return { abortUploads: true }
    case 'noncurrent-versions':
      return { expireNoncurrent: true }
    case 'compact':
      return { compact: true }
    case 'fix-writer':
      return { fixWriter: true }
    case 'intelligent-tiering':
    case 'storage-class':
      return { tier: transitionsOf(change.after) }
    case 'executors':
      return { executors: Number(/(?:executor\.instances|maxExecutors) (\d+)/.exec(change.after)![1]) }
    case 'memory-spare':
      return memoryOf(change.after)
    case 'skew':
      return change.format === 'spark-conf' ? { splitsSkew: true } : { salted: true }
    case 'driver-alone':
      return { dynamic: true }
    case 'serverless':
      return { serverless: 'emr-serverless' }
    case 'glue':
    case 'glue-flex':
      return { serverless: topic }
    case 'spot':
      return { spot: 'all but one' }
    case 'empty-runs':
      return { byInput: true }
    default:
      return undefined
  }
}

interface Document {
  readonly Rules: ReadonlyArray<{
    readonly Transitions?: ReadonlyArray<{ readonly Days: number; readonly StorageClass: string }>
  }>
}

const transitionsOf = (document: string): NonNullable<LakeDeed['tier']> =>
  (JSON.parse(document) as Document).Rules.flatMap(({ Transitions = [] }) =>
    Transitions.map(({ Days, StorageClass }) => ({ days: Days, to: StorageClass })),
  )

function memoryOf(conf: string): JobDeed {
  const [, heap] = /spark\.executor\.memory (\d+)g/.exec(conf)!
  const [, family] = /instance type of the executors: (\S+)/.exec(conf) ?? []
  return { memoryEach: Number(heap) * 1.1, ...(family === undefined ? {} : { instanceType: family }) }
}

export const merged = (deeds: readonly Deed[]): Deed => Object.assign({}, ...deeds) as Deed

/** By age alone, whatever is read: what the first page of a search says. */
export const naiveLake = ({ tiered }: Lake): LakeDeed =>
  tiered
    ? {}
    : {
        tier: [
          { to: 'STANDARD_IA', days: 30 },
          { to: 'GLACIER', days: 90 },
          { to: 'DEEP_ARCHIVE', days: 365 },
        ],
      }

export const tieredLake = ({ tiered }: Lake): LakeDeed =>
  tiered ? {} : { tier: [{ to: 'INTELLIGENT_TIERING', days: 0 }] }

/** A machine for each hundred gigabytes of input, all on spot, because that saves 70 %. */
export const naiveJob = ({ inputGib, platform }: Job): JobDeed =>
  platform === 'emr'
    ? {
        executors: Math.max(1, Math.ceil((inputGib * GIB) / 100e9)) * 4,
        instanceType: 'c5.4xlarge',
        memoryEach: 6,
        spot: 'all',
      }
    : {}
