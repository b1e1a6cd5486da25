// Alerts that one upstream fault explains share an incident: one page that names the cause, not one for each symptom.
import { createHash } from 'node:crypto'
import { MINUTE, type Timestamp, millis } from '../model/units.ts'
import type { Lineage } from './graph.ts'

/** Where lineage says nothing: what begins within this time of an incident is taken for a part of it. */
const GUESS_WITHIN = millis(15 * MINUTE)

/** A firing alert, without its incident. */
export interface Suspect {
  /** Its identity without the incident: a fingerprint. */
  readonly key: string
  /** The node it is about; undefined where it is about none. */
  readonly node: string | undefined
  readonly startsAt: Timestamp
}

export interface Incident {
  readonly id: string
  /** The first failing node upstream, as far as is known now; null where there is no node. */
  readonly cause: string | null
  /** Put together by time alone. */
  readonly guess: boolean
}

/**
 * The incident of each alert, by its key. An alert keeps the incident it had (`remembered`): its label is part of its
 * identity, and changing it would page twice. A cause that shows up later than its symptoms joins their incident.
 */
export function incidentsOf(
  suspects: readonly Suspect[],
  lineage: Lineage,
  remembered: ReadonlyMap<string, string>,
): Map<string, Incident> {
  const inTime = suspects.toSorted((a, b) => a.startsAt - b.startsAt || (a.key < b.key ? -1 : 1))
  const placed = inTime.filter((one) => one.node !== undefined && lineage.has(one.node))
  const causes = causesOf(placed, lineage)
  const groups = new Map<string, Suspect[]>()
  for (const suspect of placed) {
    const cause = causes.get(lineage.canonical(suspect.node!))!
    const group = groups.get(cause)
    if (group) group.push(suspect)
    else groups.set(cause, [suspect])
  }
  const incidents = new Map<string, Incident>()
  const begun: Array<{ readonly at: Timestamp; readonly id: string; readonly cause: string | null }> = []
  for (const [cause, group] of groups) {
    const id = rememberedId(group, remembered) ?? newId(cause, group[0]!.startsAt)
    begun.push({ at: group[0]!.startsAt, id, cause })
    for (const { key } of group) incidents.set(key, { id: remembered.get(key) ?? id, cause, guess: false })
  }
  for (const suspect of inTime) {
    if (incidents.has(suspect.key)) continue
    const { key, node, startsAt } = suspect
    const near = begun
      .filter(({ at }) => Math.abs(startsAt - at) <= GUESS_WITHIN)
      .toSorted((a, b) => Math.abs(startsAt - a.at) - Math.abs(startsAt - b.at))[0]
    const cause = near?.cause ?? (node === undefined ? null : lineage.canonical(node))
    const id = remembered.get(key) ?? near?.id ?? newId(node ?? key, startsAt)
    incidents.set(key, { id, cause, guess: near !== undefined })
    if (near === undefined) begun.push({ at: startsAt, id, cause })
  }
  return incidents
}

/** Each failing node → the failing node that explains it: itself where nothing upstream of it fails. */
function causesOf(placed: readonly Suspect[], lineage: Lineage): Map<string, string> {
  const since = new Map<string, Timestamp>()
  for (const { node, startsAt } of placed) {
    const name = lineage.canonical(node!)
    since.set(name, Math.min(since.get(name) ?? Infinity, startsAt) as Timestamp)
  }
  const failingAbove = new Map(
    [...since.keys()].map((node) => [node, lineage.upstream(node).filter((step) => since.has(step.node))]),
  )
  const above = (node: string, other: string): boolean =>
    failingAbove.get(node)!.some((step) => step.node === other)
  // In a cycle each is upstream of the other: what began first is the cause of the rest.
  const explains = (other: string, node: string): boolean => !above(other, node) || before(other, node, since)
  const isRoot = (node: string): boolean =>
    failingAbove.get(node)!.every((step) => !explains(step.node, node))
  const roots = new Set([...since.keys()].filter(isRoot))
  return new Map(
    [...failingAbove].map(([node, steps]) => {
      if (roots.has(node)) return [node, node]
      const found = steps.filter((step) => roots.has(step.node))
      const nearest = found.filter((step) => step.distance === found[0]?.distance)
      const cause = nearest.toSorted((a, b) => (before(a.node, b.node, since) ? -1 : 1))[0]
      return [node, cause?.node ?? node]
    }),
  )
}

function before(a: string, b: string, since: ReadonlyMap<string, Timestamp>): boolean {
  const [first, second] = [since.get(a)!, since.get(b)!]
  return first < second || (first === second && a < b)
}

const rememberedId = (
  group: readonly Suspect[],
  remembered: ReadonlyMap<string, string>,
): string | undefined => group.map(({ key }) => remembered.get(key)).find((id) => id !== undefined)

const newId = (cause: string, at: Timestamp): string =>
  createHash('sha256').update(`${cause}\n${at}`).digest('hex').slice(0, 12)
