// A key and the next view: pure, so that every key is a line of a table test.
import { COMPLETIONS, completed, runCommand } from './typed.ts'
import { type Command, commandOf } from './keys.ts'
import { WAYS, type Way, type Ways } from './screen.ts'
import { TABS } from './screens.ts'
import { type ListScene, type Scene, clamp } from './scene.ts'
import { BROWSE, type Mode, type Pressed, type Ui, current, viewOf, withView } from './view.ts'

export interface Key {
  /** `j`, `down`, `ctrl-d`, `enter`: see keys.ts. */
  readonly name: string
  /** What it types; more than one character when pasted. */
  readonly text: string
}

const DEEPEST = 50
const LONGEST_TEXT = 500

export function press(before: Ui, key: Key, scene: Scene): Pressed {
  if (commandOf(key.name) === 'quit') return { ui: before, effect: { kind: 'quit' } }
  const ui = before.notice === null ? before : { ...before, notice: null }
  switch (ui.mode.kind) {
    case 'browse':
      return browse(ui, key, scene)
    case 'help':
      return help(ui, ui.mode, key, scene)
    case 'confirm':
      return confirm(ui, ui.mode, key)
    case 'filter':
    case 'command':
    case 'reason':
      return type(ui, ui.mode, key, scene)
  }
}

function browse(ui: Ui, key: Key, scene: Scene): Pressed {
  const command = commandOf(key.name)
  if (command === undefined) return { ui }
  if ((WAYS as readonly string[]).includes(command)) return go(ui, command as Way, scene)
  switch (command) {
    case 'back':
      return back(ui, key.name)
    case 'help':
      return { ui: { ...ui, mode: { kind: 'help', top: 0 } } }
    case 'refresh':
      return { ui: { ...ui, notice: { state: 'ok', text: 'asked again' } }, effect: { kind: 'refresh' } }
    case 'command':
      return { ui: { ...ui, mode: { kind: 'command', text: '' } } }
    case 'tab':
      return toTab(ui, (Number(key.name) + 9) % 10)
    case 'next-tab':
    case 'previous-tab':
      return stepTab(ui, command === 'next-tab' ? 1 : -1)
    default:
      return scene.kind === 'list' ? inList(ui, command, scene) : inPage(ui, command, scene)
  }
}

function back(ui: Ui, key: string): Pressed {
  const { filter, marks } = current(ui)
  if (key === 'esc' && marks.size > 0) return { ui: withView(ui, { marks: new Set() }) }
  if (key === 'esc' && filter !== '') return { ui: withView(ui, { filter: '' }) }
  if (ui.stack.length > 1) return { ui: { ...ui, stack: ui.stack.slice(0, -1) } }
  return key === 'esc' ? { ui } : { ui, effect: { kind: 'quit' } }
}

function toTab(ui: Ui, index: number): Pressed {
  const tab = TABS[index]
  return tab === undefined ? { ui } : { ui: { ...ui, stack: [viewOf({ screen: tab.name, subject: '' })] } }
}

function stepTab(ui: Ui, by: number): Pressed {
  const index = TABS.findIndex(({ name }) => name === ui.stack[0]!.place.screen)
  return toTab(ui, (index + by + TABS.length) % TABS.length)
}

export function waysOf(scene: Scene): Ways {
  if (scene.kind === 'page') return scene.screen?.ways?.(scene.look) ?? {}
  const row = scene.rows?.[scene.cursor]
  return row === undefined ? {} : (scene.screen.ways?.(row, scene.look) ?? {})
}

function go(ui: Ui, way: Way, scene: Scene): Pressed {
  const place = waysOf(scene)[way]
  if (place === undefined) return { ui }
  return { ui: { ...ui, stack: [...ui.stack, viewOf(place)].slice(-DEEPEST) } }
}

function inPage(
  ui: Ui,
  command: Command,
  { view, height, lines, top }: Extract<Scene, { kind: 'page' }>,
): Pressed {
  if (command === 'copy') return { ui, effect: { kind: 'copy', text: view.place.subject } }
  return { ui: withView(ui, { top: scrolled(command, top, height, lines?.length ?? 0) }) }
}

function scrolled(command: Command, top: number, height: number, count: number): number {
  const to = moved(command, top, height, Math.max(0, count - height))
  return Math.max(0, Math.min(to, count - height))
}

function moved(command: Command, at: number, height: number, last: number): number {
  const half = Math.max(1, Math.floor(height / 2))
  switch (command) {
    case 'down':
      return at + 1
    case 'up':
      return at - 1
    case 'half-down':
      return at + half
    case 'half-up':
      return at - half
    case 'first':
      return 0
    case 'last':
      return last
    default:
      return at
  }
}

