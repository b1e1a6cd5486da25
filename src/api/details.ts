// What the page of one table or pipeline needs beside the lists: who writes it, its cost, its lateness, its compute,
// and what changed.
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Prices, executionCost } from '../advisors/advisors.ts'
import { type Changing, computeByRun, pipelineChanges, tableChanges } from '../changes/changes.ts'
import {
  datasetsOf,
  lineageOf,
  nodeNamed,
  nodesNamed,
  pipelinesByJob,
  writersOf,
} from '../lineage/lineage.ts'
import type { TableFact } from '../model/facts.ts'
import type { PipelineFact, RunFact } from '../model/run-facts.ts'
import type { FactReader } from '../model/store.ts'
import { DAY, type Timestamp, timestamp } from '../model/units.ts'
import { tableCost } from './table-cost.ts'

const WRITERS = 10
const RUNS = 100
const RUNS_BACK = 30 * DAY

export interface DetailParts {
  readonly known: FactReader
  readonly prices: Prices
  readonly now: () => Timestamp
  /** Its lateness and alerts over time, as far as series tell: parts of the answer. */
  readonly historyOf: (table: Pick<TableFact, 'source' | 'table'>) => object
}

export const detailRoutes =
  ({ known, prices, now, historyOf }: DetailParts) =>
  (app: FastifyInstance): void => {
    const lineage = lineageOf(known)
    const changing: Changing = { known, lineage, costOf: (one) => executionCost(one, prices) }

    app.get<{ Querystring: { id?: string } }>('/api/tidemark/tables/detail', async ({ query }, reply) => {
      const [table] = known.facts('table', { id: query.id ?? '' })
      if (table === undefined) return missing(reply, 'table', query.id)
      return {
        id: table.id,
        writers: writers(table),
        cost: tableCost(table, known, prices),
        // A format's planner tells only the partitions that matter to it; how many there are is in the table.
        partitions: table.layout?.partitions.toSorted((a, b) => b.bytes - a.bytes) ?? null,
        ...historyOf(table),
      }
    })

    app.get<{ Querystring: { id?: string } }>('/api/tidemark/pipelines/detail', async ({ query }, reply) => {
      const [pipeline] = known.facts('pipeline', { id: query.id ?? '' })
      if (pipeline === undefined) return missing(reply, 'pipeline', query.id)
      const runs = known.facts('run', { pipelineId: pipeline.id, limit: RUNS })
      return {
        id: pipeline.id,
        compute: Object.fromEntries(computeByRun(pipeline, runs, changing)),
        reads: neighbours(pipeline, 'reads'),
        writes: neighbours(pipeline, 'writes'),
      }
    })

    app.get<{ Querystring: { of?: string } }>('/api/tidemark/changes', async ({ query: { of } }, reply) => {
      const found = of === undefined ? undefined : meant(of)
      if (found === undefined) return missing(reply, 'table or pipeline', of)
      const changes =
        found.kind === 'table' ? tableChanges(found, changing) : pipelineChanges(found, changing)
      return { of: found.id, kind: found.kind, changes }
    })

    function writers(table: TableFact) {
      const from = timestamp(now() - RUNS_BACK)
      const seen = new Set<string>()
      return writersOf(table.id, known, lineage())
        .filter(({ job, pipeline }) => {
          const key = pipeline?.id ?? job
          return !seen.has(key) && seen.add(key)
        })
        .slice(0, WRITERS)
        .map(({ job, pipeline, firstSeen, lastSeen }) => ({
          job,
          pipeline: pipeline?.pipeline ?? null,
          pipelineId: pipeline?.id ?? null,
          firstSeen,
          lastSeen,
          runs:
            pipeline === null
              ? []
              : known.facts('run', { pipelineId: pipeline.id, from, limit: RUNS }).map(shortly),
        }))
    }

    const neighbours = (pipeline: PipelineFact, type: 'reads' | 'writes') =>
      datasetsOf(pipeline, type, known, lineage()).map(({ dataset, firstSeen, lastSeen }) => ({
        id: dataset,
        name: nodeNamed(dataset, known).name,
        firstSeen,
        lastSeen,
      }))

    /** By id, by the id of its job, or by its name. */
    function meant(of: string): TableFact | PipelineFact | undefined {
      const [pipeline] = known.facts('pipeline', { id: of })
      if (pipeline !== undefined) return pipeline
      const pipelineOf = pipelinesByJob(known)
      for (const node of [of, ...nodesNamed(of, lineage(), known)]) {
        const found = known.facts('table', { id: node })[0] ?? pipelineOf(node)
        if (found !== null) return found
      }
      return undefined
    }
  }

const shortly = ({ id, runId, at, state, startedAt, endedAt, error }: RunFact) => ({
  id,
  runId,
  at,
  state,
  startedAt,
  endedAt,
  error,
})

const missing = (reply: FastifyReply, what: string, id: string | undefined) =>
  id === undefined || id === ''
    ? reply.code(400).send({ status: 'error', error: `expected the id of a ${what}` })
    : reply.code(404).send({ status: 'error', error: `there is no ${what} ${JSON.stringify(id)}` })
