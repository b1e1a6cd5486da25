// Pipelines, their runs, their checks and the lineage between them as JSON.
import type { FastifyInstance, FastifyReply } from 'fastify'
import {
  type Lineage,
  lineageOf,
  nodeNamed,
  nodeOfLabels,
  nodesNamed,
  pipelinesByJob,
} from '../lineage/lineage.ts'
import { type PipelineFact, type RunFact, jobId } from '../model/run-facts.ts'
import type { FactReader } from '../model/store.ts'
import { type Timestamp, timestamp } from '../model/units.ts'
import { limitOf } from './limit.ts'

/** Runs in one answer. */
const RUNS_DEFAULT = 100
const RUNS_MOST = 1_000
/** Nodes in one answer. */
const NODES_MOST = 2_000
/** Instances of a mapped task are a number here, not ten thousand entries. */
const withoutInstances = (run: RunFact) => ({
  ...run,
  tasks: run.tasks.map(({ instances, ...task }) => ({ ...task, count: Object.keys(instances).length })),
})

export interface PipelineParts {
  readonly known: FactReader
  /** When a node is needed next, where that is known. */
  readonly dueAt: (labels: { readonly source: string; readonly table: string }) => Timestamp | null
}

export const pipelineRoutes =
  ({ known, dueAt }: PipelineParts) =>
  (app: FastifyInstance): void => {
    const lineage = lineageOf(known)
    app.get('/api/tidemark/pipelines', async () => ({
      pipelines: known
        .facts('pipeline')
        .filter((one) => one.vanished === null)
        .map((one) => withRuns(one, known)),
    }))
    app.get<{ Querystring: Record<string, string | undefined> }>(
      '/api/tidemark/runs',
      async (request, reply) => {
        const { pipeline, source, before, id } = request.query
        if (id !== undefined) return { runs: known.facts('run', { id }) }
        const limit = limitOf(request.query['limit'], RUNS_DEFAULT, RUNS_MOST)
        const to = before === undefined ? undefined : readTime(before)
        if (to === null) return bad(reply, 'expected before as a time such as 2026-11-22T07:00:00Z')
        const where = { limit, ...(to === undefined ? {} : { to: timestamp(to - 1) }) }
        if (pipeline === undefined) {
          return { runs: known.facts('run', { ...where, ...(source && { source }) }).map(withoutInstances) }
        }
        const ids = known
          .facts('pipeline')
          .filter((one) => one.pipeline === pipeline && (source === undefined || one.source === source))
        const runs = ids.flatMap((one) => known.facts('run', { ...where, pipelineId: one.id }))
        return {
          runs: runs
            .toSorted((a, b) => b.at - a.at)
            .slice(0, limit)
            .map(withoutInstances),
        }
      },
    )
    app.get<{ Querystring: { source?: string; table?: string } }>('/api/tidemark/checks', async (request) => {
      const { source, table } = request.query
      const checks = known.facts('check', source === undefined ? {} : { source })
      return {
        checks: checks.filter((one) => table === undefined || [one.dataset, one.datasetId].includes(table)),
      }
    })
    app.get<{ Querystring: { of?: string } }>('/api/tidemark/lineage', async (request, reply) => {
      const { of } = request.query
      if (!of)
        return bad(reply, 'expected of=, the name of a table or a pipeline, or the id of a dataset or job')
      const graph = lineage()
      const nodes = nodesNamed(of, graph, known)
      if (nodes.length === 0) return bad(reply, `no table or pipeline is called ${JSON.stringify(of)}`, 404)
      return { nodes: nodes.map((node) => around(node, graph)) }
    })

    function around(node: string, graph: Lineage) {
      const failing = failingNodes(known, graph)
      const pipelineOf = pipelinesByJob(known)
      const step = ({ node: id, distance }: { node: string; distance: number }) => {
        const [table] = known.facts('table', { id })
        return {
          id,
          ...nodeNamed(id, known),
          pipelineId: pipelineOf(id)?.id ?? null,
          distance,
          failing: failing.get(id) ?? [],
          due: table === undefined ? null : dueAt(table),
        }
      }
      const [upstream, downstream] = [graph.upstream(node), graph.downstream(node)]
      return {
        ...step({ node, distance: 0 }),
        names: graph.names(node),
        // The failing node that is furthest up is where it began, as far as lineage tells.
        cause: upstream.findLast((one) => failing.has(one.node))?.node ?? (failing.has(node) ? node : null),
        upstream: upstream.slice(0, NODES_MOST).map(step),
        downstream: downstream.slice(0, NODES_MOST).map(step),
        omitted: Math.max(0, upstream.length - NODES_MOST) + Math.max(0, downstream.length - NODES_MOST),
        schemaChanges: (known.facts('table', { id: node })[0]?.schemaChanges ?? []).map((change) => ({
          ...change,
          readers: downstream
            .filter((one) => one.distance === 1)
            .map((one) => nodeNamed(one.node, known).name),
        })),
      }
    }
  }

const bad = (reply: FastifyReply, error: string, status = 400) =>
  reply.code(status).send({ status: 'error', error })

const readTime = (text: string): Timestamp | null => {
  const ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  return Number.isFinite(ms) ? timestamp(ms) : null
}

function withRuns(pipeline: PipelineFact, known: FactReader) {
  const [tally] = known.facts('run-tally', { id: pipeline.id })
  const [last] = known.facts('run', { pipelineId: pipeline.id, limit: 1 })
  return {
    ...pipeline,
    job: jobId(pipeline.namespace, pipeline.name),
    runs: tally?.runs ?? {},
    active: tally?.active ?? {},
    lastDuration: tally?.last?.duration ?? null,
    lastSuccess: tally?.lastEnd.success ?? null,
    lastRun: last === undefined ? null : withoutInstances(last),
  }
}

/** Node → names of the alerts that fire about it. */
function failingNodes(known: FactReader, graph: Lineage): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { alert } of known.facts('alert')) {
    const node = alert.endsAt === null ? nodeOfLabels(alert.labels, known) : undefined
    if (node === undefined) continue
    const id = graph.canonical(node)
    found.set(id, [...(found.get(id) ?? []), alert.labels['alertname'] ?? 'alert'])
  }
  return found
}
