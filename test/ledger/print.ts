// What a ledger holds as text that people can review: golden files of collectors are made of it.
import type { CheckFact, RunFact } from '../../src/model/run-facts.ts'
import { printDuration, type Timestamp, millis } from '../../src/model/units.ts'
import type { Memory } from './memory.ts'

const time = (at: Timestamp | null): string => (at === null ? '-' : new Date(at).toISOString())
const length = (from: Timestamp | null, to: Timestamp | null): string =>
  from === null || to === null ? '-' : printDuration(millis(Math.round(to - from)))
const oneLine = (text: string | null): string =>
  text === null ? '' : `  "${text.replaceAll(/\s+/g, ' ').slice(0, 120)}"`

export function printLedger(known: Memory): string {
  const runs = known.facts('run').toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
  const sections = [
    ...known
      .facts('pipeline')
      .map((pipeline) => {
        const { pipeline: name, system, schedule, owners, tags, paused, vanished, namespace } = pipeline
        const about = {
          system,
          namespace,
          name: pipeline.name,
          schedule,
          nextRun: time(pipeline.nextRun),
          paused,
          owners,
          tags,
        }
        return `pipeline ${name}${vanished === null ? '' : ' (vanished)'} ${JSON.stringify(about)}`
      })
      .toSorted(),
    '',
    ...runs.flatMap(printRun),
    '',
    ...known
      .facts('run-tally')
      .map((tally) => {
        const tasks = Object.entries(tally.tasks).map(
          ([name, task]) => `${name} ${JSON.stringify(task.attempts)} retries ${task.retries}`,
        )
        return `tally ${tally.pipeline} ${JSON.stringify(tally.runs)} active ${JSON.stringify(tally.active)}${tasks.map((task) => `\n  ${task}`).join('')}`
      })
      .toSorted(),
    '',
    ...known.facts('check').map(printCheck).toSorted(),
    '',
    ...known
      .facts('edge')
      .map((edge) => `${edge.type} ${edge.id}`)
      .toSorted(),
    ...known
      .facts('alias')
      .map((alias) => `alias ${alias.id}`)
      .toSorted(),
    ...known.facts('problem').map((problem) => `problem ${problem.id} ${problem.reason}: ${problem.message}`),
  ]
  return `${sections.join('\n')}\n`
}

function printRun(run: RunFact): string[] {
  const { pipeline, runId, state, sourceState, attempt, trigger } = run
  return [
    `run ${pipeline} ${runId}: ${state} (${sourceState}) attempt ${attempt} ${trigger ?? '-'} ${time(run.startedAt)} ${length(run.startedAt, run.endedAt)}${oneLine(run.error)}`,
    ...run.pastAttempts.map(
      (past) => `  before: attempt ${past.attempt} ${past.state} ${length(past.startedAt, past.endedAt)}`,
    ),
    ...run.tasks.map((task) => {
      const instances = Object.keys(task.instances).length
      const moved = task.processed === null ? '' : ` rows ${task.processed}`
      return `  ${task.name} [${task.type ?? '-'}]: ${task.state} ×${instances} ${Object.values(task.instances).slice(0, 3).join(', ')} ${length(task.startedAt, task.endedAt)}${moved}${oneLine(task.error)}`
    }),
  ]
}

const printCheck = (check: CheckFact): string =>
  `check ${check.dataset} ${check.check} [${check.type}${check.column === null ? '' : ` ${check.column}`}, ${check.severity}]: ${check.result}` +
  ` failing ${check.failing ?? '-'} observed ${check.observed ?? '-'} expected ${check.expected ?? '-'}${oneLine(check.message)}`
