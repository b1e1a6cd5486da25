// Runs: the newest of every pipeline, newest first.
import { type Run, runs } from '../answers.ts'
import { runHealth, tookUntil } from '../run-health.ts'
import type { ListScreen } from '../screen.ts'
import { age, count, length, moment } from '../words.ts'

export const runsScreen: ListScreen<Run> = {
  kind: 'list',
  name: 'runs',
  about: 'the newest runs of all pipelines',
  tab: true,
  title: () => 'Runs',
  feeds: () => [runs],
  empty: 'No run is known: Airflow, Prefect, dbt, OpenLineage and push sources tell of them.',
  rows: ({ get }) => get(runs)?.toSorted((a, b) => b.at - a.at),
  id: ({ id }) => id,
  copied: ({ runId }) => runId,
  health: runHealth,
  ways: ({ id, pipelineId }) => ({
    enter: { screen: 'run', subject: id },
    upstream: { screen: 'pipeline', subject: pipelineId },
    changes: { screen: 'changes', subject: pipelineId },
  }),
  columns: [
    { name: 'PIPELINE', rank: 0, max: 40, text: ({ pipeline }) => pipeline },
    {
      name: 'STARTED',
      rank: 0,
      align: 'right',
      text: ({ at }, { now }) => age(at, now),
      key: ({ at }) => at,
    },
    {
      name: 'TOOK',
      rank: 0,
      align: 'right',
      text: (run, { now }) => length(tookUntil(run, now)),
      key: ({ startedAt, endedAt }) => (startedAt === null || endedAt === null ? null : endedAt - startedAt),
    },
    {
      name: 'TASKS',
      rank: 2,
      align: 'right',
      text: ({ tasks }) => count(tasks.length),
      key: ({ tasks }) => tasks.length,
    },
    {
      name: 'TRY',
      rank: 3,
      align: 'right',
      text: ({ attempt }) => String(attempt),
      key: ({ attempt }) => attempt,
    },
    {
      name: 'RECORDS',
      rank: 3,
      align: 'right',
      text: ({ processed }) => count(processed),
      key: ({ processed }) => processed,
    },
    {
      name: 'FAILED',
      rank: 4,
      align: 'right',
      text: ({ failed }) => count(failed),
      key: ({ failed }) => failed,
    },
    { name: 'BY', rank: 5, text: ({ trigger }) => trigger ?? '' },
    { name: 'AT', rank: 5, text: ({ at }) => moment(at), key: ({ at }) => at },
    { name: 'SOURCE', rank: 6, max: 20, text: ({ source }) => source },
    { name: 'SAYS', rank: 2, max: 100, text: ({ error }) => error ?? '' },
    { name: 'RUN', rank: 7, max: 48, text: ({ runId }) => runId },
  ],
}
