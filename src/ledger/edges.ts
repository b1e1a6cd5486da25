// Lineage as it is told again and again → edges and aliases that change only when they tell something new. Pure.
import type { Fact } from '../model/facts.ts'
import type { FactReader } from '../model/store.ts'
import { draft } from './draft.ts'

/** Edges of one source; a source that names a new job at every run would otherwise grow for ever. */
const EDGES_PER_SOURCE = 100_000

export function settleEdges(facts: readonly Fact[], known: FactReader): Fact[] {
  const edges = draft('edge', known)
  const aliases = draft('alias', known)
  const room = new Map<string, number>()
  for (const fact of facts) {
    if (fact.kind === 'alias' && aliases.get(fact.id) === undefined) aliases.set(fact)
    if (fact.kind !== 'edge') continue
    const before = edges.get(fact.id)
    if (before === undefined) {
      const left =
        room.get(fact.source) ?? EDGES_PER_SOURCE - known.facts('edge', { source: fact.source }).length
      room.set(fact.source, left - 1)
      if (left > 0) edges.set({ ...fact, firstSeen: fact.lastSeen })
    } else {
      // Messages may come in any order.
      const lastSeen = fact.lastSeen > before.lastSeen ? fact.lastSeen : before.lastSeen
      const isFirst = before.firstSeen !== undefined && fact.lastSeen < before.firstSeen
      if (lastSeen !== before.lastSeen || isFirst)
        edges.set({ ...before, lastSeen, ...(isFirst ? { firstSeen: fact.lastSeen } : {}) })
    }
  }
  return [...edges.changed(), ...aliases.changed()]
}
