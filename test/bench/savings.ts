// npm run bench -- savings [MIX]: what advice that is frozen on day 60 saves in the ninety days after, billed by the
// independent calculator, against doing nothing, age-only tiers, Intelligent-Tiering everywhere, and hindsight.
// Storage and layout; compute and schedules are not in these worlds.
import fs from 'node:fs'
import path from 'node:path'
import { advise, loadPrices } from '../../src/advisors/advisors.ts'
import { consistentSet } from '../../src/advisors/portfolio.ts'
import { seeded } from '../../src/advisors/seeded.ts'
import { priceBill, ratesOf } from '../../src/bill/bill.ts'
import type { Advice } from '../../src/model/advice.ts'
import { factView } from '../advisors/fact-view.ts'
import { type Deed, replay } from './savings-replay.ts'
import { MIXES, type Mix, NOW, type Truth, telemetryOf, worldOf } from './savings-world.ts'

const SEEDS = 30
const MONTHS = 3
const prices = loadPrices()
const rates = ratesOf(
  JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../../prices/aws.json'), 'utf8')),
)

/** The advice of a topic as a deed; undefined where the world has nothing that it would change. */
function deedOf({ topic, change }: Advice): Deed | undefined {
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
      return { tier: [{ to: 'INTELLIGENT_TIERING', days: 0 }] }
    case 'storage-class':
      return { tier: [{ to: change.after.includes('GLACIER_IR') ? 'GLACIER_IR' : 'STANDARD_IA', days: 30 }] }
    default:
      return undefined
  }
}

const bucketOf = ({ target }: Advice): string =>
  (target.resource ?? target.tableId ?? '').replace('s3://', '').replace(/\/.*$/, '')

const cost = (truth: Truth, deed: Deed): { usd: number; broken: number } => {
  const { events, broken } = replay(truth, deed)
  const bill = priceBill(events, rates)
  if (bill.unpriced.length > 0) throw new Error(`no rate for ${bill.unpriced[0]!.meter}`)
  return { usd: bill.total, broken }
}

const NAIVE: Deed = {
  tier: [
    { to: 'STANDARD_IA', days: 30 },
    { to: 'GLACIER', days: 90 },
    { to: 'DEEP_ARCHIVE', days: 365 },
  ],
}
const TIERED: Deed = { tier: [{ to: 'INTELLIGENT_TIERING', days: 0 }] }

/** The cheapest of everything that breaks nothing, knowing the future. */
function hindsight(truth: Truth): number {
  const cleaned: Deed = { vacuum: true, abortUploads: true, expireNoncurrent: true }
  const tiers: readonly Deed[] = truth.tiered
    ? [{}]
    : [
        {},
        TIERED,
        ...['STANDARD_IA', 'GLACIER_IR'].map((to) => ({ tier: [{ to, days: 30 }] })),
        { tier: [{ to: 'GLACIER_IR', days: 0 }] },
      ]
  const all = tiers.flatMap((tier) => [
    { ...cleaned, ...tier },
    { ...cleaned, ...tier, compact: true as const, fixWriter: true as const },
  ])
  return Math.min(...all.map((deed) => cost(truth, deed).usd))
}

interface Result {
  readonly asIs: number
  readonly ours: number
  readonly naive: number
  readonly tiered: number
  readonly best: number
  readonly broken: { readonly ours: number; readonly naive: number }
  readonly pieces: number
  readonly harmful: number
  readonly inside: number
  readonly estimated: number
}

function play(mix: Mix, seed: number): Result {
  const world = worldOf(mix, seeded(`${mix} ${seed}`))
  const { advice } = advise(factView(telemetryOf(world)), prices, NOW)
  // Those who follow advice take the set that is priced, and Intelligent-Tiering where nobody knows better.
  const set = [...consistentSet(advice), ...advice.filter(({ topic }) => topic === 'intelligent-tiering')]
  const sum = {
    asIs: 0,
    ours: 0,
    naive: 0,
    tiered: 0,
    best: 0,
    harmful: 0,
    inside: 0,
    estimated: 0,
    pieces: 0,
  }
  const broken = { ours: 0, naive: 0 }
  for (const truth of world) {
    const mine = set.filter((one) => bucketOf(one) === truth.name)
    const deeds = mine.map(deedOf).filter((deed) => deed !== undefined)
    const before = cost(truth, {}).usd
    const together = cost(truth, Object.assign({}, ...deeds) as Deed)
    const naive = cost(truth, truth.tiered ? {} : NAIVE)
    sum.asIs += before
    sum.ours += together.usd
    sum.naive += naive.usd
    sum.tiered += cost(truth, truth.tiered ? {} : TIERED).usd
    sum.best += hindsight(truth)
    broken.ours += together.broken
    broken.naive += naive.broken
    for (const one of mine) {
      const deed = deedOf(one)
      if (deed === undefined) continue
      sum.pieces += 1
      const alone = cost(truth, deed)
      const once = one.cost.oneOff.reduce((all, line) => all + line.cost, 0)
      // Harm is money lost over the ninety days, its own cost included, beyond a dollar and a hundredth of the bucket's
      // bill; or a read that failed.
      if (before - alone.usd < -Math.max(1, before * 0.01) || alone.broken > 0) sum.harmful += 1
      const { savings } = one.cost
      if (savings === null) continue
      const realised = (before - alone.usd + once) / MONTHS
      sum.estimated += 1
      if (realised >= savings.p10 && realised <= savings.p90) sum.inside += 1
    }
  }
  return { ...sum, broken }
}

export async function run(only?: string): Promise<void> {
  for (const mix of MIXES.filter((one) => only === undefined || one === only)) {
    const results = Array.from({ length: SEEDS }, (_, seed) => play(mix, seed))
    const share = (of: (result: Result) => number): string => {
      const all = results
        .map((result) => (100 * (result.asIs - of(result))) / result.asIs)
        .sort((a, b) => a - b)
      const at = (q: number): string => all[Math.floor(q * (all.length - 1))]!.toFixed(1)
      return `${at(0.5)} (${at(0.25)} … ${at(0.75)})`
    }
    const total = (of: (result: Result) => number): number => results.reduce((sum, one) => sum + of(one), 0)
    console.log(
      JSON.stringify({
        mix,
        seeds: SEEDS,
        'net saving %': share(({ ours }) => ours),
        'age-only tiers %': share(({ naive }) => naive),
        'intelligent-tiering %': share(({ tiered }) => tiered),
        'hindsight %': share(({ best }) => best),
        'regret % of bill': share(({ ours, best, asIs }) => asIs - (ours - best)).replace(/[()]/g, ''),
        'inside p10-p90 %': Math.round(
          (100 * total(({ inside }) => inside)) /
            Math.max(
              1,
              total(({ estimated }) => estimated),
            ),
        ),
        pieces: total(({ pieces }) => pieces),
        harmful: total(({ harmful }) => harmful),
        'broken reads': {
          ours: total(({ broken }) => broken.ours),
          'age-only tiers': total(({ broken }) => broken.naive),
        },
      }),
    )
  }
}
