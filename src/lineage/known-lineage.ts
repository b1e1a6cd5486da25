// The graph of what is known now: built again only when an edge, an alias or a table has changed.
import type { FactReader } from '../model/store.ts'
import { type Lineage, buildLineage } from './graph.ts'

export function lineageOf(known: FactReader): () => Lineage {
  let from: readonly unknown[] = []
  let built: Lineage | undefined
  return () => {
    const [edges, aliases, tables] = [known.facts('edge'), known.facts('alias'), known.facts('table')]
    const now = [edges, aliases, tables]
    // A store hands out the same list until the kind changes.
    if (built === undefined || now.some((list, i) => list !== from[i])) {
      const watched = new Set(tables.map((table) => table.id))
      built = buildLineage(edges, aliases, (node) => watched.has(node))
      from = now
    }
    return built
  }
}
