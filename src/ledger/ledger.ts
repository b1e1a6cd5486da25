// Settles a poll's facts against what is known: nothing counted twice, problems keep their start and end, tables that
// a complete look did not find have vanished. Pure: facts in, facts out.
import type {
  CommitFact,
  Fact,
  InventoryFact,
  ProblemFact,
  SchemaChangeKind,
  TableFact,
  TallyFact,
} from '../model/facts.ts'
import type { FactReader } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'

/**
 * `complete` says that the poll of `source` ran to its end, so problems that it did not repeat are over.
 * The answer is what to record, in one transaction.
 */
export function settle(
  facts: readonly Fact[],
  known: FactReader,
  poll: { readonly source: string; readonly complete: boolean; readonly now: Timestamp },
): Fact[] {
  const settled = facts.map((fact) => (fact.kind === 'problem' ? keepStart(fact, known) : fact))
  return [
    ...settled,
    ...tallies(facts, known),
    ...(poll.complete ? solved(facts, known, poll.source, poll.now) : []),
    ...facts.flatMap((fact) => (fact.kind === 'inventory' ? vanished(fact, facts, known, poll.now) : [])),
  ]
}

function keepStart(problem: ProblemFact, known: FactReader): ProblemFact {
  const [before] = known.facts('problem', { id: problem.id })
  return before && before.resolved === null ? { ...problem, since: before.since } : problem
}

function solved(facts: readonly Fact[], known: FactReader, source: string, now: Timestamp): ProblemFact[] {
  const still = new Set(facts.flatMap((fact) => (fact.kind === 'problem' ? [fact.id] : [])))
  return known
    .facts('problem', { source })
    .filter((problem) => problem.resolved === null && !still.has(problem.id))
    .map((problem) => ({ ...problem, resolved: now }))
}

function vanished(
  inventory: InventoryFact,
  facts: readonly Fact[],
  known: FactReader,
  now: Timestamp,
): TableFact[] {
  const present = new Set(inventory.tableIds)
  const justSeen = new Set(facts.flatMap((fact) => (fact.kind === 'table' ? [fact.id] : [])))
  return known
    .facts('table', { source: inventory.id })
    .filter((table) => table.vanished === null && !present.has(table.id) && !justSeen.has(table.id))
    .map((table) => ({ ...table, vanished: now }))
}

function tallies(facts: readonly Fact[], known: FactReader): TallyFact[] {
  const byTable = Map.groupBy(
    facts.filter((fact) => fact.kind === 'commit'),
    (commit) => commit.tableId,
  )
  return [...byTable].flatMap(([id, commits]) => {
    const before = known.facts('tally', { id })[0]
    const after = commits.reduce<TallyFact | undefined>(count, before)
    return after === undefined || after === before ? [] : [after]
  })
}

/** Counts a commit unless it was counted: commits of a table come oldest first, again only after a restart. */
export function count(before: TallyFact | undefined, commit: CommitFact): TallyFact {
  const last = before?.lastAt ?? -Infinity
  if (before && (commit.at < last || (commit.at === last && before.lastVersions.includes(commit.version)))) return before
  const schemaChanges: Partial<Record<SchemaChangeKind, number>> = { ...before?.schemaChanges }
  for (const { change } of commit.schemaChanges) schemaChanges[change] = (schemaChanges[change] ?? 0) + 1
  return {
    kind: 'tally',
    id: commit.tableId,
    commits: (before?.commits ?? 0) + 1,
    dataCommits: (before?.dataCommits ?? 0) + (commit.changesData ? 1 : 0),
    rowsAdded: (before?.rowsAdded ?? 0) + (commit.rowsAdded ?? 0),
    rowsRemoved: (before?.rowsRemoved ?? 0) + (commit.rowsRemoved ?? 0),
    bytesAdded: (before?.bytesAdded ?? 0) + (commit.bytesAdded ?? 0),
    schemaChanges,
    lastAt: commit.at,
    lastVersions: commit.at === last ? [...(before?.lastVersions ?? []), commit.version] : [commit.version],
  }
}
