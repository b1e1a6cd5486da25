// What changed about one table, newest first: schema, volume, engine, operations.
import { commitsOf, tableOf } from '../answers.ts'
import { type Change, changesOf } from '../changes.ts'
import type { ListScreen } from '../screen.ts'
import { age, moment } from '../words.ts'

export const changesScreen: ListScreen<Change> = {
  kind: 'list',
  name: 'changes',
  about: 'what changed about a table: schema, volume, engine, operations',
  tab: false,
  title: (subject) => `What changed in ${subject.split('/').slice(-2).join('/')}`,
  feeds: (id) => [tableOf(id), commitsOf(id)],
  empty: 'Nothing stands out in the known commits: same schema, usual volumes, same engine.',
  rows({ get, subject }) {
    const commits = get(commitsOf(subject))
    if (commits === undefined) return undefined
    const table = get(tableOf(subject))
    return table === undefined ? [] : changesOf(table, commits)
  },
  id: ({ id }) => id,
  copied: ({ what }) => what,
  health: ({ health }) => health,
  columns: [
    { name: 'AGO', rank: 0, align: 'right', text: ({ at }, { now }) => age(at, now), key: ({ at }) => at },
    { name: 'KIND', rank: 1, text: ({ kind }) => kind },
    { name: 'WHAT', rank: 0, max: 200, text: ({ what }) => what },
    { name: 'WHEN', rank: 2, text: ({ at }) => moment(at), key: ({ at }) => at },
  ],
}
