// The door: what changed about a table or a pipeline, newest first; the short list to look at when something is off.
import { type Lineage, datasetsOf, writersOf } from '../lineage/lineage.ts'
import type { ApplicationFact } from '../model/application-facts.ts'
import type { TableFact } from '../model/facts.ts'
import type { Known } from '../model/known.ts'
import type { PipelineFact, RunFact } from '../model/run-facts.ts'
import type { FactReader } from '../model/store.ts'
import type { Usd } from '../model/units.ts'
import type { Change } from './change.ts'
import { type Compute, changesOfPipeline, computeOf } from './pipeline-changes.ts'
import { changesOfTable } from './table-changes.ts'

export type { Change } from './change.ts'
export type { Compute } from './pipeline-changes.ts'

/** What is looked through. */
const COMMITS = 200
const RUNS = 200
const EXECUTIONS = 500
const WRITERS = 10
const MOST = 500

export interface Changing {
  readonly known: FactReader
  readonly lineage: () => Lineage
  /** What one execution cost; null where no price is known. */
  readonly costOf: (application: ApplicationFact) => Known<Usd>
}

export function tableChanges(table: TableFact, { known, lineage }: Changing): readonly Change[] {
  const writers = writersOf(table.id, known, lineage())
  const pipelines = new Set(writers.flatMap(({ pipeline }) => pipeline?.id ?? []))
  return newestFirst(
    changesOfTable({
      table,
      commits: known.facts('commit', { tableId: table.id, limit: COMMITS }),
      writers,
      runs: [...pipelines]
        .slice(0, WRITERS)
        .map((pipelineId) => known.facts('run', { pipelineId, limit: RUNS })),
    }),
  )
}

export function pipelineChanges(pipeline: PipelineFact, changing: Changing): readonly Change[] {
  const { known, lineage, costOf } = changing
  const graph = lineage()
  return newestFirst(
    changesOfPipeline({
      runs: known.facts('run', { pipelineId: pipeline.id, limit: RUNS }),
      applications: applicationsOf(pipeline, known),
      costOf,
      reads: datasetsOf(pipeline, 'reads', known, graph),
      writes: datasetsOf(pipeline, 'writes', known, graph),
    }),
  )
}

/** What the compute of a run came to, as far as executions of applications of the pipeline's name tell. */
export function computeByRun(
  pipeline: PipelineFact,
  runs: readonly RunFact[],
  { known, costOf }: Omit<Changing, 'lineage'>,
): ReadonlyMap<string, Compute> {
  const applications = applicationsOf(pipeline, known)
  return new Map(
    runs.flatMap((run) => {
      const compute = computeOf(run, { applications, costOf })
      return compute === null ? [] : [[run.id, compute] as const]
    }),
  )
}

/** Event logs know the application's name and nothing of who started it: the same name is the same job. */
function applicationsOf({ pipeline, name }: PipelineFact, known: FactReader): readonly ApplicationFact[] {
  return known
    .facts('application-tally')
    .filter(({ application }) => application === pipeline || application === name)
    .flatMap(({ id }) => known.facts('application', { pipelineId: id, limit: EXECUTIONS }))
}

const newestFirst = (changes: readonly Change[]): readonly Change[] =>
  changes.toSorted((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1)).slice(0, MOST)
