// What is typed after `:`, completed and carried out.
import type { Scene } from './scene.ts'
import { SCREENS } from './screens.ts'
import { type Pressed, type Ui, viewOf, withView } from './view.ts'

/** Screens that are about one thing are reached from its row. */
export const COMPLETIONS: readonly string[] = [
  ...SCREENS.filter(({ tab }) => tab).flatMap(({ name, subjects = [] }) => [
    name,
    ...subjects.map((subject) => `${name} ${subject}`),
  ]),
  'sort ',
  'filter ',
  'help',
  'quit',
]

/** As far as all candidates agree. */
export function completed(text: string, candidates: readonly string[]): string {
  const fitting = candidates.filter((candidate) => candidate.startsWith(text))
  const [first] = fitting
  if (first === undefined) return text
  let length = first.length
  for (const candidate of fitting) while (!candidate.startsWith(first.slice(0, length))) length -= 1
  return first.slice(0, length)
}

/** First words; second ones once the first is typed. */
export const candidates = (text: string): readonly string[] =>
  COMPLETIONS.filter((candidate) => candidate.startsWith(text))
    .map((candidate) => candidate.trim())
    .filter((candidate) => text.includes(' ') || !candidate.includes(' '))

export function runCommand(ui: Ui, text: string, scene: Scene): Pressed {
  const [word = '', ...rest] = text.split(/\s+/)
  const argument = rest.join(' ')
  if (word === '') return { ui }
  if (word === 'q' || word === 'quit') return { ui, effect: { kind: 'quit' } }
  if (word === 'help') return { ui: { ...ui, mode: { kind: 'help', top: 0 } } }
  if (word === 'filter') return { ui: withView(ui, { filter: argument, cursor: 0, cursorId: null, top: 0 }) }
  if (word === 'sort') return sort(ui, argument, scene)
  const found = SCREENS.filter(({ name, tab }) => tab && name.startsWith(word))
  const screen = found.find(({ name }) => name === word) ?? (found.length === 1 ? found[0] : undefined)
  if (screen !== undefined) {
    const subject = screen.subjects?.includes(argument) ? argument : ''
    if (subject === argument) return { ui: { ...ui, stack: [viewOf({ screen: screen.name, subject })] } }
    const takes = screen.subjects === undefined ? 'nothing' : screen.subjects.join(', ')
    const said = `${screen.name} takes ${takes}; / filters by a text`
    return { ui: { ...ui, notice: { state: 'warn', text: said } } }
  }
  const known = candidates('').join(', ')
  return { ui: { ...ui, notice: { state: 'warn', text: `there is no command ${word}; there are ${known}` } } }
}

function sort(ui: Ui, argument: string, scene: Scene): Pressed {
  const descending = argument.startsWith('-')
  const wanted = argument.replace(/^-/, '').toUpperCase()
  const columns = scene.kind === 'list' ? scene.screen.columns : []
  const column =
    columns.find(({ name }) => name === wanted) ?? columns.find(({ name }) => name.startsWith(wanted))
  if (wanted === '' || column === undefined) {
    const known = columns.map(({ name }) => name.toLowerCase()).join(', ')
    return {
      ui: { ...ui, notice: { state: 'warn', text: `sort by one of ${known}; -column for descending` } },
    }
  }
  return {
    ui: withView(ui, { sort: { column: column.name, descending }, cursor: 0, cursorId: null, top: 0 }),
  }
}
