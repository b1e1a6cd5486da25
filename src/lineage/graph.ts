// Datasets and jobs, and how data flows between them; names of one dataset are one node. Cycles are normal: a MERGE
// reads what it writes.
import type { AliasFact, EdgeFact } from '../model/run-facts.ts'

/** Nodes that one question walks through at most. */
const WALK_LIMIT = 20_000

/** A node on the way, and how many steps away it is. */
export interface Step {
  readonly node: string
  readonly distance: number
}

export interface Lineage {
  /** The one name of a node that may have several. */
  canonical(node: string): string
  /** All names of a node, itself included. */
  names(node: string): readonly string[]
  /** Whether any edge tells of it. */
  has(node: string): boolean
  /** Nearest first, the node itself left out. */
  upstream(node: string): readonly Step[]
  downstream(node: string): readonly Step[]
}

export function buildLineage(
  edges: readonly EdgeFact[],
  aliases: readonly AliasFact[],
  /** Of several names of one dataset, the one that this says yes to is the node. */
  isPreferred: (node: string) => boolean = () => false,
): Lineage {
  const names = groupNames(aliases)
  const canonicalOf = new Map<string, string>()
  for (const group of new Set(names.values())) {
    const chosen = group.find(isPreferred) ?? group[0]!
    for (const name of group) canonicalOf.set(name, chosen)
  }
  const canonical = (node: string): string => canonicalOf.get(node) ?? node
  const forth = new Map<string, Set<string>>()
  const back = new Map<string, Set<string>>()
  const containers = new Map<string, Set<string>>()
  const parts = new Map<string, Set<string>>()
  for (const edge of edges) {
    const [from, to] = [canonical(edge.from), canonical(edge.to)]
    if (from === to) continue
    add(edge.type === 'part-of' ? containers : forth, from, to)
    add(edge.type === 'part-of' ? parts : back, to, from)
  }
  const all = new Set([...forth.keys(), ...back.keys(), ...containers.keys(), ...parts.keys()])

  /**
   * A task stands for its pipeline where it is met; a pipeline stands for its tasks only where the question starts
   * with it: what another task of it does has nothing to do with the way that led there.
   */
  const walk = (start: string, next: ReadonlyMap<string, ReadonlySet<string>>): Step[] => {
    const begin = canonical(start)
    const distances = new Map([[begin, 0]])
    const queue = [begin]
    const visit = (node: string, distance: number, goesOn: boolean): void => {
      if (distances.has(node) || distances.size > WALK_LIMIT) return
      distances.set(node, distance)
      if (goesOn) queue.push(node)
    }
    for (const part of parts.get(begin) ?? []) visit(part, 0, true)
    for (let i = 0; i < queue.length; i += 1) {
      const node = queue[i]!
      const distance = distances.get(node)!
      for (const container of containers.get(node) ?? []) visit(container, distance, false)
      for (const neighbour of next.get(node) ?? []) visit(neighbour, distance + 1, true)
    }
    distances.delete(begin)
    return [...distances].map(([node, distance]) => ({ node, distance })).toSorted(byDistance)
  }

  return {
    canonical,
    names: (node) => names.get(node) ?? [node],
    has: (node) => all.has(canonical(node)),
    upstream: (node) => walk(node, back),
    downstream: (node) => walk(node, forth),
  }
}

const byDistance = (a: Step, b: Step): number => a.distance - b.distance || (a.node < b.node ? -1 : 1)

function add(map: Map<string, Set<string>>, from: string, to: string): void {
  const known = map.get(from)
  if (known) known.add(to)
  else map.set(from, new Set([to]))
}

/** Every name → all names of the same dataset, sorted. */
function groupNames(aliases: readonly AliasFact[]): Map<string, readonly string[]> {
  const groups = new Map<string, Set<string>>()
  for (const { one, other } of aliases) {
    const a = groups.get(one) ?? new Set([one])
    const b = groups.get(other) ?? new Set([other])
    const [large, small] = a.size >= b.size ? [a, b] : [b, a]
    for (const name of small) large.add(name)
    for (const name of large) groups.set(name, large)
  }
  const sorted = new Map([...new Set(groups.values())].map((group) => [group, [...group].toSorted()]))
  return new Map([...groups].map(([name, group]) => [name, sorted.get(group)!]))
}
