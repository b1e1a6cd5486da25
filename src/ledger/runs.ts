// Reports about runs and tasks → runs, pipelines and tallies, to be recorded in one transaction. Pure.
import type { Fact } from '../model/facts.ts'
import {
  type PipelineFact,
  type PipelineInventory,
  type RunFact,
  type RunReport,
  type TaskReport,
  pipelineKey,
  runKey,
} from '../model/run-facts.ts'
import type { FactReader } from '../model/store.ts'
import { DAY, type Timestamp, millis } from '../model/units.ts'
import { type Draft, draft } from './draft.ts'
import { greater } from './known.ts'
import { LOST, applyReport } from './run-merge.ts'
import { OTHER, countRun, countTask, emptyTally } from './run-tally.ts'
import { applyTasks } from './run-tasks.ts'

/** Pipelines of one source; what comes beyond is kept together under one name. */
const PIPELINES_PER_SOURCE = 5_000
const OWNERS_KEPT = 10
const TAGS_KEPT = 20
/** A run that nobody ended is given up after this long. */
const LOST_AFTER = millis(30 * DAY)

interface Books {
  readonly known: FactReader
  readonly runs: Draft<'run'>
  readonly tallies: Draft<'run-tally'>
  readonly pipelines: Draft<'pipeline'>
}

export function settleRuns(facts: readonly Fact[], known: FactReader): Fact[] {
  const books: Books = {
    known,
    runs: draft('run', known),
    tallies: draft('run-tally', known),
    pipelines: draft('pipeline', known),
  }
  const tasks = new Map<string, TaskReport[]>()
  for (const fact of facts) {
    if (fact.kind === 'pipeline') books.pipelines.set(fact)
    else if (fact.kind === 'pipeline-inventory') vanish(fact, books)
    else if (fact.kind === 'run-report') settleRun(within(fact, books), books)
    else if (fact.kind === 'task-report') {
      const report = within(fact, books)
      const key = runKey(report.source, report.pipeline, report.runId)
      const ofRun = tasks.get(key)
      if (ofRun) ofRun.push(report)
      else tasks.set(key, [report])
    }
  }
  for (const [key, reports] of tasks) settleTasks(key, reports, books)
  return [...books.pipelines.changed(), ...books.runs.changed(), ...books.tallies.changed()]
}

/** Runs that nobody ended for so long that nobody will: lost, which is neither success nor failure. */
export function giveUp(known: FactReader, now: Timestamp): RunReport[] {
  return known.facts('run-tally').flatMap((tally) =>
    Object.entries(tally.oldest)
      .filter(([, start]) => now - start > LOST_AFTER)
      .flatMap(([runId]) => known.facts('run', { id: runKey(tally.source, tally.pipeline, runId) }))
      .flatMap((run): RunReport[] => {
        const [pipeline] = known.facts('pipeline', { id: run.pipelineId })
        if (pipeline === undefined || pipeline.endless) return []
        return [
          {
            ...run,
            kind: 'run-report',
            told: 'snapshot',
            asOf: now,
            state: 'unknown',
            sourceState: LOST,
            endedAt: now,
            error: run.error ?? 'its end was never reported',
            of: pipeline,
          },
        ]
      }),
  )
}

/** The report itself, or under the name that gathers what is beyond the limit. */
function within<R extends RunReport | TaskReport>(report: R, { known, pipelines }: Books): R {
  const id = pipelineKey(report.source, report.pipeline)
  if (pipelines.get(id) !== undefined) return report
  const there = known.facts('pipeline', { source: report.source }).length
  const added = pipelines.changed().filter((pipeline) => pipeline.source === report.source).length
  if (there + added < PIPELINES_PER_SOURCE) return report
  return { ...report, pipeline: OTHER, id: runKey(report.source, OTHER, report.runId) }
}

function settleRun(report: RunReport, books: Books): void {
  const before = books.runs.get(report.id)
  const after = applyReport(before, report)
  books.runs.set(after)
  const pipeline = pipelineAfter(report, books)
  const tally = books.tallies.get(after.pipelineId) ?? emptyTally(after)
  books.tallies.set(countRun(tally, before, after, isUsual(after, pipeline)))
}

