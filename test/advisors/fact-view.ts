// Facts as advisors read them, from a list. Facts of a test may be partial: an advisor reads what it reads.
import type { Fact, FactOf, Kind } from '../../src/model/facts.ts'
import type { Reader, Where } from '../../src/model/store.ts'

type Loose = { readonly kind: Kind; readonly id: string }

export function factView(facts: readonly Loose[]): Reader {
  const find = <K extends Kind>(kind: K, where: Where = {}): readonly FactOf<K>[] => {
    const found = facts.filter((fact): boolean => {
      const keys = fact as Loose & { tableId?: string; pipelineId?: string; source?: string; at?: number }
      return (
        fact.kind === kind &&
        (where.id === undefined || keys.id === where.id) &&
        (where.source === undefined || keys.source === where.source) &&
        (where.tableId === undefined || keys.tableId === where.tableId) &&
        (where.pipelineId === undefined || keys.pipelineId === where.pipelineId) &&
        (where.from === undefined || (keys.at ?? 0) >= where.from) &&
        (where.to === undefined || (keys.at ?? 0) <= where.to)
      )
    })
    const ordered =
      where.limit === undefined ? found : found.toSorted((a, b) => at(b) - at(a)).slice(0, where.limit)
    return ordered as unknown as readonly FactOf<K>[]
  }
  return {
    facts: find,
    recorded: (kind, where) =>
      find(kind, where).map((fact) => ({ fact, recordedAt: 0 as never, observedAt: 0 as never })),
    series: { generation: 0, find: () => [] },
  }
}

const at = (fact: Loose): number => (fact as Partial<Extract<Fact, { at: unknown }>>).at ?? 0
