// A store's memory of facts for tests: what the ledger reads, and what it says is recorded.
import { settle } from '../../src/ledger/ledger.ts'
import type { Fact, FactOf, Kind } from '../../src/model/facts.ts'
import type { FactReader, Where } from '../../src/model/store.ts'
import { NOW } from '../model/a-table.ts'

export interface Memory extends FactReader {
  /** Settles what a source yielded and keeps the outcome. */
  take(facts: readonly Fact[]): void
  one<K extends Kind>(kind: K, id?: string): FactOf<K>
  /** Everything, in an order that does not depend on how it came. */
  everything(): unknown
}

export function memory(): Memory {
  const kept = new Map<string, Fact>()
  const facts = <K extends Kind>(kind: K, where: Where = {}): FactOf<K>[] => {
    const candidates =
      where.id === undefined ? [...kept.values()] : [kept.get(`${kind} ${where.id}`)].filter((one) => !!one)
    return candidates.filter(
      (fact): fact is FactOf<K> =>
        fact.kind === kind &&
        (where.source === undefined || ('source' in fact && fact.source === where.source)),
    )
  }
  const reader: FactReader = {
    facts,
    recorded: (kind, where) => facts(kind, where).map((fact) => ({ fact, recordedAt: NOW, observedAt: NOW })),
  }
  return {
    ...reader,
    take(yielded) {
      for (const fact of settle(yielded, reader)) kept.set(`${fact.kind} ${fact.id}`, fact)
    },
    one: (kind, id) => facts(kind, id === undefined ? {} : { id })[0]!,
    everything: () => sorted([...kept].toSorted(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
