// What several pieces of advice come to together: one consistent set, priced once. Savings are never added up.
import { ADVICE_STAGES, type Advice, type AdviceTotal, type MeterLine } from '../model/advice.ts'
import { usd } from '../model/units.ts'

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
  quantity: number
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
  for (const { cost } of set) {
    const before = byKey(cost.before)
    const after = byKey(cost.after)
    for (const [key, line] of before) {
      const use = uses.get(key) ?? {
        quantity: line.quantity,
        unitPrice: line.unitPrice,
        first: line.quantity,
      }
      const rest = line.quantity === 0 ? 0 : (after.get(key)?.quantity ?? 0) / line.quantity
      uses.set(key, { ...use, quantity: use.quantity * rest })
    }
    for (const [key, line] of after) {
      if (before.has(key)) continue
      const use = uses.get(key) ?? { quantity: 0, unitPrice: line.unitPrice, first: 0 }
      uses.set(key, { ...use, quantity: use.quantity + line.quantity })
    }
  }
  let first = 0
  let last = 0
  for (const { quantity, unitPrice, first: was } of uses.values()) {
    first += was * unitPrice
    last += quantity * unitPrice
  }
  return { before: usd(first), after: usd(last), set: set.map(({ id }) => id) }
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
