// Settles a poll's facts against what is known: nothing counted twice, problems keep their start and end, tables that
// a complete look did not find have vanished. Pure: facts in, facts out.
import type {
  CommitFact,
  Fact,
  Kind,
  ProblemFact,
  SchemaChangeKind,
  TableFact,
  TallyFact,
} from '../model/facts.ts'
import type { FactReader } from '../model/store.ts'
import { type Timestamp, timestamp } from '../model/units.ts'
import { settleApplications } from './applications.ts'
import { settleChecks } from './checks.ts'
import { settleEdges } from './edges.ts'
import { settleRuns } from './runs.ts'

export { giveUp } from './runs.ts'

/** Not recorded as they come: what follows from them is. */
const SETTLED_APART: ReadonlySet<Kind> = new Set<Kind>([
  'inventory',
  'pipeline',
  'pipeline-inventory',
  'run-report',
  'task-report',
  'application',
  'check-report',
  'edge',
  'alias',
])

/** What to record, in one transaction, for facts that a poll yielded. */
export function settle(facts: readonly Fact[], known: FactReader): Fact[] {
  const settled = facts
    .filter((fact) => !SETTLED_APART.has(fact.kind))
    .map((fact) => (fact.kind === 'problem' ? keepStart(fact, known) : fact))
  return [
    ...settled,
    ...tallies(facts, known),
    ...settleRuns(facts, known),
    ...settleApplications(facts, known),
    ...settleChecks(facts, known),
    ...settleEdges(facts, known),
  ]
}

export interface PollEnd {
  readonly source: string
  /** Ids of the problems that this poll met. */
  readonly problems: ReadonlySet<string>
  /** Ids of all tables that are there, when the poll looked completely. */
  readonly inventory: readonly string[] | undefined
}

/** What follows from a poll that ran to its end: problems it did not repeat are over, tables it did not find are gone. */
export function conclude(end: PollEnd, known: FactReader, now: Timestamp): Fact[] {
  const solved: ProblemFact[] = known
    .facts('problem', { source: end.source })
    .filter((problem) => problem.resolved === null && !end.problems.has(problem.id))
    .map((problem) => ({ ...problem, resolved: now }))
  if (end.inventory === undefined) return solved
  const present = new Set(end.inventory)
  const vanished: TableFact[] = known
    .facts('table', { source: end.source })
    .filter((table) => table.vanished === null && !present.has(table.id))
    .map((table) => ({ ...table, vanished: now }))
  return [...solved, ...vanished]
}

function keepStart(problem: ProblemFact, known: FactReader): ProblemFact {
  const [before] = known.facts('problem', { id: problem.id })
  return before && before.resolved === null ? { ...problem, since: before.since } : problem
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

const NOTHING_COUNTED: Omit<TallyFact, 'kind' | 'id'> = {
  commits: 0,
  dataCommits: 0,
  rowsAdded: 0,
  rowsRemoved: 0,
  bytesAdded: 0,
  schemaChanges: {},
  lastAt: timestamp(-Infinity),
  lastVersions: [],
}

/** Counts a commit unless it was counted: commits of a table come oldest first, again only after a restart. */
export function count(tally: TallyFact | undefined, commit: CommitFact): TallyFact {
  const before = tally ?? { ...NOTHING_COUNTED, kind: 'tally', id: commit.tableId }
  const sameTime = commit.at === before.lastAt
  if (commit.at < before.lastAt || (sameTime && before.lastVersions.includes(commit.version))) return before
  const schemaChanges: Partial<Record<SchemaChangeKind, number>> = { ...before.schemaChanges }
  for (const { change } of commit.schemaChanges) schemaChanges[change] = (schemaChanges[change] ?? 0) + 1
  return {
    ...before,
    commits: before.commits + 1,
    dataCommits: before.dataCommits + (commit.changesData ? 1 : 0),
    rowsAdded: before.rowsAdded + (commit.rowsAdded ?? 0),
    rowsRemoved: before.rowsRemoved + (commit.rowsRemoved ?? 0),
    bytesAdded: before.bytesAdded + (commit.bytesAdded ?? 0),
    schemaChanges,
    lastAt: commit.at,
    lastVersions: sameTime ? [...before.lastVersions, commit.version] : [commit.version],
  }
}
