// Rules: which are evaluated, whether they can be, what each asks.
import { type Rule, rules } from '../answers.ts'
import { EMPTY, type Line, line, span, wrap } from '../line.ts'
import type { Health, ListScreen, PageScreen } from '../screen.ts'
import { GLYPH, TONE, badness } from '../state.ts'
import { age, length } from '../words.ts'
import { type Timestamp, millis } from '../../model/units.ts'

function health({ health: found, lastError, state, alerts }: Rule): Health {
  if (found === 'err' || lastError !== undefined) return { state: 'bad', word: 'fails' }
  if (found !== 'ok') return { state: 'unknown', word: 'not yet' }
  if (state === 'firing') return { state: 'warn', word: `fires ${alerts?.length ?? ''}`.trim() }
  return { state: 'ok', word: state === 'pending' ? 'pending' : 'ok' }
}

/** Before the first evaluation Prometheus's API says the year 1. */
const evaluated = ({ lastEvaluation }: Rule): Timestamp | null => (lastEvaluation > 0 ? lastEvaluation : null)

export const rulesScreen: ListScreen<Rule> = {
  kind: 'list',
  name: 'rules',
  about: 'what is evaluated, whether it can be, and how long it takes',
  tab: true,
  title: () => 'Rules',
  feeds: () => [rules],
  empty: 'No rule file is configured: add rules: [rules/*.yaml] to the configuration.',
  rows: ({ get }) => get(rules)?.toSorted((a, b) => badness(health(a).state) - badness(health(b).state)),
  id: ({ id }) => id,
  copied: ({ query }) => query,
  health,
  ways: ({ id }) => ({ enter: { screen: 'rule', subject: id } }),
  columns: [
    { name: 'RULE', rank: 0, max: 48, text: ({ name }) => name },
    { name: 'SEVERITY', rank: 2, text: ({ labels }) => labels['severity'] ?? '' },
    { name: 'GROUP', rank: 3, max: 28, text: ({ group }) => group },
    {
      name: 'ASKED',
      rank: 1,
      align: 'right',
      text: (rule, { now }) => age(evaluated(rule), now),
      key: ({ lastEvaluation }) => lastEvaluation,
    },
    {
      name: 'TOOK',
      rank: 2,
      align: 'right',
      text: ({ evaluationTime }) => length(millis(evaluationTime * 1_000)),
      key: ({ evaluationTime }) => evaluationTime,
    },
    { name: 'EXPRESSION', rank: 4, max: 100, text: ({ query }) => query.replaceAll(/\s+/g, ' ') },
  ],
}

export const rulePage: PageScreen = {
  kind: 'page',
  name: 'rule',
  about: 'a rule: its expression, annotations and errors',
  tab: false,
  title: (subject) => `Rule ${subject.split(';')[1] ?? ''}`,
  feeds: () => [rules],
  lines({ get, now, subject }, width) {
    const found = get(rules)
    if (found === undefined) return undefined
    const rule = found.find(({ id }) => id === subject)
    if (rule === undefined) return [line('This rule is no longer there.')]
    const { state, word } = health(rule)
    const part = (name: string, text: string): Line[] =>
      text === '' ? [] : [EMPTY, line(span(name, 'title')), ...wrap(text, width - 2)]
    return [
      line(span(`${GLYPH[state]} ${word}  `, TONE[state]), span(rule.name, 'title')),
      line(span(`${rule.file} › ${rule.group}, asked ${age(evaluated(rule), now)} ago`, 'dim')),
      ...part('Error', rule.lastError ?? ''),
      ...part('Expression', rule.query),
      ...(rule.duration ? part('Holds for', length(millis(rule.duration * 1_000))) : []),
      ...part(
        'Labels',
        Object.entries(rule.labels)
          .map(([name, value]) => `${name}=${value}`)
          .join('  '),
      ),
      ...Object.entries(rule.annotations ?? {}).flatMap(([name, text]) => part(name, text)),
    ]
  },
}
