// A cluster that only scans tables and keeps little of them, or Athena, which bills what is scanned (cost.md §4.5).
import type { Advice, MeterLine } from '../../model/advice.ts'
import type { ApplicationFact } from '../../model/application-facts.ts'
import { GIB, MIB } from '../../model/units.ts'
import { type Findings, NOTHING } from '../advisor.ts'
import { finish, total } from '../draft.ts'
import { meterLine } from '../prices.ts'
import { executorLines } from './billing.ts'
import { type JobView, about, found, hasRoom, mean, need } from './job-view.ts'
import { LEAST_SAVING } from './serverless-cost.ts'

/** What is kept of a scan: a report, not a table. */
const MOST_KEPT = 0.01
const MOST_OUTPUT = GIB
/** Each query is billed as this much at least, and in whole megabytes. */
const FLOOR = 10 * MIB
/** The dearer reading of a price by the TB. */
const TB = 1e12

export function athena(job: JobView): Findings {
  const { newest, executions } = job
  if (newest.platform !== 'emr' || newest.streaming || newest.gpu || !hasRoom(job)) return NOTHING
  // What it scanned is not known, or it makes tables: nothing can be said.
  if (!executions.every(isScan)) return NOTHING
  const before = executorLines(job, job.executorHours)
  const after = scanned(job, ({ jobs }) => Math.max(1, jobs))
  const atBest = scanned(job, () => 1)
  if (before === null || after === null || atBest === null)
    return need(
      job,
      `the \`instance_type\` of its cluster and the price of Athena in ${job.prices.region}: it only scans, and Athena bills what is scanned`,
    )
  if (total(after) > total(before) * (1 - LEAST_SAVING)) return NOTHING
  return { advice: [query(job, before, after, atBest)], needs: [] }
}

const isScan = ({ volume: { input, output } }: ApplicationFact): boolean =>
  input !== null &&
  input > 0 &&
  output !== null &&
  output <= Math.min(MOST_OUTPUT, Math.max(MIB, input * MOST_KEPT))

/** Bytes that Athena bills for `queries` queries which scan `input` bytes together. */
const billedBytes = (input: number, queries: number): number =>
  queries * Math.max(FLOOR, Math.ceil(input / queries / MIB) * MIB)

/** A month of it. */
function scanned(
  { prices, application, executions, executionsAMonth }: JobView,
  queriesOf: (execution: ApplicationFact) => number,
): readonly MeterLine[] | null {
  const each = mean(executions.map((one) => billedBytes(one.volume.input ?? 0, queriesOf(one))))
  const line = meterLine(prices, application, 'athena.scanned', (each * executionsAMonth) / TB)
  return line === null ? null : [line]
}

function query(
  job: JobView,
  before: readonly MeterLine[],
  after: readonly MeterLine[],
  atBest: readonly MeterLine[],
): Advice {
  const bytes = mean(job.executions.map(({ volume }) => volume.input ?? 0))
  const best = (total(before) - total(atBest)) / (total(before) - total(after))
  return finish(
    {
      ...about(job),
      topic: 'athena',
      shape: 'athena',
      stage: 'purchase',
      alternatives: `executors:${job.pipelineId}`,
      title: `Ask Athena instead of running ${job.application} on a cluster`,
      why: `It scans ${(bytes / GIB).toFixed(1)} GiB and keeps hardly anything of it. Athena bills what is scanned, at least 10 MB a query; the cluster is paid for by the hour.`,
      evidence: [
        found(job, 'bytes read', bytes, 'bytes', 'mean'),
        found(
          job,
          'bytes written',
          mean(job.executions.map(({ volume }) => volume.output ?? 0)),
          'bytes',
          'mean',
        ),
      ],
      inputsMissing: [
        'whether all of it is SQL: its code decides',
        'how many queries it is: at worst one for each of its jobs, which is what is counted here',
      ],
      cost: { before, after, oneOff: [], spread: { low: 0.5, high: Math.max(1, best) * 1.1 } },
      effects: ['no cluster to start, and none to keep'],
      risk: {
        performance: 2,
        dataLoss: 'none',
        blastRadius: `executions of ${job.application}`,
        reasons: [
          'functions of its own and libraries do not come along',
          'Athena ends a query after 30 minutes unless its quota is raised',
        ],
      },
      confidence: 0.3,
      effort: 'high',
      restartNeeded: true,
      change: {
        format: 'aws-cli',
        before: null,
        after: `aws athena start-query-execution --work-group <workgroup> --query-string '<its SQL>'`,
        applyCommand: null,
        otherForms: [],
        preconditions: ['all of it is SQL that Athena knows', 'its tables are in the Glue catalog'],
        verifySteps: [
          'the query scans about what is told here (Statistics.DataScannedInBytes of get-query-execution)',
        ],
        rollback: 'submit it to the cluster again',
      },
    },
    job.prices,
    job.now,
  )
}
