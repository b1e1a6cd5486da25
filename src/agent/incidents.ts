// Firing alerts get the incident they belong to: a label to group by, and in words what causes it and what it delays.
import {
  type Lineage,
  type Suspect,
  incidentsOf,
  lineageOf,
  nodeNamed,
  nodeOfLabels,
} from '../lineage/lineage.ts'
import type { Alert } from '../model/alert.ts'
import type { Labels } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'

/** Tables named in an annotation. */
const NAMED = 5

export const INCIDENT = 'incident'

export function withoutIncident(labels: Labels): Labels {
  const { [INCIDENT]: _, ...own } = labels
  return own
}

/** What to do with the alerts of one evaluation before they are told: the others that fire come from what is known. */
export function incidentLabels(known: FactReader): (alerts: readonly Alert[]) => Alert[] {
  const lineage = lineageOf(known)
  return (alerts) => {
    const others = known.facts('alert').map((fact) => fact.alert)
    const remembered = new Map(
      others.flatMap(({ labels }) => {
        const id = labels[INCIDENT]
        return id === undefined ? [] : [[keyOf(withoutIncident(labels)), id] as const]
      }),
    )
    const firing = new Map<string, Suspect>()
    for (const { labels, startsAt, endsAt } of [...others, ...alerts]) {
      const own = withoutIncident(labels)
      const key = keyOf(own)
      if (endsAt === null) firing.set(key, { key, node: nodeOfLabels(own, known), startsAt })
      else firing.delete(key)
    }
    const graph = lineage()
    const incidents = incidentsOf([...firing.values()], graph, remembered)
    return alerts.map((alert) => {
      const key = keyOf(alert.labels)
      const incident = incidents.get(key)
      const id = incident?.id ?? remembered.get(key)
      if (id === undefined) return alert
      const node = firing.get(key)?.node
      return {
        ...alert,
        labels: { ...alert.labels, [INCIDENT]: id },
        annotations: {
          ...alert.annotations,
          ...(incident === undefined ? {} : inWords(incident, node, graph, known)),
        },
      }
    })
  }
}

const keyOf = (labels: Labels): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function inWords(
  { cause, guess }: { readonly cause: string | null; readonly guess: boolean },
  node: string | undefined,
  graph: Lineage,
  known: FactReader,
): Record<string, string> {
  const words: Record<string, string> = {}
  const isCause = node !== undefined && cause === graph.canonical(node)
  if (cause !== null && !isCause) {
    words['cause'] = `${nodeNamed(cause, known).name}${guess ? ' (a guess: it began at the same time)' : ''}`
  }
  const downstream = node === undefined ? [] : graph.downstream(node)
  const tables = downstream.flatMap((step) => known.facts('table', { id: step.node })[0]?.table ?? [])
  if (tables.length > 0) {
    const more = tables.length > NAMED ? ` and ${tables.length - NAMED} more` : ''
    words['delays'] = `${tables.slice(0, NAMED).join(', ')}${more}`
  }
  return words
}
