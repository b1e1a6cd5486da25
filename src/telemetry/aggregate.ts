// One series for all tables of a source, all pipelines, all tasks: for a Prometheus that shall not keep each of them.
import type { Labels, MetricInfo } from '../model/series.ts'
import type { Current } from './metric-data.ts'

/** Names of single things; every other label is one of a few words. */
const SUBJECTS: ReadonlySet<string> = new Set([
  'table',
  'pipeline',
  'task',
  'application',
  'bucket',
  'resource',
])

export interface Aggregate {
  add(one: Current): void
  result(): Current[]
}

/**
 * Counts and bytes are added; of times the oldest counts, of lengths of time the longest, of `up` whether all are.
 * What has no meaning for many (ratios, percentiles of use, `_info`) is left out; what is of no single thing stays as it is.
 */
export function createAggregate(info: MetricInfo): Aggregate {
  const fold = foldOf(info)
  const groups = new Map<string, { labels: Labels; value: number; at: number }>()
  return {
    add({ labels, value, at }) {
      let key = ''
      let isOfOne = false
      for (const label in labels) {
        if (SUBJECTS.has(label)) isOfOne = true
        else key += `${label}\u0000${labels[label]}\u0000`
      }
      if (isOfOne && fold === null) return
      const group = groups.get(key)
      if (group === undefined) groups.set(key, { labels: withoutSubjects(labels), value, at })
      else {
        group.value = (fold ?? added)(group.value, value)
        group.at = Math.max(group.at, at)
      }
    },
    result: () => [...groups.values()],
  }
}

const withoutSubjects = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([label]) => !SUBJECTS.has(label)))

const added = (a: number, b: number): number => a + b

function foldOf({ name, type, unit }: MetricInfo): ((a: number, b: number) => number) | null {
  if (type !== 'gauge') return added
  if (name.endsWith('_info') || unit === 'ratio' || name.endsWith('_ratio')) return null
  // Each in a unit of its own, percentiles among them: no sum of these is anything.
  if (name.endsWith('_usage_value')) return null
  if (name.endsWith('_timestamp_seconds') || name.endsWith('_up')) return Math.min
  return unit === 'seconds' ? Math.max : added
}
