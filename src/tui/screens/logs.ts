// Log: what the daemon wrote and what happened here, newest first.
import { type DaemonLog, logs } from '../answers.ts'
import { type News, log } from '../news.ts'
import type { ListScreen } from '../screen.ts'
import type { State } from '../state.ts'
import { age, moment } from '../words.ts'

interface Entry extends News {
  /** Who says it: the daemon, or this terminal. */
  readonly from: 'daemon' | 'here'
  readonly word: string
}

const STATES: Readonly<Record<string, State>> = { debug: 'ok', info: 'ok', warn: 'warn', error: 'bad' }
/** What of this terminal's own a level lets through. */
const HERE: Readonly<Record<string, readonly State[]>> = { warn: ['warn', 'bad', 'unknown'], error: ['bad'] }
const LEVELS = Object.keys(STATES)

const told = ({ id, at, level, message, fields }: DaemonLog): Entry => ({
  id: `${at} ${id}`,
  at,
  state: STATES[level] ?? 'unknown',
  word: level,
  from: 'daemon',
  text: [
    message,
    ...Object.entries(fields).map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
  ].join(' '),
})

export const logsScreen: ListScreen<Entry> = {
  kind: 'list',
  name: 'logs',
  about: `what the daemon wrote and what happened here; \`logs warn\` from that level on (${LEVELS.join(', ')})`,
  tab: true,
  subjects: LEVELS,
  title: (level) => (level === '' ? 'Log' : `Log, ${level} and worse`),
  feeds: (level) => [logs(level), log],
  empty: 'Nothing was written, and nothing has happened since this terminal was opened.',
  rows({ get, subject }) {
    const written = get(logs(subject))
    const here = (get(log) ?? [])
      .filter(({ state }) => HERE[subject]?.includes(state) ?? true)
      .map((one): Entry => ({ ...one, word: one.state, from: 'here' }))
    if (written === undefined && here.length === 0) return undefined
    return [...here, ...(written ?? []).map(told)].toSorted((a, b) => b.at - a.at)
  },
  id: ({ id }) => id,
  copied: ({ text }) => text,
  health: ({ state, word }) => ({ state, word }),
  columns: [
    { name: 'WHEN', rank: 2, text: ({ at }) => moment(at), key: ({ at }) => at },
    { name: 'AGO', rank: 0, align: 'right', text: ({ at }, { now }) => age(at, now), key: ({ at }) => at },
    { name: 'FROM', rank: 3, text: ({ from }) => from },
    { name: 'WHAT', rank: 0, max: 400, text: ({ text }) => text },
  ],
}
