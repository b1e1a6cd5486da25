// What changed about a table or a pipeline, newest first: when, what, from what to what.
import { millis, readableUsd, usd } from '../../model/units.ts'
import { type Change, changesOf } from '../details.ts'
import type { Health, ListScreen } from '../screen.ts'
import { UNKNOWN, age, count, length, moment } from '../words.ts'

const OFTEN_BAD = new Set(['breaks', 'more', 'less', 'gone'])

const health = ({ stands }: Change): Health => ({
  state: OFTEN_BAD.has(stands) ? 'warn' : 'ok',
  word: stands,
})

const SAID: Readonly<Record<string, (value: number) => string>> = {
  rows: (value) => count(Math.round(value)),
  milliseconds: (value) => length(millis(value)),
  usd: (value) => readableUsd(usd(value)),
  'core-hours': (value) => `${value.toFixed(1)} core h`,
}

function side(value: Change['from'], unit: string | null): string {
  if (value === null) return UNKNOWN
  return typeof value === 'string' ? value : (SAID[unit ?? '']?.(value) ?? count(value))
}

export const changesScreen: ListScreen<Change> = {
  kind: 'list',
  name: 'changes',
  about: 'what changed about a table or pipeline: schema, volume, code, duration, price, inputs',
  tab: false,
  title: (subject) => `What changed in ${subject.replace(/^job:/, '').split('/').slice(-2).join('/')}`,
  feeds: (id) => [changesOf(id)],
  empty:
    'Nothing stands out in the known history: same schema and code, usual volumes, durations and prices, same inputs.',
  rows: ({ get, subject }) => get(changesOf(subject)),
  id: ({ id }) => id,
  copied: ({ what, from, to, unit }) => `${what}: ${side(from, unit)} → ${side(to, unit)}`,
  health,
  columns: [
    { name: 'AGO', rank: 0, align: 'right', text: ({ at }, { now }) => age(at, now), key: ({ at }) => at },
    { name: 'KIND', rank: 1, text: ({ kind }) => kind },
    { name: 'WHAT', rank: 0, max: 60, text: ({ what }) => what },
    { name: 'FROM', rank: 0, max: 60, text: ({ from, unit }) => side(from, unit) },
    { name: 'TO', rank: 0, max: 60, text: ({ to, unit }) => side(to, unit) },
    { name: 'WHEN', rank: 2, text: ({ at }) => moment(at), key: ({ at }) => at },
  ],
}
