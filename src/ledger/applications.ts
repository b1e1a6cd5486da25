// Executions of applications → what they add up to, each once, however often its log is read. Pure.
import type { ApplicationFact, ApplicationTally } from '../model/application-facts.ts'
import type { Fact } from '../model/facts.ts'
import type { FactReader } from '../model/store.ts'
import { DAY, bytes, millis } from '../model/units.ts'
import { type Draft, draft } from './draft.ts'
import { OTHER } from './run-tally.ts'

/** Applications of one source with figures of their own; what comes beyond is counted together. */
const APPLICATIONS_PER_SOURCE = 500
/** An execution that is new to us and this much older than the newest may have been counted before it was forgotten. */
const COUNTED_WITHIN = 30 * DAY

export function settleApplications(facts: readonly Fact[], known: FactReader): Fact[] {
  const executions = draft('application', known)
  const tallies = draft('application-tally', known)
  for (const fact of facts) {
    if (fact.kind !== 'application') continue
    const before = executions.get(fact.id)
    executions.set(fact)
    const tally = tallyOf(fact, tallies, known)
    if (before === undefined && fact.at < tally.last.at - COUNTED_WITHIN) continue
    tallies.set(count(tally, before, fact))
  }
  return [...executions.changed(), ...tallies.changed()]
}

/** What its application came to so far; beyond the limit, what all the others did. */
function tallyOf(
  fact: ApplicationFact,
  tallies: Draft<'application-tally'>,
  known: FactReader,
): ApplicationTally {
  const { source, pipelineId } = fact
  const mine = tallies.get(pipelineId)
  if (mine !== undefined) return mine
  const there = known.facts('application-tally', { source }).map(({ id }) => id)
  const added = tallies.changed().filter((tally) => tally.source === source)
  const full = new Set([...there, ...added.map(({ id }) => id)]).size >= APPLICATIONS_PER_SOURCE
  const application = full ? OTHER : fact.application
  const id = full ? `${source}/${OTHER}` : pipelineId
  return (
    tallies.get(id) ?? {
      kind: 'application-tally',
      id,
      source,
      application,
      executions: 0,
      coreTime: millis(0),
      taskTime: millis(0),
      tasks: 0,
      tasksFailed: 0,
      diskSpilled: bytes(0),
      last: lastOf(fact),
    }
  )
}

/** A log that is read again as it grows adds what it told since. */
function count(
  tally: ApplicationTally,
  before: ApplicationFact | undefined,
  after: ApplicationFact,
): ApplicationTally {
  const grown = (of: (fact: ApplicationFact) => number | null): number =>
    Math.max(0, (of(after) ?? 0) - (before === undefined ? 0 : (of(before) ?? 0)))
  return {
    ...tally,
    executions: tally.executions + (before === undefined ? 1 : 0),
    coreTime: millis(tally.coreTime + grown(({ executors }) => executors.coreTime)),
    taskTime: millis(tally.taskTime + grown(({ taskTime }) => taskTime)),
    tasks: tally.tasks + grown(({ tasks }) => tasks),
    tasksFailed: tally.tasksFailed + grown(({ tasksFailed }) => tasksFailed),
    diskSpilled: bytes(tally.diskSpilled + grown(({ volume }) => volume.diskSpilled)),
    last: after.at >= tally.last.at ? lastOf(after) : tally.last,
  }
}

const lastOf = (fact: ApplicationFact): ApplicationTally['last'] => ({
  id: fact.id,
  at: fact.at,
  wall: fact.wall,
  slotUtilisation: fact.slotUtilisation,
  cpuEfficiency: fact.cpuEfficiency,
  gcShare: fact.gcShare,
  spillShare: fact.spillShare,
  driverShare: fact.driverShare,
  coreTime: fact.executors.coreTime,
  peakCores: fact.executors.peakCores,
  memoryPeak: fact.executors.memoryPeak,
})
