// Seeded lakes: what is really so of each bucket. No advisor sees any of this.
import type { Mix } from './mixes.ts'

type Pattern = 'hot' | 'power' | 'month-end' | 'audit' | 'never' | 'turns-hot'

/** One bucket with one table in it; sizes in GiB. */
export interface Lake {
  readonly name: string
  readonly daily: number
  readonly fileMib: number
  readonly pattern: Pattern
  /** Reader runs a day, days they look back, exponent of the power law. */
  readonly reads: number
  readonly window: number
  readonly alpha: number
  readonly garbage: number
  readonly uploads: number
  readonly noncurrent: number
  /** Share of the replaced versions that is older than what a rule would keep. */
  readonly noncurrentOld: number
  readonly versioned: boolean
  /** What is collected: request metrics, storage class analysis on top of them, lineage. */
  readonly measured: boolean
  readonly analysed: boolean
  readonly lineage: boolean
  readonly tiered: boolean
  /** Seconds that opening a file really takes. */
  readonly open: number
}

export const HISTORY_DAYS = 540
export const FROZEN_DAY = 60
const BUCKETS = 12
const TURNS_HOT_ON = 100
const AUDITED_ON = 120

export function lakesOf(mix: Mix, random: () => number): readonly Lake[] {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!
  const kept = mix === 'well-kept'
  return Array.from({ length: BUCKETS }, (_, i): Lake => {
    const daily = Math.min(200, 2 * Math.exp(1.5 * normal()))
    const stored = daily * HISTORY_DAYS
    const streaming = !kept && random() < (mix === 'streaming' ? 0.7 : 0.2)
    const versioned = !kept && random() < 0.3
    const measured = random() < 0.6
    return {
      name: `bucket-${i}`,
      daily,
      fileMib: streaming ? 1 + 4 * random() : 64 + 448 * random(),
      pattern:
        mix === 'regime-change' && random() < 0.5
          ? 'turns-hot'
          : pick(['hot', 'power', 'month-end', 'audit', 'never']),
      reads: 1 + Math.floor(random() * 24),
      window: 1 + Math.floor(random() * 14),
      alpha: 0.8 + 0.7 * random(),
      garbage: kept ? 0 : stored * random() * 0.6,
      uploads: kept ? 0 : stored * (0.02 + 0.03 * random()),
      noncurrent: versioned ? stored * random() * 0.8 : 0,
      noncurrentOld: 0.5 + 0.5 * random(),
      versioned,
      measured,
      analysed: measured && random() < 0.4,
      lineage: random() < 0.6,
      tiered: kept,
      open: 0.05 + 0.15 * random(),
    }
  })
}

/** Share of a day's partition that is read on a day, 1 = once as a whole; day 0 is the start of observation. */
export function readShare(lake: Lake, age: number, day: number): number {
  const hot = age < lake.window ? lake.reads : 0
  switch (lake.pattern) {
    case 'hot':
      return hot
    case 'power':
      return lake.reads * (1 + age) ** -lake.alpha * 0.5
    case 'month-end':
      return hot + (day % 30 === 29 ? 1 : 0)
    case 'audit':
      return hot + (day === AUDITED_ON ? 1 : 0)
    case 'never':
      return age < 3 ? 1 : 0
    case 'turns-hot':
      return hot + (day >= TURNS_HOT_ON ? 0.5 : 0)
  }
}

export interface ReadHistory {
  /** Full reads of what was born on `born`, from the start of day `from` to the start of day `to`. */
  read(born: number, from: number, to: number): number
  /** Share of its files that nobody reads in these days. */
  untouched(born: number, from: number, to: number): number
}

const FIRST_DAY = -30
const LAST_DAY = 160

/** Sums from the first day on, so that a stretch is one subtraction. Reads of a share of the files hit any of them. */
export function readHistory(lake: Lake): ReadHistory {
  const sums = new Map<number, { readonly reads: Float64Array; readonly misses: Float64Array }>()
  const of = (born: number) => {
    const known = sums.get(born)
    if (known !== undefined) return known
    const [reads, misses] = [
      new Float64Array(LAST_DAY - FIRST_DAY + 1),
      new Float64Array(LAST_DAY - FIRST_DAY + 1),
    ]
    for (let day = FIRST_DAY; day < LAST_DAY; day++) {
      const at = day - FIRST_DAY
      const share = day < born ? 0 : readShare(lake, day - born, day)
      reads[at + 1] = reads[at]! + share
      misses[at + 1] = misses[at]! + Math.log(1 - Math.min(share, 1 - 1e-9))
    }
    const found = { reads, misses }
    sums.set(born, found)
    return found
  }
  const between = (line: Float64Array, from: number, to: number): number =>
    line[to - FIRST_DAY]! - line[Math.max(0, from - FIRST_DAY)]!
  return {
    read: (born, from, to) => between(of(born).reads, from, to),
    untouched: (born, from, to) => Math.exp(between(of(born).misses, from, to)),
  }
}
