// Log: what happened while the terminal was open, newest first.
import { type News, log } from '../news.ts'
import type { ListScreen } from '../screen.ts'
import { age, moment } from '../words.ts'

export const logsScreen: ListScreen<News> = {
  kind: 'list',
  name: 'logs',
  about: 'what happened while this terminal was open',
  tab: true,
  title: () => 'Log',
  feeds: () => [log],
  empty: 'Nothing has happened since this terminal was opened.',
  rows: ({ get }) => get(log) ?? [],
  id: ({ id }) => id,
  copied: ({ text }) => text,
  health: ({ state }) => ({ state, word: state }),
  columns: [
    { name: 'WHEN', rank: 0, text: ({ at }) => moment(at), key: ({ at }) => at },
    { name: 'AGO', rank: 2, align: 'right', text: ({ at }, { now }) => age(at, now), key: ({ at }) => at },
    { name: 'WHAT', rank: 0, max: 400, text: ({ text }) => text },
  ],
}
