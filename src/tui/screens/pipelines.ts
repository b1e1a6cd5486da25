// Pipelines: how the newest run went, how long it took, when the next one is due.
import { type Pipeline, pipelineDues, pipelines } from '../answers.ts'
import { pipelineDue, pipelineHealth, tookUntil } from '../run-health.ts'
import type { ListScreen } from '../screen.ts'
import { badness } from '../state.ts'
import { age, due, length } from '../words.ts'

export const pipelinesScreen: ListScreen<Pipeline> = {
  kind: 'list',
  name: 'pipelines',
  about: 'how the newest run of each pipeline went, and when the next is due',
  tab: true,
  title: () => 'Pipelines',
  feeds: () => [pipelines, pipelineDues],
  empty: 'No pipeline is known: Airflow, Prefect, dbt, OpenLineage and push sources tell of them.',
  rows({ get, now }) {
    return get(pipelines)
      ?.map((row) => ({ row, rank: badness(pipelineHealth(row, get, now).state) }))
      .toSorted((a, b) => a.rank - b.rank || (b.row.lastRun?.at ?? 0) - (a.row.lastRun?.at ?? 0))
      .map(({ row }) => row)
  },
  id: ({ id }) => id,
  copied: ({ pipeline }) => pipeline,
  health: (row, { get, now }) => pipelineHealth(row, get, now),
  ways: ({ id, job }) => ({
    enter: { screen: 'pipeline', subject: id },
    upstream: { screen: 'upstream', subject: job },
    downstream: { screen: 'downstream', subject: job },
    changes: { screen: 'changes', subject: id },
  }),
  columns: [
    { name: 'PIPELINE', rank: 0, max: 48, text: ({ pipeline }) => pipeline },
    {
      name: 'LAST RUN',
      rank: 0,
      align: 'right',
      text: ({ lastRun }, { now }) => age(lastRun?.at, now),
      key: ({ lastRun }) => lastRun?.at ?? null,
    },
    {
      name: 'TOOK',
      rank: 1,
      align: 'right',
      text: ({ lastRun, lastDuration }, { now }) =>
        length(lastRun === null ? lastDuration : (tookUntil(lastRun, now) ?? lastDuration)),
      key: ({ lastDuration }) => lastDuration,
    },
    {
      name: 'SUCCESS',
      rank: 2,
      align: 'right',
      text: ({ lastSuccess }, { now }) => age(lastSuccess, now),
      key: ({ lastSuccess }) => lastSuccess,
    },
    { name: 'DUE', rank: 2, align: 'right', text: (row, { get, now }) => due(pipelineDue(get, row), now) },
    {
      name: 'NEXT RUN',
      rank: 4,
      align: 'right',
      text: ({ nextRun }, { now }) => due(nextRun, now),
      key: ({ nextRun }) => nextRun,
    },
    {
      name: 'ACTIVE',
      rank: 3,
      text: ({ active }) =>
        Object.entries(active)
          .filter(([, count]) => count > 0)
          .map(([state, count]) => `${count} ${state}`)
          .join(' '),
    },
    { name: 'SCHEDULE', rank: 5, max: 20, text: ({ schedule }) => schedule ?? '' },
    { name: 'SOURCE', rank: 5, max: 20, text: ({ source }) => source },
    { name: 'SYSTEM', rank: 6, text: ({ system }) => system },
    { name: 'OWNERS', rank: 6, max: 24, text: ({ owners }) => owners.join(' ') },
    { name: 'SAYS', rank: 4, max: 100, text: ({ lastRun }) => lastRun?.error ?? '' },
  ],
}