function inList(ui: Ui, command: Command, scene: ListScene): Pressed {
  const { screen, view } = scene
  const row = scene.rows?.[scene.cursor]
  switch (command) {
    case 'filter':
      return { ui: { ...ui, mode: { kind: 'filter', text: view.filter, before: view.filter } } }
    case 'sort':
      return { ui: withView(ui, { sort: nextSort(scene), cursor: 0, cursorId: null, top: 0 }) }
    case 'mark':
      return row === undefined ? { ui } : { ui: toCursor(mark(ui, screen.id(row)), scene, scene.cursor + 1) }
    case 'copy':
      return row === undefined
        ? { ui }
        : { ui, effect: { kind: 'copy', text: screen.copied?.(row) ?? screen.id(row) } }
    case 'silence':
    case 'acknowledge':
    case 'expire':
    case 'accept':
    case 'dismiss':
    case 'snooze':
      return act(ui, command, scene)
    default:
      return {
        ui: toCursor(ui, scene, moved(command, scene.cursor, scene.height, (scene.rows?.length ?? 1) - 1)),
      }
  }
}

function toCursor(ui: Ui, { rows = [], screen, top }: ListScene, to: number): Ui {
  const cursor = clamp(to, rows.length)
  const row = rows[cursor]
  return withView(ui, { cursor, cursorId: row === undefined ? null : screen.id(row), top })
}

function mark(ui: Ui, id: string): Ui {
  const marks = new Set(current(ui).marks)
  if (!marks.delete(id)) marks.add(id)
  return withView(ui, { marks })
}

/** Down, up, next column; after the last one the screen's own order again. */
function nextSort({ view: { sort }, laid }: ListScene): { column: string; descending: boolean } | null {
  if (sort !== null && !sort.descending) return { ...sort, descending: true }
  const at = laid.findIndex(({ column }) => column.name === sort?.column)
  const next = laid[at + 1]
  return next === undefined ? null : { column: next.column.name, descending: false }
}

/** For the marked rows, or the one under the cursor. */
function act(ui: Ui, command: Command, { rows = [], cursor, screen, view }: ListScene): Pressed {
  const marked = rows.filter((row) => view.marks.has(screen.id(row)))
  const on = marked.length > 0 ? marked : rows.slice(cursor, cursor + 1)
  const actions = on.flatMap((row) => (screen.actions?.(row) ?? []).filter(({ name }) => name === command))
  if (actions.length === 0) return { ui }
  const mode: Mode = actions.some(({ needsReason }) => needsReason)
    ? { kind: 'reason', actions, text: '' }
    : { kind: 'confirm', actions, reason: '' }
  return { ui: { ...ui, mode } }
}

function help(ui: Ui, { top }: Extract<Mode, { kind: 'help' }>, key: Key, scene: Scene): Pressed {
  const command = commandOf(key.name)
  if (scene.kind !== 'page' || command === undefined || command === 'back' || command === 'help')
    return { ui: { ...ui, mode: BROWSE } }
  const to = scrolled(command, top, scene.height, scene.lines?.length ?? 0)
  return { ui: { ...ui, mode: { kind: 'help', top: to } } }
}

function confirm(ui: Ui, { actions, reason }: Extract<Mode, { kind: 'confirm' }>, { name }: Key): Pressed {
  const done: Ui = { ...ui, mode: BROWSE }
  // Only y says yes: enter is too near to what was typed before.
  if (name === 'y')
    return { ui: withView(done, { marks: new Set() }), effect: { kind: 'do', actions, reason } }
  if (name === 'p') return { ui: done, effect: { kind: 'print', actions, reason } }
  if (name === 'n' || name === 'q' || name === 'esc')
    return { ui: { ...done, notice: { state: 'ok', text: 'nothing was changed' } } }
  return { ui }
}

type Typing = Extract<Mode, { kind: 'filter' | 'command' | 'reason' }>

function type(ui: Ui, mode: Typing, key: Key, scene: Scene): Pressed {
  switch (key.name) {
    case 'esc':
      return mode.kind === 'filter'
        ? { ui: withView({ ...ui, mode: BROWSE }, { filter: mode.before }) }
        : { ui: { ...ui, mode: BROWSE } }
    case 'enter':
      return entered(ui, mode, scene)
    case 'backspace':
      return mode.text === '' ? { ui: { ...ui, mode: BROWSE } } : retyped(ui, mode, mode.text.slice(0, -1))
    case 'ctrl-u':
      return retyped(ui, mode, '')
    case 'tab':
      return mode.kind === 'command' ? retyped(ui, mode, completed(mode.text, COMPLETIONS)) : { ui }
    default:
      return retyped(ui, mode, (mode.text + key.text).slice(0, LONGEST_TEXT))
  }
}

function retyped(ui: Ui, mode: Typing, text: string): Pressed {
  const typed: Ui = { ...ui, mode: { ...mode, text } }
  return {
    ui: mode.kind === 'filter' ? withView(typed, { filter: text, cursor: 0, cursorId: null, top: 0 }) : typed,
  }
}

function entered(ui: Ui, mode: Typing, scene: Scene): Pressed {
  const done: Ui = { ...ui, mode: BROWSE }
  if (mode.kind === 'filter') return { ui: done }
  if (mode.kind === 'command') return runCommand(done, mode.text.trim(), scene)
  const reason = mode.text.trim()
  if (reason === '')
    return { ui: { ...ui, notice: { state: 'warn', text: 'say why first, or leave with esc' } } }
  return { ui: { ...ui, mode: { kind: 'confirm', actions: mode.actions, reason } } }
}
