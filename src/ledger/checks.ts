// Results of data-quality checks → each check as it stands, and counters per dataset; each result counted once. Pure.
import type { Fact } from '../model/facts.ts'
import type { CheckFact, CheckReport, CheckTally } from '../model/run-facts.ts'
import type { FactReader } from '../model/store.ts'
import { draft } from './draft.ts'

/** Results of a check that are remembered: what is older than all of them was counted before. */
const RECENT_KEPT = 20
/** Different type, severity and result combinations of one dataset. */
const COUNTS_KEPT = 200
/** Checks of one source; what comes beyond is counted for its dataset and not kept by itself. */
const CHECKS_PER_SOURCE = 100_000

export function settleChecks(facts: readonly Fact[], known: FactReader): Fact[] {
  const checks = draft('check', known)
  const tallies = draft('check-tally', known)
  const room = new Map<string, number>()
  for (const report of facts) {
    if (report.kind !== 'check-report') continue
    const before = checks.get(report.id)
    const after = applyResult(before, report)
    if (after === before) continue
    if (before !== undefined || take(room, report.source, known)) checks.set(after)
    const id = `${report.source}/${report.datasetId}`
    tallies.set(count(tallies.get(id) ?? emptyTally(id, report), report))
  }
  return [...checks.changed(), ...tallies.changed()]
}

function take(room: Map<string, number>, source: string, known: FactReader): boolean {
  const left = room.get(source) ?? CHECKS_PER_SOURCE - known.facts('check', { source }).length
  room.set(source, left - 1)
  return left > 0
}

/** The same check back when this result is known already, or too old to tell. */
export function applyResult(before: CheckFact | undefined, report: CheckReport): CheckFact {
  const outcome = { at: report.at, result: report.result }
  const fresh: CheckFact = { ...report, kind: 'check', recent: [outcome] }
  if (before === undefined) return fresh
  const { recent } = before
  if (recent.some(({ at }) => at === report.at)) return before
  if (recent.length === RECENT_KEPT && report.at < recent.at(-1)!.at) return before
  const kept = [...recent, outcome].toSorted((a, b) => b.at - a.at).slice(0, RECENT_KEPT)
  return report.at > before.at ? { ...fresh, recent: kept } : { ...before, recent: kept }
}

const emptyTally = (id: string, { source, datasetId, dataset }: CheckReport): CheckTally => ({
  kind: 'check-tally',
  id,
  source,
  datasetId,
  dataset,
  counts: {},
})

function count(tally: CheckTally, { type, severity, result }: CheckReport): CheckTally {
  const wanted = `${type}|${severity}|${result}`
  const full = tally.counts[wanted] === undefined && Object.keys(tally.counts).length >= COUNTS_KEPT
  const key = full ? `(other)|${severity}|${result}` : wanted
  return { ...tally, counts: { ...tally.counts, [key]: (tally.counts[key] ?? 0) + 1 } }
}
