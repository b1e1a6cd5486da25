// Silences: what is muted, until when, by whom and why.
import { quoted } from '../action.ts'
import { type Silence, silences } from '../answers.ts'
import type { ListScreen } from '../screen.ts'
import { due, moment } from '../words.ts'

const matchersOf = ({ matchers }: Silence): string =>
  matchers
    .map(
      ({ name, value, isRegex, isEqual }) =>
        `${name}${isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!='}${JSON.stringify(value)}`,
    )
    .join(' ')

export const silencesScreen: ListScreen<Silence> = {
  kind: 'list',
  name: 'silences',
  about: 'what is muted, until when, by whom',
  tab: true,
  title: () => 'Silences',
  feeds: () => [silences],
  empty: 'Nothing is muted.',
  rows: ({ get }) => get(silences),
  id: ({ id }) => id,
  health: ({ status }) => ({ state: 'ok', word: status.state }),
  actions: (silence) => [
    {
      name: 'expire',
      what: `End the silence of ${matchersOf(silence)}`,
      needsReason: false,
      request: () => ({ method: 'DELETE', path: `/api/v2/silence/${encodeURIComponent(silence.id)}` }),
      command: () => `tidemark silence expire ${quoted(silence.id)}`,
    },
  ],
  columns: [
    { name: 'MUTES', rank: 0, max: 80, text: matchersOf },
    {
      name: 'ENDS',
      rank: 0,
      align: 'right',
      text: ({ endsAt }, { now }) => due(endsAt, now),
      key: ({ endsAt }) => endsAt,
    },
    { name: 'BY', rank: 2, max: 20, text: ({ createdBy }) => createdBy },
    { name: 'WHY', rank: 1, max: 80, text: ({ comment }) => comment },
    { name: 'FROM', rank: 4, text: ({ startsAt }) => moment(startsAt), key: ({ startsAt }) => startsAt },
  ],
}