/** A backfill says nothing about how long runs take, nor does a manual run of something that has a schedule. */
const isUsual = (run: RunFact, pipeline: PipelineFact): boolean =>
  run.trigger !== 'backfill' && !(run.trigger === 'manual' && pipeline.schedule !== null)

function settleTasks(key: string, reports: readonly TaskReport[], books: Books): void {
  const run = books.runs.get(key) ?? stub(reports)
  const { tasks, changes } = applyTasks(run, reports)
  books.runs.set({ ...run, ...tasks })
  for (const report of reports) pipelineAfter(report, books)
  const tally = books.tallies.get(run.pipelineId) ?? emptyTally(run)
  books.tallies.set(changes.reduce(countTask, tally))
}

/** A run that only its tasks have told of. */
function stub(reports: readonly TaskReport[]): RunFact {
  const { source, pipeline, runId } = reports[0]!
  const times = reports.map((report) => report.startedAt ?? report.asOf)
  const nothing = { processed: null, failed: null, bytes: null, error: null, url: null }
  return {
    kind: 'run',
    id: runKey(source, pipeline, runId),
    source,
    pipeline,
    pipelineId: pipelineKey(source, pipeline),
    runId,
    at: Math.min(...times) as Timestamp,
    asOf: Math.max(...reports.map((report) => report.asOf)) as Timestamp,
    state: 'unknown',
    sourceState: '',
    attempt: 1,
    pastAttempts: [],
    trigger: null,
    scheduledFor: null,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    ...nothing,
    labels: {},
    parentRun: null,
    tasks: [],
    tasksOmitted: 0,
    reported: false,
  }
}

/** A pipeline that a listing described stays as it is; others are what their runs say, put together. */
function pipelineAfter({ source, pipeline, of }: RunReport | TaskReport, { pipelines }: Books): PipelineFact {
  const id = pipelineKey(source, pipeline)
  const before = pipelines.get(id)
  if (before?.from === 'listing' && before.vanished === null) return before
  const after: PipelineFact = {
    kind: 'pipeline',
    id,
    source,
    pipeline,
    namespace: of.namespace,
    name: pipeline === OTHER ? OTHER : of.name,
    // Tasks told by other systems do not rename what runs them.
    system: greater(before?.system ?? '', of.system)!,
    from: 'runs',
    schedule: before?.schedule ?? null,
    nextRun: null,
    paused: null,
    owners: together(before?.owners, of.owners, OWNERS_KEPT),
    tags: together(before?.tags, of.tags, TAGS_KEPT),
    endless: of.endless || (before?.endless ?? false),
    url: null,
    vanished: null,
  }
  if (before === undefined || !sameShape(before, after)) pipelines.set(after)
  return after
}

function together(a: readonly string[] | undefined, b: readonly string[], most: number): readonly string[] {
  if (a !== undefined && b.every((one) => a.includes(one))) return a
  return [...new Set([...(a ?? []), ...b])].toSorted().slice(0, most)
}

const sameShape = (a: PipelineFact, b: PipelineFact): boolean =>
  a.owners === b.owners &&
  a.tags === b.tags &&
  a.endless === b.endless &&
  a.from === b.from &&
  a.vanished === b.vanished &&
  a.system === b.system &&
  a.namespace === b.namespace &&
  a.name === b.name

/** What a complete listing leaves out is gone; what is known by its runs only was never listed. */
function vanish(inventory: PipelineInventory, { known, pipelines }: Books): void {
  const present = new Set(inventory.pipelineIds)
  for (const { id } of known.facts('pipeline', { source: inventory.source })) {
    const pipeline = pipelines.get(id)!
    if (pipeline.from === 'listing' && pipeline.vanished === null && !present.has(id)) {
      pipelines.set({ ...pipeline, vanished: inventory.at })
    }
  }
}
