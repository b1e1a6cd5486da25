// Upstream to where it began, downstream to who waits for it: nodes by distance, with what fires about them.
import { type Timestamp } from '../../model/units.ts'
import { type Node, type Step, lineageOf } from '../answers.ts'
import type { Health, ListScreen, Look } from '../screen.ts'
import { due } from '../words.ts'

interface Row extends Step {
  readonly isCause: boolean
}

const health = ({ failing, due: at, isCause }: Row, { now }: Look): Health => {
  if (isCause) return { state: 'bad', word: 'cause' }
  if (failing.length > 0) return { state: 'bad', word: 'fires' }
  if (at !== null && now > at) return { state: 'warn', word: 'late' }
  return { state: 'ok', word: 'ok' }
}

const steps = (node: Node, way: 'upstream' | 'downstream'): readonly Row[] =>
  [node, ...node[way]].map((step) => ({ ...step, isCause: step.id === node.cause }))

const byDeadline = (a: Row, b: Row): number =>
  a.distance - b.distance || (a.due ?? Infinity) - (b.due ?? Infinity)

function lineageScreen(way: 'upstream' | 'downstream', about: string, empty: string): ListScreen<Row> {
  return {
    kind: 'list',
    name: way,
    about,
    tab: false,
    title: (subject) =>
      `${way === 'upstream' ? 'Upstream' : 'Downstream'} of ${subject.split('/').slice(-2).join('/')}`,
    feeds: (id) => [lineageOf(id)],
    empty,
    rows({ get, subject }) {
      const node = get(lineageOf(subject))
      if (node === undefined) return undefined
      // Alone it has no neighbours: better to say why than to show one row.
      return node[way].length === 0 ? [] : steps(node, way).toSorted(byDeadline)
    },
    id: ({ id }) => id,
    copied: ({ id }) => id,
    health,
    ways: ({ id, kind, pipelineId }) => ({
      ...(kind === 'dataset'
        ? { enter: { screen: 'table', subject: id }, changes: { screen: 'changes', subject: id } }
        : pipelineId === null
          ? {}
          : {
              enter: { screen: 'pipeline', subject: pipelineId },
              changes: { screen: 'changes', subject: pipelineId },
            }),
      upstream: { screen: 'upstream', subject: id },
      downstream: { screen: 'downstream', subject: id },
    }),
    columns: [
      {
        name: 'AWAY',
        rank: 1,
        align: 'right',
        text: ({ distance }) => String(distance),
        key: ({ distance }) => distance,
      },
      {
        name: 'WHAT',
        rank: 0,
        max: 90,
        text: ({ distance, name, kind }) =>
          `${'  '.repeat(Math.min(distance, 8))}${kind === 'job' ? '⚙ ' : ''}${name}`,
      },
      {
        name: 'DUE',
        rank: 1,
        align: 'right',
        text: ({ due: at }, { now }) => due(at, now),
        key: ({ due: at }): Timestamp | null => at,
      },
      { name: 'FIRES', rank: 0, max: 60, text: ({ failing }) => failing.join(' ') },
    ],
  }
}

const UNTOLD = 'OpenLineage, dbt and Airflow sources tell what is made of what.'

export const upstreamScreen = lineageScreen(
  'upstream',
  'what a table or pipeline is made of, to the root cause',
  `No lineage leads to it. ${UNTOLD}`,
)
export const downstreamScreen = lineageScreen(
  'downstream',
  'what waits for a table or pipeline, with its deadlines',
  `Nothing is known to read it. ${UNTOLD}`,
)
