// What one scan saw, as advisors read it: tables and their commits, and no history of series.
import type { CommitFact, Fact, FactOf, Kind, Recorded, TableFact } from '../model/facts.ts'
import type { Reader, Where } from '../model/store.ts'

export function viewOf(tables: readonly TableFact[], commits: readonly CommitFact[]): Reader {
  const byTable = Map.groupBy(commits, (commit) => commit.tableId)
  const facts = <K extends Kind>(kind: K, where: Where = {}): readonly FactOf<K>[] => {
    const found: readonly Fact[] =
      kind === 'table'
        ? tables
        : kind === 'commit'
          ? newest(byTable.get(where.tableId ?? '') ?? [], where)
          : []
    return found as readonly FactOf<K>[]
  }
  return {
    facts,
    recorded: <K extends Kind>(kind: K, where?: Where): readonly Recorded<FactOf<K>>[] =>
      facts(kind, where).map((fact) => {
        throw new Error(`a scan does not know when it first saw ${fact.kind} ${fact.id}`)
      }),
    series: { generation: 0, find: () => [] },
  }
}

const newest = (commits: readonly CommitFact[], { from, to, limit }: Where): CommitFact[] =>
  commits
    .filter(({ at }) => (from === undefined || at >= from) && (to === undefined || at <= to))
    .toSorted((a, b) => b.at - a.at)
    .slice(0, limit)
