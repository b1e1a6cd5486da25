// Labels of series and alerts ↔ nodes of the graph.
import { jobId, pipelineKey } from '../model/run-facts.ts'
import type { Labels } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import type { Lineage } from './graph.ts'

/** The node that an alert is about: its pipeline's job or its table; undefined where it is about neither. */
export function nodeOfLabels(labels: Labels, known: FactReader): string | undefined {
  const { source, pipeline, table } = labels as { source?: string; pipeline?: string; table?: string }
  if (pipeline !== undefined) {
    const [fact] =
      source === undefined
        ? known.facts('pipeline').filter((one) => one.pipeline === pipeline)
        : known.facts('pipeline', { id: pipelineKey(source, pipeline) })
    if (fact !== undefined) return jobId(fact.namespace, fact.name)
  }
  if (table === undefined) return undefined
  const tables = known.facts('table').filter((one) => one.table === table)
  // Checks carry the table's name and the source of the check.
  const found = tables.find((one) => one.source === source) ?? tables[0]
  return found?.id ?? known.facts('check').find((check) => check.dataset === table)?.datasetId
}

/** The nodes that people may mean by a word: an id, or the readable name of a table or pipeline. */
export function nodesNamed(word: string, lineage: Lineage, known: FactReader): string[] {
  if (lineage.has(word)) return [lineage.canonical(word)]
  const tables = known.facts('table').filter((one) => one.table === word || one.name === word)
  const pipelines = known.facts('pipeline').filter((one) => one.pipeline === word || one.name === word)
  const found = [...tables.map((one) => one.id), ...pipelines.map((one) => jobId(one.namespace, one.name))]
  return [...new Set(found.map((node) => lineage.canonical(node)))]
}

/** A node as people call it. */
export function nodeNamed(node: string, known: FactReader): { kind: 'job' | 'dataset'; name: string } {
  const [table] = known.facts('table', { id: node })
  if (table !== undefined) return { kind: 'dataset', name: table.table }
  if (!node.startsWith('job:')) return { kind: 'dataset', name: node }
  return { kind: 'job', name: node.slice('job:'.length) }
}
