// What changed about a table: its schema, what its commits add, who and what writes it.
import type { CommitFact, SchemaChange, TableFact } from '../model/facts.ts'
import type { Neighbour } from '../lineage/lineage.ts'
import type { RunFact } from '../model/run-facts.ts'
import { type Change, departures, turns } from './change.ts'
import { codeChanges } from './code.ts'

/** Volumes that are this many times the median, or this part of it, stand out. */
const VOLUME = { factor: 3, least: 1 }

const BREAKING: ReadonlySet<string> = new Set(['dropped', 'renamed', 'narrowed', 'retyped'])

export interface WrittenTable {
  readonly table: TableFact
  readonly commits: readonly CommitFact[]
  readonly writers: readonly Neighbour[]
  /** Runs of the pipelines that write it, by pipeline. */
  readonly runs: readonly (readonly RunFact[])[]
}

export function changesOfTable({ table, commits, writers, runs }: WrittenTable): Change[] {
  return [
    ...table.schemaChanges.map(schemaChange),
    ...departures(volumes(commits), 'volume', 'rows', VOLUME),
    ...turns(
      commits.map(({ version, at, engine }) => ({ id: version, at, what: 'written by', value: engine })),
      'engine',
    ),
    ...firsts(commits),
    ...newWriters(writers),
    ...runs.flatMap(codeChanges),
  ]
}

const schemaChange = ({ at, version, change, column, from, to }: SchemaChange, i: number): Change => ({
  id: `schema ${version} ${i}`,
  at,
  kind: 'schema',
  what: `${change} ${column}`,
  from,
  to,
  unit: null,
  stands: BREAKING.has(change) ? 'breaks' : 'new',
})

const volumes = (commits: readonly CommitFact[]) =>
  commits.flatMap(({ version, at, operation, changesData, rowsAdded }) =>
    !changesData || rowsAdded === null
      ? []
      : [{ id: version, at, what: `rows of ${operation}`, value: rowsAdded }],
  )

/** Operations alternate: only one that was not there before is news. */
function firsts(commits: readonly CommitFact[]): Change[] {
  const seen = new Set<string>()
  return commits
    .toSorted((a, b) => a.at - b.at)
    .flatMap(({ version, at, operation }): Change[] => {
      const isNews = seen.size > 0 && !seen.has(operation)
      seen.add(operation)
      if (!isNews) return []
      const id = `operation ${version}`
      return [
        { id, at, kind: 'operation', what: 'first', from: null, to: operation, unit: null, stands: 'new' },
      ]
    })
}

/** Those that came after the first one was known. */
function newWriters(writers: readonly Neighbour[]): Change[] {
  const known = writers.map(({ firstSeen }) => firstSeen ?? 0)
  const first = Math.min(...known)
  return writers.flatMap(({ job, pipeline, firstSeen }): Change[] =>
    firstSeen === null || firstSeen === first
      ? []
      : [
          {
            id: `writer ${job}`,
            at: firstSeen,
            kind: 'writer',
            what: 'a new job writes it',
            from: null,
            to: pipeline?.pipeline ?? job.replace(/^job:/, ''),
            unit: null,
            stands: 'new',
          },
        ],
  )
}
