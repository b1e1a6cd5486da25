// Who writes a dataset, and what a pipeline reads and writes: one step of the graph, with the times it was told of.
import type { Known } from '../model/known.ts'
import { type EdgeFact, type PipelineFact, jobId } from '../model/run-facts.ts'
import type { FactReader } from '../model/store.ts'
import type { Timestamp } from '../model/units.ts'
import type { Lineage } from './graph.ts'

export interface Neighbour {
  readonly dataset: string
  readonly job: string
  /** The pipeline whose job it is, or of which the job is a part; null where no source tells of one. */
  readonly pipeline: Known<PipelineFact>
  /** To the hour; null where it was known before that was kept. */
  readonly firstSeen: Known<Timestamp>
  readonly lastSeen: Timestamp
}

/** Jobs that write a dataset under any of its names, the one seen last first. */
export function writersOf(dataset: string, known: FactReader, lineage: Lineage): readonly Neighbour[] {
  const node = lineage.canonical(dataset)
  const pipelineOf = pipelinesByJob(known)
  return known
    .facts('edge')
    .filter(({ type, to }) => type === 'writes' && lineage.canonical(to) === node)
    .map((edge) => neighbour(edge, node, edge.from, pipelineOf(edge.from)))
    .toSorted((a, b) => b.lastSeen - a.lastSeen || (a.job < b.job ? -1 : 1))
}

/** Datasets that a pipeline and its parts read or write. */
export function datasetsOf(
  pipeline: PipelineFact,
  type: 'reads' | 'writes',
  known: FactReader,
  lineage: Lineage,
): readonly Neighbour[] {
  const whole = jobId(pipeline.namespace, pipeline.name)
  const edges = known.facts('edge')
  const parts = new Set(
    edges.flatMap(({ type: kind, from, to }) => (kind === 'part-of' && to === whole ? from : [])),
  )
  const isOwn = (job: string): boolean => job === whole || parts.has(job)
  return edges.flatMap((edge) => {
    if (edge.type !== type) return []
    const [job, dataset] = type === 'reads' ? [edge.to, edge.from] : [edge.from, edge.to]
    return isOwn(job) ? [neighbour(edge, lineage.canonical(dataset), job, pipeline)] : []
  })
}

const neighbour = (
  { firstSeen, lastSeen }: EdgeFact,
  dataset: string,
  job: string,
  pipeline: Known<PipelineFact>,
): Neighbour => ({ dataset, job, pipeline, firstSeen: firstSeen ?? null, lastSeen })

/** A job → its pipeline, or the one that it is a part of. */
export function pipelinesByJob(known: FactReader): (job: string) => Known<PipelineFact> {
  const own = new Map(
    known
      .facts('pipeline')
      .filter(({ vanished }) => vanished === null)
      .map((pipeline) => [jobId(pipeline.namespace, pipeline.name), pipeline]),
  )
  const wholes = new Map(
    known.facts('edge').flatMap(({ type, from, to }) => (type === 'part-of' ? [[from, to] as const] : [])),
  )
  return (job) => own.get(job) ?? own.get(wholes.get(job) ?? '') ?? null
}
