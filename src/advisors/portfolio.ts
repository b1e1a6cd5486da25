// What several pieces of advice come to together: one consistent set, priced once. Savings are never added up.
import { ADVICE_STAGES, type Advice, type AdviceTotal, type MeterLine } from '../model/advice.ts'
import { type Usd, usd } from '../model/units.ts'

/** Best first: by stage, then by money; of alternatives the first is taken, what conflicts with it is left. */
export function consistentSet(all: readonly Advice[]): readonly Advice[] {
  const taken: Advice[] = []
  const groups = new Set<string>()
  const ids = new Set<string>()
  const excluded = new Set<string>()
  for (const advice of all.toSorted(byOrder)) {
    if (advice.cost.savings === null || advice.cost.savings.p50 <= 0) continue
    const { alternatives, conflictsWith, id } = advice
    if (alternatives !== null && groups.has(alternatives)) continue
    if (excluded.has(id) || conflictsWith.some((other) => ids.has(other))) continue
    taken.push(advice)
    ids.add(id)
    if (alternatives !== null) groups.add(alternatives)
    for (const other of conflictsWith) excluded.add(other)
  }
  return taken
}

const worth = ({ cost }: Advice): number => cost.savings?.p50 ?? 0
const byOrder = (a: Advice, b: Advice): number =>
  ADVICE_STAGES.indexOf(a.stage) - ADVICE_STAGES.indexOf(b.stage) ||
  worth(b) - worth(a) ||
  (a.id < b.id ? -1 : 1)

interface Use {
  readonly quantity: number
  readonly unitPrice: number
  /** As it is today. */
  readonly first: number
}

/**
 * A later piece saves on what the earlier ones left: where a meter was cut to a third, a saving of half of it is a
 * sixth of what it was.
 */
export function totalOf(all: readonly Advice[]): AdviceTotal {
  const set = consistentSet(all)
  const uses = new Map<string, Use>()
  const byTopic: Record<string, Usd> = {}
  let [p10, p50, p90] = [0, 0, 0]
  for (const advice of set) {
    const saved = apply(advice, uses)
    // Of what it saves alone, as much as the earlier pieces left.
    const [low, high] = ends(advice, saved)
    p10 += low
    p50 += saved
    p90 += high
    byTopic[advice.topic] = usd((byTopic[advice.topic] ?? 0) + saved)
  }
  let before = 0
  let after = 0
  for (const { quantity, unitPrice, first } of uses.values()) {
    before += first * unitPrice
    after += quantity * unitPrice
  }
  return {
    before: usd(before),
    after: usd(after),
    savings: { p10: usd(p10), p50: usd(p50), p90: usd(p90) },
    set: set.map(({ id }) => id),
    byTopic,
  }
}

function ends({ cost: { savings } }: Advice, saved: number): readonly [low: number, high: number] {
  if (savings === null || savings.p50 === 0) return [saved, saved]
  const [a, b] = [(savings.p10 / savings.p50) * saved, (savings.p90 / savings.p50) * saved]
  return [Math.min(a, b), Math.max(a, b)]
}

/** What it saves of what is left, a month. */
function apply({ cost }: Advice, uses: Map<string, Use>): number {
  const before = byKey(cost.before)
  const after = byKey(cost.after)
  let saved = 0
  const change = (key: string, line: MeterLine, to: (quantity: number) => number, first: number): void => {
    const use = uses.get(key) ?? { quantity: first, unitPrice: line.unitPrice, first }
    const quantity = to(use.quantity)
    saved += (use.quantity - quantity) * use.unitPrice
    uses.set(key, { ...use, quantity })
  }
  const left = shareLeft(before, uses)
  for (const [key, line] of before) {
    const rest = line.quantity === 0 ? 0 : (after.get(key)?.quantity ?? 0) / line.quantity
    change(key, line, (quantity) => quantity * rest, line.quantity)
  }
  for (const [key, line] of after)
    if (!before.has(key)) change(key, line, (quantity) => quantity + line.quantity * left, 0)
  return saved
}

/** Of what it moves to other meters there is only so much left, in money, after the earlier pieces. */
function shareLeft(before: ReadonlyMap<string, MeterLine>, uses: ReadonlyMap<string, Use>): number {
  let first = 0
  let now = 0
  for (const [key, line] of before) {
    first += line.quantity * line.unitPrice
    now += Math.min(uses.get(key)?.quantity ?? line.quantity, line.quantity) * line.unitPrice
  }
  return first === 0 ? 1 : now / first
}

/** Lines of one resource and meter are one use of it. */
function byKey(lines: readonly MeterLine[]): Map<string, MeterLine> {
  const found = new Map<string, MeterLine>()
  for (const line of lines) {
    const key = `${line.resource}\n${line.meter}`
    const other = found.get(key)
    found.set(
      key,
      other === undefined
        ? line
        : { ...line, quantity: line.quantity + other.quantity, cost: usd(line.cost + other.cost) },
    )
  }
  return found
}
