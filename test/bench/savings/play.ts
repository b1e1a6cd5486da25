// One world: advice from what was seen by day 60, carried out to the letter, and the ninety days after, billed with and
// without it by a calculator that shares nothing with the advisors.
import { advise, loadPrices } from '../../../src/advisors/advisors.ts'
import { seeded } from '../../../src/advisors/seeded.ts'
import type { MeterEvent, Rates } from '../../../src/bill/bill.ts'
import { ADVICE_STAGES, type Advice, type AdviceStage, type Range90 } from '../../../src/model/advice.ts'
import { factView } from '../../advisors/fact-view.ts'
import { agentEvents } from './agent.ts'
import { type Deed, deedOf, followed, merged, subjectOf } from './deeds.ts'
import { jobFacts } from './job-facts.ts'
import { jobsOf } from './job-world.ts'
import { NOW, lakeFacts } from './lake-facts.ts'
import { lakesOf } from './lake-world.ts'
import type { World } from './mixes.ts'
import { type Outcome, type Unit, jobUnit, lakeUnit, usdOf } from './units.ts'

const MONTHS = 3
/** What no bill shows. */
const A_CENT = 0.01

export interface Piece {
  readonly topic: string
  readonly subject: string
  /** Dollars of the ninety days; what it cost once taken off. */
  readonly net: number
  /** Of the bill of what it is about. */
  readonly share: number
  readonly broken: number
  /** Deadlines missed more than without it. */
  readonly missed: number
  readonly harmful: boolean
  /** Whether what was realised lies in the range that was told; null where none was. */
  readonly inside: boolean | null
  /** Dollars a month: what was told, and what came. */
  readonly told: Range90 | null
  readonly realised: number
}

export interface Totals {
  readonly usd: number
  readonly broken: number
  readonly missed: number
}

export interface Played extends World {
  readonly asIs: Totals
  readonly ours: Totals
  readonly naive: Totals
  readonly tiered: Totals
  readonly best: Totals
  /** Dollars that watching costs. */
  readonly agent: number
  /** Of the bill as it is: buckets and tables, not compute. */
  readonly lakeShare: number
  /** Dollars that each stage saves on what the stages before it left. */
  readonly levers: Readonly<Record<AdviceStage, number>>
  readonly pieces: readonly Piece[]
  /** Buckets and jobs that are dearer, break or miss more with all of their advice together than with none. */
  readonly worseOff: number
}

const prices = loadPrices()

export function playWorld({ mix, seed }: World, rates: Rates): Played {
  const world = `${mix} ${seed}`
  const lakes = lakesOf(mix, seeded(world))
  const jobs = jobsOf(mix, world, seeded(`${world} jobs`))
  const units = [...lakes.map((lake) => lakeUnit(lake, rates)), ...jobs.map((job) => jobUnit(job, rates))]
  const facts = [...lakeFacts(lakes), ...jobFacts(jobs)]
  const { advice } = advise(factView(facts), prices, NOW)
  const set = followed(advice).flatMap((one) => {
    const deed = deedOf(one)
    return deed === undefined ? [] : [{ one, deed, subject: subjectOf(one) }]
  })
  const bill = (outcomes: ReadonlyMap<string, Outcome>): Totals => total([...outcomes.values()], rates)
  const all = (deed: (unit: Unit) => Outcome): Map<string, Outcome> =>
    new Map(units.map((unit) => [unit.name, deed(unit)]))
  const before = all((unit) => unit.play({}))
  const asIs = bill(before)
  const pieces = set.map(({ one, deed, subject }) => {
    const unit = units.find(({ name }) => name === subject)!
    return pieceOf({ one, unit, deed, before, asIs }, rates)
  })
  const upTo = (stage: number): Map<string, Outcome> =>
    all((unit) => {
      const mine = set.filter(
        ({ one, subject }) => subject === unit.name && ADVICE_STAGES.indexOf(one.stage) <= stage,
      )
      return mine.length === 0 ? before.get(unit.name)! : unit.play(merged(mine.map(({ deed }) => deed)))
    })
  const steps = ADVICE_STAGES.map((stage, i) =>
    set.some(({ one }) => one.stage === stage) ? bill(upTo(i)) : null,
  )
  const together = upTo(ADVICE_STAGES.length)
  const worseOff = units.filter(({ name }) => isWorse(together.get(name)!, before.get(name)!, rates)).length
  let left = asIs
  const levers = Object.fromEntries(
    ADVICE_STAGES.map((stage, i) => {
      const saved = steps[i] === null ? 0 : left.usd - steps[i]!.usd
      left = steps[i] ?? left
      return [stage, saved]
    }),
  ) as Record<AdviceStage, number>
  const lakeEvents = units
    .filter(({ kind }) => kind === 'lake')
    .flatMap(({ name }) => before.get(name)!.events)
  return {
    mix,
    seed,
    asIs,
    ours: left,
    naive: bill(all((unit) => unit.play(unit.naive))),
    tiered: bill(all((unit) => unit.play(unit.tiered))),
    best: bill(all((unit) => unit.best())),
    agent: usdOf(agentEvents(lakes, jobs), rates),
    lakeShare: usdOf(lakeEvents, rates) / asIs.usd,
    levers,
    pieces,
    worseOff,
  }
}

const isWorse = (after: Outcome, before: Outcome, rates: Rates): boolean =>
  after.broken > before.broken ||
  after.missed > before.missed ||
  usdOf(after.events, rates) > usdOf(before.events, rates) + A_CENT

const total = (outcomes: readonly Outcome[], rates: Rates): Totals => ({
  usd: usdOf(
    outcomes.flatMap(({ events }): readonly MeterEvent[] => events),
    rates,
  ),
  broken: outcomes.reduce((sum, { broken }) => sum + broken, 0),
  missed: outcomes.reduce((sum, { missed }) => sum + missed, 0),
})

interface Judged {
  readonly one: Advice
  readonly unit: Unit
  readonly deed: Deed
  readonly before: ReadonlyMap<string, Outcome>
  readonly asIs: Totals
}

/** By itself, with everything else as it is; the account is billed as a whole, because its prices fall with what is used. */
function pieceOf({ one, unit, deed, before, asIs }: Judged, rates: Rates): Piece {
  const alone = unit.play(deed)
  const { usd } = total([...new Map([...before, [unit.name, alone]]).values()], rates)
  const net = asIs.usd - usd
  const was = before.get(unit.name)!
  const broken = alone.broken - was.broken
  const missed = alone.missed - was.missed
  const once = one.cost.oneOff.reduce((sum, line) => sum + line.cost, 0)
  const realised = (net + once) / MONTHS
  const { savings } = one.cost
  return {
    topic: one.topic,
    subject: unit.name,
    net,
    share: net / usdOf(was.events, rates),
    broken,
    missed,
    harmful: net < -A_CENT || broken > 0 || missed > 0,
    told: savings,
    realised,
    inside: savings === null ? null : realised >= savings.p10 && realised <= savings.p90,
  }
}
