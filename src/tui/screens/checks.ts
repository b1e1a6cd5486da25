// Checks: data-quality tests with their newest results, failing ones first.
import { type Check, checks } from '../answers.ts'
import type { Health, ListScreen } from '../screen.ts'
import { badness } from '../state.ts'
import { age, count } from '../words.ts'

const HEALTH: Readonly<Record<string, Health>> = {
  pass: { state: 'ok', word: 'pass' },
  skip: { state: 'unknown', word: 'skipped' },
  warn: { state: 'warn', word: 'warn' },
  fail: { state: 'bad', word: 'fail' },
  error: { state: 'bad', word: 'error' },
}
const SIGNS: Readonly<Record<string, string>> = { pass: '●', warn: '▲', fail: '✖', error: '!', skip: '·' }
const RECENT = 12

const health = ({ result, severity }: Check): Health => {
  if (result === 'fail' && severity.startsWith('warn')) return { state: 'warn', word: 'fail' }
  return HEALTH[result] ?? { state: 'unknown', word: result }
}

export const checksScreen: ListScreen<Check> = {
  kind: 'list',
  name: 'checks',
  about: 'data-quality checks with their newest results',
  tab: true,
  title: () => 'Checks',
  feeds: () => [checks],
  empty: 'No check has reported: dbt, Great Expectations, Soda and OpenLineage sources tell of them.',
  rows: ({ get }) =>
    get(checks)?.toSorted((a, b) => badness(health(a).state) - badness(health(b).state) || b.at - a.at),
  id: ({ id }) => id,
  copied: ({ check }) => check,
  health,
  columns: [
    { name: 'CHECK', rank: 0, max: 48, text: ({ check }) => check },
    {
      name: 'ABOUT',
      rank: 0,
      max: 40,
      text: ({ dataset, column }) => (column ? `${dataset}.${column}` : dataset),
    },
    { name: 'AGO', rank: 1, align: 'right', text: ({ at }, { now }) => age(at, now), key: ({ at }) => at },
    {
      name: 'FAILING',
      rank: 2,
      align: 'right',
      text: ({ failing }) => count(failing),
      key: ({ failing }) => failing,
    },
    {
      name: 'RECENT',
      rank: 3,
      text: ({ recent }) =>
        recent
          .slice(0, RECENT)
          .toReversed()
          .map(({ result }) => SIGNS[result] ?? '?')
          .join(''),
    },
    { name: 'TYPE', rank: 5, max: 28, text: ({ type }) => type },
    { name: 'SEVERITY', rank: 5, text: ({ severity }) => severity },
    { name: 'SOURCE', rank: 6, max: 20, text: ({ source }) => source },
    {
      name: 'SAYS',
      rank: 4,
      max: 100,
      text: ({ message, observed, expected }) =>
        message ?? (observed === null ? '' : `${observed}, expected ${expected ?? '?'}`),
    },
  ],
}
