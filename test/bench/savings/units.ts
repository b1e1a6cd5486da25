// What a world is made of, each able to play its ninety days under a deed; and the best deed, knowing the future.
import type { MeterEvent, Rates } from '../../../src/bill/bill.ts'
import { priceBill } from '../../../src/bill/bill.ts'
import { type Deed, naiveJob, naiveLake, tieredLake } from './deeds.ts'
import { JobReplay } from './job-replay.ts'
import type { Job } from './job-world.ts'
import { type LakeDeed, LakeReplay } from './lake-replay.ts'
import type { Lake } from './lake-world.ts'

export interface Outcome {
  readonly events: readonly MeterEvent[]
  /** Reads that found data out of reach; executions that missed their deadline. */
  readonly broken: number
  readonly missed: number
}

export interface Unit {
  readonly name: string
  readonly kind: 'lake' | 'job'
  readonly naive: Deed
  readonly tiered: Deed
  play(deed: Deed): Outcome
  best(): Outcome
}

export const usdOf = (events: readonly MeterEvent[], rates: Rates): number => {
  const bill = priceBill(events, rates)
  if (bill.unpriced.length > 0) throw new Error(`no rate for ${bill.unpriced[0]!.meter}`)
  return bill.total
}

/** The same deed has the same outcome. */
function remembering(play: (deed: Deed) => Outcome): (deed: Deed) => Outcome {
  const known = new Map<string, Outcome>()
  return (deed) => {
    const key = JSON.stringify(deed)
    const outcome = known.get(key) ?? play(deed)
    known.set(key, outcome)
    return outcome
  }
}

export function lakeUnit(lake: Lake, rates: Rates): Unit {
  const replay = new LakeReplay(lake)
  const play = remembering((deed: LakeDeed): Outcome => ({ ...replay.play(deed), missed: 0 }))
  return {
    name: lake.name,
    kind: 'lake',
    naive: naiveLake(lake),
    tiered: tieredLake(lake),
    play,
    best: () => cheapest(lakeDeeds(lake), play, rates),
  }
}

function lakeDeeds(lake: Lake): readonly LakeDeed[] {
  const cleaned: LakeDeed = { vacuum: true, abortUploads: true, expireNoncurrent: true }
  const moves: ReadonlyArray<readonly [to: string, days: number]> = [
    ['INTELLIGENT_TIERING', 0],
    ['STANDARD_IA', 30],
    ['GLACIER_IR', 30],
    ['GLACIER_IR', 0],
  ]
  const tiers: readonly LakeDeed[] = lake.tiered
    ? [{}]
    : [{}, ...moves.map(([to, days]) => ({ tier: [{ to, days }] }))]
  return tiers.flatMap((tier) => [
    { ...cleaned, ...tier },
    { ...cleaned, ...tier, compact: true as const, fixWriter: true as const },
  ])
}

/** Tried on a part of the executions first: the numbers of executors alone, then the rest on the best of them. */
const TRIED_ON_EVERY = 6

export function jobUnit(job: Job, rates: Rates): Unit {
  const replay = new JobReplay(job, rates)
  const play = remembering((deed: Deed): Outcome => replay.play(deed))
  const tried = (deeds: readonly Deed[]): Deed => {
    const allowed = replay.play({}, TRIED_ON_EVERY).missed
    const costs = deeds.map((deed) => ({ deed, ...replay.play(deed, TRIED_ON_EVERY) }))
    const fitting = costs.filter(({ missed }) => missed <= allowed)
    return fitting.toSorted((a, b) => usdOf(a.events, rates) - usdOf(b.events, rates))[0]?.deed ?? {}
  }
  return {
    name: job.name,
    kind: 'job',
    naive: naiveJob(job),
    tiered: {},
    play,
    best() {
      const base: Deed = { byInput: true, salted: true }
      const counts = [0.08, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1].map((share) => ({
        ...base,
        executors: Math.max(1, Math.round(job.executors * share)),
      }))
      const sized = tried(counts)
      const bought =
        job.platform === 'emr'
          ? tried([sized, { ...sized, spot: 'all but one' }, { ...sized, serverless: 'emr-serverless' }])
          : sized
      return cheapest([bought, {}], play, rates)
    },
  }
}

/** Of those that neither break nor miss more than doing nothing does. */
function cheapest(deeds: readonly Deed[], play: (deed: Deed) => Outcome, rates: Rates): Outcome {
  const asIs = play({})
  return deeds
    .map((deed) => play(deed))
    .filter(({ broken, missed }) => broken <= asIs.broken && missed <= asIs.missed)
    .concat(asIs)
    .toSorted((a, b) => usdOf(a.events, rates) - usdOf(b.events, rates))[0]!
}
