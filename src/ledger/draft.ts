// Facts of one kind as they will be once this batch is recorded: what is known, and what the batch changed so far.
import type { FactOf, Kind } from '../model/facts.ts'
import type { FactReader } from '../model/store.ts'

export interface Draft<K extends Kind> {
  get(id: string): FactOf<K> | undefined
  set(fact: FactOf<K>): void
  /** What the batch changed, in the order in which it was first changed. */
  changed(): readonly FactOf<K>[]
}

export function draft<K extends Kind>(kind: K, known: FactReader): Draft<K> {
  const read = new Map<string, FactOf<K> | undefined>()
  const written = new Map<string, FactOf<K>>()
  return {
    get(id) {
      const mine = written.get(id)
      if (mine !== undefined || read.has(id)) return mine ?? read.get(id)
      const [found] = known.facts(kind, { id })
      read.set(id, found)
      return found
    },
    set(fact) {
      const before = written.get(fact.id) ?? read.get(fact.id)
      if (before !== fact) written.set(fact.id, fact)
    },
    changed: () => [...written.values()],
  }
}
